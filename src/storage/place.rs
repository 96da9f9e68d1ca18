//! A place in the line of the writer: lets a transaction be begun at once and waited for later.

use std::future::Future;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    error::Error,
    line::Line,
    operation::{Answer, Call},
    tx::Tx,
};

/// The right to one transaction; whoever drops it gives the place back.
///
/// Transactions run in the order in which they are begun.
#[derive(Debug)]
pub struct Place {
    pub(super) line: Line,
    pub(super) permit: OwnedSemaphorePermit,
}

impl Place {
    /// Begins what `Db::write` does and answers how it ends. It goes on when nobody waits for that.
    pub fn write<T, E, F>(self, closure: F) -> impl Future<Output = Result<T, E>> + Send + 'static
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.begin(closure, Answer::Synced)
    }

    pub(super) fn begin<T, E, F>(
        self,
        closure: F,
        when: Answer,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // The line has more room than there are places, so this never blocks.
        self.line.push(Box::new(Call::new(closure, reply, when, Some(self.permit))));
        outcome(answer)
    }
}

/// How a transaction ended; [`Error::Stopped`] when nobody took it.
async fn outcome<T, E: From<Error>>(answer: oneshot::Receiver<Result<T, E>>) -> Result<T, E> {
    answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
}
