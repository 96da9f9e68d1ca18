// Calls to the API of this server, and why one was refused.

interface Problem {
  title?: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

/** Sends a POST; throws the problem when it is refused. */
export async function post(path: string, body: unknown, csrf?: string): Promise<unknown> {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "X-Session-Mode": "cookie",
  };
  if (csrf !== undefined) headers["X-CSRF-Token"] = csrf;
  const answer = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const content: unknown = answer.status === 204 ? undefined : await answer.json();
  if (!answer.ok) throw content;
  return content;
}

/** Every reason a request was refused for, as one text. */
export function reasons(cause: unknown): string {
  const problem: Problem = typeof cause === "object" && cause !== null ? cause : {};
  const errors = problem.errors?.map(
    (error) => `${error.pointer.slice(1).replaceAll("_", " ")}: ${error.detail}`,
  );
  const text =
    errors?.join(". ") ?? problem.detail ?? problem.title ?? "The server did not answer. Try again.";
  return text.charAt(0).toUpperCase() + text.slice(1);
}
