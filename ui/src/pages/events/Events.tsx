// The events of the company, and a form to send one.

import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { FilterSpan, Filters, FilterText } from "../../components/Filters";
import { AreaField, Form, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { toast } from "../../components/toasts";
import { usePages } from "../../lib/live";
import { queryOf } from "../../lib/time";
import { t } from "../../texts";

type Event = Schemas["Page_Event"]["data"][number];
type Filter = { [key in "type" | "since" | "until"]?: string };
const route = getRouteApi("/app/events");

export function Events() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [isSending, setSending] = useState(false);
  const can = useCan();
  const texts = t.webhooks.event;
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  const events = usePages(["events", filter], (cursor) =>
    read(api.GET("/events", { params: { query: { ...queryOf(filter), cursor, limit: 50 } } })),
  );
  const send = can("events:write") && (
    <Button icon="send" look="primary" onClick={() => setSending(true)}>
      {texts.send}
    </Button>
  );
  return (
    <Page title={texts.list} note={texts.note} actions={send}>
      <Filters
        values={filter}
        onClear={() => void navigate({ search: {} })}
        more={{ of: ["since", "until"], fields: <FilterSpan {...filter} onChange={set} /> }}
      >
        <FilterText label={texts.type} value={filter.type} onChange={(type) => set({ type })} />
      </Filters>
      <ListCard
        icon="events"
        texts={{ ...texts, title: texts.list }}
        pages={events}
        columns={columns()}
        keyOf={({ id }) => id}
      />
      {isSending && <SendDialog onClose={() => setSending(false)} />}
    </Page>
  );
}

function columns(): Column<Event>[] {
  const texts = t.webhooks.event;
  return [
    {
      head: texts.type,
      main: true,
      cell: ({ id, type }) => (
        <Link to="/events/$id" params={{ id }}>
          {type}
        </Link>
      ),
    },
    { head: texts.id, cell: ({ id }) => <code className="quiet small">{id}</code> },
    { head: texts.deliveries, right: true, cell: ({ delivery_count }) => delivery_count },
    { head: texts.time, right: true, cell: ({ timestamp }) => <Time at={timestamp} /> },
  ];
}

function SendDialog({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.webhooks.event;
  return (
    <Dialog title={texts.send} onClose={onClose}>
      <p className="quiet">{texts.sendText}</p>
      <Form
        submit={texts.send}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = { type: fields.text("type"), data: fields.json("data") ?? {} };
          const accepted = await read(api.POST("/events", { body }));
          toast(texts.sent(accepted.deliveries));
          await cache.invalidateQueries({ queryKey: ["events"] });
          onClose();
        }}
      >
        <TextField label={texts.type} name="type" required placeholder="order.created" maxLength={128} />
        <AreaField label={texts.data} name="data" rows={8} defaultValue={'{\n  "order": 1042\n}'} />
      </Form>
    </Dialog>
  );
}
