// Who is signed in, and what that person may do.
import { type Query, QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { onReturn } from "../lib/connection";
import { forgetEarly } from "../lib/early";
import { arePagesPaused } from "../lib/live";
import { isShort } from "../lib/stale";
import { api, read, type Schemas } from "./client";
import { ApiError } from "./problem";

export type Me = Schemas["Me"];

const TRIES_MAX = 2;

/** Whether something may be read again by itself: not under somebody who has stopped that, and no long list. */
export function isFollowed(query: Query): boolean {
  return !arePagesPaused() && isShort(query);
}

export const queries = new QueryClient({
  defaultOptions: {
    // The server may be this very machine: what the browser thinks of the network says nothing about it.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      staleTime: 2_000,
      refetchOnWindowFocus: isFollowed,
      refetchOnReconnect: isFollowed,
      // A refusal stays one; only an answer that did not come is worth another try.
      retry: (tries, cause) => tries < TRIES_MAX && !(cause instanceof ApiError && cause.status < 500),
    },
  },
});

// What failed is read again in any case.
onReturn(
  () =>
    void queries.invalidateQueries({
      predicate: (query) => query.state.status === "error" || isFollowed(query),
    }),
);

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => read(api.GET("/auth/me")),
  staleTime: 60_000,
});

/** The person who is signed in; pages below the shell always have one. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (data === undefined) throw new Error("nobody is signed in");
  return data;
}

/** Whether the person has a scope. */
export function useCan(): (scope: string) => boolean {
  const { scopes } = useMe();
  return (scope) => scopes.includes(scope);
}

/** Forgets what was read for the person who was signed in; only when no page shows it any more. */
export function forgetAll(): void {
  queries.clear();
  forgetEarly();
}

/** Ends the session, leaves the page, then forgets what it showed. */
export async function signOut(leave: () => Promise<unknown>): Promise<void> {
  await read(api.POST("/auth/logout"));
  await leave();
  forgetAll();
}
