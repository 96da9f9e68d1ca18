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

const NEAR_MAX = 3;

/** The pages whose address begins almost like this one, the likest first. */
export function nearestPages(path: string, scopes: readonly string[]): Entry[] {
  const [wanted = ""] = path.toLowerCase().split("/").filter(Boolean);
  const far = Math.max(1, Math.floor(wanted.length / 3));
  const distance = ({ to }: Entry) => {
    const word = to.slice(1);
    return wanted !== "" && (word.startsWith(wanted) || wanted.startsWith(word)) ? 0 : edits(wanted, word);
  };
  return reachablePages(scopes)
    .filter(({ to }) => to !== "/")
    .map((entry) => ({ entry, by: distance(entry) }))
    .filter(({ by }) => by <= far)
    .sort((one, other) => one.by - other.by)
    .slice(0, NEAR_MAX)
    .map(({ entry }) => entry);
}

/** How many letters are to be put in, taken out or exchanged to make one word of the other (Levenshtein's distance). */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let place = 1; place <= other.length; place += 1) {
      const kept = (row[place - 1] ?? 0) + (letter === other[place - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[place] ?? 0) + 1, (next[place - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
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
