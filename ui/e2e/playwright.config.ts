// Journeys in Chromium against the real binary. scripts/ui-e2e runs them.
import { defineConfig } from "@playwright/test";
import { address, BASE_URL, SESSION } from "./server";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  globalSetup: "./setup.ts",
  fullyParallel: true,
  workers: 4,
  timeout: 60_000,
  forbidOnly: true,
  reporter: [["line"]],
  use: {
    baseURL: BASE_URL,
    storageState: SESSION,
    extraHTTPHeaders: { "X-Forwarded-For": address() },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Containers mostly have no user namespaces, which Chromium's own sandbox needs.
      args: ["--no-sandbox"],
    },
  },
});
