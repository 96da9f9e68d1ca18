// One schedule: when it comes next, what it does, and the jobs it has made.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { Id, Json } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, Loaded } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { t } from "../../texts";
import { JobList } from "../jobs/JobList";
import { type Schedule, stateOf, useSchedule, useScheduleActions } from "./data";
import { Rule } from "./List";
import { NextTimes } from "./Preview";
import { targetWords } from "./target";

const route = getRouteApi("/app/schedules/$id");
const SHOWN_JOBS = 20;

export function SchedulePage() {
  const { id } = route.useParams();
  const schedule = useSchedule(id);
  const can = useCan();
  const data = schedule.data;
  const [state, label] = data === undefined ? ["", ""] : stateOf(data);
  return (
    <Page
      title={data?.name ?? id}
      trail={[{ text: t.schedules.title, link: { to: "/schedules" } }]}
      note={
        data && (
          <>
            <State state={state} label={label} />
            <Id id={id} />
          </>
        )
      }
      actions={data && can("schedules:write") && <Actions schedule={data} />}
    >
      <Loaded query={schedule}>{(found) => <Content schedule={found} />}</Loaded>
    </Page>
  );
}

function Actions({ schedule }: { schedule: Schedule }) {
  const navigate = useNavigate();
  const { run, set, askDelete } = useScheduleActions(schedule, () => void navigate({ to: "/schedules" }));
  const texts = t.schedules;
  return (
    <>
      <Button icon="play" look="primary" busy={run.isPending} onClick={() => run.mutate()}>
        {texts.run}
      </Button>
      <Button icon={schedule.enabled ? "pause" : "retry"} busy={set.isPending} onClick={() => set.mutate()}>
        {schedule.enabled ? texts.pause : texts.resume}
      </Button>
      <ButtonLink to="/schedules/$id/edit" params={{ id: schedule.id }} icon="settings">
        {t.kit.edit}
      </ButtonLink>
      <Button icon="trash" look="danger" aria-label={t.kit.delete} onClick={askDelete} />
    </>
  );
}

function Content({ schedule }: { schedule: Schedule }) {
  const texts = t.schedules;
  const empty = (
    <Empty icon="clock" title={texts.noHistory}>
      <p>{texts.noHistoryText}</p>
    </Empty>
  );
  return (
    <>
      {schedule.last_error != null && (
        <p className="notice notice-bad" role="status">
          {texts.lastError}: {schedule.last_error}
        </p>
      )}
      <div className="halves">
        <Card title={t.jobs.one.facts}>
          <ScheduleFacts schedule={schedule} />
        </Card>
        <Card title={texts.nextTimes}>
          {schedule.enabled ? (
            <NextTimes times={schedule.next_times} zone={schedule.timezone} />
          ) : (
            <p className="quiet">{texts.nextTimesPaused}</p>
          )}
        </Card>
      </div>
      <Card title={texts.history} note={texts.historyNote} flush>
        <JobList filter={{ tag: schedule.id }} limit={SHOWN_JOBS} empty={empty} />
      </Card>
      <Card title={schedule.target.job ? texts.job : texts.target}>
        <Json value={schedule.target.job ?? schedule.target} label={texts.target} />
      </Card>
    </>
  );
}

function ScheduleFacts({ schedule }: { schedule: Schedule }) {
  const texts = t.schedules;
  const { job } = schedule.target;
  const facts: [string, ReactNode][] = [
    [texts.rule, <Rule key="rule" schedule={schedule} />],
    ...(job
      ? ([
          [t.jobs.list.kind, job.kind],
          [
            t.jobs.queue,
            <Link key="queue" to="/queues/$name" params={{ name: job.queue }}>
              {job.queue}
            </Link>,
          ],
        ] as [string, ReactNode][])
      : ([[texts.target, targetWords(schedule.target)]] as [string, ReactNode][])),
    [texts.catchUp, texts.catchUps[schedule.catch_up][0]],
    [texts.last, <Time key="last" at={schedule.last_tick_at} />],
    [texts.made, <Time key="made" at={schedule.created_at} />],
    [texts.changed, <Time key="changed" at={schedule.updated_at} />],
  ];
  return <Facts facts={facts} />;
}
