import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { me, renderApp, Status } from "../test/renderApp";

const problem = (code: string, title: string) => ({
  type: `/problems/${code}`,
  title,
  status: 404,
  instance: "/",
  request_id: "req_17",
});
const noSession = new Status(401, problem("unauthorized", "A valid credential is required"));
const page = (data: unknown[]) => ({ data, next_cursor: null });
const signedIn = {
  user: me.user,
  expires_in: 900,
  token_type: "Bearer",
  mfa_setup_required: false,
  password_change_required: false,
};

describe("sign-in", () => {
  it("asks for the second factor and goes on to the page that was wanted", async () => {
    let isIn = false;
    const { calls, router } = renderApp("/event-types", {
      "GET /auth/me": () => (isIn ? me : noSession),
      "POST /auth/refresh": noSession,
      "POST /auth/login": { mfa_required: true, mfa_token: "mfa_1", expires_in: 300 },
      "POST /auth/login/mfa": () => {
        isIn = true;
        return signedIn;
      },
      "GET /event-types": page([]),
    });
    await userEvent.type(await screen.findByLabelText("E-mail address"), "ada@example.com");
    await userEvent.type(screen.getByLabelText("Password"), "tram orbit velvet noon");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    await userEvent.type(await screen.findByLabelText("Code"), "123 456");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    await waitFor(() => expect(router.history.location.pathname).toBe("/event-types"));
    const proof = calls.find(({ path }) => path === "/auth/login/mfa")?.body;
    expect(proof).toEqual({ mfa_token: "mfa_1", code: "123456" });
  });

  it("says why the server refused", async () => {
    renderApp("/sign-in", {
      "POST /auth/login": new Status(401, {
        ...problem("invalid_credentials", "Not right"),
        detail: "they are wrong",
      }),
    });
    await userEvent.type(await screen.findByLabelText("E-mail address"), "ada@example.com");
    await userEvent.type(screen.getByLabelText("Password"), "wrong");
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByText("They are wrong.")).toBeTruthy();
  });
});

describe("a first password", () => {
  it("is the only thing to see to, and lets the person on once it is changed", async () => {
    let isHeld = true;
    const { calls, router } = renderApp("/events", {
      "GET /auth/me": () => ({ ...me, password_change_required: isHeld }),
      "POST /auth/password": () => {
        isHeld = false;
        return undefined;
      },
      "GET /mfa": { enabled: false, enabled_at: null, recovery_codes_left: 0 },
      "GET /auth/sessions": page([]),
      "GET /events": page([]),
    });
    await userEvent.type(await screen.findByLabelText("Current password"), "the first one");
    expect(calls.some(({ path }) => path === "/mfa" || path === "/auth/sessions")).toBe(false);
    await userEvent.type(screen.getByLabelText("New password"), "tram orbit velvet noon");
    await userEvent.type(screen.getByLabelText("Password again"), "tram orbit velvet noon");
    await userEvent.click(screen.getByRole("button", { name: "Change password" }));
    await waitFor(() => expect(calls.some(({ path }) => path === "/auth/sessions")).toBe(true));
    await userEvent.click(screen.getByRole("link", { name: "Events" }));
    expect(await screen.findByText("No events here")).toBeTruthy();
    expect(router.state.location.pathname).toBe("/events");
  });
});

describe("webhooks", () => {
  it("puts a refusal at its field", async () => {
    renderApp("/webhooks/new", {
      "GET /auth/me": me,
      "GET /event-types": page([]),
      "POST /webhooks": new Status(422, {
        ...problem("validation", "The request is not valid"),
        errors: [{ pointer: "/url", detail: "is a private address" }],
      }),
    });
    await userEvent.type(await screen.findByLabelText("Address"), "http://10.0.0.1");
    await userEvent.type(screen.getByLabelText("Events"), "order.*");
    await userEvent.click(screen.getByRole("button", { name: "Create a webhook" }));
    const field = screen.getByLabelText("Address");
    await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
    expect(screen.getByText("Is a private address.")).toBeTruthy();
  });
});

describe("lists", () => {
  it("says that there is nothing, and why something failed", async () => {
    renderApp("/events", { "GET /auth/me": me, "GET /events": page([]) });
    expect(await screen.findByText("No events here")).toBeTruthy();
  });

  it("shows a problem with the id of its request", async () => {
    renderApp("/events", {
      "GET /auth/me": me,
      "GET /events": new Status(404, problem("gone", "Not there")),
    });
    expect(await screen.findByText("req_17")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it("offers a role only what it may do", async () => {
    const reader = { ...me, scopes: ["profile", "events:read"] };
    renderApp("/events", { "GET /auth/me": reader, "GET /events": page([]) });
    expect(await screen.findByText("No events here")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Send an event" })).toBeNull();
    expect(screen.queryByRole("link", { name: "Queues" })).toBeNull();
  });
});
