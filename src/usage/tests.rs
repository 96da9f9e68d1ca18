//! Calls that are counted, written and read over a store in memory.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    HOUR_MS, HourOfCalls, KEPT_MS, OTHERS, Usage,
    recent::CELLS_MAX,
    store::{self, ROWS_MAX, rows_counted},
};
use crate::{
    base::{ApiKeyId, CompanyId, ManualClock, RawId, SeededRandom, Timestamp, UserId},
    http::{Call, Calls as _, KnownCaller, Operation, Who},
    storage::{Db, Error, Table, Tx, engine::memory::MemoryEngine, keyspaces, space::Headroom, testing::Damaged},
};

/// Some minutes into an hour.
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000 + 600_000);
const HOUR: Timestamp = Timestamp::from_ms(1_767_225_600_000);
const LIST: Operation = Operation { method: "GET", path: "/jobs" };
const CREATE: Operation = Operation { method: "POST", path: "/jobs" };

struct Bench {
    engine: MemoryEngine,
    clock: Arc<ManualClock>,
    db: Db,
    usage: Usage,
}

impl Bench {
    fn new() -> Self {
        Self::open(MemoryEngine::default(), Arc::new(ManualClock::new(START)))
    }

    fn open(engine: MemoryEngine, clock: Arc<ManualClock>) -> Self {
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7))).unwrap();
        let usage = Usage::new(db.clone());
        Self { engine, clock, db, usage }
    }

    async fn crash(self) -> Self {
        drop(self.usage);
        let db = self.db;
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        self.engine.crash();
        Self::open(self.engine, self.clock)
    }

    async fn write(&self) {
        self.usage.write_down(self.db.now().floor(HOUR_MS)).await.unwrap();
    }

    /// Every row of a company, in pages of two.
    async fn all(&self, number: u64) -> Vec<HourOfCalls> {
        self.between(number, (Timestamp::from_ms(0), START.plus_ms(2 * KEPT_MS))).await
    }

    async fn between(&self, number: u64, period: (Timestamp, Timestamp)) -> Vec<HourOfCalls> {
        let (mut all, mut place) = (Vec::new(), None);
        loop {
            let (usage, from) = (self.usage.clone(), place.take());
            let read = self.db.read(move |read| usage.page(read, company(number), period, (from, 2)));
            let (rows, next) = read.await.unwrap().unwrap();
            all.extend(rows);
            let Some(next) = next else { return all };
            place = Some(next);
        }
    }
}

fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: number, lo: number * 1000 })
}

fn key(number: u64) -> ApiKeyId {
    ApiKeyId::from_raw(RawId { hi: number, lo: number * 7 })
}

fn by_key(of: u64, number: u64, operation: Operation, status: u16) -> Call {
    let caller = KnownCaller { company: company(of), who: Who::ApiKey(key(number)) };
    Call { caller, operation, status, elapsed_us: 1_000 }
}

fn by_person(of: u64, number: u64, operation: Operation, status: u16) -> Call {
    let who = Who::User(UserId::from_raw(RawId { hi: number, lo: 1 }));
    Call { caller: KnownCaller { company: company(of), who }, ..by_key(of, 1, operation, status) }
}

/// What a row is of, and how many calls it has.
fn short(row: &HourOfCalls) -> (Option<ApiKeyId>, &str, u8, u64) {
    (row.key, row.operation.as_str(), row.class, row.calls)
}

#[tokio::test]
async fn calls_are_counted_by_key_operation_and_kind_of_answer() {
    let bench = Bench::new();
    for (status, times) in [(201, 3), (422, 2), (429, 1)] {
        (0..times).for_each(|_| bench.usage.called(by_key(1, 5, CREATE, status)));
    }
    bench.usage.called(by_key(1, 6, LIST, 200));
    // People are not told apart.
    bench.usage.called(by_person(1, 1, LIST, 200));
    bench.usage.called(by_person(1, 2, LIST, 304));
    bench.usage.called(by_person(1, 3, LIST, 200));
    bench.usage.called(by_key(2, 5, CREATE, 500));
    assert_eq!(bench.all(1).await, [], "nothing is written with a call");
    bench.write().await;
    let rows = bench.all(1).await;
    assert_eq!(
        rows.iter().map(short).collect::<Vec<_>>(),
        [
            (None, "GET /jobs", 2, 2),
            (None, "GET /jobs", 3, 1),
            (Some(key(5)), "POST /jobs", 2, 3),
            (Some(key(5)), "POST /jobs", 4, 3),
            (Some(key(6)), "GET /jobs", 2, 1),
        ]
    );
    assert!(rows.iter().all(|row| row.hour == HOUR));
    assert_eq!(bench.all(2).await.iter().map(short).collect::<Vec<_>>(), [(Some(key(5)), "POST /jobs", 5, 1)]);
}

