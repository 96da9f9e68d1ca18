//! Metrics of modules that keep their own figures: read when somebody asks, never kept twice.

use std::sync::{Arc, atomic::Ordering};

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::{
    outbound::Client,
    queue::{Pool, Queues, State},
    storage::{Db, Head},
};

/// The metrics that are read from their owners.
#[derive(Debug, Clone)]
pub(super) struct Readings {
    commits: IntCounter,
    transactions_waiting: IntGauge,
    disk_bytes: IntGauge,
    journals: IntGauge,
    cache_bytes: IntGauge,
    jobs: IntGaugeVec,
    workers: IntGaugeVec,
    attempts: IntCounterVec,
    connections_open: IntGauge,
    connections_idle: IntGauge,
    dials: IntCounter,
    refused: IntCounter,
}

impl Readings {
    /// Declares them.
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let readings = Self {
            commits: IntCounter::new("novapulse_storage_commits_total", "Group commits since the directory was made.")?,
            transactions_waiting: IntGauge::new("novapulse_storage_transactions_waiting", "Waiting for the writer.")?,
            disk_bytes: IntGauge::new("novapulse_storage_disk_bytes", "Tables and journals on disk.")?,
            journals: IntGauge::new("novapulse_storage_journals", "Journal files; many mean a slow start.")?,
            cache_bytes: IntGauge::new("novapulse_storage_cache_bytes", "Bytes of the block cache in use.")?,
            jobs: IntGaugeVec::new(Opts::new("novapulse_queue_jobs", "Jobs in each state."), &["queue", "state"])?,
            workers: IntGaugeVec::new(
                Opts::new("novapulse_queue_workers", "Handlers that run, and leases held outside."),
                &["queue"],
            )?,
            attempts: IntCounterVec::new(
                Opts::new("novapulse_queue_attempts_total", "Attempts of handlers: all, and those that went wrong."),
                &["queue", "outcome"],
            )?,
            connections_open: IntGauge::new("novapulse_outbound_connections", "Outbound connections open.")?,
            connections_idle: IntGauge::new("novapulse_outbound_connections_idle", "Of these, waiting for use.")?,
            dials: IntCounter::new("novapulse_outbound_dials_total", "Outbound connections tried.")?,
            refused: IntCounter::new("novapulse_outbound_refused_total", "Calls refused by the address guard.")?,
        };
        let Self { jobs, workers, attempts, .. } = &readings;
        for vector in [jobs, workers] {
            registry.register(Box::new(vector.clone()))?;
        }
        registry.register(Box::new(attempts.clone()))?;
        for counter in [&readings.commits, &readings.dials, &readings.refused] {
            registry.register(Box::new(counter.clone()))?;
        }
        for gauge in [
            &readings.transactions_waiting,
            &readings.disk_bytes,
            &readings.journals,
            &readings.cache_bytes,
            &readings.connections_open,
            &readings.connections_idle,
        ] {
            registry.register(Box::new(gauge.clone()))?;
        }
        Ok(readings)
    }

    /// Makes one row of each labelled metric, so that the reference lists them.
    pub(super) fn touch(&self) {
        self.jobs.with_label_values(&["email", State::Waiting.as_str()]);
        self.workers.with_label_values(&["email"]);
        self.attempts.with_label_values(&["email", "started"]);
    }

    /// Reads the store and the way out.
    pub(super) fn read_kernel(&self, db: &Db, outbound: &Client) {
        let stats = db.stats();
        if let Ok(head) = Head::read(&db.snapshot()) {
            raise(&self.commits, head.number);
        }
        set(&self.transactions_waiting, db.waiting() as u64);
        set(&self.disk_bytes, stats.disk_bytes);
        set(&self.journals, stats.journals);
        set(&self.cache_bytes, stats.cache_bytes);
        let stats = outbound.stats();
        set(&self.connections_open, stats.open as u64);
        set(&self.connections_idle, stats.idle as u64);
        raise(&self.dials, stats.dials);
        raise(&self.refused, stats.blocked);
    }

    /// Reads the queues and their pools.
    pub(super) fn read_queues(&self, db: &Db, queues: &Queues, pools: &[Pool]) {
        match queues.totals(&db.snapshot()) {
            Ok(totals) => {
                for total in totals {
                    let queue = total.queue.as_str();
                    set(&self.workers.with_label_values(&[queue]), total.workers as u64);
                    for (state, count) in State::ALL.into_iter().zip(total.counts) {
                        set(&self.jobs.with_label_values(&[queue, state.as_str()]), count);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the figures of the queues cannot be read: {error}"),
        }
        for pool in pools {
            let (queue, figures) = (pool.queue().as_str(), pool.figures());
            for (outcome, count) in [
                ("started", &figures.started),
                ("panicked", &figures.panicked),
                ("timed_out", &figures.timed_out),
                ("refused", &figures.refused),
            ] {
                raise(&self.attempts.with_label_values(&[queue, outcome]), count.load(Ordering::Relaxed));
            }
        }
    }
}

/// The pools, known only after everything else was opened.
pub(super) type Pools = Arc<std::sync::OnceLock<Vec<Pool>>>;

fn set(gauge: &IntGauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

fn raise(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}
