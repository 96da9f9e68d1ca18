import { expect, it } from "vitest";
import { asCurl } from "./curl";

it("quotes what a shell would take apart", () => {
  const command = asCurl("https://example.com/h?a=1&b=2", { "x-name": "it's" }, '{"a":"b"}');
  expect(command).toBe(
    `curl -X POST 'https://example.com/h?a=1&b=2' \\\n  -H 'x-name: it'\\''s' \\\n  --data-raw '{"a":"b"}'`,
  );
});

it("sends no body when there is none", () => {
  expect(asCurl("https://example.com", {}, "")).toBe("curl -X POST 'https://example.com'");
});
