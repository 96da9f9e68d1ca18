//! The checker's own tests: a healthy history passes, and each broken promise is named by its number.

use std::collections::BTreeMap;

use super::{
    AttemptSeen, Case, DeliverySeen, Entry, ErrorSeen, EventSeen, Grant, JobSeen, JobSpec, Observation, Op, Outcome,
    Received, Reply, Setup, check,
};

/// No promise broken.
pub(super) const NOTHING: [u8; 0] = [];

/// A run with one job of each fate, one event with two deliveries, and everything as promised.
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) history: Vec<Entry>,
    pub(super) seen: Observation,
    pub(super) received: Vec<Received>,
}

pub(super) fn spec(item: u64, queue: &str) -> JobSpec {
    JobSpec {
        item,
        queue: queue.to_owned(),
        payload: format!("{{\"item\":{item}}}"),
        priority: 4,
        attempts: 2,
        ..JobSpec::default()
    }
}

pub(super) fn entry(invoked: u64, op: Op, outcome: Outcome) -> Entry {
    Entry { cycle: 1, invoked, returned: invoked + 10, op, outcome }
}

pub(super) fn enqueued(at: u64, item: u64, id: &str) -> Entry {
    entry(at, Op::Enqueue { jobs: vec![spec(item, "work")], key: None }, Outcome::Ok(Reply::Jobs(vec![id.to_owned()])))
}

pub(super) fn granted(at: u64, job: &str, token: &str, item: u64) -> Entry {
    let grant = Grant { job: job.to_owned(), token: token.to_owned(), item: Some(item) };
    entry(at, Op::Lease { queue: "work".to_owned(), max: 1, lease_ms: 1 }, Outcome::Ok(Reply::Granted(vec![grant])))
}

pub(super) fn completed(at: u64, job: &str, token: &str, outcome: Outcome) -> Entry {
    entry(at, Op::Complete { job: job.to_owned(), token: token.to_owned(), result: "1".to_owned() }, outcome)
}

pub(super) fn failed(at: u64, job: &str, token: &str) -> Entry {
    entry(at, Op::Fail { job: job.to_owned(), token: token.to_owned() }, Outcome::Ok(Reply::Done))
}

pub(super) fn seen(item: u64, state: &str) -> JobSeen {
    JobSeen {
        queue: "work".to_owned(),
        state: state.to_owned(),
        payload: format!("{{\"item\":{item}}}"),
        priority: 4,
        attempts: 2,
        result: (state == "completed").then(|| "1".to_owned()),
        failure: None,
        blocked_by: 0,
        errors: Vec::new(),
    }
}

pub(super) fn delivery(id: &str, webhook: &str, statuses: &[u16]) -> DeliverySeen {
    let attempt = |(status, number): (&u16, u32)| {
        let failure = (*status >= 300).then(|| "status".to_owned());
        AttemptSeen { number, status: Some(*status), failure, has_start: true }
    };
    let attempts = statuses.iter().zip(1..).map(attempt).collect();
    DeliverySeen { id: id.to_owned(), webhook: webhook.to_owned(), state: "succeeded".to_owned(), attempts }
}

pub(super) fn received(at: u64, delivery: &str) -> Received {
    Received {
        at,
        until: at + 1,
        webhook: delivery.replace("dlv_", "wh_"),
        delivery: delivery.to_owned(),
        event: "e1".to_owned(),
        body: "{}".to_owned(),
        is_genuine: true,
    }
}

