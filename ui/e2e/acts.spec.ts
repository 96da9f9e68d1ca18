// Every act that destroys something asks first, in words that name its object and tell what is lost, and a question that is
// called off has done nothing.
import { randomUUID } from "node:crypto";
import { expect, type Page, test } from "@playwright/test";
import { BASE_URL, call, callAsOwner, credentials, LATEST_MS, SESSION } from "./server";
import { failNext, person } from "./support";

interface Made {
  id: string;
}

/** Jobs of the walk, and how they are before and after it. */
const untouched = new Map<string, string>();

interface Act {
  /** Where it is done. */
  path: string;
  press: (page: Page) => Promise<void>;
  /** What the question names, in its title or its text. */
  names: string;
}

const tag = randomUUID().slice(0, 6);
const button = (name: string) => (page: Page) => page.getByRole("button", { name, exact: true }).click();
const inMenu =
  (item: string, menu = "Actions") =>
  async (page: Page) => {
    await page.getByRole("button", { name: menu, exact: true }).click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
  };
/** Lists show the newest first, and no more than a page of them. */
const inRow = (row: string, name: string) => (page: Page) =>
  page.getByRole("row").filter({ hasText: row }).getByRole("button", { name }).first().click();

async function hooks(): Promise<Act[]> {
  const name = `Doomed hook ${tag}`;
  // Nobody listens there: the delivery waits for its next attempt.
  const body = { url: "http://127.0.0.1:9/", events: [`doomed.${tag}`], description: name };
  const { id } = await call<Made>("POST", "/webhooks", { ...body, retry: { preset: "standard" } });
  await call("POST", "/event-types", { name: `doomed.${tag}`, description: "Gone soon" });
  await call("POST", "/events", { type: `doomed.${tag}`, data: {} });
  const logs = () => call<{ data: Made[] }>("GET", `/webhooks/${id}/logs?state=pending`);
  await expect.poll(async () => (await logs()).data.length, { timeout: LATEST_MS }).toBe(1);
  const delivery = (await logs()).data[0]?.id;
  return [
    { path: `/webhooks/${id}`, press: inMenu("Delete"), names: name },
    { path: `/webhooks/${id}`, press: inMenu("Disable"), names: name },
    { path: `/webhooks/${id}/secret`, press: button("Rotate"), names: name },
    { path: `/deliveries/${delivery}`, press: button("Cancel"), names: `doomed.${tag}` },
    { path: "/event-types", press: inRow(`doomed.${tag}`, "Delete"), names: `doomed.${tag}` },
  ];
}

async function jobs(): Promise<Act[]> {
  const queue = `doomed-${tag}`;
  const job = { queue, kind: `doomed.job.${tag}`, payload: {}, attempts: 1 };
  await call("POST", "/jobs", job);
  const failed = await failNext(queue, "it was doomed");
  const waiting = await call<Made>("POST", "/jobs", job);
  untouched.set(failed, "failed").set(waiting.id, "waiting");
  const target = { job: { queue, kind: job.kind, payload: {} } };
  const rule = { name: `Doomed rule ${tag}`, every_ms: 3_600_000, target };
  const schedule = await call<Made>("POST", "/schedules", rule);
  const order = { definition: "jobs", format: "csv", name: `Doomed report ${tag}` };
  const report = await call<Made>("POST", "/reports", { ...order, period: { last_ms: 60_000 } });
  const all = `/failures?queue=${queue}`;
  return [
    { path: `/queues/${queue}`, press: button("Pause"), names: queue },
    { path: `/queues/${queue}`, press: button("Drain"), names: queue },
    { path: `/jobs/${waiting.id}`, press: button("Cancel"), names: job.kind },
    { path: `/jobs/${failed}`, press: inMenu("Delete"), names: job.kind },
    { path: `/jobs?queue=${queue}&state=failed`, press: button("Delete"), names: "1 would be deleted" },
    { path: `/jobs?queue=${queue}&state=waiting`, press: button("Cancel"), names: "1 would be cancelled" },
    { path: all, press: button("Retry all…"), names: "1 would run again" },
    { path: all, press: button("Delete 1"), names: "1 would be deleted" },
    { path: `/schedules/${schedule.id}`, press: button("Delete"), names: rule.name },
    { path: `/reports/${report.id}`, press: button("Delete"), names: order.name },
  ];
}

