// The overview: the figures of now, how they moved, which webhooks suffer, what failed last, how the server fares.
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { figuresQuery, readFigures } from "../../api/figures";
import { useCan, useMe } from "../../api/session";
import { ButtonLink } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { Empty, Loaded } from "../../components/states";
import { serverUrl } from "../../lib/base";
import { useLive } from "../../lib/live";
import { count } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { JobList } from "../jobs/JobList";
import { QueueCard } from "../jobs/Queues";
import { Flow } from "./Flow";
import { HealthList } from "./HealthList";
import { type OverviewWindow, SHOWN_WINDOWS, sparkOf, useHistory } from "./history";
import { System } from "./System";

const route = getRouteApi("/app/");
const SHOWN_QUEUES = 4;

export function Overview() {
  const { company } = useMe();
  const can = useCan();
  const stats = useLive(figuresQuery.queryKey, readFigures);
  const { window } = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = SHOWN_WINDOWS.find((one) => one === window) ?? "1h";
  return (
    <Page title={t.overview.title} note={t.overview.note(company.name)}>
      <Loaded query={stats} rows={2}>
        {(data) => <Totals totals={data.totals} />}
      </Loaded>
      <div className="overview">
        <div className="stack">
          <Flow window={chosen} onChange={(next) => void navigate({ search: { window: next } })} />
          <Card title={t.overview.failures} flush actions={<FailedLink />}>
            <RecentFailures />
          </Card>
        </div>
        <div className="stack">
          {can("webhooks:read") && (
            <Card
              title={t.overview.webhooks}
              note={t.overview.last24}
              flush
              actions={
                <ButtonLink to="/webhooks" small>
                  {t.overview.allWebhooks}
                </ButtonLink>
              }
            >
              <HealthList />
            </Card>
          )}
          <Card title={t.overview.system} flush>
            <System />
          </Card>
          {can("events:write") && (
            <Card title={t.overview.try} note={t.overview.tryText}>
              <Code text={command()} label={t.overview.try} />
            </Card>
          )}
        </div>
      </div>
      <section className="stack">
        <div className="card-head">
          <h2>{t.overview.queues}</h2>
          <Link to="/queues">{t.overview.allQueues}</Link>
        </div>
        <Queues window={chosen} />
      </section>
    </Page>
  );
}

function Totals({ totals }: { totals: Schemas["QueueTotals"] }) {
  const oldest = totals.oldest_waiting_ms;
  const figures: [string, string, string?][] = [
    [t.overview.waiting, count(totals.waiting)],
    [t.overview.active, count(totals.active)],
    [t.overview.perMinute, count(totals.throughput_per_minute)],
    [t.overview.oldest, oldest == null ? "–" : duration(oldest)],
    [t.overview.workers, count(totals.workers)],
    [t.overview.retrying, count(totals.retrying), totals.retrying > 0 ? "warn" : undefined],
    [t.overview.failed, count(totals.failed), totals.failed > 0 ? "bad" : undefined],
  ];
  return (
    <dl className="totals">
      {figures.map(([name, value, tone]) => (
        <div key={name} className={tone === undefined ? "total" : `total total-${tone}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function FailedLink() {
  return (
    <ButtonLink to="/failures" small>
      {t.overview.allFailures}
    </ButtonLink>
  );
}

function RecentFailures() {
  const empty = (
    <Empty icon="check" title={t.overview.noFailures}>
      <p>{t.overview.noFailuresText}</p>
    </Empty>
  );
  return <JobList filter={{ state: "failed" }} limit={6} empty={empty} isShort />;
}

function Queues({ window }: { window: OverviewWindow }) {
  const { data: history } = useHistory(window);
  const queues = useLive(["queues"], () => read(api.GET("/queues")));
  return (
    <Loaded query={queues}>
      {({ data }) => (
        <div className="cards">
          {[...data]
            .sort((a, b) => b.waiting + b.active - a.waiting - a.active)
            .slice(0, SHOWN_QUEUES)
            .map((queue) => (
              <QueueCard key={queue.name} queue={queue} steps={sparkOf(history, queue.name)} />
            ))}
        </div>
      )}
    </Loaded>
  );
}

function command(): string {
  return [
    `curl -X POST ${window.location.origin}${serverUrl("api/v1/events")} \\`,
    '  -H "Authorization: Bearer $NOVAPULSE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '{"type": "order.created", "data": {"order": 1042}}'`,
  ].join("\n");
}
