//! The embedded store: one writer, group commit, typed tables over a byte engine.
//!
//! Words: a *transaction* is one closure; a *group* is what is committed with one sync; a
//! *table* is a typed prefix of a *space* (an engine keyspace); a *snapshot* shows the last
//! durable commit.
//!
//! Invariants:
//! - Transactions run one after another; a failed one leaves nothing behind.
//! - A caller of [`Db::write`] is answered after its group is synced; at most one group is
//!   un-synced at any time; an error from a commit means that its outcome is unknown.
//! - Readers see durable commits only.
//! - Every value carries a format byte and a checksum bound to its key; every group carries a
//!   commit record that chains to the one before.
//!
//! There are no conflicts and no retries here, and no engine call on an async thread that has other tasks to run.

mod chain;
pub mod check;
mod committer;
mod counters;
mod db;
mod directory;
pub mod engine;
mod error;
pub mod feed;
pub mod guard;
mod key;
pub mod keyspaces;
mod line;
mod logical;
mod mint;
mod operation;
mod overlay;
mod pause;
mod place;
mod sequencer;
mod snapshot;
pub mod space;
mod state;
mod table;
mod tx;
pub mod witness;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use chain::{COMMITS, CommitRecord, Head, KEPT_COMMITS, hash_at, verify as verify_chain};
pub use committer::AcknowledgedLog;
pub use counters::{COUNTERS, CounterKey};
pub use db::{Db, Parts};
pub use directory::{Directory, DirectoryOptions, OpenError, engine_spec};
pub use engine::{Holdings, KeyspaceHoldings, Share};
pub use error::Error;
pub use feed::Note;
pub use key::{Key, KeyRange, Order};
pub use keyspaces::{Space, TableSpec};
pub use pause::{pause, pause_to_minute};
pub use place::Place;
pub use snapshot::Snapshot;
pub use table::{Read, ReadBytes, Table, Value};
pub use tx::Tx;
