// Sends a span of time again; first counts how much that would be.
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { type Fields, Form, SelectField, TextField } from "../../components/Form";
import { toast } from "../../components/toasts";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { t } from "../../texts";

const DAY_MS = 86_400_000;

function inputOf(fields: Fields): Schemas["ReplayInput"] {
  return {
    since: fromLocalInput(fields.text("since")) ?? "",
    until: fromLocalInput(fields.text("until")),
    states: fields.text("states") === "failed" ? ["failed"] : undefined,
  };
}

export function ReplayDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const [plan, setPlan] = useState<{ input: Schemas["ReplayInput"]; matched: number }>();
  const [since] = useState(() => toLocalInput(new Date(Date.now() - DAY_MS)));
  const texts = t.webhooks.replay;
  const replay = (body: Schemas["ReplayInput"]) =>
    read(api.POST("/webhooks/{id}/replay", { params: { path: { id } }, body }));
  return (
    <Dialog title={texts.title} onClose={onClose}>
      <p className="quiet">{texts.text}</p>
      {plan === undefined ? (
        <Form
          submit={texts.check}
          onCancel={onClose}
          onSend={async (fields) => {
            const input = inputOf(fields);
            const { matched } = await replay({ ...input, dry_run: true });
            setPlan({ input, matched });
          }}
        >
          <div className="fields-2">
            <TextField label={texts.since} name="since" type="datetime-local" required defaultValue={since} />
            <TextField label={texts.until} name="until" type="datetime-local" optional />
          </div>
          <SelectField
            label={texts.states}
            name="states"
            choices={[
              ["failed", texts.failed],
              ["all", texts.all],
            ]}
          />
        </Form>
      ) : (
        <Form
          submit={plan.matched === 0 ? t.kit.close : texts.submit(plan.matched)}
          onCancel={() => setPlan(undefined)}
          onSend={async () => {
            if (plan.matched > 0) {
              const done = await replay(plan.input);
              toast(texts.done(done.matched));
            }
            onClose();
          }}
        >
          <p>
            <strong>{plan.matched === 0 ? texts.none : texts.matched(plan.matched)}</strong>
          </p>
        </Form>
      )}
    </Dialog>
  );
}
