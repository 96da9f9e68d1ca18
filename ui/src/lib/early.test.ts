import { afterEach, expect, test, vi } from "vitest";
import { forgetEarly, isEarly, takeEarly } from "./early";

const URL_OF_ME = "http://localhost/api/v1/auth/me";

afterEach(() => {
  vi.restoreAllMocks();
  window.novapulseEarly = undefined;
});

function asked(): Promise<Response> {
  const answer = Promise.resolve(new Response("{}"));
  window.novapulseEarly = new Map([[URL_OF_ME, answer]]);
  return answer;
}

test("an early answer is given once, and to the same reading only", () => {
  const answer = asked();
  expect(isEarly(URL_OF_ME)).toBe(true);
  expect(takeEarly(new Request(`${URL_OF_ME}?other`))).toBeUndefined();
  expect(takeEarly(new Request(URL_OF_ME, { method: "POST" }))).toBeUndefined();
  expect(takeEarly(new Request(URL_OF_ME))).toBe(answer);
  expect(takeEarly(new Request(URL_OF_ME))).toBeUndefined();
  expect(isEarly(URL_OF_ME)).toBe(false);
});

test("what was asked for somebody else is forgotten", () => {
  asked();
  forgetEarly();
  expect(isEarly(URL_OF_ME)).toBe(false);
  expect(takeEarly(new Request(URL_OF_ME))).toBeUndefined();
});

test("an early answer that nobody took in time tells of the past", () => {
  asked();
  vi.spyOn(performance, "now").mockReturnValue(10_001);
  expect(isEarly(URL_OF_ME)).toBe(false);
  expect(takeEarly(new Request(URL_OF_ME))).toBeUndefined();
});
