//! The committer: takes one closed group after another to the disk (`line` says on which thread); and the notifier thread
//! behind it, which runs commit hooks and answers callers.
//!
//! A small group that nobody has to wait behind is answered by the committer itself, since to wake one more thread takes
//! time. Order for each group: early hooks, while it is written; write, answer those who wait for the write
//! alone, sync, witness, publish the new snapshot, let the next group begin, hooks, answers, the feed. After a failed write
//! or sync nothing more is written and every caller learns that its outcome is unknown.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::{
    chain::Head,
    engine::Engine,
    error::Error,
    operation::{Answer, Operation, panic_words},
    overlay::Overlay,
    snapshot::Snapshot,
    state::State,
    tx::Hook,
};
use crate::base::Clock;

/// Remembers outside the engine's directory what was acknowledged.
pub trait AcknowledgedLog: Send {
    /// Notes the newest durable commit; called before anybody is told of it.
    ///
    /// # Errors
    /// When it cannot be noted; the store then stops as after a failed commit.
    fn record(&mut self, head: &Head) -> Result<(), Error>;

    /// Called on a clean stop.
    fn close(&mut self) {}
}

/// A closed group of transactions.
pub(super) struct Group {
    pub(super) overlay: Arc<Overlay>,
    pub(super) head: Head,
    pub(super) operations: Vec<Box<dyn Operation>>,
    pub(super) hooks: Vec<Hook>,
    pub(super) early_hooks: Vec<Hook>,
    /// Whether it has notes in the feed.
    pub(super) is_noted: bool,
}

/// Transactions and hooks in a group that the committer may follow itself, and bytes, which tell what the hooks have to do.
const FEW: usize = 4;
const FEW_BYTES: usize = 16 << 10;
/// Notices that may wait for the notifier.
const WAITING_NOTICES: usize = 8;

/// What the notifier is told of a group.
pub(super) enum Notice {
    /// It is on its way to the disk, and later transactions see it.
    Begun(Vec<Hook>),
    /// It is durable.
    Settled { hooks: Vec<Hook>, operations: Vec<Box<dyn Operation>>, noted: Option<(Arc<State>, u64)> },
}

pub(super) struct Committer {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) committed: Sender<()>,
    pub(super) notices: Notices,
    pub(super) published: Arc<ArcSwap<Snapshot>>,
    pub(super) log: Box<dyn AcknowledgedLog>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state: Arc<State>,
}

impl Committer {
    /// Takes a group to the disk and answers its callers; `false` when that failed, a panic on its way included, and
    /// nothing more must be written.
    pub(super) fn take(&mut self, group: Group) -> bool {
        self.state.commit_begun_ms.store(self.clock.mono_ms() + 1, Ordering::Relaxed);
        let Err((error, operations)) = self.commit(group) else { return true };
        self.state.fail(format!("a commit failed: {error}"));
        for operation in operations {
            operation.answer(Err(Error::Unknown(error.to_string())));
        }
        false
    }

    /// Ends what needs an end after the last group.
    pub(super) fn close(mut self) {
        self.log.close();
    }

    fn commit(&mut self, group: Group) -> Result<(), (Error, Vec<Box<dyn Operation>>)> {
        let Group { overlay, head, operations, hooks, early_hooks, is_noted } = group;
        let mut waiting = operations;
        let is_small = waiting.len() <= FEW && hooks.len() <= FEW && overlay.bytes() <= FEW_BYTES;
        if !overlay.is_empty() {
            self.state.begun.store(head.number, Ordering::Release);
        }
        if !early_hooks.is_empty() {
            self.notices.tell(Notice::Begun(early_hooks));
        }
        if !overlay.is_empty() {
            let done = catch_unwind(AssertUnwindSafe(|| self.make_durable(&overlay, &head, &mut waiting)));
            let done = done.unwrap_or_else(|panic| Err(Error::Panicked(panic_words(panic.as_ref()))));
            if let Err(error) = done {
                return Err((error, waiting));
            }
        }
        self.state.commit_begun_ms.store(0, Ordering::Relaxed);
        drop(overlay);
        if self.committed.send(()).is_err() {
            tracing::debug!("the sequencer ended before its last group");
        }
        let noted = is_noted.then(|| (Arc::clone(&self.state), head.number));
        let notice = Notice::Settled { hooks, operations: waiting, noted };
        if is_small {
            self.notices.follow_or_tell(notice);
        } else {
            self.notices.tell(notice);
        }
        Ok(())
    }

    /// Leaves those who wait for more than the write.
    fn make_durable(
        &mut self,
        overlay: &Overlay,
        head: &Head,
        waiting: &mut Vec<Box<dyn Operation>>,
    ) -> Result<(), Error> {
        self.engine.write(&mut overlay.changes())?;
        let (written, synced) = mem::take(waiting).into_iter().partition(|call| call.answer_when() == Answer::Written);
        *waiting = synced;
        answer_all(written);
        // The snapshot is taken before anything newer can be written, so it shows exactly this commit.
        let snapshot = self.engine.snapshot();
        self.engine.sync()?;
        self.log.record(head)?;
        self.published.store(Arc::new(Snapshot::new(snapshot)));
        self.state.announce_published(head.number);
        Ok(())
    }
}

/// The way to the notifier.
pub(super) struct Notices {
    sender: Sender<Notice>,
    /// Notices that are not followed yet.
    open: Arc<AtomicUsize>,
}

/// The notifier's end of the way to it.
pub(super) struct Told {
    receiver: Receiver<Notice>,
    open: Arc<AtomicUsize>,
}

impl Notices {
    /// A way to a notifier.
    pub(super) fn new() -> (Self, Told) {
        let (sender, receiver) = bounded(WAITING_NOTICES);
        let open = Arc::new(AtomicUsize::new(0));
        (Self { sender, open: Arc::clone(&open) }, Told { receiver, open })
    }

    fn tell(&self, notice: Notice) {
        self.open.fetch_add(1, Ordering::Relaxed);
        if let Err(unsent) = self.sender.send(notice) {
            follow(unsent.into_inner());
        }
    }

    /// Follows a notice here when the notifier rests, so that hooks stay in commit order.
    fn follow_or_tell(&self, notice: Notice) {
        // What the notifier did must have happened before what is done here.
        if self.open.load(Ordering::Acquire) == 0 { follow(notice) } else { self.tell(notice) }
    }
}

/// Runs hooks and answers callers, in commit order, until the committer ends.
pub(super) fn notify(told: Told) {
    let Told { receiver, open } = told;
    for notice in receiver {
        follow(notice);
        open.fetch_sub(1, Ordering::Release);
    }
}

fn follow(notice: Notice) {
    match notice {
        Notice::Begun(hooks) => run_all(hooks),
        Notice::Settled { hooks, operations, noted } => {
            run_all(hooks);
            answer_all(operations);
            // Those who follow what changes can wait for those who changed it.
            if let Some((state, number)) = noted {
                state.announce_feed(number);
            }
        }
    }
}

fn run_all(hooks: Vec<Hook>) {
    for hook in hooks {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(hook)) {
            tracing::error!(panic = panic_words(panic.as_ref()), "a commit hook panicked");
        }
    }
}

fn answer_all(operations: Vec<Box<dyn Operation>>) {
    for operation in operations {
        operation.answer(Ok(()));
    }
}
