//! A place in the line of the writer: lets a transaction be begun at once and waited for later.

use std::future::Future;

use crossbeam_channel::Sender;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    error::Error,
    operation::{Answer, Call},
    sequencer::Message,
    tx::Tx,
};

/// The right to one transaction; whoever drops it gives the place back.
///
/// Transactions run in the order in which they are begun.
#[derive(Debug)]
pub struct Place {
    pub(super) messages: Sender<Message>,
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
        let call = Call::new(closure, reply, when, Some(self.permit));
        // The channel has more room than there are places, so this never blocks. One that nobody takes from drops the
        // call, and its caller hears so.
        drop(self.messages.try_send(Message::Run(Box::new(call))));
        async move { answer.await.unwrap_or_else(|_| Err(Error::Stopped.into())) }
    }
}
