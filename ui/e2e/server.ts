// The server the journeys run against: the real binary in dev mode, on a port of its own, with a fresh directory.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PORT = process.env.NOVAPULSE_E2E_PORT ?? "18499";
export const BASE_URL = `http://127.0.0.1:${PORT}`;
/** Where the signed-in browser keeps its cookies; made anew at each start. */
export const SESSION = join(tmpdir(), `novapulse-e2e-${PORT}.json`);
const START_MS = 30_000;

export interface Credentials {
  email: string;
  password: string;
  api_key: string;
}

export interface Server {
  credentials: Credentials;
  stop: () => Promise<void>;
}

export async function start(): Promise<Server> {
  const binary = process.env.NOVAPULSE_BIN;
  if (binary === undefined) throw new Error("NOVAPULSE_BIN names no binary; scripts/ui-e2e sets it");
  const data = mkdtempSync(join(tmpdir(), "novapulse-e2e-"));
  const process_ = spawn(binary, ["serve", "--dev", "--listen", `127.0.0.1:${PORT}`, "--data", data], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  await isReady(process_);
  const credentials = await credentialsIn(data);
  process.env.NOVAPULSE_E2E_CREDENTIALS = JSON.stringify(credentials);
  return { credentials, stop: () => stop(process_) };
}

/** The demo company is made once the server listens. */
async function credentialsIn(data: string): Promise<Credentials> {
  const file = join(data, "dev-credentials.json");
  const end = Date.now() + START_MS;
  while (Date.now() < end) {
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Credentials;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server made no demo company");
}

async function isReady(child: ChildProcess): Promise<void> {
  const end = Date.now() + START_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      if ((await fetch(`${BASE_URL}/health/ready`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server did not become ready");
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

export function credentials(): Credentials {
  return JSON.parse(process.env.NOVAPULSE_E2E_CREDENTIALS ?? "{}") as Credentials;
}

/** A call with the API key of the demo company. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${BASE_URL}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${credentials().api_key}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
