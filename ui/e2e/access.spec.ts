// Getting in, staying in, being put out.
import { expect, type Page, test } from "@playwright/test";
import { open } from "./pages";
import { BASE_URL, callAsOwner, credentials, SESSION } from "./server";
import { confirm, found, NOBODY, PASSWORD, pageOf, person, signIn, signOut, totp } from "./support";

test.use({ storageState: NOBODY });

/** What a page says on its console, and what it asks about the session. */
function listen(page: Page): { said: string[]; asked: string[] } {
  const [said, asked]: [string[], string[]] = [[], []];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (/\/auth\/(me|refresh)$/.test(pathname)) asked.push(pathname);
  });
  return { said, asked };
}

const OPEN = ["/sign-in", "/forgot", "/register", "/setup#token", "/join#token", "/reset#token"];

test("a browser without a session asks nobody who it is, and no console shows an error", async ({ page }) => {
  const heard = listen(page);
  for (const path of ["/", "/jobs?state=failed", "/nothing-here", ...OPEN]) await open(page, path);
  await page.goto("/jobs?state=failed");
  await expect(page).toHaveURL(/sign-in\?next=/);
  expect(heard).toEqual({ said: [], asked: [] });
});

test("who is signed in is asked once", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: BASE_URL, storageState: SESSION });
  for (const path of ["/", "/jobs", "/webhooks"]) {
    const page = await context.newPage();
    const heard = listen(page);
    await open(page, path);
    expect(heard, path).toEqual({ said: [], asked: ["/api/v1/auth/me"] });
  }
  await context.close();
});

test("sign-in refuses a wrong password and comes back to the page that was wanted", async ({ page }) => {
  await page.goto("/audit?action=webhook.create");
  const { email, password } = credentials();
  await signIn(page, { email, password: "not the password" });
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await signIn(page, { email, password });
  await expect(page).toHaveURL(/audit\?action=webhook\.create$/);
  await expect(page.getByRole("button", { name: "webhook.create" }).first()).toBeVisible();
});

test("a session that ends leads back to the same page after sign-in", async ({ page, browser }) => {
  const somebody = await person("admin");
  await page.goto("/jobs?state=failed&kind=image.resize");
  await signIn(page, somebody);
  await expect(page.getByRole("heading", { name: "Jobs", exact: true })).toBeVisible();
  // Ended from another browser: the live stream says so, without a click here.
  const other = await pageOf(browser, somebody);
  await other.goto("/security");
  await other.getByRole("button", { name: /^End: Chrome/ }).click();
  await confirm(other, /^End the session of \S+/);
  await expect(page).toHaveURL(/sign-in\?next=/, { timeout: 25_000 });
  await signIn(page, somebody);
  await expect(page).toHaveURL(/jobs\?state=failed&kind=image\.resize$/);
  await expect(page.getByRole("heading", { name: "Jobs", exact: true })).toBeVisible();
  await other.context().close();
});

test("cookies that are gone lead to sign-in with the next click", async ({ page }) => {
  const somebody = await person("manager");
  await page.goto("/departments");
  await signIn(page, somebody);
  await expect(page.getByRole("heading", { name: "Departments", level: 1 })).toBeVisible();
  await expect(page.locator(".loading")).toHaveCount(0);
  // A live page would notice by itself.
  await page.getByRole("button", { name: "Live", exact: true }).click();
  await expect(page.getByRole("button", { name: "Paused" })).toBeVisible();
  await page.context().clearCookies();
  await page.getByRole("link", { name: "People" }).click();
  await expect(page).toHaveURL(/sign-in\?next=%2Fpeople$/);
});

/** Turns the second factor on; gives the key of the app and the recovery codes. */
async function turnOn(page: Page): Promise<{ secret: string; codes: string[] }> {
  await page.goto("/security");
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByAltText("QR code for the authenticator app")).toBeVisible();
  const secret = (await page.getByRole("region", { name: "Key" }).textContent()) ?? "";
  await page.getByLabel("Code of the app").fill(totp(secret));
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.locator(".codes code")).toHaveCount(10);
  const codes = await page.locator(".codes code").allTextContents();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("10 recovery codes left")).toBeVisible();
  return { secret, codes };
}

test("a second factor is set up, and one of its recovery codes signs in", async ({ browser }) => {
  const somebody = await person("user");
  const page = await pageOf(browser, somebody);
  const { codes } = await turnOn(page);
  await signOut(page);
  await signIn(page, somebody);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code").fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await page.goto("/security");
  await expect(page.getByText("9 recovery codes left")).toBeVisible();
  await page.context().close();
});

