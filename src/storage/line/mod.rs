//! The line in front of the sequencer, and who works it off.
//!
//! Transactions wait here for the writer thread, which hands groups of them to the committer thread. While nothing else is
//! under way, a caller that may block runs and commits its own: each thread that rests is woken some 50 to 100 µs late, which is much
//! of what a lone small commit takes. Order is kept: nobody runs before a transaction that
//! was begun earlier.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, bounded, select};

use super::{
    committer::{Committer, Group},
    operation::Operation,
    sequencer::Sequencer,
    state::State,
};

/// A message to the writer thread.
enum Message {
    Run(Box<dyn Operation>),
    /// Finish what was begun and end the thread.
    Stop,
}

/// What the threads of the store and the callers share. Who has the sequencer must not ask for the committer.
struct Desk {
    /// Gone when no transaction is taken any more.
    sequencer: Mutex<Option<Sequencer>>,
    /// Gone when nothing is written any more.
    committer: Mutex<Option<Committer>>,
    /// Transactions in the line that have not been run.
    waiting: AtomicUsize,
}

/// The callers' end of the line.
#[derive(Clone)]
pub(super) struct Line {
    messages: Sender<Message>,
    desk: Arc<Desk>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

/// The writer thread: runs transactions and closes groups.
pub(super) struct Writer {
    messages: Receiver<Message>,
    groups: Sender<Group>,
    /// The committer says here when a group is on disk.
    committed: Receiver<()>,
    desk: Arc<Desk>,
    state: Arc<State>,
}

/// The committer thread: takes closed groups to the disk.
pub(super) struct Commits {
    groups: Receiver<Group>,
    desk: Arc<Desk>,
}

/// A line with room for this many messages, and the work of its two threads.
pub(super) fn line(room: usize, sequencer: Sequencer, committer: Committer) -> (Line, Writer, Commits) {
    let (sender, messages) = bounded(room);
    let (group_sender, groups) = bounded(1);
    let (committed, state) = (sequencer.committed.clone(), Arc::clone(&sequencer.state));
    let desk = Arc::new(Desk {
        sequencer: Mutex::new(Some(sequencer)),
        committer: Mutex::new(Some(committer)),
        waiting: AtomicUsize::new(0),
    });
    let line = Line { messages: sender, desk: Arc::clone(&desk) };
    let writer = Writer { messages, groups: group_sender, committed, desk: Arc::clone(&desk), state };
    (line, writer, Commits { groups, desk })
}

impl Line {
    /// Transactions that wait.
    pub(super) fn waiting(&self) -> usize {
        self.desk.waiting.load(Ordering::Relaxed)
    }

