//! Refused calls of known callers, in the audit log: the first few of each caller in a minute one by one, the others as
//! a count. They are noted beside the answers, which wait for nothing.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Actor, Entry, Origin};
use crate::{
    base::CompanyId,
    http::{KnownCaller, Refusals, RefusedCall, Who},
    storage::{self, Db},
};

/// Calls of one caller that are recorded one by one in a minute.
const EACH_MAX: u64 = 10;
/// Callers that are told apart in a minute.
const CALLERS_MAX: usize = 10_000;
/// Calls that wait to be recorded.
const WAITING_MAX: usize = 1_024;
/// Calls recorded in one transaction.
const BATCH: usize = 64;
const WINDOW: Duration = Duration::from_mins(1);
const ACTION: &str = "call.refuse";

/// Where answers leave what was refused.
#[derive(Debug)]
pub struct RefusalLog {
    sender: mpsc::Sender<RefusedCall>,
    missed: Arc<AtomicU64>,
}

/// Records what was left there.
#[derive(Debug)]
pub struct RefusalWriter {
    db: Db,
    receiver: mpsc::Receiver<RefusedCall>,
    missed: Arc<AtomicU64>,
}

/// Both ends.
#[must_use]
pub fn refusals(db: Db) -> (RefusalLog, RefusalWriter) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let missed = Arc::new(AtomicU64::new(0));
    (RefusalLog { sender, missed: Arc::clone(&missed) }, RefusalWriter { db, receiver, missed })
}

impl Refusals for RefusalLog {
    fn refused(&self, call: RefusedCall) {
        if self.sender.try_send(call).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One entry to be.
type Noted = (CompanyId, Origin, Entry);

/// How often each caller was refused in this minute; pure.
#[derive(Debug, Default)]
struct Window {
    calls: HashMap<KnownCaller, u64>,
    /// Calls of callers beyond those that are told apart.
    others: u64,
}

impl Window {
    /// Counts a call; the entry for it unless the caller has had enough of them.
    fn note(&mut self, call: RefusedCall) -> Option<Noted> {
        if self.calls.len() >= CALLERS_MAX && !self.calls.contains_key(&call.caller) {
            self.others += 1;
            return None;
        }
        let count = self.calls.entry(call.caller).or_default();
        *count += 1;
        if *count > EACH_MAX {
            return None;
        }
        let RefusedCall { caller, address, request_id, call, code } = call;
        let origin = Origin { actor: actor(caller), address: Some(address), request_id };
        let entry = Entry { action: ACTION, object: call, before: Value::Null, after: json!({ "code": code }) };
        Some((caller.company, origin, entry))
    }

    /// Ends the minute: an entry for each caller who was refused more often than was recorded.
    fn close(&mut self) -> Vec<Noted> {
        let more = std::mem::take(&mut self.calls).into_iter().filter(|(_, count)| *count > EACH_MAX);
        more.map(|(caller, count)| {
            let origin = Origin { actor: actor(caller), address: None, request_id: String::new() };
            let after = json!({ "more": count - EACH_MAX });
            (caller.company, origin, Entry { action: ACTION, object: "calls".to_owned(), before: Value::Null, after })
        })
        .collect()
    }
}

fn actor(caller: KnownCaller) -> Actor {
    match caller.who {
        Who::User(id) => Actor::User(id),
        Who::ApiKey(id) => Actor::ApiKey(id),
    }
}

impl RefusalWriter {
    /// Records until stopped, and then what is left.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut window = Window::default();
        let mut minutes = tokio::time::interval(WINDOW);
        minutes.tick().await;
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                count = self.receiver.recv_many(&mut batch, BATCH) => if count == 0 { break },
                _ = minutes.tick() => self.close(&mut window).await,
                () = stop.cancelled() => break,
            }
            self.write(batch.into_iter().filter_map(|call| window.note(call)).collect()).await;
        }
        self.receiver.close();
        while let Ok(call) = self.receiver.try_recv() {
            let noted = window.note(call);
            self.write(noted.into_iter().collect()).await;
        }
        self.close(&mut window).await;
    }

    async fn close(&self, window: &mut Window) {
        let lost = self.missed.swap(0, Ordering::Relaxed) + std::mem::take(&mut window.others);
        if lost > 0 {
            tracing::warn!(lost, "{lost} refused calls came too fast to be recorded in the audit log");
        }
        let mut more = window.close();
        while !more.is_empty() {
            let rest = more.split_off(more.len().min(BATCH));
            self.write(std::mem::replace(&mut more, rest)).await;
        }
    }

    async fn write(&self, noted: Vec<Noted>) {
        if noted.is_empty() {
            return;
        }
        let count = noted.len();
        let work = move |tx: &mut storage::Tx<'_>| {
            noted.into_iter().try_for_each(|(company, origin, entry)| super::record(tx, company, &origin, entry))
        };
        if let Err(error) = self.db.write(work).await {
            tracing::warn!(%error, count, "refused calls could not be recorded: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::Arc};

    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use super::{CALLERS_MAX, EACH_MAX, WAITING_MAX, Window, refusals};
    use crate::{
        audit::{Query, list},
        base::{CompanyId, ManualClock, RawId, SeededRandom, Timestamp, UserId},
        http::{KnownCaller, Refusals, RefusedCall, Who},
        storage::Db,
    };

    const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 1 });

    fn call(user: u64) -> RefusedCall {
        let who = Who::User(UserId::from_raw(RawId { hi: user, lo: 1 }));
        let caller = KnownCaller { company: COMPANY, who };
        let (address, request_id) = (Ipv4Addr::LOCALHOST.into(), "req_1".to_owned());
        RefusedCall { caller, address, request_id, call: "GET /api/v1/audit".to_owned(), code: "forbidden" }
    }

    #[test]
    fn a_caller_gets_ten_entries_a_minute_and_then_a_count() {
        let mut window = Window::default();
        let noted = (0..25).filter_map(|_| window.note(call(1))).count();
        assert_eq!(noted as u64, EACH_MAX);
        assert!(window.note(call(2)).is_some(), "another caller has entries of its own");
        let more = window.close();
        assert_eq!(more.len(), 1);
        assert_eq!(more[0].2.after, json!({ "more": 15 }));
        assert!(window.note(call(1)).is_some(), "a new minute");
    }

    #[test]
    fn callers_beyond_the_most_are_counted_only() {
        let mut window = Window::default();
        for user in 0..CALLERS_MAX as u64 {
            assert!(window.note(call(user)).is_some());
        }
        assert!(window.note(call(u64::MAX)).is_none() && window.note(call(1)).is_some());
        assert_eq!(window.others, 1);
    }

    #[tokio::test]
    async fn answers_never_wait_and_what_is_left_at_the_end_is_recorded() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let db = Db::in_memory(clock, Arc::new(SeededRandom::new(1))).unwrap();
        let (log, writer) = refusals(db.clone());
        // Nobody records yet: the calls over the bound are dropped and counted, and this thread goes on.
        (0..WAITING_MAX + 7).for_each(|number| log.refused(call(number as u64 % 500)));
        assert_eq!(log.missed.load(std::sync::atomic::Ordering::Relaxed), 7);
        let stop = CancellationToken::new();
        stop.cancel();
        writer.run(stop).await;
        let read = |snapshot: &_| list(snapshot, COMPANY, &Query::default(), None, (2_000, 5_000));
        let (entries, _) = db.read(read).await.unwrap().unwrap();
        assert_eq!(entries.len(), WAITING_MAX);
        assert!(entries.iter().all(|entry| entry.action == "call.refuse" && entry.actor.0 == "user"));
    }
}
