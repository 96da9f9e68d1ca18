import { describe, expect, it } from "vitest";
import { duration, fromLocalInput, relative, roughly, toLocalInput } from "./time";

const NOW = Date.parse("2026-11-21T12:00:00.000Z");

describe("duration", () => {
  it.each([
    [0.5, "0.50 ms"],
    [12.4, "12 ms"],
    [1_500, "1.5 s"],
    [59_999, "60 s"],
    [65_000, "1 min 5 s"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ])("says %d ms as %s", (ms, text) => expect(duration(ms)).toBe(text));
});

describe("relative", () => {
  it.each([
    ["2026-11-21T11:59:15.000Z", "45 sec. ago"],
    ["2026-11-21T11:57:00.000Z", "3 min. ago"],
    ["2026-11-21T14:00:00.000Z", "in 2 hr."],
    ["2026-11-20T12:00:00.000Z", "yesterday"],
    ["2026-01-02T12:00:00.000Z", "Jan 2, 2026"],
  ])("says %s as %s", (time, text) => expect(relative(time, NOW)).toBe(text));
});

it("takes the local time of an input there and back", () => {
  const time = new Date("2026-11-21T12:34:00.000Z");
  expect(fromLocalInput(toLocalInput(time))).toBe(time.toISOString());
  expect(fromLocalInput("")).toBeUndefined();
});

describe("roughly", () => {
  it.each([
    [5_000, "5 s"],
    [305_000, "5 min"],
    [9_305_000, "2.6 h"],
    [63_305_000, "18 h"],
    [113_705_000, "1.3 d"],
  ])("says %d ms as %s", (ms, text) => expect(roughly(ms)).toBe(text));
});
