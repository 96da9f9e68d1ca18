//! Scopes, and the text form of an API key.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::{
    base::{ApiKeyId, CompanyId, RawId, SessionId, Timestamp, UserId},
    notifications::Reader,
};

const PREFIX: &str = "np_live_";
const ID_LEN: usize = 26;
/// Characters of the secret part: 160 bits in base32.
const SECRET_LEN: usize = 32;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $holder:ident from $least:ident;)*) => {
        /// One thing a credential may be allowed to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Scope {
            $($(#[$doc])* $name,)*
        }

        impl Scope {
            /// Every scope.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Which credentials may carry it.
            #[must_use]
            pub const fn holder(self) -> Holder {
                match self {
                    $(Self::$name => Holder::$holder,)*
                }
            }

            /// The least of the roles that have it.
            #[must_use]
            pub const fn least(self) -> Least {
                match self {
                    $(Self::$name => Least::$least,)*
                }
            }
        }
    };
}

/// What a person may do in the company; each role includes the ones after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the company.
    Admin,
    /// Operates jobs, webhooks, workflows and reports.
    Manager,
    /// Reads, and acts on what is theirs.
    User,
}

impl Role {
    /// Every role, the most powerful first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Manager, Self::User];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::User => "user",
        }
    }
}

/// Which credentials may carry a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// People and API keys.
    Any,
    /// People only.
    Person,
}

/// The least role that has a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// Everybody.
    User,
    /// Managers and admins.
    Manager,
    /// Admins.
    Admin,
    /// Owners of the instance.
    Owner,
}

scopes! {
    /// Read jobs and queue figures.
    JobsRead = "jobs:read", Any from User;
    /// Enqueue, change, cancel and retry jobs.
    JobsWrite = "jobs:write", Any from Manager;
    /// Lease jobs and report on them, as an external worker does.
    JobsWork = "jobs:work", Any from Manager;
    /// Change, pause and resume queues, which all companies of the instance share.
    QueuesWrite = "queues:write", Any from Owner;
    /// Read schedules.
    SchedulesRead = "schedules:read", Any from User;
    /// Make, change, run and delete schedules.
    SchedulesWrite = "schedules:write", Any from Manager;
    /// Follow what changes in the company, page by page or live.
    ChangesRead = "changes:read", Any from User;
    /// Read events and event types.
    EventsRead = "events:read", Any from User;
    /// Send events and keep the catalogue of event types.
    EventsWrite = "events:write", Any from Manager;
    /// Read webhooks, deliveries and attempts.
    WebhooksRead = "webhooks:read", Any from User;
    /// Create, change and delete webhooks, read and rotate their secrets, retry and replay deliveries.
    WebhooksWrite = "webhooks:write", Any from Manager;
    /// Read e-mails and their templates.
    EmailsRead = "emails:read", Any from Manager;
    /// Send e-mails and keep their templates.
    EmailsWrite = "emails:write", Any from Manager;
    /// Read and download reports. Whoever may not read the data may not download its report either.
    ReportsRead = "reports:read", Any from Manager;
    /// Ask for reports over data that one may read, and delete reports.
    ReportsWrite = "reports:write", Any from Manager;
    /// See and change one's own account.
    Profile = "profile", Person from User;
    /// Read the company, its people and departments.
    UsersRead = "users:read", Any from User;
    /// Invite, change and remove people.
    UsersWrite = "users:write", Person from Admin;
    /// Make, change and remove departments.
    DepartmentsWrite = "departments:write", Person from Admin;
    /// Say who is in a department; a manager in his or her own ones.
    MembersWrite = "members:write", Person from Manager;
    /// Change the company.
    CompanyWrite = "company:write", Person from Admin;
    /// Make and revoke API keys.
    KeysWrite = "keys:write", Person from Admin;
    /// Read and export the audit log.
    AuditRead = "audit:read", Any from Admin;
    /// Read the messages that were sent to people of the company.
    MailboxRead = "mailbox:read", Person from Admin;
    /// See and change the whole instance.
    InstanceWrite = "instance:write", Person from Owner;
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// Every scope there is.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Everything an API key can carry.
    #[must_use]
    pub fn of_keys() -> Self {
        Scope::ALL.iter().copied().filter(|scope| scope.holder() == Holder::Any).collect()
    }

    /// What a person has.
    #[must_use]
    pub fn of(role: Role, is_owner: bool) -> Self {
        let has = |scope: &Scope| match scope.least() {
            Least::User => true,
            Least::Manager => role != Role::User,
            Least::Admin => role == Role::Admin,
            Least::Owner => is_owner,
        };
        Scope::ALL.iter().copied().filter(has).collect()
    }

    /// What a person has who must set up a second factor or choose a password first.
    #[must_use]
    pub fn of_enrolment() -> Self {
        [Scope::Profile].into_iter().collect()
    }

    /// The scopes in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// The scopes of the set, in their order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u8)))
    }
}

