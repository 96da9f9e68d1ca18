// Times and lengths of time as people say them.
import { language } from "./preferences";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

let spoken: { language: string; format: Intl.RelativeTimeFormat } | undefined;

/** The format of the language; it is dear to make, and wanted for every row of a list. */
function relativeFormat(): Intl.RelativeTimeFormat {
  if (spoken?.language !== language()) {
    const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
    spoken = { language: language(), format };
  }
  return spoken.format;
}

/** How long ago or ahead a time is, as "3 minutes ago". */
export function relative(time: string, now: number = Date.now()): string {
  const distance = Date.parse(time) - now;
  if (Math.abs(distance) > 30 * 86_400_000) {
    return new Date(time).toLocaleDateString(language(), { dateStyle: "medium" });
  }
  const [unit, size] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? (["second", 1_000] as const);
  return relativeFormat().format(Math.round(distance / size), unit);
}

/** The time to the millisecond, in the zone of the browser, with the zone's name. */
export function exact(time: string): string {
  const date = new Date(time);
  // Of 24 hours, so that the milliseconds stand behind the seconds in every language.
  const text = date.toLocaleString(language(), {
    dateStyle: "medium",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${text}.${String(date.getMilliseconds()).padStart(3, "0")} ${zone}`;
}

/** A length of time in its two largest units, as "2 h 5 min". */
export function duration(ms: number): string {
  if (ms < 1) return `${localized(ms.toFixed(2))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${localized(trim(ms / 1_000))} s`;
  const parts: [number, string][] = [
    [Math.floor(ms / 86_400_000), "d"],
    [Math.floor(ms / 3_600_000) % 24, "h"],
    [Math.floor(ms / 60_000) % 60, "min"],
    [Math.floor(ms / 1_000) % 60, "s"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** A length of time in its largest unit, as "2.6 h"; where there is little room, and the rest is told elsewhere. */
export function roughly(ms: number): string {
  const sizes: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
  ];
  const [size, unit] = sizes.find(([size]) => ms >= size) ?? [];
  if (size === undefined) return duration(ms);
  const value = unit === "min" ? Math.round(ms / size) : Number(trim(ms / size));
  return `${value.toLocaleString(language())} ${unit}`;
}

/** With the sign for decimals that the language has. */
function localized(number: string): string {
  return language() === "de" ? number.replace(".", ",") : number;
}

function trim(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
}

/** The value of a `datetime-local` input, or an instant, as a time of the API; nothing for what is no time. */
export function fromLocalInput(value: string): string | undefined {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** A time as a `datetime-local` input shows it. */
export function toLocalInput(time: Date): string {
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** From when until when, as fields for times have it. */
export interface Span {
  since?: string;
  until?: string;
}

/** A filter as the API takes it, with instants for what fields have. */
export function queryOf<F extends Span>({ since, until, ...rest }: F) {
  return { ...rest, since: fromLocalInput(since ?? ""), until: fromLocalInput(until ?? "") };
}
