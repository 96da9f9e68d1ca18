import { expect, it } from "vitest";
import { pageOfId, reachablePages, visible } from "./navigation";

it("shows a page only to those who have its scope", () => {
  const names = reachablePages(["jobs:read", "profile"]).map(({ name }) => name);
  expect(names).toEqual(["overview", "queues", "jobs", "failures", "workers", "profile", "security"]);
  expect(visible([])).toEqual([]);
});

it("knows the page of an id by its prefix", () => {
  expect(pageOfId(" job_01m7yzyr190013an6gmn96dh3k ")).toBe("/jobs/job_01m7yzyr190013an6gmn96dh3k");
  expect(pageOfId("dlv_01m7yzyr190013an6gmn96dh3k")).toBe("/deliveries/dlv_01m7yzyr190013an6gmn96dh3k");
  expect(pageOfId("queues")).toBeUndefined();
});
