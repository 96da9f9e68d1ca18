// The typed client: renews the session once when it is over, proves that this page sent a change, and turns
// refusals into `ApiError`.
import createClient from "openapi-fetch";
import { basePath } from "../lib/base";
import { reachable } from "../lib/connection";
import { forgetEarly, isEarly, takeEarly } from "../lib/early";
import { parseExact } from "../lib/exact";
import { ApiError, type Problem, Unreachable } from "./problem";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];

const root = `${window.location.origin}${basePath}api/v1`;
/** Operations whose 401 says something about the input, not about the session. */
const OPEN = /\/auth\/(login|login\/mfa|register|setup|refresh|invites\/accept|password\/(forgot|reset))$/;
const AWAY: ReadonlySet<number> = new Set([502, 504]);
const OVER: ReadonlySet<number> = new Set([401, 403]);
const expired = new Set<() => void>();
let renewal: Promise<boolean> | undefined;

/** Calls back when the session is over and could not be renewed. */
export function onExpired(listener: () => void): () => void {
  expired.add(listener);
  return () => expired.delete(listener);
}

function csrfToken(): string | undefined {
  const pairs = document.cookie.split(";").map((pair) => pair.trim().split("="));
  const find = (name: string) => pairs.find(([key]) => key === name)?.[1];
  return find("__Host-np_csrf") ?? find("__Secure-np_csrf") ?? find("np_csrf");
}

/** Whether this browser seems to hold a session: without the cookie of one, asking the server is in vain. */
export function seemsSignedIn(): boolean {
  return csrfToken() !== undefined;
}

async function reach(request: Request): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    const token = csrfToken();
    if (token !== undefined) request.headers.set("X-CSRF-Token", token);
  }
  try {
    const response = await (takeEarly(request) ?? fetch(request));
    // A proxy answers for a server that is away.
    const isThere = !AWAY.has(response.status);
    reachable(isThere);
    if (!isThere) throw new Unreachable();
    return response;
  } catch (cause) {
    if (cause instanceof Unreachable) throw cause;
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    reachable(false);
    throw new Unreachable();
  }
}

/** What a refusal says of itself; one from something in between may say nothing. */
async function problemOf(response: Response): Promise<Partial<Problem>> {
  try {
    return (await response.clone().json()) as Partial<Problem>;
  } catch {
    return {};
  }
}

/**
 * Asks for the next access token, and tells whether there is one; tabs and parallel requests share one try. Only a
 * refusal means that the session is over: a server that is too busy to answer has not ended it.
 */
function renew(): Promise<boolean> {
  const headers = { "Content-Type": "application/json", "X-Session-Mode": "cookie" };
  renewal ??= reach(new Request(`${root}/auth/refresh`, { method: "POST", headers, body: "{}" }))
    .then(async (response) => {
      forgetEarly();
      if (response.ok) return true;
      if (OVER.has(response.status)) return false;
      throw new ApiError(response.status, await problemOf(response));
    })
    .finally(() => {
      renewal = undefined;
    });
  return renewal;
}

let askForProof: () => Promise<boolean> = async () => false;

/** Says who asks the person for password or second factor when an operation wants a fresh one. */
export function onProofWanted(ask: () => Promise<boolean>): void {
  askForProof = ask;
}

async function wantsProof(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const { type } = await problemOf(response);
  return type?.endsWith("/reauthentication_required") ?? false;
}

async function send(request: Request): Promise<Response> {
  const original = request.clone();
  let answer = await reach(request);
  if (OPEN.test(new URL(request.url).pathname)) return answer;
  if (answer.status === 401) {
    if (seemsSignedIn() && (await renew())) answer = await reach(original.clone());
    if (answer.status === 401) {
      for (const listener of expired) listener();
      return answer;
    }
  }
  if ((await wantsProof(answer)) && (await askForProof())) answer = await reach(original.clone());
  return answer;
}

/** Has the numbers of an answer kept as they came. The library asks the answer for its JSON only when it has a length. */
function exactly(response: Response): Response {
  const headers = new Headers(response.headers);
  if (!headers.has("Content-Length")) headers.set("Content-Length", "unknown");
  Object.defineProperty(response, "headers", { value: headers });
  response.json = async () => {
    const text = await response.text();
    return text === "" ? undefined : parseExact(text);
  };
  return response;
}

export const api = createClient<paths>({
  baseUrl: root,
  fetch: async (request) => exactly(await send(request)),
  headers: { "X-Session-Mode": "cookie" },
});

/** Whether an answer to this reading is under way since the page began. */
export function isAsked(path: keyof paths): boolean {
  return isEarly(root + path);
}

/** Asks for the live stream, from behind a place when one is given. */
export function openStream(after: string | undefined, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (after !== undefined) headers["Last-Event-ID"] = after;
  return send(new Request(`${root}/stream`, { headers, signal, cache: "no-store" }));
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The content of an answer; throws what the server refused it with. */
export async function read<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  const problem = typeof error === "object" && error !== null ? (error as Partial<Problem>) : {};
  throw new ApiError(response.status, problem);
}
