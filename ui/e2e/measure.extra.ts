// Figures of the pages: how soon the overview says something on a slow machine, and what each page asks the server.
// With NOVAPULSE_MEASURE_JOBS so many jobs are made first.
import { expect, type Page, type Request, test } from "@playwright/test";
import { ids, open, PAGES } from "./pages";
import { call } from "./server";

const ROUNDS = 7;
const SLOWER = 4;
const PAINT_MS = 1_000;
const DATA_MS = 300;
const BATCH = 1_000;

declare global {
  interface Window {
    painted?: number;
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Notes when the figures of the overview were painted first. */
async function watchPaint(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const look = () => {
      if (document.querySelector(".totals dd") === null) return requestAnimationFrame(look);
      requestAnimationFrame(() => {
        window.painted = performance.now();
      });
    };
    requestAnimationFrame(look);
  });
}

async function paint(page: Page): Promise<number> {
  await page.goto("/");
  return await page
    .waitForFunction(() => window.painted)
    .then((handle) => handle.jsonValue() as Promise<number>);
}

test("first meaningful paint of the overview", async ({ page, browser }) => {
  await watchPaint(page);
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  const warm = [];
  for (let round = 0; round < ROUNDS; round += 1) warm.push(await paint(page));
  const cold = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // A browser that was never here before but is signed in.
    const context = await browser.newContext({ storageState: await page.context().storageState() });
    const fresh = await context.newPage();
    await watchPaint(fresh);
    await (await context.newCDPSession(fresh)).send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    cold.push(await paint(fresh));
    await context.close();
  }
  console.log(`overview, CPU ${SLOWER} times slower, median of ${ROUNDS}:`);
  console.log(
    `  first visit ${median(cold).toFixed(0)} ms, later ${median(warm).toFixed(0)} ms (at most ${PAINT_MS})`,
  );
  expect(median(cold)).toBeLessThanOrEqual(PAINT_MS);
  expect(median(warm)).toBeLessThanOrEqual(PAINT_MS);
});

async function makeJobs(count: number): Promise<void> {
  for (let made = 0; made < count; made += BATCH) {
    const jobs = Array.from({ length: Math.min(BATCH, count - made) }, (_, index) => ({
      queue: `measure-${index % 4}`,
      kind: `measure.${index % 7}`,
      payload: { number: made + index },
      tags: [`tag-${index % 50}`],
    }));
    await call("POST", "/jobs/batch", { jobs });
  }
}

/** What the server was asked for, without what tells one object from another. */
function whatOf(request: Request): string | undefined {
  const { pathname, search } = new URL(request.url());
  if (!pathname.startsWith("/api/") || pathname.endsWith("/stream")) return undefined;
  return pathname.replace("/api/v1", "").replace(/[a-z]+_[0-9a-z]{20,}/, "{id}") + search.slice(0, 40);
}

/** The slowest answer to each question of a page, once all are there. */
async function askedBy(page: Page, path: string): Promise<Map<string, number>> {
  const asked = new Map<string, number>();
  const under = new Set<Request>();
  const begin = (request: Request) => whatOf(request) !== undefined && under.add(request);
  const end = (request: Request) => under.delete(request);
  const finish = (request: Request) => {
    const what = whatOf(request);
    if (what === undefined || !under.delete(request)) return;
    const { responseEnd, requestStart } = request.timing();
    asked.set(what, Math.max(asked.get(what) ?? 0, responseEnd - requestStart));
  };
  page.on("request", begin).on("requestfinished", finish).on("requestfailed", end);
  await open(page, path);
  await page.waitForLoadState("load");
  await expect.poll(() => under.size).toBe(0);
  page.off("request", begin).off("requestfinished", finish).off("requestfailed", end);
  return asked;
}

test("what each page asks the server", async ({ page }) => {
  const jobs = Number(process.env.NOVAPULSE_MEASURE_JOBS ?? 0);
  await makeJobs(jobs);
  const made = await ids();
  const slow: string[] = [];
  console.log(`what each page asks, with ${jobs} more jobs; the slowest answer of each in ms:`);
  for (const [name, pathOf] of Object.entries(PAGES)) {
    const asked = await askedBy(page, pathOf(made));
    const calls = [...asked].map(([what, ms]) => `${what} ${ms.toFixed(0)}`);
    console.log(`  ${name}: ${calls.join(", ") || "nothing"}`);
    slow.push(...[...asked].filter(([, ms]) => ms > DATA_MS).map(([what, ms]) => `${name}: ${what} ${ms}`));
  }
  expect(slow).toEqual([]);
});
