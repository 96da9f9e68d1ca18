// Everything the person was told that is still kept, with what was read already.
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { ListCard } from "../../components/ListCard";
import { type Notification, pageOf, useMarks, useNewest, wordsOf } from "../../components/notifications";
import { Page } from "../../components/Page";
import { PathLink } from "../../components/PathLink";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

const EVERY_MS = 30_000;

export function Notifications() {
  const texts = t.shell.notices;
  const { mark, markAll } = useMarks();
  // Older ones count as well, whichever are shown.
  const { unread } = useNewest();
  const notifications = usePages<Notification>(
    ["notifications"],
    (cursor) => read(api.GET("/notifications", { params: { query: { cursor, limit: 50 } } })),
    { every: EVERY_MS },
  );
  const newest = notifications.rows?.[0];
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        <Button icon="check" disabled={unread === 0} onClick={() => void markAll(newest?.id)}>
          {texts.readAll}
        </Button>
      }
    >
      <ListCard
        icon="notifications"
        texts={texts}
        pages={notifications}
        columns={columns((row) => void mark(row.id))}
        keyOf={({ id }) => id}
      />
    </Page>
  );
}

function columns(mark: (row: Notification) => void): Column<Notification>[] {
  const texts = t.shell.notices;
  return [
    {
      head: texts.what,
      main: true,
      cell: (row) => (
        <PathLink
          path={pageOf(row)}
          className={row.is_read ? undefined : "notice-new"}
          onOpen={() => !row.is_read && mark(row)}
        >
          {wordsOf(row)}
        </PathLink>
      ),
    },
    { head: texts.when, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
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
