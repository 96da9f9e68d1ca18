// What the pages of queues and jobs read.
import { api, read, type Schemas } from "../../api/client";
import { useLive } from "../../lib/live";

export type Job = Schemas["JobDetail"];
export type Worker = Schemas["Page_Worker"]["data"][number];

export const STATES = [
  "waiting",
  "active",
  "delayed",
  "retrying",
  "completed",
  "failed",
  "cancelled",
] as const;

export function useQueues(enabled = true) {
  return useLive(["queues"], () => read(api.GET("/queues")), { enabled });
}

export function useQueue(name: string, enabled = true) {
  return useLive(["queue", name], () => read(api.GET("/queues/{name}", { params: { path: { name } } })), {
    enabled,
  });
}

export function useJob(id: string) {
  return useLive(["job", id], () => read(api.GET("/jobs/{id}", { params: { path: { id } } })));
}

export function useWorkers(enabled = true) {
  return useLive(["workers"], () => read(api.GET("/workers")), { enabled });
}

/** Windows of the history, each with the length of its points. */
export const WINDOWS = { "1h": "1m", "24h": "30m", "7d": "3h", "30d": "12h" } as const;
export type Window = keyof typeof WINDOWS;
const HISTORY_MS = 15_000;

/** The window an address names, or the usual one. */
export function windowOf(text: string | undefined): Window {
  return text !== undefined && text in WINDOWS ? (text as Window) : "1h";
}

export function useMetrics(name: string, window: Window) {
  return useLive(
    ["queue-metrics", name, window],
    () =>
      read(
        api.GET("/queues/{name}/metrics", {
          params: { path: { name }, query: { window, step: WINDOWS[window] } },
        }),
      ),
    { every: HISTORY_MS },
  );
}
