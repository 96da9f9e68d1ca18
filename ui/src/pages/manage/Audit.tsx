// The audit log with its filters and its export.
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Json } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { FilterSpan, Filters, FilterText } from "../../components/Filters";
import { ListCard } from "../../components/ListCard";
import { Menu, MenuItem } from "../../components/Menu";
import { Page } from "../../components/Page";
import { type Column, Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { toastError } from "../../components/toasts";
import { usePages } from "../../lib/live";
import { queryOf } from "../../lib/time";
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
  const entries = usePages(["audit", filter], (cursor) =>
    read(api.GET("/audit", { params: { query: { ...queryOf(filter), cursor, limit: 50 } } })),
  );
  return (
    <Page title={texts.title} note={texts.note} actions={<Export />}>
      <Filters
        values={filter}
        onClear={() => void navigate({ search: {} })}
        more={{ of: ["since", "until"], fields: <FilterSpan {...filter} onChange={set} /> }}
      >
        <FilterText label={texts.action} value={filter.action} onChange={(action) => set({ action })} />
        <FilterText label={texts.object} value={filter.object} onChange={(object) => set({ object })} />
        <FilterText label={texts.actor} value={filter.actor} onChange={(actor) => set({ actor })} />
      </Filters>
      <ListCard
        icon="audit"
        texts={texts}
        pages={entries}
        columns={columns(setShown)}
        keyOf={({ number }) => String(number)}
      />
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
        <span className="small whole" title={actor.id ?? undefined}>
          {t.words[actor.kind] ?? actor.kind}{" "}
          {actor.id !== null && <code className="quiet">…{actor.id.slice(-6)}</code>}
        </span>
      ),
    },
    { head: texts.from, spare: true, cell: ({ address }) => <span className="small">{address ?? "–"}</span> },
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
