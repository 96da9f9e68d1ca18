// Answers that were asked for before the scripts of the page were there; `public/start.js` asks.

declare global {
  interface Window {
    novapulseEarly?: Map<string, Promise<Response>>;
  }
}

/** An answer is taken so soon after the page began, or not at all: it would tell of the past. */
const FRESH_MS = 10_000;

/** The answer to a reading that is under way since the page began; each is given once. */
export function takeEarly({ method, url }: Request): Promise<Response> | undefined {
  const all = window.novapulseEarly;
  const answer = method === "GET" ? all?.get(url) : undefined;
  if (answer === undefined || performance.now() > FRESH_MS) return undefined;
  all?.delete(url);
  return answer;
}

/** Forgets what was asked for: somebody else is signed in now, or the session was renewed. */
export function forgetEarly(): void {
  window.novapulseEarly = undefined;
}

/** Whether the answer to such a reading is under way since the page began. */
export function isEarly(url: string): boolean {
  return window.novapulseEarly?.has(url) === true && performance.now() <= FRESH_MS;
}
