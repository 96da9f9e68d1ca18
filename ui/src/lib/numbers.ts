// Numbers as people read them.
import { language } from "./preferences";

/** The separators of thousands and of decimals, and what stands behind powers of a thousand from 100,000 on. */
const SIGNS = {
  en: { thousands: ",", decimals: ".", powers: ["K", "M", "B", "T"] },
  de: { thousands: ".", decimals: ",", powers: ["", "\u00a0Mio.", "\u00a0Mrd.", "\u00a0Bio."] },
};

function grouped(whole: number, separator: string): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, separator);
}

/**
 * With separators; from 100,000 on in short form. As `Intl` has it, without the tables of a language: to read them takes
 * a slow machine as long as to draw the page.
 */
export function count(value: number): string {
  const { thousands, decimals, powers } = SIGNS[language()];
  if (value < 100_000) return grouped(Math.round(value), thousands);
  if (value < 1_000_000 && powers[0] === "") return grouped(Math.round(value), thousands);
  // In tenths, which are rounded to.
  let [tenths, place] = [Math.round(value / 100), 0];
  for (; tenths >= 10_000 && place + 1 < powers.length; place += 1) {
    tenths = Math.round((value / 1_000 ** (place + 2)) * 10);
  }
  const fraction = tenths % 10 === 0 ? "" : `${decimals}${tenths % 10}`;
  return `${grouped(Math.floor(tenths / 10), thousands)}${fraction}${powers[place]}`;
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
