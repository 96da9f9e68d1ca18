// Every schedule with its rule, its next tick and what became of the last one.
import { Link, useNavigate } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { Countdown } from "../../components/Countdown";
import { ListCard } from "../../components/ListCard";
import { Menu, MenuItem, MenuLine } from "../../components/Menu";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { t } from "../../texts";
import { ruleWords, type Schedule, stateOf, useScheduleActions } from "./data";
import { targetOf, targetWords } from "./target";

export function Schedules() {
  const can = useCan();
  const texts = t.schedules;
  const schedules = usePages(["schedules"], (cursor) =>
    read(api.GET("/schedules", { params: { query: { limit: 50, cursor } } })),
  );
  const writes = can("schedules:write");
  const add = writes && (
    <ButtonLink to="/schedules/new" look="primary" icon="plus">
      {texts.add}
    </ButtonLink>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard
        icon="schedules"
        texts={texts}
        pages={schedules}
        columns={columns(writes)}
        keyOf={({ id }) => id}
        add={add}
      />
    </Page>
  );
}

function columns(writes: boolean): Column<Schedule>[] {
  const texts = t.schedules;
  const all: (Column<Schedule> | false)[] = [
    {
      head: texts.name,
      main: true,
      wide: true,
      cell: (schedule) => (
        <span className="stack-tight">
          <Link to="/schedules/$id" params={{ id: schedule.id }}>
            {schedule.name}
          </Link>
          <span className="quiet small">{targetWords(targetOf(schedule))}</span>
        </span>
      ),
    },
    { head: texts.rule, cell: (schedule) => <Rule schedule={schedule} /> },
    {
      head: texts.state,
      cell: (schedule) => {
        const [state, label] = stateOf(schedule);
        return <State state={state} label={label} />;
      },
    },
    {
      head: texts.next,
      right: true,
      cell: ({ next_times: [next] }) =>
        next === undefined ? <span className="quiet">–</span> : <Countdown to={next} />,
    },
    { head: texts.last, right: true, cell: ({ last_tick_at }) => <Time at={last_tick_at} /> },
    writes && { head: "", right: true, cell: (schedule) => <RowMenu schedule={schedule} /> },
  ];
  return all.filter((column) => column !== false);
}

/** The rule in words, with what was written below it. */
export function Rule({ schedule }: { schedule: Schedule }) {
  const words = ruleWords(schedule);
  if (schedule.cron == null) return words;
  return (
    <span className="stack-tight">
      {words !== undefined && <span>{words}</span>}
      <span className="quiet small">
        <code>{schedule.cron}</code> {schedule.timezone}
      </span>
    </span>
  );
}

function RowMenu({ schedule }: { schedule: Schedule }) {
  const { run, set, askDelete } = useScheduleActions(schedule);
  const navigate = useNavigate();
  const texts = t.schedules;
  const params = { id: schedule.id };
  return (
    <Menu
      trigger={<Button look="quiet" small icon="more" aria-label={`${t.kit.actions}: ${schedule.name}`} />}
    >
      <MenuItem icon="play" onSelect={() => run.mutate()}>
        {texts.run}
      </MenuItem>
      <MenuItem icon={schedule.enabled ? "pause" : "retry"} onSelect={() => set.mutate()}>
        {schedule.enabled ? texts.pause : texts.resume}
      </MenuItem>
      <MenuItem icon="settings" onSelect={() => void navigate({ to: "/schedules/$id/edit", params })}>
        {t.kit.edit}
      </MenuItem>
      <MenuLine />
      <MenuItem icon="trash" danger onSelect={askDelete}>
        {t.kit.delete}
      </MenuItem>
    </Menu>
  );
}
