// Everybody in the company.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan, useMe } from "../../api/session";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { CheckField, Form, SelectField, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, LoadedPages } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { initials } from "../../shell/UserMenu";
import { t } from "../../texts";
import { PersonMenu } from "./PersonMenu";

export type User = Schemas["User"];
type Role = Schemas["Role"];

export function People() {
  const can = useCan()("users:write");
  const [edited, setEdited] = useState<User>();
  const [isAdding, setAdding] = useState(false);
  const texts = t.people;
  const users = usePages(
    ["users"],
    (cursor) => read(api.GET("/users", { params: { query: { cursor, limit: 50 } } })),
    {
      every: 15_000,
    },
  );
  const add = can && (
    <Button icon="plus" look="primary" onClick={() => setAdding(true)}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <Card flush>
        <LoadedPages pages={users} empty={<Empty icon="people" title={t.kit.none} />}>
          {(rows) => <PeopleTable rows={rows} canWrite={can} onEdit={setEdited} />}
        </LoadedPages>
      </Card>
      {isAdding && <AddDialog onClose={() => setAdding(false)} />}
      {edited && <EditDialog user={edited} onClose={() => setEdited(undefined)} />}
    </Page>
  );
}

function PeopleTable(props: { rows: User[]; canWrite: boolean; onEdit: (user: User) => void }) {
  const { user: me } = useMe();
  const texts = t.people;
  const all: (Column<User> | false)[] = [
    { head: texts.name, main: true, cell: (user) => <PersonName user={user} isMe={user.id === me.id} /> },
    { head: texts.email, cell: ({ email }) => email },
    {
      head: texts.role,
      cell: ({ role, is_owner, disabled }) => (
        <span className="row">
          {texts.roles[role]}
          {is_owner && <span className="chip">{t.words.owner}</span>}
          {disabled && <State state="disabled" />}
        </span>
      ),
    },
    { head: texts.lastSignIn, right: true, cell: ({ last_sign_in_at }) => <Time at={last_sign_in_at} /> },
    props.canWrite && {
      head: t.kit.actions,
      right: true,
      cell: (user) => <PersonMenu user={user} isMe={user.id === me.id} onEdit={() => props.onEdit(user)} />,
    },
  ];
  const columns = all.filter((column) => column !== false);
  return <Table label={texts.title} columns={columns} rows={props.rows} keyOf={({ id }) => id} />;
}

export function PersonName({ user, isMe = false }: { user: Pick<User, "name">; isMe?: boolean }) {
  return (
    <span className="row">
      <span className="avatar" aria-hidden="true">
        {initials(user.name)}
      </span>
      {user.name}
      {isMe && <span className="quiet small">{t.people.you}</span>}
    </span>
  );
}

export function roleChoices(): [string, string][] {
  return [
    ["user", t.people.roles.user],
    ["manager", t.people.roles.manager],
    ["admin", t.people.roles.admin],
  ];
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.people;
  return (
    <Dialog title={texts.add} onClose={onClose}>
      <Form
        submit={t.kit.add}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = {
            name: fields.text("name"),
            email: fields.text("email"),
            role: fields.text("role") as Role,
            password: fields.text("password"),
          };
          await read(api.POST("/users", { body }));
          await cache.invalidateQueries({ queryKey: ["users"] });
          onClose();
        }}
      >
        <TextField label={texts.name} name="name" required maxLength={200} />
        <TextField label={texts.email} name="email" type="email" required maxLength={254} />
        <SelectField label={texts.role} name="role" choices={roleChoices()} hint={texts.rolesHint} />
        <TextField
          label={texts.password}
          name="password"
          type="password"
          required
          minLength={12}
          maxLength={128}
          autoComplete="new-password"
          hint={texts.passwordHint}
        />
      </Form>
    </Dialog>
  );
}

function EditDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.people;
  return (
    <Dialog title={texts.edit(user.name)} onClose={onClose}>
      <Form
        submit={t.kit.save}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = {
            name: fields.text("name"),
            role: fields.text("role") as Role,
            disabled: fields.has("disabled"),
          };
          await read(api.PATCH("/users/{id}", { params: { path: { id: user.id } }, body }));
          await cache.invalidateQueries({ queryKey: ["users"] });
          await cache.invalidateQueries({ queryKey: ["me"] });
          onClose();
        }}
      >
        <TextField label={texts.name} name="name" required maxLength={200} defaultValue={user.name} />
        <SelectField
          label={texts.role}
          name="role"
          choices={roleChoices()}
          defaultValue={user.role}
          hint={texts.rolesHint}
        />
        <CheckField label={texts.disabled} name="disabled" defaultChecked={user.disabled} />
      </Form>
    </Dialog>
  );
}
