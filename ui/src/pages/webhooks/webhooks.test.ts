import { describe, expect, it } from "vitest";
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

  it("names those that are gone in a patch", () => {
    const before = { headers: { "x-a": "1", "x-b": "2" } } as unknown as Webhook;
    const patch = patchOf(before, {
      url: "https://example.com",
      events: ["*"],
      headers: { "x-b": "3" } as never,
    });
    expect(patch.headers).toEqual({ "x-a": null, "x-b": "3" });
  });
});
