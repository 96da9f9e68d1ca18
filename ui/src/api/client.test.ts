// Sessions that are over, and those that only seem so.
import { afterEach, describe, expect, it, vi } from "vitest";
import { api, onExpired, read } from "./client";

type Reply = () => Response;
const json = (status: number, body: unknown) => () => Response.json(body, { status });

/** Reads with a server that answers each path so; tells how it went, and whether the session counts as over. */
async function ask(replies: Record<string, Reply>): Promise<{ error: unknown; isOver: boolean }> {
  vi.spyOn(document, "cookie", "get").mockReturnValue("np_csrf=token");
  vi.stubGlobal("fetch", async ({ url }: Request) => replies[new URL(url).pathname]?.());
  let isOver = false;
  const stop = onExpired(() => {
    isOver = true;
  });
  const error = await read(api.GET("/queues")).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  stop();
  return { error, isOver };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a session", () => {
  const noSession = json(401, { title: "A valid credential is required" });

  it.each([401, 403])("is over when its renewal is refused with %i", async (status) => {
    const { isOver } = await ask({
      "/api/v1/queues": noSession,
      "/api/v1/auth/refresh": json(status, { title: "No" }),
    });
    expect(isOver).toBe(true);
  });

  it.each([429, 500, 503])("goes on when its renewal is answered with %i", async (status) => {
    const { error, isOver } = await ask({
      "/api/v1/queues": noSession,
      "/api/v1/auth/refresh": json(status, { title: "Later" }),
    });
    expect(isOver).toBe(false);
    expect(error).toMatchObject({ status, message: "Later" });
  });
});

describe("a refusal", () => {
  it("need not be JSON", async () => {
    const { error } = await ask({ "/api/v1/queues": () => new Response("<h1>No</h1>", { status: 403 }) });
    expect(error).toMatchObject({ status: 403 });
  });
});
