// The templates of e-mails: writing them and seeing them filled in.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { AreaField, type Fields, Form, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { type Column, Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction, useAsked } from "../../components/useAction";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

type Template = Schemas["EmailTemplate"];

export function Templates() {
  const [edited, setEdited] = useState<Template | "new">();
  const [preview, setPreview] = useState<Schemas["EmailPreview"]>();
  const can = useCan()("emails:write");
  const texts = t.emails;
  const templates = usePages(["email-templates"], (cursor) =>
    read(api.GET("/email-templates", { params: { query: { cursor, limit: 50 } } })),
  );
  const add = can && (
    <Button icon="plus" look="primary" onClick={() => setEdited("new")}>
      {texts.add}
    </Button>
  );
  const actions = (template: Template) => (
    <RowActions template={template} can={can} onEdit={() => setEdited(template)} onPreview={setPreview} />
  );
  return (
    <Page title={texts.t} note={texts.tn} actions={add}>
      <ListCard
        icon="templates"
        texts={{ title: texts.t, empty: texts.tempty, emptyText: texts.temptyText }}
        pages={templates}
        columns={columns(actions)}
        keyOf={({ name }) => name}
      />
      {edited && (
        <TemplateDialog
          template={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
      {preview && <Preview preview={preview} onClose={() => setPreview(undefined)} />}
    </Page>
  );
}

function columns(actions: Column<Template>["cell"]): Column<Template>[] {
  const texts = t.emails;
  return [
    { head: texts.name, main: true, cell: ({ name }) => <code>{name}</code> },
    { head: texts.subject, wide: true, cell: ({ subject }) => subject },
    { head: texts.version, right: true, cell: ({ version }) => version },
    { head: texts.changed, right: true, cell: ({ updated_at }) => <Time at={updated_at} /> },
    { head: t.kit.actions, right: true, cell: actions },
  ];
}

interface RowProps {
  template: Template;
  can: boolean;
  onEdit: () => void;
  onPreview: (preview: Schemas["EmailPreview"]) => void;
}

function RowActions({ template: { name, sample }, can, onEdit, onPreview }: RowProps) {
  const texts = t.emails;
  const params = { path: { name } };
  const show = useAction(
    () => read(api.POST("/email-templates/{name}/preview", { params, body: { variables: sample } })),
    { next: onPreview },
  );
  const [ask] = useAsked(
    () => read(api.DELETE("/email-templates/{name}", { params })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    { done: texts.deleted, changes: [["email-templates"]] },
  );
  return (
    <span className="row row-right">
      <Button
        small
        busy={show.isPending}
        aria-label={`${texts.preview}: ${name}`}
        onClick={() => show.mutate()}
      >
        {texts.preview}
      </Button>
      {can && (
        <>
          <Button small aria-label={texts.edit(name)} onClick={onEdit}>
            {t.kit.edit}
          </Button>
          <Button small look="danger" icon="trash" aria-label={`${t.kit.delete}: ${name}`} onClick={ask} />
        </>
      )}
    </span>
  );
}

function bodyOf(fields: Fields) {
  return {
    description: fields.text("description"),
    subject: fields.text("subject"),
    text: fields.optional("text") ?? null,
    html: fields.optional("html") ?? null,
    sample: (fields.json("sample") as Record<string, never> | undefined) ?? null,
  };
}

function TemplateDialog({ template, onClose }: { template: Template | undefined; onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.emails;
  const sample = template?.sample == null ? "" : JSON.stringify(template.sample, null, 2);
  return (
    <Dialog title={template === undefined ? texts.add : texts.edit(template.name)} onClose={onClose} wide>
      <Form
        submit={template === undefined ? t.kit.create : t.kit.save}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = bodyOf(fields);
          if (template === undefined) {
            await read(api.POST("/email-templates", { body: { name: fields.text("name"), ...body } }));
          } else {
            await read(
              api.PATCH("/email-templates/{name}", { params: { path: { name: template.name } }, body }),
            );
          }
          await cache.invalidateQueries({ queryKey: ["email-templates"] });
          onClose();
        }}
      >
        {template === undefined && (
          <TextField label={texts.name} name="name" required placeholder="order-shipped" />
        )}
        <TextField
          label={texts.description}
          name="description"
          optional
          defaultValue={template?.description}
        />
        <TextField label={texts.subject} name="subject" required defaultValue={template?.subject} />
        <AreaField label={texts.text} name="text" optional rows={6} defaultValue={template?.text ?? ""} />
        <AreaField label={texts.html} name="html" optional rows={6} defaultValue={template?.html ?? ""} />
        <AreaField
          label={texts.sample}
          name="sample"
          optional
          rows={4}
          hint={texts.sampleHint}
          defaultValue={sample}
        />
      </Form>
    </Dialog>
  );
}

function Preview({ preview, onClose }: { preview: Schemas["EmailPreview"]; onClose: () => void }) {
  const texts = t.emails;
  return (
    <Dialog title={texts.preview} onClose={onClose} wide>
      <div className="stack">
        <Facts facts={[[texts.subject, preview.subject]]} />
        {preview.text !== null && <pre className="message">{preview.text}</pre>}
        {preview.html !== null && <Code text={preview.html} label={texts.html} />}
      </div>
    </Dialog>
  );
}
