// A cron rule in words, for the patterns people use. What is rarer stays the rule as it is written.
import { language } from "../../lib/preferences";
import { t } from "../../texts";

const MACROS: Record<string, string> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const TIMES_MAX = 4;
/** A Sunday, from which the names of the days are told. */
const SUNDAY = Date.UTC(2026, 0, 4);
const DAY_MS = 86_400_000;

/** The rule in a sentence; nothing when it is not one of the usual ones. */
export function cronWords(cron: string): string | undefined {
  const text = MACROS[cron.trim().toLowerCase()] ?? cron.trim();
  const fields = text.toUpperCase().split(/\s+/);
  if (fields.length === 6 && fields[0] === "0") fields.shift();
  if (fields.length !== 5) return undefined;
  const [minute = "", hour = "", date = "", month = "", day = ""] = fields;
  const times = timesOf(minute, hour);
  const days = daysOf(date, day);
  const months = monthsOf(month);
  if (times === undefined || days === undefined || months === undefined) return undefined;
  const isDaily = days === "" && months === "" && times.isAtTimes;
  const parts = [isDaily ? t.schedules.words.daily : "", days, months, times.text];
  const said = parts.filter((part) => part !== "").join(", ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function timesOf(minute: string, hour: string): { text: string; isAtTimes: boolean } | undefined {
  const words = t.schedules.words;
  const step = /^(?:\*|0)\/(\d+)$/;
  const everyMinutes = step.exec(minute)?.[1];
  const everyHours = step.exec(hour)?.[1];
  if (minute === "*" && hour === "*") return { text: words.everyMinute, isAtTimes: false };
  if (everyMinutes && hour === "*")
    return { text: words.everyMinutes(Number(everyMinutes)), isAtTimes: false };
  if (!/^\d+$/.test(minute)) return undefined;
  if (hour === "*") return { text: words.everyHour(Number(minute)), isAtTimes: false };
  if (everyHours) return { text: words.everyHours(Number(everyHours), Number(minute)), isAtTimes: false };
  const hours = hour.split(",");
  if (hours.length > TIMES_MAX || !hours.every((one) => /^\d+$/.test(one))) return undefined;
  const times = hours.map((one) => `${one.padStart(2, "0")}:${minute.padStart(2, "0")}`);
  return { text: words.at(join(times)), isAtTimes: true };
}

function daysOf(date: string, day: string): string | undefined {
  const words = t.schedules.words;
  const isAny = (field: string) => field === "*" || field === "?";
  if (isAny(date) && isAny(day)) return "";
  if (isAny(date)) {
    if (day === "1-5" || day === "MON-FRI") return words.weekdays;
    const numbers = day.split(",").map((one) => numberOf(one, DAYS, 0));
    if (numbers.some((one) => one === undefined)) return undefined;
    return words.onDays(join(numbers.map((one) => dayName((one ?? 0) % 7))));
  }
  if (!isAny(day)) return undefined;
  if (date === "L") return words.lastDay;
  return /^\d+$/.test(date) ? words.onDate(Number(date)) : undefined;
}

function monthsOf(month: string): string | undefined {
  if (month === "*") return "";
  const numbers = month.split(",").map((one) => numberOf(one, MONTHS, 1));
  if (numbers.some((one) => one === undefined)) return undefined;
  return t.schedules.words.inMonths(join(numbers.map((one) => monthName(one ?? 1))));
}

function numberOf(text: string, names: readonly string[], first: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const place = names.indexOf(text);
  return place < 0 ? undefined : place + first;
}

function dayName(day: number): string {
  const date = new Date(SUNDAY + day * DAY_MS);
  return date.toLocaleDateString(language(), { weekday: "long", timeZone: "UTC" });
}

function monthName(month: number): string {
  const date = new Date(Date.UTC(2026, month - 1, 1));
  return date.toLocaleDateString(language(), { month: "long", timeZone: "UTC" });
}

function join(items: readonly string[]): string {
  return new Intl.ListFormat(language()).format(items);
}