    /// Puts a transaction at the end of the line; waits while the line is full.
    ///
    /// One that nobody takes any more is dropped, and its caller hears so.
    pub(super) fn push(&self, operation: Box<dyn Operation>) {
        self.desk.waiting.fetch_add(1, Ordering::AcqRel);
        if self.messages.send(Message::Run(operation)).is_err() {
            self.desk.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Runs and commits a transaction on this thread when nothing else is under way, and puts it at the end of the line
    /// otherwise.
    pub(super) fn work_or_push(&self, operation: Box<dyn Operation>) {
        match self.desk.sequence(operation) {
            Ok(group) => self.desk.commit(group),
            Err(operation) => self.push(operation),
        }
    }

    /// Tells the writer thread to finish what was begun and end.
    pub(super) fn stop(&self) {
        // A writer that is gone already needs no message.
        drop(self.messages.send(Message::Stop));
    }

    /// Like [`Line::stop`], for one who must not wait.
    pub(super) fn try_stop(&self) {
        drop(self.messages.try_send(Message::Stop));
    }
}

// Whoever works with the sequencer or the committer takes it out for that time, so that a panic leaves nothing behind: the
// callers of what was begun hear that the store has stopped, and so does the other thread.
impl Desk {
    /// Makes a group of one transaction when nothing else is under way; hands the transaction back otherwise.
    fn sequence(&self, operation: Box<dyn Operation>) -> Result<Group, Box<dyn Operation>> {
        let Ok(mut guard) = self.sequencer.try_lock() else { return Err(operation) };
        // Whoever was begun before was counted before, and leaves the count under this lock.
        let is_next = self.waiting.load(Ordering::Acquire) == 0;
        let Some(mut sequencer) = guard.take() else { return Err(operation) };
        let outcome = if is_next && sequencer.rests() {
            sequencer.execute(operation);
            Ok(sequencer.close())
        } else {
            Err(operation)
        };
        *guard = Some(sequencer);
        outcome
    }

    /// Takes a group to the disk. When the committer has gone, its callers hear that the store has stopped.
    fn commit(&self, group: Group) {
        {
            let mut guard = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mut committer) = guard.take()
                && committer.take(group)
            {
                *guard = Some(committer);
            }
        }
        // So the next one need not, and nobody is woken for it.
        if let Ok(mut guard) = self.sequencer.try_lock()
            && let Some(mut sequencer) = guard.take()
        {
            sequencer.rests();
            *guard = Some(sequencer);
        }
    }

    /// Lets the sequencer do something; `None` when it has ended, or ends because the committer has gone.
    fn with<T>(&self, work: impl FnOnce(&mut Sequencer) -> Option<T>) -> Option<T> {
        let mut guard = self.sequencer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sequencer = guard.take()?;
        let done = work(&mut sequencer)?;
        *guard = Some(sequencer);
        Some(done)
    }

    fn execute(&self, sequencer: &mut Sequencer, operation: Box<dyn Operation>) {
        self.leaves();
        sequencer.execute(operation);
    }

    /// One less waits.
    fn leaves(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Commits {
    /// Runs until the writer ends; after a commit has failed groups are dropped.
    pub(super) fn run(self) {
        for group in self.groups {
            self.desk.commit(group);
        }
        let committer = self.desk.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(committer) = committer {
            committer.close();
        }
    }
}

/// What the writer thread waits for.
enum Next {
    Message,
    Commit,
    Either,
    /// Nothing: everything is done.
    Nothing,
}

impl Writer {
    /// Runs until told to stop or until the committer is found gone, then refuses what still comes.
    pub(super) fn run(self) {
        let is_stopped = catch_unwind(AssertUnwindSafe(|| self.write())).unwrap_or(false);
        if !is_stopped {
            self.state.fail("transactions are no longer run".to_owned());
        }
        self.desk.with(|_| None::<()>);
        let Self { messages, desk, .. } = self;
        // The channel keeps messages that nobody takes, and their callers would wait for ever.
        // This thread ends with the last handle to the store.
        let refuse = move || {
            for message in messages {
                if matches!(message, Message::Run(_)) {
                    desk.leaves();
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("store-refuse".to_owned()).spawn(refuse) {
            tracing::error!(%error, "cannot refuse transactions after the store has stopped");
        }
    }

    /// Answers whether it ended because it was told to.
    fn write(&self) -> bool {
        let mut is_stopping = false;
        while let Some(next) = self.desk.with(|sequencer| self.proceed(sequencer, &mut is_stopping)) {
            match next {
                Next::Nothing => return true,
                Next::Message => is_stopping |= self.take(self.messages.recv().ok()),
                Next::Commit => self.commit_ended(self.committed.recv().ok()),
                Next::Either => select! {
                    recv(self.messages) -> message => is_stopping |= self.take(message.ok()),
                    recv(self.committed) -> committed => self.commit_ended(committed.ok()),
                },
            }
        }
        false
    }

    /// Hands a group over when none is on its way; answers what there is to wait for.
    fn proceed(&self, sequencer: &mut Sequencer, is_stopping: &mut bool) -> Option<Next> {
        if sequencer.settle()? {
            if sequencer.is_building() {
                *is_stopping |= self.drain(sequencer);
                self.groups.send(sequencer.close()).ok()?;
            } else if *is_stopping {
                return Some(Next::Nothing);
            }
        }
        let next = if *is_stopping || sequencer.is_full() {
            Next::Commit
        } else if sequencer.is_building() {
            Next::Either
        } else {
            Next::Message
        };
        sequencer.is_awaiting = matches!(next, Next::Commit | Next::Either);
        Some(next)
    }

    /// Runs what already waits, without waiting for more, until the group is worth its sync; `true` when told to stop.
    fn drain(&self, sequencer: &mut Sequencer) -> bool {
        while !sequencer.is_enough() {
            match self.messages.try_recv() {
                Ok(Message::Run(operation)) => self.desk.execute(sequencer, operation),
                Ok(Message::Stop) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    /// Does what a message says; `true` when that is to stop, or when there is nobody left to send any.
    fn take(&self, message: Option<Message>) -> bool {
        let Some(Message::Run(operation)) = message else { return true };
        let mut operation = Some(operation);
        self.desk.with(|sequencer| {
            sequencer.settle()?;
            self.desk.execute(sequencer, operation.take()?);
            Some(())
        });
        if operation.is_some() {
            self.desk.leaves();
        }
        false
    }

    fn commit_ended(&self, committed: Option<()>) {
        // Without a word the committer has gone, and `settle` will see that.
        if committed.is_some() {
            self.desk.with(|sequencer| {
                sequencer.commit_ended();
                Some(())
            });
        }
    }
}

#[cfg(test)]
mod tests;
