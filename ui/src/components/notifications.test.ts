import { expect, it } from "vitest";
import { type Notification, pageOf, wordsOf } from "./notifications";

const told = (over: Partial<Notification>): Notification => ({
  id: "ntf_1",
  kind: "dead_letters",
  object: "images",
  detail: null,
  count: 1000,
  created_at: "2026-11-21T12:00:00.000Z",
  is_read: false,
  ...over,
});

it("says what happened and where more of it is", () => {
  expect(wordsOf(told({}))).toBe("1,000 dead letters in images");
  expect(pageOf(told({ object: "a/b" }))).toBe("/failures?queue=a%2Fb");
  expect(pageOf(told({ object: "webhook" }))).toBe("/webhooks");
  const failed = told({ kind: "job_failed", object: "job_1", detail: "image.resize", count: null });
  expect([wordsOf(failed), pageOf(failed)]).toEqual(["The job image.resize failed", "/jobs/job_1"]);
  expect(pageOf(told({ kind: "password_changed", object: null }))).toBe("/security");
});

it("shows what it does not know as it came", () => {
  expect(wordsOf(told({ kind: "moon_rose", detail: "full" }))).toBe("moon_rose: full");
  expect(wordsOf(told({ kind: "toString", detail: null }))).toBe("toString");
});
