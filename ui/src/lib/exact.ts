// JSON whose numbers stay as they came: JavaScript holds about sixteen digits and rounds what has more, and a payload that
// is shown or edited must not become another one. Browsers without `JSON.rawJSON` round, as ever.
const ExactJson = JSON as typeof JSON & { rawJSON?: (text: string) => unknown };
/** Shorter numbers without a power of ten are never rounded, so most answers are read the quick way. */
const LONG = /\d[\d.]{15}|\d[eE]/;

/** A number that JavaScript would round; it is written as it was read. */
class Exact {
  constructor(private readonly text: string) {}

  toJSON(): unknown {
    return ExactJson.rawJSON?.(this.text) ?? Number(this.text);
  }
}

/** Sign, digits and power of ten, however it is written. */
function partsOf(text: string): string {
  const [, sign, whole = "", part = "", power = "0"] =
    /^(-?)(\d+)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + part).replace(/^0+/, "");
  const bare = digits.replace(/0+$/, "");
  if (bare === "") return sign === undefined ? text : "0";
  return `${sign}${bare}e${Number(power) - part.length + digits.length - bare.length}`;
}

/** Whether a number of JSON is another one once it was read. */
export function isRounded(text: string): boolean {
  return partsOf(text) !== partsOf(String(Number(text)));
}

function keep(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || !isRounded(source)) return value;
  return new Exact(source);
}

export function parseExact(text: string): unknown {
  if (ExactJson.rawJSON === undefined || !LONG.test(text)) return JSON.parse(text);
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

/** Strings as wholes, so that what stands in them opens and closes nothing, and what does. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]/gs;

/** The value of a member of a JSON object, letter by letter as it came; nothing when there is none. */
export function memberText(json: string, name: string): string | undefined {
  let [depth, isName, isWanted, from] = [0, true, false, 0];
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    const isEnd = depth === 0 || (depth === 1 && token === ",");
    if (isEnd && isWanted) return json.slice(from, index).trim();
    if (depth !== 1) continue;
    if (token === ",") isName = true;
    else if (token === ":" && isName) {
      isName = false;
      from = index + 1;
    } else if (isName && token.startsWith('"')) isWanted = JSON.parse(token) === name;
  }
  return undefined;
}
