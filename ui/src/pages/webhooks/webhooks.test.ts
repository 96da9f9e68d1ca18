import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { attemptTimes, healthOf, PRESETS, type Stats, type Webhook } from "./data";
import { headersOf } from "./Fields";
import { shares } from "./RetryLine";
import { patchOf } from "./Settings";

const stats = { breaker: "closed", success_rate: 1 } as Stats;

describe("healthOf", () => {
  it("puts what somebody decided before what is measured", () => {
    expect(healthOf({ enabled: false }, { ...stats, breaker: "open" })).toBe("disabled");
    expect(healthOf({ enabled: true }, { ...stats, breaker: "open" })).toBe("open");
    expect(healthOf({ enabled: true }, { ...stats, success_rate: 0.9 })).toBe("degraded");
    expect(healthOf({ enabled: true }, { ...stats, success_rate: null })).toBe("healthy");
  });
});

describe("retry policies", () => {
  it("adds the delays up", () => expect(attemptTimes([5, 10, 20])).toEqual([0, 5, 15, 35]));

  it("shares the line out by the waits, the whole of it", () => {
    const parts = shares(attemptTimes(PRESETS.standard ?? []));
    expect(parts.reduce((sum, part) => sum + part)).toBeCloseTo(1);
    expect(parts.every((part) => part >= 0)).toBe(true);
    expect(parts.at(-1)).toBe(0);
    // Attempts within seconds are not drawn as far apart as those within days.
    expect(shares(attemptTimes([5_000])).at(-1)).toBeGreaterThan(0.5);
    expect(shares([0])).toEqual([1]);
  });

  it("has the presets of the server", () => {
    const hours = (name: string) => (attemptTimes(PRESETS[name] ?? []).at(-1) ?? 0) / 3_600_000;
    expect(PRESETS.standard).toHaveLength(9);
    expect(hours("standard")).toBeCloseTo(75.6, 1);
    expect(PRESETS.patient).toHaveLength(7);
    expect(hours("patient")).toBeCloseTo(27.6, 1);
  });
});

describe("headers", () => {
  it("takes one from each line, colons in the value too", () => {
    expect(headersOf("X-A: 1\n\nX-Time: 12:30 ")).toEqual({ "X-A": "1", "X-Time": "12:30" });
    expect(() => headersOf("no colon here")).toThrow();
  });
});

describe("what is sent of a changed webhook", () => {
  const shown = {
    url: "https://example.com",
    description: "",
    events: ["*"],
    headers: { "x-a": "1", "x-b": "2", "x-secret": "***" },
    retry: { preset: null, delays_ms: [5_000, 10_000] },
    timeout_ms: null,
    rate_limit: 5,
    ordered: false,
    ed25519: false,
    filter: { kind: "a", order: { paid: true } },
  } as unknown as Webhook;
  const said: Schemas["WebhookInput"] = {
    ...shown,
    retry: { delays_ms: [5_000, 10_000] },
    secret: undefined,
  };
  const patch = (typed: object) => patchOf(shown, { ...said, ...typed });

  it("is what was typed, and no more", () => {
    expect(patch({})).toEqual({});
    expect(patch({ events: ["order.*"] })).toEqual({ events: ["order.*"] });
    expect(patch({ rate_limit: null })).toEqual({ rate_limit: null });
    expect(patch({ retry: { preset: "patient" } })).toEqual({ retry: { preset: "patient" } });
  });

  it("names headers that are gone, and none that is written otherwise", () => {
    const headers = { "X-A": "1", "x-b": "3" };
    expect(patch({ headers })).toEqual({ headers: { "X-A": "1", "x-b": "3", "x-secret": null } });
  });

  it("names what is gone from the filter", () => {
    expect(patch({ filter: { order: { paid: true } } })).toEqual({ filter: { kind: null } });
    expect(patch({ filter: null })).toEqual({ filter: null });
  });
});
