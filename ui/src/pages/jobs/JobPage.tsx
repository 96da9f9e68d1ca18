// One job: where it stands, what can be done to it, what it carries and why attempts failed.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { Id, Json } from "../../components/Copy";
import { confirm } from "../../components/confirm";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { useJob } from "./data";

type Job = Schemas["JobDetail"];
const route = getRouteApi("/app/jobs/$id");

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
            <Card title={t.jobs.one.timeline}>
              <Timeline job={data} />
            </Card>
            <Card title={t.jobs.one.facts}>
              <JobFacts job={data} />
            </Card>
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
          </>
        )}
      </Loaded>
    </Page>
  );
}

function JobActions({ job }: { job: Job }) {
  const navigate = useNavigate();
  const texts = t.jobs.one;
  const params = { path: { id: job.id } };
  const changes = [["job", job.id], ["jobs"], ["queues"]];
  const retry = useAction(() => read(api.POST("/jobs/{id}/retry", { params })), {
    done: texts.retried,
    changes,
  });
  const cancel = useAction(() => read(api.POST("/jobs/{id}/cancel", { params })), {
    done: texts.cancelled,
    changes,
  });
  const promote = useAction(() => read(api.POST("/jobs/{id}/promote", { params })), {
    done: texts.promoted,
    changes,
  });
  const remove = useAction(() => read(api.DELETE("/jobs/{id}", { params })), {
    done: texts.deleted,
    changes: [["jobs"], ["queues"]],
    next: () => void navigate({ to: "/jobs" }),
  });
  const askCancel = async () => {
    const question = { title: texts.cancelTitle(job.kind), text: texts.cancelText, action: texts.cancel };
    if (await confirm({ ...question, danger: true })) cancel.mutate();
  };
  const askDelete = async () => {
    const question = { title: texts.deleteTitle(job.kind), text: texts.deleteText, action: t.kit.delete };
    if (await confirm({ ...question, danger: true })) remove.mutate();
  };
  const isDone = ["completed", "failed", "cancelled"].includes(job.state);
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
      {!isDone && (
        <Button icon="close" look="danger" busy={cancel.isPending} onClick={askCancel}>
          {texts.cancel}
        </Button>
      )}
      <ButtonLink to="/jobs/new" search={{ like: job.id }} icon="plus">
        {texts.like}
      </ButtonLink>
      {isDone && (
        <Button
          icon="trash"
          look="danger"
          aria-label={t.kit.delete}
          busy={remove.isPending}
          onClick={askDelete}
        />
      )}
    </>
  );
}

function Timeline({ job }: { job: Job }) {
  const texts = t.jobs.one;
  const between = (from: string, to: string) => duration(Math.max(0, Date.parse(to) - Date.parse(from)));
  const { created_at, started_at, finished_at, run_at } = job;
  const steps: [string, string, ReactNode][] = [[texts.created, created_at, undefined]];
  if (started_at != null)
    steps.push([texts.started, started_at, texts.waited(between(created_at, started_at))]);
  if (finished_at != null) {
    steps.push([
      texts.finished,
      finished_at,
      started_at == null ? undefined : texts.ran(between(started_at, finished_at)),
    ]);
  } else if (run_at != null) steps.push([texts.runAt, run_at, undefined]);
  return (
    <ol className="timeline">
      {steps.map(([name, at, note]) => (
        <li key={name}>
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
  if (job.worker != null) facts.push([texts.worker, job.worker]);
  if (job.timeout_ms != null) facts.push([texts.timeout, duration(job.timeout_ms)]);
  if (job.group_key != null) facts.push([t.jobs.list.group, job.group_key]);
  if (job.unique_key != null) facts.push([texts.unique, job.unique_key]);
  if (job.rescues > 0) facts.push([texts.rescues, job.rescues]);
  if (job.expire_at != null) facts.push([texts.expires, <Time key="expires" at={job.expire_at} />]);
  if (job.parent_id != null) {
    facts.push([
      texts.parent,
      <Link key="parent" to="/jobs/$id" params={{ id: job.parent_id }}>
        {job.parent_id}
      </Link>,
    ]);
  }
  if (job.tags.length > 0) {
    facts.push([
      texts.tags,
      <span key="tags" className="row">
        {job.tags.map((tag) => (
          <span key={tag} className="chip">
            {tag}
          </span>
        ))}
      </span>,
    ]);
  }
  return <Facts facts={facts} />;
}

function Failures({ job }: { job: Job }) {
  return (
    <Card title={t.jobs.one.errors}>
      <ol className="failures">
        {job.errors.map(({ attempt, at, error }) => (
          <li key={`${attempt}-${at}`}>
            <p className="row">
              <strong>{t.jobs.one.attempt(attempt)}</strong>
              <Time at={at} />
            </p>
            <pre>{error}</pre>
          </li>
        ))}
      </ol>
    </Card>
  );
}
