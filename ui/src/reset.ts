// A forgotten password: chooses another one with the token of the link that came by mail.
import { post } from "./api";
import { forgetToken, onSubmit, show, showDone } from "./form";

/** Shows the form in place of the start page's content. */
export function showReset(page: HTMLElement, token: string): void {
  show(page, "reset-page");
  onSubmit(page, async (field) => {
    await post("/auth/password/reset", { token, password: field("password") });
    forgetToken();
    showDone(page, "Your password is changed.", "Every session has ended. Sign in with the new password.");
  });
}
