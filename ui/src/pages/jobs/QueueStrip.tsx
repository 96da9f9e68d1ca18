// The queues above the list of jobs: what is in each by state, every figure a filter of the list below.
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Icon } from "../../components/Icon";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import type { Filter } from "./actions";
import { useQueues } from "./data";
import { type QueueFigures, queueState } from "./Queues";

/** More would push the list away; the others are on the page of the queues. */
export const SHOWN_MAX = 5;
const FIGURES = ["waiting", "active", "completed", "failed", "delayed", "retrying"] as const;

/** The queues that are shown: the chosen one, then those with most to do, in the order of their names. */
export function shownQueues(queues: readonly QueueFigures[], chosen: string | undefined): string[] {
  const todo = ({ waiting, active, retrying, delayed }: QueueFigures) =>
    waiting + active + retrying + delayed;
  const rank = (queue: QueueFigures) => (queue.name === chosen ? Number.POSITIVE_INFINITY : todo(queue));
  return [...queues]
    .sort((one, other) => rank(other) - rank(one) || other.failed - one.failed)
    .slice(0, SHOWN_MAX)
    .map(({ name }) => name)
    .sort();
}

export function QueueStrip({ filter }: { filter: Filter }) {
  return (
    <Loaded query={useQueues()} rows={3}>
      {({ data }) => <Strip queues={data} filter={filter} />}
    </Loaded>
  );
}

function Strip({ queues, filter }: { queues: readonly QueueFigures[]; filter: Filter }) {
  const names = queues.map(({ name }) => name).join();
  // Chosen anew when queues come or go: cards that change places under the pointer would be pressed by mistake.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the figures are left out on purpose
  const shown = useMemo(() => shownQueues(queues, filter.queue), [names, filter.queue]);
  return (
    <section className="queue-strip" aria-label={t.jobs.queues.title}>
      <ul className="queue-cards">
        {shown.map((name) => {
          const queue = queues.find((one) => one.name === name);
          return queue && <Card key={name} queue={queue} filter={filter} />;
        })}
      </ul>
      {queues.length > shown.length && (
        <p className="small">
          <Link to="/queues">{t.jobs.queues.showAll(count(queues.length))}</Link>
        </p>
      )}
    </section>
  );
}

function Card({ queue, filter }: { queue: QueueFigures; filter: Filter }) {
  const { name } = queue;
  const isChosen = filter.queue === name;
  return (
    <li className={isChosen ? "queue-card queue-chosen" : "queue-card"}>
      <div className="queue-head">
        <Link to="/queues/$name" params={{ name }} title={t.jobs.queues.open(name)}>
          <span>{name}</span>
          <Icon name="right" size={12} />
        </Link>
        <State state={queueState(queue)} />
      </div>
      <ul className="queue-figures">
        {FIGURES.map((state) => {
          const isOn = isChosen && filter.state === state;
          const many = queue[state];
          return (
            <li key={state}>
              <Link
                to="/jobs"
                // Pressed once more, it lets go.
                search={{ ...filter, queue: isOn ? undefined : name, state: isOn ? undefined : state }}
                activeOptions={{ exact: true }}
                aria-current={isOn ? "true" : undefined}
                className={many === 0 ? "figure-none" : `figure-${state}`}
              >
                <span>{t.jobs.queues.states[state]}</span>
                <strong>{count(many)}</strong>
                <em className="hidden">{t.jobs.queues.of(name)}</em>
              </Link>
            </li>
          );
        })}
      </ul>
    </li>
  );
}
