// The pages of the menu, and the scope without which a page is of no use.
import type { IconName } from "../components/Icon";
import type { t } from "../texts";

interface Entry {
  to:
    | "/"
    | "/queues"
    | "/jobs"
    | "/failures"
    | "/workers"
    | "/schedules"
    | "/reports"
    | "/webhooks"
    | "/events"
    | "/event-types"
    | "/inspector"
    | "/emails"
    | "/email-templates"
    | "/people"
    | "/departments"
    | "/invites"
    | "/keys"
    | "/audit"
    | "/mailbox"
    | "/settings"
    | "/notifications"
    | "/profile"
    | "/security";
  name: keyof typeof t.shell.pages & IconName;
  scope: string;
}

interface Group {
  name: keyof typeof t.shell.groups;
  entries: readonly Entry[];
}

const GROUPS: readonly Group[] = [
  {
    name: "operate",
    entries: [
      { to: "/", name: "overview", scope: "jobs:read" },
      { to: "/queues", name: "queues", scope: "jobs:read" },
      { to: "/jobs", name: "jobs", scope: "jobs:read" },
      { to: "/failures", name: "failures", scope: "jobs:read" },
      { to: "/workers", name: "workers", scope: "jobs:read" },
      { to: "/schedules", name: "schedules", scope: "schedules:read" },
      { to: "/reports", name: "reports", scope: "reports:read" },
    ],
  },
  {
    name: "send",
    entries: [
      { to: "/webhooks", name: "webhooks", scope: "webhooks:read" },
      { to: "/events", name: "events", scope: "events:read" },
      { to: "/event-types", name: "eventTypes", scope: "events:read" },
      { to: "/inspector", name: "inspector", scope: "webhooks:write" },
    ],
  },
  {
    name: "mail",
    entries: [
      { to: "/emails", name: "emails", scope: "emails:read" },
      { to: "/email-templates", name: "templates", scope: "emails:read" },
    ],
  },
  {
    name: "manage",
    entries: [
      { to: "/people", name: "people", scope: "users:read" },
      { to: "/departments", name: "departments", scope: "users:read" },
      { to: "/invites", name: "invites", scope: "users:write" },
      { to: "/keys", name: "keys", scope: "keys:write" },
      { to: "/audit", name: "audit", scope: "audit:read" },
      { to: "/mailbox", name: "mailbox", scope: "mailbox:read" },
      { to: "/settings", name: "settings", scope: "company:write" },
    ],
  },
];

const OWN: readonly Entry[] = [
  { to: "/notifications", name: "notifications", scope: "profile" },
  { to: "/profile", name: "profile", scope: "profile" },
  { to: "/security", name: "security", scope: "profile" },
];

/** The groups of the menu, without what the person may not see. */
export function visible(scopes: readonly string[]): Group[] {
  return GROUPS.map(({ name, entries }) => ({
    name,
    entries: entries.filter((entry) => scopes.includes(entry.scope)),
  })).filter(({ entries }) => entries.length > 0);
}

/** What pages below those of the menu ask for, where it is another scope. */
const WITHIN: readonly (readonly [RegExp, string])[] = [
  [/^\/jobs\/new$/, "jobs:write"],
  [/^\/webhooks\/new$/, "webhooks:write"],
  [/^\/webhooks\/[^/]+\/(secret|testing)$/, "webhooks:write"],
  [/^\/deliveries\//, "webhooks:read"],
  [/^\/schedules\/(new|[^/]+\/edit)$/, "schedules:write"],
  [/^\/reports\/new$/, "reports:write"],
];

/** The scope a page asks for; none for a page that does not exist. */
export function scopeOf(path: string): string | undefined {
  const within = WITHIN.find(([pattern]) => pattern.test(path));
  if (within !== undefined) return within[1];
  const entries = [...GROUPS.flatMap((group) => group.entries), ...OWN];
  return entries.find(({ to }) => path === to || (to !== "/" && path.startsWith(`${to}/`)))?.scope;
}

/** Every page a person can go to. */
export function reachablePages(scopes: readonly string[]): Entry[] {
  return [...visible(scopes).flatMap(({ entries }) => entries), ...OWN];
}

/** The page of an id, by its prefix. */
export function pageOfId(text: string): string | undefined {
  const id = text.trim();
  const prefix = /^(job|wh|dlv|evt|dep|eml|sch|rpt)_[0-9a-z]{10,}$/.exec(id)?.[1];
  const folders: Record<string, string> = {
    job: "/jobs",
    wh: "/webhooks",
    dlv: "/deliveries",
    evt: "/events",
    dep: "/departments",
    eml: "/emails",
    sch: "/schedules",
    rpt: "/reports",
  };
  return prefix === undefined ? undefined : `${folders[prefix]}/${id}`;
}
