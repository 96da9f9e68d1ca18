//! How the instance is: readiness, health, metrics.
//!
//! Vocabulary: *live* means the process answers; *ready* means it takes work; *health* is the
//! whole picture, one check per part. Checks are given by the composition root as closures over
//! the parts, so that this slice knows none of them. Live never fails while the process
//! answers: restarting a process because its disk is full would help nobody.
//!
//! What the disk holds is told the same way: by a closure that looks, quickly and without reading rows.
//!
//! Deliberately absent: settings and backups.

pub mod api;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use serde_json::{Map, Value};

use crate::{
    base::Clock,
    blob,
    config::Secret,
    storage::{
        Head, Holdings,
        space::{Headroom, Room},
    },
    telemetry::Metrics,
};

/// Where the process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening the store; nothing is served yet.
    Starting,
    /// Taking work.
    Ready,
    /// Finishing what runs; new work is sent elsewhere.
    Stopping,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Works, and somebody should look.
    Degraded,
    /// Does not work; the instance is not ready.
    Down,
}

impl Status {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

/// What a check found out.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How the part is.
    pub status: Status,
    /// Figures and reasons; no secrets, because health is readable by anybody who reaches the port.
    pub facts: Map<String, Value>,
}

impl Finding {
    /// A finding with no facts yet.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self { status, facts: Map::new() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

/// Looks at one part; quick, and without I/O that can hang.
pub type Check = Box<dyn Fn() -> Finding + Send + Sync>;

/// Brings gauges up to date before the metrics are read.
pub type Refresh = Box<dyn Fn() + Send + Sync>;

/// Looks at what the data directory holds; may touch the disk.
pub type StorageLook = Box<dyn Fn() -> Stored + Send + Sync>;

/// What the data directory holds at one moment.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What the engine holds.
    pub holdings: Holdings,
    /// The newest commit; `None` when it cannot be read.
    pub head: Option<Head>,
    /// The disk it is on; `None` when the system does not tell.
    pub disk: Option<Disk>,
    /// What may be written.
    pub headroom: Headroom,
    /// Bytes of the file that is given back when the disk is full.
    pub reserve_bytes: u64,
    /// The files beside the store; `None` when they are in a bucket or cannot be counted.
    pub files: Option<blob::Survey>,
}

/// The disk under the data directory.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    /// How large it is, and how much is free.
    pub room: Room,
    /// Below this many free bytes new work is refused.
    pub short_bytes: u64,
    /// Below this many free bytes nothing is written but what frees space.
    pub exhausted_bytes: u64,
}

/// What the slice is put together from.
pub struct Parts {
    /// The registry behind `/metrics`.
    pub metrics: Metrics,
    /// For the time since the start.
    pub clock: Arc<dyn Clock>,
    /// Bearer token for `/metrics`; open when `None`.
    pub metrics_token: Option<Secret>,
    /// The checks by name.
    pub checks: Vec<(&'static str, Check)>,
    /// What to do before metrics are read.
    pub refresh: Vec<Refresh>,
    /// What the data directory holds.
    pub storage: StorageLook,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// The handle; cheap to clone.
#[derive(Debug, Clone)]
pub struct System {
    parts: Arc<Parts>,
    phase: Arc<AtomicU8>,
    started_ms: u64,
}

/// The whole picture at one moment.
#[derive(Debug, Clone)]
pub struct Health {
    /// The worst of all checks, and down while not ready.
    pub status: Status,
    /// Where the process is in its life.
    pub phase: Phase,
    /// Time since the start.
    pub uptime_seconds: u64,
    /// Each check's finding.
    pub checks: Vec<(&'static str, Finding)>,
}

impl System {
    /// Puts the slice together; the phase is [`Phase::Starting`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let started_ms = parts.clock.mono_ms();
        Self { parts: Arc::new(parts), phase: Arc::new(AtomicU8::new(Phase::Starting as u8)), started_ms }
    }

    /// Moves on to the next part of the process's life.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    /// Where the process is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Stopping,
        }
    }

    /// Runs every check.
    #[must_use]
    pub fn health(&self) -> Health {
        let phase = self.phase();
        let checks: Vec<_> = self.parts.checks.iter().map(|(name, check)| (*name, check())).collect();
        let of_phase = if phase == Phase::Ready { Status::Ok } else { Status::Down };
        let status = checks.iter().map(|(_, finding)| finding.status).fold(of_phase, Status::max);
        let uptime_seconds = self.parts.clock.mono_ms().saturating_sub(self.started_ms) / 1000;
        Health { status, phase, uptime_seconds, checks }
    }

    /// The metrics now, in the Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        for refresh in &self.parts.refresh {
            refresh();
        }
        self.parts.metrics.render()
    }

    /// What the data directory holds now.
    #[must_use]
    pub fn stored(&self) -> Stored {
        (self.parts.storage)()
    }

    /// Whether `/metrics` may be read with this bearer token.
    #[must_use]
    pub fn may_read_metrics(&self, token: Option<&str>) -> bool {
        use subtle::ConstantTimeEq as _;
        let Some(wanted) = &self.parts.metrics_token else { return true };
        token.is_some_and(|token| token.as_bytes().ct_eq(wanted.expose().as_bytes()).into())
    }
}
