//! The closed-loop driver: a fixed number of connections, each sending its next request when the last is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::{
    histogram::Histogram,
    wire::{Connection, Request, now_micros},
};

/// What to send, over how many connections and for how long.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// One request per kind; a connection takes them in turn.
    pub(crate) requests: Vec<Request>,
    /// How many sequence numbers one request uses up (a batch uses as many as it has items).
    pub(crate) items_per_request: u64,
    pub(crate) connections: usize,
    pub(crate) threads: usize,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
    /// No sequence number at or above this one is sent.
    pub(crate) limit: u64,
}

/// What came of it. Only answers inside the measured window count.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    pub(crate) refusal: Option<String>,
    pub(crate) seconds: f64,
    pub(crate) latency: Histogram,
    /// Items acknowledged, outside the window too.
    pub(crate) acknowledged: u64,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.seconds.max(1e-9)
    }
}

/// Drives the load and waits for its end, at most `warm_up + duration` plus one answer.
pub(crate) fn run(load: &Load) -> Result<Outcome> {
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let threads: Vec<_> = (0..load.threads.max(1))
        .map(|thread| {
            let load = load.clone();
            let next = Arc::clone(&next);
            thread::spawn(move || drive_thread(&load, thread, &next, start))
        })
        .collect();
    let mut all = Outcome::default();
    for thread in threads {
        let one = thread.join().map_err(|_| anyhow::anyhow!("a client thread panicked"))??;
        all.answered += one.answered;
        all.refused += one.refused;
        all.acknowledged += one.acknowledged;
        all.refusal = all.refusal.or(one.refusal);
        all.latency.merge(&one.latency);
    }
    all.seconds = start.elapsed().min(load.warm_up + load.duration).saturating_sub(load.warm_up).as_secs_f64();
    Ok(all)
}

fn drive_thread(load: &Load, thread: usize, next: &Arc<AtomicU64>, start: Instant) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = JoinSet::new();
        for index in (thread..load.connections).step_by(load.threads.max(1)) {
            connections.spawn(drive_connection(load.clone(), index, Arc::clone(next), start));
        }
        let mut sum = Outcome::default();
        while let Some(one) = connections.join_next().await {
            let one = one.context("a connection's task")??;
            sum.answered += one.answered;
            sum.refused += one.refused;
            sum.acknowledged += one.acknowledged;
            sum.refusal = sum.refusal.or(one.refusal);
            sum.latency.merge(&one.latency);
        }
        Ok(sum)
    })
}

async fn drive_connection(load: Load, index: usize, next: Arc<AtomicU64>, start: Instant) -> Result<Outcome> {
    let mut connection = Connection::open(load.address).await?;
    let mut requests = load.requests;
    let from = start + load.warm_up;
    let until = from + load.duration;
    let mut outcome = Outcome::default();
    let kinds = requests.len();
    let mut turn = index;
    loop {
        let sent = Instant::now();
        if sent >= until {
            return Ok(outcome);
        }
        let sequence = next.fetch_add(load.items_per_request, Ordering::Relaxed);
        if sequence >= load.limit {
            return Ok(outcome);
        }
        turn += 1;
        let Some(request) = requests.get_mut(turn % kinds) else { return Ok(outcome) };
        let (status, body) = connection.exchange(request.patch(sequence, now_micros())).await?;
        let answered = Instant::now();
        if !(200..300).contains(&status) {
            outcome.refused += 1;
            if outcome.refusal.is_none() {
                outcome.refusal = Some(format!("{status}: {}", String::from_utf8_lossy(body)));
            }
            continue;
        }
        outcome.acknowledged += load.items_per_request;
        if answered >= from && answered < until {
            outcome.answered += 1;
            outcome.latency.record(answered.duration_since(sent).as_micros() as u64);
        }
    }
}
