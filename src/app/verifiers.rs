//! What `novapulse check` looks at beyond checksums: rows that must agree with one another.

use crate::{
    audit, mail, queue,
    storage::{
        self, Snapshot,
        check::{Report, Verify},
    },
    webhooks,
};

/// The checks that modules add, in the order of the report.
#[must_use]
pub fn verifiers() -> Vec<Box<dyn Verify>> {
    vec![Box::new(Queues), Box::new(Webhooks), Box::new(Audit), Box::new(Mail)]
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

struct Webhooks;

impl Verify for Webhooks {
    fn name(&self) -> &'static str {
        "every pending delivery has its event and its job, and the counters agree"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        webhooks::check(snapshot, &mut |finding| report.problem(finding))
    }
}

struct Audit;

impl Verify for Audit {
    fn name(&self) -> &'static str {
        "every entry of the audit log follows the one before"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        audit::check(snapshot, &mut |finding| report.problem(finding))
    }
}

struct Mail;

impl Verify for Mail {
    fn name(&self) -> &'static str {
        "every mailbox has as many messages as its counter says"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        mail::check(snapshot, &mut |finding| report.problem(finding))
    }
}
