// What a page keeps, and must not keep, while a person goes from one object to the next.
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { me, renderApp, Status } from "../test/renderApp";

const all = { ...me, scopes: [...me.scopes, "queues:write", "schedules:read", "schedules:write"] };
const page = (data: unknown[]) => ({ data, next_cursor: null });
const job = {
  id: "job_1",
  queue: "mail",
  kind: "letter.send",
  state: "completed",
  payload: { to: "Ada" },
  priority: 5,
  attempt: 1,
  attempts: 3,
  created_at: "2026-01-01T00:00:00.000Z",
  started_at: "2026-01-01T00:00:01.000Z",
  finished_at: "2026-01-01T00:00:02.000Z",
  run_at: null,
  errors: [],
  tags: [],
  log_lines: 0,
  rescues: 0,
  blocked_by: 0,
  children: 0,
  progress: null,
  result: null,
  parent_id: null,
};
const keep = { age_ms: 3_600_000, count: 1_000, bytes: 1 << 20 };
const settings = {
  attempts: 3,
  backoff: { kind: "exponential", delay_ms: 1_000, max_ms: null, jitter: 0.2 },
  concurrency: 4,
  group_concurrency: null,
  rate_per_second: null,
  retention: { done: keep, failed: keep },
  search_fields: [],
  timeout_ms: null,
};
const metrics = { name: "mail", window: "1h", step_ms: 60_000, points: [] };

describe("a job", () => {
  it("is shown again after one like it was begun", async () => {
    const { router } = renderApp("/jobs/new?like=job_1", {
      "GET /auth/me": all,
      "GET /jobs/job_1": job,
      "GET /queues": page([]),
    });
    expect(await screen.findByDisplayValue("letter.send")).toBeTruthy();
    await act(() => router.navigate({ to: "/jobs/$id", params: { id: "job_1" } }));
    expect(await screen.findByRole("heading", { name: "letter.send" })).toBeTruthy();
    expect(await screen.findByRole("heading", { name: "Payload" })).toBeTruthy();
  });
});

describe("a queue", () => {
  it("shows its own settings after another one", async () => {
    const { router, calls } = renderApp("/queues/mail", {
      "GET /auth/me": all,
      "GET /queues": page([]),
      "GET /jobs": page([]),
      "GET /queues/mail": { name: "mail", paused: false, settings },
      "GET /queues/pages": { name: "pages", paused: false, settings: { ...settings, concurrency: 9 } },
      "GET /queues/mail/metrics": metrics,
      "GET /queues/pages/metrics": { ...metrics, name: "pages" },
      "PATCH /queues/pages": new Status(200, { name: "pages", paused: false, settings }),
    });
    const running = () => screen.findByLabelText<HTMLInputElement>("Concurrency");
    fireEvent.change(await running(), { target: { value: "77" } });
    await act(() => router.navigate({ to: "/queues/$name", params: { name: "pages" } }));
    await waitFor(async () => expect((await running()).value).toBe("9"));
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(calls.some(({ method }) => method === "PATCH")).toBe(true));
    expect(JSON.stringify(calls.find(({ method }) => method === "PATCH"))).not.toContain("77");
  });
});
