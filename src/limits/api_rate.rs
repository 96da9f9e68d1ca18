//! The rate of a company's API calls: counted in memory, written down while a company is ahead of its rate.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Metrics, Refusal, gcra::Quota, store};
use crate::{
    base::{Clock, CompanyId},
    storage::{self, Db, pause},
};

/// How often what a restart would give back is written down.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Limits each company to a rate with a burst, or does not limit at all.
pub struct ApiRate {
    /// Calls are decided with this held for reading, so that another rate finds each of them counted.
    state: RwLock<State>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl fmt::Debug for ApiRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRate").field("rate", &self.read().rate).finish_non_exhaustive()
    }
}

struct State {
    rate: Rate,
    /// Theoretical arrival times in nanoseconds since 1970, by the company's number.
    arrivals: HashMap<u64, AtomicI64>,
}

/// What every company may do.
#[derive(Debug, Clone, Copy)]
struct Rate {
    quota: Option<Quota>,
    per_second: u64,
}

impl Rate {
    fn new(per_second: u32, burst: u32) -> Self {
        Self { quota: Quota::new(per_second, burst), per_second: u64::from(per_second) }
    }
}

impl ApiRate {
    /// So many calls per second after a burst; no limit when one of them is 0.
    #[must_use]
    pub fn new(per_second: u32, burst: u32, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        let state = State { rate: Rate::new(per_second, burst), arrivals: HashMap::new() };
        Self { state: RwLock::new(state), clock, metrics }
    }

    /// Another rate and burst from now on. Calls that were used up count as so many of the new burst, at most as all of it;
    /// where there was no limit, none were counted.
    pub fn set(&self, per_second: u32, burst: u32) {
        let now_ns = self.now_ns();
        let mut state = self.write();
        let rate = Rate::new(per_second, burst);
        let before = std::mem::replace(&mut state.rate, rate);
        let (Some(from), Some(to)) = (before.quota, rate.quota) else { return state.arrivals.clear() };
        for arrival in state.arrivals.values_mut() {
            *arrival.get_mut() = from.carry(*arrival.get_mut(), now_ns, to);
        }
    }

    /// Admits a call of the company.
    ///
    /// # Errors
    /// [`Refusal`] when the company has used up its burst.
    pub fn admit(&self, company: CompanyId) -> Result<(), Refusal> {
        let now_ns = self.now_ns();
        let known = self.read().admit(company.hi(), now_ns);
        let admitted = known.unwrap_or_else(|| {
            let mut state = self.write();
            state.arrivals.entry(company.hi()).or_insert(AtomicI64::new(i64::MIN));
            state.admit(company.hi(), now_ns).unwrap_or(Ok(()))
        });
        admitted.inspect_err(|refusal| self.metrics.refused(refusal.policy))
    }

    fn now_ns(&self) -> i64 {
        self.clock.now().as_ms().saturating_mul(1_000_000)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what an earlier run has written down, with the rate that is in force; to be called before the first call is
    /// admitted.
    ///
    /// # Errors
    /// When the store fails.
    pub fn restore(&self, db: &Db) -> Result<(), storage::Error> {
        let rows = store::arrivals(&db.snapshot())?;
        let now_ns = self.now_ns();
        let mut state = self.write();
        let Some(quota) = state.rate.quota else { return Ok(()) };
        for (company, arrival_ns) in rows {
            state.arrivals.insert(company, AtomicI64::new(quota.restored(arrival_ns, now_ns)));
        }
        Ok(())
    }

    /// The companies that are ahead of their rate, with their arrival times; the others are forgotten.
    fn ahead(&self) -> HashMap<u64, i64> {
        let now_ns = self.now_ns();
        let mut state = self.write();
        state.arrivals.retain(|_, arrival| *arrival.get_mut() > now_ns);
        state.arrivals.iter().map(|(company, arrival)| (*company, arrival.load(Ordering::Relaxed))).collect()
    }

    /// Writes down every second, and at the end, which companies are far enough ahead of their rate that a restart would
    /// give something back; until stopped.
    pub async fn maintain(self: Arc<Self>, db: Db, stop: CancellationToken) {
        let mut saved = match store::arrivals(&db.snapshot()) {
            Ok(rows) => rows.into_iter().map(|(company, _)| company).collect(),
            Err(_) => HashSet::new(),
        };
        loop {
            let is_last = !pause(SAVE_EVERY, &stop).await;
            if let Err(error) = self.save(&db, &mut saved).await {
                tracing::warn!(%error, "the rates of API calls could not be stored: {error}");
            }
            if is_last {
                return;
            }
        }
    }

    /// Stores who is ahead by more than the time between two savings, and removes who no longer is.
    async fn save(&self, db: &Db, saved: &mut HashSet<u64>) -> Result<(), storage::Error> {
        let far_ns = self.now_ns().saturating_add(i64::try_from(SAVE_EVERY.as_nanos()).unwrap_or(i64::MAX));
        let mut rows = self.ahead();
        rows.retain(|_, arrival_ns| *arrival_ns > far_ns);
        let over: Vec<u64> = saved.iter().copied().filter(|company| !rows.contains_key(company)).collect();
        if rows.is_empty() && over.is_empty() {
            return Ok(());
        }
        let companies = rows.keys().copied().collect();
        db.write_reclaiming(move |tx| store::put_arrivals(tx, &rows, &over)).await?;
        *saved = companies;
        Ok(())
    }
}

impl State {
    /// Counts a call or refuses it; nothing when the company has to be made room for.
    fn admit(&self, company: u64, now_ns: i64) -> Option<Result<(), Refusal>> {
        let Rate { quota, per_second } = self.rate;
        let Some(quota) = quota else { return Some(Ok(())) };
        let arrival = self.arrivals.get(&company)?;
        let mut known = arrival.load(Ordering::Relaxed);
        loop {
            let next = match quota.admit(known, now_ns) {
                Ok(next) => next,
                Err(wait_ns) => return Some(Err(refusal(per_second, wait_ns))),
            };
            match arrival.compare_exchange_weak(known, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Ok(())),
                Err(other) => known = other,
            }
        }
    }
}

