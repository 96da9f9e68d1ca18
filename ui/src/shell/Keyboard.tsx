// Keys that work on every page, and the list of them. Single keys can be turned off, for those who speak to their machine.
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useMe } from "../api/session";
import { Dialog } from "../components/Dialog";
import { CheckField } from "../components/Form";
import { hrefOf } from "../lib/base";
import { areKeysOn, setKeysOn } from "../lib/preferences";
import { t } from "../texts";
import { reachablePages } from "./navigation";

/** Behind "g": the page by its first letters, as far as they are free. */
const GO: Record<string, string> = {
  o: "/",
  q: "/queues",
  j: "/jobs",
  w: "/webhooks",
  e: "/events",
  s: "/schedules",
  r: "/reports",
  m: "/emails",
  p: "/people",
  a: "/audit",
  ",": "/settings",
};
/** So long "g" waits for its second key. */
const WAIT_MS = 1_500;

interface Actions {
  onSearch: () => void;
  onHelp: () => void;
  onPause: () => void;
  onEscape: () => void;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Listens to the keys of every page. */
export function useKeys(actions: Actions): void {
  const { scopes } = useMe();
  const router = useRouter();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pages = new Set<string>(reachablePages(scopes).map(({ to }) => to));
    let began = 0;
    const single = (key: string): boolean => {
      const to = GO[key];
      const isSecond = Date.now() - began < WAIT_MS;
      began = key === "g" ? Date.now() : 0;
      if (isSecond && to !== undefined && pages.has(to)) router.history.push(hrefOf(to));
      else if (key === "?") latest.current.onHelp();
      else if (key === "/") latest.current.onSearch();
      else if (key === ".") latest.current.onPause();
      else return false;
      return true;
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") return latest.current.onEscape();
      const isCommand = event.metaKey || event.ctrlKey;
      if (isCommand && event.key.toLowerCase() === "k" && !event.altKey) {
        event.preventDefault();
        // Not over a question or a form, which would stay open behind the next page.
        if (document.querySelector("dialog[open]") === null) latest.current.onSearch();
        return;
      }
      const isFree = !(isCommand || event.altKey || isTyping(event.target));
      if (!isFree || !areKeysOn() || document.querySelector("dialog[open], [role=menu]") !== null) return;
      if (single(event.key)) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [scopes, router]);
}

export function Keyboard({ onClose }: { onClose: () => void }) {
  const { scopes } = useMe();
  const texts = t.shell.keys;
  const pages = new Map(reachablePages(scopes).map(({ to, name }) => [to as string, name]));
  const go = Object.entries(GO).flatMap(([key, to]) => {
    const name = pages.get(to);
    return name === undefined ? [] : [[`g ${key}`, t.shell.pages[name]] as const];
  });
  const all = [
    ["Ctrl K", t.shell.search],
    ["/", t.shell.search],
    [".", texts.pause],
    ["?", texts.help],
    ...go,
  ];
  return (
    <Dialog title={texts.title} onClose={onClose}>
      <div className="stack">
        <CheckField
          label={texts.single}
          name="keys"
          defaultChecked={areKeysOn()}
          onChange={(event) => setKeysOn(event.target.checked)}
        />
        <dl className="keys">
          {all.map(([keys = "", what]) => (
            <div key={keys}>
              <dt>
                {keys.split(" ").map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
