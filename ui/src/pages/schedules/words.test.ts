import { describe, expect, it } from "vitest";
import { cronWords } from "./words";

describe("cronWords", () => {
  it.each([
    ["@daily", "Every day, at 00:00"],
    ["30 3 * * *", "Every day, at 03:30"],
    ["0 30 3 * * *", "Every day, at 03:30"],
    ["0 9,17 * * MON-FRI", "On weekdays, at 09:00 and 17:00"],
    ["0 8 * * 1,4", "On Monday and Thursday, at 08:00"],
    ["15 6 1 * *", "On day 1 of the month, at 06:15"],
    ["0 0 L * *", "On the last day of the month, at 00:00"],
    ["0 0 1 JAN,JUL *", "On day 1 of the month, in January and July, at 00:00"],
    ["*/5 * * * *", "Every 5 minutes"],
    ["* * * * *", "Every minute"],
    ["10 * * * *", "Every hour at minute 10"],
    ["0 */6 * * *", "Every 6 hours at minute 0"],
    ["@hourly", "Every hour at minute 0"],
    ["0 0 * * 7", "On Sunday, at 00:00"],
  ])("says %s as %s", (cron, words) => expect(cronWords(cron)).toBe(words));

  it.each(["5 4 * * sun#2", "1-10 * * * *", "0 0 13 * 5", "*/7 3 * * *", "30 0 0 * * *", "nonsense", ""])(
    "leaves %s as it is",
    (cron) => expect(cronWords(cron)).toBeUndefined(),
  );
});
