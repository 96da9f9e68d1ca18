// The attempts of a retry policy on a line of time. Early ones are close together, so the line grows by the power of ten.
import { duration, roughly } from "../../lib/time";
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

/** How much of the line each attempt has to its right, up to the next one. */
export function shares(times: readonly number[]): number[] {
  const last = times.at(-1) ?? 0;
  const places = [...times.map((time) => placeOf(time, last)), 1];
  return times.map((_, index) => (places[index + 1] ?? 1) - (places[index] ?? 0));
}

export function RetryLine({ delays }: { delays: readonly number[] }) {
  const texts = t.webhooks.form;
  const times = attemptTimes(delays);
  const parts = shares(times);
  return (
    <div className="retry-line">
      <ol>
        {times.map((time, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an attempt is its number
          <li key={index} style={{ flexGrow: 100 * (parts[index] ?? 0) }}>
            <strong title={texts.attempt(index + 1)}>{index + 1}</strong>
            <span title={time === 0 ? undefined : `+${duration(time)}`}>
              {time === 0 ? texts.atOnce : `+${roughly(time)}`}
            </span>
          </li>
        ))}
      </ol>
      <p className="small quiet">
        {times.length === 1 ? texts.once : texts.span(String(times.length), duration(times.at(-1) ?? 0))}
      </p>
    </div>
  );
}
