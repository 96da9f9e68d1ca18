// Why a request failed: a problem the server named, or no answer at all.
import { t } from "../texts";
import type { components } from "./schema.gen";

export type Problem = components["schemas"]["Problem"];

/** The server refused a request and said why. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? t.errors.unknown);
    this.name = "ApiError";
  }

  /** The last part of the problem's type, such as `not-found`. */
  get code(): string {
    return this.problem.type?.split(/[/#:]/).pop() ?? "";
  }
}

/** The server did not answer. */
export class Unreachable extends Error {
  constructor() {
    super(t.errors.unreachable);
    this.name = "Unreachable";
  }
}

/** What to tell a person, in one sentence. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof ApiError) {
    const errors = cause.problem.errors ?? [];
    const first = errors[0];
    if (first !== undefined) return sentence(`${nameOf(first.pointer)} ${first.detail}`);
    return sentence(cause.message);
  }
  return cause instanceof Error ? cause.message : t.errors.unknown;
}

/** The message for each field, by the first part of its pointer. */
export function fieldErrors(cause: unknown): Record<string, string> {
  if (!(cause instanceof ApiError)) return {};
  const found: Record<string, string> = {};
  for (const { pointer, detail } of cause.problem.errors ?? []) {
    const name = pointer.split("/")[1] ?? "";
    found[name] ??= sentence(detail);
  }
  return found;
}

/** The same call, whose refusals point at fields below a pointer as if these stood at the root. */
export async function below<T>(root: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    const errors = cause.problem.errors?.map((error) => {
      const isInside = error.pointer.startsWith(`${root}/`);
      return isInside ? { ...error, pointer: error.pointer.slice(root.length) } : error;
    });
    throw new ApiError(cause.status, { ...cause.problem, ...(errors && { errors }) });
  }
}

function nameOf(pointer: string): string {
  return pointer.replace(/^\//, "").replaceAll("_", " ").replaceAll("/", " ");
}

function sentence(text: string): string {
  const trimmed = text.trim();
  const begun = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
