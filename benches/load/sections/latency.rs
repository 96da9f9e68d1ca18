//! From enqueue to the start of work at 500 per second, seen from outside and in the log.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Scale, event, job, pace, post};
use crate::{
    api::Api,
    children::{Role, Server},
    histogram::Histogram,
    receiver,
    report::{Report, Row, Target, millis},
    wire::{BlockingConnection, Request, now_micros},
};

const PER_SECOND: u32 = 500;
const WORKERS: usize = 8;
const QUEUE: &str = "bench-latency";

/// Deliveries (in-process handlers), then jobs leased by waiting external workers.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let duration = Duration::from_secs(if scale.is_quick { 4 } else { 20 });
    deliveries(duration, report)?;
    leases(duration, report)
}

fn deliveries(duration: Duration, report: &mut Report) -> Result<()> {
    let receiver = Role::start("receiver", 1)?;
    let server = Server::start()?;
    let mut api = Api::new(&server)?;
    api.clear_webhooks()?;
    let webhook = api.create_webhook(&format!("http://{}/ok/0", receiver.address), "bench.paced")?;
    let request = post(&server, "/events", &event("bench.paced"));
    // A second of warm-up opens the connections on both sides.
    pace::send(&request, server.address, PER_SECOND, Duration::from_secs(1), 0)?;
    let total = u64::from(PER_SECOND) * duration.as_secs();
    receiver::reset(receiver.address, total + 1, 1)?;
    let (sent, answers) = pace::send(&request, server.address, PER_SECOND, duration, 0)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut stats = receiver::stats(receiver.address)?;
    while stats.unique < sent && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        stats = receiver::stats(receiver.address)?;
    }
    report.push(
        Row::new("event sent to delivery received at 500/s, p99", stats.p99 as f64 / 1e3, "ms")
            .target(Target::AtMost(5.0))
            .note(format!("p50 {}, max {}; {} of {sent} received", millis(stats.p50), millis(stats.max), stats.unique)),
    );
    report.push(
        Row::new("event ingest answered at 500/s, p99", answers.quantile(0.99) as f64 / 1e3, "ms").note(format!(
            "p50 {}, max {}",
            millis(answers.quantile(0.5)),
            millis(answers.max())
        )),
    );
    let logged = logged_starts(&mut api, &webhook)?;
    report.push(
        Row::new("delivery created to attempt started (log), p99", logged.quantile(0.99) as f64 / 1e3, "ms")
            .target(Target::AtMost(5.0))
            .note(format!(
                "p50 {}, max {}; {} entries, whole milliseconds",
                millis(logged.quantile(0.5)),
                millis(logged.max()),
                logged.total()
            )),
    );
    Ok(())
}

/// From a delivery's creation to the start of its first attempt, over the newest entries of the log.
fn logged_starts(api: &mut Api, webhook: &str) -> Result<Histogram> {
    let mut starts = Histogram::default();
    let mut cursor = String::new();
    for _ in 0..8 {
        let page = api.call("GET", &format!("/webhooks/{webhook}/logs?limit=250{cursor}"), &Value::Null)?;
        for delivery in page.get("data").and_then(Value::as_array).into_iter().flatten() {
            // The newest deliveries may have been received a moment before their attempt was logged.
            let Some(started) = delivery.pointer("/attempts/0/started_at").and_then(Value::as_str) else { continue };
            let created = delivery.get("created_at").and_then(Value::as_str);
            let micros = micros_between(created, Some(started));
            starts.record(micros.with_context(|| format!("no times in {delivery}"))?);
        }
        let Some(next) = page.get("next_cursor").and_then(Value::as_str) else { break };
        cursor = format!("&cursor={next}");
    }
    Ok(starts)
}

fn micros_between(from: Option<&str>, to: Option<&str>) -> Option<u64> {
    let from: jiff::Timestamp = from?.parse().ok()?;
    let to: jiff::Timestamp = to?.parse().ok()?;
    u64::try_from(to.as_microsecond() - from.as_microsecond()).ok()
}

fn leases(duration: Duration, report: &mut Report) -> Result<()> {
    let server = Server::start()?;
    let request = post(&server, "/jobs", &job(QUEUE));
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (address, key, stop) = (server.address, server.api_key.clone(), Arc::clone(&stop));
            thread::spawn(move || work(address, &key, worker, &stop))
        })
        .collect();
    let sent = pace::send(&request, server.address, PER_SECOND, duration, 0);
    // Long polls end by themselves within their wait.
    stop.store(true, Ordering::Relaxed);
    let mut starts = Histogram::default();
    let mut ids = Vec::new();
    for worker in workers {
        let (one, leased) = worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        starts.merge(&one);
        ids.extend(leased);
    }
    let (sent, _) = sent?;
    report.push(
        Row::new("job sent to leased by a waiting worker, p99", starts.quantile(0.99) as f64 / 1e3, "ms")
            .target(Target::AtMost(5.0))
            .note(format!(
                "p50 {}, max {}; {} of {sent} leased",
                millis(starts.quantile(0.5)),
                millis(starts.max()),
                starts.total()
            )),
    );
    let mut api = Api::new(&server)?;
    let mut recorded = Histogram::default();
    for id in ids.iter().rev().step_by(ids.len().div_ceil(500).max(1)) {
        let job = api.call("GET", &format!("/jobs/{id}"), &Value::Null)?;
        let at = |field: &str| job.get(field).and_then(Value::as_str);
        if let Some(micros) = micros_between(at("created_at"), at("started_at")) {
            recorded.record(micros);
        }
    }
    report.push(
        Row::new("job created_at to started_at, p99", recorded.quantile(0.99) as f64 / 1e3, "ms").note(format!(
            "p50 {}; {} jobs read, whole milliseconds",
            millis(recorded.quantile(0.5)),
            recorded.total()
        )),
    );
    Ok(())
}

fn work(address: SocketAddr, key: &str, worker: usize, stop: &AtomicBool) -> Result<(Histogram, Vec<String>)> {
    let mut connection = BlockingConnection::open(address)?;
    let body = json!({ "max": 4, "lease_ms": 30_000, "wait_ms": 1_000, "worker": format!("bench-{worker}") });
    let mut lease = Request::new("POST", &format!("/api/v1/queues/{QUEUE}/lease"), address, key, &body.to_string());
    let mut starts = Histogram::default();
    let mut ids = Vec::new();
    loop {
        let was_stopped = stop.load(Ordering::Relaxed);
        let (status, answer) = connection.exchange(lease.patch(0, 0))?;
        let now = now_micros();
        anyhow::ensure!(status == 200, "lease: {status} {}", String::from_utf8_lossy(answer));
        let answer: Value = serde_json::from_slice(answer)?;
        let jobs = answer.get("jobs").and_then(Value::as_array).cloned().unwrap_or_default();
        if jobs.is_empty() && was_stopped {
            return Ok((starts, ids));
        }
        for job in jobs {
            let sent = job.pointer("/payload/t").and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok());
            starts.record(now.saturating_sub(sent.context("no time in the payload")?));
            let id = job.get("id").and_then(Value::as_str).context("a job without id")?.to_owned();
            let body = json!({ "lease_token": job.get("lease_token") });
            let path = format!("/api/v1/jobs/{id}/complete");
            let mut complete = Request::new("POST", &path, address, key, &body.to_string());
            let (status, answer) = connection.exchange(complete.patch(0, 0))?;
            anyhow::ensure!(status < 300, "complete: {status} {}", String::from_utf8_lossy(answer));
            ids.push(id);
        }
    }
}
