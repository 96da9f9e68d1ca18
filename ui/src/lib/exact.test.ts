import { expect, it } from "vitest";
import { isRounded, memberText, parseExact } from "./exact";

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

it("finds a member as it came", () => {
  const body = '{"id": "e}1", "2": 1.0, "1": [1e2, "\\u00e9\\"],{"],\n "data": {"body": {}}}';
  const json = `{"state":"a\\"body\\":1,", "list":[{"body":2}], "b\\u006fdy" : ${body} , "next":null}`;
  expect(memberText(json, "body")).toBe(body);
  expect(memberText(json, "next")).toBe("null");
  expect(memberText('{"body":12}', "body")).toBe("12");
  expect(memberText(json, "data")).toBeUndefined();
  expect(memberText("{}", "body")).toBeUndefined();
});
