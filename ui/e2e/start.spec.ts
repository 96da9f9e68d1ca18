// The first minutes with the product, and a place below a path.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@playwright/test";
import { credentials, serve } from "./server";
import { NOBODY, PASSWORD, receiver, setUpLink, signIn } from "./support";

const PERSON_MS = 120_000;

test.use({ storageState: NOBODY });

test("from set-up to the first delivered webhook", async ({ page }) => {
  const server = await serve({ isDev: false });
  const begin = Date.now();
  const link = await setUpLink(server);
  await page.goto(link);
  await page.getByLabel("Company").fill("Example");
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByText(/^np_live_/)).toBeVisible();
  await page.getByRole("button", { name: "Go to the overview" }).click();
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  const target = await receiver(200, "thank you");
  await page.getByRole("link", { name: "Create a webhook" }).click();
  await page.getByLabel("Address").fill(target.url);
  await page.getByLabel("Events", { exact: true }).fill("order.*");
  await page.getByRole("button", { name: "Create a webhook" }).click();
  await page.getByRole("button", { name: "To the webhook" }).click();
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.getByRole("button", { name: "Send an event" }).first().click();
  await page.getByRole("dialog").getByLabel("Type").fill("order.created");
  await page.getByRole("dialog").getByRole("button", { name: "Send an event" }).click();
  await page.getByRole("link", { name: "order.created" }).click();
  await page.getByRole("link", { name: /^dlv_/ }).or(page.locator("a[href*='/deliveries/']")).first().click();
  await expect(page.locator(".page-note .state")).toHaveText("delivered");
  await expect(page.getByRole("heading", { name: "Response 200" })).toBeVisible();
  await expect(page.getByText("thank you")).toBeVisible();
  expect(Date.now() - begin).toBeLessThan(PERSON_MS);
  target.close();
  // The link is good once.
  await page.context().clearCookies();
  await page.goto(link);
  await page.reload();
  await page.getByLabel("Company").fill("Another");
  await page.getByLabel("Your name").fill("Eve");
  await page.getByLabel("E-mail address").fill("eve@example.com");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await server.stop();
});

/** A proxy that serves a server below a path, and takes the path away. */
async function below(path: string, target: string): Promise<{ url: string; close: () => void }> {
  const proxy = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const url = incoming.url ?? "/";
    if (!url.startsWith(`${path}/`)) return outgoing.writeHead(404).end("outside");
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(target + url.slice(path.length), options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

test("everything works below a path, and a proxy without its server is a server that is away", async ({
  page,
  baseURL,
}) => {
  const proxy = await below("/pulse/admin", baseURL ?? "");
  const outside: string[] = [];
  page.on("response", (answer) => answer.status() === 404 && outside.push(answer.url()));
  await page.goto(`${proxy.url}/webhooks?x=1`);
  await expect(page).toHaveURL(/\/pulse\/admin\/sign-in\?next=/);
  await signIn(page, credentials());
  await expect(page).toHaveURL(/\/pulse\/admin\/webhooks/);
  await expect(page.getByRole("link", { name: "Warehouse" })).toBeVisible();
  await expect(page.locator(".live-live")).toBeVisible();
  await page.getByRole("link", { name: "Warehouse" }).click();
  await page.getByRole("link", { name: "Deliveries", exact: true }).click();
  await expect(page).toHaveURL(/\/pulse\/admin\/webhooks\/wh_\w+\/deliveries$/);
  // Deep addresses find their scripts as well.
  await page.reload();
  await expect(page.getByRole("link", { name: "order.created" }).first()).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("inspector");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${proxy.url}/inspector`);
  await page.getByRole("button", { name: "Make a receiver" }).click();
  await expect(page.getByRole("region", { name: "Address for a webhook" })).toContainText(
    `${proxy.url}/play/`,
  );
  await page.goto(`${proxy.url}/docs`);
  await expect(page.getByRole("heading", { name: "NovaPulse API" })).toBeVisible();
  expect(outside).toEqual([]);
  proxy.close();
});
