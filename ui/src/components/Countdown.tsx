// How long until something happens, second by second.
import { useNow } from "../lib/now";
import { duration, exact } from "../lib/time";
import { t } from "../texts";

const SECOND_MS = 1_000;

export function Countdown({ to }: { to: string }) {
  const left = Math.ceil((Date.parse(to) - useNow()) / SECOND_MS) * SECOND_MS;
  return (
    <time dateTime={to} title={exact(to)} className="number">
      {left <= 0 ? t.kit.due : t.kit.in(duration(left))}
    </time>
  );
}
