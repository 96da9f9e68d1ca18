// The inbox of dead letters: jobs that were given up, by what went wrong, to be sent on their way again or thrown away.
import { getRouteApi, Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { FilterSelect, Filters, FilterText } from "../../components/Filters";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import type { Action } from "./actions";
import { BulkDialog, type Target } from "./BulkDialog";
import { useQueues } from "./data";
import { type Group, merged } from "./groups";

const route = getRouteApi("/app/failures");
const EVERY_MS = 10_000;

type Chosen = { queue?: string; kind?: string };

export function Failures() {
  const filter: Chosen = route.useSearch();
  const navigate = route.useNavigate();
  const { data: queues } = useQueues();
  const [asked, setAsked] = useState<{ action: Action; target: Target }>();
  const can = useCan();
  const looks = usePages<Group>(
    ["jobs", "failures", filter],
    (cursor) => read(api.GET("/failures", { params: { query: { ...filter, cursor } } })),
    { every: EVERY_MS },
  );
  const texts = t.jobs.dead;
  const all: Target = { filter: { ...filter, state: "failed" } };
  const set = (change: Chosen) => void navigate({ search: { ...filter, ...change } });
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        can("jobs:write") && (
          <Button icon="retry" look="primary" onClick={() => setAsked({ action: "retry", target: all })}>
            {texts.retryAll}
          </Button>
        )
      }
    >
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterSelect
          label={t.jobs.queue}
          value={filter.queue}
          onChange={(queue) => set({ queue })}
          choices={
            queues?.data.filter(({ failed }) => failed > 0).map(({ name }) => [name, name] as const) ?? []
          }
        />
        <FilterText label={t.jobs.list.kind} value={filter.kind} onChange={(kind) => set({ kind })} />
      </Filters>
      <LoadedPages pages={looks} empty={<Nothing />}>
        {(rows) => (
          <>
            <p className="quiet small">
              {texts.lookedAt(
                count(rows.reduce((sum, group) => sum + group.count, 0)),
                !looks.query.hasNextPage,
              )}
            </p>
            {merged(rows).map((group) => (
              <GroupCard
                key={group.fingerprint}
                {...{ group, filter }}
                hasMore={looks.query.hasNextPage}
                isReadOnly={!can("jobs:write")}
                onAsk={(action, target) => setAsked({ action, target })}
              />
            ))}
          </>
        )}
      </LoadedPages>
      {asked && <BulkDialog {...asked} onClose={() => setAsked(undefined)} />}
    </Page>
  );
}

function Nothing() {
  return (
    <Card>
      <Empty icon="check" title={t.jobs.dead.empty}>
        <p>{t.jobs.dead.emptyText}</p>
      </Empty>
    </Card>
  );
}

interface GroupProps {
  group: Group;
  /** Whether there are dead letters that were not looked at. */
  hasMore: boolean;
  filter: Chosen;
  isReadOnly: boolean;
  onAsk: (action: Action, target: Target) => void;
}

function GroupCard({ group, hasMore, filter, isReadOnly, onAsk }: GroupProps) {
  const { fingerprint, error, failure, kinds, queues, last_at, latest_job_id } = group;
  const texts = t.jobs.dead;
  const target: Target = { filter: { ...filter, state: "failed", error: fingerprint } };
  const many = `${count(group.count)}${hasMore ? "+" : ""}`;
  return (
    <Card
      title={`${kinds.join(", ")} · ${many}`}
      note={
        <>
          {queues.map((queue, place) => (
            <Fragment key={queue}>
              {place > 0 && ", "}
              <Link to="/queues/$name" params={{ name: queue }}>
                {queue}
              </Link>
            </Fragment>
          ))}
          {failure != null && `, ${t.jobs.failures[failure] ?? failure}`}, <Time at={last_at} />
        </>
      }
      actions={
        !isReadOnly && (
          <>
            <Button small icon="retry" onClick={() => onAsk("retry", target)}>
              {texts.retry(many)}
            </Button>
            <Button small icon="trash" look="danger" onClick={() => onAsk("delete", target)}>
              {texts.delete(many)}
            </Button>
          </>
        )
      }
    >
      <pre className="dead-error" dir="auto">
        {error === "" ? texts.noError : error}
      </pre>
      <p className="small">
        <Link to="/jobs/$id" params={{ id: latest_job_id }}>
          {texts.latest}
        </Link>
        {" · "}
        <Link to="/jobs" search={{ ...filter, state: "failed", error: fingerprint }}>
          {texts.jobs(many)}
        </Link>
      </p>
    </Card>
  );
}
