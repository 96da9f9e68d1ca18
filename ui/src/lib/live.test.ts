import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isFed, refreshByStream, staleBy } from "./stale";
import { type Change, follow, forgetPlace, onStream, type StreamEvent } from "./stream";

const change = (over: Partial<Change>): StreamEvent => ({
  name: "change",
  change: {
    cursor: "1-1",
    at: "2026-11-21T12:00:00.000Z",
    object: "job",
    id: "job_1",
    change: "failed",
    ...over,
  },
});

function bodyOf(text: string, isOpen: boolean): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(out) {
      out.enqueue(new TextEncoder().encode(text));
      if (!isOpen) out.close();
    },
  });
}

describe("what a change makes old", () => {
  it("names the object, its lists and what shows them otherwise", () => {
    const keys = staleBy(change({ queue: "email" }));
    expect(keys).toContainEqual(["job", "job_1"]);
    expect(keys).toContainEqual(["jobs"]);
    expect(keys).toContainEqual(["emails"]);
    expect(staleBy(change({ object: "delivery", id: "dlv_1" }))).toContainEqual(["delivery", "dlv_1"]);
    expect(staleBy({ name: "gap" })).toBeUndefined();
    expect(isFed(["jobs", {}, 50])).toBe(true);
    expect(isFed(["audit"])).toBe(false);
    expect(staleBy({ name: "notification" })).toEqual([["notifications"]]);
  });
});

describe("the stream", () => {
  afterEach(() => {
    forgetPlace();
    vi.useRealTimers();
  });

  it("comes again behind the last event it saw", async () => {
    vi.useFakeTimers();
    const told: StreamEvent[] = [];
    const places: (string | undefined)[] = [];
    const stopListening = onStream((event) => told.push(event));
    const line = JSON.stringify({ object: "job", id: "job_1", change: "completed" });
    const parts = [`event: ready\nid: 4-1\ndata: {}\n\nevent: change\nid: 5-1\ndata: ${line}\n\n`];
    const stop = follow(async (after) => {
      places.push(after);
      const text = parts.shift();
      return new Response(bodyOf(text ?? "event: ready\nid: 5-1\ndata: {}\n\n", text === undefined));
    });
    await vi.advanceTimersByTimeAsync(1_500);
    stop();
    stopListening();
    expect(places).toEqual([undefined, "5-1"]);
    expect(told.map(({ name }) => name)).toEqual(["gap", "change"]);
  });

  it("leaves it when there is no right to follow", async () => {
    vi.useFakeTimers();
    const open = vi.fn(async () => new Response(null, { status: 403 }));
    const stop = follow(open);
    await vi.advanceTimersByTimeAsync(60_000);
    stop();
    expect(open).toHaveBeenCalledTimes(1);
  });
});

it("reads again what changed, a flood of changes once a second", async () => {
  vi.useFakeTimers();
  let tell: (text: string) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(out) {
      tell = (text) => out.enqueue(new TextEncoder().encode(text));
    },
  });
  const queries = new QueryClient();
  const reads = vi.fn(async () => ({ data: [] }));
  const observer = new QueryObserver(queries, { queryKey: ["jobs", {}, 50], queryFn: reads });
  const leave = observer.subscribe(() => undefined);
  const stopRefreshing = refreshByStream(queries);
  const stop = follow(async () => new Response(body));
  await vi.advanceTimersByTimeAsync(10);
  expect(reads).toHaveBeenCalledTimes(1);
  const line = JSON.stringify({ object: "job", id: "job_1", change: "completed" });
  for (let round = 0; round < 40; round += 1) {
    tell(`event: change\nid: ${round}-1\ndata: ${line}\n\n`);
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  const { length } = reads.mock.calls;
  expect(length).toBeGreaterThanOrEqual(4);
  expect(length).toBeLessThanOrEqual(7);
  stop();
  stopRefreshing();
  leave();
  queries.clear();
  forgetPlace();
  vi.useRealTimers();
});
