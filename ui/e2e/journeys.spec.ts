// What people come for, from the first click to what the server then says.
import { createHmac } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { BASE_URL, call, credentials } from "./server";

const PASSWORD = "tram orbit velvet noon";

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

test("a job is added, cancelled and retried", async ({ page }) => {
  await page.goto("/jobs/new?queue=low");
  await page.getByLabel("Kind").fill("report.monthly");
  await page.getByLabel("Payload").fill("{not json");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("This is no valid JSON.").first()).toBeVisible();
  await page.getByLabel("Payload").fill('{"month": 11}');
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel the job report.monthly?" });
  await dialog.locator("button[type=submit]").click();
  await expect(page.locator(".page-note .state")).toHaveText("cancelled");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("waiting");
});

test("the palette goes to pages and to objects by their id", async ({ page }) => {
  const { data } = await call<{ data: { id: string }[] }>("GET", "/events?limit=1");
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
});

test("a fresh proof is asked for and the change goes on", async ({ page }) => {
  // The server asks after ten minutes; the answer it gives then is put in its place here, once.
  let isAsked = false;
  await page.route("**/api/v1/api-keys", async (route) => {
    if (isAsked || route.request().method() !== "POST") return route.fallback();
    isAsked = true;
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
  let proof: unknown;
  await page.route("**/api/v1/auth/reauthenticate", async (route) => {
    proof = route.request().postDataJSON();
    await route.fulfill({ status: 200, json: { token_type: "Bearer", expires_in: 900 } });
  });
  await page.goto("/keys");
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByLabel("Name").fill("shop");
  await page.getByLabel("events:write").check();
  await page.getByRole("button", { name: "Make a key" }).last().click();
  await page.getByLabel("Code or password").fill("a password");
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByText(/^np_live_/)).toBeVisible();
  expect(proof).toEqual({ password: "a password" });
});

test.describe("without a session", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  async function register(page: Page, email: string): Promise<void> {
    await page.goto("/register");
    await page.getByLabel("Company").fill("Example");
    await page.getByLabel("Your name").fill("Ada Lovelace");
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Make it" }).click();
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  }

  async function signIn(page: Page, email: string, password: string): Promise<void> {
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  test("sign-in refuses a wrong password and comes back to the page that was wanted", async ({ page }) => {
    await page.goto("/audit?action=webhook.create");
    await signIn(page, credentials().email, "not the password");
    await expect(page.getByRole("alert")).not.toBeEmpty();
    await signIn(page, credentials().email, credentials().password);
    await expect(page).toHaveURL(/audit\?action=webhook\.create$/);
    await expect(page.getByRole("button", { name: "webhook.create" }).first()).toBeVisible();
    // A session that ends elsewhere leads back here as well.
    await page.context().clearCookies();
    await page.getByRole("link", { name: "People" }).click();
    await expect(page).toHaveURL(/sign-in\?next=%2Fpeople/);
  });

  test("a second factor is set up with its codes and asked for at sign-in", async ({ page }) => {
    await register(page, "mfa@example.com");
    await page.goto("/security");
    await page.getByRole("button", { name: "Set up" }).click();
    await expect(page.getByAltText("QR code for the authenticator app")).toBeVisible();
    const secret = (await page.getByRole("region", { name: "Key" }).textContent()) ?? "";
    await page.getByLabel("Code of the app").fill(totp(secret));
    await page.getByRole("button", { name: "Turn on" }).click();
    await expect(page.locator(".codes code")).toHaveCount(10);
    const codes = await page.locator(".codes code").allTextContents();
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByRole("button", { name: "Your account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await signIn(page, "mfa@example.com", PASSWORD);
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(codes[0] ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  });

  test("a forgotten password is replaced by the link of the mail", async ({ page }) => {
    await page.goto("/forgot");
    await page.getByLabel("E-mail address").fill("nobody@example.com");
    await page.getByRole("button", { name: "Send the link" }).click();
    await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeVisible();
    await page.goto("/reset");
    await expect(
      page.getByRole("heading", { name: "This page needs the link from your mail" }),
    ).toBeVisible();
  });

  test("an invitation is sent and accepted", async ({ page, browser }) => {
    await register(page, "admin@example.com");
    await page.goto("/invites");
    await page.getByRole("button", { name: "Invite somebody" }).click();
    await page.getByLabel("E-mail address").fill("grace@example.com");
    await page.getByRole("dialog").getByRole("button", { name: "Invite somebody" }).click();
    const link = (await page.getByRole("region", { name: "Link of the invitation" }).textContent()) ?? "";
    expect(link).toContain(`${BASE_URL}/join#`);
    const other = await browser.newPage({ storageState: { cookies: [], origins: [] } });
    await other.goto(link.trim());
    await other.getByLabel("Your name").fill("Grace Hopper");
    await other.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await other.getByLabel("Password again").fill(PASSWORD);
    await other.getByRole("button", { name: "Join" }).click();
    await expect(other.getByRole("heading", { name: "Overview" })).toBeVisible();
    await expect(other.getByRole("link", { name: "API keys" })).toHaveCount(0);
  });
});

/** The six digits an authenticator app shows now (RFC 6238). */
function totp(secret: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/[^A-Z2-7]/g, "")]
    .map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
