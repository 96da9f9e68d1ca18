// What failed while this page was open, the newest first; the stream tells it. A few are kept, all are counted.
import { useSyncExternalStore } from "react";
import { type Change, onStream, type StreamEvent } from "./stream";

export interface Notices {
  rows: readonly Change[];
  /** Those nobody has looked at. */
  unread: number;
}

export const KEPT_MAX = 12;
const NONE: Notices = { rows: [], unread: 0 };
const listeners = new Set<() => void>();
let notices = NONE;

function change(next: Notices): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** The notices after an event. */
export function noticed(before: Notices, event: StreamEvent): Notices {
  if (event.name !== "change" || event.change.change !== "failed") return before;
  const others = before.rows.filter(({ id }) => id !== event.change.id);
  return { rows: [event.change, ...others].slice(0, KEPT_MAX), unread: before.unread + 1 };
}

/** Takes notice of what the stream tells until the returned function is called. */
export function takeNotice(): () => void {
  return onStream((event) => {
    const next = noticed(notices, event);
    if (next !== notices) change(next);
  });
}

export function markRead(): void {
  if (notices.unread > 0) change({ ...notices, unread: 0 });
}

/** Forgets them, for somebody else who signs in or when they were dealt with. */
export function forgetNotices(): void {
  change(NONE);
}

export function useNotices(): Notices {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}
