// Before the journeys: starts the server, fills it with something to see, signs in once.
import { chromium, expect, type FullConfig } from "@playwright/test";
import { BASE_URL, call, callAsOwner, credentialsIn, LATEST_MS, SESSION, serve } from "./server";

const EVENTS = 5;

interface Made {
  id: string;
}

async function fill(): Promise<void> {
  const { path } = await call<{ path: string }>("POST", "/play");
  const url = BASE_URL + path;
  const webhook = await call<Made>("POST", "/webhooks", {
    url,
    events: ["order.*"],
    description: "Warehouse",
  });
  process.env.NOVAPULSE_E2E_WEBHOOK = webhook.id;
  await call("POST", "/event-types", {
    name: "order.created",
    description: "A customer placed an order",
    example: { order: 7 },
  });
  for (let order = 0; order < EVENTS; order += 1) {
    await call("POST", "/events", { type: "order.created", data: { order, customer: { city: "London" } } });
  }
  await call("POST", "/jobs", {
    queue: "default",
    kind: "image.resize",
    payload: { image: 1 },
    tags: ["demo"],
  });
  await call("POST", "/schedules", {
    name: "Nightly clean-up",
    cron: "30 3 * * *",
    timezone: "Europe/Berlin",
    target: { job: { queue: "chores", kind: "clean.up", payload: {} } },
  });
  await fail();
  const report = await call<Made>("POST", "/reports", {
    definition: "jobs",
    format: "json",
    period: { last_ms: 86_400_000 },
    group_by: "queue",
  });
  const stateOf = async () => (await call<{ state: string }>("GET", `/reports/${report.id}`)).state;
  await expect.poll(stateOf, { message: "the report", timeout: LATEST_MS }).toBe("ready");
  const statesOf = async () => {
    const { data } = await call<{ data: { state: string }[] }>("GET", `/webhooks/${webhook.id}/logs`);
    return data.map(({ state }) => state);
  };
  const all = Array.from({ length: EVENTS }, () => "succeeded");
  await expect.poll(statesOf, { message: "the deliveries", timeout: LATEST_MS }).toEqual(all);
}

/** What only a person may make, or read; the ids are kept, since the session ends before the journeys may. */
async function fillAsOwner(): Promise<void> {
  const text = "Tomorrow the doors open at six.";
  const order = { to: ["warehouse@example.com"], subject: "Doors open at six", text };
  const email = await callAsOwner<Made>("POST", "/emails", order);
  process.env.NOVAPULSE_E2E_EMAIL = email.id;
  const department = await callAsOwner<Made>("POST", "/departments", { name: "Warehouse" });
  process.env.NOVAPULSE_E2E_DEPARTMENT = department.id;
}

/** Leaves jobs behind whose only attempt failed, and one with a worker. */
async function fail(): Promise<void> {
  for (let image = 0; image < 3; image += 1) {
    await call("POST", "/jobs", { queue: "images", kind: "image.scale", payload: { image }, attempts: 1 });
  }
  const { jobs } = await call<{ jobs: { id: string; lease_token: string }[] }>(
    "POST",
    "/queues/images/lease",
    {
      max: 3,
      worker: "images-1",
      lease_ms: 600_000,
    },
  );
  for (const [place, { id, lease_token }] of jobs.entries()) {
    if (place === 2) continue;
    const error = `cannot open file ${1_000 + place}.png: it is no picture`;
    await call("POST", `/jobs/${id}/fail`, { lease_token, error, discard: true });
  }
}

export default async function setup(config: FullConfig): Promise<() => Promise<void>> {
  const server = await serve({ port: new URL(BASE_URL).port });
  try {
    const credentials = credentialsIn(server.data);
    process.env.NOVAPULSE_E2E_CREDENTIALS = JSON.stringify(credentials);
    await fill();
    const browser = await chromium.launch(config.projects[0]?.use.launchOptions);
    const page = await browser.newPage({ baseURL: BASE_URL });
    await page.goto("/");
    await page.getByLabel("E-mail address").fill(credentials.email);
    await page.getByLabel("Password").fill(credentials.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.context().storageState({ path: SESSION });
    await browser.close();
    const { email, password } = credentials;
    const { access_token } = await call<{ access_token: string }>("POST", "/auth/login", { email, password });
    process.env.NOVAPULSE_E2E_OWNER = access_token;
    await fillAsOwner();
  } catch (cause) {
    await server.stop();
    throw cause;
  }
  return server.stop;
}
