import { expect, it } from "vitest";

const files = import.meta.glob<string>("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
/** Where the jobs of a list are gone through: its dialog counts and names what it does. */
const BY_DIALOG = "./jobs/actions.ts";

it("lets nothing be deleted without having asked by name", () => {
  let seen = 0;
  for (const [path, text] of Object.entries(files)) {
    if (path === BY_DIALOG || path.includes("schema.gen") || path.includes(".test.")) continue;
    for (const { index } of text.matchAll(/api\.DELETE\(/g)) {
      seen += 1;
      expect(text.slice(Math.max(0, index - 80), index), path).toMatch(/useAsked\(\s*\(\) =>\s*read\(\s*$/);
    }
  }
  expect(seen).toBeGreaterThan(10);
});
