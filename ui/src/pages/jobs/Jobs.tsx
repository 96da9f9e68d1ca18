// The list of jobs with its filters.
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { ButtonLink } from "../../components/Button";
import { FilterSelect, Filters, FilterText } from "../../components/Filters";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { fromLocalInput } from "../../lib/time";
import { t } from "../../texts";
import { STATES, useQueues } from "./data";

type Job = Schemas["Page_Job"]["data"][number];
type Filter = { [key in "queue" | "state" | "kind" | "tag" | "group" | "q" | "since" | "until"]?: string };

const route = getRouteApi("/app/jobs");

export function Jobs() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const can = useCan();
  const queues = useQueues();
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  const names = queues.data?.data.map(({ name }) => [name, name] as const) ?? [];
  const texts = t.jobs.list;
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        can("jobs:write") && (
          <ButtonLink to="/jobs/new" look="primary" icon="plus">
            {texts.add}
          </ButtonLink>
        )
      }
    >
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterSelect
          label={t.jobs.queue}
          value={filter.queue}
          onChange={(queue) => set({ queue })}
          choices={names}
        />
        <FilterSelect
          label={texts.state}
          value={filter.state}
          onChange={(state) => set({ state })}
          choices={STATES.map((state) => [state, t.words[state] ?? state])}
        />
        <FilterText label={texts.kind} value={filter.kind} onChange={(kind) => set({ kind })} />
        <FilterText label={texts.tag} value={filter.tag} onChange={(tag) => set({ tag })} />
        <FilterText label={texts.group} value={filter.group} onChange={(group) => set({ group })} />
        <FilterText
          label={t.kit.since}
          type="datetime-local"
          value={filter.since}
          onChange={(since) => set({ since })}
        />
      </Filters>
      <Card flush>
        <JobList filter={filter} />
      </Card>
    </Page>
  );
}

interface ListProps {
  filter: Filter;
  limit?: number;
  /** Shown when nothing fits, in place of the usual words. */
  empty?: ReactNode;
  /** Only what tells one job from another. */
  isShort?: boolean;
}

export function JobList({ filter, limit = 50, empty, isShort = false }: ListProps) {
  const { since, until, ...rest } = filter;
  const times = { since: fromLocalInput(since ?? ""), until: fromLocalInput(until ?? "") };
  const jobs = usePages(["jobs", filter, limit], (cursor) =>
    read(api.GET("/jobs", { params: { query: { ...rest, ...times, limit, cursor } as never } })),
  );
  const nothing = empty ?? (
    <Empty icon="jobs" title={t.jobs.list.empty}>
      <p>{t.jobs.list.emptyText}</p>
    </Empty>
  );
  return (
    <LoadedPages pages={jobs} empty={nothing}>
      {(rows) => (
        <Table
          label={t.jobs.list.label}
          columns={columns(filter, isShort)}
          rows={rows}
          keyOf={(job) => job.id}
        />
      )}
    </LoadedPages>
  );
}

function columns(filter: Filter, isShort: boolean): Column<Job>[] {
  const texts = t.jobs.list;
  const all: (Column<Job> | false)[] = [
    {
      head: texts.kind,
      main: true,
      cell: ({ id, kind }) => (
        <Link to="/jobs/$id" params={{ id }}>
          {kind}
        </Link>
      ),
    },
    !isShort && { head: texts.state, cell: ({ state }) => <State state={state} /> },
    filter.queue === undefined && { head: t.jobs.queue, cell: ({ queue }) => queue },
    !isShort && { head: texts.id, cell: ({ id }) => <code className="quiet small">{id}</code> },
    { head: texts.attempt, right: true, cell: ({ attempt, attempts }) => `${attempt} / ${attempts}` },
    { head: texts.created, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
  ];
  return all.filter((column) => column !== false);
}
