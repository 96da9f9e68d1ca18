//! Very many schedules: the start, what is due next and lists do not grow with them.
//!
//! `NOVAPULSE_TEST_SCHEDULES` says how many; with 100000 the times that are printed say something.

use std::time::Instant;

use super::ticks::{World, every};
use crate::{
    audit::Origin,
    base::{CompanyId, RawId},
    schedules::{
        CatchUp, Schedules,
        service::{NewSchedule, RuleInput, SCHEDULES_MAX},
        store,
    },
};

const DUE: usize = 10;

fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: 100 + number, lo: 1 })
}

fn wanted() -> u64 {
    std::env::var("NOVAPULSE_TEST_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

/// Schedules that do not tick for a long time, a thousand to a company.
async fn fill(world: &World, companies: u64) {
    let rule = RuleInput::Cron("0 0 1 12 *".to_owned(), "Europe/Berlin".to_owned());
    let timetable = world.schedules.timetable(rule.clone()).await.unwrap();
    for number in 0..companies {
        for _ in 0..10 {
            let (rule, timetable) = (rule.clone(), timetable.clone());
            let schedules = world.schedules.clone();
            let made = world.db.write(move |tx| {
                for _ in 0..SCHEDULES_MAX / 10 {
                    let new = NewSchedule { rule: rule.clone(), ..every(1_000, CatchUp::Skip) };
                    schedules.create(tx, (company(number), &Origin::system()), new, timetable.clone())?;
                }
                Ok::<_, crate::schedules::Error>(())
            });
            made.await.unwrap();
        }
    }
}

fn told(what: &str, since: Instant) {
    println!("{what}: {} ms", since.elapsed().as_millis());
}

#[tokio::test]
async fn many_schedules_cost_a_start_a_tick_and_a_page_no_more_than_few() {
    let companies = wanted().div_ceil(SCHEDULES_MAX);
    let mut world = World::new().await;
    fill(&world, companies).await;
    let mut due = Vec::new();
    for _ in 0..DUE {
        due.push(world.create(every(60_000, CatchUp::Skip)).await.unwrap());
    }
    let since = Instant::now();
    world = world.crash().await;
    told("start", since);
    let since = Instant::now();
    assert_eq!(world.advance(60_000).await, DUE, "those that are due and no other");
    told("tick", since);
    // What is due next is the first entry of the list, whatever is behind it.
    let first = store::first_times(&world.db.snapshot(), None, 1).unwrap();
    assert_eq!(first[0].0.to_string(), "2026-01-01T00:02:00.000Z");

    let since = Instant::now();
    let (mut before, mut pages, mut seen) = (None, 0, 0);
    loop {
        let now = world.db.now();
        let page =
            world.db.read(move |read| Schedules::list(read, company(0), before, 50, now)).await.unwrap().unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 50 && page.iter().all(|view| view.next_times.len() == 5));
        (before, pages, seen) = (Some(last.row.id.hi()), pages + 1, seen + page.len());
    }
    told("twenty pages", since);
    assert_eq!((pages, seen as u64), (20, SCHEDULES_MAX));
    world.is_sound();
}
