// Text to take along: a button that copies it, and code with such a button.
import { useMemo, useState } from "react";
import { download } from "../lib/download";
import { bytes } from "../lib/numbers";
import { t } from "../texts";
import { Button } from "./Button";
import { toast } from "./toasts";

const SHOWN_MS = 1_500;
/** What is shown of a long text at first. */
const FOLDED_CHARS = 16 << 10;
/** A longer text is not put into the page as a whole; it can be kept as a file. */
const WHOLE_CHARS_MAX = 1 << 20;

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
export function Code({ text, copied = text, label }: { text: string; copied?: string; label: string }) {
  return (
    <div className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it */}
      <section tabIndex={0} aria-label={label}>
        <pre>
          <code>{text}</code>
        </pre>
      </section>
      <CopyButton text={copied} what={label} small />
    </div>
  );
}

/** Data as JSON; when it is long, its beginning, with a way to the rest. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "null", [value]);
  return <Folded text={text} label={label} />;
}

/** Text whose end is shown only when somebody wants it. */
export function Folded({ text, label }: { text: string; label: string }) {
  const [isWhole, setWhole] = useState(false);
  if (text.length <= FOLDED_CHARS || isWhole) return <Code text={text} label={label} />;
  return (
    <div className="stack">
      <Code text={`${text.slice(0, FOLDED_CHARS)}\n…`} copied={text} label={label} />
      <p className="row small">
        <span className="quiet">{t.kit.folded(bytes(FOLDED_CHARS), bytes(text.length))}</span>
        {text.length <= WHOLE_CHARS_MAX && (
          <Button small onClick={() => setWhole(true)}>
            {t.kit.showAll}
          </Button>
        )}
        <Button small icon="download" onClick={() => download("data.json", [text], "application/json")}>
          {t.kit.download}
        </Button>
      </p>
    </div>
  );
}
