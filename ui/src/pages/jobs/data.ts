// What the pages of queues and jobs read.
import { api, read } from "../../api/client";
import { useLive } from "../../lib/live";

export const STATES = [
  "waiting",
  "active",
  "delayed",
  "retrying",
  "completed",
  "failed",
  "cancelled",
] as const;

export function useQueues() {
  return useLive(["queues"], () => read(api.GET("/queues")));
}

export function useQueue(name: string) {
  return useLive(["queue", name], () => read(api.GET("/queues/{name}", { params: { path: { name } } })));
}

export function useJob(id: string) {
  return useLive(["job", id], () => read(api.GET("/jobs/{id}", { params: { path: { id } } })));
}
