import { expect, it } from "vitest";
import { type Metrics, summed } from "./history";

function metrics(points: [string, number, number][]): Metrics {
  const none = { p50: null, p95: null, p99: null };
  return {
    name: "a",
    step_ms: 60_000,
    points: points.map(([start, added, failed]) => {
      return { start, added, failed, completed: 1, retried: 0, wait_ms: none, run_ms: none };
    }),
  };
}

it("adds up what queues did at the same time, the oldest first", () => {
  const [first, second] = ["2026-11-21T12:00:00.000Z", "2026-11-21T12:01:00.000Z"];
  const one = metrics([
    [first, 1, 0],
    [second, 2, 1],
  ]);
  const history = summed([one, metrics([[second, 3, 0]])]);
  expect(history.times).toEqual([first, second].map((time) => Date.parse(time) / 1_000));
  expect(history.added).toEqual([1, 5]);
  expect(history.failed).toEqual([0, 1]);
  expect(history.completed).toEqual([1, 2]);
  expect(summed([]).times).toEqual([]);
});
