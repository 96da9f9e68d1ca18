// An invitation: makes the person's account with the token of the link that came by mail, and signs in.
import { post } from "./api";
import { forgetToken, onSubmit, show, showDone } from "./form";

/** Shows the form in place of the start page's content. */
export function showJoin(page: HTMLElement, token: string): void {
  show(page, "join-page");
  onSubmit(page, async (field) => {
    const { user, mfa_setup_required: isRestricted } = (await post("/auth/invites/accept", {
      token,
      name: field("name"),
      password: field("password"),
    })) as { user: { name: string; email: string }; mfa_setup_required: boolean };
    forgetToken();
    const next = isRestricted
      ? "Your company asks everybody for a second factor: until you have set one up, nothing else is open to you."
      : "You are signed in.";
    showDone(page, `Welcome, ${user.name}.`, `${next} From now on sign in with ${user.email}.`);
  });
}
