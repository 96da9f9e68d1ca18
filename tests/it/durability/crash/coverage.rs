//! Whether a run has tried what it claims: a test in which everything is refused would pass every check.

use std::{collections::BTreeMap, fmt};

use crate::durability::model::{Entry, Op, Outcome, Reply};

/// Acknowledged operations that each cycle must have on average.
const LEAST_PER_CYCLE: u64 = 200;
/// Share of requests, in percent, that must be acknowledged.
const LEAST_SHARE: u64 = 70;
/// What must have happened at least once per cycle on average, by name.
const EACH_CYCLE: [&str; 12] = [
    "enqueued one",
    "enqueued for later",
    "enqueued in a group",
    "made a flow",
    "used a credential",
    "enqueued a batch",
    "enqueued a unique one",
    "published",
    "leased some",
    "completed",
    "failed",
    "kept alive",
];
/// What must have happened at least once in a run of ten cycles or more.
const SOMETIMES: [&str; 8] = [
    "cancelled",
    "cancelled by tag",
    "made a credential",
    "revoked a credential",
    "refused a credential",
    "refused an end",
    "refused another body",
    "unknown",
];
const LONG_RUN: u64 = 10;

/// How often each kind of thing happened.
pub(crate) struct Coverage {
    counts: BTreeMap<&'static str, u64>,
    acknowledged: u64,
    all: u64,
}

impl Coverage {
    pub(crate) fn of(history: &[Entry]) -> Self {
        let mut counts = BTreeMap::new();
        let mut acknowledged = 0;
        for entry in history {
            *counts.entry(name(entry)).or_default() += 1;
            acknowledged += u64::from(matches!(entry.outcome, Outcome::Ok(_)));
        }
        Self { counts, acknowledged, all: history.len() as u64 }
    }

    /// # Errors
    /// What happened too seldom.
    pub(crate) fn is_enough(&self, cycles: u64) -> Result<(), String> {
        let count = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        if self.acknowledged < cycles * LEAST_PER_CYCLE {
            return Err(format!("only {} operations acknowledged in {cycles} cycles", self.acknowledged));
        }
        if self.acknowledged * 100 < self.all * LEAST_SHARE {
            return Err(format!("only {} of {} operations acknowledged", self.acknowledged, self.all));
        }
        if let Some(name) = EACH_CYCLE.into_iter().find(|name| count(name) < cycles) {
            return Err(format!("{name} {} times in {cycles} cycles", count(name)));
        }
        let missing = SOMETIMES.into_iter().find(|name| count(name) == 0);
        match missing.filter(|_| cycles >= LONG_RUN) {
            Some(name) => Err(format!("never {name} in {cycles} cycles")),
            None => Ok(()),
        }
    }
}

fn name(entry: &Entry) -> &'static str {
    match (&entry.op, &entry.outcome) {
        (_, Outcome::Unknown) => "unknown",
        (Op::Enqueue { .. }, Outcome::Refused(_)) => "refused another body",
        (Op::Complete { .. } | Op::Fail { .. } | Op::Heartbeat { .. } | Op::Cancel { .. }, Outcome::Refused(_)) => {
            "refused an end"
        }
        (Op::UseKey { .. }, Outcome::Refused(401)) => "refused a credential",
        (_, Outcome::Refused(_)) => "refused for no reason",
        (Op::Enqueue { jobs, .. }, _) if jobs.iter().any(|job| job.role.is_some()) => "made a flow",
        (Op::Enqueue { jobs, .. }, _) if jobs.len() > 1 => "enqueued a batch",
        (Op::Enqueue { jobs, .. }, _) if jobs.iter().any(|job| job.unique.is_some()) => "enqueued a unique one",
        (Op::Enqueue { jobs, .. }, _) if jobs.iter().any(|job| job.group.is_some()) => "enqueued in a group",
        (Op::Enqueue { jobs, .. }, _) if jobs.iter().any(|job| job.delay_ms.is_some()) => "enqueued for later",
        (Op::Enqueue { jobs, .. }, _) if jobs.iter().any(|job| job.tag.is_some()) => "enqueued with a tag",
        (Op::Enqueue { .. }, _) => "enqueued one",
        (Op::Publish { .. }, _) => "published",
        (Op::Lease { .. }, Outcome::Ok(Reply::Granted(grants))) if grants.is_empty() => "leased none",
        (Op::Lease { .. }, _) => "leased some",
        (Op::Complete { .. }, _) => "completed",
        (Op::Fail { .. }, _) => "failed",
        (Op::Heartbeat { .. }, _) => "kept alive",
        (Op::Cancel { .. }, _) => "cancelled",
        (Op::CancelTagged { .. }, _) => "cancelled by tag",
        (Op::MakeKey { .. }, _) => "made a credential",
        (Op::RevokeKey { .. }, _) => "revoked a credential",
        (Op::UseKey { .. }, _) => "used a credential",
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} operations acknowledged (", self.acknowledged, self.all)?;
        for (index, (name, count)) in self.counts.iter().enumerate() {
            write!(formatter, "{}{name} {count}", if index > 0 { ", " } else { "" })?;
        }
        write!(formatter, ")")
    }
}
