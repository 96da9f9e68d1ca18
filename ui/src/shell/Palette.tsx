// The palette behind Ctrl+K: pages by name, queues and webhooks by name, objects by id, and what can be done anywhere.
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useMe } from "../api/session";
import { Icon, type IconName } from "../components/Icon";
import { hrefOf } from "../lib/base";
import { togglePaused } from "../lib/live";
import { setTheme } from "../lib/preferences";
import { useQueues } from "../pages/jobs/data";
import { useWebhookNames } from "../pages/webhooks/data";
import { t } from "../texts";
import { pageOfId, reachablePages } from "./navigation";

interface Target {
  /** Where it leads, or what tells it from the others. */
  path: string;
  text: string;
  act?: () => void;
  icon: IconName;
  kind?: string;
}

const SHOWN_MAX = 12;

/** What can be done from everywhere. */
function actions(scopes: readonly string[], onHelp: () => void): Target[] {
  const texts = t.shell;
  const all: [string | undefined, Target][] = [
    ["jobs:write", { path: "/jobs/new", text: t.jobs.list.add, icon: "plus" }],
    ["webhooks:write", { path: "/webhooks/new", text: t.webhooks.create, icon: "plus" }],
    [
      undefined,
      {
        path: "theme:dark",
        text: `${texts.theme}: ${texts.themes.dark}`,
        icon: "settings",
        act: () => setTheme("dark"),
      },
    ],
    [
      undefined,
      {
        path: "theme:light",
        text: `${texts.theme}: ${texts.themes.light}`,
        icon: "settings",
        act: () => setTheme("light"),
      },
    ],
    [
      undefined,
      {
        path: "theme:system",
        text: `${texts.theme}: ${texts.themes.system}`,
        icon: "settings",
        act: () => setTheme("system"),
      },
    ],
    [undefined, { path: "pause", text: texts.keys.pause, icon: "pause", act: togglePaused }],
    [undefined, { path: "keys", text: texts.keys.title, icon: "keys", act: onHelp }],
  ];
  return all.filter(([scope]) => scope === undefined || scopes.includes(scope)).map(([, target]) => target);
}

function useTargets(input: string, onHelp: () => void): Target[] {
  const { scopes } = useMe();
  const { data: queues } = useQueues(scopes.includes("jobs:read"));
  const webhooks = useWebhookNames();
  const direct = pageOfId(input);
  if (direct !== undefined) return [{ path: direct, text: t.shell.open(input.trim()), icon: "right" }];
  const pages = reachablePages(scopes).map(({ to, name }) => ({
    path: to,
    text: t.shell.pages[name],
    icon: name,
  }));
  const all: Target[] = [
    ...pages,
    ...(queues?.data ?? []).map(({ name }) => ({
      path: `/queues/${name}`,
      text: name,
      icon: "queues" as const,
      kind: t.jobs.queue,
    })),
    ...[...webhooks].map(([id, name]) => ({
      path: `/webhooks/${id}`,
      text: name,
      icon: "webhooks" as const,
      kind: t.webhooks.one,
    })),
    ...actions(scopes, onHelp),
  ];
  const wanted = input.trim().toLowerCase();
  return all.filter(({ text }) => text.toLowerCase().includes(wanted)).slice(0, SHOWN_MAX);
}

export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [input, setInput] = useState("");
  const [chosen, setChosen] = useState(0);
  const targets = useTargets(input, onHelp);
  const router = useRouter();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Closed before it goes: the browser then gives the focus back.
    return () => element?.close();
  }, []);
  const marked = `${list}-${chosen}`;
  useEffect(() => document.getElementById(marked)?.scrollIntoView?.({ block: "nearest" }), [marked]);

  const go = (target: Target | undefined) => {
    if (target === undefined) return;
    onClose();
    if (target.act !== undefined) return target.act();
    router.history.push(hrefOf(target.path));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setChosen((index) => Math.min(index + 1, targets.length - 1));
    else if (event.key === "ArrowUp") setChosen((index) => Math.max(index - 1, 0));
    else if (event.key === "Enter") go(targets[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label={t.shell.search}
      onClose={() => dialog.current?.open === false && onClose()}
      onClick={(event) => event.target === dialog.current && onClose()}
      onKeyDown={onKey}
    >
      <div className="palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-label={t.shell.searchLabel}
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={targets.length > 0 ? marked : undefined}
          placeholder={t.shell.searchLabel}
          autoComplete="off"
          value={input}
          onChange={(event) => {
            setInput(event.target.value);
            setChosen(0);
          }}
        />
      </div>
      <div id={list} role="listbox" aria-label={t.shell.search} className="palette-list">
        {targets.map((target, index) => (
          <div
            key={target.path}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => go(target)}
            onKeyDown={onKey}
            onMouseMove={() => setChosen(index)}
          >
            <Icon name={target.icon} />
            <span>{target.text}</span>
            {target.kind !== undefined && <span className="quiet">{target.kind}</span>}
          </div>
        ))}
      </div>
      {targets.length === 0 && <p className="palette-none">{t.shell.noMatch}</p>}
    </dialog>
  );
}
