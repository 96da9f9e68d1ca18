//! Acceptance (1–4): what was acknowledged is there, what was refused is not, and nothing is there by half or twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Case, JobSeen, JobSpec, Op, Outcome, Reply, Violation, accepted};

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    accepted_jobs_are_there(case, found);
    one_job_per_item(case, found);
    one_answer_per_key(case, found);
    unique_keys_have_one_job(case, found);
    refused_left_nothing(case, found);
    totals_fit(case, found);
}

fn accepted_jobs_are_there(case: &Case<'_>, found: &mut Vec<Violation>) {
    let asked_under_key = asked_under_unique_keys(case);
    for (spec, id) in accepted(case) {
        if !case.seen.asked.contains(id) {
            continue;
        }
        let Some(seen) = case.seen.jobs.get(id) else {
            found.push(Violation::new(1, format!("acknowledged job {id} (item {}) is gone", spec.item)));
            continue;
        };
        // A duplicate of a unique job is answered with the first one, which keeps what it was asked with.
        let is_as_asked = match &spec.unique {
            None => is_as_asked(spec, seen),
            Some(key) => asked_under_key
                .get(key.as_str())
                .is_some_and(|asked| asked.iter().any(|first| is_as_asked(first, seen))),
        };
        if !is_as_asked {
            found.push(Violation::new(1, format!("job {id} is {seen:.200?} and was acknowledged as {spec:.200?}")));
        }
    }
}

fn is_as_asked(spec: &JobSpec, seen: &JobSeen) -> bool {
    (&spec.payload, spec.priority, spec.attempts, &spec.queue)
        == (&seen.payload, seen.priority, seen.attempts, &seen.queue)
}

fn asked_under_unique_keys<'a>(case: &Case<'a>) -> HashMap<&'a str, Vec<&'a JobSpec>> {
    let mut asked: HashMap<&str, Vec<&JobSpec>> = HashMap::new();
    for entry in case.history {
        let Op::Enqueue { jobs, .. } = &entry.op else { continue };
        for job in jobs {
            if let Some(key) = &job.unique {
                asked.entry(key).or_default().push(job);
            }
        }
    }
    asked
}

fn one_job_per_item(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut ids: HashMap<u64, &str> = HashMap::new();
    let mut items: HashMap<&str, u64> = HashMap::new();
    let mut pair = |item: u64, id, how: &str| {
        let first = *ids.entry(item).or_insert(id);
        if first != id {
            found.push(Violation::new(4, format!("item {item} became two jobs, {first} and {id} ({how})")));
        }
        let other = *items.entry(id).or_insert(item);
        if other != item {
            found.push(Violation::new(4, format!("items {other} and {item} were answered with one job {id} ({how})")));
        }
    };
    for (spec, id) in accepted(case).filter(|(spec, _)| spec.unique.is_none()) {
        pair(spec.item, id.as_str(), "acknowledged");
    }
    for entry in case.history {
        if let Outcome::Ok(Reply::Granted(grants)) = &entry.outcome {
            for grant in grants {
                if let Some(item) = grant.item {
                    pair(item, grant.job.as_str(), "leased");
                }
            }
        }
    }
}

fn one_answer_per_key(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut answers: HashMap<&str, (u64, &[String])> = HashMap::new();
    for entry in case.history {
        let (Op::Enqueue { jobs, key: Some(key) }, Outcome::Ok(Reply::Jobs(ids))) = (&entry.op, &entry.outcome) else {
            continue;
        };
        let Some(first) = jobs.first() else { continue };
        let (item, answer) = *answers.entry(key).or_insert((first.item, ids));
        if item != first.item {
            found.push(Violation::new(
                4,
                format!("key {key} was taken with two bodies, items {item} and {}", first.item),
            ));
        } else if answer != ids {
            found.push(Violation::new(4, format!("key {key} was answered with {answer:?} and with {ids:?}")));
        }
    }
}

