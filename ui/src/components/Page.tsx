// The head of a page and the cards on it.
import { Link, type LinkProps, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../texts";
import { Icon } from "./Icon";

interface PageProps {
  title: string;
  /** Where this page hangs: shown above the title, each a link. */
  trail?: readonly { text: string; link: LinkProps }[];
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, trail = [], note, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · NovaPulse`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div className="page-title">
          {trail.length > 0 && (
            <nav className="trail" aria-label={t.kit.trail}>
              {trail.map(({ text, link }) => (
                <span key={text}>
                  <Link {...link}>{text}</Link>
                  <Icon name="right" size={12} />
                </span>
              ))}
            </nav>
          )}
          <h1 tabIndex={-1}>{title}</h1>
          {note !== undefined && <div className="page-note">{note}</div>}
        </div>
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  title?: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}

export function Card({ title, note, actions, children, flush = false }: CardProps) {
  return (
    <section className={flush ? "card card-flush" : "card"}>
      {(title !== undefined || actions !== undefined) && (
        <header className="card-head">
          <div>
            {title !== undefined && <h2>{title}</h2>}
            {note !== undefined && <p className="quiet">{note}</p>}
          </div>
          {actions !== undefined && <div className="card-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** Links to the parts of one thing, the present one marked. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly { text: string; link: LinkProps }[] }) {
  const list = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marked one changes with the address
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>("[aria-current=page]");
    // Not scrollIntoView, which would move the page as well.
    if (chosen != null && list.current != null)
      list.current.scrollLeft = chosen.offsetLeft - chosen.offsetWidth;
  }, [pathname]);
  return (
    <nav className="tabs" aria-label={label} ref={list}>
      {tabs.map(({ text, link }) => (
        <Link key={text} {...link} activeOptions={{ exact: true, includeSearch: false }}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
