import { afterEach, expect, test } from "vitest";
import { count } from "./numbers";
import { language, setLanguage } from "./preferences";

afterEach(() => setLanguage("en"));

/** The same from the tables of the language. */
function told(value: number): string {
  if (value < 100_000) return value.toLocaleString(language());
  return value.toLocaleString(language(), { notation: "compact", maximumFractionDigits: 1 });
}

const NUMBERS = [
  0, 7, 999, 1_000, 12_345, 99_999, 100_000, 123_456, 999_499, 999_949, 999_950, 1_000_000, 1_234_567,
];
const LARGE = [9_950_000, 10_049_000, 999_940_000, 1_260_000_000, 98_765_432_100, 7_300_000_000_000];

test.each(["en", "de"] as const)("numbers are written as the language %s has them", (spoken) => {
  setLanguage(spoken);
  const all = [...NUMBERS, ...LARGE];
  expect(all.map(count)).toEqual(all.map(told));
});
