//! The sections of a run, each measuring one thing with processes of its own.

mod access;
mod ceilings;
mod deliveries;
mod depth;
mod due;
mod enqueue;
mod isolation;
mod kernel;
mod latency;
mod million;
mod others;
mod pace;
mod reports;
mod schedules;
mod workers;

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::{
    children::Server,
    drive::{self, Load, Outcome},
    report::Report,
    wire::{Request, SENT_AT, SEQUENCE, pad},
};

/// How long and how much.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) is_quick: bool,
}

impl Scale {
    /// The measured window of one cell.
    pub(crate) const fn window(self) -> Duration {
        Duration::from_secs(if self.is_quick { 2 } else { 8 })
    }

    /// What runs before the window and does not count.
    pub(crate) const fn warm_up(self) -> Duration {
        Duration::from_millis(if self.is_quick { 500 } else { 2_000 })
    }

    /// A number of items: full or a tenth of it.
    pub(crate) const fn items(self, full: u64) -> u64 {
        if self.is_quick { full / 10 } else { full }
    }
}

/// A section: its name on the command line, what it is in words, and how it runs.
pub(crate) type Section = (&'static str, &'static str, fn(Scale, &mut Report) -> Result<()>);

/// All of them, in the order of a full run.
pub(crate) const ALL: [Section; 15] = [
    ("ceilings", "What the machine gives: HTTP in, HTTP out, shared fdatasync", ceilings::run),
    ("enqueue", "Durable single enqueue and event ingest over HTTP", enqueue::singles),
    ("batch", "Durable batch enqueue, 1,000 jobs per request", enqueue::batches),
    ("deliveries", "End to end: event in, signed delivery out, attempt logged", deliveries::run),
    ("latency", "Enqueue to start at 500 per second", latency::run),
    ("workers", "Workers outside: lease and complete over HTTP", workers::run),
    ("noop", "Jobs that do nothing, in this process", kernel::no_ops),
    ("fairness", "A company with ten jobs beside one with a million", kernel::fairness),
    ("due", "One million jobs due in the same second", due::run),
    ("schedules", "A hundred thousand schedules due in the same second", schedules::run),
    ("million", "One million waiting jobs: memory, disk, ready after SIGKILL", million::run),
    ("reports", "A report over one million jobs: time and memory, CSV and XLSX", reports::run),
    ("depth", "Ten million waiting jobs: what enqueue, lease and list cost", depth::run),
    ("access", "What letting people and keys in costs", access::run),
    ("isolation", "A healthy webhook beside one that hangs with a backlog", isolation::run),
];

/// Number of jobs or events in one batch request.
const BATCH: u64 = 1_000;
/// Bytes of a job's payload and of an event's data.
const PAYLOAD: usize = 512;

/// A JSON object of exactly [`PAYLOAD`] bytes with sequence number, time of sending and padding.
fn payload() -> String {
    let head = format!(r#"{{"n":"{SEQUENCE}","t":"{SENT_AT}","pad":""#);
    let rest = PAYLOAD - head.len() - 2;
    format!("{head}{}\"}}", pad(rest))
}

fn job(queue: &str) -> String {
    format!(r#"{{"queue":"{queue}","kind":"bench.noop","payload":{}}}"#, payload())
}

fn event(event_type: &str) -> String {
    format!(r#"{{"type":"{event_type}","data":{}}}"#, payload())
}

fn batch_of(field: &str, item: &str) -> String {
    format!(r#"{{"{field}":[{}]}}"#, vec![item; BATCH as usize].join(","))
}

/// How long a server may take to be filled.
const FILLING_LIMIT: Duration = Duration::from_mins(5);

/// Sends a batch again and again until so many items are taken; what came of it.
fn fill(server: &Server, path: &str, batch: &str, connections: usize, total: u64) -> Result<Outcome> {
    let load = Load {
        address: server.address,
        requests: vec![post(server, path, batch)],
        items_per_request: BATCH,
        connections,
        threads: 1,
        warm_up: Duration::ZERO,
        duration: FILLING_LIMIT,
        limit: total,
    };
    let outcome = drive::run(&load)?;
    if let Some(refusal) = &outcome.refusal {
        bail!("{} batches were refused, the first with {refusal}", outcome.refused);
    }
    ensure!(outcome.acknowledged >= total, "only {} of {total} items were taken", outcome.acknowledged);
    Ok(outcome)
}

/// Puts so many jobs into a queue; what came of it.
fn fill_queue(server: &Server, queue: &str, total: u64) -> Result<Outcome> {
    fill(server, "/jobs/batch", &batch_of("jobs", &job(queue)), 4, total)
}

fn post(server: &Server, path: &str, body: &str) -> Request {
    Request::new("POST", &format!("/api/v1{path}"), server.address, &server.api_key, body)
}
