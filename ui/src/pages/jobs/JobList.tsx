// Jobs in a table, for every page that lists some.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, read, type Schemas } from "../../api/client";
import { State } from "../../components/State";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, type Selection, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { t } from "../../texts";
import { type Filter, filterOf } from "./actions";

export type ListedJob = Schemas["Page_ListedJob"]["data"][number];

interface ListProps {
  filter: Filter;
  limit?: number;
  /** Shown when nothing fits, in place of the usual words. */
  empty?: ReactNode;
  /** Only what tells one job from another. */
  isShort?: boolean;
  selection?: Pick<Selection<ListedJob>, "chosen" | "onChange">;
}

export function JobList({ filter, limit = 50, empty, isShort = false, selection }: ListProps) {
  const jobs = usePages(["jobs", filter, limit], (cursor) =>
    read(api.GET("/jobs", { params: { query: { ...filterOf(filter), limit, cursor } as never } })),
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
          selection={selection && { ...selection, nameOf: ({ kind, id }) => `${kind} ${id}` }}
        />
      )}
    </LoadedPages>
  );
}

function columns(filter: Filter, isShort: boolean): Column<ListedJob>[] {
  const texts = t.jobs.list;
  const all: (Column<ListedJob> | false)[] = [
    {
      head: texts.kind,
      main: true,
      wide: true,
      cell: (job) => (
        <span className="stack-tight">
          <Link to="/jobs/$id" params={{ id: job.id }}>
            {job.kind}
          </Link>
          {job.error != null && <span className="cut small job-error">{job.error}</span>}
        </span>
      ),
    },
    !isShort && { head: texts.state, cell: ({ state }) => <State state={state} /> },
    filter.queue === undefined && {
      head: t.jobs.queue,
      cell: ({ queue }) => (
        <span className="short" title={queue}>
          {queue}
        </span>
      ),
    },
    !isShort && { head: texts.id, spare: true, cell: ({ id }) => <code className="quiet small">{id}</code> },
    { head: texts.attempt, right: true, cell: ({ attempt, attempts }) => `${attempt} / ${attempts}` },
    { head: texts.created, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
  ];
  return all.filter((column) => column !== false);
}
