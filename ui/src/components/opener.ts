// The button of the menu that is open: what the menu opens gives the focus back to it.
let opener: HTMLElement | null = null;

export function rememberOpener(button: HTMLElement | null): void {
  opener = button;
}

/** For a menu that has closed; one that was opened since stays. */
export function forgetOpener(button: HTMLElement | null): void {
  if (opener === button) opener = null;
}

/** Who gets the focus back from a dialog that opens now: whoever has it, or the button of the menu that is closing. */
export function focusedNow(): HTMLElement | null {
  const focused = document.activeElement;
  const isKept =
    focused instanceof HTMLElement && focused !== document.body && !focused.closest("[role=menu]");
  if (isKept) return focused;
  return opener?.isConnected ? opener : null;
}
