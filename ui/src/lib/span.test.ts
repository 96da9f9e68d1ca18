// Spans of time in addresses.
import { expect, it } from "vitest";
import { exact, fromLocalInput, queryOf } from "./time";

it("keeps instants, and drops what is no time", () => {
  expect(queryOf({ since: "2026-01-01T12:00:00.000Z", until: "yesterday" })).toEqual({
    since: "2026-01-01T12:00:00.000Z",
    until: undefined,
  });
  expect(fromLocalInput("")).toBeUndefined();
  expect(fromLocalInput("2026-01-01T12:00")).toBe(new Date(2026, 0, 1, 12).toISOString());
});

it("puts the milliseconds behind the seconds", () => {
  expect(exact("2026-01-01T12:34:56.007Z")).toMatch(/:34:56\.007 /);
});
