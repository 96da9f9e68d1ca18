// Every page in both themes at three widths: no violation of WCAG 2.2 A and AA, nothing on the console, nothing wider
// than the screen, and nothing that moves while it loads.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, type Route, test } from "@playwright/test";
import { ids, open, PAGES } from "./pages";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** A fifth of what Web Vitals call good. */
const SHIFT_MAX = 0.02;

declare global {
  interface Window {
    shifts: { value: number; what: string }[];
  }
}

/** Adds up what moves on a page without anybody having touched it. */
async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.shifts = [];
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, sources } = entry as unknown as { value: number; sources: { node?: Element }[] };
        const what = sources.map(({ node }) => node?.className || node?.nodeName || "?").join(" ");
        window.shifts.push({ value, what });
      }
    });
    observer.observe({ type: "layout-shift", buffered: true });
  });
}

type Order = "as asked" | "newest first";

/**
 * Lets one answer of the server through at a time, and each be painted before the next, as a slow line does, while an order is set.
 * One handler for all of a test: what a page asks while one handler gives way to another is answered by neither.
 */
class SlowLine {
  private readonly held: Route[] = [];
  private isPassing = false;
  private order?: Order;

  constructor(private readonly page: Page) {}

  async open(): Promise<void> {
    await this.page.route(/\/api\/v1\/(?!stream)/, async (route) => {
      if (this.order === undefined) return route.continue();
      this.held.push(route);
      if (!this.isPassing) await this.pass();
    });
  }

  /** Sets the order in which answers pass; without one all pass at once. */
  hold(order?: Order): void {
    this.order = order;
  }

  /** How many answers are still held. */
  left(): number {
    return this.held.length + (this.isPassing ? 1 : 0);
  }

  private async pass(): Promise<void> {
    this.isPassing = true;
    for (;;) {
      const route = this.order === "newest first" ? this.held.pop() : this.held.shift();
      if (route === undefined) break;
      await route.fulfill({ response: await route.fetch() });
      // The page before may have asked, and be gone.
      await painted(this.page).catch(() => undefined);
    }
    this.isPassing = false;
  }
}

async function painted(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** How much moved while the page came, and what. */
async function shiftsOf(page: Page, line: SlowLine, path: string, order: Order): Promise<Window["shifts"]> {
  line.hold(order);
  await open(page, path);
  await expect.poll(() => line.left()).toBe(0);
  await painted(page);
  line.hold();
  return page.evaluate(() => window.shifts);
}

/** Waits until colours stand, and are not on their way from one theme to the other. */
async function settled(page: Page): Promise<void> {
  await painted(page);
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => !(animation instanceof CSSTransition)),
  );
}

const LOOKS = [
  [1_440, "light"],
  [1_440, "dark"],
  [768, "light"],
  [768, "dark"],
  [360, "dark"],
  [360, "light"],
] as const;

for (const [name, pathOf] of Object.entries(PAGES)) {
  test(name, async ({ page }) => {
    const said: string[] = [];
    page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await watchShifts(page);
    const path = pathOf(await ids());
    const line = new SlowLine(page);
    await line.open();
    for (const order of ["as asked", "newest first"] as const) {
      const shifts = await shiftsOf(page, line, path, order);
      const moved = shifts.reduce((sum, { value }) => sum + value, 0);
      expect(moved, `${order}: ${JSON.stringify(shifts)}`).toBeLessThan(SHIFT_MAX);
    }
    for (const [width, colorScheme] of LOOKS) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
      expect(found, `${width} px, ${colorScheme}`).toEqual([]);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wider, `the page scrolls to the side at ${width} px`).toBeLessThanOrEqual(0);
    }
    expect(said).toEqual([]);
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });
}