#[tokio::test]
async fn what_a_later_minute_counted_is_added_and_what_a_crash_took_is_one_minute() {
    let mut bench = Bench::new();
    for elapsed_us in [1_000, 3_000] {
        bench.usage.called(Call { elapsed_us, ..by_key(1, 5, LIST, 200) });
    }
    bench.write().await;
    bench.usage.called(Call { elapsed_us: 2_000_000, ..by_key(1, 5, LIST, 200) });
    bench.write().await;
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench = bench.crash().await;
    let rows = bench.all(1).await;
    assert_eq!((rows.len(), rows[0].calls, rows[0].mean_us), (1, 3, 668_000));
    assert!((1_500_000..2_500_000).contains(&rows[0].p95_us), "{rows:?}");
}

#[tokio::test]
async fn a_period_has_every_hour_that_it_touches() {
    let bench = Bench::new();
    for _ in 0..4 {
        bench.usage.called(by_key(1, 5, LIST, 200));
        bench.write().await;
        bench.clock.advance_ms(HOUR_MS);
    }
    let hours = async |since: Timestamp, until: Timestamp| {
        let rows = bench.between(1, (since, until)).await;
        rows.iter().map(|row| row.hour.ms_since(HOUR) / HOUR_MS).collect::<Vec<_>>()
    };
    let at = |ms| HOUR.plus_ms(ms);
    assert_eq!(hours(at(HOUR_MS + 5), at(3 * HOUR_MS)).await, [1, 2]);
    assert_eq!(hours(at(HOUR_MS), at(3 * HOUR_MS + 1)).await, [1, 2, 3]);
    assert_eq!(hours(at(10 * HOUR_MS), at(20 * HOUR_MS)).await, [0; 0]);
}

#[tokio::test]
async fn a_company_with_very_many_keys_has_a_bounded_number_of_rows_and_true_sums() {
    let bench = Bench::new();
    let keys = ROWS_MAX as u64 + 100;
    for round in 0..2 {
        for number in 1..=keys {
            bench.usage.called(by_key(1, number, LIST, 200));
        }
        bench.write().await;
        let rows = bench.all(1).await;
        assert_eq!(rows.len(), ROWS_MAX + 1, "round {round}");
        assert_eq!(rows.iter().map(|row| row.calls).sum::<u64>(), keys * (round + 1));
        let others: Vec<_> = rows.iter().filter(|row| row.operation == OTHERS).map(|row| row.key).collect();
        assert_eq!(others, [None]);
    }
    // Another company has its own room, and so has the next hour.
    bench.usage.called(by_key(2, 1, LIST, 200));
    bench.clock.advance_ms(HOUR_MS);
    bench.usage.called(by_key(1, keys, CREATE, 200));
    bench.write().await;
    assert_eq!(bench.all(2).await[0].operation, "GET /jobs");
    assert_eq!(short(bench.all(1).await.last().unwrap()), (Some(key(keys)), "POST /jobs", 2, 1));
}

#[tokio::test]
async fn memory_is_bounded_between_two_writes() {
    let bench = Bench::new();
    let keys = 2 * CELLS_MAX as u64;
    for number in 1..=keys {
        bench.usage.called(by_key(1, number, LIST, 200));
    }
    let cells = bench.usage.recent.take();
    assert_eq!(cells.len(), CELLS_MAX + 1);
    assert_eq!(cells.values().map(|sum| sum.calls).sum::<u64>(), keys);
}

#[tokio::test]
async fn what_cannot_be_written_is_kept_for_the_next_minute() {
    let bench = Bench::new();
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.db.set_headroom(Headroom::Exhausted);
    assert!(matches!(bench.usage.write_down(HOUR).await, Err(Error::Full)));
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.db.set_headroom(Headroom::Ample);
    bench.write().await;
    assert_eq!(bench.all(1).await.iter().map(short).collect::<Vec<_>>(), [(Some(key(5)), "GET /jobs", 2, 2)]);
}

