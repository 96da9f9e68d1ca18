// The company and the instance it is on.
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Id } from "../../components/Copy";
import { CheckField, Form, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { Facts } from "../../components/Table";
import { useAction } from "../../components/useAction";
import { serverUrl } from "../../lib/base";
import { useLive } from "../../lib/live";
import { bytes, count } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { InstanceCards } from "./Instance";

export function Settings() {
  const texts = t.audit.settings;
  const isOwner = useCan()("instance:write");
  const company = useLive(["company"], () => read(api.GET("/company")), { every: 0 });
  const stats = useLive(["company-stats"], () => read(api.GET("/company/stats")), { every: 15_000 });
  const health = useLive(["health"], () => read(api.GET("/health")));
  return (
    <Page title={texts.title} note={texts.note}>
      <Loaded query={company}>{(data) => <CompanyCard company={data} />}</Loaded>
      <Card title={texts.figures}>
        <Loaded query={stats} rows={2}>
          {(data) => (
            <Facts
              facts={[
                [texts.users, count(data.users)],
                [texts.admins, count(data.active_admins)],
                [texts.departments, count(data.departments)],
                [texts.webhooks, count(data.webhooks)],
                [texts.eventTypes, count(data.event_types)],
              ]}
            />
          )}
        </Loaded>
      </Card>
      <Card title={texts.instance}>
        <Loaded query={health} rows={2}>
          {(data) => (
            <Facts
              facts={[
                [texts.version, data.version],
                [texts.status, <State key="state" state={data.status} />],
                [texts.uptime, duration(data.uptime_seconds * 1_000)],
                ...partsOf(data.checks as Record<string, Part>),
              ]}
            />
          )}
        </Loaded>
        <p className="small">
          <a href={serverUrl("licences.txt")}>{texts.licences}</a>
        </p>
      </Card>
      {isOwner && <InstanceCards />}
    </Page>
  );
}

interface Part {
  free_bytes?: number;
  total_bytes?: number;
  transport?: string;
}

/** Where things are kept and how mail goes out, as far as the server says. */
function partsOf({ disk, mail }: Record<string, Part>): [string, string][] {
  const { parts, room } = t.overview;
  const facts: [string, string][] = [];
  if (disk?.free_bytes !== undefined && disk.total_bytes !== undefined) {
    facts.push([parts.disk ?? "disk", room(bytes(disk.free_bytes), bytes(disk.total_bytes))]);
  }
  if (mail?.transport !== undefined) {
    facts.push([parts.mail ?? "mail", t.audit.settings.transports[mail.transport] ?? mail.transport]);
  }
  return facts;
}

function CompanyCard({ company }: { company: Schemas["Company"] }) {
  const texts = t.audit.settings;
  const save = useAction((body: Schemas["CompanyPatch"]) => read(api.PATCH("/company", { body })), {
    done: t.kit.saved,
    changes: [["company"], ["me"]],
    inForm: true,
  });
  return (
    <Card title={texts.company} note={<Id id={company.id} />}>
      <Form
        submit={t.kit.save}
        onSend={(fields) =>
          save.mutateAsync({ name: fields.text("name"), mfa_required: fields.has("mfa_required") })
        }
      >
        <TextField label={texts.name} name="name" required maxLength={200} defaultValue={company.name} />
        <CheckField
          label={texts.mfa}
          name="mfa_required"
          hint={texts.mfaHint}
          defaultChecked={company.mfa_required}
        />
      </Form>
    </Card>
  );
}
