import { expect, it } from "vitest";
import { isOwnKind, stoodFor } from "./own";

it("knows the server's own jobs and leads to what they stand for", () => {
  expect(isOwnKind("webhook.deliver")).toBe(true);
  expect(isOwnKind("image.resize")).toBe(false);
  expect(stoodFor({ delivery_id: "dlv_1", event_id: "evt_1" })).toEqual(["/deliveries/dlv_1", "dlv_1"]);
  expect(stoodFor({ email_id: "eml_1" })).toEqual(["/emails/eml_1", "eml_1"]);
  expect(stoodFor({ report_id: "rep_1" })).toEqual(["/reports/rep_1", "rep_1"]);
  expect(stoodFor({ order: 1 })).toBeUndefined();
  expect(stoodFor(null)).toBeUndefined();
});
