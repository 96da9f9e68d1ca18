// The jobs a job waits for, and the one that waits for it.
import { Link } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { Card } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { usePages } from "../../lib/live";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import type { Job } from "./data";

type Child = Schemas["Page_ChildJob"]["data"][number];
const LIMIT = 25;
const RESULT_CHARS = 200;

export function Lineage({ job }: { job: Job }) {
  const texts = t.jobs.one;
  return (
    <>
      {job.parent_id != null && (
        <Card title={texts.parent}>
          <p>
            {texts.parentWaits}{" "}
            <Link to="/jobs/$id" params={{ id: job.parent_id }}>
              <code>{job.parent_id}</code>
            </Link>
          </p>
        </Card>
      )}
      {job.children > 0 && <Children job={job} />}
    </>
  );
}

function Children({ job: { id, children, blocked_by } }: { job: Job }) {
  const jobs = usePages<Child>(["job-children", id], (cursor) =>
    read(
      api.GET("/jobs/{id}/children", { params: { path: { id }, query: { limit: LIMIT, cursor } as never } }),
    ),
  );
  const texts = t.jobs.one;
  const ended = count(children - blocked_by);
  return (
    <Card title={texts.children} note={texts.childrenEnded(ended, count(children))} flush>
      <LoadedPages pages={jobs} empty={<Empty icon="jobs" title={t.jobs.list.empty} />}>
        {(rows) => <Table label={texts.children} columns={columns()} rows={rows} keyOf={(one) => one.id} />}
      </LoadedPages>
    </Card>
  );
}

function columns(): Column<Child>[] {
  const texts = t.jobs.one;
  return [
    {
      head: texts.child,
      main: true,
      cell: ({ id }) => (
        <Link to="/jobs/$id" params={{ id }}>
          <code>{id}</code>
        </Link>
      ),
    },
    {
      head: t.jobs.list.state,
      cell: ({ ended }) => (
        <State state={ended ?? "pending"} label={ended == null ? texts.notEnded : undefined} />
      ),
    },
    { head: texts.onFailure, cell: ({ on_failure }) => texts.onFailures[on_failure] ?? on_failure },
    {
      head: texts.result,
      wide: true,
      cell: ({ result }) => (result == null ? "–" : <code className="cut small">{shortened(result)}</code>),
    },
  ];
}

function shortened(value: unknown): string {
  return JSON.stringify(value).slice(0, RESULT_CHARS);
}
