// What is read again by itself, and what waits for somebody to ask.
import { focusManager, onlineManager, QueryObserver } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import { setPaused } from "../lib/live";
import { isFollowed, queries } from "./session";

/** A busy machine takes its time. */
const LATEST = { timeout: 10_000 };

function listOf(pages: number) {
  const queryKey = ["list", pages];
  queries.setQueryData(queryKey, { pages: Array(pages).fill({ data: [] }), pageParams: [] });
  const query = queries.getQueryCache().find({ queryKey });
  if (query === undefined) throw new Error("the list is not kept");
  return query;
}

afterEach(() => {
  onlineManager.setOnline(true);
  focusManager.setFocused(undefined);
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

  it("stays as it is when the page is seen again while the person has stopped that", async () => {
    let reads = 0;
    const options = { queryKey: ["followed"], queryFn: async () => (reads += 1), staleTime: 0 };
    queries.mount();
    const stop = new QueryObserver(queries, options).subscribe(() => {});
    await vi.waitFor(() => expect([reads, queries.isFetching()]).toEqual([1, 0]), LATEST);
    focusManager.setFocused(false);
    setPaused(true);
    focusManager.setFocused(true);
    expect(queries.isFetching()).toBe(0);
    setPaused(false);
    focusManager.setFocused(false);
    focusManager.setFocused(true);
    await vi.waitFor(() => expect(reads).toBe(2), LATEST);
    stop();
    queries.unmount();
  });
});

describe("without a network, as the browser sees it", () => {
  it("reads and changes things all the same: the server may be this very machine", async () => {
    onlineManager.setOnline(false);
    const reading = queries.fetchQuery({ queryKey: ["offline"], queryFn: async () => "read" });
    const change = queries.getMutationCache().build(queries, { mutationFn: async () => "changed" });
    expect(await Promise.all([reading, change.execute(undefined)])).toEqual(["read", "changed"]);
  });
});
