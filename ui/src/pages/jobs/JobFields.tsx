// The fields of a job, for adding one and for the jobs of a schedule.
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { AreaField, type Fields, NumberField, SelectField, TextField } from "../../components/Form";
import { fromLocalInput } from "../../lib/time";
import { t } from "../../texts";
import { useQueues } from "./data";

type Order = Schemas["JobOrder"];
type Backoff = Schemas["BackoffOrder"];
const BACKOFFS = ["exponential", "fixed", "linear", "list"] as const;
const SCOPES = ["until_finished", "until_started", "window"] as const;

/** What the fields say. */
export function orderOf(fields: Fields): Order {
  return {
    queue: fields.text("queue").trim(),
    kind: fields.text("kind").trim(),
    payload: fields.json("payload") ?? {},
    priority: fields.number("priority") ?? null,
    delay_ms: fields.number("delay_ms"),
    run_at: fromLocalInput(fields.text("run_at")),
    expire_at: fromLocalInput(fields.text("expire_at")),
    attempts: fields.number("attempts"),
    backoff: backoffOf(fields),
    timeout_ms: fields.number("timeout_ms"),
    group_key: fields.optional("group_key"),
    tags: fields.list("tags"),
    unique: uniqueOf(fields),
    parent_id: fields.optional("parent_id"),
  };
}

export function backoffOf(fields: Fields): Backoff | undefined {
  const kind = fields.optional("backoff") as Backoff["kind"] | undefined;
  if (kind === undefined) return undefined;
  const jitter = fields.number("backoff_jitter");
  if (kind === "list") return { kind, jitter, delays_ms: fields.list("backoff_delays").map(Number) };
  return { kind, jitter, delay_ms: fields.number("backoff_delay"), max_ms: fields.number("backoff_max") };
}

function uniqueOf(fields: Fields): Schemas["UniqueOrder"] | undefined {
  const key = fields.optional("unique");
  if (key === undefined) return undefined;
  const scope = fields.text("unique_scope") as Schemas["ScopeWord"];
  return { key, scope, ...(scope === "window" && { window_ms: fields.number("unique_window") }) };
}

interface Props {
  /** What the fields show at first. */
  order?: Partial<Order>;
  /** For a job that is made again and again, which has no time of its own. */
  isRecurring?: boolean;
}

export function JobFields({ order = {}, isRecurring = false }: Props) {
  const { data: queues } = useQueues();
  const texts = t.jobs.add;
  const isPlain = Object.keys(order).every((name) => ["queue", "kind", "payload", "tags"].includes(name));
  return (
    <>
      <div className="fields-2">
        <TextField
          label={texts.queue}
          name="queue"
          required
          maxLength={64}
          list="queues"
          defaultValue={order.queue ?? "default"}
        />
        <datalist id="queues">
          {queues?.data.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <TextField
          label={texts.kind}
          name="kind"
          required
          maxLength={200}
          defaultValue={order.kind}
          hint={texts.kindHint}
        />
      </div>
      <AreaField
        label={texts.payload}
        name="payload"
        rows={8}
        defaultValue={JSON.stringify(order.payload ?? {}, null, 2)}
        hint={texts.payloadHint}
      />
      <details open={!isPlain}>
        <summary>{texts.more}</summary>
        <div className="stack">
          <div className="fields-2">
            <NumberField
              label={texts.priority}
              name="priority"
              max={9}
              hint={texts.priorityHint}
              defaultValue={order.priority}
            />
            {!isRecurring && <Times order={order} />}
            <NumberField
              label={texts.attempts}
              name="attempts"
              min={1}
              max={1_000}
              defaultValue={order.attempts}
            />
            <NumberField label={texts.timeout_ms} name="timeout_ms" min={1} defaultValue={order.timeout_ms} />
            <TextField label={texts.group_key} name="group_key" defaultValue={order.group_key ?? ""} />
            <TextField
              label={texts.tags}
              name="tags"
              hint={texts.tagsHint}
              defaultValue={order.tags?.join(", ")}
            />
            {!isRecurring && (
              <TextField
                label={texts.parent}
                name="parent_id"
                hint={texts.parentHint}
                pattern="job_[0-9a-z]+"
              />
            )}
          </div>
          <BackoffFields backoff={order.backoff} />
          <UniqueFields unique={order.unique} />
        </div>
      </details>
    </>
  );
}

function Times({ order }: { order: Partial<Order> }) {
  const texts = t.jobs.add;
  return (
    <>
      <NumberField label={texts.delay_ms} name="delay_ms" defaultValue={order.delay_ms} />
      <TextField label={texts.run_at} name="run_at" type="datetime-local" hint={texts.run_atHint} />
      <TextField label={texts.expire_at} name="expire_at" type="datetime-local" hint={texts.expire_atHint} />
    </>
  );
}

interface BackoffProps {
  backoff: Backoff | null | undefined;
  /** For a queue, which has a rule of its own and none to go by. */
  isOwn?: boolean;
}

export function BackoffFields({ backoff, isOwn = false }: BackoffProps) {
  const [kind, setKind] = useState<string>(backoff?.kind ?? "");
  const texts = t.jobs.backoff;
  const kinds = BACKOFFS.map((one) => [one, texts.kinds[one]] as const);
  return (
    <div className="fields-2">
      <SelectField
        label={texts.kind}
        name="backoff"
        value={kind}
        onChange={(event) => setKind(event.target.value)}
        choices={isOwn ? kinds : [["", texts.ofQueue], ...kinds]}
      />
      {kind === "list" && (
        <TextField
          label={texts.delays}
          name="backoff_delays"
          required
          hint={texts.delaysHint}
          defaultValue={backoff?.delays_ms?.join(", ")}
        />
      )}
      {kind !== "" && kind !== "list" && (
        <>
          <NumberField
            label={texts.delay}
            name="backoff_delay"
            required
            defaultValue={backoff?.delay_ms ?? 1_000}
          />
          <NumberField label={texts.max} name="backoff_max" optional defaultValue={backoff?.max_ms} />
        </>
      )}
      {kind !== "" && (
        <NumberField
          label={texts.jitter}
          name="backoff_jitter"
          max={1}
          step="any"
          optional
          hint={texts.jitterHint}
          defaultValue={backoff?.jitter == null ? null : Number(backoff.jitter.toFixed(3))}
        />
      )}
    </div>
  );
}

function UniqueFields({ unique }: { unique: Schemas["UniqueOrder"] | null | undefined }) {
  const [scope, setScope] = useState<string>(unique?.scope ?? "until_finished");
  const texts = t.jobs.add;
  return (
    <div className="fields-2">
      <TextField label={texts.unique} name="unique" hint={texts.uniqueHint} defaultValue={unique?.key} />
      <SelectField
        label={texts.scope}
        name="unique_scope"
        value={scope}
        onChange={(event) => setScope(event.target.value)}
        choices={SCOPES.map((one) => [one, texts.scopes[one]] as const)}
      />
      {scope === "window" && (
        <NumberField
          label={texts.window}
          name="unique_window"
          min={1}
          required
          defaultValue={unique?.window_ms ?? 60_000}
        />
      )}
    </div>
  );
}
