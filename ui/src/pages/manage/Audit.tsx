// The audit log with its filters and its export.
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Json } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { Filters, FilterText } from "../../components/Filters";
import { Menu, MenuItem } from "../../components/Menu";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Facts, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { toastError } from "../../components/toasts";
import { usePages } from "../../lib/live";
import { fromLocalInput } from "../../lib/time";
import { t } from "../../texts";
import { exportAudit } from "./export";

type Entry = Schemas["AuditEntry"];
type Filter = { [key in "actor" | "action" | "object" | "since" | "until"]?: string };
const route = getRouteApi("/app/audit");

export function Audit() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<Entry>();
  const texts = t.audit.log;
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  const { since, until, ...rest } = filter;
  const times = { since: fromLocalInput(since ?? ""), until: fromLocalInput(until ?? "") };
  const entries = usePages(["audit", filter], (cursor) =>
    read(api.GET("/audit", { params: { query: { ...rest, ...times, cursor, limit: 50 } } })),
  );
  return (
    <Page title={texts.title} note={texts.note} actions={<Export />}>
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterText label={texts.action} value={filter.action} onChange={(action) => set({ action })} />
        <FilterText label={texts.object} value={filter.object} onChange={(object) => set({ object })} />
        <FilterText label={texts.actor} value={filter.actor} onChange={(actor) => set({ actor })} />
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
        <LoadedPages pages={entries} empty={<Empty icon="audit" title={texts.empty} />}>
          {(rows) => (
            <Table
              label={texts.title}
              columns={columns(setShown)}
              rows={rows}
              keyOf={({ number }) => String(number)}
            />
          )}
        </LoadedPages>
      </Card>
      {shown && <Details entry={shown} onClose={() => setShown(undefined)} />}
    </Page>
  );
}

function columns(show: (entry: Entry) => void): Column<Entry>[] {
  const texts = t.audit.log;
  return [
    {
      head: texts.what,
      main: true,
      cell: (entry) => (
        <button type="button" className="link" onClick={() => show(entry)}>
          {entry.action}
        </button>
      ),
    },
    { head: texts.object, wide: true, cell: ({ object }) => <code className="small">{object}</code> },
    {
      head: texts.who,
      cell: ({ actor }) => (
        <span className="small" title={actor.id ?? undefined}>
          {t.words[actor.kind] ?? actor.kind}{" "}
          {actor.id !== null && <code className="quiet">…{actor.id.slice(-6)}</code>}
        </span>
      ),
    },
    { head: texts.from, cell: ({ address }) => <span className="small">{address ?? "–"}</span> },
    { head: texts.when, right: true, cell: ({ time }) => <Time at={time} /> },
  ];
}

function Details({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const texts = t.audit.log;
  return (
    <Dialog title={texts.details(entry.action)} onClose={onClose} wide>
      <div className="stack">
        <Facts
          facts={[
            [texts.object, <code key="object">{entry.object}</code>],
            [texts.who, entry.actor.id ?? t.words[entry.actor.kind] ?? entry.actor.kind],
            [texts.from, entry.address ?? "–"],
            [texts.when, <Time key="time" at={entry.time} />],
            [t.kit.requestId, <code key="request">{entry.request_id ?? "–"}</code>],
          ]}
        />
        {entry.before !== null && (
          <>
            <h3>{texts.before}</h3>
            <Json value={entry.before} label={texts.before} />
          </>
        )}
        {entry.after !== null && (
          <>
            <h3>{texts.after}</h3>
            <Json value={entry.after} label={texts.after} />
          </>
        )}
      </div>
    </Dialog>
  );
}

function Export() {
  const [isBusy, setBusy] = useState(false);
  const texts = t.audit.log;
  const run = async (format: "csv" | "ndjson") => {
    setBusy(true);
    try {
      await exportAudit(format);
    } catch (cause) {
      toastError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu
      trigger={
        <Button icon="download" busy={isBusy}>
          {texts.export}
        </Button>
      }
    >
      <MenuItem onSelect={() => void run("csv")}>{texts.csv}</MenuItem>
      <MenuItem onSelect={() => void run("ndjson")}>{texts.json}</MenuItem>
    </Menu>
  );
}
