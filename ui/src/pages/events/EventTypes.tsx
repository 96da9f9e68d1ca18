// The catalogue of event types.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Code, Json } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { AreaField, type Fields, Form, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAsked } from "../../components/useAction";
import { serverUrl } from "../../lib/base";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

type EventType = Schemas["EventType"];
type Edited = EventType | "new" | undefined;

export function EventTypes() {
  const [edited, setEdited] = useState<Edited>();
  const [shown, setShown] = useState<EventType>();
  const can = useCan()("events:write");
  const texts = t.webhooks.types;
  const types = usePages(["event-types"], (cursor) =>
    read(api.GET("/event-types", { params: { query: { cursor, limit: 50 } } })),
  );
  const add = can && (
    <Button icon="plus" look="primary" onClick={() => setEdited("new")}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard
        icon="eventTypes"
        texts={texts}
        pages={types}
        columns={columns(can, { show: setShown, edit: setEdited })}
        keyOf={({ name }) => name}
      />
      {shown && <Shown type={shown} onClose={() => setShown(undefined)} />}
      {edited !== undefined && (
        <TypeDialog type={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  );
}

/** A type with its schema, its example, and the command that sends one. */
function Shown({ type, onClose }: { type: EventType; onClose: () => void }) {
  const { name, description, schema, example } = type;
  const texts = t.webhooks.types;
  return (
    <Dialog title={name} onClose={onClose} wide>
      <div className="stack">
        {description !== "" && <p>{description}</p>}
        <h3>{texts.schema}</h3>
        {schema === null ? (
          <p className="quiet">{texts.noSchema}</p>
        ) : (
          <Json value={schema} label={texts.schema} />
        )}
        <h3>{texts.example}</h3>
        {example === null ? (
          <p className="quiet">{texts.noExample}</p>
        ) : (
          <Json value={example} label={texts.example} />
        )}
        <h3>{texts.send}</h3>
        <Code text={commandOf(name, example)} label={texts.send} />
        <p className="row small">
          <Link to="/events" search={{ type: name }}>
            {texts.events}
          </Link>
        </p>
      </div>
    </Dialog>
  );
}

function commandOf(type: string, example: unknown): string {
  const body = JSON.stringify({ type, data: example ?? {} }).replaceAll("'", "'\\''");
  return [
    `curl -X POST ${window.location.origin}${serverUrl("api/v1/events")} \\`,
    '  -H "Authorization: Bearer $NOVAPULSE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join("\n");
}

interface Handlers {
  show: (type: EventType) => void;
  edit: (type: EventType) => void;
}

function columns(can: boolean, { show, edit }: Handlers): Column<EventType>[] {
  const texts = t.webhooks.types;
  const all: (Column<EventType> | false)[] = [
    {
      head: texts.name,
      main: true,
      cell: (type) => (
        <button type="button" className="link mono" onClick={() => show(type)}>
          {type.name}
        </button>
      ),
    },
    { head: texts.description, wide: true, cell: ({ description }) => description || "–" },
    { head: texts.hasSchema, cell: ({ schema }) => (schema === null ? t.kit.no : t.kit.yes) },
    { head: texts.updated, right: true, cell: ({ updated_at }) => <Time at={updated_at} /> },
    can && {
      head: t.kit.actions,
      right: true,
      cell: (type) => <RowActions type={type} onEdit={() => edit(type)} />,
    },
  ];
  return all.filter((column) => column !== false);
}

function RowActions({ type: { name }, onEdit }: { type: EventType; onEdit: () => void }) {
  const texts = t.webhooks.types;
  const [ask] = useAsked(
    () => read(api.DELETE("/event-types/{name}", { params: { path: { name } } })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    { done: texts.deleted, changes: [["event-types"]] },
  );
  return (
    <span className="row row-right">
      <Button small onClick={onEdit} aria-label={texts.edit(name)}>
        {t.kit.edit}
      </Button>
      <Button small look="danger" icon="trash" aria-label={`${t.kit.delete}: ${name}`} onClick={ask} />
    </span>
  );
}

function documentsOf(fields: Fields) {
  return {
    description: fields.text("description"),
    schema: (fields.json("schema") as Record<string, never> | undefined) ?? null,
    example: (fields.json("example") as Record<string, never> | undefined) ?? null,
  };
}

function TypeDialog({ type, onClose }: { type: EventType | undefined; onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.webhooks.types;
  const text = (value: unknown) => (value == null ? "" : JSON.stringify(value, null, 2));
  return (
    <Dialog title={type === undefined ? texts.add : texts.edit(type.name)} onClose={onClose} wide>
      <Form
        submit={type === undefined ? t.kit.create : t.kit.save}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = documentsOf(fields);
          if (type === undefined)
            await read(api.POST("/event-types", { body: { name: fields.text("name"), ...body } }));
          else await read(api.PATCH("/event-types/{name}", { params: { path: { name: type.name } }, body }));
          await cache.invalidateQueries({ queryKey: ["event-types"] });
          onClose();
        }}
      >
        {type === undefined && (
          <TextField label={texts.name} name="name" required placeholder="order.created" />
        )}
        <TextField label={texts.description} name="description" optional defaultValue={type?.description} />
        <AreaField
          label={texts.schema}
          name="schema"
          optional
          rows={6}
          hint={texts.schemaHint}
          defaultValue={text(type?.schema)}
        />
        <AreaField
          label={texts.example}
          name="example"
          optional
          rows={5}
          defaultValue={text(type?.example)}
        />
      </Form>
    </Dialog>
  );
}
