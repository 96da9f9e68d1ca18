import { expect, it } from "vitest";
import { isRounded, parseExact } from "./exact";

it.each([
  "0",
  "-0",
  "1.0",
  "1e2",
  "100",
  "0.10",
  "-12.50",
  "9007199254740991",
  "1.5E-7",
  "1e21",
  "120000000000000000000",
])("holds %s", (text) => expect(isRounded(text)).toBe(false));

it.each([
  "9007199254740993",
  "-12345678901234567890",
  "0.12345678901234567891",
  "1e400",
  "1e-400",
  "100000000000000000000001",
])("would round %s", (text) => expect(isRounded(text)).toBe(true));

it("reads what is JSON and nothing else", () => {
  expect(parseExact('{"a":[1,"12345678901234567890",null]}')).toEqual({
    a: [1, "12345678901234567890", null],
  });
  expect(() => parseExact("{1}")).toThrow(SyntaxError);
});
