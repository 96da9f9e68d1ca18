// What was sent to people of the company.
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { type Column, Facts } from "../../components/Table";
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
  return (
    <Page title={texts.title} note={texts.note}>
      <ListCard
        icon="mailbox"
        texts={texts}
        pages={messages}
        columns={columns(setShown)}
        keyOf={({ id }) => id}
      />
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

function columns(show: (message: Message) => void): Column<Message>[] {
  const texts = t.audit.mailbox;
  return [
    {
      head: texts.subject,
      main: true,
      cell: (message) => (
        <button type="button" className="link" onClick={() => show(message)}>
          {message.subject}
        </button>
      ),
    },
    { head: texts.to, cell: ({ to }) => to },
    { head: texts.sent, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
  ];
}
