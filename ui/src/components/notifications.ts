// Notifications in words, with the page each leads to; and the requests that mark them.
import { useQueryClient } from "@tanstack/react-query";
import { api, read, type Schemas } from "../api/client";
import { useMe } from "../api/session";
import { useLive } from "../lib/live";
import { count } from "../lib/numbers";
import { t } from "../texts";
import { toastError } from "./toasts";

export type Notification = Schemas["Notification"];

/** What happened; the bare word for what this page does not know yet. */
export function wordsOf({ kind, object, detail, count: many }: Notification): string {
  const words = Object.hasOwn(t.shell.notices.kinds, kind) ? t.shell.notices.kinds[kind] : undefined;
  return words?.(count(many ?? 0), detail ?? "", object ?? "") ?? [kind, detail].filter(Boolean).join(": ");
}

/** The page that says more. */
export function pageOf({ kind, object }: Notification): string {
  const id = encodeURIComponent(object ?? "");
  if (kind === "job_failed") return `/jobs/${id}`;
  if (kind === "webhook_disabled") return `/webhooks/${id}`;
  if (kind === "report_failed") return `/reports/${id}`;
  if (kind !== "dead_letters") return "/security";
  const pages: Record<string, string> = {
    webhook: "/webhooks",
    email: "/emails?state=failed",
    report: "/reports",
  };
  return pages[object ?? ""] ?? `/failures?queue=${id}`;
}

const SHOWN_MAX = 8;
const EVERY_MS = 30_000;

/** The newest ones, and how many are unread in all; the stream says when that is old. */
export function useNewest() {
  const { mfa_setup_required, password_change_required } = useMe();
  const { data } = useLive(
    ["notifications", "newest"],
    () => read(api.GET("/notifications", { params: { query: { limit: SHOWN_MAX } } })),
    // Until then the session may do nothing else.
    { every: EVERY_MS, enabled: !mfa_setup_required && !password_change_required },
  );
  return data ?? { data: [], unread: 0 };
}

/** Marks one as read, or all up to and with one. */
export function useMarks() {
  const queries = useQueryClient();
  const after = async (request: Promise<unknown>) => {
    try {
      await request;
    } catch (cause) {
      toastError(cause);
    }
    await queries.invalidateQueries({ queryKey: ["notifications"] });
  };
  return {
    mark: (id: string) => after(read(api.POST("/notifications/{id}/read", { params: { path: { id } } }))),
    markAll: (until?: string) => after(read(api.POST("/notifications/read", { body: { until } }))),
  };
}
