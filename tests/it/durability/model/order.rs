//! Time and order (19, 20): nothing starts before its time; of a group or an ordered webhook one at a time, in order.

use std::collections::{BTreeMap, HashMap};

use super::{Case, Op, Outcome, Reply, Violation, accepted};

/// Times that the server keeps are whole milliseconds.
const ROUNDING_MICROS: u64 = 2_000;

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    nothing_starts_before_its_time(case, found);
    let holds = Holds::of(case);
    let groups = groups(case);
    for (group, jobs) in &groups {
        one_of_a_group_at_a_time(group, jobs, &holds, found);
        groups_start_in_order(group, jobs, &holds, found);
    }
    ordered_webhooks_get_one_at_a_time_in_order(case, found);
}

/// 19: the due time counts from the first request that can have made the job.
fn nothing_starts_before_its_time(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut due: HashMap<u64, u64> = HashMap::new();
    for entry in case.history.iter().filter(|entry| !matches!(entry.outcome, Outcome::Refused(_))) {
        let Op::Enqueue { jobs, .. } = &entry.op else { continue };
        for job in jobs {
            if let Some(delay_ms) = job.delay_ms {
                let at = entry.invoked + delay_ms * 1_000;
                due.entry(job.item).and_modify(|known| *known = at.min(*known)).or_insert(at);
            }
        }
    }
    for entry in case.history {
        let Outcome::Ok(Reply::Granted(grants)) = &entry.outcome else { continue };
        for grant in grants {
            let Some(due) = grant.item.and_then(|item| due.get(&item)) else { continue };
            if entry.returned + ROUNDING_MICROS < *due {
                found.push(Violation::new(
                    19,
                    format!("job {} was started at {} and was due at {due}", grant.job, entry.returned),
                ));
            }
        }
    }
}

/// A lease while it was held without doubt.
#[derive(Debug, Clone, Copy)]
struct Hold {
    invoked: u64,
    /// The answer was there: from here on it was held.
    from: u64,
    /// The first moment at which it can have ended.
    until: u64,
}

struct Holds<'a>(HashMap<&'a str, Vec<Hold>>);

impl<'a> Holds<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut by_token: BTreeMap<&str, (&str, Hold)> = BTreeMap::new();
        for entry in case.history {
            if let (Op::Lease { lease_ms, .. }, Outcome::Ok(Reply::Granted(grants))) = (&entry.op, &entry.outcome) {
                for grant in grants {
                    let until = entry.invoked + lease_ms * 1_000;
                    let hold = Hold { invoked: entry.invoked, from: entry.returned, until };
                    by_token.insert(&grant.token, (&grant.job, hold));
                }
            }
        }
        for entry in case.history {
            if let (Op::Heartbeat { token, lease_ms, .. }, Outcome::Ok(_)) = (&entry.op, &entry.outcome)
                && let Some((_, hold)) = by_token.get_mut(token.as_str())
            {
                hold.until = hold.until.max(entry.invoked + lease_ms * 1_000);
            }
        }
        let mut holds = Self(HashMap::new());
        for (job, hold) in by_token.values() {
            holds.0.entry(job).or_default().push(*hold);
        }
        for entry in case.history.iter().filter(|entry| !matches!(entry.outcome, Outcome::Refused(_))) {
            let (job, token) = match &entry.op {
                Op::Complete { job, token, .. } | Op::Fail { job, token } => (job, Some(token.as_str())),
                Op::Cancel { job } => (job, None),
                _ => continue,
            };
            // Whatever the token: an end can only make the time shorter in which the lease was held without doubt.
            let from = token.and_then(|token| by_token.get(token)).map(|(_, hold)| hold.from);
            for hold in holds.0.get_mut(job.as_str()).into_iter().flatten() {
                if from.is_none_or(|from| from == hold.from) {
                    hold.until = hold.until.min(entry.invoked);
                }
            }
        }
        for holds in holds.0.values_mut() {
            holds.sort_by_key(|hold| hold.from);
        }
        holds
    }

    fn of_job(&self, job: &str) -> &[Hold] {
        self.0.get(job).map_or(&[], Vec::as_slice)
    }
}

/// Jobs by queue and group, in the order of their acceptance.
fn groups<'a>(case: &Case<'a>) -> BTreeMap<(&'a str, &'a str), Vec<&'a str>> {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (spec, id) in accepted(case) {
        if let Some(group) = &spec.group {
            groups.entry((spec.queue.as_str(), group.as_str())).or_default().push(id);
        }
    }
    for jobs in groups.values_mut() {
        // Ids sort by acceptance.
        jobs.sort_unstable();
        jobs.dedup();
    }
    groups
}

fn one_of_a_group_at_a_time(group: &(&str, &str), jobs: &[&str], holds: &Holds<'_>, found: &mut Vec<Violation>) {
    let mut all: Vec<(&str, Hold)> =
        jobs.iter().flat_map(|job| holds.of_job(job).iter().map(|hold| (*job, *hold))).collect();
    all.retain(|(_, hold)| hold.from < hold.until);
    all.sort_by_key(|(_, hold)| hold.from);
    let mut longest: Option<(&str, Hold)> = None;
    for (job, hold) in all {
        if let Some((other, held)) = longest
            && other != job
            && hold.from < held.until
        {
            found.push(Violation::new(
                20,
                format!(
                    "group {group:?}: {job} was leased at {} while {other} was held until {}",
                    hold.from, held.until
                ),
            ));
        }
        if longest.is_none_or(|(_, held)| hold.until > held.until) {
            longest = Some((job, hold));
        }
    }
}

/// A job that was seen started must not have been without doubt behind one accepted later.
fn groups_start_in_order(group: &(&str, &str), jobs: &[&str], holds: &Holds<'_>, found: &mut Vec<Violation>) {
    let first = |job: &str| holds.of_job(job).iter().min_by_key(|hold| hold.from).copied();
    // The earliest answer with a job of those behind, while walking from the last accepted to the first.
    let mut earliest: Option<(&str, u64)> = None;
    for job in jobs.iter().rev() {
        let Some(start) = first(job) else { continue };
        if let Some((later, from)) = earliest
            && from < start.invoked
        {
            found.push(Violation::new(
                20,
                format!("group {group:?}: {later} was started at {from}, before {job} at {}", start.invoked),
            ));
        }
        if earliest.is_none_or(|(_, from)| start.from < from) {
            earliest = Some((job, start.from));
        }
    }
}

/// Ids of deliveries sort by creation, so each webhook must see them ascending, and each ended before the next.
fn ordered_webhooks_get_one_at_a_time_in_order(case: &Case<'_>, found: &mut Vec<Violation>) {
    for webhook in &case.setup.ordered {
        let mut requests: Vec<_> = case.received.iter().filter(|request| request.webhook == *webhook).collect();
        requests.sort_by_key(|request| request.at);
        for (before, after) in requests.iter().zip(requests.iter().skip(1)) {
            if after.delivery < before.delivery {
                found.push(Violation::new(
                    20,
                    format!("ordered webhook {webhook} got {} after {}", after.delivery, before.delivery),
                ));
            }
            if after.at < before.until {
                found.push(Violation::new(
                    20,
                    format!("ordered webhook {webhook} got {} during {}", after.delivery, before.delivery),
                ));
            }
        }
    }
}
