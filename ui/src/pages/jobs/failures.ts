// Dead letters put together by what went wrong. Pure.
import type { ListedJob } from "./JobList";

export interface Group {
  key: string;
  queue: string;
  kind: string;
  /** Why they failed, in the word of the API. */
  failure: string;
  /** The error of the newest one, as it was told. */
  sample: string;
  jobs: ListedJob[];
}

const KEPT_CHARS = 160;

/** An error without what differs from job to job: ids, numbers, addresses, quoted words. */
export function fingerprint(error: string): string {
  const line = error.split("\n", 1)[0] ?? "";
  return line
    .replace(/https?:\/\/\S+/g, "<url>")
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "<id>")
    .replace(/\b[a-z]{2,4}_[0-9a-z]{10,}\b/g, "<id>")
    .replace(/\b0x[0-9a-f]+\b|\b[0-9a-f]{12,}\b/gi, "<id>")
    .replace(/"[^"]*"|'[^']*'/g, "<text>")
    .replace(/\d+/g, "#")
    .slice(0, KEPT_CHARS);
}

/** The groups, the largest first. */
export function grouped(jobs: readonly ListedJob[]): Group[] {
  const groups = new Map<string, Group>();
  for (const job of jobs) {
    const failure = job.failure ?? "";
    const key = [job.queue, job.kind, failure, fingerprint(job.error ?? "")].join("\u0000");
    const group = groups.get(key);
    if (group !== undefined) group.jobs.push(job);
    else
      groups.set(key, {
        key,
        queue: job.queue,
        kind: job.kind,
        failure,
        sample: job.error ?? "",
        jobs: [job],
      });
  }
  return [...groups.values()].sort((one, other) => other.jobs.length - one.jobs.length);
}