/// Who is calling, once the credential was found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The company everything the caller does belongs to.
    pub company: CompanyId,
    /// What the caller showed.
    pub credential: Credential,
    /// What the caller may do.
    pub scopes: Scopes,
    /// The person's role; an API key has none.
    pub role: Option<Role>,
    /// Whether the person has to set up a second factor before anything else.
    pub is_enrolling: bool,
    /// Whether the person has to choose a password before anything else.
    pub needs_password: bool,
    /// When the person last showed password or second factor; an API key shows none.
    pub proven_at: Option<Timestamp>,
}

impl Caller {
    /// The person and the sign-in; an API key has neither.
    #[must_use]
    pub const fn person(&self) -> Option<(UserId, SessionId)> {
        match self.credential {
            Credential::Session { session, user } => Some((user, session)),
            Credential::ApiKey(_) => None,
        }
    }

    /// The person as one who is told things: managers and admins are those who operate the company.
    #[must_use]
    pub fn reader(&self) -> Option<Reader> {
        let (user, _) = self.person()?;
        let is_operator = matches!(self.role, Some(Role::Admin | Role::Manager));
        Some(Reader { company: self.company, user, is_operator })
    }
}

/// What a caller can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    ApiKey(ApiKeyId),
    /// A person who has signed in.
    Session {
        /// The sign-in.
        session: SessionId,
        /// The person.
        user: UserId,
    },
}

/// SHA-256 of the secret part of a key. Keys are random, so a slow hash would add cost and no safety.
pub(super) type SecretHash = [u8; 32];

/// The secret part of a key as sent, and the id it claims.
#[derive(Clone, Copy)]
pub(super) struct KeyText<'a> {
    pub(super) id: ApiKeyId,
    pub(super) secret: &'a str,
}

impl<'a> KeyText<'a> {
    /// Takes a key apart; `None` when it is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (id, secret) = rest.split_at_checked(ID_LEN)?;
        let secret = secret.strip_prefix('_')?;
        let is_plain = secret.len() == SECRET_LEN && secret.bytes().all(|byte| ALPHABET.contains(&byte));
        let id = RawId::from_text(id).ok()?;
        is_plain.then_some(Self { id: ApiKeyId::from_raw(id), secret })
    }
}

/// Whether two hashes are equal, in a time that does not tell where they differ.
pub(super) fn is_same(left: &SecretHash, right: &SecretHash) -> bool {
    left.ct_eq(right).into()
}

/// A fresh key in its only readable form; shown once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKeyText {
    text: String,
}

impl NewKeyText {
    pub(super) fn new(id: ApiKeyId, random: [u8; SECRET_LEN]) -> Self {
        let secret: String =
            random.iter().map(|byte| char::from(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(&b'0'))).collect();
        Self { text: format!("{PREFIX}{}_{secret}", id.raw().to_text()) }
    }

    pub(super) fn secret(&self) -> &str {
        self.text.rsplit('_').next().unwrap_or_default()
    }

    /// The key as its owner gets it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for NewKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewKeyText(…)")
    }
}
