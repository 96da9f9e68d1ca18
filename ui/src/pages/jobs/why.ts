// Why a job does not run yet, worked out from what is known of it, its queue and the workers. Pure.
import type { Schemas } from "../../api/client";
import { OWN_QUEUES } from "./own";

export type Reason =
  | { why: "time" | "retry"; at: string }
  | { why: "children"; count: number }
  | { why: "paused" }
  | { why: "nobody" }
  | { why: "full"; count: number }
  | { why: "group"; count: number }
  | { why: "rate"; perSecond: number }
  | { why: "line"; count: number };

export interface Known {
  job: Pick<Schemas["JobDetail"], "state" | "run_at" | "blocked_by" | "group_key" | "queue">;
  figures?: Pick<Schemas["QueueSummary"], "paused" | "active" | "waiting" | "workers" | "concurrency">;
  settings?: Pick<Schemas["SettingsDocument"], "rate_per_second" | "group_concurrency">;
  /** The queues that workers outside the server ask. */
  asked?: ReadonlySet<string>;
}

/** Every reason there is, the strongest first; none for a job that runs or has ended. */
export function reasonsOf({ job, figures, settings, asked }: Known): Reason[] {
  const { state, run_at, blocked_by, group_key, queue } = job;
  if (state === "delayed" && run_at != null) return [{ why: "time", at: run_at }];
  if (state === "retrying" && run_at != null) return [{ why: "retry", at: run_at }];
  if (state !== "waiting") return [];
  if (blocked_by > 0) return [{ why: "children", count: blocked_by }];
  const found: Reason[] = [];
  if (figures?.paused) found.push({ why: "paused" });
  const isOwn = OWN_QUEUES.has(queue);
  if (!isOwn && asked !== undefined && !asked.has(queue) && figures?.active === 0)
    found.push({ why: "nobody" });
  if (isOwn && figures !== undefined && figures.workers >= figures.concurrency) {
    found.push({ why: "full", count: figures.concurrency });
  }
  if (group_key != null && settings?.group_concurrency != null) {
    found.push({ why: "group", count: settings.group_concurrency });
  }
  if (settings?.rate_per_second != null) found.push({ why: "rate", perSecond: settings.rate_per_second });
  if (figures !== undefined && figures.waiting > 1) found.push({ why: "line", count: figures.waiting - 1 });
  return found;
}
