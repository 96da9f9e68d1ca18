// The departments of the company.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Form, TextField } from "../../components/Form";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

type Department = Schemas["Department"];

export function Departments() {
  const can = useCan()("departments:write");
  const [isAdding, setAdding] = useState(false);
  const texts = t.people.departments;
  const departments = usePages(["departments"], (cursor) =>
    read(api.GET("/departments", { params: { query: { cursor, limit: 50 } } })),
  );
  const add = can && (
    <Button icon="plus" look="primary" onClick={() => setAdding(true)}>
      {texts.add}
    </Button>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard
        icon="departments"
        texts={texts}
        pages={departments}
        columns={columns()}
        keyOf={({ id }) => id}
      />
      {isAdding && <DepartmentDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function columns(): Column<Department>[] {
  const texts = t.people.departments;
  return [
    {
      head: t.people.name,
      main: true,
      cell: ({ id, name }) => (
        <Link to="/departments/$id" params={{ id }}>
          {name}
        </Link>
      ),
    },
    { head: texts.description, wide: true, cell: ({ description }) => description || "–" },
    { head: texts.members, right: true, cell: ({ members }) => members },
    { head: t.webhooks.types.updated, right: true, cell: ({ updated_at }) => <Time at={updated_at} /> },
  ];
}

export function DepartmentDialog({ department, onClose }: { department?: Department; onClose: () => void }) {
  const cache = useQueryClient();
  const texts = t.people.departments;
  return (
    <Dialog title={department === undefined ? texts.add : t.people.edit(department.name)} onClose={onClose}>
      <Form
        submit={department === undefined ? t.kit.add : t.kit.save}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = { name: fields.text("name"), description: fields.text("description") };
          if (department === undefined) await read(api.POST("/departments", { body }));
          else await read(api.PATCH("/departments/{id}", { params: { path: { id: department.id } }, body }));
          await cache.invalidateQueries({ queryKey: ["departments"] });
          await cache.invalidateQueries({ queryKey: ["department"] });
          onClose();
        }}
      >
        <TextField
          label={t.people.name}
          name="name"
          required
          maxLength={200}
          defaultValue={department?.name}
        />
        <TextField
          label={texts.description}
          name="description"
          optional
          defaultValue={department?.description}
        />
      </Form>
    </Dialog>
  );
}
