// Pages that come in place of the start page: a token behind the # of the address, a form, and what follows.
import { reasons } from "./api";

/** The token of this address, when it is an address of this page. */
export function tokenOf(path: string): string | undefined {
  const token = window.location.hash.slice(1);
  return window.location.pathname === path && token !== "" ? token : undefined;
}

/** Puts a template of the document in place of the content. */
export function show(page: HTMLElement, id: string): void {
  const template = document.getElementById(id);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`the page has no #${id}`);
  page.replaceChildren(template.content.cloneNode(true));
  titleIs(page.querySelector("h1")?.textContent ?? "");
}

/** Gives the tab the title of the page, without the full stop. */
function titleIs(title: string): void {
  document.title = `${title.replace(/\.$/, "")} · NovaPulse`;
}

/** Calls `send` when the form is sent; while it runs the button waits, and a refusal is shown. */
export function onSubmit(page: HTMLElement, send: (field: (name: string) => string) => Promise<void>): void {
  const form = page.querySelector("form");
  const message = page.querySelector<HTMLElement>("[role=alert]");
  const button = form?.querySelector("button");
  if (!form || !message || !button) throw new Error("the form is incomplete");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = (name: string) => String(new FormData(form).get(name) ?? "");
    message.textContent = "";
    if (field("password") !== field("again")) {
      message.textContent = "The two passwords are not the same.";
      return;
    }
    button.disabled = true;
    try {
      await send(field);
    } catch (cause) {
      message.textContent = reasons(cause);
      button.disabled = false;
    }
  });
}

/** The token is used up and has no business in the address any more. */
export function forgetToken(): void {
  window.history.replaceState(null, "", "/");
}

/** Says that it is done, where a screen reader goes on. */
export function showDone(page: HTMLElement, title: string, text: string): void {
  show(page, "done-page");
  const [heading, line] = [page.querySelector("h1"), page.querySelector("p")];
  if (!heading || !line) throw new Error("the page is incomplete");
  heading.textContent = title;
  line.textContent = text;
  titleIs(title);
  heading.focus();
}
