// Whether the server answers. Requests report it; while it does not, its liveness is asked until it is back.
import { useSyncExternalStore } from "react";
import { serverUrl } from "./base";

const RETRY_MS = 2_000;
const listeners = new Set<() => void>();
const returned = new Set<() => void>();
let isUp = true;
let timer: number | undefined;

/** Says how the last request went. */
export function reachable(is: boolean): void {
  if (is === isUp) return;
  isUp = is;
  for (const listener of listeners) listener();
  if (!is) timer = window.setTimeout(probe, RETRY_MS);
  else {
    window.clearTimeout(timer);
    for (const listener of [...returned]) listener();
  }
}

async function probe(): Promise<void> {
  try {
    const answer = await fetch(serverUrl("health/ready"), { cache: "no-store" });
    if (answer.ok) return reachable(true);
  } catch {
    // Still away.
  }
  timer = window.setTimeout(probe, RETRY_MS);
}

/** Calls back when the server answers again. */
export function onReturn(listener: () => void): () => void {
  returned.add(listener);
  return () => returned.delete(listener);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isReachable(): boolean {
  return isUp;
}

export function useIsReachable(): boolean {
  return useSyncExternalStore(subscribe, () => isUp);
}
