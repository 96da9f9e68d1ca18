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

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A number of bytes in its largest unit. */
export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** step;
  const digits = step === 0 || scaled >= 100 ? 0 : 1;
  return `${scaled.toLocaleString(language(), { maximumFractionDigits: digits })} ${BYTE_UNITS[step]}`;
}
