import { expect, it } from "vitest";
import { type Known, reasonsOf } from "./why";

const job = { state: "waiting", run_at: null, blocked_by: 0, group_key: null, queue: "images" };
const figures = { paused: false, active: 0, waiting: 1, workers: 0, concurrency: 4 };
const names = (known: Partial<Known>) => reasonsOf({ job, figures, ...known }).map(({ why }) => why);

it("names the wait of a delayed and of a retrying job", () => {
  const at = "2026-11-21T12:00:00.000Z";
  expect(reasonsOf({ job: { ...job, state: "delayed", run_at: at } })).toEqual([{ why: "time", at }]);
  expect(reasonsOf({ job: { ...job, state: "retrying", run_at: at } })).toEqual([{ why: "retry", at }]);
});

it("puts children before everything else", () => {
  expect(names({ job: { ...job, blocked_by: 2 }, figures: { ...figures, paused: true } })).toEqual([
    "children",
  ]);
});

it("tells a paused queue, absent workers and a long line", () => {
  expect(names({ figures: { ...figures, paused: true, waiting: 9 }, asked: new Set() })).toEqual([
    "paused",
    "nobody",
    "line",
  ]);
  expect(names({ asked: new Set(["images"]) })).toEqual([]);
  // Built in, but left to workers outside.
  expect(names({ job: { ...job, queue: "workflow" }, asked: new Set() })).toEqual(["nobody"]);
  expect(names({})).toEqual([]);
});

it("tells limits", () => {
  const limits = { rate_per_second: 5, group_concurrency: 1 };
  expect(names({ job: { ...job, group_key: "a" }, settings: limits })).toEqual(["group", "rate"]);
  const own = { ...job, queue: "report" };
  expect(names({ job: own, figures: { ...figures, workers: 4 }, asked: new Set() })).toEqual(["full"]);
});

it("says nothing of jobs that run or have ended", () => {
  for (const state of ["active", "completed", "failed", "cancelled"]) {
    expect(reasonsOf({ job: { ...job, state }, figures: { ...figures, paused: true } })).toEqual([]);
  }
});
