// What admins do: people, keys, mail, the record of it all; and what others may not.
import { expect, type Page, test } from "@playwright/test";
import { call } from "./server";
import { confirm, pageOf, person } from "./support";

test("a key is made, shown once, used, and revoked", async ({ page }) => {
  await page.goto("/keys");
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByLabel("Name").fill("reader");
  await page.getByLabel("jobs:read").check();
  await page.getByRole("button", { name: "Make a key" }).last().click();
  const token = (await page.getByText(/^np_live_/).textContent()) ?? "";
  await page.getByRole("button", { name: "Close" }).click();
  await call("GET", "/queues", undefined, { token });
  await page.getByRole("button", { name: "Revoke: reader" }).click();
  await confirm(page, "Revoke the key reader?");
  await expect(page.getByRole("row", { name: /reader/ }).getByText("revoked")).toBeVisible();
  await expect(call("GET", "/queues", undefined, { token })).rejects.toThrow("401");
});

test("a department is made, a person put into it and taken out", async ({ page }) => {
  const { name } = await person("user");
  await page.goto("/departments");
  await page.getByRole("button", { name: "Add a department" }).click();
  await page.getByLabel("Name").fill(`Logistics of ${name}`);
  await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name: `Logistics of ${name}` }).click();
  const select = page.getByLabel("Add a member");
  const choice = await select.locator("option", { hasText: name }).textContent();
  await select.selectOption({ label: choice ?? "" });
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("row", { name: new RegExp(name) })).toBeVisible();
  await page.getByRole("button", { name: `Remove: ${name}` }).click();
  await confirm(page, `Take ${name} out of this department?`);
  await expect(page.getByText("Nobody is in it yet")).toBeVisible();
});

test("a person is removed only when the name is typed", async ({ page }) => {
  const { name } = await person("user");
  await page.goto("/people");
  await page.getByRole("button", { name: `Actions: ${name}` }).click();
  await page.getByRole("menuitem", { name: "Remove", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: `Remove ${name}?` });
  await expect(dialog.locator("button[type=submit]")).toBeDisabled();
  await dialog.getByRole("textbox").fill(name);
  await dialog.locator("button[type=submit]").click();
  await expect(page.getByRole("row", { name: new RegExp(name) })).toHaveCount(0);
});

test("a template is written, looked at, filled in and sent", async ({ page }) => {
  await page.goto("/email-templates");
  await page.getByRole("button", { name: "Add a template" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("receipt");
  await dialog.getByLabel("Subject").fill("Receipt for {{order}}");
  await dialog.getByLabel("Text", { exact: false }).first().fill("Thank you for {{order}}.");
  await dialog.locator("button[type=submit]").click();
  await expect(dialog).toHaveCount(0);
  await page.goto("/emails");
  await page.getByRole("button", { name: "Send an e-mail" }).click();
  const send = page.getByRole("dialog", { name: "Send an e-mail" });
  await send.getByLabel("To", { exact: true }).fill("grace@example.com");
  await send.getByLabel("Template").selectOption("receipt");
  await send.getByLabel("Variables").fill('{"order": "A-77"}');
  await send.getByRole("button", { name: "Send an e-mail" }).click();
  await expect(page.getByText("The e-mail is on its way")).toBeVisible();
  await page.getByRole("link", { name: "Receipt for A-77" }).click();
  await expect(page.getByText("grace@example.com").first()).toBeVisible();
});

test("the audit log is filtered, opened and exported", async ({ page }) => {
  await call("POST", "/event-types", { name: "audit.one", description: "for the log" });
  await page.goto("/audit");
  await page.getByLabel("Action").fill("event_type.create");
  await page.getByLabel("Action").press("Enter");
  await expect(page).toHaveURL(/action=event_type\.create/);
  await page
    .getByRole("row", { name: /audit\.one/ })
    .getByRole("button")
    .click();
  await expect(page.getByRole("dialog").getByText("for the log")).toBeVisible();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Export" }).click();
  const file = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "As CSV" }).click();
  expect((await file).suggestedFilename()).toMatch(/\.csv$/);
});

test("the settings of the company are changed and stay", async ({ page }) => {
  await page.goto("/settings");
  const field = page.getByLabel("Name");
  const save = page.locator("form", { has: field }).getByRole("button", { name: "Save" });
  const before = await field.inputValue();
  await field.fill(`${before} & Söhne`);
  await save.click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Name")).toHaveValue(`${before} & Söhne`);
  await page.getByLabel("Name").fill(before);
  await save.click();
  await expect(page.getByText("Saved")).toBeVisible();
});

