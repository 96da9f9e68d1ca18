// Server state that stays fresh. One place decides how: by asking again now, by the event stream once there is one.
import {
  keepPreviousData,
  type QueryKey,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";

const EVERY_MS = 4_000;
const listeners = new Set<() => void>();
let isPaused = false;

/** Stops or goes on with refreshing, for somebody who reads a list. */
export function setPaused(next: boolean): void {
  isPaused = next;
  for (const listener of listeners) listener();
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

interface Options {
  /** Milliseconds between two reads; 0 reads once. */
  every?: number;
  enabled?: boolean;
}

/** Reads something and keeps it fresh while the page is seen. */
export function useLive<T>(key: QueryKey, load: () => Promise<T>, options: Options = {}): UseQueryResult<T> {
  const paused = usePaused();
  const { every = EVERY_MS, enabled = true } = options;
  return useQuery({
    queryKey: key,
    queryFn: load,
    enabled,
    refetchInterval: paused || every === 0 ? false : every,
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
  const { every = EVERY_MS, enabled = true } = options;
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    enabled,
    // Asking again for many pages would cost more than it tells.
    refetchInterval: (state) =>
      paused || every === 0 || (state.state.data?.pages.length ?? 0) > 2 ? false : every,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data), [query.data]);
  return { query, rows };
}

export type Pages<T> = ReturnType<typeof usePages<T>>;
