//! Leases (12–15, 17): one holder at a time, stale tokens refused, completed once, nothing started after its end.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Case, Entry, Grant, Op, Outcome, Reply, Violation};

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let jobs = by_job(case);
    for (job, events) in &jobs {
        one_holder_at_a_time(job, events, found);
        stale_tokens_are_refused(job, events, found);
        ended_once(job, events, found);
        attempts_are_bounded(job, events, case, found);
    }
    tokens_are_unique(case, found);
}

/// What happened to one job, in the order of invocation.
struct Event<'a> {
    invoked: u64,
    returned: u64,
    what: What<'a>,
}

enum What<'a> {
    Granted { token: &'a str, lease_ms: u64 },
    Extended { token: &'a str, lease_ms: u64 },
    Completed { token: &'a str, is_known: bool },
    Failed { token: &'a str, is_known: bool },
    Cancelled { is_known: bool },
}

fn by_job<'a>(case: &Case<'a>) -> BTreeMap<&'a str, Vec<Event<'a>>> {
    let mut jobs: BTreeMap<&str, Vec<Event<'_>>> = BTreeMap::new();
    for entry in case.history {
        for (job, what) in of(entry) {
            jobs.entry(job).or_default().push(Event { invoked: entry.invoked, returned: entry.returned, what });
        }
    }
    for events in jobs.values_mut() {
        events.sort_by_key(|event| event.invoked);
    }
    jobs
}

fn of(entry: &Entry) -> Vec<(&str, What<'_>)> {
    let is_known = match entry.outcome {
        Outcome::Ok(_) => true,
        Outcome::Unknown => false,
        Outcome::Refused(_) => return Vec::new(),
    };
    match (&entry.op, &entry.outcome) {
        (Op::Lease { lease_ms, .. }, Outcome::Ok(Reply::Granted(grants))) => grants
            .iter()
            .map(|Grant { job, token, .. }| (job.as_str(), What::Granted { token, lease_ms: *lease_ms }))
            .collect(),
        (Op::Heartbeat { job, token, lease_ms }, _) => {
            vec![(job, What::Extended { token, lease_ms: if is_known { *lease_ms } else { 0 } })]
        }
        (Op::Complete { job, token, .. }, _) => vec![(job, What::Completed { token, is_known })],
        (Op::Fail { job, token }, _) => vec![(job, What::Failed { token, is_known })],
        (Op::Cancel { job }, _) => vec![(job, What::Cancelled { is_known })],
        _ => Vec::new(),
    }
}

/// 12: a second grant may only come when the first can have run out or was given up.
fn one_holder_at_a_time(job: &str, events: &[Event<'_>], found: &mut Vec<Violation>) {
    // The earliest moment at which the current lease can end by itself.
    let mut held: Option<(&str, u64)> = None;
    for event in events {
        match event.what {
            What::Granted { token, lease_ms } => {
                if let Some((holder, until)) = held
                    && event.returned < until
                {
                    found.push(Violation::new(
                        12,
                        format!(
                            "job {job} was leased again ({token}) at {} while {holder} held it until {until}",
                            event.returned
                        ),
                    ));
                }
                held = Some((token, event.invoked + lease_ms * 1_000));
            }
            What::Extended { token, lease_ms } if lease_ms > 0 => {
                if let Some((holder, until)) = held.as_mut()
                    && *holder == token
                {
                    *until = event.invoked + lease_ms * 1_000;
                }
            }
            What::Extended { .. } => {}
            What::Completed { token, .. } | What::Failed { token, .. } => {
                if held.is_some_and(|(holder, _)| holder == token) {
                    held = None;
                }
            }
            What::Cancelled { .. } => held = None,
        }
    }
}

/// 13: after a newer grant was answered, nothing done with an older token may succeed.
fn stale_tokens_are_refused(job: &str, events: &[Event<'_>], found: &mut Vec<Violation>) {
    let grants: Vec<(&str, u64, u64)> = events
        .iter()
        .filter_map(|event| match event.what {
            What::Granted { token, .. } => Some((token, event.invoked, event.returned)),
            _ => None,
        })
        .collect();
    for event in events {
        let token = match event.what {
            What::Completed { token, is_known: true } | What::Failed { token, is_known: true } => token,
            What::Extended { token, lease_ms } if lease_ms > 0 => token,
            _ => continue,
        };
        let Some((_, _, own)) = grants.iter().find(|(granted, ..)| *granted == token) else {
            found.push(Violation::new(13, format!("job {job}: a token nobody was given was accepted: {token}")));
            continue;
        };
        if let Some((newer, ..)) =
            grants.iter().find(|(_, invoked, returned)| invoked > own && *returned < event.invoked)
        {
            found.push(Violation::new(
                13,
                format!("job {job}: stale token {token} was accepted after {newer} was granted"),
            ));
        }
    }
}

/// 15 and 14: completed at most once, and neither leased nor changed after it ended.
fn ended_once(job: &str, events: &[Event<'_>], found: &mut Vec<Violation>) {
    let mut ended: Option<(u64, &str)> = None;
    for event in events {
        if let Some((at, how)) = ended
            && event.invoked > at
        {
            match event.what {
                What::Granted { token, .. } => {
                    found.push(Violation::new(14, format!("job {job} was {how} and leased again as {token}")));
                }
                What::Completed { is_known: true, .. } | What::Failed { is_known: true, .. } => {
                    found.push(Violation::new(15, format!("job {job} was {how} and its end was accepted again")));
                }
                _ => {}
            }
        }
        match event.what {
            What::Completed { is_known: true, .. } => {
                if ended.is_some_and(|(at, _)| at >= event.invoked) {
                    found.push(Violation::new(15, format!("job {job} was completed twice at the same time")));
                }
                ended = ended.or(Some((event.returned, "completed")));
            }
            What::Cancelled { is_known: true } => ended = ended.or(Some((event.returned, "cancelled"))),
            _ => {}
        }
    }
}

/// 17: no more failures are accepted than the job has attempts.
fn attempts_are_bounded(job: &str, events: &[Event<'_>], case: &Case<'_>, found: &mut Vec<Violation>) {
    let Some(seen) = case.seen.jobs.get(job) else { return };
    let failures = events.iter().filter(|event| matches!(event.what, What::Failed { is_known: true, .. })).count();
    if failures > seen.attempts as usize {
        found.push(Violation::new(17, format!("job {job} has {} attempts and failed {failures} times", seen.attempts)));
    }
    if failures >= seen.attempts as usize && failures > 0 && seen.state != "failed" {
        found.push(Violation::new(17, format!("job {job} used all its attempts and is {}", seen.state)));
    }
}

fn tokens_are_unique(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    let mut given: HashSet<&str> = HashSet::new();
    for entry in case.history {
        let Outcome::Ok(Reply::Granted(grants)) = &entry.outcome else { continue };
        for grant in grants {
            if !given.insert(&grant.token) {
                let owner = owners.get(grant.token.as_str()).copied().unwrap_or_default();
                found.push(Violation::new(
                    12,
                    format!("token {} was given for {owner} and for {}", grant.token, grant.job),
                ));
            }
            owners.insert(&grant.token, &grant.job);
        }
    }
}
