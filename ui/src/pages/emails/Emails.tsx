// The e-mails of the company, and a form to send one.
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { FilterSelect, Filters, FilterText } from "../../components/Filters";
import { AreaField, type Fields, Form, SelectField, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { toast } from "../../components/toasts";
import { useLive, usePages } from "../../lib/live";
import { t } from "../../texts";

type Email = Schemas["Email"];
const STATES = ["queued", "retrying", "sent", "failed"] as const;
type Filter = { [key in "state" | "to" | "template"]?: string };
const route = getRouteApi("/app/emails");

export function Emails() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const [isSending, setSending] = useState(false);
  const can = useCan();
  const texts = t.emails;
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  const emails = usePages(["emails", filter], (cursor) =>
    read(api.GET("/emails", { params: { query: { ...filter, cursor, limit: 50 } } })),
  );
  const send = can("emails:write") && (
    <Button icon="send" look="primary" onClick={() => setSending(true)}>
      {texts.send}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={send}>
      <Filters values={filter} onClear={() => void navigate({ search: {} })}>
        <FilterSelect
          label={texts.state}
          value={filter.state}
          onChange={(state) => set({ state })}
          choices={STATES.map((state) => [state, t.words[state] ?? state])}
        />
        <FilterText label={texts.to} value={filter.to} onChange={(to) => set({ to })} />
        <FilterText
          label={texts.template}
          value={filter.template}
          onChange={(template) => set({ template })}
        />
      </Filters>
      <ListCard icon="emails" texts={texts} pages={emails} columns={columns()} keyOf={({ id }) => id} />
      {isSending && <SendDialog onClose={() => setSending(false)} />}
    </Page>
  );
}

function columns(): Column<Email>[] {
  const texts = t.emails;
  return [
    {
      head: texts.subject,
      main: true,
      cell: ({ id, subject }) => (
        <Link to="/emails/$id" params={{ id }}>
          {subject ?? id}
        </Link>
      ),
    },
    { head: texts.state, cell: ({ state }) => <State state={state} /> },
    {
      head: texts.to,
      wide: true,
      cell: ({ recipients }) => (
        <span className="cut">{recipients.map(({ address }) => address).join(", ")}</span>
      ),
    },
    { head: texts.template, cell: ({ template, system }) => template?.name ?? (system ? texts.system : "–") },
    { head: texts.attempts, right: true, cell: ({ attempts }) => attempts },
    { head: texts.sent, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
  ];
}

function inputOf(fields: Fields): Schemas["EmailInput"] {
  const template = fields.optional("template");
  const recipients = { to: fields.list("to"), cc: fields.list("cc") };
  if (template !== undefined) {
    const variables = (fields.json("variables") as Record<string, never> | undefined) ?? {};
    return { ...recipients, template, variables };
  }
  return { ...recipients, subject: fields.text("subject"), text: fields.text("text") };
}

function SendDialog({ onClose }: { onClose: () => void }) {
  const [template, setTemplate] = useState("");
  const cache = useQueryClient();
  const texts = t.emails;
  const templates = useLive(
    ["email-templates", "names"],
    () => read(api.GET("/email-templates", { params: { query: { limit: 100 } } })),
    { every: 0 },
  );
  const choices = templates.data?.data.map(({ name }) => [name, name] as const) ?? [];
  return (
    <Dialog title={texts.send} onClose={onClose} wide>
      <Form
        submit={texts.send}
        onCancel={onClose}
        onSend={async (fields) => {
          await read(api.POST("/emails", { body: inputOf(fields) }));
          toast(texts.queued);
          await cache.invalidateQueries({ queryKey: ["emails"] });
          onClose();
        }}
      >
        <TextField label={texts.to} name="to" required hint={texts.toHint} />
        <TextField label={texts.cc} name="cc" optional />
        <SelectField
          label={texts.template}
          name="template"
          value={template}
          onChange={(event) => setTemplate(event.target.value)}
          choices={[["", texts.noTemplate], ...choices]}
        />
        {template === "" ? (
          <>
            <TextField label={texts.subject} name="subject" required />
            <AreaField label={texts.text} name="text" required rows={8} />
          </>
        ) : (
          <AreaField
            label={texts.variables}
            name="variables"
            rows={6}
            defaultValue="{}"
            hint={texts.variablesHint}
          />
        )}
      </Form>
    </Dialog>
  );
}
