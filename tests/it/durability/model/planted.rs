//! Planted histories for time, order, attempts, flows, credentials and the instance: each broken promise is named.

use super::{
    Entry, ErrorSeen, Grant, JobSeen, JobSpec, Observation, Op, Outcome, Reply, Role, ScheduleSeen, SecondSeen,
    tests::{NOTHING, World, broken, completed, count, delivery_mut, entry, failed, granted, received, seen, spec},
};

/// A lease of a second.
fn leased(at: u64, job: &str, token: &str, item: u64) -> Entry {
    let grant = Grant { job: job.to_owned(), token: token.to_owned(), item: Some(item) };
    let op = Op::Lease { queue: "other".to_owned(), max: 1, lease_ms: 1_000 };
    entry(at, op, Outcome::Ok(Reply::Granted(vec![grant])))
}

fn asked(at: u64, jobs: Vec<JobSpec>, ids: &[&str]) -> Entry {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    entry(at, Op::Enqueue { jobs, key: None }, Outcome::Ok(Reply::Jobs(ids)))
}

fn done(at: u64, job: &str, token: &str) -> Entry {
    completed(at, job, token, Outcome::Ok(Reply::Done))
}

fn with(change: impl FnOnce(&mut Vec<Entry>)) -> impl FnOnce(&mut World) {
    move |world| change(&mut world.history)
}

#[test]
fn a_job_that_starts_before_its_time_is_flagged() {
    let delayed = |at| asked(at, vec![JobSpec { delay_ms: Some(500), ..spec(40, "other") }], &["job_d"]);
    let run =
        |start: u64| broken(with(move |history| history.extend([delayed(200), leased(start, "job_d", "d1", 40)])));
    assert_eq!(run(100_000), [19]);
    assert_eq!(run(500_300), NOTHING);
    // Asked again with its key it is due as asked first.
    let again = broken(with(|history| {
        history.extend([delayed(200), delayed(400_000), leased(600_000, "job_d", "d1", 40)]);
    }));
    assert_eq!(again, NOTHING);
}

fn group() -> Entry {
    let job = |item| JobSpec { group: Some("g".to_owned()), ..spec(item, "other") };
    asked(200, vec![job(50), job(51)], &["job_g1", "job_g2"])
}

#[test]
fn two_of_a_group_at_a_time_are_flagged() {
    let both = |then: Vec<Entry>| {
        broken(with(move |history| {
            history.extend([group(), leased(1_000, "job_g1", "g1", 50)]);
            history.extend(then);
        }))
    };
    assert_eq!(both(vec![leased(5_000, "job_g2", "g2", 51)]), [20]);
    assert_eq!(both(vec![done(3_000, "job_g1", "g1"), leased(5_000, "job_g2", "g2", 51)]), NOTHING);
    // The end may have been there first, though it was asked for later.
    assert_eq!(both(vec![leased(5_000, "job_g2", "g2", 51), done(5_005, "job_g1", "g1")]), NOTHING);
    assert_eq!(both(vec![leased(1_100_000, "job_g2", "g2", 51)]), NOTHING);
    let beat = Op::Heartbeat { job: "job_g1".to_owned(), token: "g1".to_owned(), lease_ms: 1_000 };
    let kept = vec![entry(900_000, beat, Outcome::Ok(Reply::Done)), leased(1_100_000, "job_g2", "g2", 51)];
    assert_eq!(both(kept), [20]);
}

#[test]
fn a_group_out_of_order_is_flagged() {
    let swapped = [group(), leased(1_000, "job_g2", "g2", 51), done(2_000, "job_g2", "g2")];
    let run = |then: Option<Entry>| broken(with(move |history| history.extend(swapped.into_iter().chain(then))));
    assert_eq!(run(Some(leased(3_000, "job_g1", "g1", 50))), [20]);
    let straight = [group(), leased(1_000, "job_g1", "g1", 50), failed(2_000, "job_g1", "g1")];
    let later = [leased(3_000, "job_g2", "g2", 51), done(4_000, "job_g2", "g2"), leased(5_000, "job_g1", "g3", 50)];
    assert_eq!(broken(with(|history| history.extend(straight.into_iter().chain(later)))), NOTHING);
}

#[test]
fn an_ordered_webhook_out_of_order_or_twice_at_a_time_is_flagged() {
    let plant = |at: u64, id: &str| {
        let request = received(at, id);
        broken(move |world| world.received.push(request))
    };
    assert_eq!(plant(120, "dlv_a"), NOTHING);
    assert_eq!(plant(110, "dlv_a"), [20]);
    assert_eq!(broken(|world| world.received[0].delivery = "dlv_z".to_owned()), [20]);
}

