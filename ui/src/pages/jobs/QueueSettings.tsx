// The settings of a queue: limits, waits between attempts, what is kept, what jobs are found by.
import { api, read, type Schemas } from "../../api/client";
import { AreaField, FieldError, type Fields, Form, NumberField } from "../../components/Form";
import { Facts } from "../../components/Table";
import { useAction } from "../../components/useAction";
import { bytes, count } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { BackoffFields, backoffOf } from "./JobFields";

type Settings = Schemas["SettingsDocument"];
type Keep = Schemas["Keep"];
const HOUR_MS = 3_600_000;
const MIB = 1 << 20;

export function SettingsFacts({ settings }: { settings: Settings }) {
  const texts = t.jobs.queues;
  const { done, failed } = settings.retention;
  return (
    <Facts
      facts={[
        [texts.concurrency, settings.concurrency],
        [texts.attempts, settings.attempts],
        [texts.timeout, settings.timeout_ms ?? texts.none],
        [texts.rate, settings.rate_per_second ?? texts.none],
        [texts.group, settings.group_concurrency ?? texts.none],
        [texts.keepDone, keepWords(done)],
        [texts.keepFailed, keepWords(failed)],
        [texts.fields, settings.search_fields.join(", ") || texts.none],
      ]}
    />
  );
}

function keepWords({ age_ms, count: many, bytes: size }: Keep): string {
  return t.jobs.queues.keepWords(duration(age_ms), count(many), bytes(size));
}

export function SettingsForm({ name, settings }: { name: string; settings: Settings }) {
  const save = useAction(
    (body: Schemas["QueuePatch"]) => read(api.PATCH("/queues/{name}", { params: { path: { name } }, body })),
    { done: t.kit.saved, changes: [["queue", name], ["queues"]] },
  );
  const texts = t.jobs.queues;
  return (
    <Form submit={t.kit.save} onSend={(fields) => save.mutateAsync(patchOf(fields))}>
      <Limits settings={settings} />
      <details>
        <summary>{texts.keep}</summary>
        <div className="stack">
          <p className="quiet small">{texts.keepNote}</p>
          <KeepFields name="done" title={texts.keepDone} keep={settings.retention.done} />
          <KeepFields name="failed" title={texts.keepFailed} keep={settings.retention.failed} />
        </div>
      </details>
      <details>
        <summary>{t.jobs.backoff.kind}</summary>
        <BackoffFields backoff={settings.backoff as Schemas["BackoffOrder"]} isOwn />
      </details>
      <details>
        <summary>{texts.fields}</summary>
        <AreaField
          label={texts.fields}
          name="search_fields"
          rows={3}
          hint={texts.fieldsHint}
          defaultValue={settings.search_fields.join("\n")}
        />
      </details>
    </Form>
  );
}

function patchOf(fields: Fields): Schemas["QueuePatch"] {
  return {
    concurrency: fields.number("concurrency"),
    attempts: fields.number("attempts"),
    timeout_ms: fields.number("timeout_ms") ?? null,
    rate_per_second: fields.number("rate_per_second") ?? null,
    group_concurrency: fields.number("group_concurrency") ?? null,
    retention: { done: keepOf(fields, "done"), failed: keepOf(fields, "failed") },
    backoff: backoffOf(fields),
    search_fields: fields.list("search_fields"),
  };
}

function keepOf(fields: Fields, name: string): Keep {
  const [age, many, size] = ["age", "count", "bytes"].map((part) => fields.number(`${name}_${part}`));
  if (age === undefined || many === undefined || size === undefined) {
    throw new FieldError("retention", t.jobs.queues.keepNote);
  }
  return { age_ms: Math.round(age * HOUR_MS), count: many, bytes: Math.round(size * MIB) };
}

function KeepFields({ name, title, keep }: { name: string; title: string; keep: Keep }) {
  const texts = t.jobs.queues;
  const rounded = (value: number) => Number(value.toFixed(2));
  return (
    <fieldset>
      <legend>{title}</legend>
      <div className="fields-2">
        <NumberField
          label={texts.keepAge}
          name={`${name}_age`}
          step="any"
          required
          defaultValue={rounded(keep.age_ms / HOUR_MS)}
        />
        <NumberField label={texts.keepCount} name={`${name}_count`} required defaultValue={keep.count} />
        <NumberField
          label={texts.keepBytes}
          name={`${name}_bytes`}
          step="any"
          required
          defaultValue={rounded(keep.bytes / MIB)}
        />
      </div>
    </fieldset>
  );
}

function Limits({ settings }: { settings: Settings }) {
  const texts = t.jobs.queues;
  return (
    <div className="fields-2">
      <NumberField
        label={texts.concurrency}
        name="concurrency"
        min={1}
        required
        defaultValue={settings.concurrency}
      />
      <NumberField
        label={texts.attempts}
        name="attempts"
        min={1}
        required
        defaultValue={settings.attempts}
        hint={texts.attemptsHint}
      />
      <NumberField
        label={texts.timeout}
        name="timeout_ms"
        min={1}
        defaultValue={settings.timeout_ms}
        hint={texts.timeoutHint}
      />
      <NumberField
        label={texts.rate}
        name="rate_per_second"
        step="any"
        defaultValue={settings.rate_per_second}
        hint={texts.rateHint}
      />
      <NumberField
        label={texts.group}
        name="group_concurrency"
        min={1}
        defaultValue={settings.group_concurrency}
        hint={texts.groupHint}
      />
    </div>
  );
}
