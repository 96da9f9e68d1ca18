//! What happens at a time: delayed jobs become waiting, unstarted ones expire, key windows end.
//!
//! One list on disk, read in small chunks from a cursor that only moves forward: a timer is
//! always set later than the logical clock, which never goes back.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, oneshot};

use super::{
    after::After,
    registry::Queues,
    state::{JobState, Moment},
    store::{JobKey, TIMERS, TimerKind, TimerRow, UNIQUE_KEYS, find_state},
    writer::Writer,
};
use crate::{
    base::Timestamp,
    storage::{Error, KeyRange, Order, Read, Tx},
};

/// Timers handled in one transaction: about a millisecond of the writer, and a group of which others wait for the end.
const CHUNK: usize = 128;

/// The longest sleep: a wall clock set forward is noticed after this.
const SLEEP_MS: u64 = 1_000;

type TimerKey = (Timestamp, u64, u64, u8);

/// Where the list is read from, and when next.
#[derive(Debug, Default)]
pub(super) struct Timers {
    state: Mutex<Schedule>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Schedule {
    /// Everything up to here has been handled.
    cursor: Option<TimerKey>,
    /// The earliest timer that is known; `None` when there is none or the list was not read yet.
    next: Option<Timestamp>,
    is_read: bool,
}

impl Timers {
    /// A timer was set.
    pub(super) fn note(&self, at: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next.is_none_or(|next| at < next) {
            state.next = Some(at);
            drop(state);
            self.changed.notify_one();
        }
    }

    fn cursor(&self) -> Option<TimerKey> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).cursor
    }

    /// A chunk was handled; `next` is the first timer behind it.
    fn advance(&self, cursor: Option<TimerKey>, next: Option<Timestamp>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if cursor.is_some() {
            state.cursor = cursor;
        }
        state.next = next;
        state.is_read = true;
    }

    /// How long nothing is due, on the logical clock.
    pub(super) fn wait_ms(&self, now: Timestamp) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_read {
            return 0;
        }
        state.next.map_or(SLEEP_MS, |at| at.ms_since(now)).min(SLEEP_MS)
    }
}

impl Queues {
    /// Handles timers until told to stop.
    pub(super) async fn run_timer_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        loop {
            let wait_ms = self.inner.timers.wait_ms(self.inner.db.now());
            if wait_ms > 0 {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                    () = self.inner.timers.changed.notified() => continue,
                    () = background.stop.cancelled() => return,
                }
            }
            if background.stop.is_cancelled() {
                return;
            }
            // An idle list is not read again before something is due.
            if self.inner.timers.wait_ms(self.inner.db.now()) > 0 {
                continue;
            }
            if let Err(error) = self.run_timers().await {
                if matches!(error, Error::Stopped | Error::Unknown(_)) {
                    return;
                }
                tracing::warn!(%error, "timers could not be handled");
                tokio::time::sleep(Duration::from_millis(SLEEP_MS)).await;
            }
        }
    }

    /// Handles every timer that is due now; answers how many.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn run_timers(&self) -> Result<usize, Error> {
        let next = || {
            let queues = self.clone();
            move |tx: &mut Tx<'_>| chunk(tx, &queues)
        };
        let mut handled = self.inner.db.write(next()).await?;
        if handled < CHUNK {
            return Ok(handled);
        }
        // Many are due together: the next chunk is made while the one before is on its way to the disk, and one group has
        // one chunk. What a power cut takes back is still on the list.
        let mut chunk = self.begin_chunk().await;
        loop {
            let (count, next) = tokio::join!(chunk.written(), self.begin_chunk());
            chunk = next;
            let count = count?;
            handled += count;
            if count < CHUNK {
                handled += chunk.written().await?;
                // Nothing of its own, but behind all of them.
                self.inner.db.write(|_| Ok::<_, Error>(())).await?;
                return Ok(handled);
            }
        }
    }

    /// Hands a chunk to the writer; answers once its group is closed.
    async fn begin_chunk(&self) -> Chunk {
        // Nothing is ever sent: the end of the sender is the signal.
        let (closed, is_closed) = oneshot::channel::<()>();
        let queues = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let count = chunk(tx, &queues)?;
            tx.on_sequenced(move || drop(closed));
            Ok(count)
        };
        let db = self.inner.db.clone();
        let mut write: Writing = Box::pin(async move { db.write_unsynced(work).await });
        tokio::select! {
            biased;
            // Its group is closed, or the transaction has failed.
            _ = is_closed => Chunk::Writing(write),
            outcome = &mut write => Chunk::Written(outcome),
        }
    }
}

