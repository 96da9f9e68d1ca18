// The attempts of a retry policy on a line of time. Early ones are close together, so the line grows by the power of ten.
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { attemptTimes } from "./data";

const SECOND_MS = 1_000;
/** The least length of the line, so that attempts within seconds do not look far apart. */
const SPAN_MS_MIN = 60 * SECOND_MS;

/** Where a time stands on the line, from 0 to 1. */
export function placeOf(time: number, last: number): number {
  const scale = (ms: number) => Math.log10(1 + ms / SECOND_MS);
  return scale(time) / scale(Math.max(last, SPAN_MS_MIN));
}

export function RetryLine({ delays }: { delays: readonly number[] }) {
  const texts = t.webhooks.form;
  const times = attemptTimes(delays);
  const last = times.at(-1) ?? 0;
  return (
    <div className="retry-line">
      <div className="retry-track" aria-hidden="true">
        {times.map((time, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an attempt is its number
          <span key={index} className="retry-dot" style={{ left: `${placeOf(time, last) * 100}%` }} />
        ))}
      </div>
      <ol>
        {times.map((time, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an attempt is its number
          <li key={index}>
            <strong title={texts.attempt(index + 1)}>{index + 1}</strong>
            {time === 0 ? texts.atOnce : `+${duration(time)}`}
          </li>
        ))}
      </ol>
      <p className="small quiet">
        {times.length === 1 ? texts.once : texts.span(String(times.length), duration(last))}
      </p>
    </div>
  );
}
