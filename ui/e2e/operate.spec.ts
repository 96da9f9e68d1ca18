// Finding out why something waits or failed, and putting it right.
import { expect, test } from "@playwright/test";
import { call } from "./server";

interface Made {
  id: string;
}
interface Leased {
  jobs: { id: string; lease_token: string }[];
}

test("dead letters are grouped by their error and sent on their way again", async ({ page }) => {
  for (let part = 0; part < 3; part += 1) {
    await call("POST", "/jobs", { queue: "dead", kind: "part.send", payload: { part }, attempts: 1 });
  }
  const { jobs } = await call<Leased>("POST", "/queues/dead/lease", { max: 3 });
  for (const [place, { id, lease_token }] of jobs.entries()) {
    const error = place < 2 ? `part ${place} is too heavy` : "the lorry has left";
    await call("POST", `/jobs/${id}/fail`, { lease_token, error, discard: true });
  }
  await page.goto("/failures?queue=dead");
  await expect(page.getByRole("heading", { name: "part.send · 2" })).toBeVisible();
  await expect(page.getByText("the lorry has left")).toBeVisible();
  await page.getByRole("link", { name: "All jobs of it (2)" }).click();
  await expect(page.getByRole("link", { name: "part.send" })).toHaveCount(2);
  await expect(page.getByLabel("Group of errors")).toHaveValue(/^[0-9a-f]{16}$/);
  await page.goBack();
  await page.getByRole("button", { name: "Retry 2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Retry 2" }).click();
  await expect(page.getByText("Done: 2")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("heading", { name: "part.send · 2" })).toHaveCount(0);
  await page.getByRole("button", { name: "Retry all" }).click();
  await expect(page.getByText("1 would run again")).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Retry 1" }).click();
  await expect(page.getByText("Done: 1")).toBeVisible();
});

test("a job tells why it waits, is edited and shows what its worker told", async ({ page }) => {
  const { id } = await call<Made>("POST", "/jobs", { queue: "told", kind: "map.draw", payload: { zoom: 1 } });
  await page.goto(`/jobs/${id}`);
  await expect(page.getByRole("region", { name: "Why is this waiting?" })).toContainText("No worker asks");
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Payload" }).fill('{"zoom": 12}');
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText('"zoom": 12')).toBeVisible();
  const { jobs } = await call<Leased>("POST", "/queues/told/lease", { worker: "cartographer", max: 1 });
  const lease_token = jobs[0]?.lease_token;
  await call("POST", `/jobs/${id}/log`, { lease_token, lines: ["<b>drawing</b> rivers"] });
  await call("POST", `/jobs/${id}/progress`, { lease_token, percent: 40 });
  await page.reload();
  await expect(page.getByText("<b>drawing</b> rivers")).toBeVisible();
  await expect(page.getByText("40%")).toBeVisible();
  await page.goto("/workers");
  await expect(page.getByRole("heading", { name: "cartographer" })).toBeVisible();
  await expect(page.getByRole("link", { name: "map.draw" })).toBeVisible();
  await page.getByRole("link", { name: "map.draw" }).click();
  await call("POST", `/jobs/${id}/complete`, { lease_token, result: { file: "map.png" } });
  await expect(page.getByText('"file": "map.png"')).toBeVisible();
});

test("a parent shows its children and waits for them", async ({ page }) => {
  const jobs = [
    { ref: "album", queue: "family", kind: "album.bind", payload: {} },
    { parent_ref: "album", queue: "family", kind: "page.print", payload: { page: 1 } },
    { parent_ref: "album", queue: "family", kind: "page.print", payload: { page: 2 } },
  ];
  const made = await call<{ jobs: Made[] }>("POST", "/jobs/batch", { jobs });
  await page.goto(`/jobs/${made.jobs[0]?.id}`);
  await expect(page.getByText("It waits for 2 children to end.")).toBeVisible();
  await expect(page.getByText("0 of 2 have ended")).toBeVisible();
  await page.getByRole("link", { name: made.jobs[1]?.id ?? "" }).click();
  await expect(page.getByRole("heading", { name: "page.print" })).toBeVisible();
  await page.getByRole("link", { name: made.jobs[0]?.id ?? "" }).click();
  await expect(page.getByRole("heading", { name: "album.bind" })).toBeVisible();
});

test("a queue shows its history, is limited, paused and resumed", async ({ page }) => {
  await call("POST", "/jobs", { queue: "limits", kind: "x", payload: {} });
  await page.goto("/queues/limits");
  await expect(page.getByRole("img", { name: /Jobs that came and ended/ })).toBeVisible();
  await page.getByRole("button", { name: "7 days" }).click();
  await expect(page).toHaveURL(/window=7d/);
  await page.getByLabel("Jobs per second").fill("5");
  await page.getByText("What is kept").click();
  await page.getByLabel("For hours").first().fill("12");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  const { settings } = await call<{
    settings: { rate_per_second: number; retention: { done: { age_ms: number } } };
  }>("GET", "/queues/limits");
  expect(settings.rate_per_second).toBe(5);
  expect(settings.retention.done.age_ms).toBe(12 * 3_600_000);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await expect(page.locator(".page-note .state")).toHaveText("paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.locator(".page-note .state")).not.toHaveText("paused");
});

test("an address is checked while it is typed, and a retry policy is drawn", async ({ page }) => {
  await page.goto("/webhooks/new");
  const address = page.getByLabel("Address");
  await address.fill("http://169.254.169.254/latest");
  await expect(page.getByText("address not allowed")).toBeVisible();
  await address.fill("http://127.0.0.1:9/hooks");
  await expect(page.getByText("Allowed, but requests to it are not encrypted.")).toBeVisible();
  await page.getByLabel("Standard").check();
  await expect(page.getByText("10 attempts within 3 d 3 h")).toBeVisible();
});

test("deliveries are replayed after a count, and followed", async ({ page }) => {
  const { data } = await call<{ data: { id: string; description: string }[] }>("GET", "/webhooks?limit=100");
  const webhook = data.find(({ description }) => description === "Warehouse");
  await page.goto(`/webhooks/${webhook?.id}`);
  await page.getByRole("button", { name: "Replay…" }).click();
  await page.getByLabel("Which").selectOption("all");
  await page.getByLabel("Event types").fill("order.created");
  await page.getByRole("button", { name: "Count", exact: true }).click();
  await page.getByRole("button", { name: /^Replay \d+/ }).click();
  await expect(page.getByText(/^(\d+) of \1 have ended$/)).toBeVisible({ timeout: 15_000 });
});

test("an event type is shown with its schema and an example to send", async ({ page }) => {
  await page.goto("/event-types");
  await page.getByRole("button", { name: "order.created", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "order.created" });
  await expect(dialog.getByText("Any data is accepted.")).toBeVisible();
  await expect(dialog.getByText('"order": 7')).toBeVisible();
  await expect(dialog.getByText("curl -X POST")).toBeVisible();
});

test("the overview looks back as far as it is asked to", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("img", { name: /^Flow/ })).toBeVisible();
  await page.getByRole("button", { name: "24 hours" }).click();
  await expect(page).toHaveURL(/window=24h/);
  await expect(page.getByRole("img", { name: /^What ended in/ }).first()).toBeVisible();
});
