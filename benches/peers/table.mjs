// Turns the rows of both modes into a table: `node table.mjs ROWS.jsonl OUT.json`.

import { readFileSync, writeFileSync } from 'node:fs';

const [rowsPath, outPath] = process.argv.slice(2);
const rows = readFileSync(rowsPath, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const names = [...new Set(rows.map((row) => row.name))];

function cell(name, mode) {
  const row = rows.find((candidate) => candidate.name === name && candidate.mode === mode);
  if (!row) return '';
  const value = row.value < 100 ? row.value.toFixed(2) : Math.round(row.value).toLocaleString('en');
  const latency = row.p99_ms === undefined ? '' : ` (p50 ${row.p50_ms}, p99 ${row.p99_ms} ms)`;
  const counts = row.expected === undefined ? '' : ` (${row.received} of ${row.expected} received, ${row.logged} logged)`;
  return `${value} ${row.unit}${latency}${counts}`;
}

console.log('| BullMQ on Redis | appendfsync everysec | appendfsync always |');
console.log('|---|---|---|');
for (const name of names) console.log(`| ${name} | ${cell(name, 'everysec')} | ${cell(name, 'always')} |`);
writeFileSync(outPath, `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), rows }, null, 2)}\n`);
