// An invitation: makes the person's account with the token of the link that came by mail, and signs in.
import { post } from "./api";
import { forgetToken, onSubmit, show, showDone } from "./form";

/** Shows the form in place of the start page's content. */
export function showJoin(page: HTMLElement, token: string): void {
  show(page, "join-page");
  onSubmit(page, async (field) => {
    const { user } = (await post("/auth/invites/accept", {
      token,
      name: field("name"),
      password: field("password"),
    })) as { user: { name: string; email: string } };
    forgetToken();
    showDone(page, `Welcome, ${user.name}.`, `You are signed in. From now on sign in with ${user.email}.`);
  });
}
