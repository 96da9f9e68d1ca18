// Forms: the fields keep their own values, the server's refusals appear at the field they are about.
import {
  createContext,
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
  useId,
  useState,
} from "react";
import { fieldErrors, reasonOf } from "../api/problem";
import { parseExact } from "../lib/exact";
import { t } from "../texts";
import { Button } from "./Button";

const Errors = createContext<Record<string, string>>({});

/** Thrown by a form's action for an input that the page itself refuses. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** The fields of a sent form. */
export class Fields {
  constructor(private readonly data: FormData) {}

  text(name: string): string {
    return String(this.data.get(name) ?? "");
  }

  /** Nothing typed is nothing said. */
  optional(name: string): string | undefined {
    const text = this.text(name).trim();
    return text === "" ? undefined : text;
  }

  number(name: string): number | undefined {
    const text = this.optional(name);
    return text === undefined ? undefined : Number(text);
  }

  has(name: string): boolean {
    return this.data.get(name) !== null;
  }

  all(name: string): string[] {
    return this.data.getAll(name).map(String);
  }

  /** The fields whose names begin so. */
  names(prefix: string): string[] {
    return [...new Set(this.data.keys())].filter((name) => name.startsWith(prefix));
  }

  /** Lines or items between commas. */
  list(name: string): string[] {
    return this.text(name)
      .split(/[\n,]/)
      .map((item) => item.trim())
      .filter((item) => item !== "");
  }

  json(name: string): unknown {
    const text = this.text(name).trim();
    if (text === "") return undefined;
    try {
      return parseExact(text);
    } catch {
      throw new FieldError(name, t.kit.notJson);
    }
  }
}

interface FormProps {
  onSend: (fields: Fields) => Promise<unknown>;
  submit: string;
  onCancel?: () => void;
  danger?: boolean;
  /** Empties the fields after it worked. */
  resets?: boolean;
  inline?: boolean;
  children?: ReactNode;
}

export function Form({ onSend, submit, onCancel, danger, resets, inline, children }: FormProps) {
  const [isBusy, setBusy] = useState(false);
  const [cause, setCause] = useState<unknown>();
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = event.currentTarget;
    setBusy(true);
    setCause(undefined);
    try {
      await onSend(new Fields(new FormData(form)));
      if (resets) form.reset();
    } catch (refusal) {
      setCause(refusal);
    } finally {
      setBusy(false);
    }
  };
  const errors = cause instanceof FieldError ? { [cause.field]: cause.message } : fieldErrors(cause);
  return (
    <form className={inline ? "form form-inline" : "form"} onSubmit={send} noValidate={false}>
      <Errors.Provider value={errors}>{children}</Errors.Provider>
      <p className="form-error" role="alert">
        {cause === undefined ? "" : reasonOf(cause)}
      </p>
      <div className="form-foot">
        {onCancel && <Button onClick={onCancel}>{t.kit.cancel}</Button>}
        <Button type="submit" look={danger ? "danger" : "primary"} busy={isBusy}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: ReactNode;
  /** Says "optional" beside the label. */
  optional?: boolean;
}

function useField(name: string, hint: ReactNode) {
  const id = useId();
  const error = useContext(Errors)[name];
  const described = [hint === undefined ? "" : `${id}-hint`, error === undefined ? "" : `${id}-error`];
  const attributes = {
    id,
    name,
    "aria-invalid": error !== undefined || undefined,
    "aria-describedby": described.filter(Boolean).join(" ") || undefined,
  };
  return { id, error, attributes };
}

/** What is said below a field. */
function Below({ id, hint, error }: { id: string; hint: ReactNode; error: string | undefined }) {
  return (
    <>
      {hint !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error !== undefined && (
        <span className="field-error" id={`${id}-error`}>
          {error}
        </span>
      )}
    </>
  );
}

type Attributes = ReturnType<typeof useField>["attributes"];

/** A field between its label and what is said below it. */
function Field({
  label,
  name,
  hint,
  optional,
  children,
}: FieldProps & { children: (attributes: Attributes) => ReactNode }) {
  const { id, error, attributes } = useField(name, hint);
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
        {optional && <span className="optional">{t.kit.optional}</span>}
      </label>
      {children(attributes)}
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

type Own<A> = FieldProps & Omit<A, "name">;
type InputProps = Own<InputHTMLAttributes<HTMLInputElement>>;

export function TextField({ label, name, hint, optional, ...rest }: InputProps) {
  return (
    <Field {...{ label, name, hint, optional }}>
      {(attributes) => <input autoComplete="off" {...rest} {...attributes} />}
    </Field>
  );
}

/** A number that may be left out; it counts from nought unless told otherwise. */
export function NumberField({ defaultValue, ...rest }: Omit<InputProps, "defaultValue"> & Default) {
  return <TextField type="number" min={0} defaultValue={defaultValue ?? ""} {...rest} />;
}

interface Default {
  defaultValue: number | null | undefined;
}

export function AreaField({
  label,
  name,
  hint,
  optional,
  ...rest
}: Own<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  return (
    <Field {...{ label, name, hint, optional }}>
      {(attributes) => <textarea rows={4} spellCheck={false} {...rest} {...attributes} />}
    </Field>
  );
}

type Choices = readonly (readonly [string, string])[];

export function SelectField({
  label,
  name,
  hint,
  optional,
  choices,
  ...rest
}: Own<SelectHTMLAttributes<HTMLSelectElement>> & { choices: Choices }) {
  return (
    <Field {...{ label, name, hint, optional }}>
      {(attributes) => (
        <select {...rest} {...attributes}>
          {choices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, name, hint, ...rest }: InputProps) {
  const { id, error, attributes } = useField(name, hint);
  return (
    <div className="field field-check">
      <input type="checkbox" {...rest} {...attributes} />
      <div>
        <label htmlFor={id}>{label}</label>
        <Below id={id} hint={hint} error={error} />
      </div>
    </div>
  );
}
