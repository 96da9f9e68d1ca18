// One queue: figures, what can be done to it, its settings and its newest jobs.
import { getRouteApi } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { confirm } from "../../components/confirm";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { useAction, useAsked } from "../../components/useAction";
import { count, percent } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { useQueue, useQueues, windowOf } from "./data";
import { History } from "./History";
import { JobList } from "./JobList";
import { OWN_QUEUES } from "./own";
import { SettingsFacts, SettingsForm } from "./QueueSettings";
import { Figure, queueState } from "./Queues";

const route = getRouteApi("/app/queues/$name");

export function QueuePage() {
  const { name } = route.useParams();
  const { window } = route.useSearch();
  const navigate = route.useNavigate();
  const queue = useQueue(name);
  const queues = useQueues();
  const figures = queues.data?.data.find((one) => one.name === name);
  const can = useCan();
  const texts = t.jobs.queues;
  return (
    <Page
      title={name}
      trail={[{ text: texts.back, link: { to: "/queues" } }]}
      note={figures && <State state={queueState(figures)} />}
      actions={
        <>
          {can("jobs:write") && !OWN_QUEUES.has(name) && (
            <ButtonLink to="/jobs/new" search={{ queue: name }} icon="plus">
              {t.jobs.list.add}
            </ButtonLink>
          )}
          {can("queues:write") && queue.data && <QueueActions name={name} isPaused={queue.data.paused} />}
        </>
      }
    >
      <Loaded query={queue}>
        {({ settings }) => (
          <>
            <Loaded query={queues} rows={2}>
              {() => figures && <QueueFiguresCard figures={figures} />}
            </Loaded>
            <History
              name={name}
              window={windowOf(window)}
              onChange={(next) => void navigate({ search: { window: next } })}
            />
            <Card
              title={texts.jobs}
              flush
              actions={
                <ButtonLink to="/jobs" search={{ queue: name }} small>
                  {t.kit.all}
                </ButtonLink>
              }
            >
              <JobList filter={{ queue: name }} limit={10} />
            </Card>
            <Card title={texts.settings} note={texts.settingsNote}>
              {can("queues:write") ? (
                <SettingsForm name={name} settings={settings} />
              ) : (
                <SettingsFacts settings={settings} />
              )}
            </Card>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function QueueFiguresCard({ figures }: { figures: Schemas["QueueSummary"] }) {
  const oldest = figures.oldest_waiting_ms;
  return (
    <Card>
      <dl className="figures">
        <Figure name={t.overview.waiting} value={count(figures.waiting)} />
        <Figure name={t.overview.active} value={count(figures.active)} />
        <Figure name={t.overview.retrying} value={count(figures.retrying)} />
        <Figure name={t.words.delayed ?? ""} value={count(figures.delayed)} />
        <Figure name={t.overview.failed} value={count(figures.failed)} isBad={figures.failed > 0} />
        <Figure name={t.overview.completed} value={count(figures.completed)} />
        <Figure name={t.overview.perMinute} value={count(figures.throughput_per_minute)} />
        <Figure name={t.jobs.queues.failureRate} value={percent(figures.failure_rate)} />
        <Figure name={t.overview.workers} value={count(figures.workers)} />
        <Figure name={t.overview.oldest} value={oldest == null ? "–" : duration(oldest)} />
      </dl>
    </Card>
  );
}

function QueueActions({ name, isPaused }: { name: string; isPaused: boolean }) {
  const texts = t.jobs.queues;
  const changes = [["queue", name], ["queues"], ["jobs"]];
  const params = { path: { name } };
  const toPause = () => read(api.POST("/queues/{name}/pause", { params }));
  const toResume = () => read(api.POST("/queues/{name}/resume", { params }));
  const [askPause, isPausing] = useAsked(
    toPause,
    { title: texts.pauseTitle(name), text: texts.pauseText, action: texts.pause, danger: false },
    { done: texts.paused(name), changes, undo: toResume },
  );
  const resume = useAction(toResume, { done: texts.resumed(name), changes, undo: toPause });
  const askToDrain = (dry_run: boolean) =>
    read(api.POST("/queues/{name}/drain", { params, body: { dry_run } }));
  const drain = useAction(() => askToDrain(false), {
    done: ({ cancelled }) => texts.drained(cancelled),
    changes,
  });
  const count = useAction(() => askToDrain(true), { next: ({ matched }) => confirmDrain(matched) });
  const confirmDrain = async (waiting: number) => {
    const question = {
      title: texts.drainTitle(name),
      text: texts.drainText(waiting),
      action: texts.drain,
      danger: true,
    };
    if (await confirm({ ...question, typed: name })) drain.mutate();
  };
  return (
    <>
      {isPaused ? (
        <Button icon="play" busy={resume.isPending} onClick={() => resume.mutate()}>
          {texts.resume}
        </Button>
      ) : (
        <Button icon="pause" busy={isPausing} onClick={askPause}>
          {texts.pause}
        </Button>
      )}
      {!OWN_QUEUES.has(name) && (
        <Button
          icon="trash"
          look="danger"
          busy={count.isPending || drain.isPending}
          onClick={() => count.mutate()}
        >
          {texts.drain}
        </Button>
      )}
    </>
  );
}
