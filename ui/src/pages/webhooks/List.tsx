// Every webhook with how it fares.
import { Link } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { ButtonLink } from "../../components/Button";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { Sparkline } from "../../components/Sparkline";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { usePages } from "../../lib/live";
import { count, percent } from "../../lib/numbers";
import { useSeen } from "../../lib/seen";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { healthOf, useWebhookStats, type Webhook } from "./data";

export function Webhooks() {
  const can = useCan();
  const texts = t.webhooks;
  const webhooks = usePages(["webhooks"], (cursor) =>
    read(api.GET("/webhooks", { params: { query: { limit: 25, cursor } } })),
  );
  const create = can("webhooks:write") && (
    <ButtonLink to="/webhooks/new" look="primary" icon="plus">
      {texts.create}
    </ButtonLink>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={create}>
      <ListCard
        icon="webhooks"
        texts={texts}
        pages={webhooks}
        columns={columns()}
        keyOf={({ id }) => id}
        add={create}
      />
    </Page>
  );
}

function columns(): Column<Webhook>[] {
  const texts = t.webhooks;
  return [
    { head: texts.address, main: true, wide: true, cell: (webhook) => <Name webhook={webhook} /> },
    { head: texts.events, cell: ({ events }) => <EventChips events={events} /> },
    { head: texts.state, cell: (webhook) => <Health webhook={webhook} /> },
    { head: texts.success, right: true, cell: (webhook) => <Success webhook={webhook} /> },
    { head: texts.p95, right: true, cell: ({ id }) => <Latency id={id} /> },
    { head: texts.backlog, right: true, cell: ({ id }) => <Backlog id={id} /> },
  ];
}

function Name({ webhook: { id, url, description } }: { webhook: Webhook }) {
  return (
    <span className="stack-tight">
      <Link to="/webhooks/$id" params={{ id }} className={description === "" ? "one-line" : undefined}>
        {description || <Address url={url} />}
      </Link>
      {description !== "" && (
        <span className="one-line endpoint quiet small">
          <Address url={url} />
        </span>
      )}
    </span>
  );
}

const END_CHARS = 14;

/** An address on one line: what does not fit is left out in the middle, since both ends tell one from another. */
function Address({ url }: { url: string }) {
  const cut = Math.max(0, url.length - END_CHARS);
  return (
    <span className="address" title={url} dir="ltr">
      <span>{url.slice(0, cut)}</span>
      <span>{url.slice(cut)}</span>
    </span>
  );
}

const SHOWN_EVENTS = 2;

export function EventChips({ events }: { events: readonly string[] }) {
  return (
    <span className="row">
      {events.slice(0, SHOWN_EVENTS).map((event) => (
        <span key={event} className="chip">
          {event}
        </span>
      ))}
      {events.length > SHOWN_EVENTS && (
        <span className="quiet small" title={events.join(", ")}>
          +{events.length - SHOWN_EVENTS}
        </span>
      )}
    </span>
  );
}

/** Has the figures of its row read while the row is on the screen. */
function Health({ webhook }: { webhook: Webhook }) {
  const [element, isSeen] = useSeen<HTMLSpanElement>();
  const { data } = useWebhookStats(webhook.id, isSeen);
  return (
    <span ref={element}>
      <State state={healthOf(webhook, data)} />
    </span>
  );
}

function Success({ webhook }: { webhook: Webhook }) {
  const { data } = useWebhookStats(webhook.id, false);
  if (data?.success_rate == null) return "–";
  return (
    <span className="row row-right">
      <Sparkline hours={data.sparkline} label={t.webhooks.sparkline(webhook.url)} />
      {percent(data.success_rate)}
    </span>
  );
}

function Latency({ id }: { id: string }) {
  const { data } = useWebhookStats(id, false);
  return data?.p95_ms == null ? "–" : duration(data.p95_ms);
}

function Backlog({ id }: { id: string }) {
  const { data } = useWebhookStats(id, false);
  return data === undefined ? "–" : count(data.backlog);
}
