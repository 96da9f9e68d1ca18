// Every address of the UI. Pages are loaded when they are first needed.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { isAsked, seemsSignedIn } from "./api/client";
import { figuresQuery } from "./api/figures";
import { ApiError } from "./api/problem";
import { meQuery } from "./api/session";
import { Loading } from "./components/states";
import { PageError, Root } from "./shell/Root";

type Search<K extends string> = { [key in K]?: string };

/** The search parameters of a page: texts, and nothing but the named ones. */
function search<K extends string>(...keys: K[]) {
  return (raw: Record<string, unknown>): Search<K> => {
    const found: Search<K> = {};
    for (const key of keys) {
      const value = raw[key];
      if (value !== undefined && value !== "") found[key] = String(value) as Search<K>[K];
    }
    return found;
  };
}

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Root,
});

const open = createRoute({
  getParentRoute: () => root,
  id: "open",
  component: lazyRouteComponent(() => import("./shell/Open"), "Open"),
});

const access = () => import("./pages/access");
const signIn = createRoute({
  getParentRoute: () => open,
  path: "/sign-in",
  validateSearch: search("next"),
  component: lazyRouteComponent(access, "SignIn"),
});
const openPages = [
  signIn,
  createRoute({
    getParentRoute: () => open,
    path: "/forgot",
    component: lazyRouteComponent(access, "Forgot"),
  }),
  createRoute({ getParentRoute: () => open, path: "/reset", component: lazyRouteComponent(access, "Reset") }),
  createRoute({ getParentRoute: () => open, path: "/join", component: lazyRouteComponent(access, "Join") }),
  createRoute({ getParentRoute: () => open, path: "/setup", component: lazyRouteComponent(access, "SetUp") }),
  createRoute({
    getParentRoute: () => open,
    path: "/register",
    component: lazyRouteComponent(access, "Register"),
  }),
] as const;

const home = () => import("./home");
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  component: lazyRouteComponent(home, "Shell"),
  beforeLoad: async ({ context, location }) => {
    const next = location.href === "/" ? {} : { next: location.href };
    if (!seemsSignedIn()) throw redirect({ to: "/sign-in", search: next });
    try {
      const me = await context.queries.ensureQueryData(meQuery);
      const isHeld = me.mfa_setup_required || me.password_change_required;
      if (isHeld && location.pathname !== "/security") throw redirect({ to: "/security" });
    } catch (cause) {
      if (!(cause instanceof ApiError && cause.status === 401)) throw cause;
      throw redirect({ to: "/sign-in", search: next });
    }
  },
});

function page<const P extends string, M extends object>(
  path: P,
  load: () => Promise<M>,
  name: keyof M & string,
) {
  return createRoute({
    getParentRoute: () => app,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });
}

/** A page with search parameters. */
function found<const P extends string, M extends object, K extends string>(
  path: P,
  load: () => Promise<M>,
  name: keyof M & string,
  ...keys: K[]
) {
  return createRoute({
    getParentRoute: () => app,
    path,
    validateSearch: search(...keys),
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });
}

const jobs = () => import("./pages/jobs");
const schedules = () => import("./pages/schedules");
const reports = () => import("./pages/reports");
const webhooks = () => import("./pages/webhooks");
const events = () => import("./pages/events");
const emails = () => import("./pages/emails");
const people = () => import("./pages/people");
const account = () => import("./pages/account");
const manage = () => import("./pages/manage");

const webhook = page("/webhooks/$id", webhooks, "WebhookFrame");

/** A page inside that of a webhook. */
function tab<const P extends string>(
  path: P,
  name: "WebhookOverview" | "WebhookSettings" | "WebhookSecret" | "WebhookTesting",
) {
  return createRoute({ getParentRoute: () => webhook, path, component: lazyRouteComponent(webhooks, name) });
}

const webhookPages = [
  tab("/", "WebhookOverview"),
  createRoute({
    getParentRoute: () => webhook,
    path: "/deliveries",
    validateSearch: search("state", "event_type", "since", "until"),
    component: lazyRouteComponent(webhooks, "WebhookDeliveries"),
  }),
  tab("/settings", "WebhookSettings"),
  tab("/secret", "WebhookSecret"),
  tab("/testing", "WebhookTesting"),
] as const;

const appPages = [
  createRoute({
    getParentRoute: () => app,
    path: "/",
    validateSearch: search("window"),
    component: lazyRouteComponent(home, "Overview"),
    // A first visit is painted with its figures, since they are on their way already; later ones do not wait for them.
    loader: ({ context }) =>
      isAsked("/queue/stats") ? context.queries.prefetchQuery(figuresQuery) : undefined,
  }),
  page("/queues", jobs, "Queues"),
  found("/queues/$name", jobs, "QueuePage", "window"),
  found("/jobs", jobs, "Jobs", "queue", "state", "kind", "tag", "group", "error", "q", "since", "until"),
  found("/jobs/new", jobs, "NewJob", "queue", "like"),
  page("/jobs/$id", jobs, "JobPage"),
  found("/failures", jobs, "Failures", "queue", "kind"),
  page("/workers", jobs, "Workers"),
  page("/schedules", schedules, "Schedules"),
  page("/schedules/new", schedules, "NewSchedule"),
  page("/schedules/$id", schedules, "SchedulePage"),
  page("/schedules/$id/edit", schedules, "EditSchedule"),
  page("/reports", reports, "Reports"),
  found("/reports/new", reports, "NewReport", "like"),
  page("/reports/$id", reports, "ReportPage"),
  page("/webhooks", webhooks, "Webhooks"),
  page("/webhooks/new", webhooks, "NewWebhook"),
  webhook.addChildren(webhookPages),
  page("/deliveries/$id", () => import("./pages/deliveries"), "DeliveryPage"),
  found("/events", events, "Events", "type", "since", "until"),
  page("/events/$id", events, "EventPage"),
  page("/event-types", events, "EventTypes"),
  page("/inspector", events, "Inspector"),
  found("/emails", emails, "Emails", "state", "to", "template"),
  page("/emails/$id", emails, "EmailPage"),
  page("/email-templates", emails, "Templates"),
  page("/people", people, "People"),
  page("/departments", people, "Departments"),
  page("/departments/$id", people, "DepartmentPage"),
  page("/invites", people, "Invites"),
  page("/keys", manage, "Keys"),
  found("/audit", manage, "Audit", "actor", "action", "object", "since", "until"),
  page("/mailbox", manage, "Mailbox"),
  page("/settings", manage, "Settings"),
  createRoute({
    getParentRoute: () => app,
    path: "/settings/security",
    beforeLoad: () => {
      throw redirect({ to: "/security", replace: true });
    },
  }),
  page("/notifications", account, "Notifications"),
  page("/profile", account, "Profile"),
  page("/security", account, "Security"),
  // Whatever no other address fits: told within the frame, with ways onward.
  page("$", () => import("./shell/Lost"), "Lost"),
] as const;

const tree = root.addChildren([open.addChildren(openPages), app.addChildren(appPages)]);

export function makeRouter(queries: QueryClient, basepath: string) {
  return createRouter({
    routeTree: tree,
    basepath,
    context: { queries },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 30_000,
    // A page of another object, or a form begun like another one, is made anew: nothing that was read or typed for the
    // one before stays in it. Filters and tabs change nothing of it.
    defaultRemountDeps: ({ params, search }) => [params, "like" in search ? search.like : undefined],
    defaultErrorComponent: PageError,
    defaultPendingComponent: Loading,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
