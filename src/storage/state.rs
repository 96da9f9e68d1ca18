//! What the threads of a store tell one another.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use tokio::sync::watch;

use super::space::Headroom;

/// What the threads of a store tell one another.
pub(super) struct State {
    headroom: AtomicU8,
    /// The monotonic time plus one at which the commit under way began; zero when there is none.
    pub(super) commit_begun_ms: AtomicU64,
    /// The newest commit that is on its way to the disk, or there.
    pub(super) begun: AtomicU64,
    failure: watch::Sender<Option<String>>,
    /// The last durable commit that has notes in the feed.
    feed: watch::Sender<u64>,
    /// The newest commit that snapshots show.
    published: watch::Sender<u64>,
}

impl Default for State {
    fn default() -> Self {
        let failure = watch::Sender::new(None);
        let (headroom, commit_begun_ms) = (AtomicU8::new(Headroom::Ample as u8), AtomicU64::new(0));
        let (feed, published) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { headroom, commit_begun_ms, begun: AtomicU64::new(0), failure, feed, published }
    }
}

impl State {
    pub(super) fn headroom(&self) -> Headroom {
        match self.headroom.load(Ordering::Relaxed) {
            0 => Headroom::Ample,
            1 => Headroom::Short,
            _ => Headroom::Exhausted,
        }
    }

    pub(super) fn set_headroom(&self, headroom: Headroom) {
        self.headroom.store(headroom as u8, Ordering::Relaxed);
    }

    /// Changes to the reason when the store has failed.
    pub(super) fn failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.subscribe()
    }

    /// Changes with each durable commit that has notes in the feed.
    pub(super) fn feed(&self) -> watch::Receiver<u64> {
        self.feed.subscribe()
    }

    pub(super) fn announce_published(&self, commit: u64) {
        self.published.send_replace(commit);
    }

    /// Waits until snapshots show every commit whose early hooks may have run, or until the store has failed.
    pub(super) async fn caught_up(&self) {
        let begun = self.begun.load(Ordering::Acquire);
        let mut published = self.published.subscribe();
        let mut failure = self.failure();
        tokio::select! {
            _ = published.wait_for(|commit| *commit >= begun) => {}
            _ = failure.wait_for(Option::is_some) => {}
        }
    }

    pub(super) fn announce_feed(&self, commit: u64) {
        self.feed.send_replace(commit);
    }

    /// Keeps the first reason: later ones are its consequences.
    pub(super) fn fail(&self, reason: String) {
        self.failure.send_if_modified(|failure| {
            let is_first = failure.is_none();
            if is_first {
                tracing::error!(reason, "the store takes no more writes");
                *failure = Some(reason);
            }
            is_first
        });
    }
}
