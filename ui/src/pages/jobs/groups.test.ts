import { expect, it } from "vitest";
import { type Group, merged } from "./groups";

const group = (fingerprint: string, count: number, over: Partial<Group> = {}): Group => ({
  fingerprint,
  count,
  error: "no host 1",
  failure: "discarded",
  kinds: ["a.do"],
  queues: ["a"],
  first_at: "2026-11-21T12:00:00.000Z",
  last_at: "2026-11-21T12:00:00.000Z",
  latest_job_id: `job_${fingerprint}`,
  ...over,
});

it("adds up what several answers tell of one error, and puts the largest first", () => {
  const first_at = "2026-11-20T12:00:00.000Z";
  const older = group("1", 5, { kinds: ["a.do", "b.do"], queues: ["b"], latest_job_id: "job_9", first_at });
  const [one, other] = merged([group("2", 3), group("1", 1), older]);
  expect([one?.fingerprint, one?.count, one?.latest_job_id, one?.first_at]).toEqual([
    "1",
    6,
    "job_1",
    first_at,
  ]);
  expect([one?.kinds, one?.queues]).toEqual([
    ["a.do", "b.do"],
    ["a", "b"],
  ]);
  expect(other?.count).toBe(3);
  expect(merged([])).toEqual([]);
});
