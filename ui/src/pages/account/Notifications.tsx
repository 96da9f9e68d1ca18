// Everything the person was told that is still kept, with what was read already.
import { useRouter } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { ListCard } from "../../components/ListCard";
import { type Notification, pageOf, useMarks, wordsOf } from "../../components/notifications";
import { Page } from "../../components/Page";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { basePath } from "../../lib/base";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

const EVERY_MS = 30_000;

export function Notifications() {
  const texts = t.shell.notices;
  const { mark, markAll } = useMarks();
  const router = useRouter();
  const notifications = usePages<Notification>(
    ["notifications"],
    (cursor) => read(api.GET("/notifications", { params: { query: { cursor, limit: 50 } } })),
    { every: EVERY_MS },
  );
  const newest = notifications.rows?.[0];
  const hasNew = notifications.rows?.some(({ is_read }) => !is_read) ?? false;
  const open = (row: Notification) => {
    if (!row.is_read) void mark(row.id);
    router.history.push(basePath.slice(0, -1) + pageOf(row));
  };
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        <Button icon="check" disabled={!hasNew} onClick={() => void markAll(newest?.id)}>
          {texts.readAll}
        </Button>
      }
    >
      <ListCard
        icon="notifications"
        texts={texts}
        pages={notifications}
        columns={columns(open, (row) => void mark(row.id))}
        keyOf={({ id }) => id}
      />
    </Page>
  );
}

function columns(
  open: (row: Notification) => void,
  mark: (row: Notification) => void,
): Column<Notification>[] {
  const texts = t.shell.notices;
  return [
    {
      head: texts.what,
      main: true,
      cell: (row) => (
        <button
          type="button"
          className={row.is_read ? "link" : "link notice-new"}
          dir="auto"
          onClick={() => open(row)}
        >
          {wordsOf(row)}
        </button>
      ),
    },
    { head: texts.when, cell: ({ created_at }) => <Time at={created_at} /> },
    {
      head: "",
      right: true,
      cell: (row) =>
        !row.is_read && (
          <Button small icon="check" onClick={() => mark(row)}>
            {texts.read}
          </Button>
        ),
    },
  ];
}
