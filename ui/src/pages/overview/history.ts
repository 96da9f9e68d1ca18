// The history of the company's queues, read once for the chart and for the small ones on the cards.
import { useQueryClient } from "@tanstack/react-query";
import { api, read } from "../../api/client";
import type { Metrics } from "../../lib/history";
import { useLive } from "../../lib/live";
import { WINDOWS, type Window } from "../jobs/data";

export const SHOWN_WINDOWS = ["1h", "24h", "7d"] as const satisfies readonly Window[];
export type OverviewWindow = (typeof SHOWN_WINDOWS)[number];
/** The history of each queue is a request; a company with more has its busiest ones shown. */
const QUEUES_MAX = 12;
const EVERY_MS = 15_000;

export function useHistory(window: OverviewWindow) {
  const cache = useQueryClient();
  return useLive(
    ["company-metrics", window],
    async () => {
      const { data } = await cache.ensureQueryData({
        queryKey: ["queues"],
        queryFn: () => read(api.GET("/queues")),
      });
      const done = (queue: (typeof data)[number]) =>
        queue.completed + queue.failed + queue.waiting + queue.active;
      const busiest = [...data].sort((one, other) => done(other) - done(one)).slice(0, QUEUES_MAX);
      const query = { window, step: WINDOWS[window] };
      return Promise.all(
        busiest.map(({ name }) =>
          read(api.GET("/queues/{name}/metrics", { params: { path: { name }, query } })),
        ),
      );
    },
    { every: EVERY_MS },
  );
}

/** The steps of one queue as the small chart wants them. */
export function sparkOf(all: readonly Metrics[] | undefined, name: string) {
  const points = all?.find((metrics) => metrics.name === name)?.points;
  return points?.slice(-24).map(({ completed, failed }) => ({ attempts: completed + failed, failed }));
}
