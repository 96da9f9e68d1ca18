// Who is signed in, and what that person may do.
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { onReturn } from "../lib/connection";
import { forgetEarly } from "../lib/early";
import { api, read, type Schemas } from "./client";
import { ApiError } from "./problem";

export type Me = Schemas["Me"];

const TRIES_MAX = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // A refusal stays one; only an answer that did not come is worth another try.
      retry: (tries, cause) => tries < TRIES_MAX && !(cause instanceof ApiError && cause.status < 500),
    },
  },
});

onReturn(() => void queries.invalidateQueries());

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

export async function signOut(): Promise<void> {
  await read(api.POST("/auth/logout"));
  queries.clear();
  forgetEarly();
}
