//! `novapulse user …`: makes, lists and lets in people, through the server that uses the directory or, when none does, in
//! the directory itself.
//!
//! Passwords are made here and printed once, or read from the first line of standard input; never from an argument,
//! which every process of the machine can see.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{ConfigArguments, output};
use crate::{
    app::{
        console::{self, Order, Person},
        setup,
    },
    auth::Role,
    base::{CompanyId, SystemRandom},
    storage::guard,
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
            let lines: Vec<String> = carry_out(sources, Order::ListPeople {})?.iter().map(line).collect();
            output::say(&lines.join("\n"))
        }
        Command::Create { sources, email, name, role, company, password_stdin } => {
            let (password, shown) = password(*password_stdin)?;
            let name = name.clone().unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let Some(role) = Role::ALL.into_iter().find(|known| known.as_str() == role) else {
                bail!("the role is admin, manager or user, not {role:?}");
            };
            let order = Order::CreatePerson { company: *company, name, email: email.clone(), role, password };
            say(sources, order, &shown)
        }
        Command::ResetPassword { sources, email, password_stdin } => {
            let (password, shown) = password(*password_stdin)?;
            say(sources, Order::ResetPassword { email: email.clone(), password }, &shown)
        }
        Command::DisableMfa { sources, email } => say(sources, Order::DisableMfa { email: email.clone() }, ""),
        Command::Promote { sources, email, owner } => {
            say(sources, Order::Promote { email: email.clone(), is_owner: *owner }, "")
        }
    }
}

/// Carries out an order and shows whom it was about.
fn say(sources: &ConfigArguments, order: Order, more: &str) -> anyhow::Result<ExitCode> {
    let people: Vec<String> = carry_out(sources, order)?.iter().map(line).collect();
    output::say(&format!("{}{more}", people.join("\n")))
}

/// Has the server that uses the directory carry the order out; when none does, does it here. Says on standard error where
/// that was.
fn carry_out(sources: &ConfigArguments, order: Order) -> anyhow::Result<Vec<Person>> {
    let config = sources.load()?;
    let data = &config.storage.directory;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (people, how) = if let Some(reply) = runtime.block_on(console::ask(data, &order))? {
        (reply.people, "by the server that runs")
    } else {
        // A directory that was named by mistake is not to be made.
        guard::require_store(data)?;
        let work = setup::with_accounts(&config, async |accounts| console::perform(accounts, order).await);
        (runtime.block_on(work)?, "no server runs")
    };
    // Nobody may be there to read; the result is what counts.
    drop(writeln!(io::stderr(), "data directory {}, {how}", data.display()));
    Ok(people)
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

fn line(person: &Person) -> String {
    let Person { id, company, name, email, role, is_owner, is_disabled } = person;
    let owner = if *is_owner { ", owner" } else { "" };
    let disabled = if *is_disabled { ", disabled" } else { "" };
    format!("{id}  {company}  {}{owner}{disabled}  {email}  {name}", role.as_str())
}
