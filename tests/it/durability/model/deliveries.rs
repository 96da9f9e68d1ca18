//! Deliveries (22–24): fan-out belongs to the event, attempts have no gap and are all told, and an end is an end.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{AttemptSeen, Case, DeliverySeen, Op, Outcome, Reply, Violation};

/// A request that was on the wire when the server was killed may arrive this long after the end was seen.
const ON_THE_WIRE_MICROS: u64 = 2_000_000;

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    events_are_there_with_their_deliveries(case, found);
    let received: HashSet<&str> = case.received.iter().map(|request| request.delivery.as_str()).collect();
    let mut requests: HashMap<&str, usize> = HashMap::new();
    for request in case.received.iter().filter(|request| request.at <= case.seen.at) {
        *requests.entry(request.delivery.as_str()).or_default() += 1;
    }
    for (event, seen) in &case.seen.events {
        for delivery in &seen.deliveries {
            attempts_have_no_gap(event, delivery, found);
            attempts_are_told(event, delivery, requests.get(delivery.id.as_str()).copied().unwrap_or(0), found);
            ends_have_a_reason(&received, event, delivery, found);
            if case.seen.is_final && delivery.state != "succeeded" {
                found.push(Violation::new(
                    22,
                    format!("delivery {} of {event} never succeeded: {delivery:?}", delivery.id),
                ));
            }
        }
    }
    received_fits(case, found);
}

fn events_are_there_with_their_deliveries(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut ids: HashMap<&str, &str> = HashMap::new();
    for entry in case.history {
        let (Op::Publish { external_id, event_type, data }, Outcome::Ok(Reply::Event { id, deliveries })) =
            (&entry.op, &entry.outcome)
        else {
            continue;
        };
        let first = *ids.entry(external_id).or_insert(id);
        if first != id {
            found.push(Violation::new(4, format!("event {external_id} became two, {first} and {id}")));
        }
        let wanted = case.setup.subscribers(event_type) as u64;
        if *deliveries != wanted {
            found.push(Violation::new(
                22,
                format!("event {external_id} was answered with {deliveries} deliveries, not {wanted}"),
            ));
        }
        if !case.seen.events_asked.contains(external_id) {
            continue;
        }
        let Some(seen) = case.seen.events.get(external_id) else {
            found.push(Violation::new(1, format!("acknowledged event {external_id} ({id}) is gone")));
            continue;
        };
        if seen.data != *data {
            found.push(Violation::new(1, format!("event {external_id} was sent as {data} and is {}", seen.data)));
        }
        let webhooks: HashSet<&str> = seen.deliveries.iter().map(|delivery| delivery.webhook.as_str()).collect();
        if webhooks.len() as u64 != wanted || seen.deliveries.len() as u64 != wanted {
            found.push(Violation::new(
                22,
                format!(
                    "event {external_id} has {} deliveries to {} webhooks, not {wanted}",
                    seen.deliveries.len(),
                    webhooks.len()
                ),
            ));
        }
    }
}

fn attempts_have_no_gap(event: &str, delivery: &DeliverySeen, found: &mut Vec<Violation>) {
    let mut numbers: Vec<u32> = delivery.attempts.iter().map(|attempt| attempt.number).collect();
    numbers.sort_unstable();
    if !numbers.iter().copied().eq(1..=numbers.len() as u32) {
        found.push(Violation::new(23, format!("delivery {} of {event} has attempts {numbers:?}", delivery.id)));
    }
}

/// Each attempt has its start and how it ended, and each request that arrived was an attempt.
fn attempts_are_told(event: &str, delivery: &DeliverySeen, requests: usize, found: &mut Vec<Violation>) {
    let is_success = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    let untold = |attempt: &&AttemptSeen| !attempt.has_start || is_success(attempt.status) == attempt.failure.is_some();
    if let Some(attempt) = delivery.attempts.iter().find(untold) {
        found.push(Violation::new(23, format!("delivery {} of {event} does not tell of {attempt:?}", delivery.id)));
    }
    if delivery.state == "succeeded" && requests > delivery.attempts.len() {
        let told = delivery.attempts.len();
        found.push(Violation::new(
            23,
            format!("delivery {} of {event} arrived {requests} times and tells of {told} attempts", delivery.id),
        ));
    }
}

fn ends_have_a_reason(received: &HashSet<&str>, event: &str, delivery: &DeliverySeen, found: &mut Vec<Violation>) {
    let is_success = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    let successes = delivery.attempts.iter().filter(|attempt| is_success(attempt.status)).count();
    if delivery.state == "succeeded" && successes == 0 {
        found.push(Violation::new(24, format!("delivery {} of {event} succeeded without a 2xx", delivery.id)));
    }
    if delivery.state != "succeeded" && successes > 0 {
        found.push(Violation::new(
            24,
            format!("delivery {} of {event} had a 2xx and is {}", delivery.id, delivery.state),
        ));
    }
    if successes > 1 {
        found.push(Violation::new(24, format!("delivery {} of {event} went on after a 2xx", delivery.id)));
    }
    if delivery.state == "succeeded" && !received.contains(delivery.id.as_str()) {
        found.push(Violation::new(22, format!("delivery {} of {event} succeeded and was never received", delivery.id)));
    }
}

fn received_fits(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut published: HashSet<&str> = HashSet::new();
    for entry in case.history {
        if let (Op::Publish { external_id, .. }, Outcome::Ok(_) | Outcome::Unknown) = (&entry.op, &entry.outcome) {
            published.insert(external_id);
        }
    }
    let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
    for request in case.received {
        if !request.is_genuine {
            found.push(Violation::new(22, format!("delivery {} carried a wrong signature", request.delivery)));
        }
        if !published.contains(request.event.as_str()) {
            found.push(Violation::new(
                2,
                format!("delivery {} is of an event nobody published: {}", request.delivery, request.event),
            ));
        }
        let first = *bodies.entry(&request.delivery).or_insert(&request.body);
        if first != request.body {
            found.push(Violation::new(23, format!("delivery {} was sent with two bodies", request.delivery)));
        }
        if let Some(end) = case.seen.terminal_deliveries.get(&request.delivery)
            && request.at > end + ON_THE_WIRE_MICROS
        {
            found.push(Violation::new(24, format!("delivery {} was sent after its end was seen", request.delivery)));
        }
    }
}
