// Asks the server how it is, every few seconds while the page is visible.

/** What the page shows of the server's state. */
export interface Health {
  state: "ok" | "degraded" | "down";
  label: string;
  version?: string;
}

const INTERVAL_MS = 5_000;
const TIMEOUT_MS = 4_000;

async function readHealth(): Promise<Health> {
  try {
    const response = await fetch("/health", {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    const version = textField(body, "version");
    const state = response.ok && textField(body, "status") !== "degraded" ? "ok" : "degraded";
    const label = state === "ok" ? "Healthy" : "Needs attention";
    return version === undefined ? { state, label } : { state, label, version };
  } catch {
    return { state: "down", label: "Not reachable" };
  }
}

function textField(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value = new Map<string, unknown>(Object.entries(body)).get(name);
  return typeof value === "string" ? value : undefined;
}

/** Calls `show` now and after every check. */
export function watchHealth(show: (health: Health) => void): void {
  const check = async () => {
    if (document.visibilityState === "visible") show(await readHealth());
  };
  document.addEventListener("visibilitychange", check);
  window.setInterval(check, INTERVAL_MS);
  void check();
}
