// What makes every page live: the stream is followed while somebody is signed in, with a switch to pause.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { openStream } from "../api/client";
import { useCan } from "../api/session";
import { togglePaused, useLiveness, usePaused } from "../lib/live";
import { refreshByStream } from "../lib/stale";
import { follow } from "../lib/stream";
import { t } from "../texts";

/** Follows the stream where the person may, until paused. */
export function useFollowing(): void {
  const isAllowed = useCan()("changes:read");
  const isPaused = usePaused();
  const queries = useQueryClient();
  useEffect(() => {
    if (!isAllowed || isPaused) return;
    const stops = [refreshByStream(queries), follow(openStream)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [isAllowed, isPaused, queries]);
}

export function LiveSwitch() {
  const liveness = useLiveness();
  const isPaused = liveness === "paused";
  return (
    <button
      type="button"
      className={`live live-${liveness}`}
      title={isPaused ? t.shell.goOn : `${t.shell.liveness[liveness]} ${t.shell.pause}`}
      aria-pressed={isPaused}
      onClick={togglePaused}
    >
      {liveness === "lost" ? t.shell.reconnecting : isPaused ? t.shell.paused : t.shell.live}
    </button>
  );
}
