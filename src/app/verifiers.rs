//! What `novapulse check` looks at beyond checksums: rows that must agree with one another.

use crate::{
    queue,
    storage::{
        self, Snapshot,
        check::{Report, Verify},
    },
};

/// The checks that modules add, in the order of the report.
#[must_use]
pub fn verifiers() -> Vec<Box<dyn Verify>> {
    vec![Box::new(Queues)]
}

struct Queues;

impl Verify for Queues {
    fn name(&self) -> &'static str {
        "every job agrees with its places in line, its timers and the counters"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        queue::check(snapshot, &mut |finding| report.problem(finding)).map(|_| ())
    }
}