fn healthy() -> World {
    let published = Op::Publish { external_id: "e1".to_owned(), event_type: "x".to_owned(), data: "{}".to_owned() };
    let mut world = World {
        setup: Setup {
            webhooks: vec![("wh_a".to_owned(), "*".to_owned()), ("wh_b".to_owned(), "x".to_owned())],
            ordered: vec!["wh_a".to_owned()],
            batch_queue_prefix: "batch".to_owned(),
            batch: 3,
        },
        history: vec![
            enqueued(0, 1, "job_1"),
            enqueued(20, 2, "job_2"),
            entry(30, Op::Enqueue { jobs: vec![spec(3, "work")], key: None }, Outcome::Unknown),
            granted(40, "job_1", "t1", 1),
            completed(60, "job_1", "t1", Outcome::Ok(Reply::Done)),
            entry(80, published, Outcome::Ok(Reply::Event { id: "evt_1".to_owned(), deliveries: 2 })),
        ],
        seen: Observation::default(),
        received: vec![received(100, "dlv_a"), received(110, "dlv_a"), received(100, "dlv_b")],
    };
    for (id, job) in [("job_1", seen(1, "completed")), ("job_2", seen(2, "waiting"))] {
        world.seen.asked.insert(id.to_owned());
        world.seen.jobs.insert(id.to_owned(), job);
    }
    // It was tried twice, for histories in which it is leased again.
    let failed = ErrorSeen { attempt: 1, has_start: true, is_interrupted: false };
    world.seen.jobs.get_mut("job_2").unwrap().errors = vec![failed; 2];
    count(&mut world, "work", &[("completed", 1), ("waiting", 1)]);
    world.seen.recounted.insert("work".to_owned());
    world.seen.events_asked.insert("e1".to_owned());
    let deliveries = vec![delivery("dlv_a", "wh_a", &[500, 200]), delivery("dlv_b", "wh_b", &[200])];
    world.seen.events.insert("e1".to_owned(), EventSeen { data: "{}".to_owned(), deliveries });
    world
}

pub(super) fn count(world: &mut World, queue: &str, states: &[(&str, u64)]) {
    let counters: BTreeMap<String, u64> = states.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect();
    world.seen.counters.insert(queue.to_owned(), counters);
}

/// The numbers of the invariants that the checker finds broken after the change.
pub(super) fn broken(change: impl FnOnce(&mut World)) -> Vec<u8> {
    let mut world = healthy();
    change(&mut world);
    let case = Case { setup: &world.setup, history: &world.history, seen: &world.seen, received: &world.received };
    let mut numbers: Vec<u8> = check(&case).into_iter().map(|violation| violation.invariant).collect();
    numbers.dedup();
    numbers
}

pub(super) fn delivery_mut<'a>(world: &'a mut World, id: &str) -> &'a mut DeliverySeen {
    let event = world.seen.events.get_mut("e1").unwrap();
    event.deliveries.iter_mut().find(|delivery| delivery.id == id).unwrap()
}

#[test]
fn a_healthy_history_passes() {
    assert_eq!(broken(|_| {}), NOTHING);
}

#[test]
fn an_unknown_enqueue_may_have_happened() {
    assert_eq!(
        broken(|world| {
            count(world, "work", &[("completed", 1), ("waiting", 2)]);
            world.seen.recounted.clear();
        }),
        NOTHING
    );
}

#[test]
fn a_lost_job_is_flagged() {
    assert_eq!(
        broken(|world| {
            world.seen.jobs.remove("job_2");
            count(world, "work", &[("completed", 1)]);
        }),
        [1, 11]
    );
}

#[test]
fn a_changed_payload_is_flagged() {
    assert_eq!(broken(|world| world.seen.jobs.get_mut("job_2").unwrap().payload.push(' ')), [1]);
}

#[test]
fn a_changed_policy_is_flagged() {
    assert_eq!(broken(|world| world.seen.jobs.get_mut("job_2").unwrap().priority = 0), [1]);
}

#[test]
fn a_lost_event_is_flagged() {
    assert_eq!(broken(|world| world.seen.events.clear()), [1]);
}

#[test]
fn a_refused_job_that_is_leased_is_flagged() {
    let refused = || entry(200, Op::Enqueue { jobs: vec![spec(9, "work")], key: None }, Outcome::Refused(422));
    assert_eq!(broken(|world| world.history.extend([refused(), granted(220, "job_9", "t9", 9)])), [2]);
}

#[test]
fn a_refused_event_that_is_delivered_is_flagged() {
    assert_eq!(broken(|world| world.history.last_mut().unwrap().outcome = Outcome::Refused(422)), [2]);
}

#[test]
fn a_torn_batch_is_flagged() {
    assert_eq!(
        broken(|world| {
            let jobs = (10..13).map(|item| spec(item, "batch")).collect();
            world.history.push(entry(200, Op::Enqueue { jobs, key: None }, Outcome::Unknown));
            count(world, "batch", &[("waiting", 2)]);
        }),
        [3]
    );
}

#[test]
fn a_duplicate_of_one_key_is_flagged() {
    assert_eq!(broken(|world| world.history.push(enqueued(200, 2, "job_5"))), [4, 11]);
}

