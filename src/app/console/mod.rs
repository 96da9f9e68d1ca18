//! The console: what whoever has the machine orders of the accounts, also while a server runs.
//!
//! The server listens at a socket in its data directory, for its owner and root only ([`server`]); the commands ask there
//! ([`client`]) and do the same over the directory when nobody answers. One order is one line of JSON; the answer is a line
//! for each person, and a last one that says how it ended.

mod client;
mod server;

use std::{
    fs, io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    accounts::{self, Accounts, NewPerson, UserView},
    auth::Role,
    base::{CompanyId, UserId},
};

pub use client::{ConsoleError, Reply, ask};

pub(super) use server::Console;

/// The socket in the data directory.
const FILE: &str = "admin.sock";
/// Longest path that an address of a socket takes on every system, with its end.
const PATH_BYTES_MAX: usize = 100;

/// What can be ordered.
#[derive(Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// The address that sets the instance up.
    SetUpUrl {},
    /// The people of all companies.
    ListPeople {},
    /// A new person.
    CreatePerson {
        /// The company; the only one when left out.
        company: Option<CompanyId>,
        /// The name.
        name: String,
        /// The address.
        email: String,
        /// The role.
        role: Role,
        /// The first password.
        password: String,
    },
    /// Another password for a person.
    ResetPassword {
        /// The person's address.
        email: String,
        /// The password.
        password: String,
    },
    /// No second factor any more.
    DisableMfa {
        /// The person's address.
        email: String,
    },
    /// An admin of the company.
    Promote {
        /// The person's address.
        email: String,
        /// Also an owner of the instance.
        is_owner: bool,
    },
}

/// A person as the commands show one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person's id.
    pub id: UserId,
    /// The company.
    pub company: CompanyId,
    /// The name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The role.
    pub role: Role,
    /// Whether the person owns the instance.
    pub is_owner: bool,
    /// Whether the person may not sign in.
    pub is_disabled: bool,
}

impl From<UserView> for Person {
    fn from(view: UserView) -> Self {
        let UserView { id, company, name, email, role, is_owner, is_disabled, .. } = view;
        Self { id, company, name, email, role, is_owner, is_disabled }
    }
}

/// One line of an answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// One of the people it is about.
    Person(Person),
    /// It is done; the last line.
    Done {
        /// An address, where one was asked for.
        url: Option<String>,
    },
    /// It is not done, and why; the last line.
    Refused(String),
}

/// Carries out an order about people; answers whom it was about.
///
/// # Errors
/// What the accounts refuse.
pub async fn perform(accounts: &Accounts, order: Order) -> Result<Vec<Person>, accounts::Error> {
    let one = match order {
        Order::SetUpUrl {} => return Ok(Vec::new()),
        Order::ListPeople {} => return Ok(accounts.people().await?.into_iter().map(Person::from).collect()),
        Order::CreatePerson { company, name, email, role, password } => {
            accounts.create_person(NewPerson { company, name, email, role, password: password.into() }).await?
        }
        Order::ResetPassword { email, password } => accounts.reset_password(&email, password.into()).await?,
        Order::DisableMfa { email } => accounts.remove_mfa(&email).await?,
        Order::Promote { email, is_owner } => accounts.promote(&email, is_owner).await?,
    };
    Ok(vec![one.into()])
}

/// The socket by a path that is short enough for its address, however deep the directory is; good while the folder is
/// held.
fn short_path(data: &Path) -> io::Result<(PathBuf, Option<fs::File>)> {
    let path = data.join(FILE);
    if path.as_os_str().len() < PATH_BYTES_MAX {
        return Ok((path, None));
    }
    let folder = fs::File::open(data)?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}/{FILE}", folder.as_raw_fd())), Some(folder)))
}
