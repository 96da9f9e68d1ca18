"""A worker for NovaPulse with nothing but Python's standard library.

    NOVAPULSE_URL=http://127.0.0.1:8080 NOVAPULSE_API_KEY=np_live_... python3 worker.py <queue>
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ["NOVAPULSE_URL"].rstrip("/") + "/api/v1"
KEY = os.environ["NOVAPULSE_API_KEY"]
NAME = f"{socket.gethostname()}-{os.getpid()}"
LEASE_MS = 30_000
stopping = threading.Event()


class Stale(Exception):
    """The job is not ours any more: cancelled, timed out, or with another worker."""


def handle(job, cancelled):
    """Your work: returns the result, or raises. Look at `cancelled` in long work."""
    return {"echo": job["payload"]}


def call(path, body, key=None):
    """One POST; repeated with the same idempotency key until there is an answer."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    if key:
        headers["idempotency-key"] = key
    wait = 0.2
    while True:
        request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 409:
                raise Stale from error
            if error.code not in (429, 503):
                raise
            wait = float(error.headers.get("retry-after") or wait)
        except OSError:
            if stopping.is_set() and key is None:
                raise
        time.sleep(wait)
        wait = min(wait * 2, 10)


def keep_alive(job, done, cancelled):
    """Says every third of the lease that the job is being worked on."""
    while not done.wait(LEASE_MS / 3000):
        try:
            body = {"lease_token": job["lease_token"], "lease_ms": LEASE_MS}
            if call(f"/jobs/{job['id']}/heartbeat", body)["cancelled"]:
                cancelled.set()
        except Stale:
            cancelled.set()
        if cancelled.is_set():
            return


def work(job):
    """Runs one job and says how it ended."""
    done, cancelled = threading.Event(), threading.Event()
    threading.Thread(target=keep_alive, args=(job, done, cancelled), daemon=True).start()
    path = f"/jobs/{job['id']}"
    token = {"lease_token": job["lease_token"]}
    try:
        end, body = "complete", {**token, "result": handle(job, cancelled)}
    except Exception as error:
        end, body = "fail", {**token, "error": f"{type(error).__name__}: {error}"}
    finally:
        done.set()
    try:
        call(f"{path}/{end}", body, key=str(uuid.uuid4()))
    except Stale:
        print(f"{job['id']} was taken back", file=sys.stderr)


def main():
    queue = sys.argv[1]
    left = int(os.environ.get("WORKER_JOBS", "0")) or None
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    while not stopping.is_set() and left != 0:
        order = {"max": 1, "wait_ms": 20_000, "lease_ms": LEASE_MS, "worker": NAME}
        for job in call(f"/queues/{queue}/lease", order)["jobs"]:
            work(job)
            left = left and left - 1


if __name__ == "__main__":
    main()
