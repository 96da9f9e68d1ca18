// One department and who is in it.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, read } from "../../api/client";
import { useCan, useMe } from "../../api/session";
import { Button } from "../../components/Button";
import { Form, SelectField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Empty, Loaded, LoadedPages } from "../../components/states";
import { Table } from "../../components/Table";
import { useAction, useAsked } from "../../components/useAction";
import { useLive, usePages } from "../../lib/live";
import { t } from "../../texts";
import { DepartmentDialog } from "./Departments";
import { PersonName, type User } from "./People";

const route = getRouteApi("/app/departments/$id");

export function DepartmentPage() {
  const { id } = route.useParams();
  const can = useCan();
  const [isEditing, setEditing] = useState(false);
  const department = useLive(["department", id], () =>
    read(api.GET("/departments/{id}", { params: { path: { id } } })),
  );
  const members = usePages(["department", id, "members"], (cursor) =>
    read(api.GET("/departments/{id}/members", { params: { path: { id }, query: { cursor, limit: 50 } } })),
  );
  const texts = t.people.departments;
  const name = department.data?.name ?? id;
  const { user } = useMe();
  // Who is no admin has a say only in their own departments; a member may stand on a page that is not read yet.
  const isMine = members.rows?.some(({ id }) => id === user.id) === true || members.query.hasNextPage;
  const hasSay = user.role === "admin" || isMine;
  const canSet = can("members:write") && hasSay;
  return (
    <Page
      title={name}
      trail={[{ text: texts.title, link: { to: "/departments" } }]}
      note={department.data?.description || undefined}
      actions={
        can("departments:write") &&
        department.data && <Actions id={id} name={name} onEdit={() => setEditing(true)} />
      }
    >
      <Loaded query={department}>
        {(data) => (
          <>
            <Card title={texts.members} flush>
              <LoadedPages pages={members} empty={<Empty icon="people" title={texts.noMembers} />}>
                {(rows) => <Members id={id} rows={rows} canSet={canSet} />}
              </LoadedPages>
            </Card>
            {/* Below the list, which it would push down when it comes. */}
            {canSet && members.rows && <AddMember id={id} taken={members.rows} />}
            {isEditing && <DepartmentDialog department={data} onClose={() => setEditing(false)} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ id, name, onEdit }: { id: string; name: string; onEdit: () => void }) {
  const navigate = useNavigate();
  const texts = t.people.departments;
  const [ask] = useAsked(
    () => read(api.DELETE("/departments/{id}", { params: { path: { id } } })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    {
      done: texts.deleted,
      changes: [["departments"]],
      next: () => void navigate({ to: "/departments" }),
    },
  );
  return (
    <>
      <Button onClick={onEdit}>{t.kit.edit}</Button>
      <Button look="danger" icon="trash" onClick={ask}>
        {t.kit.delete}
      </Button>
    </>
  );
}

function AddMember({ id, taken }: { id: string; taken: readonly User[] }) {
  const texts = t.people.departments;
  const users = usePages(
    ["users", "choices"],
    (cursor) => read(api.GET("/users", { params: { query: { cursor, limit: 250 } } })),
    { every: 0 },
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = users.query;
  const add = useAction(
    (user: string) => read(api.PUT("/departments/{id}/members/{user}", { params: { path: { id, user } } })),
    { done: texts.added, changes: [["department", id], ["departments"]], inForm: true },
  );
  const free = users.rows?.filter((user) => !taken.some((member) => member.id === user.id)) ?? [];
  if (free.length === 0 && !hasNextPage) return null;
  return (
    <Card>
      {free.length > 0 && (
        <Form inline submit={t.kit.add} onSend={(fields) => add.mutateAsync(fields.text("user"))}>
          <SelectField
            label={texts.addMember}
            name="user"
            choices={free.map((user) => [user.id, `${user.name} · ${user.email}`])}
          />
        </Form>
      )}
      {hasNextPage && (
        <div className="more">
          <Button small icon="down" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {texts.morePeople}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Members({ id, rows, canSet }: { id: string; rows: User[]; canSet: boolean }) {
  const texts = t.people.departments;
  const base = [
    { head: t.people.name, main: true, cell: (user: User) => <PersonName user={user} /> },
    { head: t.people.email, cell: ({ email }: User) => email },
    { head: t.people.role, cell: ({ role }: User) => t.people.roles[role] },
  ];
  const out = {
    head: t.kit.actions,
    right: true,
    cell: (user: User) => <Remove id={id} user={user} />,
  };
  return (
    <Table
      label={texts.members}
      rows={rows}
      keyOf={(user) => user.id}
      columns={canSet ? [...base, out] : base}
    />
  );
}

function Remove({ id, user }: { id: string; user: User }) {
  const texts = t.people.departments;
  const [ask] = useAsked(
    () => read(api.DELETE("/departments/{id}/members/{user}", { params: { path: { id, user: user.id } } })),
    {
      title: texts.removeTitle(user.name),
      text: texts.removeText,
      action: t.kit.remove,
      danger: false,
    },
    { done: texts.removed, changes: [["department", id], ["departments"]] },
  );
  return (
    <Button small look="quiet" icon="close" aria-label={`${t.kit.remove}: ${user.name}`} onClick={ask} />
  );
}
