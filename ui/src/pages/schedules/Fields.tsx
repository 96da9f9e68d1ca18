// The fields of a schedule, for making and for changing one.
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type Fields, SelectField, TextField } from "../../components/Form";
import { t } from "../../texts";
import { JobFields, orderOf } from "../jobs/JobFields";
import { CATCH_UPS, type Schedule } from "./data";
import { Preview, type RuleInput } from "./Preview";
import { cronWords } from "./words";

const UNITS = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNITS;

const PRESETS = {
  hourly: "0 * * * *",
  nightly: "30 3 * * *",
  weekdays: "0 9 * * MON-FRI",
  weekly: "0 8 * * MON",
  monthly: "0 6 1 * *",
  monthEnd: "0 22 L * *",
} as const;

/** What the fields say, the job included. */
export function inputOf(fields: Fields): Schemas["ScheduleInput"] {
  return { ...settingsOf(fields), target: { job: orderOf(fields) } };
}

/** What the fields say beside what is started. */
export function settingsOf(fields: Fields): Omit<Schemas["ScheduleInput"], "target"> {
  const rule: RuleInput =
    fields.text("by") === "cron"
      ? { cron: fields.text("cron").trim(), timezone: fields.text("timezone").trim() }
      : { every_ms: intervalOf(fields.text("interval"), fields.text("unit")) };
  return {
    name: fields.text("name").trim(),
    ...rule,
    catch_up: fields.text("catch_up") as Schemas["CatchUp"],
  };
}

function intervalOf(count: string, unit: string): number {
  return Math.round(Number(count) * (UNITS[unit as Unit] ?? UNITS.s));
}

/** An interval as a number of its largest whole unit. */
export function unitOf(ms: number): [number, Unit] {
  const fits = (["d", "h", "min", "s"] as const).find((unit) => ms % UNITS[unit] === 0) ?? "s";
  return [ms / UNITS[fits], fits];
}

export function ScheduleFields({ schedule }: { schedule?: Schedule }) {
  const texts = t.schedules;
  return (
    <>
      <TextField label={texts.name} name="name" required maxLength={200} defaultValue={schedule?.name} />
      <RuleFields schedule={schedule} />
      <fieldset className="stack">
        <legend>{texts.catchUp}</legend>
        <div className="presets">
          {CATCH_UPS.map((name) => (
            <label key={name} className="preset">
              <input
                type="radio"
                name="catch_up"
                value={name}
                defaultChecked={name === (schedule?.catch_up ?? "one")}
              />
              <span>
                <strong>{texts.catchUps[name][0]}</strong>
                <small>{texts.catchUps[name][1]}</small>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {(!schedule || schedule.target.job) && (
        <fieldset className="stack">
          <legend>{texts.form.what}</legend>
          <JobFields order={schedule?.target.job ?? undefined} isRecurring />
        </fieldset>
      )}
    </>
  );
}

function RuleFields({ schedule }: { schedule?: Schedule }) {
  const [count, ownUnit] = unitOf(schedule?.every_ms ?? 600_000);
  const [by, setBy] = useState(schedule?.every_ms == null ? "cron" : "every");
  const [cron, setCron] = useState(schedule?.cron ?? PRESETS.nightly);
  const [zone, setZone] = useState(schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [interval, setInterval] = useState(String(count));
  const [unit, setUnit] = useState<string>(ownUnit);
  const texts = t.schedules.form;
  const ms = intervalOf(interval, unit);
  const rule: RuleInput = by === "cron" ? cronOf(cron, zone) : ms > 0 ? { every_ms: ms } : {};
  return (
    <fieldset className="stack">
      <legend>{texts.by}</legend>
      <div className="presets">
        <Choice value="cron" now={by} onChoose={setBy} title={texts.cron} text={texts.cronText} />
        <Choice value="every" now={by} onChoose={setBy} title={texts.every} text={texts.everyText} />
      </div>
      {by === "cron" ? (
        <CronFields cron={cron} setCron={setCron} zone={zone} setZone={setZone} />
      ) : (
        <div className="fields-2">
          <TextField
            label={texts.interval}
            name="interval"
            type="number"
            min={1}
            step="any"
            required
            value={interval}
            onChange={(event) => setInterval(event.target.value)}
          />
          <SelectField
            label={texts.unit}
            name="unit"
            value={unit}
            onChange={(event) => setUnit(event.target.value)}
            choices={Object.entries(texts.units)}
          />
        </div>
      )}
      <Preview rule={rule} />
    </fieldset>
  );
}

function cronOf(cron: string, zone: string): RuleInput {
  return cron.trim() === "" ? {} : { cron: cron.trim(), timezone: zone.trim() || undefined };
}

interface ChoiceProps {
  value: string;
  now: string;
  onChoose: (value: string) => void;
  title: string;
  text: string;
}

function Choice({ value, now, onChoose, title, text }: ChoiceProps) {
  return (
    <label className="preset">
      <input type="radio" name="by" value={value} checked={now === value} onChange={() => onChoose(value)} />
      <span>
        <strong>{title}</strong>
        <small>{text}</small>
      </span>
    </label>
  );
}

interface CronProps {
  cron: string;
  setCron: (cron: string) => void;
  zone: string;
  setZone: (zone: string) => void;
}

function CronFields({ cron, setCron, zone, setZone }: CronProps) {
  const texts = t.schedules.form;
  const words = cronWords(cron);
  return (
    <>
      <div className="fields-2">
        <TextField
          label={texts.cronField}
          name="cron"
          required
          maxLength={256}
          className="mono"
          hint={words ?? texts.cronHint}
          value={cron}
          onChange={(event) => setCron(event.target.value)}
        />
        <TextField
          label={t.schedules.zone}
          name="timezone"
          required
          list="zones"
          hint={texts.zoneHint}
          value={zone}
          onChange={(event) => setZone(event.target.value)}
        />
        <datalist id="zones">
          {Intl.supportedValuesOf("timeZone").map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <fieldset>
        <legend className="hidden">{texts.presets}</legend>
        <div className="languages">
          {Object.entries(PRESETS).map(([name, rule]) => (
            <button
              key={name}
              type="button"
              className="button button-plain button-small"
              aria-pressed={cron === rule}
              onClick={() => setCron(rule)}
            >
              {t.schedules.presets[name as keyof typeof PRESETS]}
            </button>
          ))}
        </div>
      </fieldset>
    </>
  );
}
