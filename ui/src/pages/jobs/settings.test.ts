// What is sent of a queue's settings.
import { expect, it } from "vitest";
import { Fields } from "../../components/Form";
import { patchOf } from "./QueueSettings";

const keep = { age_ms: 10_000, count: 1_000, bytes: 1_234_567 };
const settings = {
  attempts: 3,
  backoff: { kind: "exponential", delay_ms: 1_000, max_ms: null, jitter: 0.123456 },
  concurrency: 4,
  group_concurrency: null,
  rate_per_second: null,
  retention: { done: keep, failed: keep },
  search_fields: ["order.id"],
  timeout_ms: null,
};
const shown = {
  attempts: "3",
  backoff: "exponential",
  backoff_delay: "1000",
  backoff_max: "",
  backoff_jitter: "0.123",
  concurrency: "4",
  group_concurrency: "",
  rate_per_second: "",
  timeout_ms: "",
  search_fields: "order.id",
  done_age: "0.00278",
  done_count: "1000",
  done_bytes: "1.18",
  failed_age: "0.00278",
  failed_count: "1000",
  failed_bytes: "1.18",
};

function patch(typed: Partial<typeof shown>) {
  const data = new FormData();
  for (const [name, value] of Object.entries({ ...shown, ...typed })) data.set(name, value);
  return patchOf(settings, new Fields(data));
}

it("sends nothing of what is as it was shown, however it was rounded", () => {
  expect(patch({})).toEqual({});
});

it("sends what was typed, and no more", () => {
  expect(patch({ concurrency: "9" })).toEqual({ concurrency: 9 });
  expect(patch({ done_count: "5" })).toEqual({ retention: { done: { count: 5 } } });
  expect(patch({ failed_age: "2" })).toEqual({ retention: { failed: { age_ms: 7_200_000 } } });
  expect(patch({ backoff_delay: "50" })).toMatchObject({ backoff: { kind: "exponential", delay_ms: 50 } });
});
