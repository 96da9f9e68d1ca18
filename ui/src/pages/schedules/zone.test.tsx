// Time zones that are half typed, or that the browser does not know.
import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { me, renderApp, Status } from "../../test/renderApp";
import { inZone } from "./data";

const all = { ...me, scopes: [...me.scopes, "schedules:read", "schedules:write"] };
const page = (data: unknown[]) => ({ data, next_cursor: null });

describe("a schedule", () => {
  it("keeps the form while a time zone is being typed", async () => {
    let asked = 0;
    const unknownZone = { title: "Not valid", errors: [{ pointer: "/timezone", detail: "is not known" }] };
    renderApp("/schedules/new", {
      "GET /auth/me": all,
      "GET /queues": page([]),
      "GET /schedules/preview": () => {
        asked += 1;
        return asked === 1 ? { next_times: ["2026-01-01T00:00:00.000Z"] } : new Status(422, unknownZone);
      },
    });
    await userEvent.type(await screen.findByLabelText("Name"), "Nightly");
    const zone = screen.getByLabelText(/Time zone/);
    expect(await screen.findByText(/2026/)).toBeTruthy();
    fireEvent.change(zone, { target: { value: "Europe/Berl" } });
    expect(await screen.findByText("Timezone is not known.")).toBeTruthy();
    expect(screen.getByDisplayValue("Nightly")).toBeTruthy();
  });

  it("shows the clocks of UTC for a zone the browser does not know", () => {
    expect(inZone("2026-01-01T12:34:56.000Z", "Mars/Olympus")).toContain("12:34:56");
    expect(inZone("2026-01-01T12:34:56.000Z", "Mars/Olympus")).toContain("UTC");
  });
});
