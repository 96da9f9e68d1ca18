// One e-mail: to whom it went, what the mail server said, and its content.
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Code, Id } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { Facts, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useLive } from "../../lib/live";
import { t } from "../../texts";

const route = getRouteApi("/app/emails/$id");

export function EmailPage() {
  const { id } = route.useParams();
  const email = useLive(["email", id], () => read(api.GET("/emails/{id}", { params: { path: { id } } })));
  const texts = t.emails;
  return (
    <Page
      title={email.data?.subject ?? id}
      trail={[{ text: texts.title, link: { to: "/emails" } }]}
      note={
        email.data && (
          <>
            <State state={email.data.state} />
            <Id id={id} />
          </>
        )
      }
    >
      <Loaded query={email}>{(data) => <Content email={data} />}</Loaded>
    </Page>
  );
}

function Content({ email }: { email: Schemas["EmailDetail"] }) {
  const texts = t.emails;
  const facts: [string, ReactNode][] = [
    [texts.sent, <Time key="sent" at={email.created_at} />],
    [texts.attempts, email.attempts],
    [texts.template, email.template === null ? "–" : `${email.template.name} (${email.template.version})`],
    [texts.via, email.via ?? "–"],
    [
      texts.job,
      <Link key="job" to="/jobs/$id" params={{ id: email.job_id }}>
        {email.job_id}
      </Link>,
    ],
  ];
  if (email.next_attempt_at !== null)
    facts.push([texts.next, <Time key="next" at={email.next_attempt_at} />]);
  if (email.answer !== null) facts.push([texts.answer, email.answer]);
  return (
    <>
      <Card title={t.jobs.one.facts}>
        <Facts facts={facts} />
      </Card>
      <Card title={texts.recipients} flush>
        <Table
          label={texts.recipients}
          rows={email.recipients}
          keyOf={({ kind, address }) => `${kind} ${address}`}
          columns={[
            { head: texts.address, main: true, cell: ({ address }) => address },
            { head: texts.kind, cell: ({ kind }) => kind },
            { head: texts.state, cell: ({ state }) => <State state={state} /> },
            { head: texts.answer, wide: true, cell: ({ answer }) => answer ?? "–" },
          ]}
        />
      </Card>
      {email.attachments.length > 0 && (
        <Card title={texts.attachments}>
          <Facts facts={email.attachments.map(({ name, content_type }) => [name, content_type])} />
        </Card>
      )}
      {email.text === null && email.html === null && <p className="quiet">{texts.hidden}</p>}
      {email.text !== null && (
        <Card title={texts.text}>
          <pre className="message">{email.text}</pre>
        </Card>
      )}
      {email.html !== null && (
        <Card title={texts.html}>
          <Code text={email.html} label={texts.html} />
        </Card>
      )}
    </>
  );
}
