//! `[auth]`: sign-in of people, their tokens and how new ones come in.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{
    section::section,
    url::ServiceUrl,
    value::{ConfigValue, Raw, Secret, expected, quote, textual},
};

section! {
    /// How people sign in, how long their sessions last, and who may join.
    Auth in "auth" {
        /// Who may join: `open` lets everybody make a company, `invite_only` asks for an invitation, `closed` takes nobody, whether invited or not; admins can still add people. When unset: `invite_only`, and `open` in dev mode.
        registration: Option<Registration> = None;
        /// Signs access tokens (HS256), at least 32 characters. Derived from a key in the store and changed every 30 days when unset.
        access_secret: Option<Secret> = None, env "JWT_SECRET";
        /// Stands behind refresh tokens, at least 32 characters. Derived from a key in the store when unset.
        refresh_secret: Option<Secret> = None, env "JWT_REFRESH_SECRET";
        /// How long an access token is good. Short, though an ended session is refused at once anyway.
        access_lifetime_ms: u64 = 900_000, range 60_000..=86_400_000;
        /// How long a session lasts without being used.
        session_idle_ms: u64 = 604_800_000, range 60_000..=31_536_000_000;
        /// How long a session lasts at most.
        session_max_ms: u64 = 2_592_000_000, range 60_000..=31_536_000_000;
        /// How long somebody who showed password or second factor may make API keys, change roles and do what else is delicate before being asked again.
        proof_lifetime_ms: u64 = 600_000, range 1_000..=86_400_000;
        /// A file of passwords that are refused because they were stolen somewhere: one on each line, or its SHA-1 in 40 digits, at most 20 million of 12 characters and more. It is read at the start, and added to the 30,000 that are built in.
        password_list: Option<PathBuf> = None;
        /// Where new passwords are looked up among stolen ones, such as `https://api.pwnedpasswords.com/range/`: the first five digits of the SHA-1 are put behind it, and the rest is compared here. Nothing is asked when unset, and a password is judged without it when it does not answer. A key may stand in its query, which is shown nowhere.
        password_service: Option<ServiceUrl> = None;
        /// How many passwords are hashed at once; each takes 19 MiB and some 20 ms of a processor. 0 takes one per processor, at most 8.
        hashing_max: usize = 0, range 0..=64;
    }
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Everybody may make a company.
    Open,
    /// People join with an invitation only.
    InviteOnly,
    /// Nobody joins.
    Closed,
}

impl FromStr for Registration {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "open" => Ok(Self::Open),
            "invite_only" => Ok(Self::InviteOnly),
            "closed" => Ok(Self::Closed),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::InviteOnly => "invite_only",
            Self::Closed => "closed",
        })
    }
}

textual! {
    Registration, "open, invite_only or closed";
}
