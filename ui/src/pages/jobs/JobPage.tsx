// One job: where it stands, what can be done to it, what it carries and why attempts failed.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Id, Json } from "../../components/Copy";
import { Menu, MenuItem } from "../../components/Menu";
import { Card, Page } from "../../components/Page";
import { PathLink } from "../../components/PathLink";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction, useAsked } from "../../components/useAction";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { type Job, useJob } from "./data";
import { EditJobDialog } from "./EditJob";
import { Lineage } from "./Lineage";
import { LogCard, ProgressCard } from "./Notes";
import { ACTION, isOwnKind, stoodFor } from "./own";
import { Why } from "./Why";

const route = getRouteApi("/app/jobs/$id");
const STEPS_MAX = 7;

export function JobPage() {
  const { id } = route.useParams();
  const job = useJob(id);
  const can = useCan();
  return (
    <Page
      title={job.data?.kind ?? id}
      trail={[{ text: t.jobs.list.title, link: { to: "/jobs" } }]}
      note={
        job.data && (
          <>
            <State state={job.data.state} />
            <Id id={id} />
          </>
        )
      }
      actions={job.data && can("jobs:write") && <JobActions job={job.data} />}
    >
      <Loaded query={job}>
        {(data) => (
          <>
            <Why job={data} />
            <Card title={t.jobs.one.timeline}>
              <Timeline job={data} />
            </Card>
            <Card title={t.jobs.one.facts}>
              <JobFacts job={data} />
            </Card>
            {data.progress != null && <ProgressCard progress={data.progress} />}
            {data.errors.length > 0 && <Failures job={data} />}
            <div className="halves">
              <Card title={t.jobs.one.payload}>
                <Json value={data.payload} label={t.jobs.one.payload} />
              </Card>
              {data.result != null && (
                <Card title={t.jobs.one.result}>
                  <Json value={data.result} label={t.jobs.one.result} />
                </Card>
              )}
            </div>
            {data.log_lines > 0 && <LogCard job={data} />}
            <Lineage job={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function JobActions({ job }: { job: Job }) {
  const navigate = useNavigate();
  const [isEditing, setEditing] = useState(false);
  const texts = t.jobs.one;
  const params = { path: { id: job.id } };
  const changes = [["job", job.id], ["jobs"], ["queues"]];
  const retry = useAction(() => read(api.POST("/jobs/{id}/retry", { params })), {
    done: texts.retried,
    changes,
  });
  const promote = useAction(() => read(api.POST("/jobs/{id}/promote", { params })), {
    done: texts.promoted,
    changes,
  });
  const [askCancel, isCancelling] = useAsked(
    () => read(api.POST("/jobs/{id}/cancel", { params })),
    { title: texts.cancelTitle(job.kind), text: texts.cancelText, action: texts.cancelIt },
    { done: texts.cancelled, changes },
  );
  const [askDelete] = useAsked(
    () => read(api.DELETE("/jobs/{id}", { params })),
    { title: texts.deleteTitle(job.kind), text: texts.deleteText, action: t.kit.delete },
    {
      done: texts.deleted,
      changes: [["jobs"], ["queues"]],
      next: () => void navigate({ to: "/jobs" }),
    },
  );
  const isDone = ["completed", "failed", "cancelled"].includes(job.state);
  const cancel = !isDone && (
    <Button icon="close" look="danger" busy={isCancelling} onClick={askCancel}>
      {texts.cancel}
    </Button>
  );
  if (isOwnKind(job.kind)) return job.kind === ACTION && cancel;
  return (
    <>
      {(job.state === "failed" || job.state === "cancelled") && (
        <Button icon="retry" look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
          {texts.retry}
        </Button>
      )}
      {(job.state === "delayed" || job.state === "retrying") && (
        <Button icon="play" busy={promote.isPending} onClick={() => promote.mutate()}>
          {texts.promote}
        </Button>
      )}
      {cancel}
      <Menu trigger={<Button icon="more" aria-label={t.kit.actions} />}>
        <MenuItem icon="plus" onSelect={() => void navigate({ to: "/jobs/new", search: { like: job.id } })}>
          {texts.like}
        </MenuItem>
        {job.state !== "active" && (
          <MenuItem icon="settings" onSelect={() => setEditing(true)}>
            {texts.edit}
          </MenuItem>
        )}
        {isDone && (
          <MenuItem icon="trash" danger onSelect={askDelete}>
            {t.kit.delete}
          </MenuItem>
        )}
      </Menu>
      {isEditing && <EditJobDialog job={job} onClose={() => setEditing(false)} />}
    </>
  );
}

function Timeline({ job }: { job: Job }) {
  const texts = t.jobs.one;
  const between = (from: string, to: string) => duration(Math.max(0, Date.parse(to) - Date.parse(from)));
  const { created_at, started_at, finished_at, run_at } = job;
  const steps: [string, string, ReactNode][] = [[texts.created, created_at, undefined]];
  for (const { attempt, at, is_interrupted } of job.errors) {
    const name = is_interrupted ? texts.attemptInterrupted(attempt) : texts.attemptFailed(attempt);
    if (at !== finished_at) steps.push([name, at, undefined]);
  }
  if (started_at != null) {
    const note = job.errors.length === 0 ? texts.waited(between(created_at, started_at)) : undefined;
    steps.push([texts.attemptStarted(job.attempt), started_at, note]);
  }
  if (finished_at != null) {
    const word = t.words[job.state] ?? job.state;
    const note = started_at == null ? undefined : texts.ran(between(started_at, finished_at));
    steps.push([word, finished_at, note]);
  } else if (run_at != null) steps.push([texts.runAt, run_at, undefined]);
  steps.sort(([, one], [, other]) => one.localeCompare(other));
  return (
    <ol className="timeline">
      {steps.slice(-STEPS_MAX).map(([name, at, note]) => (
        <li key={`${name} ${at}`}>
          <strong>{name}</strong>
          <Time at={at} />
          {note !== undefined && <span className="quiet small">{note}</span>}
        </li>
      ))}
    </ol>
  );
}

function JobFacts({ job }: { job: Job }) {
  const texts = t.jobs.one;
  const facts: [string, ReactNode][] = [
    [
      t.jobs.queue,
      <Link key="queue" to="/queues/$name" params={{ name: job.queue }}>
        {job.queue}
      </Link>,
    ],
    [texts.attempts, texts.ofAttempts(job.attempt, job.attempts)],
    [texts.priority, job.priority],
  ];
  const found = isOwnKind(job.kind) ? stoodFor(job.payload) : undefined;
  if (found !== undefined) {
    const [path, id] = found;
    facts.push([
      texts.standsFor,
      <PathLink key="stands for" path={path}>
        <code>{id}</code>
      </PathLink>,
    ]);
  }
  if (job.failure != null) facts.push([texts.failure, t.jobs.failures[job.failure] ?? job.failure]);
  if (job.worker != null) facts.push([texts.worker, job.worker]);
  if (job.timeout_ms != null) facts.push([texts.timeout, duration(job.timeout_ms)]);
  if (job.group_key != null) facts.push([t.jobs.list.group, job.group_key]);
  if (job.unique_key != null) facts.push([texts.unique, job.unique_key]);
  if (job.rescues > 0) facts.push([texts.rescues, job.rescues]);
  if (job.expire_at != null) facts.push([texts.expires, <Time key="expires" at={job.expire_at} />]);
  if (job.tags.length > 0) {
    facts.push([
      texts.tags,
      <span key="tags" className="row">
        {job.tags.map((tag) => (
          <Link key={tag} to="/jobs" search={{ tag }} className="chip">
            {tag}
          </Link>
        ))}
      </span>,
    ]);
  }
  return <Facts facts={facts} />;
}

/** Each attempt that went wrong: how long it ran, and whether it failed or was cut off. */
function Failures({ job }: { job: Job }) {
  const texts = t.jobs.one;
  const ran = (from: string, to: string) =>
    texts.ran(duration(Math.max(0, Date.parse(to) - Date.parse(from))));
  return (
    <Card title={texts.errors}>
      <ol className="failures">
        {job.errors.map(({ attempt, at, error, started_at, is_interrupted }) => (
          <li key={`${attempt}-${at}`}>
            <p className="row">
              <strong>{texts.attempt(attempt)}</strong>
              <State
                state={is_interrupted ? "stalled" : "failed"}
                label={is_interrupted ? texts.interrupted : undefined}
              />
              <Time at={at} />
              {started_at != null && <span className="quiet small">{ran(started_at, at)}</span>}
            </p>
            <pre className={is_interrupted ? "failure-interrupted" : undefined}>{error}</pre>
          </li>
        ))}
      </ol>
    </Card>
  );
}
