// What a form says otherwise than was shown. Only that is sent: what somebody else set meanwhile stays. Pure.

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** The entries that are not as they were. */
export function changed<T extends object>(before: { [key in keyof T]?: unknown }, after: T): Partial<T> {
  const entries = Object.entries(after).filter(([name, value]) => !isSame(value, before[name as keyof T]));
  return Object.fromEntries(entries) as Partial<T>;
}

/** The merge patch (RFC 7396) that makes one JSON value of another: members that are gone are named with null. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isPlain(before) || !isPlain(after)) return after;
  const gone = Object.keys(before).filter((name) => !(name in after));
  const changes = Object.entries(changed(before, after));
  return Object.fromEntries([
    ...gone.map((name) => [name, null]),
    ...changes.map(([name, value]) => [name, mergePatch(before[name], value)]),
  ]);
}

/** Not a list, nor a number that is kept as it was read. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
