// Password, second factor and sessions.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { forgetAll, useMe } from "../../api/session";
import { Button } from "../../components/Button";
import { Form, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Loaded } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction, useAsked } from "../../components/useAction";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { newPassword, PasswordFields } from "../access/kit";
import { MfaCard } from "./Mfa";

type Session = Schemas["Session"];

export function Security() {
  const { password_change_required: isHeld } = useMe();
  const texts = t.account.security;
  return (
    <Page title={texts.title} note={texts.note}>
      {/* Until the first password is changed the server answers for nothing else. */}
      {!isHeld && <MfaCard />}
      <PasswordCard />
      {!isHeld && <SessionsCard />}
    </Page>
  );
}

function PasswordCard() {
  const texts = t.account.security;
  const cache = useQueryClient();
  const change = useAction((body: Schemas["PasswordInput"]) => read(api.POST("/auth/password", { body })), {
    done: texts.changed,
    changes: [["sessions"]],
    inForm: true,
  });
  return (
    <Card title={texts.password} note={texts.passwordNote}>
      <Form
        submit={texts.change}
        resets
        onSend={async (fields) => {
          const body = { current_password: fields.text("current_password"), password: newPassword(fields) };
          await change.mutateAsync(body);
          // Whoever was held here by a first password may go on from now.
          await cache.invalidateQueries({ queryKey: ["me"] });
        }}
      >
        <TextField
          label={texts.current}
          name="current_password"
          type="password"
          required
          autoComplete="current-password"
        />
        <div className="fields-2">
          <PasswordFields label={t.access.newPassword} />
        </div>
      </Form>
    </Card>
  );
}

function SessionsCard() {
  const texts = t.account.security;
  const navigate = useNavigate();
  const sessions = useLive(["sessions"], () => read(api.GET("/auth/sessions")), { every: 15_000 });
  const [ask, isLeaving] = useAsked(
    () => read(api.POST("/auth/logout-all")),
    { title: texts.endAllTitle, text: texts.endAllText, action: texts.endAll },
    {
      next: () => void navigate({ to: "/sign-in" }).then(forgetAll),
    },
  );
  return (
    <Card
      title={texts.sessions}
      note={texts.sessionsNote}
      flush
      actions={
        <Button look="danger" icon="out" busy={isLeaving} onClick={ask}>
          {texts.endAll}
        </Button>
      }
    >
      <Loaded query={sessions}>
        {({ data }) => (
          <Table label={texts.sessions} columns={columns()} rows={data} keyOf={({ id }) => id} />
        )}
      </Loaded>
    </Card>
  );
}

function columns(): Column<Session>[] {
  const texts = t.account.security;
  return [
    {
      head: texts.client,
      main: true,
      wide: true,
      cell: ({ client, current }) => (
        <span className="row">
          <span className="cut" title={client}>
            {nameOf(client)}
          </span>
          {current && <span className="chip">{texts.here}</span>}
        </span>
      ),
    },
    { head: texts.address, cell: ({ address }) => address },
    { head: texts.lastUsed, right: true, cell: ({ last_used_at }) => <Time at={last_used_at} /> },
    { head: texts.expires, right: true, cell: ({ expires_at }) => <Time at={expires_at} /> },
    { head: t.kit.actions, right: true, cell: (session) => !session.current && <End session={session} /> },
  ];
}

/** Browser and system out of the long name a browser gives itself. */
export function nameOf(client: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/[\d.]+/.exec(client)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(client)?.[1];
  if (browser === undefined) return client;
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera" };
  return [names[browser] ?? browser, system].filter(Boolean).join(" · ");
}

function End({ session: { id, client } }: { session: Session }) {
  const texts = t.account.security;
  const name = nameOf(client);
  const [ask] = useAsked(
    () => read(api.DELETE("/auth/sessions/{id}", { params: { path: { id } } })),
    { title: texts.endTitle(name), text: texts.endText, action: texts.end, danger: false },
    { done: texts.ended, changes: [["sessions"]] },
  );
  return (
    <Button small onClick={ask} aria-label={`${texts.end}: ${name}`}>
      {texts.end}
    </Button>
  );
}
