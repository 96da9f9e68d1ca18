// Does something to many jobs: first counts them, then does it and follows how far it is.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { api, read } from "../../api/client";
import { reasonOf } from "../../api/problem";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { ErrorPanel, Loading } from "../../components/states";
import { useAction } from "../../components/useAction";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import { type Action, actOnEach, type JobFilter, type Outcome } from "./actions";

const FOLLOW_MS = 700;

/** Which jobs: those with these ids, or all that a filter finds. */
export type Target = { ids: readonly string[] } | { filter: JobFilter };

interface Props {
  action: Action;
  target: Target;
  onClose: (isDone: boolean) => void;
}

/** What is under way: a job of the server, or requests of this page. */
type UnderWay = { jobId: string } | { done: number; all: number; outcome?: Outcome };

export function BulkDialog({ action, target, onClose }: Props) {
  const [underWay, setUnderWay] = useState<UnderWay>();
  const cache = useQueryClient();
  const order = useAction((filter: JobFilter) =>
    read(api.POST("/jobs/actions", { body: { action, filter } })),
  );
  const begin = async () => {
    if ("filter" in target) {
      const { job_id } = await order.mutateAsync(target.filter);
      if (job_id != null) setUnderWay({ jobId: job_id });
      return;
    }
    const all = target.ids.length;
    setUnderWay({ done: 0, all });
    const outcome = await actOnEach(action, target.ids, (done) => setUnderWay({ done, all }));
    setUnderWay({ done: all, all, outcome });
    await cache.invalidateQueries();
  };
  return (
    <Dialog title={t.jobs.bulk.titles[action]} onClose={() => onClose(underWay !== undefined)}>
      {underWay === undefined && (
        // A refusal is told by the action itself.
        <Count
          {...{ action, target, onClose }}
          isBusy={order.isPending}
          onBegin={() => void begin().catch(() => {})}
        />
      )}
      {underWay !== undefined && "jobId" in underWay && <ByServer id={underWay.jobId} onClose={onClose} />}
      {underWay !== undefined && "done" in underWay && <ByPage {...underWay} onClose={onClose} />}
    </Dialog>
  );
}

function Count({
  action,
  target,
  onClose,
  isBusy,
  onBegin,
}: Props & { isBusy: boolean; onBegin: () => void }) {
  const texts = t.jobs.bulk;
  const { data, error } = useQuery({
    queryKey: ["jobs-count", action, target],
    queryFn: async () => {
      if ("ids" in target) return { matched: target.ids.length, matched_is_exact: true };
      return read(api.POST("/jobs/actions", { body: { action, filter: target.filter, dry_run: true } }));
    },
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  if (error) return <ErrorPanel cause={error} />;
  if (data === undefined) return <Loading rows={2} />;
  const many = count(data.matched);
  return (
    <div className="stack">
      <p>
        <strong>{data.matched === 0 ? texts.none : texts.counts[action](many, data.matched_is_exact)}</strong>
      </p>
      <p className="quiet">{texts.texts[action]}</p>
      <div className="dialog-foot">
        <Button onClick={() => onClose(false)}>{t.kit.goBack}</Button>
        <Button
          look={action === "retry" || action === "promote" ? "primary" : "danger"}
          busy={isBusy}
          disabled={data.matched === 0}
          onClick={onBegin}
        >
          {texts.submits[action](many)}
        </Button>
      </div>
    </div>
  );
}

interface ByPageProps {
  done: number;
  all: number;
  outcome?: Outcome;
  onClose: Props["onClose"];
}

/** The chosen ones, by one request each. */
function ByPage({ done, all, outcome, onClose }: ByPageProps) {
  const texts = t.jobs.bulk;
  return (
    <Progress percent={(done / all) * 100} isDone={outcome !== undefined} onClose={onClose}>
      {outcome === undefined ? texts.soFar(count(done), count(all)) : texts.done(count(outcome.done))}
      {outcome !== undefined && outcome.refused > 0 && (
        <span className="field-error"> {texts.refused(count(outcome.refused), outcome.reason ?? "")}</span>
      )}
    </Progress>
  );
}

/** A job of the server, which goes on when this page is closed. */
function ByServer({ id, onClose }: { id: string; onClose: Props["onClose"] }) {
  const cache = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ["job", id, "action"],
    queryFn: () => read(api.GET("/jobs/{id}", { params: { path: { id } } })),
    refetchInterval: ({ state }) => (isEnded(state.data?.state) ? false : FOLLOW_MS),
  });
  const isDone = isEnded(data?.state);
  useEffect(() => {
    if (isDone) void cache.invalidateQueries();
  }, [isDone, cache]);
  const changed = (data?.result as { changed?: number } | null | undefined)?.changed ?? 0;
  const texts = t.jobs.bulk;
  const said = data?.state === "completed" ? texts.done(count(changed)) : data?.errors.at(-1)?.error;
  return (
    <Progress percent={data?.progress?.percent ?? undefined} isDone={isDone} onClose={onClose}>
      {error ? reasonOf(error) : isDone ? said : texts.goesOn}{" "}
      <Link to="/jobs/$id" params={{ id }}>
        {texts.job}
      </Link>
    </Progress>
  );
}

function isEnded(state: string | undefined): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

interface ProgressProps {
  percent: number | undefined;
  isDone: boolean;
  onClose: (isDone: boolean) => void;
  children: ReactNode;
}

function Progress({ percent, isDone, onClose, children }: ProgressProps) {
  return (
    <div className="stack">
      <progress aria-label={t.jobs.one.progress} max={100} value={isDone ? 100 : percent} />
      <p role="status">{children}</p>
      <div className="dialog-foot">
        <Button look={isDone ? "primary" : "plain"} onClick={() => onClose(true)}>
          {t.kit.close}
        </Button>
      </div>
    </div>
  );
}