#[test]
fn a_start_without_a_reason_is_flagged() {
    let start = granted(200, "job_2", "t2", 2);
    let end = |is_interrupted| ErrorSeen { attempt: 1, has_start: true, is_interrupted };
    let run = |errors: Vec<ErrorSeen>| {
        let (first, second) = (start.clone(), granted(2_000, "job_2", "t3", 2));
        broken(move |world| {
            world.history.extend([first, second]);
            world.seen.jobs.get_mut("job_2").unwrap().errors = errors;
        })
    };
    assert_eq!(run(Vec::new()), [14]);
    assert_eq!(run(vec![end(true)]), NOTHING);
    assert_eq!(run(vec![ErrorSeen { has_start: false, ..end(true) }]), [23]);
}

#[test]
fn a_lease_that_is_never_taken_back_is_flagged() {
    let run = |at: u64, ready_at: u64| {
        broken(move |world| {
            world.history.push(leased(200, "job_2", "t2", 2));
            world.seen.jobs.get_mut("job_2").unwrap().state = "active".to_owned();
            count(world, "work", &[("completed", 1), ("active", 1)]);
            (world.seen.at, world.seen.ready_at) = (at, ready_at);
        })
    };
    assert_eq!(run(7_000_000, 0), [16]);
    assert_eq!(run(5_900_000, 0), NOTHING);
    assert_eq!(run(7_000_000, 3_000_000), NOTHING);
}

#[test]
fn a_job_that_was_interrupted_too_often_or_too_seldom_is_flagged() {
    let lost = ErrorSeen { attempt: 1, has_start: true, is_interrupted: true };
    let own = ErrorSeen { is_interrupted: false, ..lost.clone() };
    let run = |errors: Vec<ErrorSeen>, failure: Option<&str>| {
        let failure = failure.map(str::to_owned);
        broken(move |world| {
            let state = if failure.is_some() { "failed" } else { "waiting" };
            let job = JobSeen { failure, errors, ..seen(2, state) };
            world.seen.jobs.insert("job_2".to_owned(), job);
            count(world, "work", &[("completed", 1), (state, 1)]);
        })
    };
    assert_eq!(run(vec![lost.clone(); 3], None), [18]);
    assert_eq!(run(vec![lost.clone(); 3], Some("stalled")), NOTHING);
    assert_eq!(run(vec![lost.clone(), own.clone(), lost.clone()], Some("stalled")), [18]);
    assert_eq!(run(vec![lost.clone(), lost.clone(), own, lost], None), NOTHING);
}

#[test]
fn a_request_that_no_attempt_tells_of_is_flagged() {
    let run = |attempts: &'static [u16]| {
        broken(move |world| {
            world.seen.at = 1_000;
            world.received.push(received(120, "dlv_a"));
            *delivery_mut(world, "dlv_a") = super::tests::delivery("dlv_a", "wh_a", attempts);
        })
    };
    assert_eq!(run(&[500, 200]), [23]);
    assert_eq!(run(&[500, 500, 200]), NOTHING);
    assert_eq!(broken(|world| delivery_mut(world, "dlv_a").attempts[0].has_start = false), [23]);
    let silent = |world: &mut World| {
        let attempt = &mut delivery_mut(world, "dlv_a").attempts[0];
        (attempt.status, attempt.failure) = (None, None);
    };
    assert_eq!(broken(silent), [23]);
    assert_eq!(
        broken(|world| {
            silent(world);
            delivery_mut(world, "dlv_a").attempts[0].failure = Some("interrupted".to_owned());
        }),
        NOTHING
    );
}

fn flow() -> Entry {
    let job = |item, role| JobSpec { role: Some(role), ..spec(item, "other") };
    let jobs = vec![job(60, Role::Child), job(61, Role::Child), job(62, Role::Parent)];
    asked(200, jobs, &["job_c1", "job_c2", "job_p"])
}

#[test]
fn a_parent_that_starts_before_its_children_have_ended_is_flagged() {
    let run = |ends: &'static [(u64, &'static str, u64)], state: &'static str| {
        broken(move |world| {
            world.history.push(flow());
            for (at, child, item) in ends {
                world.history.extend([leased(at - 100, child, child, *item), done(*at, child, child)]);
            }
            world.history.push(leased(5_000, "job_p", "p", 62));
            let seen = JobSeen { queue: "other".to_owned(), ..seen(61, state) };
            world.seen.jobs.insert("job_c2".to_owned(), seen);
        })
    };
    assert_eq!(run(&[(1_000, "job_c1", 60), (2_000, "job_c2", 61)], "completed"), NOTHING);
    assert_eq!(run(&[(1_000, "job_c1", 60), (9_000, "job_c2", 61)], "completed"), [35]);
    assert_eq!(run(&[(1_000, "job_c1", 60)], "waiting"), [35]);
    assert_eq!(run(&[(1_000, "job_c1", 60)], "failed"), NOTHING);
}

