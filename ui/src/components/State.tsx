// States as a coloured dot and a word; the colour never says it alone.
import { t } from "../texts";

type Tone = "ok" | "warn" | "bad" | "busy" | "idle";

const TONES: Record<string, Tone> = {
  completed: "ok",
  delivered: "ok",
  sent: "ok",
  accepted: "ok",
  ready: "ok",
  rendering: "busy",
  queued: "busy",
  sending: "busy",
  rejected: "bad",
  succeeded: "ok",
  enabled: "ok",
  healthy: "ok",
  closed: "ok",
  ok: "ok",
  running: "ok",
  active: "busy",
  waiting: "busy",
  pending: "busy",
  half_open: "warn",
  retrying: "warn",
  degraded: "warn",
  paused: "warn",
  stalled: "warn",
  failed: "bad",
  exhausted: "bad",
  failing: "bad",
  open: "bad",
  down: "bad",
};

export function State({ state, label }: { state: string; label?: string }) {
  return (
    <span className={`state state-${TONES[state] ?? "idle"}`}>
      {label ?? t.words[state] ?? state.replaceAll("_", " ")}
    </span>
  );
}