#[test]
fn two_answers_under_one_key_are_flagged() {
    let keyed = |at, item, id: &str, outcome: Option<Outcome>| {
        let op = Op::Enqueue { jobs: vec![spec(item, "other")], key: Some("k".to_owned()) };
        entry(at, op, outcome.unwrap_or_else(|| Outcome::Ok(Reply::Jobs(vec![id.to_owned()]))))
    };
    let first = keyed(200, 20, "job_k", None);
    assert_eq!(broken(|world| world.history.extend([first.clone(), keyed(220, 21, "job_l", None)])), [4]);
    assert_eq!(broken(|world| world.history.extend([first.clone(), keyed(220, 20, "job_l", None)])), [4]);
    let refused = keyed(220, 21, "job_l", Some(Outcome::Refused(422)));
    assert_eq!(broken(|world| world.history.extend([first, refused])), NOTHING);
}

#[test]
fn two_items_in_one_job_are_flagged() {
    assert_eq!(broken(|world| world.history.push(granted(200, "job_2", "t2", 7))), [4]);
}

#[test]
fn two_jobs_under_one_unique_key_are_flagged() {
    let unique = |at, item, id: &str| {
        let job = JobSpec { unique: Some("u".to_owned()), ..spec(item, "unique") };
        entry(at, Op::Enqueue { jobs: vec![job], key: None }, Outcome::Ok(Reply::Jobs(vec![id.to_owned()])))
    };
    assert_eq!(broken(|world| world.history.extend([unique(200, 20, "job_u"), unique(220, 21, "job_v")])), [4]);
    assert_eq!(broken(|world| world.history.extend([unique(200, 20, "job_u"), unique(220, 21, "job_u")])), NOTHING);
}

#[test]
fn an_unheard_of_state_is_flagged() {
    assert_eq!(
        broken(|world| {
            world.seen.recounted.clear();
            world.seen.jobs.get_mut("job_2").unwrap().state = "lost".to_owned();
        }),
        [6]
    );
}

#[test]
fn a_finished_job_that_waits_again_is_flagged() {
    assert_eq!(
        broken(|world| {
            world.seen.recounted.clear();
            world.seen.terminal_jobs.insert("job_2".to_owned(), "cancelled".to_owned());
        }),
        [7]
    );
    assert_eq!(
        broken(|world| {
            world.seen.recounted.clear();
            world.seen.jobs.get_mut("job_1").unwrap().state = "waiting".to_owned();
        }),
        [7]
    );
}

#[test]
fn a_counter_that_drifts_is_flagged() {
    assert_eq!(broken(|world| count(world, "work", &[("completed", 1), ("active", 1)])), [10]);
}

#[test]
fn jobs_out_of_nowhere_are_flagged() {
    assert_eq!(
        broken(|world| {
            count(world, "work", &[("completed", 1), ("waiting", 3)]);
            world.seen.recounted.clear();
        }),
        [11]
    );
}

#[test]
fn two_holders_of_one_lease_are_flagged() {
    let first = granted(200, "job_2", "t2", 2);
    assert_eq!(broken(|world| world.history.extend([first.clone(), granted(300, "job_2", "t3", 2)])), [12]);
    assert_eq!(broken(|world| world.history.extend([first.clone(), granted(2_000, "job_2", "t3", 2)])), NOTHING);
    let given_up = failed(250, "job_2", "t2");
    assert_eq!(broken(|world| world.history.extend([first, given_up, granted(300, "job_2", "t3", 2)])), NOTHING);
}

#[test]
fn a_heartbeat_prolongs_the_hold() {
    let beat =
        |outcome| entry(900, Op::Heartbeat { job: "job_2".to_owned(), token: "t2".to_owned(), lease_ms: 1 }, outcome);
    let history = |outcome| [granted(200, "job_2", "t2", 2), beat(outcome), granted(1_500, "job_2", "t3", 2)];
    assert_eq!(broken(|world| world.history.extend(history(Outcome::Ok(Reply::Done)))), [12]);
    assert_eq!(broken(|world| world.history.extend(history(Outcome::Unknown))), NOTHING);
}

#[test]
fn one_token_given_twice_is_flagged() {
    assert_eq!(broken(|world| world.history.push(granted(200, "job_2", "t1", 2))), [12]);
}

