// Server state that stays fresh. One place decides how: the stream says what to read again, and what it does not tell of
// is asked for again and again, as everything is while there is no stream.
import {
  keepPreviousData,
  type QueryKey,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { FRESH_PAGES_MAX, isFed } from "./stale";
import { type StreamState, useStreamState } from "./stream";

const EVERY_MS = 4_000;
/** With the stream: ages and rates move also when nothing changes. */
const FED_MS = 10_000;
const listeners = new Set<() => void>();
let isPaused = false;

/** Stops or goes on with refreshing, for somebody who reads a list. */
export function setPaused(next: boolean): void {
  isPaused = next;
  for (const listener of listeners) listener();
}

export function arePagesPaused(): boolean {
  return isPaused;
}

export function togglePaused(): void {
  setPaused(!isPaused);
}

export function usePaused(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isPaused,
  );
}

/** How the page stays fresh now. */
export function useLiveness(): "paused" | "live" | "lost" | "polling" {
  const paused = usePaused();
  const stream = useStreamState();
  if (paused) return "paused";
  return stream === "on" ? "live" : stream === "lost" ? "lost" : "polling";
}

interface Options {
  /** Milliseconds between two reads; 0 reads once. */
  every?: number;
  enabled?: boolean;
}

function pace(key: QueryKey, every: number, isPaused: boolean, stream: StreamState): number | false {
  if (isPaused || every === 0) return false;
  return stream === "on" && isFed(key) ? Math.max(every, FED_MS) : every;
}

/** Reads something and keeps it fresh while the page is seen. */
export function useLive<T>(key: QueryKey, load: () => Promise<T>, options: Options = {}): UseQueryResult<T> {
  const paused = usePaused();
  const stream = useStreamState();
  const { every = EVERY_MS, enabled = true } = options;
  return useQuery({
    queryKey: key,
    queryFn: load,
    enabled,
    refetchInterval: pace(key, every, paused, stream),
    placeholderData: keepPreviousData,
  });
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

/** A list that is read page by page; its first pages stay fresh. */
export function usePages<T>(
  key: QueryKey,
  load: (cursor: string | undefined) => Promise<Page<T>>,
  options: Options = {},
) {
  const paused = usePaused();
  const stream = useStreamState();
  const { every = EVERY_MS, enabled = true } = options;
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled,
    refetchInterval: ({ state }) =>
      (state.data?.pages.length ?? 0) > FRESH_PAGES_MAX ? false : pace(key, every, paused, stream),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data), [query.data]);
  return { query, rows };
}

export type Pages<T> = ReturnType<typeof usePages<T>>;
