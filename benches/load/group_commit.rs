//! The rate at which this disk can make small records durable when callers share a sync.
//!
//! Callers are tokio tasks that wait for their own record; one thread collects what arrived during the previous
//! sync, appends it with one write and calls `fdatasync`, as the writer of the storage kernel does.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::histogram::Histogram;

/// Bytes of one record: a 512 B payload and what a job needs beside it.
const RECORD: usize = 600;

struct Waiting {
    answer: oneshot::Sender<()>,
}

/// What a run measured.
pub(crate) struct Rate {
    pub(crate) records_per_second: f64,
    pub(crate) syncs_per_second: f64,
    pub(crate) latency: Histogram,
}

/// Measures for `duration` with this many callers, each waiting for its record.
pub(crate) fn measure(directory: &Path, callers: usize, duration: Duration) -> Result<Rate> {
    let file = tempfile::Builder::new().prefix("sync-").tempfile_in(directory)?;
    let (sender, receiver) = mpsc::channel(callers);
    let committer = {
        let file = file.reopen()?;
        std::thread::spawn(move || commit(file, receiver))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let start = Instant::now();
    let latency = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            tasks.spawn(call(sender.clone(), start + duration));
        }
        drop(sender);
        let mut all = Histogram::default();
        while let Some(one) = tasks.join_next().await {
            all.merge(&one?);
        }
        anyhow::Ok(all)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let syncs = committer.join().map_err(|_| anyhow::anyhow!("the committer panicked"))??;
    Ok(Rate { records_per_second: latency.total() as f64 / seconds, syncs_per_second: syncs as f64 / seconds, latency })
}

async fn call(sender: mpsc::Sender<Waiting>, until: Instant) -> Histogram {
    let mut latency = Histogram::default();
    while Instant::now() < until {
        let start = Instant::now();
        let (answer, answered) = oneshot::channel();
        if sender.send(Waiting { answer }).await.is_err() || answered.await.is_err() {
            break;
        }
        latency.record(start.elapsed().as_micros() as u64);
    }
    latency
}

fn commit(mut file: File, mut receiver: mpsc::Receiver<Waiting>) -> Result<u64> {
    let mut syncs = 0;
    let mut group = Vec::new();
    let mut bytes = Vec::new();
    while let Some(first) = receiver.blocking_recv() {
        group.push(first);
        while let Ok(next) = receiver.try_recv() {
            group.push(next);
        }
        bytes.resize(group.len() * RECORD, b'x');
        file.write_all(&bytes)?;
        file.sync_data()?;
        syncs += 1;
        for waiting in group.drain(..) {
            // A caller that has stopped waiting needs no answer.
            waiting.answer.send(()).ok();
        }
    }
    Ok(syncs)
}
