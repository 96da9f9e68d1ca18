// Modal dialogs on the native element, which keeps the focus inside and closes with Escape.
import { type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "../texts";
import { Button } from "./Button";
import { focusedNow } from "./opener";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** Is open as long as it is rendered. */
export function Dialog({ title, onClose, children, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = focusedNow();
    element?.showModal();
    return () => {
      element?.close();
      before?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <Button look="quiet" small icon="close" aria-label={t.kit.close} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}