async function company(): Promise<Act[]> {
  const somebody = await person("user");
  const { email } = credentials();
  // Another session of the one who walks.
  await call("POST", "/auth/login", { email, password: credentials().password });
  const users = await callAsOwner<{ data: (Made & { email: string })[] }>("GET", "/users?limit=250");
  const user = users.data.find((one) => one.email === somebody.email)?.id;
  const team = `Doomed team ${tag}`;
  const department = await callAsOwner<Made>("POST", "/departments", { name: team });
  await callAsOwner("PUT", `/departments/${department.id}/members/${user}`);
  const guest = `doomed-${tag}@example.com`;
  await callAsOwner("POST", "/auth/invites", { email: guest, role: "user" });
  const key = `Doomed key ${tag}`;
  await callAsOwner("POST", "/api-keys", { name: key, scopes: ["jobs:read"] });
  const menu = `Actions: ${somebody.name}`;
  return [
    { path: "/people", press: inMenu("Remove", menu), names: somebody.name },
    { path: "/people", press: inMenu("End all sessions", menu), names: somebody.name },
    { path: "/people", press: inMenu("Remove the second factor", menu), names: somebody.name },
    { path: `/departments/${department.id}`, press: button("Delete"), names: team },
    {
      path: `/departments/${department.id}`,
      press: button(`Remove: ${somebody.name}`),
      names: somebody.name,
    },
    { path: "/invites", press: button(`Withdraw: ${guest}`), names: guest },
    { path: "/keys", press: button(`Revoke: ${key}`), names: key },
    { path: "/security", press: button("Sign out everywhere"), names: "everywhere" },
    { path: "/security", press: inRow("", "End"), names: "End the session of" },
  ];
}

for (const [name, acts] of Object.entries({ webhooks: hooks, jobs, "the company": company })) {
  test(`what destroys something of ${name} asks first, by name`, async ({ browser }) => {
    test.slow();
    const context = await browser.newContext({ baseURL: BASE_URL, storageState: SESSION });
    const page = await context.newPage();
    const changes: string[] = [];
    for (const { path, press, names } of await acts()) {
      await page.goto(path);
      await expect(page.locator(".loading")).toHaveCount(0);
      page.removeAllListeners("request");
      page.on("request", (request) => {
        // Jobs are counted first, by the request that would act on them: what became of them is looked at below.
        const isCount = /\/(jobs\/actions|drain)$/.test(request.url());
        if (request.method() !== "GET" && !isCount) changes.push(`${request.method()} ${request.url()}`);
      });
      await press(page);
      const dialog = page.getByRole("dialog");
      await expect(dialog, `${path}: ${names}`).toContainText(names);
      // The way back is not called as what is asked about: "Cancel" would be both.
      const words = await dialog.locator("button:not([aria-label])").allTextContents();
      expect(new Set(words).size, `${path}: ${words}`).toBe(words.length);
      await page.keyboard.press("Escape");
      await expect(dialog).toHaveCount(0);
    }
    expect(changes).toEqual([]);
    for (const [id, state] of untouched) {
      expect((await call<{ state: string }>("GET", `/jobs/${id}`)).state).toBe(state);
    }
    await context.close();
  });
}

test("what was paused or turned off is taken back by one press", async ({ page }) => {
  const queue = `undo-${tag}`;
  await call("POST", "/jobs", { queue, kind: "undo.one", payload: {} });
  await page.goto(`/queues/${queue}`);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").locator("button[type=submit]").click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("Taken back.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  const { paused } = await call<{ paused: boolean }>("GET", `/queues/${queue}`);
  expect(paused).toBe(false);
  const body = { url: "http://127.0.0.1:9/", events: [`undo.${tag}`], description: `Undone ${tag}` };
  const { id } = await call<Made>("POST", "/webhooks", body);
  await page.goto(`/webhooks/${id}`);
  await inMenu("Disable")(page);
  await page.getByRole("dialog").locator("button[type=submit]").click();
  await expect(page.locator(".page-note .state")).toHaveText("disabled");
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("healthy");
});
