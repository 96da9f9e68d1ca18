// The frame of every page behind the sign-in: menu, search, the person, and word of a server that is away.
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Schemas } from "../api/client";
import { useMe } from "../api/session";
import { Button } from "../components/Button";
import { Icon, Mark } from "../components/Icon";
import { toast } from "../components/toasts";
import { useIsReachable } from "../lib/connection";
import { setPaused, usePaused } from "../lib/live";
import { t } from "../texts";
import { visible } from "./navigation";
import { Palette } from "./Palette";
import { UserMenu } from "./UserMenu";

export function Shell() {
  const me = useMe();
  const [isOpen, setOpen] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the page changes
  useEffect(() => setOpen(false), [pathname]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") setOpen(false);
      if (event.key !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setSearching(true);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div className="shell" data-menu={isOpen ? "open" : "closed"}>
      <a className="skip" href="#main">
        {t.shell.skip}
      </a>
      <header className="topbar">
        <Button
          look="quiet"
          icon="menu"
          aria-label={t.shell.menu}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
        <Link to="/" className="brand">
          <Mark size={24} />
          <span>NovaPulse</span>
        </Link>
        <Button look="quiet" icon="search" aria-label={t.shell.search} onClick={() => setSearching(true)} />
      </header>
      <div className="sidebar">
        <Link to="/" className="brand">
          <Mark />
          <span>
            NovaPulse<small>{me.company.name}</small>
          </span>
        </Link>
        <button type="button" className="search-button" onClick={() => setSearching(true)}>
          <Icon name="search" />
          <span>{t.shell.search}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <Navigation scopes={me.scopes} />
        <div className="sidebar-foot">
          <LiveSwitch />
          <UserMenu me={me} />
        </div>
      </div>
      <button
        type="button"
        className="backdrop"
        tabIndex={-1}
        aria-hidden="true"
        onClick={() => setOpen(false)}
      />
      <main id="main" tabIndex={-1}>
        <Notices me={me} />
        <Outlet />
      </main>
      {isSearching && <Palette onClose={() => setSearching(false)} />}
    </div>
  );
}

function Navigation({ scopes }: { scopes: readonly string[] }) {
  return (
    <nav aria-label={t.shell.navigation} className="menu-list">
      {visible(scopes).map(({ name, entries }) => (
        <div key={name}>
          <h2>{t.shell.groups[name]}</h2>
          <ul>
            {entries.map((entry) => (
              <li key={entry.to}>
                <Link to={entry.to} activeOptions={{ exact: entry.to === "/", includeSearch: false }}>
                  <Icon name={entry.name} />
                  {t.shell.pages[entry.name]}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function LiveSwitch() {
  const isPaused = usePaused();
  return (
    <button
      type="button"
      className={isPaused ? "live live-paused" : "live"}
      title={isPaused ? t.shell.goOn : t.shell.pause}
      aria-pressed={isPaused}
      onClick={() => setPaused(!isPaused)}
    >
      {isPaused ? t.shell.paused : t.shell.live}
    </button>
  );
}

function Notices({ me }: { me: Schemas["Me"] }) {
  const isReachable = useIsReachable();
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (!isReachable) setWasLost(true);
    else if (wasLost) {
      setWasLost(false);
      toast(t.shell.back);
    }
  }, [isReachable, wasLost]);
  return (
    <>
      {!isReachable && (
        <p className="notice notice-bad" role="alert">
          <span className="spinner" aria-hidden="true" /> {t.shell.lost}
        </p>
      )}
      {me.password_change_required && <p className="notice notice-warn">{t.shell.passwordRequired}</p>}
      {me.mfa_setup_required && <p className="notice notice-warn">{t.shell.mfaRequired}</p>}
    </>
  );
}
