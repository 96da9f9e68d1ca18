import { describe, expect, it } from "vitest";
import { changed, mergePatch } from "./changed";
import { parseExact } from "./exact";

it("names what is not as it was, and takes nothing for the same as null", () => {
  expect(changed({ a: 1, b: [1, 2], c: null }, { a: 1, b: [2, 1], c: undefined })).toEqual({ b: [2, 1] });
});

describe("a merge patch", () => {
  it("takes away what is gone, at every depth, and leaves what stayed", () => {
    const before = { kind: { $in: ["a"] }, order: { id: 1, paid: true } };
    expect(mergePatch(before, { order: { id: 2 } })).toEqual({ kind: null, order: { id: 2, paid: null } });
    expect(mergePatch(before, before)).toEqual({});
  });

  it("replaces lists, and what is no object", () => {
    expect(mergePatch({ a: [1, 2] }, { a: [2] })).toEqual({ a: [2] });
    expect(mergePatch(null, { a: 1 })).toEqual({ a: 1 });
    expect(mergePatch({ a: 1 }, null)).toBe(null);
  });

  it("keeps every digit of a number", () => {
    const [before, after] = ['{"id":12345678901234567891}', '{"id":92345678901234567891}'].map(parseExact);
    expect(JSON.stringify(mergePatch(before, after))).toBe(JSON.stringify(after));
  });
});
