//! `novapulse user …`: makes, lists and lets in people, offline.
//!
//! Passwords are made here and printed once, or read from the first line of standard input; never from an argument,
//! which every process of the machine can see.

use std::{io, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{ConfigArguments, output};
use crate::{
    accounts::{Accounts, Error, NewPerson, UserView},
    app::setup,
    auth::Role,
    base::{CompanyId, SystemRandom},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the people of all companies
    List {
        #[command(flatten)]
        sources: ConfigArguments,
    },
    /// Make a person with a first password, which is to be replaced at the first sign-in
    Create {
        #[command(flatten)]
        sources: ConfigArguments,
        /// Address to sign in with
        #[arg(long)]
        email: String,
        /// The person's name; the part of the address before the @ when left out
        #[arg(long)]
        name: Option<String>,
        /// admin, manager or user
        #[arg(long, default_value = "user")]
        role: String,
        /// The company's id; not needed when there is one company only
        #[arg(long)]
        company: Option<CompanyId>,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a person a new password, to be replaced at the next sign-in, let him in again and end all sessions
    ResetPassword {
        #[command(flatten)]
        sources: ConfigArguments,
        /// The person's address
        email: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a person's second factor and end all sessions
    DisableMfa {
        #[command(flatten)]
        sources: ConfigArguments,
        /// The person's address
        email: String,
    },
    /// Make a person an admin of the company and end all sessions
    Promote {
        #[command(flatten)]
        sources: ConfigArguments,
        /// The person's address
        email: String,
        /// Also an owner of the whole instance
        #[arg(long)]
        owner: bool,
    },
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::List { sources } => {
            let people = with(sources, async |accounts| accounts.people().await)?;
            let lines: Vec<String> = people.iter().map(line).collect();
            output::say(&lines.join("\n"))
        }
        Command::Create { sources, email, name, role, company, password_stdin } => {
            let (password, shown) = password(*password_stdin)?;
            let name = name.clone().unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let Some(role) = Role::ALL.into_iter().find(|known| known.as_str() == role) else {
                bail!("the role is admin, manager or user, not {role:?}");
            };
            let order = NewPerson { company: *company, name, email: email.clone(), role, password: password.into() };
            let person = with(sources, async |accounts| accounts.create_person(order).await)?;
            output::say(&format!("{}{shown}", line(&person)))
        }
        Command::ResetPassword { sources, email, password_stdin } => {
            let (password, shown) = password(*password_stdin)?;
            let person = with(sources, async |accounts| accounts.reset_password(email, password.into()).await)?;
            output::say(&format!("{}{shown}", line(&person)))
        }
        Command::DisableMfa { sources, email } => {
            let person = with(sources, async |accounts| accounts.remove_mfa(email).await)?;
            output::say(&line(&person))
        }
        Command::Promote { sources, email, owner } => {
            let person = with(sources, async |accounts| accounts.promote(email, *owner).await)?;
            output::say(&line(&person))
        }
    }
}

fn with<T>(sources: &ConfigArguments, work: impl AsyncFnOnce(&Accounts) -> Result<T, Error>) -> anyhow::Result<T> {
    let config = sources.load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(setup::with_accounts(&config, work))?)
}

/// The password, and what is said about it.
fn password(is_given: bool) -> anyhow::Result<(String, String)> {
    if !is_given {
        let made = setup::password(&SystemRandom);
        let shown = format!("\npassword  {made}  (shown this once)");
        return Ok((made, shown));
    }
    let mut text = String::new();
    io::stdin().read_line(&mut text).context("cannot read the password from standard input")?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), String::new()))
}

fn line(person: &UserView) -> String {
    let UserView { id, company, name, email, role, is_owner, is_disabled, .. } = person;
    let owner = if *is_owner { ", owner" } else { "" };
    let disabled = if *is_disabled { ", disabled" } else { "" };
    format!("{id}  {company}  {}{owner}{disabled}  {email}  {name}", role.as_str())
}
