// Invitations that are open.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { confirm } from "../../components/confirm";
import { Dialog } from "../../components/Dialog";
import { Form, SelectField, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";
import { serverUrl } from "../../lib/base";
import { usePages } from "../../lib/live";
import { t } from "../../texts";
import { roleChoices } from "./People";

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
  const empty = (
    <Empty icon="invites" title={texts.empty}>
      <p>{texts.emptyText}</p>
    </Empty>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <Card flush>
        <LoadedPages pages={invites} empty={empty}>
          {(rows) => (
            <Table
              label={texts.title}
              rows={rows}
              keyOf={({ id }) => id}
              columns={[
                { head: t.people.email, main: true, cell: ({ email }) => email },
                { head: t.people.role, cell: ({ role }) => t.people.roles[role] },
                { head: texts.expires, right: true, cell: ({ expires_at }) => <Time at={expires_at} /> },
                { head: t.kit.actions, right: true, cell: (invite) => <Withdraw invite={invite} /> },
              ]}
            />
          )}
        </LoadedPages>
      </Card>
      {isAdding && <InviteDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Withdraw({ invite: { id, email } }: { invite: Schemas["Invite"] }) {
  const texts = t.people.invites;
  const remove = useAction(() => read(api.DELETE("/auth/invites/{id}", { params: { path: { id } } })), {
    done: texts.deleted,
    changes: [["invites"]],
  });
  const ask = async () => {
    const question = {
      title: texts.deleteTitle(email),
      text: texts.deleteText,
      action: texts.withdraw,
      danger: true,
    };
    if (await confirm(question)) remove.mutate();
  };
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
          await cache.invalidateQueries({ queryKey: ["invites"] });
          setLink(`${window.location.origin}${serverUrl("join")}#${made.token}`);
        }}
      >
        <TextField label={t.people.email} name="email" type="email" required maxLength={254} />
        <SelectField label={t.people.role} name="role" choices={roleChoices()} hint={t.people.rolesHint} />
      </Form>
    </Dialog>
  );
}
