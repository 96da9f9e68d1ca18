//! Ticks on the memory engine: durable, once each, across crashes and jumps of the clock.

use std::sync::Arc;

use crate::{
    audit::Origin,
    base::{CompanyId, ManualClock, RawId, ScheduleId, SeededRandom, Timestamp},
    jobs::Jobs,
    queue::{JobFilter, JobView, QueueConfig, Queues},
    schedules::{
        CatchUp, Error, Metrics, Schedules, Starters, check,
        service::{NewSchedule, RuleInput, SCHEDULES_MAX, ScheduleChange},
        store,
        target::Target,
    },
    storage::{Db, engine::memory::MemoryEngine},
};

const START: &str = "2026-01-01T00:00:00Z";

pub(super) struct World {
    engine: MemoryEngine,
    pub(super) clock: Arc<ManualClock>,
    pub(super) db: Db,
    queues: Queues,
    pub(super) schedules: Schedules,
    starters: Starters,
}

pub(super) fn company() -> CompanyId {
    CompanyId::from_raw(RawId { hi: 1, lo: 1_000 })
}

fn job(text: &str) -> Target {
    Target::Job(Box::new(serde_json::from_str(text).unwrap()))
}

pub(super) fn every(ms: u64, catch_up: CatchUp) -> NewSchedule {
    NewSchedule {
        name: "every".to_owned(),
        rule: RuleInput::Every(ms),
        target: job(r#"{"queue":"things","kind":"thing.do","payload":{"a":1}}"#),
        catch_up,
        is_enabled: true,
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Starters::default()).await
    }

    pub(super) async fn with(starters: Starters) -> Self {
        Self::open(MemoryEngine::default(), Arc::new(ManualClock::new(START.parse().unwrap())), starters).await
    }

    async fn open(engine: MemoryEngine, clock: Arc<ManualClock>, starters: Starters) -> Self {
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7))).unwrap();
        let queues = Queues::open(db.clone(), QueueConfig { cores: 1, ..QueueConfig::default() }).await.unwrap();
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        let jobs = Jobs::new(db.clone(), queues.clone());
        let schedules = Schedules::new(db.clone(), jobs, starters.clone(), metrics);
        Self { engine, clock, db, queues, schedules, starters }
    }

    /// Ends the process as a power cut would, and starts it again.
    pub(super) async fn crash(self) -> Self {
        let Self { engine, clock, db, queues, schedules, starters } = self;
        drop((queues, schedules));
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        engine.crash();
        Self::open(engine, clock, starters).await
    }

    pub(super) async fn create(&self, new: NewSchedule) -> Result<ScheduleId, Error> {
        let schedules = self.schedules.clone();
        let times = schedules.timetable(new.rule.clone()).await?;
        let made = self.db.write(move |tx| schedules.create(tx, (company(), &Origin::system()), new, times)).await?;
        Ok(made.row.id)
    }

    async fn update(&self, id: ScheduleId, change: ScheduleChange) {
        self.schedules.change((company(), &Origin::system()), id, |_| Ok(change.clone())).await.unwrap();
    }

    pub(super) async fn advance(&self, ms: u64) -> usize {
        self.clock.advance_ms(ms);
        self.schedules.run_due().await.unwrap()
    }

    pub(super) async fn jobs(&self) -> Vec<JobView> {
        let queues = self.queues.clone();
        let page = self.db.read(move |snapshot| queues.list(snapshot, company(), &JobFilter::default(), None, 10_000));
        page.await.unwrap().unwrap().jobs
    }

    async fn last_tick(&self, id: ScheduleId) -> Option<Timestamp> {
        let found = self.db.read(move |snapshot| store::find(snapshot, company(), id)).await.unwrap().unwrap();
        found.unwrap().1.last_tick
    }

    pub(super) async fn error(&self, id: ScheduleId) -> Option<String> {
        let found = self.db.read(move |snapshot| store::find(snapshot, company(), id)).await.unwrap().unwrap();
        found.unwrap().1.error
    }

    pub(super) fn is_sound(&self) {
        let mut findings = Vec::new();
        check(&self.db.snapshot(), &mut |finding| findings.push(finding)).unwrap();
        assert_eq!(findings, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_tick_makes_its_job_once() {
    let world = World::new().await;
    let id = world.create(every(60_000, CatchUp::Skip)).await.unwrap();
    assert_eq!(world.advance(59_999).await, 0);
    assert_eq!(world.advance(1).await, 1);
    assert_eq!(world.advance(0).await, 0);
    let jobs = world.jobs().await;
    assert_eq!((jobs.len(), jobs[0].kind.as_str(), &jobs[0].payload[..]), (1, "thing.do", &b"{\"a\":1}"[..]));
    assert_eq!(jobs[0].tags, [id.to_string()]);
    assert_eq!(world.last_tick(id).await.unwrap().to_string(), "2026-01-01T00:01:00.000Z");
    world.is_sound();
}

#[tokio::test]
async fn missed_ticks_follow_the_policy() {
    let world = World::new().await;
    for (catch_up, expected) in [(CatchUp::Skip, 0), (CatchUp::One, 1), (CatchUp::All, 5), (CatchUp::All, 100)] {
        let ms = if expected == 100 { 60_000 } else { 3_600_000 };
        let id = world.create(every(ms, catch_up)).await.unwrap();
        // Half an hour past the fifth tick, or between two of many.
        assert_eq!(world.advance(5 * 3_600_000 + 1_830_000).await, expected);
        world.update(id, ScheduleChange { is_enabled: Some(false), ..ScheduleChange::default() }).await;
    }
    world.is_sound();
}

#[tokio::test]
async fn what_was_missed_while_the_server_was_down_follows_the_policy() {
    let mut world = World::new().await;
    let policies = [(CatchUp::Skip, 0), (CatchUp::One, 1), (CatchUp::All, 5)];
    let mut ids = Vec::new();
    for (catch_up, _) in policies {
        ids.push(world.create(every(3_600_000, catch_up)).await.unwrap());
    }
    assert_eq!(world.advance(3_600_000).await, 3, "on time, whatever the policy");
    world = world.crash().await;
    assert_eq!(world.advance(5 * 3_600_000 + 1_800_000).await, 6);
    world = world.crash().await;
    assert_eq!(world.advance(0).await, 0, "what was caught up with is not caught up with again");
    let jobs = world.jobs().await;
    for (id, (catch_up, missed)) in ids.into_iter().zip(policies) {
        let made = jobs.iter().filter(|job| job.tags == [id.to_string()]).count();
        assert_eq!(made, 1 + missed, "{catch_up:?}");
    }
    assert_eq!(world.advance(1_800_000).await, 3, "and the next ones come on time");
    world.is_sound();
}

#[tokio::test]
async fn what_comes_while_disabled_is_not_missed() {
    let world = World::new().await;
    let id = world.create(every(60_000, CatchUp::All)).await.unwrap();
    let enable = |is_enabled| ScheduleChange { is_enabled: Some(is_enabled), ..ScheduleChange::default() };
    world.update(id, enable(false)).await;
    world.is_sound();
    assert_eq!(world.advance(3_600_000).await, 0);
    world.update(id, enable(true)).await;
    assert_eq!(world.advance(59_000).await, 0);
    assert_eq!(world.advance(1_000).await, 1);
    world.is_sound();
}

#[tokio::test]
async fn no_tick_comes_twice_across_crashes() {
    let mut world = World::new().await;
    let ids = [world.create(every(1_000, CatchUp::All)).await.unwrap(), {
        let rule = RuleInput::Cron("*/2 * * * * *".to_owned(), "Europe/Berlin".to_owned());
        world.create(NewSchedule { rule, ..every(1_000, CatchUp::All) }).await.unwrap()
    }];
    for round in 0..30_u64 {
        let schedules = world.schedules.clone();
        world.clock.advance_ms(1_000 + round * 137 % 900);
        let ticking = tokio::spawn(async move { schedules.run_due().await });
        if round % 3 == 0 {
            // Cut off somewhere in the middle: what was not durable is gone, jobs and cursor alike.
            ticking.abort();
            drop(ticking.await);
            world = world.crash().await;
        } else {
            ticking.await.unwrap().unwrap();
        }
    }
    world.advance(0).await;
    let (now, start): (Timestamp, Timestamp) = (world.db.now(), START.parse().unwrap());
    let seconds = now.ms_since(start) / 1_000;
    let jobs = world.jobs().await;
    for (id, period) in ids.into_iter().zip([1, 2]) {
        let made = jobs.iter().filter(|job| job.tags == [id.to_string()]).count() as u64;
        assert_eq!(made, seconds / period, "ticks of a rule that comes every {period} s in {seconds} s");
    }
    world.is_sound();
}

#[tokio::test]
async fn jumps_of_the_clock_fire_nothing_twice() {
    let world = World::new().await;
    let id = world.create(every(3_600_000, CatchUp::One)).await.unwrap();
    assert_eq!(world.advance(3_600_000).await, 1);
    // Ten years ahead: one run for all that were missed.
    world.clock.set_wall("2036-01-01T00:30:00Z".parse().unwrap());
    assert_eq!(world.advance(0).await, 1);
    let last = world.last_tick(id).await.unwrap();
    // Back again: time goes on from the later one, and nothing that ran comes again.
    world.clock.set_wall("2026-01-01T02:00:00Z".parse().unwrap());
    assert_eq!(world.advance(1_000).await, 0);
    for _ in 0..3 {
        world.advance(3_600_000).await;
    }
    assert!(world.last_tick(id).await.unwrap() > last);
    assert_eq!(world.jobs().await.len(), 4, "half the pace: two ticks in three hours");
    world.is_sound();
}

#[tokio::test]
async fn a_refused_job_keeps_no_other_schedule_from_its_tick() {
    let world = World::new().await;
    let good = world.create(every(60_000, CatchUp::Skip)).await.unwrap();
    // More queues than a company may use: the last ones are refused when their tick comes.
    let mut ids = Vec::new();
    for number in 0..101 {
        let text = format!(r#"{{"queue":"queue-{number}","kind":"thing.do","payload":1}}"#);
        ids.push(world.create(NewSchedule { target: job(&text), ..every(60_000, CatchUp::Skip) }).await.unwrap());
    }
    assert_eq!(world.advance(60_000).await, 100);
    assert!(world.last_tick(good).await.is_some());
    let last = *ids.last().unwrap();
    let found = world.db.read(move |snapshot| store::find(snapshot, company(), last)).await.unwrap().unwrap().unwrap();
    assert!(found.1.error.unwrap().contains("queue"), "the reason is said");
    assert_eq!(found.1.next.unwrap().to_string(), "2026-01-01T00:02:00.000Z");
    world.is_sound();
}

#[tokio::test]
async fn a_unique_key_keeps_runs_from_overlapping() {
    let world = World::new().await;
    let text = r#"{"queue":"things","kind":"thing.do","payload":1,"unique":{"key":"one"}}"#;
    world.create(NewSchedule { target: job(text), ..every(1_000, CatchUp::Skip) }).await.unwrap();
    for _ in 0..5 {
        world.advance(1_000).await;
    }
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_company_has_a_bounded_number() {
    let world = World::new().await;
    for _ in 0..SCHEDULES_MAX {
        world.create(NewSchedule { is_enabled: false, ..every(1_000, CatchUp::Skip) }).await.unwrap();
    }
    assert!(matches!(world.create(every(1_000, CatchUp::Skip)).await, Err(Error::TooMany)));
    world.is_sound();
}

#[tokio::test]
async fn the_loop_wakes_for_a_tick_that_was_set_while_it_slept() {
    let world = World::new().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.schedules.clone().run(stop.clone()));
    world.create(every(1_000, CatchUp::Skip)).await.unwrap();
    world.clock.advance_ms(1_000);
    let arrived = async {
        while world.jobs().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), arrived).await.unwrap();
    stop.cancel();
    running.await.unwrap();
}
