// Short messages about what was just done, said to screen readers too.
import { useSyncExternalStore } from "react";
import { reasonOf } from "../api/problem";
import { t } from "../texts";
import { Button } from "./Button";
import { Icon } from "./Icon";

interface Toast {
  id: number;
  tone: "ok" | "bad";
  text: string;
}

const LIFE_MS = 6_000;
const SHOWN_MAX = 4;
const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let lastId = 0;

function change(next: readonly Toast[]): void {
  toasts = next.slice(-SHOWN_MAX);
  for (const listener of listeners) listener();
}

export function toast(text: string, tone: Toast["tone"] = "ok"): void {
  lastId += 1;
  const id = lastId;
  change([...toasts, { id, tone, text }]);
  window.setTimeout(
    () => change(toasts.filter((one) => one.id !== id)),
    tone === "ok" ? LIFE_MS : 2 * LIFE_MS,
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
        <div key={one.id} className={`toast toast-${one.tone}`}>
          <Icon name={one.tone === "ok" ? "check" : "warning"} />
          <span>{one.text}</span>
          <Button
            look="quiet"
            small
            icon="close"
            aria-label={t.kit.close}
            onClick={() => change(toasts.filter((other) => other.id !== one.id))}
          />
        </div>
      ))}
    </div>
  );
}
