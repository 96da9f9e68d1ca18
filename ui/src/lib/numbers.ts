// Numbers as people read them.
import { language } from "./preferences";

/** With separators; from 100,000 on in short form. */
export function count(value: number): string {
  if (value < 100_000) return value.toLocaleString(language());
  return value.toLocaleString(language(), { notation: "compact", maximumFractionDigits: 1 });
}

/** A share from 0 to 1 as per cent. */
export function percent(share: number): string {
  const digits = share > 0 && share < 1 ? 1 : 0;
  return share.toLocaleString(language(), { style: "percent", maximumFractionDigits: digits });
}
