// What the pages of webhooks read, and what a webhook's figures mean.
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { useLive } from "../../lib/live";

export type Webhook = Schemas["Webhook"];
export type Stats = Schemas["WebhookStats"];
export const DELIVERY_STATES = ["pending", "succeeded", "failed", "cancelled"] as const;

const DEGRADED_BELOW = 0.95;
const STATS_MS = 10_000;

export function useWebhook(id: string) {
  return useLive(["webhook", id], () => read(api.GET("/webhooks/{id}", { params: { path: { id } } })));
}

const NAMES_MAX = 100;
const NAMES_MS = 30_000;

/** What the newest webhooks are called, by their ids. */
export function useWebhookNames(): ReadonlyMap<string, string> {
  const isAllowed = useCan()("webhooks:read");
  const { data } = useLive(
    ["webhooks", "names"],
    () => read(api.GET("/webhooks", { params: { query: { limit: NAMES_MAX } } })),
    { every: NAMES_MS, enabled: isAllowed },
  );
  return new Map(data?.data.map(({ id, description, url }) => [id, description || url]));
}

/** With `isRead` false only what another part of the page has read is there. */
export function useWebhookStats(id: string, isRead = true) {
  return useLive(
    ["webhook-stats", id],
    () => read(api.GET("/webhooks/{id}/stats", { params: { path: { id }, query: { window: "24h" } } })),
    { every: STATS_MS, enabled: isRead },
  );
}

/** How a webhook fares, in one word. */
export function healthOf(webhook: Pick<Webhook, "enabled">, stats: Stats | undefined): string {
  if (!webhook.enabled) return "disabled";
  if (stats === undefined) return "enabled";
  if (stats.breaker !== "closed") return stats.breaker;
  if (stats.success_rate != null && stats.success_rate < DEGRADED_BELOW) return "degraded";
  return "healthy";
}

/** The attempts of a retry policy as times since the first one, in milliseconds. */
export function attemptTimes(delays: readonly number[]): number[] {
  const times = [0];
  for (const delay of delays) times.push((times.at(-1) ?? 0) + delay);
  return times;
}

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const LONG = [5 * S, 5 * MIN, 30 * MIN, 2 * H, 5 * H, 10 * H];

/** The delays of the named policies. */
export const PRESETS: Record<string, readonly number[]> = {
  default: [5 * S, 10 * S, 20 * S],
  standard: [...LONG, 14 * H, 20 * H, 24 * H],
  patient: [...LONG, 10 * H],
  none: [],
};
