//! Companies and the people in them: set-up, sign-in, invitations, passwords, roles.
//!
//! Words: a *company* is the tenant; a *user* is a person in it, with a *role*; an *owner* also sees the whole
//! instance; a *department* is a group of people in a company; to *register* is to make a company of one's own; an *invitation* lets somebody join one.
//!
//! Invariants: a company always has an active admin, and the instance an active owner; a password is stored as a hash
//! and checked in a time that does not tell whether the account exists; whoever loses a right loses it with the commit
//! that says so.

pub mod api;
mod cache;
mod habits;
mod hasher;
mod letters;
mod metrics;
mod mfa;
mod model;
mod password;
mod service;
mod stolen;
mod store;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use arc_swap::ArcSwap;

use crate::{
    auth::{self, Auth, Scopes},
    base::{CompanyId, DepartmentId, SealKey, UserId},
    limits::{self, Limits},
    mail::Mail,
    sealing::SealedRows,
    storage::{self, Db},
};

pub use letters::tell_admins;
pub use metrics::Metrics;
pub use model::{DESCRIPTION_CHARACTERS_MAX, Email, NAME_CHARACTERS_MAX, Registration};
pub use password::{PASSWORD_CHARACTERS, Password};
pub use service::{Client, CompanyFigures, Created, NewPerson, ReadFigures, Registered, SetUp, SignedIn, UserView};

pub use stolen::StolenPasswords;

use cache::ReadCache;
use hasher::Hasher;
use service::CompanyStats;

/// How long figures of a company may be old.
const STATS_LIFE: Duration = Duration::from_mins(1);
/// How long profiles and member lists are kept; a change is seen at once all the same.
const PROFILE_LIFE: Duration = Duration::from_mins(5);
/// Companies whose figures are kept, and departments whose members are.
const LISTS_MAX: u64 = 1_000;
/// Profiles that are kept.
const PROFILES_MAX: u64 = 10_000;

/// Checks stored people and departments against what follows from them; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl storage::Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    store::check(read, found)
}

/// What a person of the company may do now, by role; nothing when there is no such person, or a disabled one.
///
/// # Errors
/// When the store fails.
pub fn scopes_of(
    read: &impl storage::Read,
    company: CompanyId,
    user: UserId,
) -> Result<Option<Scopes>, storage::Error> {
    let user = store::find_user_of(read, company, user)?.filter(|user| !user.is_disabled);
    Ok(user.map(|user| Scopes::of(user.role, user.is_owner)))
}

/// Why something about accounts was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The password is too short or too long.
    #[error("a password has 12 to 128 characters")]
    Password,
    /// The password is easy to guess.
    #[error("the password is common or easy to guess; some unusual words in a row make a good one")]
    WeakPassword,
    /// The password is known from a theft elsewhere.
    #[error("the password is in a list of stolen passwords; choose another")]
    StolenPassword,
    /// The name is empty, too long or holds control characters.
    #[error("a name has 1 to {NAME_CHARACTERS_MAX} printable characters")]
    Name,
    /// The same of the name of a company that is given beside a person's.
    #[error("the name of a company has 1 to {NAME_CHARACTERS_MAX} printable characters")]
    CompanyName,
    /// The description is too long or holds control characters.
    #[error("a description has at most {DESCRIPTION_CHARACTERS_MAX} printable characters")]
    Description,
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
    /// The new password is the one before.
    #[error("the new password is the present one; choose another")]
    SamePassword,
    /// The password given to confirm a change is not the present one.
    #[error("the current password is not right")]
    CurrentPassword,
    /// The code is wrong, was used before, or is not of this moment; or the recovery code was used.
    #[error("the code is not right, or was used before")]
    MfaCode,
    /// A proof came without a code, and the person has a second factor.
    #[error("is needed, or recovery_code, since you have a second factor")]
    MfaProof,
    /// The token between password and second factor is over or none of ours.
    #[error("the token is not valid any more: sign in again")]
    MfaToken,
    /// There is no second factor, or none that was set up.
    #[error("no second factor is set up")]
    MfaMissing,
    /// There is a second factor already.
    #[error("there is a second factor already; disable it first")]
    MfaEnabled,
    /// Whoever asks others for a second factor has one.
    #[error("set a second factor up for yourself first")]
    MfaFirst,
    /// The company asks everybody for a second factor.
    #[error("the company asks everybody for a second factor")]
    MfaRequired,
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
    /// Another department of the company has the name.
    #[error("there is a department with this name")]
    DepartmentTaken,
    /// One's own second factor goes with a proof only.
    #[error("remove your own second factor with POST /mfa/disable, which asks for a code or the password")]
    OwnMfa,
    /// Nobody but owners comes close to the account of an owner.
    #[error("only an owner of the instance can do this to an owner")]
    OfOwner,
    /// A manager says who is in his or her own departments only.
    #[error("a manager can change departments he or she is in")]
    NotYours,
    /// The company has too many of them.
    #[error("there are {0} already, which is the most")]
    TooMany(&'static str),
    /// A scope is unknown or no key may carry it.
    #[error("{0} is no scope that an API key can carry")]
    Scope(String),
    /// No scope, or more than there are.
    #[error("an API key has 1 to {0} scopes")]
    ScopeCount(usize),
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

impl Error {
    /// The same for one who shows a token and knows nothing of accounts.
    fn into_auth(self) -> auth::Error {
        match self {
            Self::Auth(error) => error,
            Self::Storage(error) => error.into(),
            other => storage::Error::Engine(other.to_string()).into(),
        }
    }
}

/// How accounts behave.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who may register; changes while the server runs.
    pub registration: Arc<ArcSwap<Registration>>,
    /// Where stolen passwords are looked up, beyond the list that is built in.
    pub stolen: StolenPasswords,
    /// Passwords hashed at once; 0 takes one per processor, at most 8.
    pub hashing_max: usize,
    /// What other slices count for a company.
    pub figures: Figures,
    /// What sign-ins cost.
    pub metrics: Metrics,
}

impl Settings {
    fn registration(&self) -> Registration {
        **self.registration.load()
    }
}

/// Reads what other slices count; without one, nothing is counted.
#[derive(Clone)]
pub struct Figures(pub Arc<ReadFigures>);

impl Default for Figures {
    fn default() -> Self {
        Self(Arc::new(|_, _| Ok(CompanyFigures::default())))
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
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
    /// Profiles by the user's number.
    profiles: ReadCache<u64, Arc<UserView>>,
    /// Members by the department's number, with whose it is.
    members: ReadCache<u64, (CompanyId, DepartmentId, Arc<Vec<u64>>)>,
    stats: ReadCache<CompanyId, CompanyStats>,
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
        let inner = Arc::new(Inner {
            db,
            auth,
            limits,
            mail,
            seal,
            hasher,
            settings,
            profiles: ReadCache::new(PROFILES_MAX, PROFILE_LIFE),
            members: ReadCache::new(LISTS_MAX, PROFILE_LIFE),
            stats: ReadCache::new(LISTS_MAX, STATS_LIFE),
            set_up_token: OnceLock::new(),
            set_up_done: CancellationToken::new(),
        });
        let weak = Arc::downgrade(&inner);
        inner.auth.open_with(Box::new(move |tx, opening| {
            let Some(inner) = weak.upgrade() else { return Err(storage::Error::Stopped.into()) };
            Self { inner }.open_begun(tx, opening).map_err(Error::into_auth)
        }));
        Self { inner }
    }
}
