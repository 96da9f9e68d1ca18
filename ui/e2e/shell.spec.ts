// The frame around the pages: palette, keyboard, theme, language, and odd texts in it.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { call } from "./server";

test("the palette goes to pages and to objects by their id", async ({ page }) => {
  const { data } = await call<{ data: { id: string }[] }>("GET", "/events?type=order.created&limit=1");
  await page.goto("/queues");
  await expect(page.getByRole("heading", { name: "Queues" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("event types");
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/event-types$/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type(data[0]?.id ?? "");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "order.created" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("add a job");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/jobs\/new$/);
});

test("the palette goes to queues and webhooks by their names", async ({ page }) => {
  await page.goto("/profile");
  await expect(page.getByRole("heading", { name: "Profile" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("warehouse");
  await page.getByRole("option", { name: "Warehouse" }).click();
  await expect(page.getByRole("heading", { name: "Warehouse" })).toBeVisible();
  await page.goto("/profile");
  await expect(page.getByRole("heading", { name: "Profile" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("images");
  await page.getByRole("option", { name: "images" }).click();
  await expect(page.getByRole("heading", { name: "images" })).toBeVisible();
});

test("a job is cancelled without a mouse", async ({ page }) => {
  const { id } = await call<{ id: string }>("POST", "/jobs", {
    queue: "keys",
    kind: "keys.one",
    payload: {},
  });
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await expect(page).toHaveURL(/\/jobs$/);
  await page.keyboard.press("Control+k");
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "keys.one" })).toBeFocused();
  const cancel = page.getByRole("button", { name: "Cancel" });
  for (let steps = 0; steps < 12; steps += 1) {
    if (await cancel.evaluate((button) => button === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Cancel the job keys.one?" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(cancel).toBeFocused();
  await page.keyboard.press("Enter");
  const submit = page.getByRole("dialog").locator("button[type=submit]");
  for (let steps = 0; steps < 6; steps += 1) {
    if (await submit.evaluate((button) => button === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(page.locator(".page-note .state")).toHaveText("cancelled");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
});

test("theme and language are kept, in other tabs too", async ({ page }) => {
  await page.goto("/profile");
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByLabel("Language").selectOption("de");
  await expect(page.getByRole("heading", { name: "Profil" })).toBeVisible();
  const other = await page.context().newPage();
  await other.goto("/queues");
  await expect(other.getByRole("heading", { name: "Warteschlangen" })).toBeVisible();
  await expect(other.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByLabel("Sprache").selectOption("en");
  await page.getByLabel("Theme").selectOption("system");
  await expect(other.getByRole("heading", { name: "Queues" })).toBeVisible();
  await expect(other.locator("html")).not.toHaveAttribute("data-theme");
});

test("two changes that want a fresh proof ask once, and both go on", async ({ page }) => {
  // The server asks after ten minutes; the answer it gives then is put in its place here, once for each.
  const refused = new Set<string>();
  await page.route(/\/api\/v1\/(webhooks\/[^/]+\/secret|mailbox)/, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (refused.has(pathname)) return route.fallback();
    refused.add(pathname);
    const problem = {
      type: "/problems/reauthentication_required",
      title: "Show that it is you",
      status: 403,
    };
    await route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify(problem),
    });
  });
  const proofs: unknown[] = [];
  await page.route("**/api/v1/auth/reauthenticate", async (route) => {
    proofs.push(route.request().postDataJSON());
    await route.fulfill({ status: 200, json: { token_type: "Bearer", expires_in: 900 } });
  });
  const { data } = await call<{ data: { id: string }[] }>("GET", "/webhooks?limit=1");
  await page.goto(`/webhooks/${data[0]?.id}/secret`);
  const reveal = page.getByRole("button", { name: "Show the secret" });
  await reveal.evaluate((button) => {
    (button as HTMLButtonElement).click();
    window.history.pushState(null, "", "/mailbox");
    window.dispatchEvent(new PopStateEvent("popstate"));
  });
  await expect.poll(() => refused.size).toBe(2);
  await page.getByLabel("Current password").fill("a password");
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByRole("heading", { name: "Mailbox" })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.locator(".loading")).toHaveCount(0);
  expect(proofs).toEqual([{ password: "a password" }]);
});

test("the long address of one's own security leads there", async ({ page }) => {
  await page.goto("/settings/security");
  await expect(page.getByRole("heading", { name: "Security", exact: true })).toBeVisible();
  await expect(page).toHaveURL(/\/security$/);
  await expect(page).not.toHaveURL(/settings/);
});

test("an address that leads nowhere says so within the frame, with ways onward", async ({ page }) => {
  const { data } = await call<{ data: { id: string }[] }>("GET", "/webhooks?limit=1");
  await page.goto(`/webhook/${data[0]?.id}/x`);
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  const main = page.getByRole("main");
  await expect(main.getByRole("link", { name: "Webhooks", exact: true })).toBeVisible();
  await main.getByRole("link", { name: `/webhooks/${data[0]?.id}` }).click();
  await expect(page.getByRole("navigation", { name: "Webhook", exact: true })).toBeVisible();
  await page.goto("/nothing-here");
  await main.getByRole("link", { name: "To the overview" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
});
