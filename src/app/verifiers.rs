//! What `novapulse check` looks at beyond checksums: rows that must agree with one another.

use std::collections::BTreeMap;

use super::sealed::sealed_tables;
use crate::{
    accounts, audit, auth,
    blob::BlobKey,
    changes,
    config::MasterKeys,
    emails, mail, queue, reports, schedules, sealing,
    storage::{
        self, Snapshot,
        check::{Report, Verify},
    },
    webhooks,
};

/// The checks that modules add, in the order of the report; sealed values are opened when there is a master key, and files
/// are looked at when they are in a folder.
#[must_use]
pub fn verifiers(keys: Option<MasterKeys>, files: Option<BTreeMap<BlobKey, u64>>) -> Vec<Box<dyn Verify>> {
    let mut verifiers: Vec<Box<dyn Verify>> = vec![
        Box::new(Queues),
        Box::new(Webhooks),
        Box::new(Accounts),
        Box::new(Audit),
        Box::new(Mail),
        Box::new(Reports),
        Box::new(Schedules),
        Box::new(Changes),
    ];
    if let Some(files) = files {
        verifiers.push(Box::new(Files(files)));
    }
    if let Some(keys) = keys {
        verifiers.push(Box::new(Sealed(keys)));
    }
    verifiers
}

struct Sealed(MasterKeys);

impl Verify for Sealed {
    fn name(&self) -> &'static str {
        "every sealed value opens"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        let seal = match sealing::read(snapshot, &self.0) {
            Ok(seal) => seal,
            Err(sealing::Error::Storage(error)) => return Err(error),
            Err(error) => {
                report.problem(error.to_string());
                return Ok(());
            }
        };
        sealing::check(snapshot, &seal, &sealed_tables(), &mut |finding| report.problem(finding)).map(|_| ())
    }
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

struct Accounts;

impl Verify for Accounts {
    fn name(&self) -> &'static str {
        "every user, membership and API key belongs to what is there, and the counters agree"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        auth::check(snapshot, &mut |finding| report.problem(finding))?;
        accounts::check(snapshot, &mut |finding| report.problem(finding))
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
        "every e-mail and every message belongs to what is there, and the counters agree"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        mail::check(snapshot, &mut |finding| report.problem(finding))?;
        emails::check(snapshot, &mut |finding| report.problem(finding))
    }
}

struct Reports;

impl Verify for Reports {
    fn name(&self) -> &'static str {
        "every report has a time at which it is removed, and the counters agree"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        reports::check(snapshot, &mut |finding| report.problem(finding))
    }
}

struct Files(BTreeMap<BlobKey, u64>);

impl Verify for Files {
    fn name(&self) -> &'static str {
        "every report has its file"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        let mut missing = Vec::new();
        let orphans = reports::check_files(snapshot, &self.0, &mut |finding| missing.push(finding))?;
        for finding in missing {
            report.problem(finding);
        }
        if orphans > 0 {
            report.note(format!("{orphans} files belong to no report; the server removes them within an hour"));
        }
        Ok(())
    }
}

struct Schedules;

impl Verify for Schedules {
    fn name(&self) -> &'static str {
        "every schedule agrees with its cursor and the list of what is due"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        schedules::check(snapshot, &mut |finding| report.problem(finding))
    }
}

struct Changes;

impl Verify for Changes {
    fn name(&self) -> &'static str {
        "the feed of changes agrees with its counters"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), storage::Error> {
        changes::check(snapshot, &mut |finding| report.problem(finding))
    }
}
