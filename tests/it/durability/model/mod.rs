//! The checker: compares a recorded history with what the server shows, and names every broken promise.
//!
//! It is pure, so its own tests can hand it histories that must be flagged. The numbers are those of the list of
//! invariants in `benches/README.md`'s companion, `docs/ARCHITECTURE.md`: 1–5 acceptance, 6–11 state, 12–18 leases,
//! 22–24 deliveries, 30 storage.

mod acceptance;
mod deliveries;
mod history;
mod leases;
mod states;
mod tests;

use std::fmt;

pub(crate) use history::{
    AttemptSeen, DeliverySeen, Entry, EventSeen, Grant, JobSeen, JobSpec, Observation, Op, Outcome, Received, Reply,
    Setup, is_terminal,
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
    deliveries::check(case, &mut found);
    found
}
