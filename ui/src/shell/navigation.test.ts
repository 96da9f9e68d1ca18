import { expect, it } from "vitest";
import { nearestPages, pageOfId, reachablePages, scopeOf, visible } from "./navigation";

it("shows a page only to those who have its scope", () => {
  const names = reachablePages(["jobs:read", "profile"]).map(({ name }) => name);
  expect(names).toEqual([
    "overview",
    "queues",
    "jobs",
    "failures",
    "workers",
    "notifications",
    "profile",
    "security",
  ]);
  expect(visible([])).toEqual([]);
});

it("knows the page of an id by its prefix", () => {
  expect(pageOfId(" job_01m7yzyr190013an6gmn96dh3k ")).toBe("/jobs/job_01m7yzyr190013an6gmn96dh3k");
  expect(pageOfId("dlv_01m7yzyr190013an6gmn96dh3k")).toBe("/deliveries/dlv_01m7yzyr190013an6gmn96dh3k");
  expect(pageOfId("queues")).toBeUndefined();
});

it("knows what a page asks for", () => {
  expect(scopeOf("/settings")).toBe("company:write");
  expect(scopeOf("/webhooks/wh_1/deliveries")).toBe("webhooks:read");
  expect(scopeOf("/webhooks/wh_1/secret")).toBe("webhooks:write");
  expect(scopeOf("/jobs/new")).toBe("jobs:write");
  expect(scopeOf("/event-types")).toBe("events:read");
  expect(scopeOf("/nothing")).toBeUndefined();
});

it("finds the pages that were probably meant", () => {
  const all = ["jobs:read", "webhooks:read", "events:read", "emails:read", "keys:write", "profile"];
  const near = (path: string) => nearestPages(path, all).map(({ to }) => to);
  expect(near("/job/17")).toEqual(["/jobs"]);
  expect(near("/webhook")).toEqual(["/webhooks"]);
  expect(near("/evnets")).toEqual(["/events"]);
  expect(near("/event")).toEqual(["/events", "/event-types"]);
  expect(near("/Key")).toEqual(["/keys"]);
  expect(near("/")).toEqual([]);
  expect(near("/nothing-here")).toEqual([]);
  expect(nearestPages("/key", ["profile"])).toEqual([]);
});
