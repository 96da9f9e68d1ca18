import { describe, expect, it } from "vitest";
import { fingerprint, grouped } from "./failures";
import type { ListedJob } from "./JobList";

describe("fingerprint", () => {
  it.each([
    ["timeout after 3000 ms", "timeout after 31 ms"],
    ["no user usr_01m7yzyr190013an6gmn96dh3k", "no user usr_01m7yzyr190013an6gmn96dh3x"],
    ["GET https://a.example/1 failed", "GET https://b.example/2?x=y failed"],
    ['cannot read "a.png"\nat line 3', 'cannot read "b.png"\nat line 90'],
    ["lost 7f3c1a2b-0000-4000-8000-0123456789ab", "lost 00000000-0000-4000-8000-0123456789ab"],
  ])("puts %s together with its like", (one, other) => expect(fingerprint(one)).toBe(fingerprint(other)));

  it("keeps different errors apart", () => {
    expect(fingerprint("timeout after 3 ms")).not.toBe(fingerprint("refused after 3 ms"));
  });
});

it("groups by queue, kind, reason and error, the largest first", () => {
  const job = (id: string, kind: string, error: string | null) =>
    ({ id, kind, queue: "images", failure: "exhausted", error }) as unknown as ListedJob;
  const groups = grouped([
    job("1", "a", "x 1"),
    job("2", "b", null),
    job("3", "b", null),
    job("4", "a", "y"),
  ]);
  expect(groups.map(({ kind, jobs }) => [kind, jobs.map(({ id }) => id).join()])).toEqual([
    ["b", "2,3"],
    ["a", "1"],
    ["a", "4"],
  ]);
});
