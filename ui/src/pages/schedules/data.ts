// What the pages of schedules read, and what can be done to one.
import { api, read, type Schemas } from "../../api/client";
import { useAction, useAsked } from "../../components/useAction";
import { useLive } from "../../lib/live";
import { language } from "../../lib/preferences";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { cronWords } from "./words";

export type Schedule = Schemas["Schedule"];
export const CATCH_UPS = ["skip", "one", "all"] as const;

export function useSchedule(id: string) {
  return useLive(["schedule", id], () => read(api.GET("/schedules/{id}", { params: { path: { id } } })));
}

/** When a schedule ticks, in words where there are any. */
export function ruleWords({ cron, every_ms }: Pick<Schedule, "cron" | "every_ms">): string | undefined {
  if (every_ms != null) return t.schedules.every(duration(every_ms));
  return cron == null ? undefined : cronWords(cron);
}

/** How a schedule fares, in one word of the states. */
export function stateOf({ enabled, last_error }: Pick<Schedule, "enabled" | "last_error">): [string, string] {
  if (!enabled) return ["paused", t.schedules.paused];
  return last_error == null ? ["enabled", t.schedules.on] : ["failing", t.schedules.failing];
}

const CLOCK = {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
} as const;

/** A time as the clocks of a zone show it; those of UTC, when the browser does not know the zone. */
export function inZone(time: string, zone: string | null | undefined): string {
  const date = new Date(time);
  try {
    return date.toLocaleString(language(), { ...CLOCK, timeZone: zone ?? undefined });
  } catch {
    return date.toLocaleString(language(), { ...CLOCK, timeZone: "UTC" });
  }
}

export function useScheduleActions({ id, name, enabled }: Schedule, onDeleted?: () => void) {
  const texts = t.schedules;
  const params = { path: { id } };
  const changes = [["schedule", id], ["schedules"]];
  const run = useAction(() => read(api.POST("/schedules/{id}/run", { params })), {
    done: ({ duplicate }) => (duplicate ? texts.ranDuplicate : texts.ran),
    changes: [...changes, ["jobs"]],
  });
  const put = (next: boolean) => read(api.PATCH("/schedules/{id}", { params, body: { enabled: next } }));
  const set = useAction(() => put(!enabled), {
    done: (changed) => (changed.enabled ? texts.isResumed(name) : texts.isPaused(name)),
    changes,
    undo: ({ enabled: is }) => put(!is),
  });
  const [askDelete] = useAsked(
    () => read(api.DELETE("/schedules/{id}", { params })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    { done: texts.deleted, changes: [["schedules"]], next: onDeleted },
  );
  return { run, set, askDelete };
}
