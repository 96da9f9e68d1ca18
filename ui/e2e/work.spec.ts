// Schedules, reports and what is done to many jobs, as people do it.
import { expect, test } from "@playwright/test";
import { call } from "./server";

test("a schedule is written with its next times in sight, run, paused and deleted", async ({ page }) => {
  await page.goto("/schedules");
  await page.getByRole("link", { name: "Add a schedule" }).click();
  await page.getByLabel("Name").fill("Monthly invoices");
  await page.getByRole("textbox", { name: "Cron rule" }).fill("61 * * * *");
  await expect(page.getByRole("region", { name: "It would tick" })).toContainText("is not a cron rule");
  await page.getByRole("button", { name: "first of the month" }).click();
  await expect(page.getByText("On day 1 of the month, at 06:00")).toBeVisible();
  await page.getByRole("combobox", { name: "Time zone" }).fill("Asia/Tokyo");
  const times = page.getByRole("region", { name: "It would tick" }).getByRole("listitem");
  await expect(times).toHaveCount(5);
  await expect(times.first()).toContainText("GMT+9");
  await page.getByLabel("Kind").fill("invoice.make");
  await page.getByRole("button", { name: "Make the schedule" }).click();
  await expect(page.getByRole("heading", { name: "Monthly invoices" })).toBeVisible();
  await expect(page.getByText("It has not ticked yet")).toBeVisible();
  await page.getByRole("button", { name: "Run now" }).click();
  await expect(page.getByRole("link", { name: "invoice.make" })).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("paused");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("At intervals").check();
  await page.getByLabel("Every", { exact: true }).fill("2");
  await page.getByLabel("Unit").selectOption("h");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Every 2 h")).toBeVisible();
  await page.getByRole("button", { name: "Delete" }).click();
  const question = page.getByRole("dialog", { name: "Delete the schedule Monthly invoices?" });
  await question.getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/schedules$/);
  await expect(page.getByRole("link", { name: "Monthly invoices" })).toHaveCount(0);
});

test("a report is built, followed, looked into and downloaded", async ({ page }) => {
  await page.goto("/reports/new");
  await page.getByLabel("Rows").selectOption("state");
  await page.getByText("Only where").click();
  await page.getByRole("textbox", { name: "Queue" }).fill("images");
  await page.getByLabel("Name").fill("Images");
  await page.getByRole("button", { name: "Make the report" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("ready");
  await expect(page.getByRole("heading", { name: "Chart" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "failed" })).toBeVisible();
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  expect((await downloaded).suggestedFilename()).toMatch(/^Images .*\.json$/);
  await page.getByRole("link", { name: "Make it again" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("Images");
  await expect(page.getByLabel("Rows")).toHaveValue("state");
  await expect(page.getByRole("textbox", { name: "Queue" })).toHaveValue("images");
});

test("many jobs are cancelled by hand and all that fit a filter are retried", async ({ page }) => {
  for (let part = 0; part < 3; part += 1) {
    await call("POST", "/jobs", { queue: "bulk", kind: "part.make", payload: { part } });
  }
  await page.goto("/jobs?queue=bulk");
  await expect(page.getByRole("row")).toHaveCount(4);
  await page.getByLabel("Choose all that are shown").check();
  await page
    .getByLabel(/^Choose part\.make/)
    .first()
    .uncheck();
  await expect(page.getByText("2 chosen")).toBeVisible();
  const bar = page.getByRole("region", { name: "Many at once" });
  await bar.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel 2 jobs" }).click();
  await expect(page.getByText("Done: 2")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByLabel("State").selectOption("cancelled");
  await expect(page.getByRole("row")).toHaveCount(3);
  await bar.getByRole("button", { name: "Retry" }).click();
  await expect(page.getByText("2 would run again")).toBeVisible();
  await page.getByRole("button", { name: "Retry 2" }).click();
  await expect(page.getByText("Done: 2")).toBeVisible();
});

test("a report tells how the API is used", async ({ page }) => {
  await page.goto("/reports/new");
  await page.getByRole("radio", { name: "API usage" }).check();
  await page.getByLabel("Rows").selectOption("operation");
  await page.getByLabel("Name").fill("Who calls what");
  await page.getByRole("button", { name: "Make the report" }).click();
  await expect(page.getByRole("heading", { name: "Who calls what" })).toBeVisible();
  await expect(page.locator(".page-note .state")).toHaveText("ready");
});

test("a schedule asks for a report and sends it", async ({ page }) => {
  await page.goto("/schedules/new");
  await page.getByLabel("Name").fill("Monday figures");
  await page.getByRole("button", { name: "Mondays at 8:00" }).click();
  await page.getByLabel("A report").check();
  await page.getByLabel("Rows").selectOption("state");
  await page.getByLabel("Send it to").fill("ops@example.com");
  await page.getByRole("button", { name: "Make the schedule" }).click();
  await expect(page.getByRole("heading", { name: "Monday figures" })).toBeVisible();
  await expect(page.getByText("Report on Jobs as json")).toBeVisible();
  await page.getByRole("button", { name: "Run now" }).click();
  const ticks = page.getByRole("table", { name: "Ticks" });
  await ticks.getByRole("link", { name: "Monday figures" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("ready");
  await page.goBack();
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByLabel("Send it to")).toHaveValue("ops@example.com");
  await expect(page.getByLabel("Rows")).toHaveValue("state");
});
