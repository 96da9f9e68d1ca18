// The fields of a report, for making one now and for making one by a schedule.
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { FieldError, type Fields, SelectField, TextField } from "../../components/Form";
import { Loaded } from "../../components/states";
import { duration, fromLocalInput, toLocalInput } from "../../lib/time";
import { t } from "../../texts";
import { columnName, type Definition, titleOf, useDefinitions } from "./data";

type Order = Schemas["NewReport"];
const OWN = "own";
const WEEK_MS = "604800000";
const FILTER = "filter:";

/** What the fields say. */
export function reportOf(fields: Fields): Order {
  const group = fields.optional("group_by");
  const columns = fields.all("columns");
  if (group === undefined && columns.length === 0) throw new FieldError("columns", t.reports.form.noColumns);
  const filters = fields
    .names(FILTER)
    .map((name) => [name.slice(FILTER.length), fields.list(name)] as const)
    .filter(([, values]) => values.length > 0);
  return {
    name: fields.optional("name"),
    definition: fields.text("definition"),
    format: fields.text("format"),
    period: periodOf(fields),
    group_by: group,
    columns: group === undefined ? columns : [],
    filters: Object.fromEntries(filters) as never,
  };
}

function periodOf(fields: Fields): Schemas["ReportPeriod"] {
  const period = fields.text("period");
  if (period !== OWN) return { last_ms: Number(period) };
  return { since: fromLocalInput(fields.text("since")), until: fromLocalInput(fields.text("until")) };
}

interface Props {
  order?: Partial<Order>;
  /** For a report that is made again and again: its period ends when it is made. */
  isRecurring?: boolean;
}

export function ReportFields({ order = {}, isRecurring = false }: Props) {
  const definitions = useDefinitions();
  return (
    <Loaded query={definitions}>
      {({ data }) => <Known definitions={data} order={order} isRecurring={isRecurring} />}
    </Loaded>
  );
}

function Known({
  definitions,
  order,
  isRecurring,
}: Required<Props> & { definitions: readonly Definition[] }) {
  const [name, setName] = useState(order.definition ?? definitions[0]?.name);
  const definition = definitions.find((one) => one.name === name);
  const texts = t.reports.form;
  return (
    <>
      <fieldset>
        <legend>{texts.what}</legend>
        <div className="presets">
          {definitions.map((one) => (
            <label key={one.name} className="preset">
              <input
                type="radio"
                name="definition"
                value={one.name}
                checked={one.name === name}
                onChange={() => setName(one.name)}
              />
              <span>
                <strong>{titleOf(one)}</strong>
                <small>{t.reports.definitions[one.name]?.[1] ?? one.description}</small>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <PeriodFields period={order.period} isRecurring={isRecurring} />
      {definition && <Rows key={definition.name} definition={definition} order={order} />}
      <fieldset>
        <legend>{texts.format}</legend>
        <div className="presets presets-small">
          {(definition?.formats ?? []).map((format) => (
            <label key={format} className="preset">
              <input
                type="radio"
                name="format"
                value={format}
                defaultChecked={format === (order.format ?? "json")}
              />
              <span>
                <strong>{texts.formats[format]?.[0] ?? format}</strong>
                <small>{texts.formats[format]?.[1]}</small>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}

function PeriodFields({ period, isRecurring }: { period?: Order["period"]; isRecurring: boolean }) {
  const first = period?.since != null ? OWN : String(period?.last_ms ?? WEEK_MS);
  const [chosen, setChosen] = useState(first);
  const texts = t.reports.form;
  const known = Object.entries(texts.periods).filter(([value]) => value !== OWN || !isRecurring);
  // A period of another length, which was ordered by the API, stays what it is.
  const isKnown = known.some(([value]) => value === first);
  const choices = isKnown ? known : [[first, texts.lastOf(duration(Number(first)))] as const, ...known];
  const local = (time: string | null | undefined) => (time == null ? "" : toLocalInput(new Date(time)));
  return (
    <div className="fields-2">
      <SelectField
        label={texts.period}
        name="period"
        value={chosen}
        onChange={(event) => setChosen(event.target.value)}
        choices={choices}
      />
      {chosen === OWN && (
        <>
          <TextField
            label={texts.since}
            name="since"
            type="datetime-local"
            required
            defaultValue={local(period?.since)}
          />
          <TextField
            label={texts.until}
            name="until"
            type="datetime-local"
            hint={texts.untilHint}
            defaultValue={local(period?.until)}
          />
        </>
      )}
    </div>
  );
}

/** One row for each record with the columns that are wanted, or counts. */
function Rows({ definition, order }: { definition: Definition; order: Partial<Order> }) {
  const [group, setGroup] = useState(order.group_by ?? "");
  const texts = t.reports.form;
  const titles = new Map(definition.columns.map(({ name, title }) => [name, title]));
  const nameOf = (name: string) => columnName(name, titles.get(name));
  const isChosen = (name: string) => (order.columns ?? []).length === 0 || order.columns?.includes(name);
  const filters = (order.filters ?? {}) as Record<string, string[]>;
  return (
    <>
      <SelectField
        label={texts.group}
        name="group_by"
        hint={texts.groupHint}
        value={group}
        onChange={(event) => setGroup(event.target.value)}
        choices={[
          ["", texts.groupNone],
          ...definition.groupings.map((name) => [name, texts.groupBy(nameOf(name))] as const),
        ]}
      />
      {group === "" && (
        <fieldset>
          <legend>{texts.columns}</legend>
          <div className="checks">
            {definition.columns.map(({ name }) => (
              <label key={name}>
                <input type="checkbox" name="columns" value={name} defaultChecked={isChosen(name)} />
                {nameOf(name)}
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <details open={Object.keys(filters).length > 0}>
        <summary>{texts.filters}</summary>
        <div className="fields-2">
          {definition.filters.map((name) => (
            <TextField
              key={name}
              label={nameOf(name)}
              name={`${FILTER}${name}`}
              hint={texts.filterHint}
              defaultValue={filters[name]?.join(", ")}
            />
          ))}
        </div>
      </details>
    </>
  );
}
