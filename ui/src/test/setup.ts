// What the simulated browser lacks.
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import { unknown } from "./unknown";

// A busy machine takes its time; a test that waits in vain still ends.
configure({ asyncUtilTimeout: 10_000 });

HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};
window.scrollTo = () => undefined;
afterEach(() => {
  cleanup();
  const names = unknown.splice(0);
  if (names.length > 0) throw new Error(`no reply for ${names.join(", ")}`);
});
