// From an event to its receiver, and back when it failed.
import { createHmac } from "node:crypto";
import { expect, type Page, test } from "@playwright/test";
import { BASE_URL, call, callAsOwner, credentials, LATEST_MS } from "./server";
import { confirm, found, receiver } from "./support";

interface Made {
  id: string;
}

/** No second attempt. */
const ONCE = { retry: { preset: "none" } };
const SCRIPT = `<img src=x onerror="document.body.id='broken'">`;

/** A webhook of its own for a test, which gets events of one type. */
async function webhook(url: string, type: string, more: object = {}): Promise<Made> {
  return await call<Made>("POST", "/webhooks", { url, events: [type], description: `To ${type}`, ...more });
}

async function outcome(id: string, state: string): Promise<string> {
  return await found(`a delivery to be ${state}`, async () => {
    const { data } = await call<{ data: { id: string; state: string }[] }>("GET", `/webhooks/${id}/logs`);
    return data.find((one) => one.state === state)?.id;
  });
}

async function openWebhook(page: Page, name: string): Promise<void> {
  await page.goto("/webhooks");
  await page.getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { name })).toBeVisible();
}

test("a webhook is made, tested, and its delivery looked at", async ({ page }) => {
  await page.goto("/inspector");
  await page.getByRole("button", { name: "Make a receiver" }).click();
  await page.getByRole("link", { name: "Create a webhook for it" }).click();
  await page.getByLabel("Description").fill("Shop");
  await page.getByLabel("Events", { exact: true }).fill("shop.*");
  await page.getByLabel("Standard").check();
  await page.getByRole("button", { name: "Create a webhook" }).click();
  await expect(page.getByText(/^whsec_/)).toBeVisible();
  await page.getByRole("button", { name: "To the webhook" }).click();
  await page.getByRole("link", { name: "Testing" }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByRole("link", { name: "Open the delivery" }).click();
  await expect(page.getByRole("heading", { name: "Response 200" })).toBeVisible();
  await expect(page.getByText("webhook-signature")).toBeVisible();
});

test("an address that is not allowed is refused at its field", async ({ page }) => {
  await page.goto("/webhooks/new");
  await page.getByLabel("Address").fill("ftp://example.com/hook");
  await page.getByLabel("Events", { exact: true }).fill("shop.*");
  await page.getByRole("button", { name: "Create a webhook" }).click();
  await expect(page.getByLabel("Address")).toHaveAttribute("aria-invalid", "true");
});

test("a failed delivery is found, explained and sent again", async ({ page }) => {
  const target = await receiver(503, "the warehouse is closed");
  const { id } = await webhook(target.url, "stock.failed", ONCE);
  await call("POST", "/events", { type: "stock.failed", data: { sku: "A-1" } });
  await outcome(id, "failed");
  await openWebhook(page, "To stock.failed");
  await page.getByRole("link", { name: "Deliveries", exact: true }).click();
  await page.getByLabel("State").selectOption({ label: "failed" });
  await expect(page).toHaveURL(/state=failed/);
  await page.getByRole("link", { name: "stock.failed" }).click();
  await expect(page.getByRole("heading", { name: "Response 503" })).toBeVisible();
  await expect(page.getByText("the warehouse is closed")).toBeVisible();
  target.answers(200);
  await page.getByRole("button", { name: "Send again" }).click();
  // The page shows the end of it by itself.
  await expect(page.locator(".page-note .state")).toHaveText("delivered");
  await expect(page.getByRole("heading", { name: "Response 200" })).toBeVisible();
  target.close();
});

test("what failed in a span of time is replayed after counting it", async ({ page }) => {
  const target = await receiver(500);
  const { id } = await webhook(target.url, "outage.one", ONCE);
  for (let event = 0; event < 3; event += 1) await call("POST", "/events", { type: "outage.one", data: {} });
  await target.got(3);
  const failed = async () =>
    (await call<{ data: unknown[] }>("GET", `/webhooks/${id}/logs?state=failed`)).data.length;
  await expect.poll(failed, { message: "failed deliveries", timeout: LATEST_MS }).toBe(3);
  target.answers(204);
  await openWebhook(page, "To outage.one");
  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByRole("button", { name: "Count", exact: true }).click();
  await expect(page.getByText("3 deliveries would be sent again")).toBeVisible();
  await page.getByRole("button", { name: "Replay 3" }).click();
  await target.got(6);
  await expect(page.getByText("3 of 3 have ended")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("link", { name: "Deliveries", exact: true }).click();
  await expect(page.locator(".state", { hasText: "delivered" })).toHaveCount(3);
  target.close();
});

test("a secret is shown, rotated, and the old one holds for the overlap", async ({ page }) => {
  await webhook("http://127.0.0.1:9/hook", "secret.one");
  await openWebhook(page, "To secret.one");
  await page.getByRole("link", { name: "Secret" }).click();
  await page.getByRole("button", { name: "Show the secret" }).click();
  const before = await page.getByRole("region", { name: "Signing secret" }).textContent();
  expect(before).toMatch(/^whsec_/);
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("dialog").getByLabel("Overlap").selectOption({ label: "1 hour" });
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await expect(page.getByText("Previous secret")).toBeVisible();
  await expect(page.getByText(before ?? "", { exact: true })).toBeVisible();
  expect(await page.getByRole("region", { name: "Signing secret" }).textContent()).not.toBe(before);
  for (const language of ["Python", "Go"]) {
    await page.getByRole("button", { name: language, exact: true }).click();
    await expect(page.getByRole("region", { name: `Check signatures: ${language}` })).toBeVisible();
  }
});

test("a webhook is changed, disabled, enabled and deleted by its name", async ({ page }) => {
  await webhook("http://127.0.0.1:9/hook", "change.one");
  await openWebhook(page, "To change.one");
  await page.getByRole("link", { name: "Settings", exact: true }).last().click();
  await page.getByLabel("Description").fill("Renamed");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Renamed" })).toBeVisible();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  await confirm(page, "Disable Renamed?");
  await expect(page.locator(".page-note .state")).toHaveText("disabled");
  await page.getByRole("button", { name: "Enable" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("healthy");
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await confirm(page, "Delete Renamed?");
  await expect(page).toHaveURL(/webhooks$/);
  await expect(page.getByRole("link", { name: "Renamed" })).toHaveCount(0);
});

test("an event is sent from the page and leads to its delivery and back", async ({ page }) => {
  const target = await receiver();
  await webhook(target.url, "invoice.paid");
  await page.goto("/events");
  await page.getByRole("button", { name: "Send an event" }).click();
  const dialog = page.getByRole("dialog", { name: "Send an event" });
  await dialog.getByLabel("Type").fill("invoice.paid");
  await dialog.getByLabel("Data").fill('{"invoice": 7}');
  await dialog.getByRole("button", { name: "Send an event" }).click();
  await expect(page.getByText("Accepted: 1 delivery")).toBeVisible();
  await target.got(1);
  await page.getByRole("link", { name: "invoice.paid" }).first().click();
  await expect(page.getByRole("heading", { name: "invoice.paid" })).toBeVisible();
  await expect(page.getByText('"invoice": 7')).toBeVisible();
  target.close();
});

test("script in names, events and answers is shown as text", async ({ page }) => {
  const target = await receiver(500, SCRIPT);
  const made = await webhook(target.url, "script.one", { description: SCRIPT, ...ONCE });
  await call("POST", "/events", { type: "script.one", data: { note: SCRIPT } });
  const delivery = await outcome(made.id, "failed");
  for (const path of ["/webhooks", `/webhooks/${made.id}`, `/deliveries/${delivery}`, "/"]) {
    await page.goto(path);
    await expect(page.getByText("onerror").first()).toBeVisible();
    await expect(page.locator("#broken")).toHaveCount(0);
    expect(await page.locator("img[src=x]").count()).toBe(0);
  }
  target.close();
});

test("an event type joins the catalogue and is offered to webhooks", async ({ page }) => {
  await page.goto("/event-types");
  await page.getByRole("button", { name: "Add an event type" }).click();
  const dialog = page.getByRole("dialog", { name: "Add an event type" });
  await dialog.getByLabel("Name").fill("parcel.sent");
  await dialog.getByLabel("JSON Schema").fill('{"type": "object", "required": ["parcel"]}');
  await dialog.getByLabel("Example").fill('{"order": 1}');
  await dialog.locator("button[type=submit]").click();
  await expect(dialog.getByText(/parcel/).first()).toBeVisible();
  await dialog.getByLabel("Example").fill('{"parcel": 1}');
  await dialog.locator("button[type=submit]").click();
  await expect(dialog).toHaveCount(0);
  await page.goto("/webhooks/new");
  await page.getByRole("button", { name: "parcel.sent" }).click();
  await expect(page.getByLabel("Events", { exact: true })).toHaveValue(/parcel\.sent/);
});

test("what is copied as curl has the very body that was signed", async ({ page, context }) => {
  const at = await receiver();
  const type = `exact.${Date.now()}`;
  const { id } = await call<Made>("POST", "/webhooks", { url: at.url, events: [type] });
  const { secret } = await callAsOwner<{ secret: string }>("GET", `/webhooks/${id}/secret`);
  // Written as it came: a number with a point, names that are numbers, an escaped letter.
  const body = `{"type":"${type}","data":{"amount":1.0,"2":1e2,"1":"\\u00e9 it's"}}`;
  const headers = { Authorization: `Bearer ${credentials().api_key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${BASE_URL}/api/v1/events`, { method: "POST", headers, body });
  expect(answer.status).toBe(202);
  await at.got(1);
  const delivery = await found("the delivery", async () => {
    const { data } = await call<{ data: Made[] }>("GET", `/webhooks/${id}/logs?state=succeeded`);
    return data[0]?.id;
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`/deliveries/${delivery}`);
  await page.getByRole("button", { name: "Copy as curl" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const sent = (/--data-raw '(.*)'$/s.exec(command)?.[1] ?? "").replaceAll("'\\''", "'");
  const shown = /-H 'x-novapulse-signature: sha256=([0-9a-f]+)'/i.exec(command)?.[1];
  expect(sent).toContain("1.0");
  expect(createHmac("sha256", secret).update(sent).digest("hex")).toBe(shown);
  at.close();
});
