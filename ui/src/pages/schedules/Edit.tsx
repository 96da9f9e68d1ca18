// Makes a schedule, and changes one.
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { below } from "../../api/problem";
import { CheckField, Form } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Loaded } from "../../components/states";
import { toast } from "../../components/toasts";
import { t } from "../../texts";
import { useSchedule } from "./data";
import { inputOf, ScheduleFields } from "./Fields";

const route = getRouteApi("/app/schedules/$id/edit");

/** Refusals of what to do point at the fields of the job or the report. */
function send<T>(call: Promise<T>): Promise<T> {
  return below("/target/job", below("/target/report", call));
}

export function NewSchedule() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const texts = t.schedules;
  return (
    <Page title={texts.add} trail={[{ text: texts.title, link: { to: "/schedules" } }]}>
      <Card>
        <Form
          submit={texts.form.submit}
          onCancel={() => void navigate({ to: "/schedules" })}
          onSend={async (fields) => {
            const body = { ...inputOf(fields), enabled: fields.has("enabled") };
            const { id } = await send(read(api.POST("/schedules", { body })));
            toast(texts.created);
            await cache.invalidateQueries({ queryKey: ["schedules"] });
            await navigate({ to: "/schedules/$id", params: { id } });
          }}
        >
          <ScheduleFields />
          <CheckField
            label={texts.form.enabled}
            name="enabled"
            hint={texts.form.enabledHint}
            defaultChecked
          />
        </Form>
      </Card>
    </Page>
  );
}

export function EditSchedule() {
  const { id } = route.useParams();
  const schedule = useSchedule(id);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const texts = t.schedules;
  const trail = [
    { text: texts.title, link: { to: "/schedules" } as const },
    { text: schedule.data?.name ?? id, link: { to: "/schedules/$id", params: { id } } as const },
  ];
  const goBack = () => navigate({ to: "/schedules/$id", params: { id } });
  return (
    <Page title={schedule.data ? texts.edit(schedule.data.name) : id} trail={trail}>
      <Loaded query={schedule}>
        {(data) => (
          <Card>
            <Form
              submit={t.kit.save}
              onCancel={() => void goBack()}
              onSend={async (fields) => {
                const call = api.PATCH("/schedules/{id}", {
                  params: { path: { id } },
                  body: inputOf(fields),
                });
                cache.setQueryData(["schedule", id], await send(read(call)));
                toast(t.kit.saved);
                await cache.invalidateQueries({ queryKey: ["schedules"] });
                await goBack();
              }}
            >
              <ScheduleFields schedule={data} />
            </Form>
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
