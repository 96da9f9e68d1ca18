// Who works outside the server: which queue they ask, since when, and what each does now.
import { Link } from "@tanstack/react-router";
import { Code } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, Loaded } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { serverUrl } from "../../lib/base";
import { useNow } from "../../lib/now";
import { count } from "../../lib/numbers";
import { duration, exact } from "../../lib/time";
import { t } from "../../texts";
import { useQueues, useWorkers, type Worker } from "./data";

export function Workers() {
  const workers = useWorkers();
  const texts = t.jobs.workers;
  return (
    <Page title={texts.title} note={texts.note}>
      <Loaded query={workers}>
        {({ data }) =>
          data.length === 0 ? <Nobody /> : data.map((one) => <WorkerCard key={keyOf(one)} worker={one} />)
        }
      </Loaded>
      <Inside />
    </Page>
  );
}

function keyOf({ queue, name }: Worker): string {
  return `${queue} ${name ?? ""}`;
}

function WorkerCard({ worker }: { worker: Worker }) {
  const texts = t.jobs.workers;
  const { name, queue, since, last_seen_at, jobs } = worker;
  return (
    <Card
      flush
      title={name ?? texts.nameless}
      note={
        <>
          {texts.asks}{" "}
          <Link to="/queues/$name" params={{ name: queue }}>
            {queue}
          </Link>
          {since != null && (
            <>
              , {texts.since} <Time at={since} />
            </>
          )}
          {last_seen_at != null && (
            <>
              , {texts.seen} <Time at={last_seen_at} />
            </>
          )}
        </>
      }
      actions={
        <State
          state={jobs.length > 0 ? "active" : "idle"}
          label={jobs.length > 0 ? texts.holds(count(jobs.length)) : undefined}
        />
      }
    >
      {jobs.length > 0 && (
        <Table
          label={texts.work(name ?? texts.nameless)}
          columns={columns()}
          rows={jobs}
          keyOf={({ id }) => id}
        />
      )}
    </Card>
  );
}

function columns(): Column<Worker["jobs"][number]>[] {
  const texts = t.jobs;
  return [
    {
      head: texts.list.kind,
      main: true,
      cell: ({ id, kind }) => (
        <Link to="/jobs/$id" params={{ id }}>
          {kind}
        </Link>
      ),
    },
    { head: texts.list.id, cell: ({ id }) => <code className="quiet small">{id}</code> },
    { head: texts.list.attempt, right: true, cell: ({ attempt }) => attempt },
    {
      head: texts.workers.runs,
      right: true,
      cell: ({ started_at }) => (started_at == null ? "–" : <Elapsed since={started_at} />),
    },
  ];
}

function Elapsed({ since }: { since: string }) {
  const ms = Math.max(0, useNow() - Date.parse(since));
  return (
    <time dateTime={since} title={exact(since)} className="number">
      {duration(Math.floor(ms / 1_000) * 1_000 || 1_000)}
    </time>
  );
}

function Nobody() {
  const texts = t.jobs.workers;
  const command = [
    `curl -X POST ${window.location.origin}${serverUrl("api/v1/queues/default/lease")} \\`,
    '  -H "Authorization: Bearer $NOVAPULSE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '{"worker": "my-worker", "max": 1, "wait_ms": 20000}'`,
  ].join("\n");
  return (
    <Card>
      <Empty icon="workers" title={texts.empty}>
        <p>{texts.emptyText}</p>
      </Empty>
      <Code text={command} label={texts.empty} />
    </Card>
  );
}

/** The handlers of the server itself, by queue. */
function Inside() {
  const queues = useQueues();
  const texts = t.jobs.workers;
  return (
    <Card title={texts.inside} note={texts.insideNote} flush>
      <Loaded query={queues}>
        {({ data }) => (
          <Table
            label={texts.inside}
            rows={data}
            keyOf={({ name }) => name}
            columns={[
              {
                head: t.jobs.queue,
                main: true,
                cell: ({ name }) => (
                  <Link to="/queues/$name" params={{ name }}>
                    {name}
                  </Link>
                ),
              },
              { head: texts.busy, right: true, cell: ({ workers }) => count(workers) },
              { head: t.jobs.queues.concurrency, right: true, cell: ({ concurrency }) => count(concurrency) },
              { head: t.overview.waiting, right: true, cell: ({ waiting }) => count(waiting) },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
