// Groups of dead letters from several answers of the server as one list. Pure.
import type { Schemas } from "../../api/client";

export type Group = Schemas["ErrorGroup"];

/** One list, the largest first; of those with one error, what comes first is the latest. */
export function merged(groups: readonly Group[]): Group[] {
  const all = new Map<string, Group>();
  for (const group of groups) {
    const known = all.get(group.fingerprint);
    if (known === undefined) all.set(group.fingerprint, group);
    else
      all.set(group.fingerprint, {
        ...known,
        count: known.count + group.count,
        first_at: group.first_at,
        kinds: [...new Set([...known.kinds, ...group.kinds])],
        queues: [...new Set([...known.queues, ...group.queues])],
      });
  }
  return [...all.values()].sort((one, other) => other.count - one.count);
}
