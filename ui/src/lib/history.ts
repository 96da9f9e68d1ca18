// Figures of queues over time, as charts want them. Pure.
import type { Schemas } from "../api/client";

export type Metrics = Schemas["QueueMetrics"];

export interface History {
  /** Seconds since 1970: when each step begins. */
  times: number[];
  added: number[];
  completed: number[];
  failed: number[];
  retried: number[];
}

/** What several queues did together. The steps of all begin at the same times. */
export function summed(all: readonly Metrics[]): History {
  const steps = new Map<number, [number, number, number, number]>();
  for (const { points } of all) {
    for (const { start, added, completed, failed, retried } of points) {
      const at = Date.parse(start) / 1_000;
      const [a, c, f, r] = steps.get(at) ?? [0, 0, 0, 0];
      steps.set(at, [a + added, c + completed, f + failed, r + retried]);
    }
  }
  const sorted = [...steps].sort(([one], [other]) => one - other);
  return {
    times: sorted.map(([at]) => at),
    added: sorted.map(([, [added]]) => added),
    completed: sorted.map(([, [, completed]]) => completed),
    failed: sorted.map(([, [, , failed]]) => failed),
    retried: sorted.map(([, [, , , retried]]) => retried),
  };
}
