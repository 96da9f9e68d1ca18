// The live stream: one connection for the tab. It comes again by itself, says where it was, and rests while nobody
// looks, since a browser has few connections for all tabs together.
import { useSyncExternalStore } from "react";
import { isReachable, onReturn } from "./connection";
import { type ServerEvent, serverEvents } from "./sse";

/** A line of the change feed. */
export interface Change {
  cursor: string;
  at: string;
  object: "job" | "delivery";
  id: string;
  change: string;
  queue?: string;
  kind?: string;
}

/** What the stream tells: a change, new figures of the queues, a notification or marks of some, that something was missed, or that the server ended it. */
export type StreamEvent =
  | { name: "change"; change: Change }
  | { name: "figures" }
  | { name: "notification" }
  | { name: "gap" }
  | { name: "ended" };

/** `off` asks nothing of the stream; `lost` had one and is getting it back. */
export type StreamState = "off" | "on" | "lost";

/** Asks for the stream, from a place on when one is given. */
export type Open = (after: string | undefined, signal: AbortSignal) => Promise<Response>;

/** The server sends something at least every fifteen seconds. */
const SILENCE_MS = 40_000;
const AGAIN_MS = 1_000;
const REFUSED_MS = 10_000;
const HIDDEN_MS = 20_000;
/** While the server does not answer, its return is told by others. */
const AWAY_MS = 30_000;

const watchers = new Set<() => void>();
const listeners = new Set<(event: StreamEvent) => void>();
let state: StreamState = "off";
let after: string | undefined;

/** Calls back for what the stream tells. */
export function onStream(listener: (event: StreamEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/** Keeps the stream open until the returned function is called. */
export function follow(open: Open): () => void {
  const stop = new AbortController();
  void keep(open, stop.signal);
  return () => {
    stop.abort();
    change("off");
  };
}

/** Forgets the place, for somebody else who signs in. */
export function forgetPlace(): void {
  after = undefined;
}

function change(next: StreamState): void {
  if (next === state) return;
  state = next;
  for (const watcher of watchers) watcher();
}

function tell(event: StreamEvent): void {
  for (const listener of listeners) listener(event);
}

async function keep(open: Open, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await seen(signal);
    let again: number | undefined = AGAIN_MS;
    try {
      again = await connect(open, signal);
    } catch {
      // The connection broke, or there was none.
      if (!isReachable()) again = AWAY_MS;
    }
    if (signal.aborted) return;
    if (again === undefined) return change("off");
    if (state === "on") change("lost");
    await rest(again, signal);
  }
}

/** Follows one connection to its end; tells when to come again, or nothing when there is no use in it. */
async function connect(open: Open, signal: AbortSignal): Promise<number | undefined> {
  const local = new AbortController();
  const end = () => local.abort();
  signal.addEventListener("abort", end);
  let silence = window.setTimeout(end, SILENCE_MS);
  const ignore = whenHidden(end);
  try {
    const response = await open(after, local.signal);
    if (!response.ok || response.body === null) return refused(response);
    const onBytes = () => {
      window.clearTimeout(silence);
      silence = window.setTimeout(end, SILENCE_MS);
    };
    for await (const event of serverEvents(response.body, onBytes)) {
      if (signal.aborted) return undefined;
      take(event);
    }
    return AGAIN_MS;
  } finally {
    ignore();
    window.clearTimeout(silence);
    signal.removeEventListener("abort", end);
  }
}

function take({ name, id, data }: ServerEvent): void {
  if (name === "ready") {
    // Without a place nobody can say what changed between the first reading and now.
    if (after === undefined) tell({ name: "gap" });
    change("on");
  }
  if (id !== undefined) after = id;
  if (name === "change") tell({ name, change: JSON.parse(data) as Change });
  else if (name === "queues") tell({ name: "figures" });
  else if (name === "notification" || name === "notifications_read") tell({ name: "notification" });
  else if (name === "dropped") tell({ name: "gap" });
  else if (name === "end") tell({ name: "ended" });
}

function refused(response: Response): number | undefined {
  // No session, or no right to follow: the pages ask by themselves.
  if (response.status === 401 || response.status === 403 || response.status === 404) return undefined;
  const seconds = Number(response.headers.get("Retry-After"));
  return seconds > 0 ? seconds * 1_000 : REFUSED_MS;
}

/** Waits; not longer than until the server is back or the end. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      window.clearTimeout(timer);
      ignore();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = window.setTimeout(done, ms);
    const ignore = onReturn(done);
    signal.addEventListener("abort", done);
  });
}

/** Waits until somebody looks at the page. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}

/** Calls back once nobody has looked at the page for a while. */
function whenHidden(then: () => void): () => void {
  let timer: number | undefined;
  const look = () => {
    window.clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(then, HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", look);
  return () => {
    window.clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
