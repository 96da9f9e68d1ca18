import { expect, it } from "vitest";
import { de } from "./de";
import { en } from "./en";

function leaves(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

it("says everything in both languages", () => {
  expect(leaves(de)).toEqual(leaves(en));
});
