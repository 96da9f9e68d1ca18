// The delivery log of a webhook.
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { ButtonLink } from "../../components/Button";
import { Countdown } from "../../components/Countdown";
import { FilterSelect, FilterSpan, Filters, FilterText } from "../../components/Filters";
import { Card } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { queryOf } from "../../lib/time";
import { t } from "../../texts";
import { DELIVERY_STATES } from "./data";

type Delivery = Schemas["Page_Delivery"]["data"][number];
type Filter = { [key in "state" | "event_type" | "since" | "until"]?: string };

const route = getRouteApi("/app/webhooks/$id/deliveries");

export function WebhookDeliveries() {
  const { id } = route.useParams();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  return (
    <>
      <Filters
        values={filter}
        onClear={() => void navigate({ search: {} })}
        more={{ of: ["since", "until"], fields: <FilterSpan {...filter} onChange={set} /> }}
      >
        <FilterSelect
          label={t.webhooks.state}
          value={filter.state}
          onChange={(state) => set({ state })}
          choices={DELIVERY_STATES.map((state) => [state, t.words[state] ?? state])}
        />
        <FilterText
          label={t.webhooks.event.type}
          value={filter.event_type}
          onChange={(event_type) => set({ event_type })}
        />
      </Filters>
      <Card flush>
        <DeliveryList id={id} filter={filter} />
      </Card>
    </>
  );
}

interface ListProps {
  id: string;
  filter: Filter;
  limit?: number;
}

export function DeliveryList({ id, filter, limit = 50 }: ListProps) {
  const can = useCan();
  const deliveries = usePages(["deliveries", id, filter, limit], (cursor) =>
    read(
      api.GET("/webhooks/{id}/logs", {
        params: { path: { id }, query: { ...queryOf(filter), limit, cursor } as never },
      }),
    ),
  );
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const empty = isFiltered ? (
    <Empty icon="send" title={t.deliveries.empty}>
      <p>{t.deliveries.emptyText}</p>
    </Empty>
  ) : (
    <Empty icon="send" title={t.deliveries.none}>
      <p>{t.deliveries.noneText}</p>
      {can("webhooks:write") && (
        <ButtonLink to="/webhooks/$id/testing" params={{ id }} icon="send">
          {t.webhooks.testing.send}
        </ButtonLink>
      )}
    </Empty>
  );
  return (
    <LoadedPages pages={deliveries} empty={empty}>
      {(rows) => (
        <Table label={t.webhooks.tabs.deliveries} columns={columns()} rows={rows} keyOf={(one) => one.id} />
      )}
    </LoadedPages>
  );
}

function nameIn(names: ReadonlyMap<string, string>, id: string | null): string {
  return id === null ? t.webhooks.event.gone : (names.get(id) ?? id);
}

/** What tells one delivery from another: the type of the event, or on the page of an event the webhook. */
export function columns(names?: ReadonlyMap<string, string>): Column<Delivery>[] {
  return [
    {
      head: names === undefined ? t.webhooks.event.type : t.webhooks.one,
      main: true,
      cell: ({ id, event_type, webhook_id }) => (
        <Link to="/deliveries/$id" params={{ id }}>
          {names === undefined ? event_type : nameIn(names, webhook_id)}
        </Link>
      ),
    },
    { head: t.webhooks.state, cell: ({ state }) => <State state={state} /> },
    {
      head: t.deliveries.outcome,
      wide: true,
      cell: ({ last_status, last_error }) => (
        <span className="cut small">{last_error ?? last_status ?? "–"}</span>
      ),
    },
    { head: t.deliveries.attempts, right: true, cell: ({ attempt_count }) => attempt_count },
    {
      head: t.deliveries.next,
      right: true,
      cell: ({ next_attempt_at }) => (next_attempt_at == null ? "–" : <Countdown to={next_attempt_at} />),
    },
    { head: t.webhooks.event.time, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
  ];
}
