//! The live stream: one task per client that reads the feed and hands on what it finds as server-sent events.
//!
//! The client's slowness stays with the client: its task waits for it and holds one page meanwhile, as the feed is on
//! disk. Whoever falls too far behind is told that changes were dropped and goes on from the end. The stream ends when
//! the caller's session or key does, when its rights change, and when the server stops.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};

use super::{
    Changes, Error, Inner,
    reading::{self, Batch, Change, Cursor, Object},
};
use crate::{
    auth::{self, Caller},
    base::CompanyId,
    notifications::{Noted, NotificationView},
    queue::{QueueStats, State},
    storage,
};

/// Events that wait for a client.
const WAITING_MAX: usize = 16;
/// Changes read at once.
const PAGE: usize = 250;
/// Pages in a row before the rest is dropped: a client that follows at its leisure is spared a flood.
const PAGES_MAX: usize = 20;
/// The shortest time between two readings; what changes meanwhile comes together.
const REST: Duration = Duration::from_millis(200);
/// The shortest time between two events with figures of queues.
const FIGURES_EVERY: Duration = Duration::from_millis(FIGURES_EVERY_MS);
const FIGURES_EVERY_MS: u64 = 1_000;
/// How often something is sent, and the caller's rights are looked at, when nothing changes.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A place among the streams of a company; given back when dropped.
#[derive(Debug)]
struct Place {
    inner: Arc<Inner>,
    company: CompanyId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.inner.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.company) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.company);
            }
        }
    }
}

/// One client's stream.
struct Stream {
    changes: Changes,
    caller: Caller,
    out: mpsc::Sender<Bytes>,
    feed: watch::Receiver<u64>,
    cursor: Cursor,
    /// When they were sent, on the monotonic clock.
    figures_at_ms: Option<u64>,
    /// Something changed since they were sent.
    are_figures_old: bool,
    _place: Place,
}

/// Why a stream is over.
enum Over {
    /// The client has gone.
    Left,
    /// Why the server ends it, as the client is told.
    Ended(&'static str),
}

impl Changes {
    /// Opens a stream from a place, or from now on.
    ///
    /// # Errors
    /// [`Error::TooManyStreams`], [`Error::Stopping`].
    pub(super) async fn open(&self, caller: Caller, after: Option<Cursor>) -> Result<mpsc::Receiver<Bytes>, Error> {
        let parts = self.parts();
        if parts.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        let place = self.take_place(caller.company)?;
        // Before the end is read, so that nothing in between is missed.
        let feed = parts.db.feed();
        let cursor = match after {
            Some(cursor) => cursor,
            None => parts.db.read(move |snapshot| reading::end(snapshot, caller.company)).await??,
        };
        let (out, events) = mpsc::channel(WAITING_MAX);
        let stream = Stream {
            changes: self.clone(),
            caller,
            out,
            feed,
            cursor,
            figures_at_ms: None,
            are_figures_old: true,
            _place: place,
        };
        let stop = parts.stop.clone();
        parts.tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = stream.run() => {}
            }
        });
        Ok(events)
    }

    fn take_place(&self, company: CompanyId) -> Result<Place, Error> {
        let most = self.parts().settings.streams_per_company;
        let mut streams = self.inner.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(company).or_insert(0);
        if *count >= most {
            return Err(Error::TooManyStreams(most));
        }
        *count += 1;
        drop(streams);
        Ok(Place { inner: Arc::clone(&self.inner), company })
    }
}

impl Stream {
    async fn run(mut self) {
        if let Err(Over::Ended(reason)) = self.follow().await {
            // It may have gone already.
            drop(self.out.send(event("end", None, &json!({ "reason": reason }))).await);
        }
    }

    async fn follow(&mut self) -> Result<(), Over> {
        self.send(Bytes::from_static(b"retry: 2000\n\n")).await?;
        self.send(event("ready", Some(self.cursor), &json!({}))).await?;
        loop {
            self.confirm().await?;
            self.hand_on().await?;
            self.hand_on_figures().await?;
            let wait = if self.are_figures_old { FIGURES_EVERY } else { HEARTBEAT };
            tokio::select! {
                () = self.out.closed() => return Err(Over::Left),
                () = tokio::time::sleep(wait) => {
                    if !self.are_figures_old {
                        self.send(Bytes::from_static(b": still here\n\n")).await?;
                    }
                }
                changed = self.feed.changed() => {
                    if changed.is_err() {
                        return Err(Over::Ended("the server is stopping"));
                    }
                    tokio::time::sleep(REST).await;
                    self.feed.mark_unchanged();
                    self.are_figures_old = true;
                }
            }
        }
    }