fn refusal(quota: u64, wait_ns: i64) -> Refusal {
    let wait_s = u64::try_from(wait_ns).unwrap_or(0).div_ceil(1_000_000_000);
    let retry_after_s = u32::try_from(wait_s).unwrap_or(u32::MAX).max(1);
    Refusal { policy: "api", quota, window_s: 1, retry_after_s }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Arc};

    use super::{ApiRate, Metrics};
    use crate::{
        base::{CompanyId, ManualClock, RawId, SeededRandom, Timestamp},
        storage::{Db, engine::memory::MemoryEngine},
    };

    fn rate(per_second: u32, burst: u32, clock: &Arc<ManualClock>) -> ApiRate {
        ApiRate::new(per_second, burst, Arc::clone(clock) as _, Metrics::default())
    }

    fn company(hi: u64) -> CompanyId {
        CompanyId::from_raw(RawId { hi, lo: 0 })
    }

    #[test]
    fn a_company_has_its_own_burst() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let limited = rate(1, 3, &clock);
        assert_eq!((0..10).filter(|_| limited.admit(company(1)).is_ok()).count(), 3);
        let refusal = limited.admit(company(1)).unwrap_err();
        assert_eq!((refusal.policy, refusal.quota, refusal.retry_after_s), ("api", 1, 1));
        assert!(limited.admit(company(2)).is_ok());
        clock.advance_ms(1_000);
        assert_eq!((0..10).filter(|_| limited.admit(company(1)).is_ok()).count(), 1);
        clock.advance_ms(2_000);
        assert_eq!(limited.ahead().len(), 1, "who is not ahead is forgotten");
        let open = rate(0, 0, &clock);
        assert!((0..10_000).all(|_| open.admit(company(1)).is_ok()));
    }

    #[test]
    fn parallel_calls_are_admitted_exactly() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let limited = rate(1, 100, &clock);
        let count = || (0..200).filter(|_| limited.admit(company(1)).is_ok()).count();
        let admitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 100);
    }

    #[test]
    fn another_rate_forgives_nothing() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let limited = rate(1, 100, &clock);
        let admitted = |calls: usize| (0..calls).filter(|_| limited.admit(company(1)).is_ok()).count();
        assert_eq!(admitted(60), 60);
        limited.set(1, 10);
        assert_eq!(admitted(20), 0, "the smaller burst is used up");
        clock.advance_ms(2_000);
        assert_eq!(admitted(20), 2, "the rate goes on");
        limited.set(1, 100);
        assert_eq!(admitted(200), 90);
        clock.advance_ms(100_000);
        assert_eq!(admitted(50), 50);
        limited.set(1_000, 60);
        assert_eq!(admitted(200), 10);
        limited.set(0, 0);
        assert_eq!(admitted(200), 200);
        limited.set(1, 10);
        assert_eq!(admitted(20), 10, "nothing was counted without a limit");
    }

    #[tokio::test]
    async fn a_restart_with_a_smaller_burst_forgives_nothing() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
        let before = rate(1, 100, &clock);
        assert_eq!((0..100).filter(|_| before.admit(company(1)).is_ok()).count(), 100);
        before.save(&db, &mut HashSet::new()).await.unwrap();
        let after = rate(1, 10, &clock);
        after.restore(&db).unwrap();
        assert!(after.admit(company(1)).is_err());
        clock.advance_ms(1_000);
        assert_eq!((0..5).filter(|_| after.admit(company(1)).is_ok()).count(), 1, "and it keeps nobody out for long");
    }

    #[tokio::test]
    async fn a_restart_gives_no_burst_back() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let open = |engine: MemoryEngine| {
            Db::over_memory(engine, Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap()
        };
        let engine = MemoryEngine::default();
        let db = open(engine.clone());
        let before = rate(1, 10, &clock);
        assert_eq!((0..20).filter(|_| before.admit(company(1)).is_ok()).count(), 10);
        before.admit(company(2)).unwrap();
        before.save(&db, &mut HashSet::new()).await.unwrap();
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        engine.crash();

        let db = open(engine);
        let after = rate(1, 10, &clock);
        after.restore(&db).unwrap();
        assert!(after.admit(company(1)).is_err());
        assert_eq!((0..20).filter(|_| after.admit(company(2)).is_ok()).count(), 10, "one second is not worth a row");
        clock.advance_ms(10_000);
        let mut saved = HashSet::from([1]);
        after.save(&db, &mut saved).await.unwrap();
        assert!(saved.is_empty() && super::store::arrivals(&db.snapshot()).unwrap().is_empty());
    }
}
