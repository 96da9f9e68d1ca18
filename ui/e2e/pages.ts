// Every page of the UI, with objects to show on it.
import { expect, type Page } from "@playwright/test";
import { call } from "./server";

export type Ids = {
  webhook: string;
  delivery: string;
  event: string;
  job: string;
  schedule: string;
  report: string;
  failed: string;
  email: string;
  department: string;
};

export const PAGES: Record<string, (ids: Ids) => string> = {
  overview: () => "/",
  queues: () => "/queues",
  queue: () => "/queues/default",
  jobs: () => "/jobs",
  job: ({ job }) => `/jobs/${job}`,
  "new job": () => "/jobs/new",
  "dead letters": () => "/failures",
  "failed job": ({ failed }) => `/jobs/${failed}`,
  workers: () => "/workers",
  schedules: () => "/schedules",
  schedule: ({ schedule }) => `/schedules/${schedule}`,
  "new schedule": () => "/schedules/new",
  "change of a schedule": ({ schedule }) => `/schedules/${schedule}/edit`,
  reports: () => "/reports",
  report: ({ report }) => `/reports/${report}`,
  "new report": () => "/reports/new",
  webhooks: () => "/webhooks",
  webhook: ({ webhook }) => `/webhooks/${webhook}`,
  deliveries: ({ webhook }) => `/webhooks/${webhook}/deliveries`,
  "webhook settings": ({ webhook }) => `/webhooks/${webhook}/settings`,
  "webhook secret": ({ webhook }) => `/webhooks/${webhook}/secret`,
  "webhook testing": ({ webhook }) => `/webhooks/${webhook}/testing`,
  "new webhook": () => "/webhooks/new",
  delivery: ({ delivery }) => `/deliveries/${delivery}`,
  events: () => "/events",
  event: ({ event }) => `/events/${event}`,
  "event types": () => "/event-types",
  inspector: () => "/inspector",
  "e-mails": () => "/emails",
  "e-mail": ({ email }) => `/emails/${email}`,
  "e-mail templates": () => "/email-templates",
  people: () => "/people",
  departments: () => "/departments",
  department: ({ department }) => `/departments/${department}`,
  invitations: () => "/invites",
  keys: () => "/keys",
  audit: () => "/audit",
  mailbox: () => "/mailbox",
  settings: () => "/settings",
  notifications: () => "/notifications",
  profile: () => "/profile",
  security: () => "/security",
  "sign-in": () => "/sign-in",
  forgot: () => "/forgot",
  register: () => "/register",
  "set-up": () => "/setup#token",
  join: () => "/join#token",
  reset: () => "/reset#token",
  "not found": () => "/nothing-here",
};

/** An id that the set-up has kept. */
function kept(name: string): string {
  const id = process.env[name];
  if (id === undefined) throw new Error(`the set-up has made no ${name}`);
  return id;
}

export async function ids(): Promise<Ids> {
  const first = async (path: string) => {
    const { data } = await call<{ data: { id: string }[] }>("GET", path);
    const [found] = data;
    if (found === undefined) throw new Error(`${path} holds nothing to show`);
    return found.id;
  };
  // The newest may be one of a journey, without deliveries.
  const webhook = kept("NOVAPULSE_E2E_WEBHOOK");
  const delivery = await first(`/webhooks/${webhook}/logs?limit=1`);
  return {
    webhook,
    delivery,
    event: await first("/events?limit=1"),
    job: await first("/jobs?queue=default&limit=1"),
    schedule: await first("/schedules?limit=1"),
    report: await first("/reports?limit=1"),
    failed: await first("/jobs?state=failed&limit=1"),
    email: kept("NOVAPULSE_E2E_EMAIL"),
    department: kept("NOVAPULSE_E2E_DEPARTMENT"),
  };
}

/** Shown, and nothing is loading any more. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.locator("h1, h3").first()).toBeVisible();
  await expect(page.locator(".loading")).toHaveCount(0);
}
