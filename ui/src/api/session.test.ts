// What is read again by itself, and what waits for somebody to ask.
import { afterEach, describe, expect, it } from "vitest";
import { setPaused } from "../lib/live";
import { isFollowed, queries } from "./session";

function listOf(pages: number) {
  const queryKey = ["list", pages];
  queries.setQueryData(queryKey, { pages: Array(pages).fill({ data: [] }), pageParams: [] });
  const query = queries.getQueryCache().find({ queryKey });
  if (query === undefined) throw new Error("the list is not kept");
  return query;
}

afterEach(() => {
  setPaused(false);
  queries.clear();
});

describe("a list", () => {
  it("is read again when the page is seen again, unless it is long or the person stopped that", () => {
    expect(isFollowed(listOf(2))).toBe(true);
    expect(isFollowed(listOf(3))).toBe(false);
    setPaused(true);
    expect(isFollowed(listOf(2))).toBe(false);
  });

  it("is read whatever the browser thinks of the network", () => {
    const { queries: reading, mutations } = queries.getDefaultOptions();
    expect([reading?.networkMode, mutations?.networkMode]).toEqual(["always", "always"]);
    expect([reading?.refetchOnWindowFocus, reading?.refetchOnReconnect]).toEqual([isFollowed, isFollowed]);
  });
});
