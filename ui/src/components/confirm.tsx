// "Are you sure?", naming the object and what happens to it.
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { t } from "../texts";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

export interface Question {
  title: string;
  text: string;
  /** The word on the button that does it. */
  action: string;
  danger?: boolean;
  /** Must be typed before it can be done; for what cannot be taken back. */
  typed?: string;
}

interface Asked extends Question {
  answer: (is: boolean) => void;
}

const listeners = new Set<() => void>();
let asked: Asked | undefined;

function change(next: Asked | undefined): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Asks; the answer is whether to go on. */
export function confirm(question: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((resolve) => {
    const answer = (is: boolean) => {
      change(undefined);
      resolve(is);
    };
    change({ ...question, answer });
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Confirmation() {
  const question = useSyncExternalStore(subscribe, () => asked);
  return question === undefined ? null : <Body key={question.title} {...question} />;
}

function Body({ title, text, action, danger = false, typed, answer }: Asked) {
  const [input, setInput] = useState("");
  const isOpen = typed === undefined || input === typed;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isOpen) answer(true);
  };
  return (
    <Dialog title={title} onClose={() => answer(false)}>
      <form onSubmit={submit} className="stack">
        <p>{text}</p>
        {typed !== undefined && (
          <label className="field">
            <span className="label">{t.kit.typeName(typed)}</span>
            <input value={input} onChange={(event) => setInput(event.target.value)} autoComplete="off" />
          </label>
        )}
        <div className="dialog-foot">
          <Button onClick={() => answer(false)}>{t.kit.goBack}</Button>
          <Button type="submit" look={danger ? "danger" : "primary"} disabled={!isOpen}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
