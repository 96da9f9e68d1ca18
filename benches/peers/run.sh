#!/usr/bin/env bash
# Measures BullMQ on Redis doing the work of `make bench`, on this machine, and prints a table.
# Usage: benches/peers/run.sh [--quick]. Rows also go to target/bench/peers.json.
# Installs redis-server (Debian) and the pinned npm packages when they are missing; starts a Redis of its own on a free
# loopback port with a directory of its own, and stops only that one.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

if ! command -v redis-server >/dev/null; then
  echo "installing redis-server" >&2
  as_root=""; [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get update -qq
  # The package would start a system-wide Redis, which is not ours to run.
  RUNLEVEL=1 $as_root apt-get install -y --no-install-recommends redis-server >&2
fi
[ -d node_modules/bullmq ] || npm ci --no-audit --no-fund >&2

# The receiver of webhooks is the bench program of NovaPulse, so that both sides send to the same one.
if [ -z "${NOVAPULSE_RECEIVER:-}" ]; then
  NOVAPULSE_RECEIVER=$(cd "$root" && cargo bench --bench novapulse --no-run --message-format=json 2>/dev/null |
    node -e 'const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
      const found = lines.findLast((l) => l.target?.name === "novapulse" && l.target.kind.includes("bench"));
      console.log(found?.executable ?? "")')
fi
[ -x "$NOVAPULSE_RECEIVER" ] || { echo "no receiver: build it with cargo bench --bench novapulse --no-run" >&2; exit 1; }
export NOVAPULSE_RECEIVER

mkdir -p "$root/target/bench"
work=$(mktemp -d "$root/target/bench/peers-XXXXXX")
redis_pid=
stop_redis() {
  if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; wait "$redis_pid" 2>/dev/null || true; redis_pid=; fi
}
trap 'stop_redis; rm -rf "$work"' EXIT

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

for mode in everysec always; do
  port=$(free_port)
  mkdir -p "$work/$mode"
  redis-server --port "$port" --bind 127.0.0.1 --dir "$work/$mode" --save "" --appendonly yes --appendfsync "$mode" \
    --daemonize no --logfile "$work/$mode/redis.log" --maxmemory-policy noeviction &
  redis_pid=$!
  for _ in $(seq 100); do redis-cli -p "$port" ping >/dev/null 2>&1 && break; sleep 0.1; done
  echo "appendfsync $mode" >&2
  stolen_before=$(awk '/^cpu /{print $9}' /proc/stat); start=$SECONDS
  REDIS_PID=$redis_pid node bench.mjs "$port" "$mode" "$@" | tee -a "$work/rows.jsonl" >&2
  stolen=$(( $(awk '/^cpu /{print $9}' /proc/stat) - stolen_before ))
  echo "host during this mode: $(( SECONDS - start )) s, $(awk -v t="$stolen" -v s="$(( SECONDS - start ))" 'BEGIN{printf "%.2f", t/100/(s?s:1)}') cores stolen" >&2
  stop_redis
  rm -rf "${work:?}/$mode"
done
node table.mjs "$work/rows.jsonl" "$root/target/bench/peers.json"
