// Changes what a job carries while nobody works on it: payload, priority and time.
import { api, read, type Schemas } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { AreaField, CheckField, Form, NumberField, TextField } from "../../components/Form";
import { useAction } from "../../components/useAction";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { t } from "../../texts";
import type { Job } from "./data";

export function EditJobDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const params = { path: { id: job.id } };
  const changes = [["job", job.id], ["jobs"], ["queues"]];
  const isOver = ["completed", "failed", "cancelled"].includes(job.state);
  const save = useAction(
    async ({ patch, retries }: { patch: Schemas["JobPatch"]; retries: boolean }) => {
      await read(api.PATCH("/jobs/{id}", { params, body: patch }));
      if (retries) await read(api.POST("/jobs/{id}/retry", { params }));
    },
    { done: t.kit.saved, changes, inForm: true },
  );
  const texts = t.jobs.edit;
  const runAt = job.run_at == null ? "" : toLocalInput(new Date(job.run_at));
  return (
    <Dialog title={texts.title(job.kind)} onClose={onClose} wide>
      <Form
        submit={t.kit.save}
        onCancel={onClose}
        onSend={async (fields) => {
          const at = fields.text("run_at");
          const patch: Schemas["JobPatch"] = {
            payload: fields.json("payload") ?? {},
            priority: fields.number("priority"),
            ...(!isOver && at !== runAt && { run_at: fromLocalInput(at) ?? null }),
          };
          await save.mutateAsync({ patch, retries: fields.has("retries") });
          onClose();
        }}
      >
        <AreaField
          label={t.jobs.one.payload}
          name="payload"
          rows={12}
          defaultValue={JSON.stringify(job.payload, null, 2)}
        />
        <div className="fields-2">
          <NumberField
            label={t.jobs.add.priority}
            name="priority"
            max={9}
            required
            hint={t.jobs.add.priorityHint}
            defaultValue={job.priority}
          />
          {!isOver && (
            <TextField
              label={t.jobs.add.run_at}
              name="run_at"
              type="datetime-local"
              hint={texts.runAtHint}
              defaultValue={runAt}
            />
          )}
        </div>
        {(job.state === "failed" || job.state === "cancelled") && (
          <CheckField label={texts.retries} name="retries" hint={texts.retriesHint} defaultChecked />
        )}
      </Form>
    </Dialog>
  );
}
