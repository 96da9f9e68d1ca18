// Short messages about what was just done, said to screen readers too.
import { useSyncExternalStore } from "react";
import { reasonOf } from "../api/problem";
import { t } from "../texts";
import { Button } from "./Button";
import { Icon } from "./Icon";

/** What can be done about it. */
interface Offer {
  text: string;
  act: () => void;
}

interface Toast {
  id: number;
  tone: "ok" | "bad";
  text: string;
  offer?: Offer;
}

const LIFE_MS = 6_000;
/** For what is bad, and for what may be answered. */
const LONG_LIFE_MS = 12_000;
const SHOWN_MAX = 4;
const listeners = new Set<() => void>();
const timers = new Map<number, number>();
let toasts: readonly Toast[] = [];
let lastId = 0;

function change(next: readonly Toast[]): void {
  toasts = next.slice(-SHOWN_MAX);
  for (const listener of listeners) listener();
}

export function toast(text: string, tone: Toast["tone"] = "ok", offer?: Offer): void {
  lastId += 1;
  const one = { id: lastId, tone, text, offer };
  change([...toasts, one]);
  letGo(one);
}

function leave(id: number): void {
  hold(id);
  change(toasts.filter((one) => one.id !== id));
}

/** It stays while somebody is at it. */
function hold(id: number): void {
  window.clearTimeout(timers.get(id));
  timers.delete(id);
}

function letGo({ id, tone, offer }: Toast): void {
  hold(id);
  const life = tone === "ok" && offer === undefined ? LIFE_MS : LONG_LIFE_MS;
  timers.set(
    id,
    window.setTimeout(() => leave(id), life),
  );
}

export function toastError(cause: unknown): void {
  toast(reasonOf(cause), "bad");
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: being at it only keeps it from going
        <div
          key={one.id}
          className={`toast toast-${one.tone}`}
          onPointerEnter={() => hold(one.id)}
          onPointerLeave={() => letGo(one)}
          onFocus={() => hold(one.id)}
          onBlur={() => letGo(one)}
        >
          <Icon name={one.tone === "ok" ? "check" : "warning"} />
          <span>{one.text}</span>
          {one.offer && (
            <Button
              small
              onClick={() => {
                one.offer?.act();
                leave(one.id);
              }}
            >
              {one.offer.text}
            </Button>
          )}
          <Button look="quiet" small icon="close" aria-label={t.kit.close} onClick={() => leave(one.id)} />
        </div>
      ))}
    </div>
  );
}
