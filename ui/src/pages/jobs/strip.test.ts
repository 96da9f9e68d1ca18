import { expect, it } from "vitest";
import { SHOWN_MAX, shownQueues } from "./QueueStrip";
import type { QueueFigures } from "./Queues";

const queue = (name: string, over: Partial<QueueFigures> = {}) =>
  ({
    name,
    waiting: 0,
    active: 0,
    delayed: 0,
    retrying: 0,
    failed: 0,
    completed: 0,
    ...over,
  }) as QueueFigures;

it("shows the queues with most to do, and always the chosen one", () => {
  const idle = ["a", "b", "c", "d", "e", "f"].map((name) => queue(name));
  const busy = [queue("z", { waiting: 3 }), queue("y", { failed: 2 })];
  expect(shownQueues([...idle, ...busy], undefined)).toEqual(["a", "b", "c", "y", "z"]);
  expect(shownQueues([...idle, ...busy], "f")).toEqual(["a", "b", "f", "y", "z"]);
  expect(shownQueues(idle, "gone")).toHaveLength(SHOWN_MAX);
  expect(shownQueues([], undefined)).toEqual([]);
});
