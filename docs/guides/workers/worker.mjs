// A worker for NovaPulse with nothing but Node. It is TypeScript's subset too: types are in JSDoc, so `tsc --checkJs` reads them.
//
//   NOVAPULSE_URL=http://127.0.0.1:8080 NOVAPULSE_API_KEY=np_live_... node worker.mjs <queue>

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const url = `${process.env.NOVAPULSE_URL?.replace(/\/$/, "")}/api/v1`;
const name = `${hostname()}-${process.pid}`;
const leaseMs = 30_000;
let stopping = false;

/** The job is not ours any more: cancelled, timed out, or with another worker. */
class Stale extends Error {}

/**
 * Your work: returns the result, or throws. Look at the signal in long work.
 * @param {{id: string, kind: string, payload: unknown, lease_token: string}} job
 * @param {AbortSignal} signal
 */
async function handle(job, signal) {
  signal.throwIfAborted();
  return { echo: job.payload };
}

/**
 * One POST; repeated with the same idempotency key until there is an answer.
 * @param {string} path
 * @param {unknown} body
 * @param {string} [key]
 */
async function call(path, body, key) {
  /** @type {Record<string, string>} */
  const headers = { authorization: `Bearer ${process.env.NOVAPULSE_API_KEY}`, "content-type": "application/json" };
  if (key) headers["idempotency-key"] = key;
  for (let wait = 200; ; wait = Math.min(wait * 2, 10_000)) {
    let after = wait;
    try {
      const signal = AbortSignal.timeout(60_000);
      const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body), signal });
      if (answer.ok) return await answer.json();
      if (answer.status === 409) throw new Stale(await answer.text());
      if (answer.status !== 429 && answer.status !== 503) {
        throw Object.assign(new Error(await answer.text()), { refused: true });
      }
      after = Number(answer.headers.get("retry-after") ?? 0) * 1000 || wait;
    } catch (error) {
      if (error instanceof Stale || error.refused || (stopping && !key)) throw error;
    }
    await sleep(after);
  }
}

/** Runs one job and says how it ended. */
async function work(job) {
  const cancel = new AbortController();
  const path = `/jobs/${job.id}`;
  const token = { lease_token: job.lease_token };
  const alive = setInterval(async () => {
    try {
      const held = await call(`${path}/heartbeat`, { ...token, lease_ms: leaseMs });
      if (held.cancelled) cancel.abort();
    } catch (error) {
      if (error instanceof Stale) cancel.abort();
    }
  }, leaseMs / 3);
  let end;
  try {
    end = ["complete", { ...token, result: await handle(job, cancel.signal) }];
  } catch (error) {
    end = ["fail", { ...token, error: String(error) }];
  } finally {
    clearInterval(alive);
  }
  try {
    await call(`${path}/${end[0]}`, end[1], randomUUID());
  } catch (error) {
    if (!(error instanceof Stale)) throw error;
    console.error(`${job.id} was taken back`);
  }
}

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => (stopping = true));
let left = Number(process.env.WORKER_JOBS ?? 0) || Infinity;
while (!stopping && left > 0) {
  const order = { max: 1, wait_ms: 20_000, lease_ms: leaseMs, worker: name };
  const { jobs } = await call(`/queues/${process.argv[2]}/lease`, order);
  for (const job of jobs) {
    await work(job);
    left -= 1;
  }
}
