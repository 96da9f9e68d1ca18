// A walk through every page at three sizes in both themes, for people to look at: target/ui/screens.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "@playwright/test";
import { ids, open, PAGES } from "./pages";

const WIDTHS = { phone: 360, tablet: 768, desk: 1_440 };
const FOLDER = process.env.NOVAPULSE_SCREENS ?? "screens";

for (const theme of ["light", "dark"] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    test("every page", async ({ page }) => {
      const made = await ids();
      for (const [size, width] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width, height: 900 });
        mkdirSync(join(FOLDER, theme, size), { recursive: true });
        for (const [name, pathOf] of Object.entries(PAGES)) {
          await open(page, pathOf(made));
          const path = join(FOLDER, theme, size, `${name.replaceAll(" ", "-")}.png`);
          await page.screenshot({ path, fullPage: true, animations: "disabled" });
        }
      }
    });
  });
}
