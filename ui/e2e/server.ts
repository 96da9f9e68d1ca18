// Servers the journeys run against: the real binary on a port of its own with a fresh directory.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PORT = process.env.NOVAPULSE_E2E_PORT ?? "18499";
/** The server that most journeys share. */
export const BASE_URL = `http://127.0.0.1:${PORT}`;
/** Where the signed-in browser keeps its cookies; made anew at each start. */
export const SESSION = join(tmpdir(), `novapulse-e2e-${PORT}.json`);
/** What a server does in the background is done by then, on a busy machine as well. */
export const LATEST_MS = 30_000;

export interface Credentials {
  email: string;
  password: string;
  api_key: string;
}

export interface Server {
  url: string;
  data: string;
  /** What it has said on its standard output. */
  said: () => string;
  /** As `kill -9` does it. */
  kill: () => Promise<void>;
  /** On the same port and directory. */
  restart: () => Promise<void>;
  /** Orderly, and its directory is removed. */
  stop: () => Promise<void>;
}

interface Options {
  port?: string;
  /** With the demo company and everything that only development may do. */
  isDev?: boolean;
}

export async function serve(options: Options = {}): Promise<Server> {
  const { isDev = true, port = await freePort() } = options;
  const binary = process.env.NOVAPULSE_BIN;
  if (binary === undefined) throw new Error("NOVAPULSE_BIN names no binary; scripts/ui-e2e sets it");
  const place = mkdtempSync(join(tmpdir(), "novapulse-e2e-"));
  const [data, ready] = [join(place, "data"), join(place, "ready.json")];
  mkdirSync(data, { mode: 0o700 });
  const address = `127.0.0.1:${port}`;
  const url = `http://${address}`;
  let said = "";
  const begin = async () => {
    const flags = ["serve", ...(isDev ? ["--dev"] : []), "--listen", address, "--data", data];
    flags.push("--ready-file", ready);
    const env = {
      ...process.env,
      // Receivers of journeys are on this machine, where a server for real sends nothing unasked.
      NOVAPULSE_OUTBOUND_ALLOW: "127.0.0.0/8",
      // Journeys come from addresses of their own, since sign-ins from one address are limited.
      NOVAPULSE_SERVER_TRUSTED_PROXIES: "127.0.0.1/32",
    };
    // The file of an earlier run must not pass for the news of this one.
    rmSync(ready, { force: true });
    const child = spawn(binary, flags, { stdio: ["ignore", "pipe", "ignore"], env });
    child.stdout?.on("data", (part) => {
      said += String(part);
    });
    await isReady(child, place, ready);
    return child;
  };
  let child = await begin();
  return {
    url,
    data,
    said: () => said,
    kill: () => end(child, "SIGKILL"),
    restart: async () => {
      child = await begin();
    },
    stop: async () => {
      await end(child, "SIGTERM");
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Dev mode makes the demo company before it is ready. */
export function credentialsIn(data: string): Credentials {
  return JSON.parse(readFileSync(join(data, "dev-credentials.json"), "utf8")) as Credentials;
}

/** Waits for the file that says so, which stands in its folder whole or not at all. */
async function isReady(child: ChildProcess, place: string, ready: string): Promise<void> {
  const over = new AbortController();
  const deadline = AbortSignal.timeout(LATEST_MS);
  const signal = AbortSignal.any([over.signal, deadline]);
  const changes = watch(place, { signal });
  const ended = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`the server ended with ${code}`);
  });
  const written = (async () => {
    while (!existsSync(ready)) await once(changes, "change", { signal });
  })();
  try {
    await Promise.race([written, ended]);
  } finally {
    over.abort();
    await Promise.allSettled([written, ended]);
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(String(port)));
    });
  });
}

export function credentials(): Credentials {
  return JSON.parse(process.env.NOVAPULSE_E2E_CREDENTIALS ?? "{}") as Credentials;
}

export interface Target {
  url?: string;
  /** An API key or an access token. */
  token?: string;
}

/** An address to come from. */
export function address(): string {
  const byte = () => 1 + Math.floor(Math.random() * 254);
  return `10.${byte()}.${byte()}.${byte()}`;
}

/** A call with the API key of the demo company, unless told otherwise. */
export async function call<T>(method: string, path: string, body?: unknown, target: Target = {}): Promise<T> {
  const { url = BASE_URL, token = credentials().api_key } = target;
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "X-Forwarded-For": address(),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A call of the person who made the demo company; for what no API key may do. */
export function callAsOwner<T>(method: string, path: string, body?: unknown): Promise<T> {
  return call(method, path, body, { token: process.env.NOVAPULSE_E2E_OWNER });
}
