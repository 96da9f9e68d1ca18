// The first start: makes the first company with the token behind the # of the address, then its first API key.
import { post } from "./api";
import { forgetToken, onSubmit, show } from "./form";

// What a new key of the first company may do.
const SCOPES = [
  "jobs:read",
  "jobs:write",
  "jobs:work",
  "events:read",
  "events:write",
  "webhooks:read",
  "webhooks:write",
];

/** Shows the form in place of the start page's content. */
export function showSetup(page: HTMLElement, token: string): void {
  show(page, "setup-page");
  onSubmit(page, async (field) => {
    const { csrf_token: csrf } = (await post("/auth/setup", {
      token,
      company_name: field("company_name"),
      name: field("name"),
      email: field("email"),
      password: field("password"),
    })) as { csrf_token?: string };
    forgetToken();
    const key = (await post("/api-keys", { name: "first key", scopes: SCOPES }, csrf)) as { secret: string };
    showKey(page, field("company_name"), key.secret);
  });
}

function showKey(page: HTMLElement, company: string, secret: string): void {
  show(page, "key-page");
  const put = (selector: string, text: string) => {
    const place = page.querySelector<HTMLElement>(selector);
    if (place) place.textContent = text;
    return place;
  };
  put("[data-company]", company);
  put("[data-key]", secret);
  put("h1", `${company} is set up.`)?.focus();
}
