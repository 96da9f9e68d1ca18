// Before the journeys: starts the server, fills it with something to see, signs in once.
import { chromium, type FullConfig } from "@playwright/test";
import { BASE_URL, call, SESSION, start } from "./server";

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
  await call("POST", "/event-types", { name: "order.created", description: "A customer placed an order" });
  for (let order = 0; order < 5; order += 1) {
    await call("POST", "/events", { type: "order.created", data: { order, customer: { city: "London" } } });
  }
  await call("POST", "/jobs", {
    queue: "default",
    kind: "image.resize",
    payload: { image: 1 },
    tags: ["demo"],
  });
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    const { data } = await call<{ data: { state: string }[] }>("GET", `/webhooks/${webhook.id}/logs`);
    if (data.length >= 5 && data.every(({ state }) => state === "succeeded")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the deliveries did not arrive");
}

export default async function setup(config: FullConfig): Promise<() => Promise<void>> {
  const server = await start();
  try {
    await fill();
    const browser = await chromium.launch(config.projects[0]?.use.launchOptions);
    const page = await browser.newPage({ baseURL: BASE_URL });
    await page.goto("/");
    await page.getByLabel("E-mail address").fill(server.credentials.email);
    await page.getByLabel("Password").fill(server.credentials.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.context().storageState({ path: SESSION });
    await browser.close();
  } catch (cause) {
    await server.stop();
    throw cause;
  }
  return server.stop;
}
