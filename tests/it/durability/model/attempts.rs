//! Attempts of jobs (14, 16–18, 23): each start has a reason, each lost lease is told, and none is held for ever.

use std::collections::HashMap;

use super::{Case, JobSeen, Op, Outcome, Reply, Violation};

/// How many errors the server keeps of a job.
const ERRORS_KEPT: usize = 10;
/// Interruptions in a row after which a job is given up.
const STALLED_AFTER: usize = 3;
/// A lease may be taken back this long after it has run out.
const TAKEN_BACK_MICROS: u64 = 5_000_000;

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let (grants, held_until) = grants(case);
    for (id, job) in &case.seen.jobs {
        starts_have_reasons(id, job, grants.get(id.as_str()).copied().unwrap_or(0), found);
        leases_end(case, id, job, held_until.get(id.as_str()).copied(), found);
        lost_leases_are_told(id, job, found);
    }
}

/// When the last lease of each job has run out at the latest, and the length of its longest.
type Held<'a> = HashMap<&'a str, (u64, u64)>;

/// How often each job was leased in answers that arrived, and how long its last lease can have lasted.
fn grants<'a>(case: &Case<'a>) -> (HashMap<&'a str, usize>, Held<'a>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut until: Held<'a> = HashMap::new();
    let mut hold = |job: &'a str, returned: u64, lease_ms: u64| {
        let known = until.entry(job).or_default();
        *known = (known.0.max(returned + lease_ms * 1_000), known.1.max(lease_ms * 1_000));
    };
    for entry in case.history {
        match (&entry.op, &entry.outcome) {
            (Op::Lease { lease_ms, .. }, Outcome::Ok(Reply::Granted(grants))) => {
                for grant in grants {
                    *counts.entry(grant.job.as_str()).or_default() += 1;
                    hold(&grant.job, entry.returned, *lease_ms);
                }
            }
            (Op::Heartbeat { job, lease_ms, .. }, Outcome::Ok(_) | Outcome::Unknown) => {
                hold(job, entry.returned, *lease_ms);
            }
            _ => {}
        }
    }
    (counts, until)
}

/// 14: one start, and one more for each attempt that failed or was interrupted.
fn starts_have_reasons(id: &str, job: &JobSeen, grants: usize, found: &mut Vec<Violation>) {
    if job.errors.len() < ERRORS_KEPT && grants > 1 + job.errors.len() {
        let told = job.errors.len();
        found.push(Violation::new(
            14,
            format!("job {id} was started {grants} times and tells of {told} ends but the last"),
        ));
    }
}

/// 16: a lease that nobody keeps alive is taken back; after a restart its whole length may pass once more.
fn leases_end(case: &Case<'_>, id: &str, job: &JobSeen, held: Option<(u64, u64)>, found: &mut Vec<Violation>) {
    let Some((until, length)) = held.filter(|_| job.state == "active") else { return };
    let last = until.max(case.seen.ready_at + length) + TAKEN_BACK_MICROS;
    if case.seen.at > last {
        found.push(Violation::new(
            16,
            format!("job {id} is still active at {}, its lease ended by {last}", case.seen.at),
        ));
    }
}

/// 18 and 23: whoever lost three leases in a row is given up, nobody else is, and every attempt told has a start.
fn lost_leases_are_told(id: &str, job: &JobSeen, found: &mut Vec<Violation>) {
    let in_a_row = job.errors.iter().rev().take_while(|error| error.is_interrupted).count();
    let is_stalled = job.failure.as_deref() == Some("stalled");
    if is_stalled && in_a_row < STALLED_AFTER {
        found.push(Violation::new(18, format!("job {id} is stalled after {in_a_row} interruptions in a row")));
    }
    if in_a_row >= STALLED_AFTER && !is_stalled && !matches!(job.state.as_str(), "completed" | "cancelled") {
        found.push(Violation::new(
            18,
            format!("job {id} was interrupted {in_a_row} times in a row and is {}", job.state),
        ));
    }
    if let Some(error) = job.errors.iter().find(|error| !error.has_start || error.attempt == 0) {
        found.push(Violation::new(23, format!("job {id} tells of an attempt without number or start: {error:?}")));
    }
}
