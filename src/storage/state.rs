//! What the threads of a store tell one another.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use tokio::sync::watch;

use super::space::Headroom;

/// What the threads of a store tell one another.
pub(super) struct State {
    headroom: AtomicU8,
    /// The monotonic time plus one at which the commit under way began; zero when there is none.
    pub(super) commit_begun_ms: AtomicU64,
    failure: watch::Sender<Option<String>>,
}

impl Default for State {
    fn default() -> Self {
        let failure = watch::Sender::new(None);
        Self { headroom: AtomicU8::new(Headroom::Ample as u8), commit_begun_ms: AtomicU64::new(0), failure }
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
