// The fields of a webhook, for making and for changing one.
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import {
  AreaField,
  CheckField,
  FieldError,
  type Fields,
  NumberField,
  TextField,
} from "../../components/Form";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { PRESETS, type Webhook } from "./data";
import { RetryLine } from "./RetryLine";
import { UrlField } from "./UrlField";

const NAMES = ["default", "standard", "patient", "none", "custom"] as const;

/** What the fields say; only for making a webhook are all of them sent. */
export function inputOf(fields: Fields): Schemas["WebhookInput"] {
  return {
    url: fields.text("url").trim(),
    description: fields.text("description").trim(),
    events: fields.list("events"),
    headers: headersOf(fields.text("headers")),
    retry: retryOf(fields),
    timeout_ms: fields.number("timeout_ms") ?? null,
    rate_limit: fields.number("rate_limit") ?? null,
    ordered: fields.has("ordered"),
    ed25519: fields.has("ed25519"),
    filter: (fields.json("filter") as Record<string, never> | undefined) ?? null,
  };
}

function retryOf(fields: Fields): Schemas["RetryPolicyInput"] {
  const preset = fields.text("preset");
  if (preset !== "custom") return { preset };
  return { delays_ms: fields.list("delays").map((seconds) => Math.round(Number(seconds) * 1_000)) };
}

export function headersOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs = lines.map((line) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new FieldError("headers", t.webhooks.form.badHeader);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
  return Object.fromEntries(pairs);
}

export function WebhookFields({ webhook, url }: { webhook?: Webhook; url?: string }) {
  const texts = t.webhooks.form;
  const headers = Object.entries(webhook?.headers ?? {});
  return (
    <>
      <UrlField url={webhook?.url ?? url} />
      <TextField
        label={texts.description}
        name="description"
        optional
        maxLength={500}
        defaultValue={webhook?.description}
      />
      <EventPicker events={webhook?.events ?? []} />
      <RetryPicker retry={webhook?.retry} />
      <details>
        <summary>{texts.more}</summary>
        <div className="stack">
          <div className="fields-2">
            <NumberField
              label={texts.timeout}
              name="timeout_ms"
              min={1}
              optional
              defaultValue={webhook?.timeout_ms}
            />
            <NumberField
              label={texts.rate}
              name="rate_limit"
              min={1}
              optional
              defaultValue={webhook?.rate_limit}
            />
          </div>
          <AreaField
            label={texts.headers}
            name="headers"
            optional
            rows={3}
            hint={texts.headersHint}
            defaultValue={headers.map(([name, value]) => `${name}: ${value}`).join("\n")}
          />
          <AreaField
            label={texts.filter}
            name="filter"
            optional
            rows={3}
            hint={texts.filterHint}
            defaultValue={webhook?.filter == null ? "" : JSON.stringify(webhook.filter, null, 2)}
          />
          <CheckField
            label={texts.ordered}
            name="ordered"
            hint={texts.orderedHint}
            defaultChecked={webhook?.ordered}
          />
          <CheckField label={texts.ed25519} name="ed25519" defaultChecked={webhook?.ed25519} />
        </div>
      </details>
    </>
  );
}

/** Which events: names by hand, and the known ones by a click. */
function EventPicker({ events }: { events: readonly string[] }) {
  const [text, setText] = useState(events.join("\n"));
  const types = useLive(
    ["event-types", "names"],
    () => read(api.GET("/event-types", { params: { query: { limit: 100 } } })),
    {
      every: 0,
    },
  );
  const chosen = text.split(/[\n,]/).map((name) => name.trim());
  const toggle = (name: string) => {
    const rest = chosen.filter((one) => one !== name && one !== "");
    setText((chosen.includes(name) ? rest : [...rest, name]).join("\n"));
  };
  const known = ["*", ...(types.data?.data.map(({ name }) => name) ?? [])];
  return (
    <>
      <AreaField
        label={t.webhooks.form.events}
        name="events"
        required
        rows={3}
        hint={t.webhooks.form.eventsHint}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <fieldset>
        <legend className="hidden">{t.webhooks.form.known}</legend>
        <div className="languages">
          {known.map((name) => (
            <button
              key={name}
              type="button"
              className="button button-plain button-small mono"
              aria-pressed={chosen.includes(name)}
              onClick={() => toggle(name)}
            >
              {name}
            </button>
          ))}
        </div>
      </fieldset>
    </>
  );
}

function RetryPicker({ retry }: { retry: Webhook["retry"] | undefined }) {
  const [preset, setPreset] = useState<string>(retry === undefined ? "default" : (retry.preset ?? "custom"));
  const [delays, setDelays] = useState(retry?.delays_ms.map((ms) => ms / 1_000).join(", ") ?? "5, 30, 300");
  const texts = t.webhooks.form;
  const own = delays.split(",").map((seconds) => Number(seconds) * 1_000);
  const shown = preset === "custom" ? own.filter((ms) => ms > 0) : (PRESETS[preset] ?? []);
  return (
    <fieldset className="stack">
      <legend>{texts.retry}</legend>
      <div className="presets">
        {NAMES.map((name) => (
          <label key={name} className="preset">
            <input
              type="radio"
              name="preset"
              value={name}
              checked={preset === name}
              onChange={() => setPreset(name)}
            />
            <span>
              <strong>{texts.presets[name][0]}</strong>
              <small>{texts.presets[name][1]}</small>
            </span>
          </label>
        ))}
      </div>
      {preset === "custom" && (
        <TextField
          label={texts.delays}
          name="delays"
          required
          hint={texts.delaysHint}
          value={delays}
          onChange={(event) => setDelays(event.target.value)}
        />
      )}
      <RetryLine delays={shown} />
    </fieldset>
  );
}
