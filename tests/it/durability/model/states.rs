//! State (6, 7, 10): every job is in one known state, what was finished stays finished, and counters are recounts.

use std::collections::BTreeMap;

use super::{Case, Op, Outcome, Violation};

const KNOWN: [&str; 7] = ["waiting", "delayed", "active", "retrying", "completed", "failed", "cancelled"];

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    states_are_known(case, found);
    finished_stays_finished(case, found);
    acknowledged_ends_hold(case, found);
    counters_are_recounts(case, found);
}

fn states_are_known(case: &Case<'_>, found: &mut Vec<Violation>) {
    for (id, job) in &case.seen.jobs {
        if !KNOWN.contains(&job.state.as_str()) {
            found.push(Violation::new(6, format!("job {id} is in no known state: {}", job.state)));
        }
    }
}

fn finished_stays_finished(case: &Case<'_>, found: &mut Vec<Violation>) {
    for (id, before) in &case.seen.terminal_jobs {
        if let Some(now) = case.seen.jobs.get(id).filter(|now| now.state != *before) {
            found.push(Violation::new(7, format!("job {id} was {before} and is now {}", now.state)));
        }
    }
}

fn acknowledged_ends_hold(case: &Case<'_>, found: &mut Vec<Violation>) {
    for entry in case.history.iter().filter(|entry| matches!(entry.outcome, Outcome::Ok(_))) {
        let (job, wanted) = match &entry.op {
            Op::Complete { job, .. } => (job, "completed"),
            Op::Cancel { job } => (job, "cancelled"),
            _ => continue,
        };
        let Some(seen) = case.seen.jobs.get(job) else { continue };
        if seen.state != wanted {
            found.push(Violation::new(7, format!("job {job} was acknowledged as {wanted} and is {}", seen.state)));
        }
        if let Op::Complete { result, .. } = &entry.op
            && seen.result.as_ref().is_some_and(|kept| kept != result)
        {
            found
                .push(Violation::new(15, format!("job {job} was completed with {result} and shows {:?}", seen.result)));
        }
    }
}

fn counters_are_recounts(case: &Case<'_>, found: &mut Vec<Violation>) {
    for queue in &case.seen.recounted {
        let mut recount: BTreeMap<&str, u64> = BTreeMap::new();
        for job in case.seen.jobs.values().filter(|job| job.queue == *queue) {
            *recount.entry(&job.state).or_default() += 1;
        }
        let Some(counters) = case.seen.counters.get(queue) else {
            found.push(Violation::new(10, format!("queue {queue} has jobs and no counters")));
            continue;
        };
        for state in KNOWN {
            let kept = counters.get(state).copied().unwrap_or(0);
            let counted = recount.get(state).copied().unwrap_or(0);
            if kept != counted {
                found
                    .push(Violation::new(10, format!("queue {queue} counts {kept} {state} jobs, a recount {counted}")));
            }
        }
    }
}
