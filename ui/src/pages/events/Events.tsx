// The events of the company, and a form to send one.

import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Filters, FilterText } from "../../components/Filters";
import { AreaField, Form, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { toast } from "../../components/toasts";
import { usePages } from "../../lib/live";
import { fromLocalInput } from "../../lib/time";
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
  const { since, until, type } = filter;
  const times = { since: fromLocalInput(since ?? ""), until: fromLocalInput(until ?? "") };
  const events = usePages(["events", filter], (cursor) =>
    read(api.GET("/events", { params: { query: { type, ...times, cursor, limit: 50 } } })),
  );
  const send = can("events:write") && (
    <Button icon="send" look="primary" onClick={() => setSending(true)}>
      {texts.send}
    </Button>
  );
  const empty = (
    <Empty icon="events" title={texts.empty}>
      <p>{texts.emptyText}</p>
    </Empty>
  );
  return (
    <Page title={texts.list} note={texts.note} actions={send}>
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterText label={texts.type} value={type} onChange={(next) => set({ type: next })} />
        <FilterText
          label={t.kit.since}
          type="datetime-local"
          value={since}
          onChange={(next) => set({ since: next })}
        />
        <FilterText
          label={t.kit.until}
          type="datetime-local"
          value={until}
          onChange={(next) => set({ until: next })}
        />
      </Filters>
      <Card flush>
        <LoadedPages pages={events} empty={empty}>
          {(rows) => <Table label={texts.list} columns={columns()} rows={rows} keyOf={({ id }) => id} />}
        </LoadedPages>
      </Card>
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
