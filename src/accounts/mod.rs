//! Companies and the people in them: set-up, sign-in, invitations, passwords, roles.
//!
//! Words: a *company* is the tenant; a *user* is a person in it, with a *role*; an *owner* also sees the whole
//! instance; to *register* is to make a company of one's own; an *invitation* lets somebody join one.
//!
//! Invariants: a company always has an active admin, and the instance an active owner; a password is stored as a hash
//! and checked in a time that does not tell whether the account exists; whoever loses a right loses it with the commit
//! that says so. What is not here yet: departments, and a company's policy
//! that asks everybody for a second factor.

pub mod api;
mod letters;
mod mfa;
mod model;
mod password;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::{
    auth::{self, Auth},
    base::SealKey,
    limits::{self, Limits},
    mail::Mail,
    sealing::SealedRows,
    storage::{self, Db},
};

pub use model::{Email, NAME_CHARACTERS_MAX, Registration};
pub use password::{PASSWORD_CHARACTERS, Password};
pub use service::{Client, Created, NewPerson, Registered, SetUp, SignedIn, UserView};

use password::Hasher;

/// Why something about accounts was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The password is too short or too long.
    #[error("a password has 12 to 128 characters")]
    Password,
    /// The password is easy to guess.
    #[error("the password is common or easy to guess; some unusual words in a row make a good one")]
    WeakPassword,
    /// The name is empty, too long or holds control characters.
    #[error("a name has 1 to {NAME_CHARACTERS_MAX} printable characters")]
    Name,
    /// The text is no e-mail address.
    #[error("the e-mail address is not valid")]
    Email,
    /// The address has letters that could be mistaken for others.
    #[error("the e-mail address has letters outside ASCII, which can look like others; use its ASCII form")]
    EmailLetters,
    /// Somebody has the address already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The account is unknown, disabled, or the password is another one; which of these is not told.
    #[error("the e-mail address or the password is not right")]
    Credentials,
    /// The password given to confirm a change is not the present one.
    #[error("the current password is not right")]
    CurrentPassword,
    /// The code is wrong, was used before, or is not of this moment; or the recovery code was used.
    #[error("the code is not right, or was used before")]
    MfaCode,
    /// The token between password and second factor is over or none of ours.
    #[error("the token is not valid any more: sign in again")]
    MfaToken,
    /// There is no second factor, or none that was set up.
    #[error("no second factor is set up")]
    MfaMissing,
    /// There is a second factor already.
    #[error("there is a second factor already; disable it first")]
    MfaEnabled,
    /// The secret of the second factor does not open.
    #[error("the secret of the second factor cannot be used with this master key")]
    MfaSealed,
    /// There are companies already.
    #[error("the instance is set up already")]
    SetUpAlready,
    /// The set-up token is another one.
    #[error("the set-up token is not valid; `novapulse setup-url` prints the address that holds it")]
    SetUpToken,
    /// The configuration does not let people register.
    #[error("registration is not open here; ask an admin for an invitation")]
    RegistrationClosed,
    /// The invitation is unknown, used, withdrawn or over.
    #[error("the invitation is not valid any more; ask for a new one")]
    Invitation,
    /// The link to reset a password is unknown, used, replaced or over, or the account is disabled.
    #[error("the link is not valid any more; ask for a new one")]
    Reset,
    /// The company would be left without an admin, or the instance without an owner.
    #[error("the last {0} cannot be removed, disabled or given another role")]
    Last(&'static str),
    /// The company has too many of them.
    #[error("there are {0} already, which is the most")]
    TooMany(&'static str),
    /// A scope is unknown or no key may carry it.
    #[error("{0} is no scope that an API key can carry")]
    Scope(String),
    /// An end in the past.
    #[error("the end is in the past")]
    Past,
    /// It is not clear which company is meant.
    #[error("there is not exactly one company: say which one with its id")]
    WhichCompany,
    /// There is no such thing in the company.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Too many passwords are being hashed.
    #[error("too many people are signing in at the moment")]
    Busy,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The call came too soon.
    #[error(transparent)]
    Limited(#[from] limits::Error),
    /// Credentials could not be made or ended.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// How accounts behave.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who may register.
    pub registration: Registration,
    /// Passwords hashed at once; 0 takes one per processor, at most 8.
    pub hashing_max: usize,
}

/// Makes companies and users and lets them in; cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    auth: Auth,
    limits: Limits,
    mail: Mail,
    seal: Arc<SealKey>,
    hasher: Hasher,
    settings: Settings,
    /// SHA-256 of the token that allows to set the instance up.
    set_up_token: OnceLock<[u8; 32]>,
    set_up_done: CancellationToken,
}

/// The secrets of second factors, sealed.
#[must_use]
pub fn sealed_factors() -> Arc<dyn SealedRows> {
    mfa::sealed()
}

impl Accounts {
    /// A handle over the store.
    #[must_use]
    pub fn new(db: Db, auth: Auth, limits: Limits, mail: Mail, seal: Arc<SealKey>, settings: Settings) -> Self {
        let hasher = Hasher::new(settings.hashing_max);
        Self {
            inner: Arc::new(Inner {
                db,
                auth,
                limits,
                mail,
                seal,
                hasher,
                settings,
                set_up_token: OnceLock::new(),
                set_up_done: CancellationToken::new(),
            }),
        }
    }
}
