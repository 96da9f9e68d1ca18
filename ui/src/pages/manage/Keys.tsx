// The API keys of the company.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { Form, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAsked } from "../../components/useAction";
import { usePages } from "../../lib/live";
import { fromLocalInput } from "../../lib/time";
import { t } from "../../texts";
import { EventChips } from "../webhooks/List";

type Key = Schemas["ApiKey"];

/** What an API key can carry; a person's own scopes decide which of them are offered. */
const OFFERED = [
  "jobs:read",
  "jobs:write",
  "jobs:work",
  "events:read",
  "events:write",
  "webhooks:read",
  "webhooks:write",
  "emails:read",
  "emails:write",
  "users:read",
  "audit:read",
  "queues:write",
  "schedules:read",
  "schedules:write",
  "reports:read",
  "reports:write",
  "changes:read",
];

export function Keys() {
  const [isAdding, setAdding] = useState(false);
  const texts = t.audit.keys;
  const keys = usePages(
    ["keys"],
    (cursor) => read(api.GET("/api-keys", { params: { query: { cursor, limit: 50 } } })),
    {
      every: 15_000,
    },
  );
  const add = (
    <Button icon="plus" look="primary" onClick={() => setAdding(true)}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard icon="keys" texts={texts} pages={keys} columns={columns()} keyOf={({ id }) => id} />
      {isAdding && <KeyDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function stateOf(key: Key): [string, string] {
  if (key.revoked_at !== null) return ["cancelled", t.audit.keys.revoked];
  if (key.expires_at !== null && Date.parse(key.expires_at) < Date.now())
    return ["failed", t.audit.keys.expired];
  return ["enabled", t.audit.keys.inForce];
}

function columns(): Column<Key>[] {
  const texts = t.audit.keys;
  return [
    { head: texts.name, main: true, cell: ({ name }) => name },
    { head: texts.scopes, wide: true, cell: ({ scopes }) => <EventChips events={scopes} /> },
    {
      head: texts.state,
      cell: (key) => {
        const [state, label] = stateOf(key);
        return <State state={state} label={label} />;
      },
    },
    { head: texts.lastUsed, right: true, cell: ({ last_used_at }) => <Time at={last_used_at} /> },
    { head: texts.expires, right: true, cell: ({ expires_at }) => <Time at={expires_at} /> },
    { head: t.kit.actions, right: true, cell: (key) => key.revoked_at === null && <Revoke apiKey={key} /> },
  ];
}

function Revoke({ apiKey: { id, name } }: { apiKey: Key }) {
  const texts = t.audit.keys;
  const [ask] = useAsked(
    () => read(api.DELETE("/api-keys/{id}", { params: { path: { id } } })),
    { title: texts.revokeTitle(name), text: texts.revokeText, action: texts.revoke },
    { done: texts.revokedDone, changes: [["keys"]] },
  );
  return (
    <Button small look="danger" onClick={ask} aria-label={`${texts.revoke}: ${name}`}>
      {texts.revoke}
    </Button>
  );
}

function KeyDialog({ onClose }: { onClose: () => void }) {
  const [secret, setSecret] = useState<string>();
  const cache = useQueryClient();
  const can = useCan();
  const texts = t.audit.keys;
  if (secret !== undefined) {
    return (
      <Dialog title={texts.add} onClose={onClose}>
        <div className="secret-once">
          <p>{texts.once}</p>
          <Code text={secret} label={texts.title} />
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={texts.add} onClose={onClose}>
      <Form
        submit={texts.add}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = {
            name: fields.text("name"),
            scopes: fields.all("scopes"),
            expires_at: fromLocalInput(fields.text("expires_at")),
          };
          const made = await read(api.POST("/api-keys", { body }));
          // It is shown this once, whatever becomes of the list.
          setSecret(made.secret);
          await cache.invalidateQueries({ queryKey: ["keys"] });
        }}
      >
        <TextField label={texts.name} name="name" required maxLength={200} />
        <fieldset>
          <legend>{texts.scopes}</legend>
          <div className="checks">
            {OFFERED.filter(can).map((scope) => (
              <label key={scope}>
                <input type="checkbox" name="scopes" value={scope} />
                <code>{scope}</code>
              </label>
            ))}
          </div>
        </fieldset>
        <TextField label={texts.expires} name="expires_at" type="datetime-local" optional />
      </Form>
    </Dialog>
  );
}
