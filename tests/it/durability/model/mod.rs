//! The checker: compares a recorded history with what the server shows, and names every broken promise.
//!
//! It is pure, so its own tests can hand it histories that must be flagged. The numbers are those of the list of
//! invariants in `docs/concepts/durability.md`.

mod acceptance;
mod attempts;
mod credentials;
mod deliveries;
mod flows;
mod history;
mod instance;
mod leases;
mod order;
mod planted;
mod states;
mod tests;

use std::fmt;

pub(crate) use history::{
    AttemptSeen, DeliverySeen, Entry, ErrorSeen, EventSeen, Grant, JobSeen, JobSpec, Observation, Op, Outcome,
    Received, Reply, Role, ScheduleSeen, SecondSeen, Setup, is_terminal,
};

/// A promise that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: u8,
    pub(crate) text: String,
}

impl Violation {
    fn new(invariant: u8, text: impl Into<String>) -> Self {
        Self { invariant, text: text.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "invariant {}: {}", self.invariant, self.text)
    }
}

/// Every job with its id, of every acknowledged enqueue.
fn accepted<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a JobSpec, &'a String)> {
    case.history.iter().flat_map(|entry| match (&entry.op, &entry.outcome) {
        (Op::Enqueue { jobs, .. }, Outcome::Ok(Reply::Jobs(ids))) => jobs.iter().zip(ids).collect::<Vec<_>>(),
        _ => Vec::new(),
    })
}

/// Everything the checks look at.
pub(crate) struct Case<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) history: &'a [Entry],
    pub(crate) seen: &'a Observation,
    pub(crate) received: &'a [Received],
}

/// Runs every check.
pub(crate) fn check(case: &Case<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    acceptance::check(case, &mut found);
    states::check(case, &mut found);
    leases::check(case, &mut found);
    attempts::check(case, &mut found);
    order::check(case, &mut found);
    flows::check(case, &mut found);
    deliveries::check(case, &mut found);
    credentials::check(case, &mut found);
    instance::check(case, &mut found);
    found
}
