// The bench's work on BullMQ: `node bench.mjs PORT MODE [--quick]`, one JSON object per measured row on standard output.
//
// Producer and worker share this one Node process, as in a small service; Redis is a process of its own and so is the
// receiver of webhooks (NOVAPULSE_RECEIVER names the bench program that plays it, so that both sides send to the same).

import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

import { Queue, Worker } from 'bullmq';
import Redis from 'ioredis';
import { Pool, request } from 'undici';

const [port, mode] = process.argv.slice(2);
const quick = process.argv.includes('--quick');
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const windowMs = quick ? 2000 : 8000;
const warmUpMs = quick ? 500 : 2000;
const secret = 'whsec_bm92YXB1bHNlLWJlbmNoLW5vdmFwdWxzZS1iZW5jaA==';
const pool = randomBytes(1 << 16).toString('hex');
const admin = new Redis(connection);

const now = () => (performance.timeOrigin + performance.now()) * 1000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// 512 bytes of JSON: sequence number, time of sending and padding that differs from job to job.
function payload(sequence) {
  const n = String(sequence).padStart(12, '0');
  const t = String(Math.floor(now())).padStart(16, '0');
  const head = `{"n":"${n}","t":"${t}","pad":"`;
  const from = (sequence * 97) % (pool.length - 512);
  return { n, t, pad: pool.slice(from, from + 512 - head.length - 2) };
}

class Latencies {
  values = [];
  record(ms) {
    this.values.push(ms);
  }
  quantile(share) {
    this.values.sort((a, b) => a - b);
    return this.values[Math.min(this.values.length - 1, Math.ceil(this.values.length * share) - 1)] ?? 0;
  }
}

function row(name, value, unit, detail = {}) {
  console.log(JSON.stringify({ mode, name, value, unit, ...detail }));
}

function rounded(latencies) {
  return { p50_ms: Number(latencies.quantile(0.5).toFixed(2)), p99_ms: Number(latencies.quantile(0.99).toFixed(2)) };
}

// A closed loop of `inFlight` callers; only what is answered inside the window counts.
async function closedLoop(inFlight, call) {
  const from = performance.now() + warmUpMs;
  const until = from + windowMs;
  const latencies = new Latencies();
  let next = 0;
  const loop = async () => {
    for (;;) {
      const sent = performance.now();
      if (sent >= until) return;
      await call(next++);
      const answered = performance.now();
      if (answered >= from && answered < until) latencies.record(answered - sent);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return latencies;
}

async function add() {
  for (const inFlight of [1, 64, 256]) {
    await admin.flushall();
    const queue = new Queue('bench', { connection });
    const latencies = await closedLoop(inFlight, (n) => queue.add('bench.noop', payload(n)));
    row(`add, ${inFlight} in flight`, (latencies.values.length / windowMs) * 1000, '/s', rounded(latencies));
    await queue.close();
  }
}

async function bulk() {
  await admin.flushall();
  const queue = new Queue('bench', { connection });
  const latencies = await closedLoop(1, (n) =>
    queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'bench.noop', data: payload(n * 1000 + i) }))),
  );
  row('addBulk(1000)', (latencies.values.length * 1e6) / windowMs, '/s', rounded(latencies));
  await queue.close();
}

async function startLatency() {
  await admin.flushall();
  const queue = new Queue('bench', { connection });
  const latencies = new Latencies();
  const seconds = quick ? 4 : 20;
  const total = 500 * seconds;
  let isWarm = false;
  const worker = new Worker('bench', async (job) => void (isWarm && latencies.record((now() - Number(job.data.t)) / 1000)), {
    connection,
    concurrency: 50,
    removeOnComplete: { count: 0 },
  });
  await worker.waitUntilReady();
  for (let n = 0; n < 200; n++) await queue.add('bench.noop', payload(n));
  await sleep(500);
  isWarm = true;
  const start = performance.now();
  const pending = [];
  for (let n = 0; n < total; ) {
    // Timers fire once per millisecond at best, so everything that is due leaves now.
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * 500) + 1);
    for (; n < due; n++) pending.push(queue.add('bench.noop', payload(n)));
    await sleep(1);
  }
  await Promise.all(pending);
  const deadline = performance.now() + 10_000;
  while (latencies.values.length < total && performance.now() < deadline) await sleep(20);
  row('add to start at 500/s, p99', latencies.quantile(0.99), 'ms', { ...rounded(latencies), samples: latencies.values.length, sent: total });
  await worker.close();
  await queue.close();
}

async function startReceiver() {
  const child = spawn(process.env.NOVAPULSE_RECEIVER, ['--role', 'receiver', '--threads', '2'], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, origin: `http://${line.trim().replace('listening ', '')}` };
  }
  throw new Error('the receiver did not start');
}

async function webhooks() {
  const receiver = await startReceiver();
  const total = quick ? 4000 : mode === 'always' ? 20_000 : 40_000;
  const ask = async (path) => (await request(receiver.origin + path)).body.json();
  for (const concurrency of [64, 256]) {
    await admin.flushall();
    await ask(`/reset?items=${total}&webhooks=1&`);
    const queue = new Queue('bench', { connection });
    for (let n = 0; n < total; n += 1000) {
      await queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'bench.deliver', data: payload(n + i) })));
    }
    // The queue is full before the clock starts, so enqueueing is not in the figure.
    const sockets = new Pool(receiver.origin, { connections: concurrency });
    const log = new Redis(connection);
    const started = now();
    const worker = new Worker('bench', (job) => deliver(job, sockets, log), {
      connection,
      concurrency,
      removeOnComplete: { count: 0 },
    });
    let stats = await ask('/stats');
    const deadline = performance.now() + 120_000;
    while (stats.unique < total && performance.now() < deadline) {
      await sleep(20);
      stats = await ask('/stats');
    }
    const rate = stats.unique / ((stats.last - started) / 1e6);
    await worker.close();
    const logged = await log.xlen('attempts');
    row(`webhooks, concurrency ${concurrency}`, rate, '/s', { received: stats.unique, expected: total, logged, bad_signatures: stats.bad_signatures });
    await Promise.all([queue.close(), log.quit(), sockets.close()]);
  }
  receiver.child.kill();
}

async function deliver(job, sockets, log) {
  const body = JSON.stringify({ id: job.id, type: 'bench', timestamp: new Date().toISOString(), data: job.data });
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const start = performance.now();
  const answer = await sockets.request({
    method: 'POST',
    path: '/ok/0',
    headers: { 'content-type': 'application/json', 'x-novapulse-signature': signature, 'x-novapulse-delivery-id': job.id },
    body,
  });
  const text = await answer.body.text();
  await log.xadd('attempts', '*', 'job', job.id, 'status', answer.statusCode, 'ms', (performance.now() - start).toFixed(2), 'body', text);
  if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`);
}

async function million() {
  await admin.flushall();
  const queue = new Queue('bench', { connection });
  const total = quick ? 100_000 : 1_000_000;
  const start = performance.now();
  for (let n = 0; n < total; n += 1000) {
    await queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'bench.noop', data: payload(n + i) })));
  }
  row('filling', (total / (performance.now() - start)) * 1000, '/s');
  const status = readFileSync(`/proc/${process.env.REDIS_PID}/status`, 'utf8');
  row(`Redis RSS with ${total} waiting jobs`, Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024, 'MiB');
  row('Node RSS', process.memoryUsage.rss() / (1 << 20), 'MiB');
  await queue.close();
}

await add();
await bulk();
await startLatency();
await webhooks();
// Memory does not depend on the sync mode, and filling takes a minute.
if (mode === 'everysec') await million();
await admin.quit();