fn unique_keys_have_one_job(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut first: HashMap<(&str, &str), &str> = HashMap::new();
    for (spec, id) in accepted(case) {
        let Some(key) = &spec.unique else { continue };
        let one = *first.entry((spec.queue.as_str(), key.as_str())).or_insert(id);
        if one != id {
            found.push(Violation::new(4, format!("unique key {key} has two unfinished jobs, {one} and {id}")));
        }
    }
}

fn refused_left_nothing(case: &Case<'_>, found: &mut Vec<Violation>) {
    let refused = |entry: &&super::Entry| matches!(entry.outcome, Outcome::Refused(_));
    let mut items: HashSet<u64> = HashSet::new();
    let mut events: HashSet<&str> = HashSet::new();
    for entry in case.history.iter().filter(refused) {
        match &entry.op {
            Op::Enqueue { jobs, .. } => items.extend(jobs.iter().map(|job| job.item)),
            Op::Publish { external_id, .. } => events.extend([external_id.as_str()]),
            _ => {}
        }
    }
    // The same item may have been taken in another request, before or after.
    for (spec, _) in accepted(case) {
        items.remove(&spec.item);
    }
    for entry in case.history.iter().filter(|entry| entry.outcome == Outcome::Unknown) {
        match &entry.op {
            Op::Enqueue { jobs, .. } => items.retain(|item| jobs.iter().all(|job| job.item != *item)),
            Op::Publish { external_id, .. } => events.retain(|event| *event != external_id),
            _ => {}
        }
    }
    for entry in case.history {
        if let Outcome::Ok(Reply::Granted(grants)) = &entry.outcome {
            for grant in grants.iter().filter(|grant| grant.item.is_some_and(|item| items.contains(&item))) {
                found.push(Violation::new(2, format!("job {} was refused and is leased all the same", grant.job)));
            }
        }
        if let (Op::Publish { external_id, .. }, Outcome::Ok(_)) = (&entry.op, &entry.outcome) {
            events.remove(external_id.as_str());
        }
    }
    for event in case.seen.events.keys().filter(|event| events.contains(event.as_str())) {
        found.push(Violation::new(2, format!("event {event} was refused and is there all the same")));
    }
}

/// The number of jobs ever taken by a queue lies between what was acknowledged and what may have been taken.
fn totals_fit(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut known: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    let mut resolved: HashSet<u64> = HashSet::new();
    for (spec, id) in accepted(case) {
        known.entry(&spec.queue).or_default().insert(id);
        resolved.insert(spec.item);
    }
    let mut open: BTreeMap<&str, u64> = BTreeMap::new();
    let mut counted: HashSet<u64> = HashSet::new();
    for entry in case.history.iter().filter(|entry| entry.outcome == Outcome::Unknown) {
        let Op::Enqueue { jobs, .. } = &entry.op else { continue };
        for job in jobs.iter().filter(|job| !resolved.contains(&job.item)) {
            if counted.insert(job.item) {
                *open.entry(&job.queue).or_default() += 1;
            }
        }
    }
    // Jobs of other queues come from events, schedules and bulk actions, not from enqueues; others account for them.
    let mut asked: HashSet<&str> = HashSet::new();
    for entry in case.history {
        if let Op::Enqueue { jobs, .. } = &entry.op {
            asked.extend(jobs.iter().map(|job| job.queue.as_str()));
        }
    }
    for (queue, counters) in case.seen.counters.iter().filter(|(queue, _)| asked.contains(queue.as_str())) {
        let total: u64 = counters.values().sum();
        let least = known.get(queue.as_str()).map_or(0, HashSet::len) as u64;
        let most = least + open.get(queue.as_str()).copied().unwrap_or(0);
        if total < least || total > most {
            found.push(Violation::new(
                11,
                format!("queue {queue} counts {total} jobs; between {least} and {most} were taken"),
            ));
        }
        let prefix = &case.setup.batch_queue_prefix;
        if !prefix.is_empty() && queue.starts_with(prefix) && !total.is_multiple_of(case.setup.batch) {
            found.push(Violation::new(
                3,
                format!("queue {queue} only gets batches of {} and counts {total} jobs", case.setup.batch),
            ));
        }
    }
}
