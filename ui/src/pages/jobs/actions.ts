// What can be done to many jobs, and doing it to those that were chosen one by one.
import { api, read, type Schemas } from "../../api/client";
import { reasonOf } from "../../api/problem";
import { queryOf } from "../../lib/time";

export type Action = Schemas["ActionWord"];
export type JobFilter = Schemas["JobFilter"];
export type Filter = {
  [key in "queue" | "state" | "kind" | "tag" | "group" | "error" | "q" | "since" | "until"]?: string;
};

/** The states an action can be done in. */
const STATES: Record<Action, readonly string[]> = {
  retry: ["completed", "failed", "cancelled"],
  cancel: ["waiting", "delayed", "active", "retrying"],
  promote: ["delayed", "retrying"],
  delete: ["completed", "failed", "cancelled"],
};
export const ACTIONS = ["retry", "promote", "cancel", "delete"] as const satisfies readonly Action[];
const AT_ONCE = 6;

/** The actions that make sense for jobs in a state; all of them when it is not known. */
export function actionsFor(state: string | undefined): readonly Action[] {
  return state === undefined ? ACTIONS : ACTIONS.filter((action) => STATES[action].includes(state));
}

/** The filter of the address as the API takes it. */
export function filterOf(filter: Filter): JobFilter {
  return Object.fromEntries(Object.entries(queryOf(filter)).filter(([, value]) => value !== undefined));
}

function act(action: Action, id: string): Promise<unknown> {
  const params = { path: { id } };
  if (action === "retry") return read(api.POST("/jobs/{id}/retry", { params }));
  if (action === "cancel") return read(api.POST("/jobs/{id}/cancel", { params }));
  if (action === "promote") return read(api.POST("/jobs/{id}/promote", { params }));
  return read(api.DELETE("/jobs/{id}", { params }));
}

export interface Outcome {
  done: number;
  refused: number;
  /** Why the first refused one was. */
  reason?: string;
}

/** Goes through the jobs, a few at once, and says how far it is. */
export async function actOnEach(
  action: Action,
  ids: readonly string[],
  onProgress: (done: number) => void,
): Promise<Outcome> {
  const outcome: Outcome = { done: 0, refused: 0 };
  const waiting = ids[Symbol.iterator]();
  const work = async () => {
    for (const id of waiting) {
      try {
        await act(action, id);
        outcome.done += 1;
      } catch (cause) {
        outcome.refused += 1;
        outcome.reason ??= reasonOf(cause);
      }
      onProgress(outcome.done + outcome.refused);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
}
