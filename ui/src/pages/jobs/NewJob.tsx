// The form that adds a job, from nothing or like another one.
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { Form } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Loaded } from "../../components/states";
import { toast } from "../../components/toasts";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { JobFields, orderOf } from "./JobFields";

type Order = Partial<Schemas["JobOrder"]>;
const route = getRouteApi("/app/jobs/new");

export function NewJob() {
  const { queue, like } = route.useSearch();
  const model = useLive(["job-order", like], () => orderLike(like ?? ""), {
    every: 0,
    enabled: like !== undefined,
  });
  return (
    <Page title={t.jobs.add.title} trail={[{ text: t.jobs.list.title, link: { to: "/jobs" } }]}>
      {like === undefined ? (
        <AddForm order={queue === undefined ? {} : { queue }} />
      ) : (
        <Loaded query={model}>{(order) => <AddForm order={order} />}</Loaded>
      )}
    </Page>
  );
}

/** What another job was ordered with, without what belongs to that one alone. */
async function orderLike(id: string): Promise<Order> {
  const job = await read(api.GET("/jobs/{id}", { params: { path: { id } } }));
  const { queue, kind, payload, priority, attempts, timeout_ms, group_key, tags } = job;
  return { queue, kind, payload, priority, attempts, timeout_ms, group_key, tags };
}

function AddForm({ order }: { order: Order }) {
  const navigate = useNavigate();
  const texts = t.jobs.add;
  return (
    <Card>
      <Form
        submit={texts.submit}
        onCancel={() => void navigate({ to: "/jobs" })}
        onSend={async (fields) => {
          const job = await read(api.POST("/jobs", { body: orderOf(fields) }));
          toast(job.duplicate ? texts.duplicate : texts.added);
          await navigate({ to: "/jobs/$id", params: { id: job.id } });
        }}
      >
        <JobFields order={order} />
      </Form>
    </Card>
  );
}
