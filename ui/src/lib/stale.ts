// What is read again when the stream tells of a change: few reads, whatever comes.
import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import { onStream, type StreamEvent } from "./stream";

/** So soon after a change, and then not more often than once in so long. */
const FIRST_MS = 80;
const AGAIN_MS = 1_000;
/** A list of more pages is not read again by itself: that would cost more than it tells. */
export const FRESH_PAGES_MAX = 2;

/** The first words of keys which the stream says everything about that can change. */
const FED = new Set([
  "job",
  "jobs",
  "queue",
  "queues",
  "queue-stats",
  "delivery",
  "deliveries",
  "notifications",
]);
/** What else shows the jobs of a queue that the server works on. */
const BY_QUEUE: Record<string, readonly string[]> = {
  email: ["emails", "email"],
  report: ["reports", "report"],
};

/** Whether a reading need not be repeated while the stream is there. */
export function isFed(key: QueryKey): boolean {
  return FED.has(String(key[0]));
}

/** The beginnings of the keys that an event makes old; nothing for all but who is signed in, since the stream ends when that changes. */
export function staleBy(event: StreamEvent): readonly QueryKey[] | undefined {
  if (event.name === "gap") return undefined;
  // The session may have ended, or its rights have changed.
  if (event.name === "ended") return [["me"]];
  if (event.name === "notification") return [["notifications"]];
  if (event.name === "figures") return [["queues"], ["queue"], ["queue-stats"], ["workers"]];
  const { object, id, queue = "" } = event.change;
  if (object === "delivery") return [["delivery", id], ["deliveries"], ["event"], ["webhook"]];
  const others = (BY_QUEUE[queue] ?? []).map((name) => [name]);
  return [["job", id], ["jobs"], ["schedules"], ["schedule"], ...others];
}

/** Whether something is no list of many pages. */
export function isShort({ state }: Query): boolean {
  const { pages } = (state.data ?? {}) as { pages?: unknown[] };
  return pages === undefined || pages.length <= FRESH_PAGES_MAX;
}

/** Has what the stream makes old read again, until the returned function is called. */
export function refreshByStream(queries: QueryClient): () => void {
  const waiting = new Map<string, QueryKey>();
  let timer: number | undefined;
  let last = 0;

  const isRead = (queryKey: QueryKey) =>
    queries.getQueryCache().find({ queryKey, exact: false }) !== undefined;
  const readAgain = (queryKey?: QueryKey) => {
    const isOld = (query: Query) => isShort(query) && (queryKey !== undefined || query.queryKey[0] !== "me");
    void queries.invalidateQueries({ queryKey, predicate: isOld }, { cancelRefetch: false });
  };
  const flush = () => {
    timer = undefined;
    last = Date.now();
    for (const [name, queryKey] of waiting) {
      // An answer that is on its way may be older than the change: it is waited for.
      if (queries.isFetching({ queryKey, type: "active", predicate: isShort }) > 0) continue;
      waiting.delete(name);
      readAgain(queryKey);
    }
    if (waiting.size > 0) plan();
  };
  const plan = () => {
    timer ??= window.setTimeout(flush, Math.max(FIRST_MS, last + AGAIN_MS - Date.now()));
  };
  const stop = onStream((event) => {
    const keys = staleBy(event);
    if (keys === undefined) return readAgain();
    for (const key of keys) if (isRead(key)) waiting.set(JSON.stringify(key), key);
    if (waiting.size > 0) plan();
  });
  return () => {
    stop();
    window.clearTimeout(timer);
  };
}
