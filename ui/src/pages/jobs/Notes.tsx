// What a job's attempts told of themselves: how far they came, and the lines of the log.
import { useEffect } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Json } from "../../components/Copy";
import { Card } from "../../components/Page";
import { LoadedPages } from "../../components/states";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { count, percent } from "../../lib/numbers";
import { exact } from "../../lib/time";
import { t } from "../../texts";
import type { Job } from "./data";

const LINES = 250;

export function ProgressCard({ progress }: { progress: NonNullable<Job["progress"]> }) {
  const share = progress.percent;
  return (
    <Card title={t.jobs.one.progress} note={<Time at={progress.at} />}>
      {share != null && (
        <p className="progress">
          <progress aria-label={t.jobs.one.progress} max={100} value={share} />
          <strong className="number">{percent(share / 100)}</strong>
        </p>
      )}
      {progress.data != null && <Json value={progress.data} label={t.jobs.one.progress} />}
    </Card>
  );
}

type Line = Schemas["Page_LogLine"]["data"][number];

export function LogCard({ job }: { job: Job }) {
  const { id } = job;
  const lines = usePages<Line>(
    ["job-log", id],
    (cursor) =>
      read(api.GET("/jobs/{id}/log", { params: { path: { id }, query: { limit: LINES, cursor } as never } })),
    { every: 0 },
  );
  const { hasNextPage, refetch } = lines.query;
  const shown = lines.rows?.length;
  const isToTheEnd = shown !== undefined && !hasNextPage;
  const written = job.log_lines;
  // Lines come at the end only: what is shown changes when the end of it is shown. One reading at a time; a line that was
  // written during one is asked for behind it.
  useEffect(() => {
    if (isToTheEnd && written > shown) void refetch({ cancelRefetch: false });
  }, [isToTheEnd, written, shown, refetch]);
  return (
    <Card title={t.jobs.one.log} note={t.jobs.one.logLines(count(job.log_lines))} flush>
      <LoadedPages pages={lines} empty={null}>
        {(rows) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it
          <section className="log" tabIndex={0} aria-label={t.jobs.one.log}>
            <ol>
              {rows.map(({ at, attempt, text }, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place in the log
                <li key={place}>
                  <time dateTime={at} title={exact(at)}>
                    {at.slice(11, 23)}
                  </time>
                  <span className="quiet" title={t.jobs.one.attempt(attempt)}>
                    #{attempt}
                  </span>
                  <span>{text}</span>
                </li>
              ))}
            </ol>
          </section>
        )}
      </LoadedPages>
    </Card>
  );
}
