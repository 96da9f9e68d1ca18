// A time as people say it; hovering or focusing tells it exactly.
import { useEffect, useState } from "react";
import { exact, relative } from "../lib/time";
import { t } from "../texts";

const TICK_MS = 10_000;

export function Time({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => window.clearInterval(timer);
  }, []);
  if (at == null) return <span className="quiet">{t.kit.never}</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at)}
    </time>
  );
}
