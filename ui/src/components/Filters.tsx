// The filters of a list; they live in the address, so that a view can be kept and sent to somebody.
import { Fragment, type ReactNode, useId, useState } from "react";
import { fromLocalInput, type Span, toLocalInput } from "../lib/time";
import { t } from "../texts";
import { Button } from "./Button";

interface Props {
  /** What is set now; nothing set, nothing to clear. */
  values: Record<string, string | undefined>;
  onClear: () => void;
  children: ReactNode;
  /** Filters that are seldom used, and which they are: shown when one is set, or somebody asks for them. */
  more?: { of: readonly string[]; fields: ReactNode };
}

export function Filters({ values, onClear, children, more }: Props) {
  const [isOpen, setOpen] = useState(false);
  // What was typed and not sent goes with the rest: the fields are made anew.
  const [clears, setClears] = useState(0);
  const id = useId();
  const isSet = Object.values(values).some((value) => value !== undefined);
  const isMoreSet = more?.of.some((name) => values[name] !== undefined) ?? false;
  const isMore = isOpen || isMoreSet;
  return (
    <section className="filters" aria-label={t.kit.filter}>
      <Fragment key={clears}>{children}</Fragment>
      {more !== undefined && !isMoreSet && (
        <Button
          look="quiet"
          small
          icon={isMore ? "up" : "down"}
          aria-expanded={isMore}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        >
          {t.kit.moreFilters}
        </Button>
      )}
      {isSet && (
        <Button
          look="quiet"
          small
          icon="close"
          onClick={() => {
            setClears(clears + 1);
            onClear();
          }}
        >
          {t.kit.clear}
        </Button>
      )}
      {more !== undefined && (
        <div id={id} className="filters-more" hidden={!isMore}>
          <Fragment key={clears}>{more.fields}</Fragment>
        </div>
      )}
    </section>
  );
}

interface FieldProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

export function FilterSelect({
  label,
  value,
  onChange,
  choices,
}: FieldProps & { choices: readonly (readonly [string, string])[] }) {
  return (
    <label className="field">
      <span className="label">{label}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{t.kit.all}</option>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Takes effect when the field is left or Enter is pressed. */
export function FilterText({
  label,
  value,
  onChange,
  type = "text",
  hint,
}: FieldProps & { type?: string; hint?: string }) {
  const [text, setText] = useState(value ?? "");
  const [shown, setShown] = useState(value);
  // Another value in the address is taken over; the field itself stays, and with it the focus.
  if (shown !== value) {
    setShown(value);
    setText(value ?? "");
  }
  const send = () => {
    const next = text.trim() || undefined;
    setText(next ?? "");
    if (next !== value) onChange(next);
  };
  return (
    <label className="field">
      <span className="label">{label}</span>
      <input
        type={type}
        title={hint}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={send}
        onKeyDown={(event) => event.key === "Enter" && send()}
      />
    </label>
  );
}

/** From when until when: instants in the address, so that it says the same in every time zone. */
export function FilterSpan({ since, until, onChange }: Span & { onChange: (change: Span) => void }) {
  const field = (label: string, value: string | undefined, set: (instant: string | undefined) => void) => (
    <FilterText
      label={label}
      type="datetime-local"
      value={localOf(value)}
      onChange={(text) => set(fromLocalInput(text ?? ""))}
    />
  );
  return (
    <>
      {field(t.kit.since, since, (instant) => onChange({ since: instant }))}
      {field(t.kit.until, until, (instant) => onChange({ until: instant }))}
    </>
  );
}

function localOf(value: string | undefined): string | undefined {
  const instant = fromLocalInput(value ?? "");
  return instant === undefined ? undefined : toLocalInput(new Date(instant));
}
