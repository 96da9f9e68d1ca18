// What several journeys need: people of their own, receivers, codes of an authenticator app.
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, expect, type Page } from "@playwright/test";
import { address, BASE_URL, call, callAsOwner, LATEST_MS, type Server, type Target } from "./server";

export const NOBODY = { cookies: [], origins: [] };
export const PASSWORD = "tram orbit velvet noon";
const FIRST_PASSWORD = "lantern gravel seven owls";

export interface Person {
  name: string;
  email: string;
  password: string;
}

/** A new person of the demo company. */
export async function person(role: "admin" | "manager" | "user"): Promise<Person> {
  const tag = randomUUID().slice(0, 8);
  const made = { name: `Ada ${tag}`, email: `ada-${tag}@example.com` };
  await callAsOwner("POST", "/users", { ...made, role, password: FIRST_PASSWORD });
  // Who was given a password chooses one of one's own first.
  const { access_token: token } = await call<{ access_token: string }>("POST", "/auth/login", {
    email: made.email,
    password: FIRST_PASSWORD,
  });
  const change = { current_password: FIRST_PASSWORD, password: PASSWORD };
  await call("POST", "/auth/password", change, { token });
  return { ...made, password: PASSWORD };
}

/** A page of a browser in which somebody is signed in. */
export async function pageOf(browser: Browser, { email, password }: Person): Promise<Page> {
  const extraHTTPHeaders = { "X-Forwarded-For": address() };
  const context = await browser.newContext({ baseURL: BASE_URL, storageState: NOBODY, extraHTTPHeaders });
  const answer = await context.request.post("/api/v1/auth/login", {
    headers: { "X-Session-Mode": "cookie" },
    data: { email, password },
  });
  expect(answer.status(), await answer.text()).toBe(200);
  return context.newPage();
}

export async function signIn(page: Page, { email, password }: Omit<Person, "name">): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}

/** Answers the question of a dialog with what was asked about. */
export async function confirm(page: Page, title: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.locator("button[type=submit]").click();
  await expect(dialog).toHaveCount(0);
}

/** What a look finds at last; for what no signal tells of. */
export async function found<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  let last: T | undefined;
  const isThere = async () => {
    last = await look();
    return last !== undefined;
  };
  await expect.poll(isThere, { message: what, timeout: LATEST_MS }).toBe(true);
  return last as T;
}

/** The address at which a new server is set up: it prints it. */
export async function setUpLink({ said }: Server): Promise<string> {
  const address = /https?:\S+\/setup#\S+/;
  await expect.poll(said, { message: "the address of the set-up", timeout: LATEST_MS }).toMatch(address);
  return address.exec(said())?.[0] ?? "";
}

export interface Receiver {
  url: string;
  /** What it answers from now on. */
  answers: (status: number, body?: string) => void;
  /** Waits for so many requests in all. */
  got: (count: number) => Promise<void>;
  close: () => void;
}

/** A receiver of webhooks on this machine. */
export async function receiver(status = 200, body = "ok"): Promise<Receiver> {
  let [next, text, count] = [status, body, 0];
  const server: HttpServer = createServer((request: IncomingMessage, response) => {
    request.resume().on("end", () => {
      count += 1;
      server.emit("counted");
      response.writeHead(next, { "Content-Type": "text/html" }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    answers: (status, body = "ok") => {
      [next, text] = [status, body];
    },
    got: async (wanted) => {
      const signal = AbortSignal.timeout(LATEST_MS);
      while (count < wanted) await once(server, "counted", { signal });
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const STEP_MS = 30_000;

/** The six digits an authenticator app shows (RFC 6238), some steps of thirty seconds from now. */
export function totp(secret: string, steps = 0): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/[^A-Z2-7]/g, "")]
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

interface Leased {
  jobs: { id: string; lease_token: string }[];
}

/** Does what a worker outside does: takes a job of a queue and gives up on it. */
export async function failNext(queue: string, error: string, at: Target = {}): Promise<string> {
  const { jobs } = await call<Leased>("POST", `/queues/${queue}/lease`, { wait_ms: 10_000 }, at);
  const [job] = jobs;
  if (job === undefined) throw new Error(`the queue ${queue} has no job`);
  await call("POST", `/jobs/${job.id}/fail`, { lease_token: job.lease_token, error, discard: true }, at);
  return job.id;
}
