// When the log of a job is read again.
import { act, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { type Call, me, renderApp } from "../../test/renderApp";
import { t } from "../../texts";

const line = (text: string) => ({ at: "2026-01-01T00:00:00.000Z", attempt: 1, text });
const job = {
  id: "job_1",
  queue: "mail",
  kind: "letter.send",
  state: "active",
  payload: {},
  priority: 5,
  attempt: 1,
  attempts: 3,
  created_at: "2026-01-01T00:00:00.000Z",
  started_at: "2026-01-01T00:00:01.000Z",
  finished_at: null,
  errors: [],
  tags: [],
  log_lines: 1,
  rescues: 0,
  blocked_by: 0,
  children: 0,
  progress: null,
  result: null,
};

/** Shows the job, whose log has one line more each time it is told to. */
function show(log: (call: Call) => unknown) {
  let lines = 1;
  const { calls, queries } = renderApp("/jobs/job_1", {
    "GET /auth/me": me,
    "GET /jobs/job_1": () => ({ ...job, log_lines: lines }),
    "GET /jobs/job_1/log": log,
  });
  const write = async () => {
    lines += 1;
    await act(() => queries.invalidateQueries({ queryKey: ["job", "job_1"] }));
    expect(await screen.findByText(t.jobs.one.logLines(String(lines)))).toBeTruthy();
  };
  return { write, reads: () => calls.filter(({ path }) => path.endsWith("/log")).length };
}

it("is read again for a line that came while it was first read", async () => {
  let answer: (page: unknown) => void = () => {};
  const first = new Promise((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  const { write, reads } = show(() => {
    asked += 1;
    return asked === 1 ? first : { data: [line("began"), line("ended")], next_cursor: null };
  });
  await waitFor(() => expect(reads()).toBe(1));
  await write();
  await act(async () => answer({ data: [line("began")], next_cursor: null }));
  expect(await screen.findByText("ended")).toBeTruthy();
  expect(reads()).toBe(2);
});

it("is not read again while the end of it is not shown", async () => {
  const { write, reads } = show(() => ({ data: [line("began")], next_cursor: "more" }));
  expect(await screen.findByText("began")).toBeTruthy();
  await write();
  await write();
  expect(reads()).toBe(1);
});
