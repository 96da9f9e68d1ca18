// The figures of the last minutes, gathered while the page is open: the API tells the present only.
import { useSyncExternalStore } from "react";

export interface Sample {
  /** Seconds since 1970. */
  at: number;
  waiting: number;
  active: number;
  perMinute: number;
}

const KEPT_MAX = 450;
const listeners = new Set<() => void>();
let samples: readonly Sample[] = [];

export function addSample(sample: Sample): void {
  if (samples.at(-1)?.at === sample.at) return;
  samples = [...samples, sample].slice(-KEPT_MAX);
  for (const listener of listeners) listener();
}

export function useSamples(): readonly Sample[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => samples,
  );
}
