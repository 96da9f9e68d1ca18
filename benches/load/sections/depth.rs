//! Whether a long line costs more than a short one: enqueue, lease, list and search beside ten million waiting jobs.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Scale, fill_queue};
use crate::{
    api::Api,
    children::Server,
    histogram::Histogram,
    machine,
    report::{Report, Row, Target, figure},
};

const ROUNDS: usize = 2_000;
const PAGES: usize = 200;
/// First pages that people ask for, behind the name of the queue: what it is, the query, and whether there is a whole page.
const SEARCHES: [(&str, &str, bool); 6] = [
    ("a list of those that wait", "&state=waiting", true),
    ("a list of all, newest first", "", true),
    ("a search by tag", "&tag=bench", true),
    ("a search by payload field", "&q=payload.order:17", false),
    ("a search by kind that nothing has", "&kind=bench.none", false),
    ("a search by text that nothing has", "&q=needle", false),
];

struct Costs {
    enqueue: Histogram,
    lease: Histogram,
    /// As [`SEARCHES`].
    pages: Vec<Histogram>,
}

/// Ten thousand jobs first, then ten million, in one server.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let server = Server::start()?;
    let (few, many) = (10_000, scale.items(10_000_000));
    fill_queue(&server, "bench-short", few)?;
    let short = measure(&server, "bench-short")?;
    fill_queue(&server, "bench-long", many)?;
    let long = measure(&server, "bench-long")?;
    let depth = format!("{} waiting beside {}", figure(many as f64), figure(few as f64));
    for (what, short, long) in [("enqueue", &short.enqueue, &long.enqueue), ("lease", &short.lease, &long.lease)] {
        let (few_us, many_us) = (short.quantile(0.5) as f64, long.quantile(0.5) as f64);
        report.push(
            Row::new(format!("{what}, {depth}"), many_us / few_us.max(1.0), "x")
                .target(Target::AtMost(1.2))
                .note(format!("p50 {many_us:.0} µs beside {few_us:.0} µs, one at a time, durable")),
        );
    }
    for ((what, ..), times) in SEARCHES.iter().zip(&long.pages) {
        report.push(
            Row::new(format!("first page of {what}, p95"), times.quantile(0.95) as f64 / 1e3, "ms")
                .target(Target::AtMost(20.0))
                .note(format!("p50 {:.1} ms over {PAGES} pages of 50", times.quantile(0.5) as f64 / 1e3)),
        );
    }
    let rss = machine::memory_mib(server.pid(), "VmRSS")?;
    report.push(Row::new(format!("memory, {} waiting", figure(many as f64)), rss, "MiB").target(Target::AtMost(600.0)));
    Ok(())
}

fn measure(server: &Server, queue: &str) -> Result<Costs> {
    let mut api = Api::new(server)?;
    let mut costs = Costs { enqueue: Histogram::default(), lease: Histogram::default(), pages: Vec::new() };
    api.call("PATCH", &format!("/queues/{queue}"), &json!({ "search_fields": ["order"] }))?;
    let pad = "x".repeat(480);
    let lease = json!({ "max": 1, "lease_ms": 60_000, "wait_ms": 0, "worker": "bench" });
    for round in 0..ROUNDS {
        let payload = json!({ "order": round, "pad": pad });
        let order = json!({ "queue": queue, "kind": "bench.noop", "tags": ["bench"], "payload": payload });
        let start = Instant::now();
        api.call("POST", "/jobs", &order)?;
        costs.enqueue.record(start.elapsed().as_micros() as u64);
        let start = Instant::now();
        let leased = api.call("POST", &format!("/queues/{queue}/lease"), &lease)?;
        costs.lease.record(start.elapsed().as_micros() as u64);
        let job = leased.pointer("/jobs/0").context("nothing was leased")?;
        let id = job.get("id").and_then(Value::as_str).context("a job without id")?;
        api.call("POST", &format!("/jobs/{id}/complete"), &json!({ "lease_token": job.get("lease_token") }))?;
    }
    for (what, query, is_whole) in SEARCHES {
        let mut times = Histogram::default();
        for _ in 0..PAGES {
            let start = Instant::now();
            let page = api.call("GET", &format!("/jobs?queue={queue}{query}&limit=50"), &Value::Null)?;
            times.record(start.elapsed().as_micros() as u64);
            let rows = page.get("data").and_then(Value::as_array).map_or(0, Vec::len);
            ensure!(!is_whole || rows == 50, "{what}: a page of {rows}");
        }
        costs.pages.push(times);
    }
    Ok(costs)
}
