// The inbox of dead letters: jobs that were given up, by what went wrong, to be sent on their way again or thrown away.
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { FilterSelect, Filters, FilterText } from "../../components/Filters";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import type { Action } from "./actions";
import { BulkDialog, type Target } from "./BulkDialog";
import { useQueues } from "./data";
import { type Group, grouped } from "./failures";
import type { ListedJob } from "./JobList";

const route = getRouteApi("/app/failures");
/** As many as a page of the API holds. */
const LOOKED_AT = 250;
const SHOWN_JOBS = 8;
const EVERY_MS = 10_000;

export function Failures() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const { data: queues } = useQueues();
  const [asked, setAsked] = useState<{ action: Action; target: Target }>();
  const can = useCan();
  const jobs = usePages<ListedJob>(
    ["jobs", "failures", filter],
    (cursor) => {
      const query = { ...filter, state: "failed", limit: LOOKED_AT, cursor };
      return read(api.GET("/jobs", { params: { query: query as never } }));
    },
    { every: EVERY_MS },
  );
  const total = sumOf(queues?.data, filter.queue);
  const texts = t.jobs.dead;
  const all: Target = { filter: { ...filter, state: "failed" } };
  const set = (change: typeof filter) => void navigate({ search: { ...filter, ...change } });
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        can("jobs:write") && (
          <Button icon="retry" look="primary" onClick={() => setAsked({ action: "retry", target: all })}>
            {texts.retryAll}
          </Button>
        )
      }
    >
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterSelect
          label={t.jobs.queue}
          value={filter.queue}
          onChange={(queue) => set({ queue })}
          choices={
            queues?.data.filter(({ failed }) => failed > 0).map(({ name }) => [name, name] as const) ?? []
          }
        />
        <FilterText label={t.jobs.list.kind} value={filter.kind} onChange={(kind) => set({ kind })} />
      </Filters>
      <LoadedPages pages={jobs} empty={<Nothing />}>
        {(rows) => (
          <>
            <p className="quiet small">
              {texts.lookedAt(count(rows.length), count(Math.max(total, rows.length)))}
            </p>
            <Groups
              rows={rows}
              isReadOnly={!can("jobs:write")}
              onAsk={(action, target) => setAsked({ action, target })}
            />
          </>
        )}
      </LoadedPages>
      {asked && <BulkDialog {...asked} onClose={() => setAsked(undefined)} />}
    </Page>
  );
}

function sumOf(
  queues: readonly { name: string; failed: number }[] | undefined,
  name: string | undefined,
): number {
  return (queues ?? [])
    .filter((queue) => name === undefined || queue.name === name)
    .reduce((sum, { failed }) => sum + failed, 0);
}

function Nothing() {
  return (
    <Card>
      <Empty icon="check" title={t.jobs.dead.empty}>
        <p>{t.jobs.dead.emptyText}</p>
      </Empty>
    </Card>
  );
}

interface GroupsProps {
  rows: readonly ListedJob[];
  isReadOnly: boolean;
  onAsk: (action: Action, target: Target) => void;
}

function Groups({ rows, isReadOnly, onAsk }: GroupsProps) {
  const groups = useMemo(() => grouped(rows), [rows]);
  return groups.map((group) => (
    <GroupCard key={group.key} group={group} isReadOnly={isReadOnly} onAsk={onAsk} />
  ));
}

function GroupCard({ group, isReadOnly, onAsk }: { group: Group } & Omit<GroupsProps, "rows">) {
  const { kind, queue, failure, sample, jobs } = group;
  const texts = t.jobs.dead;
  const target = { ids: jobs.map(({ id }) => id) };
  const many = count(jobs.length);
  return (
    <Card
      title={`${kind} · ${many}`}
      note={
        <>
          <Link to="/queues/$name" params={{ name: queue }}>
            {queue}
          </Link>
          {failure !== "" && `, ${t.jobs.failures[failure] ?? failure}`}, <Time at={jobs[0]?.finished_at} />
        </>
      }
      actions={
        !isReadOnly && (
          <>
            <Button small icon="retry" onClick={() => onAsk("retry", target)}>
              {texts.retry(many)}
            </Button>
            <Button small icon="trash" look="danger" onClick={() => onAsk("delete", target)}>
              {texts.delete(many)}
            </Button>
          </>
        )
      }
    >
      <pre className="dead-error">{sample === "" ? texts.noError : sample}</pre>
      <details>
        <summary>{texts.jobs(many)}</summary>
        <ul className="dead-jobs">
          {jobs.slice(0, SHOWN_JOBS).map(({ id, finished_at }) => (
            <li key={id}>
              <Link to="/jobs/$id" params={{ id }}>
                <code>{id}</code>
              </Link>
              <Time at={finished_at} />
            </li>
          ))}
        </ul>
        {jobs.length > SHOWN_JOBS && (
          <ButtonLink to="/jobs" search={{ state: "failed", queue, kind }} small>
            {t.kit.all}
          </ButtonLink>
        )}
      </details>
    </Card>
  );
}
