// The frame of every page behind the sign-in: menu, search, the person, and word of a server that is away.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Me, meQuery } from "../api/session";
import { Button, ButtonLink } from "../components/Button";
import { Icon, Mark } from "../components/Icon";
import { Card } from "../components/Page";
import { Empty } from "../components/states";
import { toast } from "../components/toasts";
import { useIsReachable } from "../lib/connection";
import { togglePaused } from "../lib/live";
import { t } from "../texts";
import { Bell } from "./Bell";
import { Keyboard, useKeys } from "./Keyboard";
import { LiveSwitch, useFollowing } from "./Live";
import { scopeOf, visible } from "./navigation";
import { Palette } from "./Palette";
import { UserMenu } from "./UserMenu";

export function Shell() {
  const { data: me } = useQuery(meQuery);
  // Nobody is signed in any more, and the page is about to be left.
  return me === undefined ? null : <Frame me={me} />;
}

function Frame({ me }: { me: Me }) {
  useFollowing();
  const [isOpen, setOpen] = useState(false);
  const [isSearching, setSearching] = useState(false);
  const [isHelping, setHelping] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the page changes
  useEffect(() => setOpen(false), [pathname]);
  useKeys({
    onSearch: () => setSearching(true),
    onHelp: () => setHelping(true),
    onPause: togglePaused,
    onEscape: () => setOpen(false),
  });
  const scope = scopeOf(pathname);
  const isForbidden = scope !== undefined && !me.scopes.includes(scope);
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
          <div className="sidebar-tools">
            <LiveSwitch />
            <Bell />
          </div>
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
        {isForbidden ? <Forbidden /> : <Outlet />}
      </main>
      {isSearching && (
        <Palette
          onClose={() => setSearching(false)}
          onHelp={() => {
            setSearching(false);
            setHelping(true);
          }}
        />
      )}
      {isHelping && <Keyboard onClose={() => setHelping(false)} />}
    </div>
  );
}

/** In place of a page that the role does not open; the page itself is not even made. */
function Forbidden() {
  return (
    <div className="page">
      <h1 tabIndex={-1}>{t.shell.forbidden}</h1>
      <Card>
        <Empty icon="security" title={t.shell.forbiddenText}>
          <ButtonLink to="/">{t.kit.home}</ButtonLink>
        </Empty>
      </Card>
    </div>
  );
}

function Navigation({ scopes }: { scopes: readonly string[] }) {
  const list = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marked one changes with the address
  useEffect(() => {
    const frame = list.current;
    const marked = frame?.querySelector<HTMLElement>("[aria-current=page]");
    if (frame == null || marked == null) return;
    // Not scrollIntoView, which would move the page as well.
    const below = marked.getBoundingClientRect().bottom - frame.getBoundingClientRect().bottom;
    if (below > 0) frame.scrollTop += below;
  }, [pathname]);
  return (
    <nav aria-label={t.shell.navigation} className="menu-list" ref={list}>
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

function Notices({ me }: { me: Me }) {
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
