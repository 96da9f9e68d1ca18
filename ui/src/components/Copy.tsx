// Text to take along: a button that copies it, and code with such a button.
import { useState } from "react";
import { t } from "../texts";
import { Button } from "./Button";
import { toast } from "./toasts";

const SHOWN_MS = 1_500;

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Outside a secure context there is no clipboard; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}

interface Props {
  text: string;
  /** What is copied, for the name of the button. */
  what?: string;
  label?: string;
  small?: boolean;
}

export function CopyButton({ text, what, label, small = false }: Props) {
  const [isDone, setDone] = useState(false);
  const click = async () => {
    if (!(await copy(text))) return toast(t.errors.unknown, "bad");
    setDone(true);
    window.setTimeout(() => setDone(false), SHOWN_MS);
  };
  const name = `${isDone ? t.kit.copied : t.kit.copy}${what === undefined ? "" : `: ${what}`}`;
  return (
    <Button
      look="quiet"
      small={small}
      icon={isDone ? "check" : "copy"}
      onClick={click}
      aria-label={label ? undefined : name}
    >
      {label && (isDone ? t.kit.copied : label)}
    </Button>
  );
}

/** An id in full, with its button. */
export function Id({ id }: { id: string }) {
  return (
    <span className="id">
      <code>{id}</code>
      <CopyButton text={id} what={id} small />
    </span>
  );
}

/** A block of code or data. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it */}
      <section tabIndex={0} aria-label={label}>
        <pre>
          <code>{text}</code>
        </pre>
      </section>
      <CopyButton text={text} what={label} small />
    </div>
  );
}

export function Json({ value, label }: { value: unknown; label: string }) {
  return <Code text={JSON.stringify(value, null, 2) ?? "null"} label={label} />;
}
