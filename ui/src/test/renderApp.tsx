// Mounts the real routes at an address, with a server made of a table of answers. A request that is not in the
// table fails the test.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { vi } from "vitest";
import { makeRouter } from "../router";
import { unknown } from "./unknown";

export interface Call {
  method: string;
  path: string;
  body: unknown;
}
/** What a function answers with may come later, or never. */
type Reply = unknown | ((call: Call) => unknown);

export class Status {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {}
}

export const me = {
  company: { id: "cmp_1", name: "Example", mfa_required: false, created_at: "2026-01-01T00:00:00.000Z" },
  mfa_setup_required: false,
  password_change_required: false,
  scopes: ["profile", "jobs:read", "jobs:write", "webhooks:read", "webhooks:write", "events:read"],
  session_id: "ses_1",
  user: {
    id: "usr_1",
    name: "Ada Lovelace",
    email: "ada@example.com",
    role: "manager",
    is_owner: false,
    disabled: false,
    created_at: "2026-01-01T00:00:00.000Z",
    last_sign_in_at: null,
  },
};

/** What the frame around every page asks. */
const FRAME: Record<string, Reply> = {
  "GET /notifications": { data: [], next_cursor: null, unread: 0 },
};

export function renderApp(path: string, replies: Record<string, Reply>) {
  const calls: Call[] = [];
  // The browser was signed in; what that is worth today is for the server to say.
  vi.spyOn(document, "cookie", "get").mockReturnValue("np_csrf=token");
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    const call = {
      method: request.method,
      path: pathname.replace("/api/v1", ""),
      body: text && JSON.parse(text),
    };
    calls.push(call);
    const name = `${call.method} ${call.path}`;
    const reply = replies[name] ?? FRAME[name];
    if (reply === undefined) {
      unknown.push(name);
      throw new Error(`no reply for ${name}`);
    }
    const value = await (typeof reply === "function" ? (reply as (call: Call) => unknown)(call) : reply);
    const [status, body] = value instanceof Status ? [value.status, value.body] : [200, value];
    return new Response(body === undefined ? null : JSON.stringify(body), {
      status: body === undefined ? 204 : status,
      headers: { "Content-Type": "application/json" },
    });
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = makeRouter(queries, "/");
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [path] }) });
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return { calls, router, queries };
}
