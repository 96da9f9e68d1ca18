//! The figures of a queue: built-in defaults, and what an operator may change.

use serde::{Deserialize, Serialize};

use super::{job::RetryPolicy, name::QueueName, token::TokenKey};
use crate::base::Backoff;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How long finished jobs are kept; whichever limit is reached first removes the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Not longer than this.
    pub age_ms: u64,
    /// Not more than this many of a company in a queue, in each state.
    pub count: u64,
    /// Not more payload than this of a company in a queue, in each state.
    pub bytes: u64,
}

/// What is kept of finished jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Completed and cancelled jobs.
    pub done: Keep,
    /// Failed jobs: the dead letters.
    pub failed: Keep,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            done: Keep { age_ms: 3 * DAY_MS, count: 1_000_000, bytes: 1 << 30 },
            failed: Keep { age_ms: 30 * DAY_MS, count: 1_000_000, bytes: 1 << 30 },
        }
    }
}

/// The figures of one queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// Handlers that run at once in this process.
    pub concurrency: u32,
    /// Jobs of one group that run at once, unless the group has its own policy; `None` sets no limit.
    pub group_concurrency: Option<u32>,
    /// Jobs started per second over all companies; `None` sets no limit.
    pub rate_per_second: Option<f64>,
    /// Used by jobs that bring no policy of their own.
    pub retry: RetryPolicy,
    /// The longest one attempt may take, unless the job says otherwise; `None` sets no limit.
    pub timeout_ms: Option<u64>,
    /// What is kept of finished jobs.
    pub retention: Retention,
    /// Paths into payloads, such as `order.id`, whose values jobs accepted from then on are found by.
    #[serde(default)]
    pub search_fields: Vec<String>,
}

/// The least places a pool has of which some are kept.
const SHARED_FROM: usize = 8;

/// How many places of a pool are kept at most for companies that have little running.
pub(super) const fn kept_places(concurrency: usize) -> usize {
    if concurrency < SHARED_FROM { 0 } else { concurrency / 4 }
}

impl Default for QueueSettings {
    /// What a queue made by first use gets.
    fn default() -> Self {
        Self {
            concurrency: 10,
            group_concurrency: None,
            rate_per_second: None,
            retry: RetryPolicy { attempts: 4, backoff: Backoff::exponential(1_000).with_max(DAY_MS) },
            timeout_ms: None,
            retention: Retention::default(),
            search_fields: Vec::new(),
        }
    }
}

impl QueueSettings {
    /// The defaults of a queue by its name, on a machine with this many cores.
    #[must_use]
    pub fn for_queue(name: &QueueName, cores: u32) -> Self {
        let other = Self::default();
        match name.as_str() {
            QueueName::EMAIL => Self {
                concurrency: 5,
                // Two days: 5 s, doubled up to 4 h. Servers that greylist want an hour, those that are away a night.
                retry: RetryPolicy {
                    attempts: 24,
                    backoff: Backoff::exponential(5_000).with_max(4 * HOUR_MS).with_jitter(0.1),
                },
                timeout_ms: Some(MINUTE_MS),
                ..other
            },
            QueueName::WEBHOOK => Self {
                concurrency: 512,
                group_concurrency: Some(10),
                retry: RetryPolicy {
                    attempts: 4,
                    backoff: Backoff::exponential(5_000).with_max(DAY_MS).with_jitter(0.2),
                },
                timeout_ms: Some(MINUTE_MS),
                ..other
            },
            QueueName::WORKFLOW => Self {
                concurrency: cores.saturating_mul(3).max(1),
                retry: RetryPolicy { attempts: 4, backoff: Backoff::exponential(1_000).with_max(DAY_MS) },
                timeout_ms: Some(10 * MINUTE_MS),
                ..other
            },
            QueueName::REPORT => Self {
                concurrency: 2,
                retry: RetryPolicy { attempts: 3, backoff: Backoff::fixed(30_000) },
                timeout_ms: Some(30 * MINUTE_MS),
                ..other
            },
            QueueName::ACTIONS => Self { concurrency: 2, ..other },
            _ => other,
        }
    }
}

/// Limits of a group; set by the owner of the group, for a webhook by its slice.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct GroupPolicy {
    /// Jobs of the group that run at once; `None` follows the queue.
    pub concurrency: Option<u32>,
    /// Jobs of the group started per second.
    pub rate_per_second: Option<f64>,
    /// Nothing of the group starts before this reading of the monotonic clock: an open breaker.
    pub blocked_until_mono_ms: Option<u64>,
    /// Nothing starts while one of its jobs is not settled: a breaker that lets probes through.
    pub is_one_by_one: bool,
    /// One at a time, in order; a retrying job holds back those behind it.
    pub is_ordered: bool,
}

/// What the queue kernel is told at start.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// Overrides the concurrency of every built-in queue (`QUEUE_CONCURRENCY`).
    pub concurrency: Option<u32>,
    /// Processors of this machine.
    pub cores: u32,
    /// Groups of one queue held in memory; more are found on disk in turn.
    pub groups_in_memory: usize,
    /// Jobs of one queue whose place is held in memory ahead of their start.
    pub refs_in_memory: usize,
    /// Leases external workers may hold per queue.
    pub external_leases: usize,
    /// How often lost leases are looked for.
    pub rescue_every_ms: u64,
    /// How often finished jobs are checked against the retention.
    pub retention_every_ms: u64,
    /// Makes lease tokens; without one they end with the process.
    pub tokens: Option<TokenKey>,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            concurrency: None,
            cores: std::thread::available_parallelism().map_or(4, |cores| cores.get() as u32),
            groups_in_memory: 4096,
            refs_in_memory: 65_536,
            external_leases: 100_000,
            rescue_every_ms: 5_000,
            retention_every_ms: 15_000,
            tokens: None,
        }
    }
}
