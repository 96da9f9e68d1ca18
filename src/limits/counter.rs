//! Where exact limits count: in the store of this instance, or later in one that several instances share.

use std::{fmt, future::Future, pin::Pin};

use super::{Error, Policy, Subject, store};
use crate::storage::{Db, Tx};

/// The answer of a counter.
pub type Admission<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// Counts calls exactly and durably.
pub trait Counter: fmt::Debug + Send + Sync {
    /// Admits a call that all these limits admit, and counts it for each of them; or counts it for none.
    fn admit(&self, limits: Vec<(Policy, Subject)>) -> Admission<'_>;
}

/// Counts in the store of this instance. An admitted call survives a kill of the process; a power cut may take back
/// those of the last moment.
#[derive(Debug)]
pub(super) struct LocalCounter {
    /// Also taken when the disk is exhausted: people have to sign in to do something about it.
    pub(super) db: Db,
}

impl Counter for LocalCounter {
    fn admit(&self, limits: Vec<(Policy, Subject)>) -> Admission<'_> {
        Box::pin(async move {
            let count = move |tx: &mut Tx<'_>| {
                limits.into_iter().try_for_each(|(policy, subject)| store::admit(tx, policy, subject))
            };
            self.db.write_unsynced(count).await
        })
    }
}
