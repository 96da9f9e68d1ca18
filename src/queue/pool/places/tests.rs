//! Places shared between companies: bounds, turns, what is kept and for how long.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{PERIOD_MS, Places};
use crate::queue::settings::kept_places;

/// A pool in which every company's jobs are alike.
#[derive(Default)]
struct Pool {
    places: Places,
    ready: HashMap<u64, usize>,
    running: HashMap<u64, usize>,
    now_ms: u64,
}

impl Pool {
    fn add(&mut self, company: u64, count: usize, concurrency: usize) {
        for _ in 0..count {
            self.places.add(company, concurrency);
            *self.ready.entry(company).or_default() += 1;
            self.places.set_startable(company, true);
        }
    }

    /// Starts the next job; says whose it is.
    fn start(&mut self, concurrency: usize) -> Option<u64> {
        let company = self.places.next(concurrency, self.now_ms)?;
        let ready = self.ready.get_mut(&company).unwrap();
        *ready -= 1;
        if *ready == 0 {
            self.places.set_startable(company, false);
        }
        self.places.start(company);
        *self.running.entry(company).or_default() += 1;
        Some(company)
    }

    fn end(&mut self, company: u64) {
        if let Some(running) = self.running.get_mut(&company).filter(|running| **running > 0) {
            *running -= 1;
            self.places.end(company);
        }
    }

    fn idle_with_work(&self) -> impl Iterator<Item = u64> + '_ {
        let is_idle = |company: &u64| self.running.get(company).is_none_or(|running| *running == 0);
        self.ready.iter().filter(|(_, ready)| **ready > 0).map(|(company, _)| *company).filter(is_idle)
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Add(u64, usize),
    Start,
    End(u64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..5_u64, 1..40_usize).prop_map(|(company, count)| Step::Add(company, count)),
        6 => Just(Step::Start),
        4 => (1..5_u64).prop_map(Step::End),
        1 => (0..3 * PERIOD_MS).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn no_place_too_many_and_at_most_a_quarter_kept(
        concurrency in 1..40_usize,
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let mut pool = Pool::default();
        for step in steps {
            match step {
                Step::Add(company, count) => pool.add(company, count, concurrency),
                Step::End(company) => pool.end(company),
                Step::Wait(ms) => pool.now_ms += ms,
                Step::Start => {
                    let idle: Vec<u64> = pool.idle_with_work().collect();
                    let free = concurrency - pool.places.running();
                    let has_work = pool.ready.values().any(|ready| *ready > 0);
                    let started = pool.start(concurrency);
                    prop_assert!(pool.places.running() <= concurrency);
                    if free > 0 && !idle.is_empty() {
                        prop_assert!(started.is_some_and(|company| idle.contains(&company)));
                    }
                    if free > kept_places(concurrency) && has_work {
                        prop_assert!(started.is_some());
                    }
                }
            }
            let running: usize = pool.running.values().sum();
            prop_assert_eq!(running, pool.places.running());
        }
        // Whatever was before, all of it starts and ends.
        for _ in 0..100_000 {
            while pool.start(concurrency).is_some() {}
            if pool.places.running() == 0 {
                break;
            }
            (1..5).for_each(|company| pool.end(company));
        }
        prop_assert!(pool.ready.values().all(|ready| *ready == 0));
    }

    #[test]
    fn a_company_that_is_alone_gets_all_places(
        concurrency in 1..40_usize,
        lots in prop::collection::vec((1..100_usize, 0..PERIOD_MS), 1..50),
    ) {
        let mut pool = Pool::default();
        for (count, ms) in lots {
            pool.add(1, count, concurrency);
            while pool.start(concurrency).is_some() {}
            let ready = pool.ready.get(&1).copied().unwrap_or_default();
            prop_assert!(ready == 0 || pool.places.running() == concurrency);
            (0..count).for_each(|_| pool.end(1));
            pool.now_ms += ms;
        }
    }
}

#[test]
fn places_are_kept_for_a_company_seen_lately_and_given_back_later() {
    let mut pool = Pool::default();
    pool.add(1, 1_000, 64);
    while pool.start(64).is_some() {}
    assert_eq!(pool.running.get(&1), Some(&64));
    // The first time it gets the places that become free, before the flood does.
    pool.add(2, 10, 64);
    for _ in 0..10 {
        pool.end(1);
        assert_eq!(pool.start(64), Some(2));
    }
    for _ in 0..10 {
        pool.end(2);
        while pool.start(64).is_some() {}
    }
    assert_eq!(pool.running.get(&1), Some(&54));
    pool.add(2, 12, 64);
    let started: Vec<_> = std::iter::from_fn(|| pool.start(64)).collect();
    assert_eq!(started, [2; 10]);
    for _ in 0..10 {
        pool.end(2);
        pool.start(64);
    }
    (0..2).for_each(|_| pool.end(2));
    assert_eq!(pool.start(64), None);
    let mut kept_until = pool.places.kept_until(64).expect("somebody waits for places that are kept");
    assert!(kept_until > pool.now_ms);
    // By the second time at the latest: who was seen in a period is seen lately in the next one too.
    for _ in 0..2 {
        pool.now_ms = kept_until;
        while pool.start(64).is_some() {}
        kept_until = pool.places.kept_until(64).unwrap_or(kept_until);
    }
    assert_eq!(pool.places.kept_until(64), None, "nobody waits");
    // A clock that was read before a lock was taken gives nothing back and forgets nobody.
    pool.now_ms = 0;
    assert_eq!(pool.start(64), None);
    assert_eq!(pool.running.get(&1), Some(&64));
}

#[test]
fn a_flood_that_ended_leaves_nothing_kept() {
    let mut pool = Pool::default();
    pool.add(1, 100, 64);
    while pool.start(64).is_some() {}
    for _ in 0..100 {
        pool.end(1);
        pool.start(64);
    }
    pool.add(2, 100, 64);
    while pool.start(64).is_some() {}
    assert_eq!(pool.running.get(&2), Some(&64));
}
