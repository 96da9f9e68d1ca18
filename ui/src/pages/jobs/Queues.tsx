// Every queue as a card.
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { Icon } from "../../components/Icon";
import { Page } from "../../components/Page";
import { Sparkline, type Step } from "../../components/Sparkline";
import { State } from "../../components/State";
import { Empty, Loaded } from "../../components/states";
import { count, percent } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { useQueues } from "./data";

export type QueueFigures = Schemas["QueueSummary"];

export function Queues() {
  const queues = useQueues();
  return (
    <Page title={t.jobs.queues.title} note={t.jobs.queues.note}>
      <Loaded query={queues}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty icon="queues" title={t.kit.none} />
          ) : (
            <div className="cards">
              {data.map((queue) => (
                <QueueCard key={queue.name} queue={queue} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

const STUCK_MS = 60_000;

/** What a queue is doing, in one word. */
export function queueState(queue: QueueFigures): string {
  if (queue.paused) return "paused";
  if (queue.workers === 0 && (queue.oldest_waiting_ms ?? 0) > STUCK_MS) return "stalled";
  return queue.active > 0 ? "running" : "idle";
}

interface CardProps {
  queue: QueueFigures;
  /** What it did lately, for a small chart. */
  steps?: readonly Step[];
}

export function QueueCard({ queue, steps }: CardProps) {
  return (
    <Link to="/queues/$name" params={{ name: queue.name }} className="card card-link">
      <div className="card-head">
        <h2>{queue.name}</h2>
        <State state={queueState(queue)} />
      </div>
      <dl className="figures">
        <Figure name={t.overview.waiting} value={count(queue.waiting)} />
        <Figure name={t.overview.active} value={count(queue.active)} />
        <Figure name={t.overview.retrying} value={count(queue.retrying)} />
        <Figure name={t.overview.failed} value={count(queue.failed)} isBad={queue.failed > 0} />
      </dl>
      <p className="card-line">
        <span>
          {count(queue.throughput_per_minute)} <small>/ min</small>
        </span>
        {queue.failure_rate > 0 && (
          <span>
            {percent(queue.failure_rate)} <small>{t.words.failed}</small>
          </span>
        )}
        {queue.oldest_waiting_ms != null && (
          <span className="row-tight" title={t.overview.oldest}>
            <Icon name="clock" size={12} /> {duration(queue.oldest_waiting_ms)}
          </span>
        )}
        {steps && <Sparkline hours={steps} label={t.overview.spark(queue.name)} />}
      </p>
    </Link>
  );
}

export function Figure({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div className={isBad ? "figure figure-bad" : "figure"}>
      <dt title={name}>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
