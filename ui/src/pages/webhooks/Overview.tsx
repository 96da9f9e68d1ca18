// One webhook's figures of the last day and its newest deliveries.
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Card } from "../../components/Page";
import { Loaded, Loading } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { count, percent } from "../../lib/numbers";
import { duration, relative } from "../../lib/time";
import { t } from "../../texts";
import { Figure } from "../jobs/Queues";
import { DeliveryList } from "./Deliveries";
import { type Stats, useWebhook, useWebhookStats, type Webhook } from "./data";
import { RetryLine } from "./RetryLine";

const Chart = lazy(() => import("../../components/Chart"));
const HOUR_S = 3_600;
const route = getRouteApi("/app/webhooks/$id");

export function WebhookOverview() {
  const { id } = route.useParams();
  const { data: webhook } = useWebhook(id);
  const stats = useWebhookStats(id);
  const texts = t.webhooks.overview;
  return (
    <>
      {webhook?.disabled_reason != null && (
        <p className="notice notice-warn">{texts.disabledFor(webhook.disabled_reason)}</p>
      )}
      <Loaded query={stats}>
        {(data) => (
          <Card title={texts.window}>
            <Figures stats={data} />
            <Trouble stats={data} />
            <Series stats={data} />
          </Card>
        )}
      </Loaded>
      <Card title={texts.recent} flush>
        <DeliveryList id={id} filter={{}} limit={10} />
      </Card>
      {webhook && (
        <Card title={t.jobs.one.facts}>
          <WebhookFacts webhook={webhook} />
        </Card>
      )}
    </>
  );
}

function Figures({ stats }: { stats: Stats }) {
  const texts = t.webhooks.overview;
  return (
    <dl className="figures">
      <Figure name={texts.rate} value={stats.success_rate == null ? "–" : percent(stats.success_rate)} />
      <Figure name={texts.attempts} value={count(stats.attempts)} />
      <Figure name={texts.delivered} value={count(stats.succeeded)} />
      <Figure name={texts.failed} value={count(stats.failed)} isBad={stats.failed > 0} />
      <Figure name={texts.exhausted} value={count(stats.exhausted)} isBad={stats.exhausted > 0} />
      <Figure name={t.webhooks.backlog} value={count(stats.backlog)} />
      <Figure name={texts.p50} value={stats.p50_ms == null ? "–" : duration(stats.p50_ms)} />
      <Figure name={t.webhooks.p95} value={stats.p95_ms == null ? "–" : duration(stats.p95_ms)} />
    </dl>
  );
}

function Trouble({ stats }: { stats: Stats }) {
  const texts = t.webhooks.overview;
  const { last_error: error, next_probe_at: probe } = stats;
  return (
    <>
      {probe != null && <p className="notice notice-warn">{texts.nextProbe(relative(probe))}</p>}
      {error !== null && (
        <p className="row small">
          <strong>{texts.lastError}</strong>
          <span className="cut">
            {error.status != null && `${error.status}: `}
            {error.reason}
          </span>
          <Time at={error.at} />
        </p>
      )}
    </>
  );
}

function Series({ stats }: { stats: Stats }) {
  const texts = t.webhooks.overview;
  const begin = Date.parse(stats.since) / 1_000;
  const hours = stats.sparkline;
  return (
    <Suspense fallback={<Loading />}>
      <Chart
        label={texts.chart}
        times={hours.map((_, hour) => begin + (hour + 0.5) * HOUR_S)}
        series={[
          { label: texts.attempts, values: hours.map(({ attempts }) => attempts), color: "ok", bars: true },
          { label: texts.failed, values: hours.map(({ failed }) => failed), color: "bad", bars: true },
        ]}
      />
    </Suspense>
  );
}

function WebhookFacts({ webhook }: { webhook: Webhook }) {
  const texts = t.webhooks.overview;
  return (
    <>
      <Facts
        facts={[
          [
            t.webhooks.events,
            <span key="events" className="row">
              {webhook.events.map((event) => (
                <span key={event} className="chip">
                  {event}
                </span>
              ))}
            </span>,
          ],
          [texts.timeout, webhook.timeout_ms == null ? "–" : duration(webhook.timeout_ms)],
          [texts.ordered, webhook.ordered ? t.kit.yes : t.kit.no],
          [texts.created, <Time key="created" at={webhook.created_at} />],
        ]}
      />
      <RetryLine delays={webhook.retry.delays_ms} />
    </>
  );
}
