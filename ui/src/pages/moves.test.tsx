// What a page keeps, and must not keep, while a person goes from one object to the next.
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { me, renderApp, Status } from "../test/renderApp";

const more = ["queues:write", "schedules:read", "schedules:write", "users:read", "departments:write"];
const all = { ...me, scopes: [...me.scopes, ...more] };
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

  it("is begun like another one after one like this", async () => {
    const { router } = renderApp("/jobs/new?like=job_1", {
      "GET /auth/me": all,
      "GET /jobs/job_1": job,
      "GET /jobs/job_2": { ...job, id: "job_2", kind: "letter.print" },
      "GET /queues": page([]),
    });
    fireEvent.change(await screen.findByDisplayValue("letter.send"), { target: { value: "letter.burn" } });
    await act(() => router.navigate({ to: "/jobs/new", search: { like: "job_2" } }));
    expect(await screen.findByDisplayValue("letter.print")).toBeTruthy();
    expect(screen.queryByDisplayValue("letter.burn")).toBeNull();
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

describe("a department", () => {
  it("says nothing of the one before while it is read", async () => {
    const { router } = renderApp("/departments/dep_1", {
      "GET /auth/me": all,
      "GET /departments/dep_1": { id: "dep_1", name: "Accounts", description: "Pays", members: 1 },
      "GET /departments/dep_1/members": page([{ ...me.user, id: "usr_2", name: "Grace Hopper" }]),
      "GET /departments/dep_2": () => new Promise(() => {}),
      "GET /departments/dep_2/members": () => new Promise(() => {}),
    });
    expect(await screen.findByText("Grace Hopper")).toBeTruthy();
    await userEvent.click(await screen.findByRole("button", { name: "Edit" }));
    expect(screen.getByRole("dialog")).toBeTruthy();
    await act(() => router.navigate({ to: "/departments/$id", params: { id: "dep_2" } }));
    expect(await screen.findByRole("heading", { name: "dep_2" })).toBeTruthy();
    expect(screen.queryByText("Grace Hopper")).toBeNull();
    expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});

describe("a schedule", () => {
  it("is changed from what it is itself, not from the one before", async () => {
    const rule = { enabled: true, every_ms: 60_000, catch_up: "one", next_times: [] };
    const target = { job: { queue: "mail", kind: "letter.send", payload: {} } };
    const { router } = renderApp("/schedules/sch_1/edit", {
      "GET /auth/me": all,
      "GET /schedules/sch_1": { id: "sch_1", name: "Nightly", target, ...rule },
      "GET /schedules/sch_2": { id: "sch_2", name: "Weekly", target, ...rule },
      "GET /schedules/preview": { next_times: [] },
      "GET /reports/definitions": page([]),
      "GET /queues": page([]),
    });
    const name = () => screen.findByLabelText<HTMLInputElement>("Name");
    fireEvent.change(await name(), { target: { value: "Nightly, and more" } });
    await act(() => router.navigate({ to: "/schedules/$id/edit", params: { id: "sch_2" } }));
    await waitFor(async () => expect((await name()).value).toBe("Weekly"));
  });
});
