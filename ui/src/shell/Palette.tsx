// The palette behind Ctrl+K: pages by name, queues and webhooks by name, objects by id.
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { useMe } from "../api/session";
import { Icon, type IconName } from "../components/Icon";
import { basePath } from "../lib/base";
import { t } from "../texts";
import { pageOfId, reachablePages } from "./navigation";

interface Target {
  path: string;
  text: string;
  icon: IconName;
  kind?: string;
}

const SHOWN_MAX = 12;

function useTargets(input: string): Target[] {
  const { scopes } = useMe();
  const cache = useQueryClient();
  const direct = pageOfId(input);
  if (direct !== undefined) return [{ path: direct, text: t.shell.open(input.trim()), icon: "right" }];
  const pages = reachablePages(scopes).map(({ to, name }) => ({
    path: to,
    text: t.shell.pages[name],
    icon: name,
  }));
  const queues = cache.getQueryData<Schemas["Page_QueueSummary"]>(["queues"])?.data ?? [];
  const webhooks = cache.getQueryData<Schemas["Page_Webhook"]>(["webhooks", "names"])?.data ?? [];
  const all: Target[] = [
    ...pages,
    ...queues.map(({ name }) => ({
      path: `/queues/${name}`,
      text: name,
      icon: "queues" as const,
      kind: t.jobs.queue,
    })),
    ...webhooks.map(({ id, url, description }) => ({
      path: `/webhooks/${id}`,
      text: description || url,
      icon: "webhooks" as const,
      kind: t.webhooks.one,
    })),
  ];
  const wanted = input.trim().toLowerCase();
  return all.filter(({ text }) => text.toLowerCase().includes(wanted)).slice(0, SHOWN_MAX);
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [input, setInput] = useState("");
  const [chosen, setChosen] = useState(0);
  const targets = useTargets(input);
  const router = useRouter();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  useEffect(() => dialog.current?.showModal(), []);

  const go = (target: Target | undefined) => {
    if (target === undefined) return;
    onClose();
    router.history.push(basePath.slice(0, -1) + target.path);
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
      onClose={onClose}
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
          aria-activedescendant={targets.length > 0 ? `${list}-${chosen}` : undefined}
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
