// The next times of a rule: of a stored one, and of one that is being written, which the server works out.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, read } from "../../api/client";
import { reasonOf } from "../../api/problem";
import { Countdown } from "../../components/Countdown";
import { useSettled } from "../../lib/settled";
import { t } from "../../texts";
import { inZone } from "./data";

export interface RuleInput {
  cron?: string;
  every_ms?: number;
  timezone?: string;
}

export function NextTimes({ times, zone }: { times: readonly string[]; zone?: string | null }) {
  return (
    <ol className="next-times">
      {times.map((time) => (
        <li key={time}>
          <span>{inZone(time, zone)}</span>
          <Countdown to={time} />
        </li>
      ))}
    </ol>
  );
}

export function Preview({ rule }: { rule: RuleInput }) {
  const settled = useSettled(rule);
  const isEmpty = settled.cron === undefined && settled.every_ms === undefined;
  const { data, error } = useQuery({
    queryKey: ["schedule-preview", settled],
    // With its zone: while the next one is being typed, the times of the last one stay.
    queryFn: async () => {
      const { next_times } = await read(api.GET("/schedules/preview", { params: { query: settled } }));
      return { next_times, zone: settled.timezone };
    },
    enabled: !isEmpty,
    retry: false,
    placeholderData: keepPreviousData,
  });
  const texts = t.schedules.form;
  return (
    <section className="preview" aria-label={texts.preview}>
      <h3>{texts.preview}</h3>
      <div aria-live="polite">
        {isEmpty && <p className="quiet">{texts.previewWait}</p>}
        {!isEmpty && error && <p className="field-error">{reasonOf(error)}</p>}
        {!isEmpty && !error && data && <NextTimes times={data.next_times} zone={data.zone} />}
      </div>
    </section>
  );
}
