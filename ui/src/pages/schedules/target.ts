// What a schedule does when it ticks: it enqueues a job or asks for a report.
import type { Schemas } from "../../api/client";
import { t } from "../../texts";
import { titleOf } from "../reports/data";

export type ReportOrder = Schemas["NewReport"] & { recipients?: string[] };

/** One of the two is there. */
export interface Target {
  job?: Schemas["JobOrder"] | null;
  report?: ReportOrder | null;
}

/** The document leaves open what the order of a report holds. */
export function targetOf({ target }: Pick<Schemas["Schedule"], "target">): Target {
  return target as unknown as Target;
}

/** The target in a few words. */
export function targetWords({ job, report }: Target): string {
  if (report != null) return t.schedules.reportOf(titleOf({ name: report.definition }), report.format);
  return job == null ? "–" : t.schedules.inQueue(job.kind, job.queue);
}
