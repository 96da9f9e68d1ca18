// What people and machines may send does not break a page: long names, other scripts, markup, much of everything.
import { expect, type Page, test } from "@playwright/test";
import { call } from "./server";

const NAME = "x".repeat(200);
const RTL = "مرحبا بالعالم שלום עולם";
const EMOJI = "👩🏽‍🚀🎉🇩🇪 Zalgo: z̷̧̛̟a̸l̵g̶o̴";
const SCRIPT = `<script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;
interface Made {
  id: string;
}

async function isWhole(page: Page): Promise<void> {
  await expect(page.locator("h1").first()).toBeVisible();
  await expect(page.locator(".loading")).toHaveCount(0);
  for (const width of [1440, 768, 360]) {
    await page.setViewportSize({ width, height: 800 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wider, `${page.url()} scrolls to the side at ${width}`).toBeLessThanOrEqual(0);
  }
  expect(await page.title()).not.toBe("owned");
}

const NAMES = { "200 letters": NAME, "other scripts": RTL, emoji: EMOJI, markup: SCRIPT };

for (const [what, name] of Object.entries(NAMES)) {
  test(`names of ${what} keep the layout`, async ({ page }) => {
    const { id } = await call<Made>("POST", "/webhooks", {
      url: `http://127.0.0.1:9/${"long".repeat(100)}`,
      events: [`${"e".repeat(60)}.*`],
      description: name,
      enabled: false,
    });
    const schedule = await call<Made>("POST", "/schedules", {
      name,
      cron: "@yearly",
      target: { job: { queue: "q".repeat(64), kind: name, payload: { name } } },
      enabled: false,
    });
    const job = await call<Made>("POST", "/jobs", {
      queue: "q".repeat(64),
      kind: name,
      payload: { text: name, html: SCRIPT },
      tags: [name.slice(0, 60), RTL],
    });
    for (const path of [`/webhooks/${id}`, `/schedules/${schedule.id}`, `/jobs/${job.id}`]) {
      await page.goto(path);
      await isWhole(page);
      await expect(page.getByText(name.slice(0, 20)).first()).toBeVisible();
    }
    for (const path of ["/webhooks", "/schedules", "/jobs", "/queues", "/failures"]) {
      await page.goto(path);
      await isWhole(page);
    }
  });
}

test("markup in payloads, errors and logs is shown as text", async ({ page }) => {
  const { id } = await call<Made>("POST", "/jobs", {
    queue: "markup",
    kind: "mark.up",
    payload: { html: SCRIPT },
    attempts: 1,
  });
  const { jobs } = await call<{ jobs: { lease_token: string }[] }>("POST", "/queues/markup/lease", {
    max: 1,
    worker: SCRIPT.slice(0, 60),
  });
  const lease_token = jobs[0]?.lease_token;
  await call("POST", `/jobs/${id}/log`, { lease_token, lines: [SCRIPT] });
  await call("POST", `/jobs/${id}/fail`, { lease_token, error: SCRIPT, discard: true });
  for (const path of [`/jobs/${id}`, "/failures", "/jobs?queue=markup", "/workers"]) {
    await page.goto(path);
    await isWhole(page);
  }
  await page.goto(`/jobs/${id}`);
  await expect(page.locator("#main script, #main img")).toHaveCount(0);
  await expect(page.locator("pre", { hasText: "<script>" }).first()).toBeVisible();
  const { path } = await call<{ path: string }>("POST", "/play");
  const event = await call<Made>("POST", "/events", { type: "mark.up", data: { html: SCRIPT } });
  expect(path).toContain("/play/");
  await page.goto(`/events/${event.id}`);
  await isWhole(page);
  await expect(page.locator("#main script, #main img")).toHaveCount(0);
});

test("a long payload is folded, and ten megabytes do not stop the page", async ({ page }) => {
  const { id } = await call<Made>("POST", "/jobs", {
    queue: "large",
    kind: "large.one",
    payload: { text: "a".repeat(900_000), end: "the end" },
  });
  await page.goto(`/jobs/${id}`);
  await expect(page.getByText(/^The first 16 KiB of 87\d KiB$/)).toBeVisible();
  await expect(page.getByText("the end")).toHaveCount(0);
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(page.getByText(/the end/)).toBeVisible();
  // No payload of a job is this large; the page has to bear one anyhow.
  await page.route(`**/api/v1/jobs/${id}`, async (route) => {
    const answer = await route.fetch();
    const job = (await answer.json()) as Record<string, unknown>;
    await route.fulfill({ json: { ...job, payload: { text: "b".repeat(10 << 20) } } });
  });
  await page.reload();
  await expect(page.getByText(/^The first 16 KiB of 10 MiB$/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Show all" })).toHaveCount(0);
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: "Keep as a file" }).click();
  expect((await downloaded).suggestedFilename()).toBe("data.json");
  await isWhole(page);
});

test("ten thousand webhooks are read page by page", async ({ page }) => {
  const { data } = await call<{ data: Made[] }>("GET", "/webhooks?limit=1");
  const real = data[0]?.id ?? "";
  const stats = await call("GET", `/webhooks/${real}/stats?window=24h`);
  let [asked, figures] = [0, 0];
  await page.route("**/api/v1/webhooks/*/stats?*", (route) => {
    figures += 1;
    return route.fulfill({ json: stats });
  });
  await page.route("**/api/v1/webhooks?*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [from, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit"))];
    asked += 1;
    const many = Array.from({ length: limit }, (_, place) => ({
      ...data[0],
      id: real.slice(0, -5) + String(from + place).padStart(5, "0"),
      description: `Number ${from + place}`,
    }));
    const next_cursor = from + limit < 10_000 ? String(from + limit) : null;
    return route.fulfill({ json: { data: many, next_cursor } });
  });
  await page.goto("/webhooks");
  await expect(page.getByRole("row")).toHaveCount(26);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByRole("row")).toHaveCount(51);
  await expect(page.getByRole("link", { name: "Number 49" })).toBeVisible();
  expect(asked).toBeGreaterThan(1);
  expect(figures, "figures are read of rows that are seen only").toBeLessThan(51);
});
