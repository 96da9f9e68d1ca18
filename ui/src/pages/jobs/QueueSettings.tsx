// The settings of a queue: limits, waits between attempts, what is kept, what jobs are found by.
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { AreaField, FieldError, type Fields, Form, NumberField } from "../../components/Form";
import { Facts } from "../../components/Table";
import { useAction } from "../../components/useAction";
import { changed, isSame } from "../../lib/changed";
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

/** Shows the settings as they were when it appeared; what somebody else sets meanwhile does not move under the typing. */
export function SettingsForm({ name, settings: newest }: { name: string; settings: Settings }) {
  const [settings, setSettings] = useState(newest);
  const save = useAction(
    (body: Schemas["QueuePatch"]) => read(api.PATCH("/queues/{name}", { params: { path: { name } }, body })),
    {
      done: t.kit.saved,
      changes: [["queue", name], ["queues"]],
      next: (saved) => setSettings(saved.settings),
      inForm: true,
    },
  );
  const texts = t.jobs.queues;
  return (
    <Form submit={t.kit.save} onSend={(fields) => save.mutateAsync(patchOf(settings, fields))}>
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

/** What the fields say otherwise than was shown: the rest stays as it is, to the last digit. */
export function patchOf(shown: Settings, fields: Fields): Schemas["QueuePatch"] {
  const typed = {
    concurrency: fields.number("concurrency"),
    attempts: fields.number("attempts"),
    timeout_ms: fields.number("timeout_ms") ?? null,
    rate_per_second: fields.number("rate_per_second") ?? null,
    group_concurrency: fields.number("group_concurrency") ?? null,
    search_fields: fields.list("search_fields"),
  };
  const { done, failed } = shown.retention;
  const retention = changed<Schemas["RetentionPatch"]>(
    {},
    {
      done: partOf(done, keepOf(done, fields, "done")),
      failed: partOf(failed, keepOf(failed, fields, "failed")),
    },
  );
  const backoff = backoffOf(fields);
  return {
    ...changed(shown, typed),
    ...(Object.keys(retention).length > 0 && { retention }),
    ...(!isSame(backoff, backoffShown(shown)) && { backoff }),
  };
}

function partOf(before: Keep, after: Keep): Schemas["KeepPatch"] | undefined {
  const part = changed(before, after);
  return Object.keys(part).length === 0 ? undefined : part;
}

/** The waits as the fields show them, in the order in which `backoffOf` has them. */
function backoffShown({ backoff }: Settings): ReturnType<typeof backoffOf> {
  const { delay_ms, delays_ms, max_ms } = backoff;
  const kind = backoff.kind as Schemas["BackoffOrder"]["kind"];
  const jitter = Number(backoff.jitter.toFixed(3));
  if (kind === "list") return { kind, jitter, delays_ms };
  return { kind, jitter, delay_ms, max_ms: max_ms ?? undefined };
}

function keepOf(keep: Keep, fields: Fields, name: string): Keep {
  const [age, many, size] = ["age", "count", "bytes"].map((part) => fields.number(`${name}_${part}`));
  if (age === undefined || many === undefined || size === undefined) {
    throw new FieldError("retention", t.jobs.queues.keepNote);
  }
  return {
    age_ms: age === rounded(keep.age_ms / HOUR_MS) ? keep.age_ms : Math.round(age * HOUR_MS),
    bytes: size === rounded(keep.bytes / MIB) ? keep.bytes : Math.round(size * MIB),
    count: many,
  };
}

/** With two decimals; what is less than one with three digits that say something, so that little is not shown as none. */
function rounded(value: number): number {
  return Number(value < 1 ? value.toPrecision(3) : value.toFixed(2));
}

function KeepFields({ name, title, keep }: { name: string; title: string; keep: Keep }) {
  const texts = t.jobs.queues;
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