#[test]
fn a_parent_that_waits_for_nothing_is_flagged() {
    let run = |state: &'static str| {
        broken(move |world| {
            world.history.push(flow());
            world.seen.is_final = true;
            let other = |item, state: &str| JobSeen { queue: "other".to_owned(), ..seen(item, state) };
            world.seen.jobs.insert("job_c1".to_owned(), other(60, "cancelled"));
            world.seen.jobs.insert("job_c2".to_owned(), other(61, state));
            world.seen.jobs.insert("job_p".to_owned(), JobSeen { blocked_by: 1, ..other(62, "waiting") });
        })
    };
    assert_eq!(run("cancelled"), [35]);
    assert_eq!(run("active"), NOTHING);
}

#[test]
fn a_bulk_action_that_misses_a_job_or_takes_another_is_flagged() {
    let act = |outcome| entry(500, Op::CancelTagged { tag: "t".to_owned() }, outcome);
    let run = |action: Option<Entry>, tag: &'static str, state: &'static str| {
        broken(move |world| {
            let job = JobSpec { tag: Some(tag.to_owned()), ..spec(70, "other") };
            world.history.push(asked(200, vec![job], &["job_t"]));
            world.history.extend(action);
            world.seen.is_final = true;
            world.seen.jobs.insert("job_t".to_owned(), JobSeen { queue: "other".to_owned(), ..seen(70, state) });
        })
    };
    assert_eq!(run(Some(act(Outcome::Ok(Reply::Done))), "t", "waiting"), [36]);
    assert_eq!(run(Some(act(Outcome::Ok(Reply::Done))), "t", "cancelled"), NOTHING);
    assert_eq!(run(Some(act(Outcome::Unknown)), "t", "waiting"), NOTHING);
    assert_eq!(run(Some(act(Outcome::Unknown)), "t", "cancelled"), NOTHING);
    assert_eq!(run(Some(act(Outcome::Ok(Reply::Done))), "other", "cancelled"), [36]);
    assert_eq!(run(None, "t", "waiting"), NOTHING);
}

#[test]
fn a_revoked_credential_that_is_accepted_is_flagged() {
    let revoked = |at, outcome| entry(at, Op::RevokeKey { name: "k".to_owned() }, outcome);
    let used = |at, outcome| entry(at, Op::UseKey { name: "k".to_owned() }, outcome);
    let run = |entries: Vec<Entry>| broken(with(move |history| history.extend(entries)));
    let yes = || Outcome::Ok(Reply::Done);
    assert_eq!(run(vec![used(200, yes()), revoked(300, yes()), used(400, Outcome::Refused(401))]), NOTHING);
    assert_eq!(run(vec![revoked(300, yes()), used(400, yes())]), [33]);
    assert_eq!(run(vec![revoked(300, Outcome::Unknown), used(400, yes())]), NOTHING);
    assert_eq!(run(vec![used(400, Outcome::Refused(401))]), [33]);
    assert_eq!(run(vec![revoked(300, Outcome::Unknown), used(400, Outcome::Refused(401))]), NOTHING);
    // While the revocation is on its way either answer is right.
    assert_eq!(run(vec![revoked(300, yes()), used(305, yes())]), NOTHING);
}

#[test]
fn a_tick_too_many_or_too_few_is_flagged() {
    let run = |last_tick_at: Option<u64>, jobs: u64| {
        broken(move |world| {
            let id = "sch_1".to_owned();
            world.seen.schedules = vec![ScheduleSeen { id, made_at: 500, every_ms: 1_000, last_tick_at, jobs }];
        })
    };
    assert_eq!((run(Some(3_500), 3), run(None, 0)), (Vec::new(), Vec::new()));
    assert_eq!((run(Some(3_500), 4), run(Some(3_500), 2), run(None, 1)), (vec![21], vec![21], vec![21]));
}

#[test]
fn a_second_process_that_is_not_refused_is_flagged() {
    let run =
        |code: Option<i32>, took_ms: u64| broken(move |world| world.seen.second = Some(SecondSeen { code, took_ms }));
    assert_eq!(run(Some(20), 300), NOTHING);
    assert_eq!((run(Some(1), 300), run(None, 300), run(Some(20), 60_000)), (vec![32], vec![32], vec![32]));
}

#[test]
fn a_restart_that_changes_something_is_flagged() {
    let run = |change: fn(&mut Observation)| {
        broken(move |world| {
            let mut before = world.seen.clone();
            change(&mut before);
            world.seen.before_restart = Some(Box::new(before));
        })
    };
    assert_eq!(run(|_| {}), NOTHING);
    assert_eq!(run(|before| before.jobs.get_mut("job_1").unwrap().result = None), [31]);
    assert_eq!(run(|before| before.jobs.get_mut("job_2").unwrap().state = "delayed".to_owned()), NOTHING);
    assert_eq!(run(|before| before.events.get_mut("e1").unwrap().data = "[]".to_owned()), [31]);
    assert_eq!(run(|before| before.counters.entry("work".to_owned()).or_default().clear()), [31]);
}