type Writing = Pin<Box<dyn Future<Output = Result<usize, Error>> + Send>>;

/// A chunk of timers on its way to the disk.
enum Chunk {
    Writing(Writing),
    Written(Result<usize, Error>),
}

impl Chunk {
    /// How many timers it has handled, once that is written.
    async fn written(self) -> Result<usize, Error> {
        match self {
            Self::Writing(write) => write.await,
            Self::Written(outcome) => outcome,
        }
    }
}

fn chunk(tx: &mut Tx<'_>, queues: &Queues) -> Result<usize, Error> {
    let now = tx.now();
    let range = queues.inner.timers.cursor().map_or_else(KeyRange::all, |cursor| KeyRange::after(&cursor));
    let mut rows = tx.list_past_damage(TIMERS, &range, Order::Ascending, CHUNK + 1)?;
    let due = rows.iter().take(CHUNK).take_while(|((at, ..), _)| *at <= now).count();
    let next = rows.get(due).map(|((at, ..), _)| *at);
    rows.truncate(due);
    let cursor = rows.last().map(|(key, _)| *key);
    let mut after = After::default();
    for (key, row) in rows {
        match fire(tx, queues, key, row, &mut after) {
            Err(error @ Error::Corrupt { .. }) => {
                // It stays on the list for whoever looks; the cursor passes it.
                tracing::error!(%error, "a timer is damaged, or its job, and passed over");
            }
            fired => fired?,
        }
    }
    // Early, so that the chunk behind this one does not look at its timers again: when the commit fails, the process reads
    // the list anew. The hooks of timers set meanwhile run later than this one and bring `next` forward.
    let inner = std::sync::Arc::clone(&queues.inner);
    tx.on_sequenced(move || inner.timers.advance(cursor, next));
    after.register(tx, queues);
    Ok(due)
}

fn fire(
    tx: &mut Tx<'_>,
    queues: &Queues,
    timer @ (at, company, job, what): TimerKey,
    row: Result<TimerRow, Error>,
    after: &mut After,
) -> Result<(), Error> {
    let key = (company, job);
    if what == TimerKind::KeyWindow as u8 {
        let row = row?;
        let unique = (company, row.queue, row.key.unwrap_or_default());
        // Read first: a damaged one leaves its timer where it is.
        if tx.get(UNIQUE_KEYS, &unique)?.is_some_and(|held| held.job.hi == job && held.until == Some(at)) {
            tx.remove(UNIQUE_KEYS, &unique)?;
        }
        return tx.remove(TIMERS, &timer);
    }
    let Some(old) = find_state(tx, key)? else { return tx.remove(TIMERS, &timer) };
    let next = if what == TimerKind::Due as u8 { due(tx, &old, at) } else { old.expire(tx.now()).ok() };
    match next {
        Some(next) => write(tx, queues, key, (&old, &next), after),
        // The list follows from the rows, so this is a leftover that should not be.
        None => tx.remove(TIMERS, &timer),
    }
}

fn due(tx: &mut Tx<'_>, old: &JobState, at: Timestamp) -> Option<JobState> {
    if old.run_at != Some(at) {
        return None;
    }
    let moment = Moment { now: tx.now(), tail: tx.mint_with(0).hi, is_ordered: false };
    old.promote(&moment).ok()
}

fn write(
    tx: &mut Tx<'_>,
    queues: &Queues,
    key: JobKey,
    (old, next): (&JobState, &JobState),
    after: &mut After,
) -> Result<(), Error> {
    Writer { tx, after, boot: queues.inner.boot }.change(key, old, next)
}
