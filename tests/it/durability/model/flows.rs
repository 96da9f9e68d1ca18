//! Flows and bulk actions (35, 36): a parent waits for its children and no longer; an action reaches what it found.

use std::collections::{HashMap, HashSet};

use super::{Case, Op, Outcome, Reply, Role, Violation, accepted, is_terminal};

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let (starts, ends) = (starts(case), ends(case));
    for entry in case.history {
        let (Op::Enqueue { jobs, .. }, Outcome::Ok(Reply::Jobs(ids))) = (&entry.op, &entry.outcome) else { continue };
        let of = |role: Role| {
            let with = jobs.iter().zip(ids).filter(move |(job, _)| job.role == Some(role));
            with.map(|(_, id)| id.as_str()).collect::<Vec<_>>()
        };
        let children = of(Role::Child);
        for parent in of(Role::Parent) {
            let started = starts.get(parent).copied();
            parents_wait(case, (parent, started), &children, &ends, found);
            parents_do_not_wait_for_nothing(case, parent, &children, found);
        }
    }
    bulk_actions_reach_what_they_found(case, found);
}

/// When the first lease of each job was answered.
fn starts<'a>(case: &Case<'a>) -> HashMap<&'a str, u64> {
    let mut starts: HashMap<&str, u64> = HashMap::new();
    for entry in case.history {
        let Outcome::Ok(Reply::Granted(grants)) = &entry.outcome else { continue };
        for grant in grants {
            starts.entry(&grant.job).and_modify(|known| *known = entry.returned.min(*known)).or_insert(entry.returned);
        }
    }
    starts
}

/// When a request was made that can have ended the job; absent when there was none.
fn ends<'a>(case: &Case<'a>) -> HashMap<&'a str, u64> {
    let mut ends: HashMap<&str, u64> = HashMap::new();
    for entry in case.history.iter().filter(|entry| !matches!(entry.outcome, Outcome::Refused(_))) {
        let (Op::Complete { job, .. } | Op::Fail { job, .. } | Op::Cancel { job }) = &entry.op else { continue };
        ends.entry(job).and_modify(|known| *known = entry.invoked.min(*known)).or_insert(entry.invoked);
    }
    ends
}

fn parents_wait(
    case: &Case<'_>,
    (parent, started): (&str, Option<u64>),
    children: &[&str],
    ends: &HashMap<&str, u64>,
    found: &mut Vec<Violation>,
) {
    let Some(started) = started else { return };
    for child in children {
        // Without a request it ends by losing its leases, or at the last by failing for good.
        let can_have_failed = || case.seen.jobs.get(*child).is_none_or(|job| job.state == "failed");
        let was_asked_for = ends.get(child).is_some_and(|end| *end <= started);
        if !was_asked_for && !can_have_failed() {
            found.push(Violation::new(
                35,
                format!("job {parent} was started at {started}, before its child {child} ended"),
            ));
        }
    }
}

fn parents_do_not_wait_for_nothing(case: &Case<'_>, parent: &str, children: &[&str], found: &mut Vec<Violation>) {
    let Some(seen) = case.seen.jobs.get(parent) else { return };
    // Children are read one after another; what was seen ended had ended.
    let have_ended = |child: &&str| case.seen.jobs.get(*child).is_some_and(|job| is_terminal(&job.state));
    if case.seen.is_final && seen.blocked_by > 0 && children.iter().all(have_ended) {
        found.push(Violation::new(
            35,
            format!("job {parent} waits for {} children, and all have ended", seen.blocked_by),
        ));
    }
}

/// At the end every job that was there before an acknowledged action is cancelled, and none whose tag nobody asked for.
fn bulk_actions_reach_what_they_found(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut asked_for: HashSet<&str> = HashSet::new();
    let mut last_acknowledged: HashMap<&str, u64> = HashMap::new();
    for entry in case.history.iter().filter(|entry| !matches!(entry.outcome, Outcome::Refused(_))) {
        let Op::CancelTagged { tag } = &entry.op else { continue };
        asked_for.insert(tag);
        if matches!(entry.outcome, Outcome::Ok(_)) {
            let last = last_acknowledged.entry(tag).or_default();
            *last = entry.invoked.max(*last);
        }
    }
    let mut accepted_at: HashMap<&str, u64> = HashMap::new();
    for entry in case.history {
        if let Outcome::Ok(Reply::Jobs(ids)) = &entry.outcome {
            for id in ids {
                accepted_at.entry(id).and_modify(|at| *at = entry.returned.min(*at)).or_insert(entry.returned);
            }
        }
    }
    for (spec, id) in accepted(case) {
        let (Some(tag), Some(seen)) = (&spec.tag, case.seen.jobs.get(id)) else { continue };
        let is_before = |at: &u64| accepted_at.get(id.as_str()).is_some_and(|accepted| accepted < at);
        if seen.state == "cancelled" && !asked_for.contains(tag.as_str()) {
            found.push(Violation::new(36, format!("job {id} is cancelled, and nobody asked for what has tag {tag}")));
        }
        if case.seen.is_final && seen.state != "cancelled" && last_acknowledged.get(tag.as_str()).is_some_and(is_before)
        {
            found.push(Violation::new(
                36,
                format!("job {id} with tag {tag} is {} after it was to be cancelled", seen.state),
            ));
        }
    }
}
