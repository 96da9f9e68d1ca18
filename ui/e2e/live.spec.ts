// Pages that follow what happens, and what they do when they cannot.
import { expect, type Page, test } from "@playwright/test";
import { call, credentialsIn, serve } from "./server";
import { failNext, NOBODY, signIn } from "./support";

interface Made {
  id: string;
}

async function add(queue: string, kind: string): Promise<Made> {
  return await call<Made>("POST", "/jobs", { queue, kind, payload: {} });
}

async function isLive(page: Page): Promise<void> {
  await expect(page.locator(".live-live")).toBeVisible();
}

test("a change is shown at once, and by one connection", async ({ page }) => {
  const streams: string[] = [];
  page.on("request", (request) => request.url().endsWith("/stream") && streams.push(request.url()));
  await page.goto("/jobs?queue=live");
  await isLive(page);
  const { id } = await add("live", "live.one");
  // Sooner than the page would have asked by itself.
  await expect(page.getByRole("link", { name: "live.one" })).toBeVisible({ timeout: 3_000 });
  await page.getByRole("link", { name: "live.one" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("waiting");
  await call("POST", `/jobs/${id}/cancel`);
  await expect(page.locator(".page-note .state")).toHaveText("cancelled", { timeout: 3_000 });
  expect(streams).toHaveLength(1);
});

test("refreshing is paused and goes on with what was missed", async ({ page }) => {
  await page.goto("/jobs?queue=paused");
  await isLive(page);
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await expect(page.locator(".live-paused")).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await add("paused", "paused.one");
  // Another page of the same address hears of it: by then this one would have, too.
  const other = await page.context().newPage();
  await other.goto("/jobs?queue=paused");
  await expect(other.getByRole("link", { name: "paused.one" })).toBeVisible();
  await other.close();
  expect(asked).toEqual([]);
  await page.getByRole("button", { name: "Paused", exact: true }).click();
  await expect(page.getByRole("link", { name: "paused.one" })).toBeVisible();
});

test("without the stream the page asks every few seconds", async ({ page }) => {
  await page.route("**/api/v1/stream", (route) => route.fulfill({ status: 403, json: {} }));
  await page.goto("/jobs?queue=polled");
  await expect(page.locator(".live-polling")).toBeVisible();
  await add("polled", "polled.one");
  await expect(page.getByRole("link", { name: "polled.one" })).toBeVisible({ timeout: 10_000 });
});

test.describe("with a server of its own", () => {
  test.use({ storageState: NOBODY });

  test("a killed server is said to be away, and the open page goes on when it is back", async ({ page }) => {
    const server = await serve();
    const { email, password, api_key: token } = credentialsIn(server.data);
    await page.goto(`${server.url}/jobs?queue=before`);
    await signIn(page, { email, password });
    await isLive(page);
    await server.kill();
    await expect(page.getByRole("alert").filter({ hasText: "Reconnecting" })).toBeVisible();
    await server.restart();
    await expect(page.getByRole("alert").filter({ hasText: "Reconnecting" })).toHaveCount(0);
    await isLive(page);
    const job = { queue: "before", kind: "after.restart", payload: {} };
    await call("POST", "/jobs", job, { url: server.url, token });
    await expect(page.getByRole("link", { name: "after.restart" })).toBeVisible({ timeout: 3_000 });
    await server.stop();
  });

  test("what fails rings the bell at once, stays told and is marked by each person alone", async ({
    page,
  }) => {
    const server = await serve();
    const { email, password, api_key: token } = credentialsIn(server.data);
    const at = { url: server.url, token };
    await page.goto(`${server.url}/queues`);
    await signIn(page, { email, password });
    await isLive(page);
    await expect(page.getByRole("button", { name: "Notifications", exact: true })).toBeVisible();
    await call("POST", "/jobs", { queue: "bell", kind: "bell.one", payload: {} }, at);
    await failNext("bell", "the clapper is gone", at);
    const bell = page.getByRole("button", { name: "Notifications, 1 new" });
    await expect(bell).toBeVisible({ timeout: 5_000 });
    await page.reload();
    await bell.click();
    await page.getByRole("menuitem", { name: /bell\.one failed/ }).click();
    await expect(page.getByText("the clapper is gone").first()).toBeVisible();
    await expect(page.getByRole("button", { name: "Notifications", exact: true })).toBeVisible();
    for (let job = 1; job < 10; job += 1) {
      await call("POST", "/jobs", { queue: "bell", kind: "bell.one", payload: {} }, at);
      await failNext("bell", "the clapper is gone", at);
    }
    await expect(bell).toBeVisible();
    await bell.click();
    await page.getByRole("menuitem", { name: "All notifications" }).click();
    await expect(page.getByRole("heading", { name: "Notifications" })).toBeVisible();
    await expect(page.getByRole("link", { name: "10 dead letters in bell" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Mark as read" })).toHaveCount(1);
    // Another window of the same person hears of the marks at once.
    const other = await page.context().newPage();
    await other.goto(`${server.url}/queues`);
    await isLive(other);
    await expect(other.getByRole("button", { name: "Notifications, 1 new" })).toBeVisible();
    await page.getByRole("button", { name: "Mark all as read" }).click();
    await expect(page.getByRole("button", { name: "Mark as read" })).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Mark all as read" })).toBeDisabled();
    await expect(other.getByRole("button", { name: "Notifications", exact: true })).toBeVisible({
      timeout: 3_000,
    });
    await other.close();
    // The middle button opens another tab, as it does with any link.
    const opening = page.context().waitForEvent("page");
    await page.getByRole("link", { name: "10 dead letters in bell" }).click({ button: "middle" });
    await expect((await opening).getByRole("heading", { name: "bell.one · 10" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Notifications", exact: true })).toBeVisible();
    await page.getByRole("link", { name: "10 dead letters in bell" }).click();
    await expect(page.getByRole("heading", { name: "bell.one · 10" })).toBeVisible();
    await server.stop();
  });
});
