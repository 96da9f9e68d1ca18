// What is no test: pictures and measurements of the pages, made by scripts/ui-screens, scripts/ui-guides and
// scripts/ui-measure.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig({
  ...base,
  testMatch: "*.extra.ts",
  workers: 1,
  timeout: 600_000,
});
