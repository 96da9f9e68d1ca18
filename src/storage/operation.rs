//! One caller's transaction on its way through the writer.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{error::Error, tx::Tx};

/// When the caller gets its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// After the commit is on disk.
    Synced,
    /// After the commit is handed to the operating system.
    Written,
}

/// A transaction with its type hidden. The caller of one that is dropped hears [`Error::Stopped`].
pub(super) trait Operation: Send {
    /// Runs the closure; `false` means that its changes must be rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Hands the outcome to the caller, or the commit's error in its place.
    fn answer(self: Box<Self>, commit: Result<(), Error>);

    /// When to answer.
    fn answer_when(&self) -> Answer;
}

pub(super) struct Call<T, E, F> {
    closure: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    when: Answer,
    /// A place in the bounded queue; given back when the closure has run.
    place: Option<OwnedSemaphorePermit>,
}

impl<T, E, F> Call<T, E, F> {
    pub(super) const fn new(
        closure: F,
        reply: oneshot::Sender<Result<T, E>>,
        when: Answer,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { closure: Some(closure), outcome: None, reply, when, place }
    }
}

impl<T, E, F> Operation for Call<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        self.place = None;
        let Some(closure) = self.closure.take() else { return false };
        let outcome = catch_unwind(AssertUnwindSafe(|| closure(tx)))
            .unwrap_or_else(|panic| Err(Error::Panicked(panic_words(panic.as_ref())).into()));
        let is_kept = outcome.is_ok();
        self.outcome = Some(outcome);
        is_kept
    }

    fn answer(self: Box<Self>, commit: Result<(), Error>) {
        let outcome = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Error::Stopped.into()),
        };
        // A caller that went away does not want its answer; its effect stays.
        drop(self.reply.send(outcome));
    }

    fn answer_when(&self) -> Answer {
        self.when
    }
}

/// The message of a panic, as far as it has one.
pub(super) fn panic_words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
