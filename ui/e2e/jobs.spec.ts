// Jobs and their queues.
import { expect, test } from "@playwright/test";
import { BASE_URL, call, credentials } from "./server";
import { confirm, failNext } from "./support";

interface Made {
  id: string;
}

test("a job is added, cancelled and retried", async ({ page }) => {
  await page.goto("/jobs/new?queue=low");
  await page.getByLabel("Kind").fill("report.monthly");
  await page.getByLabel("Payload").fill("{not json");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("This is no valid JSON.").first()).toBeVisible();
  await page.getByLabel("Payload").fill('{"month": 11}');
  await page.getByRole("button", { name: "Add", exact: true }).click();
  // The form has a button of that name too.
  await expect(page.getByRole("heading", { name: "report.monthly" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await confirm(page, "Cancel the job report.monthly?");
  await expect(page.locator(".page-note .state")).toHaveText("cancelled");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("waiting");
});

test("numbers that a browser would round stay as they are when a job is edited", async ({ page }) => {
  const headers = { Authorization: `Bearer ${credentials().api_key}`, "Content-Type": "application/json" };
  const big = '{"order":9007199254740993,"rate":0.12345678901234567891}';
  const body = `{"queue":"exact","kind":"big.number","payload":${big}}`;
  const made = await fetch(`${BASE_URL}/api/v1/jobs`, { method: "POST", headers, body });
  const { id } = (await made.json()) as Made;
  await page.goto(`/jobs/${id}`);
  await expect(page.getByText('"order": 9007199254740993')).toBeVisible();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Priority").fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  const text = await (await fetch(`${BASE_URL}/api/v1/jobs/${id}`, { headers })).text();
  expect(JSON.parse(text)).toMatchObject({ priority: 3 });
  expect(text).toContain(big);
});

test("filters of the list live in the address and survive going back", async ({ page }) => {
  await call("POST", "/jobs", { queue: "filters", kind: "filter.one", payload: {}, tags: ["red"] });
  await call("POST", "/jobs", { queue: "filters", kind: "filter.two", payload: {}, tags: ["blue"] });
  await page.goto("/jobs?queue=filters");
  await expect(page.getByRole("link", { name: /^filter\./ })).toHaveCount(2);
  await page.getByRole("button", { name: "More filters" }).click();
  await page.getByLabel("Tag").fill("red");
  await page.getByLabel("Tag").press("Enter");
  await expect(page).toHaveURL(/tag=red/);
  await expect(page.getByRole("link", { name: /^filter\./ })).toHaveCount(1);
  await page.getByRole("link", { name: "filter.one" }).click();
  await expect(page.getByRole("heading", { name: "filter.one" })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/tag=red/);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/jobs$/);
});

test("a failed job tells why, and is gone after a named question", async ({ page }) => {
  await call("POST", "/jobs", { queue: "broken", kind: "thumbnail.make", payload: { image: 4 } });
  const id = await failNext("broken", "the image is damaged");
  await page.goto(`/jobs/${id}`);
  await expect(page.getByText("the image is damaged").first()).toBeVisible();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await confirm(page, "Delete the job thumbnail.make?");
  await expect(page).toHaveURL(/\/jobs$/);
  await page.goto(`/jobs/${id}`);
  await expect(page.getByRole("alert")).toBeVisible();
});

test("a queue is paused, its limits are changed, and it goes on", async ({ page }) => {
  await call("POST", "/jobs", { queue: "slow", kind: "slow.one", payload: {} });
  await page.goto("/queues/slow");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await confirm(page, "Pause the queue slow?");
  await expect(page.locator(".page-note .state")).toHaveText("paused");
  await page.getByLabel("Concurrency", { exact: true }).fill("3");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
  const { settings } = await call<{ settings: { concurrency: number } }>("GET", "/queues/slow");
  expect(settings.concurrency).toBe(3);
});

test("a queue is drained only when its name is typed", async ({ page }) => {
  const { id } = await call<Made>("POST", "/jobs", { queue: "full", kind: "full.one", payload: {} });
  await page.goto("/queues/full");
  await page.getByRole("button", { name: "Drain" }).click();
  const dialog = page.getByRole("dialog", { name: "Drain the queue full?" });
  await expect(dialog).toContainText("1 job waits in this queue now.");
  await expect(dialog.locator("button[type=submit]")).toBeDisabled();
  await dialog.getByLabel("Type “full” to confirm").fill("full");
  await dialog.locator("button[type=submit]").click();
  await expect(page.getByText("1 job cancelled")).toBeVisible();
  await page.goto(`/jobs/${id}`);
  await expect(page.locator(".page-note .state")).toHaveText("cancelled");
});

test("the figures of the queues above the list are filters of it", async ({ page }) => {
  await call("POST", "/jobs", { queue: "strip", kind: "strip.now", payload: {} });
  await call("POST", "/jobs", { queue: "strip", kind: "strip.later", payload: {}, delay_ms: 3_600_000 });
  await page.goto("/jobs?queue=strip");
  const strip = page.getByRole("region", { name: "Queues" });
  await expect(strip.getByRole("link", { name: "Waiting 1 in strip" })).toBeVisible();
  const delayed = strip.getByRole("link", { name: "Delayed 1 in strip" });
  await delayed.click();
  await expect(page).toHaveURL(/queue=strip&state=delayed/);
  await expect(delayed).toHaveAttribute("aria-current", "true");
  await expect(page.getByRole("link", { name: "strip.later" })).toBeVisible();
  await expect(page.getByRole("link", { name: "strip.now" })).toHaveCount(0);
  // Live: what comes is counted at once.
  await expect(page.locator(".live-live")).toBeVisible();
  await call("POST", "/jobs", { queue: "strip", kind: "strip.later", payload: {}, delay_ms: 3_600_000 });
  await expect(strip.getByRole("link", { name: "Delayed 2 in strip" })).toBeVisible({ timeout: 5_000 });
  await strip.getByRole("link", { name: "Delayed 2 in strip" }).click();
  await expect(page).toHaveURL(/\/jobs$/);
  for (let more = 0; more < 6; more += 1) {
    await call("POST", "/jobs", { queue: `strip-${more}`, kind: "strip.now", payload: {} });
  }
  await page.goto("/jobs?queue=strip-0");
  await expect(strip.getByRole("listitem").filter({ has: page.locator(".queue-head") })).toHaveCount(5);
  await strip.getByRole("link", { name: "strip-0", exact: true }).click();
  await expect(page.getByRole("heading", { name: "strip-0" })).toBeVisible();
  await page.goto("/jobs");
  await strip.getByRole("link", { name: /Show all \d+ queues/ }).click();
  await expect(page.getByRole("heading", { name: "Queues" })).toBeVisible();
});
