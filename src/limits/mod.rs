//! How often somebody may do something.
//!
//! Two kinds. Sign-in and its like are counted exactly: the times of the last calls of a key decide. They are in memory
//! and in a row; a call is admitted before anything is done for it, and its caller hears nothing of what was done before
//! the row is written. So neither parallel calls nor a kill answer one more. The rate of a company's API calls is a GCRA in memory, since it is asked with every request; who is ahead of the rate by
//! more than a second is written down each second, so that a restart gives back no more than that.
//!
//! Keys are stored as hashes: a row tells neither address nor account.

mod api;
mod api_rate;
mod counter;
mod gcra;
mod local;
mod memory;
mod metrics;
mod sliding;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::storage::{self, Db, pause};

pub use api_rate::ApiRate;
pub use counter::{Admission, Counter, Kept};
pub use metrics::Metrics;

use local::LocalCounter;

/// How often rows that no longer count are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// One limit: so many calls in any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The name in headers and problems.
    pub name: &'static str,
    /// Calls in any window; at most [`sliding::CALLS_MAX`].
    pub quota: usize,
    /// The window.
    pub window_ms: u64,
}

/// Sign-in, per address and account.
pub const SIGN_IN: Policy = Policy { name: "sign-in", quota: 5, window_ms: 60_000 };
/// Sign-in, per address, whatever accounts are tried: against one password tried on many.
pub const SIGN_IN_ADDRESS: Policy = Policy { name: "sign-in-address", quota: 30, window_ms: 60_000 };
/// The present password, asked for again inside a session, per account.
pub const PASSWORD: Policy = Policy { name: "password", quota: 5, window_ms: 60_000 };
/// Registration, per address.
pub const REGISTER: Policy = Policy { name: "register", quota: 3, window_ms: 3_600_000 };
/// Invitations, per company.
pub const INVITE: Policy = Policy { name: "invite", quota: 10, window_ms: 60_000 };
/// People added without an invitation, per company: each tells whether an address has an account.
pub const ADD_USER: Policy = Policy { name: "add-user", quota: 30, window_ms: 60_000 };
/// Set-up, acceptance of invitations and other tokens that are handed over, per address.
pub const TOKEN: Policy = Policy { name: "token", quota: 10, window_ms: 60_000 };
/// Second factors, per account.
pub const MFA: Policy = Policy { name: "mfa", quota: 5, window_ms: 60_000 };

/// Links to reset a password, per account as it was written, whether or not there is one.
pub const RESET: Policy = Policy { name: "password-reset", quota: 5, window_ms: 3_600_000 };
/// The same, per address.
pub const RESET_ADDRESS: Policy = Policy { name: "password-reset-address", quota: 10, window_ms: 60_000 };

/// A call that came too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{quota} calls in {window_s} s are admitted; the next one in {retry_after_s} s")]
pub struct Refusal {
    /// The limit's name.
    pub policy: &'static str,
    /// Calls in a window.
    pub quota: u64,
    /// The window in seconds.
    pub window_s: u64,
    /// When to come again, in seconds, rounded up.
    pub retry_after_s: u32,
}

/// Why a call was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It came too soon.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// What a limit counts for: hashed parts, each with its length, so that no two mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject([u8; 16]);

impl Subject {
    /// The subject made of these parts.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut subject = [0; 16];
        for (to, from) in subject.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(subject)
    }

    /// The hash.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// An address; the lower half of an IPv6 address is the subscriber's to choose and does not count.
    #[must_use]
    pub fn network(address: IpAddr) -> [u8; 8] {
        let number = match address.to_canonical() {
            IpAddr::V4(v4) => (4 << 32) | u64::from(v4.to_bits()),
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
        };
        number.to_be_bytes()
    }
}

/// A call that was admitted.
#[must_use = "nobody hears of an admitted call before it is kept"]
pub struct Admitted(Kept);

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admitted")
    }
}

impl Admitted {
    /// Sees to it that the call counts also after a kill or a power cut.
    ///
    /// # Errors
    /// [`Error::Storage`]: the call may count or not, so nothing may be told of what it led to.
    pub async fn kept(self) -> Result<(), Error> {
        Ok(self.0.await?)
    }
}

/// Counts calls durably; cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits {
    db: Db,
    counter: Arc<dyn Counter>,
    metrics: Metrics,
}

impl Limits {
    /// A handle over the store, with the calls that still count; blocks. A store has one at most.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open(db: &Db, metrics: Metrics) -> Result<Self, storage::Error> {
        let counter = Arc::new(LocalCounter::open(db)?);
        Ok(Self { db: db.clone(), counter, metrics })
    }

    /// Admits a call or says when to come again; an admitted call counts from this answer on, also after a kill or a
    /// power cut.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Storage`].
    pub async fn admit(&self, policy: Policy, subject: Subject) -> Result<(), Error> {
        self.decide([(policy, subject)]).await?.kept().await
    }

    /// Admits a call that several limits look at, or none of them counts it. An admitted call counts for later ones at once;
    /// what it leads to is told after [`Admitted::kept`], and may be worked out meanwhile.
    ///
    /// # Errors
    /// As [`Limits::admit`].
    pub async fn decide<const N: usize>(&self, limits: [(Policy, Subject); N]) -> Result<Admitted, Error> {
        let admission = self.counter.admit(limits.to_vec()).await;
        if let Err(Error::Refused(refusal)) = &admission {
            self.metrics.refused(refusal.policy);
        }
        Ok(Admitted(admission?))
    }

    /// Removes what no longer counts, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(SWEEP_EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "limits that no longer count could not be removed: {error}");
            }
        }
    }

    /// Removes rows until none is left that no longer counts.
    async fn sweep(&self) -> Result<(), storage::Error> {
        while self.db.write_reclaiming(store::sweep).await? == store::SWEEP_PAGE {}
        Ok(())
    }
}
