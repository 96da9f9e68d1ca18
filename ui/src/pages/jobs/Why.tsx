// "Why is this waiting?", answered on the page of a job.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Countdown } from "../../components/Countdown";
import { Icon } from "../../components/Icon";
import { Loading } from "../../components/states";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import { type Job, useQueue, useQueues, useWorkers } from "./data";
import { type Reason, reasonsOf } from "./why";

export function Why({ job }: { job: Job }) {
  const isWaiting = job.state === "waiting";
  const queues = useQueues(isWaiting);
  const queue = useQueue(job.queue, isWaiting);
  const workers = useWorkers(isWaiting);
  // What is below would move with each answer.
  if ([queues, queue, workers].some(({ isLoading }) => isLoading)) return <Loading rows={2} />;
  const reasons = reasonsOf({
    job,
    figures: queues.data?.data.find(({ name }) => name === job.queue),
    settings: queue.data?.settings,
    asked: workers.data && new Set(workers.data.data.map((worker) => worker.queue)),
  });
  if (reasons.length === 0) return null;
  return (
    <section className="why" aria-label={t.jobs.why.title}>
      <Icon name="clock" size={18} />
      <div>
        <h2>{t.jobs.why.title}</h2>
        <ul>
          {reasons.map((reason) => (
            <li key={reason.why}>{said(reason, job.queue)}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function said(reason: Reason, queue: string): ReactNode {
  const texts = t.jobs.why;
  switch (reason.why) {
    case "time":
      return (
        <>
          {texts.time} <Countdown to={reason.at} />
        </>
      );
    case "retry":
      return (
        <>
          {texts.retry} <Countdown to={reason.at} />
        </>
      );
    case "children":
      return texts.children(count(reason.count));
    case "paused":
      return (
        <>
          {texts.paused}{" "}
          <Link to="/queues/$name" params={{ name: queue }}>
            {queue}
          </Link>
        </>
      );
    case "nobody":
      return (
        <>
          {texts.nobody} <Link to="/workers">{t.shell.pages.workers}</Link>
        </>
      );
    case "full":
      return texts.full(count(reason.count));
    case "group":
      return texts.group(count(reason.count));
    case "rate":
      return texts.rate(String(reason.perSecond));
    case "line":
      return texts.line(count(reason.count));
  }
}
