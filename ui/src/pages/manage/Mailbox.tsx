// What was sent to people of the company.
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { Card, Page } from "../../components/Page";
import { Empty, LoadedPages } from "../../components/states";
import { Facts, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { t } from "../../texts";

type Message = Schemas["Message"];

export function Mailbox() {
  const [shown, setShown] = useState<Message>();
  const texts = t.audit.mailbox;
  const messages = usePages(["mailbox"], (cursor) =>
    read(api.GET("/mailbox", { params: { query: { cursor, limit: 50 } } })),
  );
  const empty = (
    <Empty icon="mailbox" title={texts.empty}>
      <p>{texts.emptyText}</p>
    </Empty>
  );
  return (
    <Page title={texts.title} note={texts.note}>
      <Card flush>
        <LoadedPages pages={messages} empty={empty}>
          {(rows) => (
            <Table
              label={texts.title}
              rows={rows}
              keyOf={({ id }) => id}
              columns={[
                {
                  head: texts.subject,
                  main: true,
                  cell: (message) => (
                    <button type="button" className="link" onClick={() => setShown(message)}>
                      {message.subject}
                    </button>
                  ),
                },
                { head: texts.to, cell: ({ to }) => to },
                { head: texts.sent, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
              ]}
            />
          )}
        </LoadedPages>
      </Card>
      {shown && (
        <Dialog title={shown.subject} onClose={() => setShown(undefined)} wide>
          <div className="stack">
            <Facts
              facts={[
                [texts.to, shown.to],
                [texts.sent, <Time key="sent" at={shown.created_at} />],
              ]}
            />
            {shown.text === null ? (
              <p className="quiet">{texts.hidden}</p>
            ) : (
              <pre className="message">{shown.text}</pre>
            )}
          </div>
        </Dialog>
      )}
    </Page>
  );
}