test("a code of the app signs in, a used one does not, and the factor is turned off", async ({ browser }) => {
  const somebody = await person("manager");
  const page = await pageOf(browser, somebody);
  const { secret } = await turnOn(page);
  await signOut(page);
  await signIn(page, somebody);
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  // The code of the present step was used up when the factor was turned on; clocks may differ by one step.
  await page.getByLabel("Code", { exact: true }).fill(totp(secret, 1));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await page.goto("/security");
  await page.getByRole("button", { name: "Turn off" }).click();
  const dialog = page.getByRole("dialog", { name: "Turn the second factor off" });
  await dialog.getByLabel("Code or password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(page.getByRole("button", { name: "Set up" })).toBeVisible();
  await page.context().close();
});

test("a forgotten password is replaced by the link of the mail", async ({ page }) => {
  const somebody = await person("user");
  await page.goto("/forgot");
  await page.getByLabel("E-mail address").fill(somebody.email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeVisible();
  const text = await found("the mail", async () => {
    const { data } = await callAsOwner<{ data: { to: string; text: string | null }[] }>("GET", "/mailbox");
    return data.find((message) => message.to === somebody.email && message.text?.includes("/reset#"))?.text;
  });
  await page.goto(/https?:\S*\/reset#\S+/.exec(text ?? "")?.[0] ?? "/reset");
  await page.getByLabel("New password", { exact: true }).fill("quiet harbour seven lamps");
  await page.getByLabel("Password again").fill("quiet harbour seven lamps");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("heading", { name: "Your password is changed" })).toBeVisible();
  await page.goto("/sign-in");
  await signIn(page, { email: somebody.email, password: "quiet harbour seven lamps" });
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
});

test("an invitation is sent and accepted", async ({ page, browser }) => {
  const admin = await pageOf(browser, await person("admin"));
  await admin.goto("/invites");
  await admin.getByRole("button", { name: "Invite somebody" }).click();
  const email = `grace-${Date.now()}@example.com`;
  await admin.getByLabel("E-mail address").fill(email);
  await admin.getByRole("dialog").getByRole("button", { name: "Invite somebody" }).click();
  const link = (await admin.getByRole("region", { name: "Link of the invitation" }).textContent()) ?? "";
  expect(link).toContain(`${BASE_URL}/join#`);
  await page.goto(link.trim());
  await page.getByLabel("Your name").fill("Grace Hopper");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await admin.context().close();
});

test("a company of one's own is made, and asks everybody for a second factor", async ({ page }) => {
  await page.goto("/register");
  await page.getByLabel("Company").fill("Example");
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("E-mail address").fill("ada@own.example");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Make it" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No webhooks yet" })).toBeVisible();
  const policy = async () => {
    await page.goto("/settings");
    await page.getByLabel("Everybody needs a second factor").check();
    await page.getByRole("button", { name: "Save" }).click();
  };
  await policy();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("for yourself first");
  await turnOn(page);
  await policy();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.goto("/people");
  await page.getByRole("button", { name: "Add a person" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a person" });
  await dialog.getByLabel("Name").fill("Grace Hopper");
  await dialog.getByLabel("E-mail address").fill("grace@own.example");
  await dialog.getByLabel("First password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await signOut(page);
  await signIn(page, { email: "grace@own.example", password: PASSWORD });
  await expect(page.getByText("Your company asks for a second factor.")).toBeVisible();
  await page.goto("/webhooks");
  await expect(page).toHaveURL(/security$/);
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password", { exact: true }).fill("copper window nine geese");
  await page.getByLabel("Password again").fill("copper window nine geese");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("The password is changed")).toBeVisible();
  await turnOn(page);
  await page.getByRole("link", { name: "Webhooks" }).click();
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
});

test("a person is disabled and put out at once", async ({ page, browser }) => {
  const somebody = await person("manager");
  await page.goto("/");
  await signIn(page, somebody);
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  const admin = await pageOf(browser, await person("admin"));
  await admin.goto("/people");
  await admin.getByRole("button", { name: `Actions: ${somebody.name}` }).click();
  await admin.getByRole("menuitem", { name: "Edit" }).click();
  await admin.getByLabel("May not sign in").check();
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(/sign-in/, { timeout: 25_000 });
  await signIn(page, somebody);
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await admin.context().close();
});
