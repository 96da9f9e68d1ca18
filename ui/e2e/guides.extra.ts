// The pictures of docs/guides, made from the product itself.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { ids, open } from "./pages";
import { small } from "./png";
import { serve } from "./server";
import { NOBODY, pageOf, person, setUpLink } from "./support";

const FOLDER = process.env.NOVAPULSE_GUIDES ?? "guides";
/** A guide is read over slow lines too. */
const BYTES_MAX = 100 * 1_024;

test.use({ viewport: { width: 1_120, height: 760 }, colorScheme: "light" });

async function picture(page: Page, name: string): Promise<void> {
  const png = small(await page.screenshot({ animations: "disabled", caret: "hide" }));
  expect(png.length, `${name} is too large`).toBeLessThan(BYTES_MAX);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.png`), png);
}

test.describe("without a session", () => {
  test.use({ storageState: NOBODY });

  test("set-up", async ({ page }) => {
    const server = await serve({ isDev: false });
    const link = await setUpLink(server);
    await page.goto(link);
    await page.getByLabel("Company").fill("Example");
    await page.getByLabel("Your name").fill("Ada Lovelace");
    await page.getByLabel("E-mail address").fill("ada@example.com");
    await picture(page, "set-up");
    await server.stop();
  });
});

test("first webhook", async ({ page }) => {
  const { webhook, delivery } = await ids();
  await page.goto("/webhooks/new");
  await page.getByLabel("Address").fill("https://shop.example.com/hooks");
  await page.getByLabel("Description").fill("Shop");
  await page.getByLabel("Events", { exact: true }).fill("order.created\norder.cancelled");
  await page.getByLabel("Standard").check();
  await picture(page, "new-webhook");
  await open(page, `/webhooks/${webhook}`);
  await picture(page, "webhook");
  await open(page, `/deliveries/${delivery}`);
  await picture(page, "delivery");
});

test("second factor", async ({ browser }) => {
  const page = await pageOf(browser, await person("user"));
  await page.setViewportSize({ width: 1_120, height: 760 });
  await page.goto("/security");
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByAltText("QR code for the authenticator app")).toBeVisible();
  await picture(page, "second-factor");
  await page.context().close();
});

test("work", async ({ page }) => {
  const { failed, schedule } = await ids();
  await open(page, "/failures");
  await picture(page, "dead-letters");
  await open(page, `/jobs/${failed}`);
  await picture(page, "failed-job");
  await open(page, "/workers");
  await picture(page, "workers");
  await page.goto("/schedules/new");
  await page.getByLabel("Name").fill("Monthly invoices");
  await page.getByRole("textbox", { name: "Cron rule" }).fill("0 6 1 * *");
  await page.getByRole("combobox", { name: "Time zone" }).fill("Europe/Berlin");
  await page.getByLabel("Kind").fill("invoice.make");
  await expect(page.getByRole("region", { name: "It would tick" }).getByRole("listitem")).toHaveCount(5);
  await picture(page, "new-schedule");
  await open(page, `/schedules/${schedule}`);
  await picture(page, "schedule");
});