#[tokio::test]
async fn what_is_left_when_the_server_stops_is_written_once_everything_is_answered() {
    let bench = Bench::new();
    let stop = CancellationToken::new();
    bench.usage.called(by_key(1, 5, LIST, 200));
    stop.cancel();
    bench.usage.clone().maintain(stop).await;
    assert_eq!(bench.all(1).await, [], "requests may still be answered");
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.usage.flush().await.unwrap();
    assert_eq!(bench.all(1).await.iter().map(short).collect::<Vec<_>>(), [(Some(key(5)), "GET /jobs", 2, 2)]);
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.db.set_headroom(Headroom::Exhausted);
    assert!(matches!(bench.usage.flush().await, Err(Error::Full)), "it is told");
}

#[tokio::test]
async fn the_room_of_an_hour_is_counted_and_not_looked_for() {
    let bench = Bench::new();
    let counter = rows_counted(1);
    (1..=ROWS_MAX as u64).for_each(|number| bench.usage.called(by_key(1, number, LIST, 200)));
    bench.write().await;
    // As an earlier version left it: found once, and counted from then on.
    let forget = move |tx: &mut Tx<'_>| {
        let counted = tx.count(&counter);
        tx.add(counter, -counted);
        Ok::<_, Error>(())
    };
    bench.db.write(forget).await.unwrap();
    let others = async |number| {
        bench.usage.called(by_key(1, number, CREATE, 200));
        bench.write().await;
        let rows = bench.all(1).await;
        rows.iter().filter(|row| row.operation == OTHERS).map(|row| row.calls).sum::<u64>()
    };
    assert_eq!(others(1_001).await, 1);
    bench.db.write(|tx| store::remove_old(tx, 1, HOUR.plus_ms(1))).await.unwrap();
    assert_eq!(others(1_002).await, 1, "the rows are gone, and what was counted is not");
    bench.clock.advance_ms(HOUR_MS);
    assert_eq!(others(1_003).await, 1, "the next hour has its own room");
    assert_eq!(bench.all(1).await.last().map(|row| row.operation.as_str()), Some("POST /jobs"));
}

#[tokio::test]
async fn companies_are_looked_at_page_by_page() {
    let bench = Bench::new();
    for number in [1, 2, 5] {
        bench.usage.called(by_key(number, 5, LIST, 200));
        bench.write().await;
        bench.clock.advance_ms(HOUR_MS);
    }
    let page = async |after| {
        let before = HOUR.plus_ms(HOUR_MS);
        let page = bench.db.read(move |read| store::companies_after(read, after, before, 2)).await.unwrap().unwrap();
        (page.with_old, page.last)
    };
    assert_eq!(page(0).await, (vec![1], Some(2)));
    assert_eq!(page(2).await, (vec![], None));
}

#[tokio::test]
async fn rows_are_removed_after_thirty_days_in_every_company() {
    let bench = Bench::new();
    for number in 1..=3 {
        bench.usage.called(by_key(number, 5, LIST, 200));
    }
    bench.write().await;
    bench.clock.advance_ms(HOUR_MS);
    bench.usage.called(by_key(2, 5, LIST, 200));
    bench.write().await;
    bench.clock.advance_ms(KEPT_MS - HOUR_MS);
    bench.usage.remove_old(&CancellationToken::new()).await.unwrap();
    assert_eq!((bench.all(1).await, bench.all(3).await), (Vec::new(), Vec::new()));
    let left = bench.all(2).await;
    assert_eq!(left.iter().map(|row| row.hour).collect::<Vec<_>>(), [HOUR.plus_ms(HOUR_MS)]);
}

#[tokio::test]
async fn a_damaged_row_hides_no_other_and_begins_anew() {
    let bench = Bench::new();
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.usage.called(by_key(1, 6, LIST, 200));
    bench.write().await;
    let damaged = |tx: &mut Tx<'_>| {
        let at = (1_u64, HOUR, key(5).hi(), 2_u8, "GET /jobs".to_owned());
        tx.put(Table::<_, Damaged>::of(keyspaces::API_CALLS), &at, &Damaged)
    };
    bench.db.write(damaged).await.unwrap();
    assert_eq!(bench.all(1).await.iter().map(short).collect::<Vec<_>>(), [(Some(key(6)), "GET /jobs", 2, 1)]);
    bench.usage.called(by_key(1, 5, LIST, 200));
    bench.write().await;
    assert_eq!(bench.all(1).await.iter().map(|row| row.calls).collect::<Vec<_>>(), [1, 1]);
}