#[test]
fn a_stale_token_that_is_accepted_is_flagged() {
    let grants = [granted(200, "job_2", "t2", 2), granted(2_000, "job_2", "t3", 2)];
    assert_eq!(broken(|world| world.history.extend(grants.into_iter().chain([failed(2_100, "job_2", "t2")]))), [13]);
}

#[test]
fn an_invented_token_that_is_accepted_is_flagged() {
    assert_eq!(broken(|world| world.history.push(failed(200, "job_2", "nonsense"))), [13]);
}

#[test]
fn work_after_the_end_is_flagged() {
    assert_eq!(broken(|world| world.history.push(granted(2_000, "job_1", "t8", 1))), [14]);
    let cancelled = entry(200, Op::Cancel { job: "job_2".to_owned() }, Outcome::Ok(Reply::Done));
    assert_eq!(
        broken(|world| {
            world.seen.recounted.clear();
            world.seen.jobs.get_mut("job_2").unwrap().state = "cancelled".to_owned();
            world.history.extend([cancelled, granted(300, "job_2", "t2", 2)]);
        }),
        [14]
    );
}

#[test]
fn a_second_completion_is_flagged() {
    let again = |outcome| completed(200, "job_1", "t1", outcome);
    assert_eq!(broken(|world| world.history.push(again(Outcome::Ok(Reply::Done)))), [15]);
    assert_eq!(broken(|world| world.history.push(again(Outcome::Refused(409)))), NOTHING);
    assert_eq!(broken(|world| world.seen.jobs.get_mut("job_1").unwrap().result = Some("2".to_owned())), [15]);
}

#[test]
fn more_failures_than_attempts_are_flagged() {
    assert_eq!(
        broken(|world| {
            for (at, token) in [(200, "f1"), (2_000, "f2")] {
                world.history.extend([granted(at, "job_2", token, 2), failed(at + 100, "job_2", token)]);
            }
        }),
        [17]
    );
}

#[test]
fn a_missing_delivery_is_flagged() {
    assert_eq!(broken(|world| drop(world.seen.events.get_mut("e1").unwrap().deliveries.pop())), [22]);
    assert_eq!(
        broken(|world| {
            let answer = Outcome::Ok(Reply::Event { id: "evt_1".to_owned(), deliveries: 1 });
            world.history.last_mut().unwrap().outcome = answer;
        }),
        [22]
    );
}

#[test]
fn a_success_that_nobody_received_is_flagged() {
    assert_eq!(broken(|world| world.received.retain(|request| request.delivery != "dlv_b")), [22]);
}

#[test]
fn a_delivery_that_never_succeeds_is_flagged() {
    let stuck = |world: &mut World| {
        *delivery_mut(world, "dlv_b") =
            DeliverySeen { state: "retrying".to_owned(), ..delivery("dlv_b", "wh_b", &[500]) };
    };
    assert_eq!(broken(stuck), NOTHING);
    assert_eq!(
        broken(|world| {
            stuck(world);
            world.seen.is_final = true;
        }),
        [22]
    );
}

#[test]
fn a_wrong_signature_is_flagged() {
    assert_eq!(broken(|world| world.received[0].is_genuine = false), [22]);
}

#[test]
fn a_gap_between_attempts_is_flagged() {
    assert_eq!(broken(|world| delivery_mut(world, "dlv_a").attempts[1].number = 3), [23]);
}

#[test]
fn two_bodies_of_one_delivery_are_flagged() {
    assert_eq!(broken(|world| world.received[1].body.push(' ')), [23]);
}

#[test]
fn an_end_without_a_reason_is_flagged() {
    assert_eq!(
        broken(|world| {
            let attempt = &mut delivery_mut(world, "dlv_b").attempts[0];
            (attempt.status, attempt.failure) = (Some(500), Some("status".to_owned()));
        }),
        [24]
    );
    assert_eq!(broken(|world| delivery_mut(world, "dlv_b").state = "pending".to_owned()), [24]);
    let both = [200, 200];
    assert_eq!(broken(|world| *delivery_mut(world, "dlv_b") = delivery("dlv_b", "wh_b", &both)), [24]);
}

#[test]
fn a_request_after_the_end_is_flagged() {
    assert_eq!(
        broken(|world| {
            world.seen.terminal_deliveries.insert("dlv_b".to_owned(), 200);
            world.received.push(received(9_000_000, "dlv_b"));
        }),
        [24]
    );
}