    /// Makes sure that the caller may still see what follows.
    async fn confirm(&self) -> Result<(), Over> {
        let (auth, caller) = (self.changes.parts().auth.clone(), self.caller);
        let confirmed = self.read(move |snapshot| auth.confirm(snapshot, &caller)).await?;
        match confirmed {
            Ok(()) => Ok(()),
            Err(auth::Error::Storage(error)) => Err(failed(&error)),
            Err(_) => Err(Over::Ended("the session or key has ended, or its rights have changed")),
        }
    }

    async fn hand_on(&mut self) -> Result<(), Over> {
        for _ in 0..PAGES_MAX {
            let (queues, company, cursor) = (self.changes.parts().queues.clone(), self.caller.company, self.cursor);
            let (reader, now) = (self.caller.reader(), self.changes.parts().db.now());
            let read = move |snapshot: &storage::Snapshot| {
                let reader = reader.as_ref().map(|reader| (reader, now));
                reading::page(snapshot, &queues, (company, reader), Some(cursor), PAGE)
            };
            let Batch { changes, next, has_more } = match self.read(read).await? {
                Ok(batch) => batch,
                Err(Error::Storage(error)) => return Err(failed(&error)),
                Err(_) => return self.skip().await,
            };
            for change in changes {
                let (name, document) = document(&change);
                self.send(event(name, Some(change.cursor), &document)).await?;
            }
            self.cursor = next;
            if !has_more {
                return Ok(());
            }
        }
        self.skip().await
    }

    /// Goes on from the end, and says so.
    async fn skip(&mut self) -> Result<(), Over> {
        let (company, from) = (self.caller.company, self.cursor);
        let end = self.read(move |snapshot| reading::end(snapshot, company)).await?.map_err(|error| failed(&error))?;
        self.cursor = end;
        let marker = json!({ "after": from.to_string(), "until": end.to_string() });
        self.send(event("dropped", Some(end), &marker)).await
    }

    async fn hand_on_figures(&mut self) -> Result<(), Over> {
        let now_ms = self.changes.parts().db.clock().mono_ms();
        if !self.are_figures_old || self.figures_at_ms.is_some_and(|at| now_ms.saturating_sub(at) < FIGURES_EVERY_MS) {
            return Ok(());
        }
        (self.figures_at_ms, self.are_figures_old) = (Some(now_ms), false);
        let (queues, company) = (self.changes.parts().queues.clone(), self.caller.company);
        let stats = self.read(move |snapshot| queues.stats(snapshot, company)).await?;
        let Ok(stats) = stats else { return Err(Over::Ended("the figures of the queues cannot be read")) };
        self.send(event("queues", None, &figures(&stats))).await
    }

    async fn read<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&storage::Snapshot) -> T + Send + 'static,
    ) -> Result<T, Over> {
        self.changes.parts().db.read(closure).await.map_err(|error| failed(&error))
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Over> {
        self.out.send(bytes).await.map_err(|_| Over::Left)
    }
}

fn failed(error: &storage::Error) -> Over {
    tracing::warn!(%error, "a live stream ends: {error}");
    Over::Ended("the store cannot be read")
}

/// One server-sent event; a line of JSON has no line breaks in it.
fn event(name: &str, cursor: Option<Cursor>, data: &Value) -> Bytes {
    let id = cursor.map_or_else(String::new, |cursor| format!("id: {cursor}\n"));
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

/// A change as it is sent, with the name of the event.
fn document(change: &Change) -> (&'static str, Value) {
    let (at, cursor) = (change.at, change.cursor.to_string());
    match &change.object {
        Object::Job { id, queue, kind, change } => {
            let change = change.as_str();
            let job = json!({ "cursor": cursor, "at": at, "object": "job", "id": id, "change": change, "queue": queue,
                "kind": kind });
            ("change", job)
        }
        Object::Delivery { id, change } => {
            let change = change.as_str();
            ("change", json!({ "cursor": cursor, "at": at, "object": "delivery", "id": id, "change": change }))
        }
        Object::Notification(Noted::Marked) => ("notifications_read", json!({})),
        Object::Notification(Noted::Told(view)) => {
            let NotificationView { id, kind, object, detail, count, created_at, is_read } = view;
            let notification = json!({ "id": id, "kind": kind, "object": object, "detail": detail, "count": count,
                "created_at": created_at, "is_read": is_read });
            ("notification", notification)
        }
    }
}

fn figures(stats: &[QueueStats]) -> Value {
    let of = |stats: &QueueStats| {
        let counts = State::ALL.into_iter().map(|state| (state.as_str().to_owned(), json!(stats.count(state))));
        let mut figures: Map<String, Value> = counts.collect();
        figures.insert("paused".to_owned(), json!(stats.is_paused));
        figures.insert("workers".to_owned(), json!(stats.workers));
        figures.insert("throughput_per_minute".to_owned(), json!(stats.throughput_per_minute));
        Value::Object(figures)
    };
    Value::Object(stats.iter().map(|stats| (stats.queue.to_string(), of(stats))).collect())
}
