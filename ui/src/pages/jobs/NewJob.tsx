// The form that adds a job.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { AreaField, type Fields, Form, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Loaded } from "../../components/states";
import { toast } from "../../components/toasts";
import { t } from "../../texts";
import { useQueues } from "./data";

const route = getRouteApi("/app/jobs/new");

function orderOf(fields: Fields): Schemas["JobOrder"] {
  const key = fields.optional("unique");
  return {
    queue: fields.text("queue"),
    kind: fields.text("kind"),
    payload: fields.json("payload") ?? {},
    priority: fields.number("priority") ?? null,
    delay_ms: fields.number("delay_ms"),
    attempts: fields.number("attempts"),
    timeout_ms: fields.number("timeout_ms"),
    group_key: fields.optional("group_key"),
    tags: fields.list("tags"),
    unique: key === undefined ? undefined : { key },
  };
}

export function NewJob() {
  const { queue } = route.useSearch();
  const queues = useQueues();
  const navigate = useNavigate();
  const texts = t.jobs.add;
  return (
    <Page title={texts.title} trail={[{ text: t.jobs.list.title, link: { to: "/jobs" } }]}>
      <Loaded query={queues}>
        {({ data }) => (
          <Card>
            <Form
              submit={texts.submit}
              onSend={async (fields) => {
                const job = await read(api.POST("/jobs", { body: orderOf(fields) }));
                toast(job.duplicate ? texts.duplicate : texts.added);
                await navigate({ to: "/jobs/$id", params: { id: job.id } });
              }}
            >
              <div className="fields-2">
                <TextField
                  label={texts.queue}
                  name="queue"
                  required
                  list="queues"
                  defaultValue={queue ?? "default"}
                />
                <datalist id="queues">
                  {data.map(({ name }) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
                <TextField label={texts.kind} name="kind" required maxLength={200} hint={texts.kindHint} />
              </div>
              <AreaField
                label={texts.payload}
                name="payload"
                rows={8}
                defaultValue="{}"
                hint={texts.payloadHint}
              />
              <details>
                <summary>{texts.more}</summary>
                <div className="fields-2">
                  <TextField label={texts.priority} name="priority" type="number" hint={texts.priorityHint} />
                  <TextField label={texts.delay} name="delay_ms" type="number" min={0} />
                  <TextField label={texts.attempts} name="attempts" type="number" min={1} />
                  <TextField label={texts.timeout} name="timeout_ms" type="number" min={1} />
                  <TextField label={texts.unique} name="unique" hint={texts.uniqueHint} />
                  <TextField label={texts.group} name="group_key" />
                  <TextField label={texts.tags} name="tags" hint={texts.tagsHint} />
                </div>
              </details>
            </Form>
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
