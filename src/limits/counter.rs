//! Where exact limits count: in this instance, or later in a store that several instances share.

use std::{fmt, future::Future, pin::Pin};

use super::{Error, Policy, Subject};
use crate::storage;

/// The decision of a counter.
pub type Admission<'a> = Pin<Box<dyn Future<Output = Result<Kept, Error>> + Send + 'a>>;

/// Keeps an admitted call where neither a kill nor a power cut reaches it; begins when it is first waited for.
pub type Kept = Pin<Box<dyn Future<Output = Result<(), storage::Error>> + Send>>;

/// Counts calls exactly and durably.
pub trait Counter: fmt::Debug + Send + Sync {
    /// Admits a call that all these limits admit, and counts it for each of them; or counts it for none.
    ///
    /// The call counts for every later one from the decision on, and across a kill once it is kept.
    fn admit(&self, limits: Vec<(Policy, Subject)>) -> Admission<'_>;
}