test("the owner sets what counts for the whole instance and sees its configuration", async ({ page }) => {
  await page.goto("/settings");
  const burst = page.getByLabel("API calls of a company at once");
  await expect(burst).toBeEnabled();
  const before = await burst.inputValue();
  await burst.fill("1000001");
  const form = page.locator("form", { has: burst });
  await form.getByRole("button", { name: "Save" }).click();
  await expect(burst, "the browser says that this is too much").toHaveJSProperty("validity.valid", false);
  await burst.fill("123456");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(burst).toHaveValue("123456");
  await page.getByText(/Show all \d+ values/).click();
  const row = page.getByRole("row", { name: /auth.access_secret/ });
  await expect(row).toContainText("default");
  const storage = page.getByRole("table", { name: "Storage" });
  await expect(storage.getByRole("row", { name: /Bodies and history/ })).toContainText("%");
  await expect(storage.getByRole("row", { name: /Journals \(\d+\)/ })).toContainText(/\d (B|KiB|MiB)/);
  await expect(storage.locator("xpath=..").locator("xpath=..")).toContainText("Enough: everything is taken");
  await burst.fill(before);
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(burst).toHaveValue(before);
});

/** The pages of the menu, and who has them. */
const MENU: Record<string, readonly string[]> = {
  user: ["Overview", "Queues", "Jobs", "Webhooks", "Events", "Event types", "People", "Departments"],
  manager: ["Inspector", "E-mails", "Templates"],
  admin: ["Invitations", "API keys", "Audit log", "Mailbox", "Settings"],
};
const PATHS: Record<string, string> = {
  Inspector: "/inspector",
  "E-mails": "/emails",
  Templates: "/email-templates",
  Invitations: "/invites",
  "API keys": "/keys",
  "Audit log": "/audit",
  Mailbox: "/mailbox",
  Settings: "/settings",
};

async function walks(page: Page, allowed: readonly string[], refused: readonly string[]): Promise<void> {
  await page.goto("/");
  const menu = page.getByRole("navigation", { name: "Main" });
  await expect(menu).toBeVisible();
  const failed: string[] = [];
  page.on("response", (answer) => answer.status() === 403 && failed.push(answer.url()));
  for (const name of allowed) {
    await menu.getByRole("link", { name, exact: true }).click();
    await expect(page.locator("h1")).toBeVisible();
    await expect(page.locator(".loading")).toHaveCount(0);
    await expect(page.locator(".error-panel")).toHaveCount(0);
  }
  for (const name of refused) await expect(menu.getByRole("link", { name, exact: true })).toHaveCount(0);
  for (const path of refused.map((name) => PATHS[name] ?? "")) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name: "This page is not for you" })).toBeVisible();
  }
  // The pages that are not theirs do not even ask.
  expect(failed).toEqual([]);
}

const { user: ALL = [], manager: MANAGERS = [], admin: ADMINS = [] } = MENU;

test("a member sees what members may see, and nothing else", async ({ browser }) => {
  const page = await pageOf(browser, await person("user"));
  await walks(page, ALL, [...MANAGERS, ...ADMINS]);
  await page.goto("/webhooks");
  await expect(page.getByRole("heading", { name: "Webhooks", level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: "Create a webhook" })).toHaveCount(0);
  await page.goto("/webhooks/new");
  await expect(page.getByRole("heading", { name: "This page is not for you" })).toBeVisible();
  await page.context().close();
});

test("a manager runs the work and cannot see the settings", async ({ browser }) => {
  const page = await pageOf(browser, await person("manager"));
  await walks(page, [...ALL, ...MANAGERS], ADMINS);
  await page.goto("/webhooks");
  await expect(page.getByRole("link", { name: "Create a webhook" }).first()).toBeVisible();
  await page.context().close();
});

test("an admin sees every page of the company", async ({ browser }) => {
  const page = await pageOf(browser, await person("admin"));
  await walks(page, [...ALL, ...MANAGERS, ...ADMINS], []);
  await page.context().close();
});

test("a role that changes takes effect under an open page", async ({ page, browser }) => {
  const somebody = await person("user");
  const theirs = await pageOf(browser, somebody);
  await theirs.goto("/");
  await expect(theirs.getByRole("link", { name: "E-mails" })).toHaveCount(0);
  await page.goto("/people");
  await page.getByRole("button", { name: `Actions: ${somebody.name}` }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Role").selectOption({ label: "Manager" });
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  // The stream tells that rights have changed, at the latest with its next sign of life.
  await expect(theirs.getByRole("link", { name: "E-mails" })).toBeVisible({ timeout: 25_000 });
  await theirs.context().close();
});
