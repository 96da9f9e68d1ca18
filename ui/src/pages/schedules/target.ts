// What a schedule does when it ticks.
import type { Schemas } from "../../api/client";
import { t } from "../../texts";

export type Target = Schemas["ScheduleTargetDocument"];

/** The target in a few words. */
export function targetWords({ job, report }: Target): string {
  if (job) return t.schedules.inQueue(job.kind, job.queue);
  return t.schedules.report(String(report?.definition ?? ""));
}
