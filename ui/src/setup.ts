// The first start: makes the first company with the token behind the # of the address, then its first API key.

interface Problem {
  title?: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

interface SignedIn {
  csrf_token?: string;
}

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

/** The set-up token of this address, when it is a set-up address. */
export function setupToken(): string | undefined {
  const token = decodeURIComponent(window.location.hash.slice(1));
  return window.location.pathname === "/setup" && token !== "" ? token : undefined;
}

async function post(path: string, body: unknown, csrf?: string): Promise<unknown> {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "X-Session-Mode": "cookie",
  };
  if (csrf !== undefined) headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const content: unknown = await answer.json();
  if (!answer.ok) throw content;
  return content;
}

/** Every reason a request was refused for, as one text. */
function reasons(cause: unknown): string {
  const problem: Problem = typeof cause === "object" && cause !== null ? cause : {};
  const errors = problem.errors?.map(
    (error) => `${error.pointer.slice(1).replaceAll("_", " ")}: ${error.detail}`,
  );
  return errors?.join(". ") ?? problem.detail ?? problem.title ?? "The server did not answer. Try again.";
}

/** Shows the form in place of the start page's content. */
export function showSetup(page: HTMLElement, token: string): void {
  const template = document.getElementById("setup-page");
  if (!(template instanceof HTMLTemplateElement)) throw new Error("the page has no #setup-page");
  page.replaceChildren(template.content.cloneNode(true));
  const form = page.querySelector("form");
  const message = page.querySelector<HTMLElement>("[role=alert]");
  const button = form?.querySelector("button");
  if (!form || !message || !button) throw new Error("the set-up page is incomplete");

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
      const { csrf_token: csrf } = (await post("/auth/setup", {
        token,
        company_name: field("company_name"),
        name: field("name"),
        email: field("email"),
        password: field("password"),
      })) as SignedIn;
      // The token is used up and has no business in the address any more.
      window.history.replaceState(null, "", "/");
      const key = (await post("/api-keys", { name: "first key", scopes: SCOPES }, csrf)) as {
        secret: string;
      };
      showKey(page, field("company_name"), key.secret);
    } catch (cause) {
      message.textContent = reasons(cause);
      button.disabled = false;
    }
  });
}

function showKey(page: HTMLElement, company: string, secret: string): void {
  const template = document.getElementById("key-page");
  if (!(template instanceof HTMLTemplateElement)) throw new Error("the page has no #key-page");
  page.replaceChildren(template.content.cloneNode(true));
  const put = (selector: string, text: string) => {
    const place = page.querySelector<HTMLElement>(selector);
    if (place) place.textContent = text;
    return place;
  };
  put("[data-company]", company);
  put("[data-key]", secret);
  put("h1", `${company} is set up.`)?.focus();
}
