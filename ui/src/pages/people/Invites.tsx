// Invitations that are open.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { Form, SelectField, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAsked } from "../../components/useAction";
import { serverUrl } from "../../lib/base";
import { usePages } from "../../lib/live";
import { t } from "../../texts";
import { roleChoices } from "./People";

type Invite = Schemas["Invite"];

export function Invites() {
  const [isAdding, setAdding] = useState(false);
  const texts = t.people.invites;
  const invites = usePages(["invites"], (cursor) =>
    read(api.GET("/auth/invites", { params: { query: { cursor, limit: 50 } } })),
  );
  const add = (
    <Button icon="plus" look="primary" onClick={() => setAdding(true)}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard icon="invites" texts={texts} pages={invites} columns={columns()} keyOf={({ id }) => id} />
      {isAdding && <InviteDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function columns(): Column<Invite>[] {
  const texts = t.people.invites;
  return [
    { head: t.people.email, main: true, cell: ({ email }) => email },
    { head: t.people.role, cell: ({ role }) => t.people.roles[role] },
    { head: texts.expires, right: true, cell: ({ expires_at }) => <Time at={expires_at} /> },
    { head: t.kit.actions, right: true, cell: (invite) => <Withdraw invite={invite} /> },
  ];
}

function Withdraw({ invite: { id, email } }: { invite: Invite }) {
  const texts = t.people.invites;
  const [ask] = useAsked(
    () => read(api.DELETE("/auth/invites/{id}", { params: { path: { id } } })),
    { title: texts.deleteTitle(email), text: texts.deleteText, action: texts.withdraw },
    { done: texts.deleted, changes: [["invites"]] },
  );
  return (
    <Button small look="danger" onClick={ask} aria-label={`${texts.withdraw}: ${email}`}>
      {texts.withdraw}
    </Button>
  );
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const [link, setLink] = useState<string>();
  const cache = useQueryClient();
  const texts = t.people.invites;
  if (link !== undefined) {
    return (
      <Dialog title={texts.add} onClose={onClose}>
        <div className="stack">
          <p>{texts.sent}</p>
          <Code text={link} label={texts.link} />
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
          const body = { email: fields.text("email"), role: fields.text("role") as Schemas["Role"] };
          const made = await read(api.POST("/auth/invites", { body }));
          // It is shown this once, whatever becomes of the list.
          setLink(`${window.location.origin}${serverUrl("join")}#${made.token}`);
          await cache.invalidateQueries({ queryKey: ["invites"] });
        }}
      >
        <TextField label={t.people.email} name="email" type="email" required maxLength={254} />
        <SelectField label={t.people.role} name="role" choices={roleChoices()} hint={t.people.rolesHint} />
      </Form>
    </Dialog>
  );
}
