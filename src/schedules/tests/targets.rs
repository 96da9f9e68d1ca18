//! Ticks that start what is no job, by a starter that keeps what it is told.

use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::ticks::{World, company, every};
use crate::{
    auth::{Caller, Scope, Scopes},
    base::{JobId, ManualClock, RawId, UserId},
    http::{Problem, problems},
    schedules::{
        CatchUp, NotStarted, Started, Starter, Starters, Tick,
        rights::AuthorRow,
        service::{NewSchedule, SCHEDULES_MAX},
        store::{self, ScheduleRow},
        target::{Kind, Target},
    },
    storage::{Table, Tx, keyspaces, testing::Damaged},
};

/// Keeps the times of what it starts; refuses orders of `"no"`.
#[derive(Debug, Default)]
struct Keeping(Mutex<Vec<String>>);

impl Starter for Keeping {
    fn check(&self, _: &Bytes, _: &Caller) -> Result<(), Problem> {
        Ok(())
    }

    fn allow(&self, _: &Bytes, scopes: Scopes) -> Result<(), Problem> {
        let may = scopes.contains(Scope::AuditRead);
        may.then_some(()).ok_or_else(|| Problem::of(&problems::FORBIDDEN).detail("needs the scope audit:read"))
    }

    fn facts(&self, _: &Bytes) -> Value {
        Value::Null
    }

    fn start(&self, tx: &mut Tx<'_>, tick: Tick<'_>, order: &Bytes) -> Result<Started, NotStarted> {
        if **order == b"\"no\""[..] {
            return Err(NotStarted::Refused(Problem::invalid("/a", "cannot be")));
        }
        self.0.lock().unwrap().push(tick.at.to_string());
        let job = JobId::from_raw(RawId { hi: tx.mint().hi, lo: 1 });
        Ok(Started { id: "rpt_1".to_owned(), job })
    }
}

fn reporting(order: &'static [u8], catch_up: CatchUp) -> NewSchedule {
    NewSchedule { target: Target::Other(Kind::Report, Bytes::from_static(order)), ..every(3_600_000, catch_up) }
}

#[tokio::test]
async fn each_tick_is_started_for_its_own_time_also_when_it_is_late() {
    let keeping = Arc::new(Keeping::default());
    let mut world = World::with(Starters { report: Some(Arc::clone(&keeping) as _), workflow: None }).await;
    world.create(reporting(b"1", CatchUp::All)).await.unwrap();
    world = world.crash().await;
    assert_eq!(world.advance(3 * 3_600_000 + 1_800_000).await, 3);
    let times = std::mem::take(&mut *keeping.0.lock().unwrap());
    assert_eq!(times, [1, 2, 3].map(|hour| format!("2026-01-01T0{hour}:00:00.000Z")));
    world.is_sound();
}

#[tokio::test]
async fn what_cannot_be_started_is_told_and_keeps_nothing_else_from_its_tick() {
    let keeping = Arc::new(Keeping::default());
    let world = World::with(Starters { report: Some(Arc::clone(&keeping) as _), workflow: None }).await;
    let bad = world.create(reporting(b"\"no\"", CatchUp::Skip)).await.unwrap();
    let good = world.create(reporting(b"1", CatchUp::Skip)).await.unwrap();
    world.create(every(3_600_000, CatchUp::Skip)).await.unwrap();
    assert_eq!(world.advance(3_600_000).await, 2);
    let said = world.error(bad).await.unwrap();
    assert!(said.contains("the report of the schedule is refused") && said.contains("/a cannot be"), "{said}");
    assert_eq!(world.error(good).await, None);
    assert_eq!(keeping.0.lock().unwrap().len(), 1);
    assert_eq!(world.jobs().await.len(), 1);
    world.is_sound();
}

#[tokio::test]
async fn a_target_nobody_starts_any_more_is_told_at_its_tick() {
    let world = World::new().await;
    let id = world.create(reporting(b"1", CatchUp::Skip)).await.unwrap();
    assert_eq!(world.advance(3_600_000).await, 0);
    assert!(world.error(id).await.unwrap().contains("target_not_available"));
    world.is_sound();
}

#[test]
fn a_job_asks_for_the_right_to_enqueue_it() {
    let starters = Starters::default();
    let allow = |kind, scope: Scope| starters.allow(kind, &Bytes::new(), [scope].into_iter().collect());
    let told = allow(Kind::Job, Scope::SchedulesWrite).unwrap_err().to_string();
    assert_eq!(told, "forbidden: a job at each tick needs the scope jobs:write");
    assert!(allow(Kind::Job, Scope::JobsWrite).is_ok());
    assert!(allow(Kind::Workflow, Scope::SchedulesWrite).is_ok(), "that nobody starts it is told at its tick");
}

/// Takes a tenth of a second for everything it starts, by the clock of the world it is in.
#[derive(Debug, Default)]
struct Slow(OnceLock<Arc<ManualClock>>);

impl Starter for Slow {
    fn check(&self, _: &Bytes, _: &Caller) -> Result<(), Problem> {
        Ok(())
    }

    fn allow(&self, _: &Bytes, _: Scopes) -> Result<(), Problem> {
        Ok(())
    }

    fn facts(&self, _: &Bytes) -> Value {
        Value::Null
    }

    fn start(&self, tx: &mut Tx<'_>, tick: Tick<'_>, _: &Bytes) -> Result<Started, NotStarted> {
        self.0.get().unwrap().advance_ms(100);
        assert_eq!(tick.at.to_string(), "2026-01-01T01:00:00.000Z");
        let job = JobId::from_raw(RawId { hi: tx.mint().hi, lo: 1 });
        Ok(Started { id: "rpt_1".to_owned(), job })
    }
}

#[tokio::test]
async fn a_tick_is_not_missed_because_there_are_many_before_it() {
    let slow = Arc::new(Slow::default());
    let world = World::with(Starters { report: Some(Arc::clone(&slow) as _), workflow: None }).await;
    slow.0.set(Arc::clone(&world.clock)).unwrap();
    for _ in 0..SCHEDULES_MAX {
        world.create(reporting(b"1", CatchUp::Skip)).await.unwrap();
    }
    // The last of them comes more than a minute late.
    assert_eq!(world.advance(3_600_000).await as u64, SCHEDULES_MAX);
    world.is_sound();
}

#[tokio::test]
async fn a_schedule_whose_author_cannot_be_read_stops_and_keeps_no_other_from_ticking() {
    let world = World::new().await;
    let id = world.create(every(60_000, CatchUp::Skip)).await.unwrap();
    world.create(every(60_000, CatchUp::Skip)).await.unwrap();
    let author = UserId::from_raw(RawId { hi: 5, lo: 50 });
    let users = Table::<u64, Damaged>::of(keyspaces::USERS);
    let damage = move |tx: &mut Tx<'_>| {
        let (row, _) = store::find(tx, company(), id)?.unwrap();
        store::put(tx, &ScheduleRow { author: Some(AuthorRow::User(author)), ..row })?;
        tx.put(users, &author.hi(), &Damaged)
    };
    world.db.write(damage).await.unwrap();
    assert_eq!(world.advance(60_000).await, 1, "the other one");
    assert!(world.error(id).await.unwrap().contains("cannot be read"));
    assert_eq!(world.advance(60_000).await, 1);
    let found = world.db.read(move |snapshot| store::find(snapshot, company(), id)).await.unwrap().unwrap();
    assert!(!found.unwrap().0.is_enabled);
}
