//! `novapulse setup`: a company with its first user and API key, made offline.

use std::process::ExitCode;

use clap::Args;

use super::{ConfigArguments, output};
use crate::{accounts::SetUp, app::setup, base::SystemRandom};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: ConfigArguments,
    /// Name of the company
    #[arg(long)]
    company: String,
    /// E-mail address of its first user
    #[arg(long)]
    email: String,
    /// Name of its first user; the part of the address before the @ when left out
    #[arg(long)]
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.sources.load()?;
    let email = arguments.email.clone();
    let name = arguments.name.clone().unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let password = setup::password(&SystemRandom);
    let order = SetUp {
        company_name: arguments.company.clone(),
        name,
        email: email.clone(),
        password: password.clone().into(),
        needs_password: true,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let created = runtime.block_on(setup::set_up(&config, order))?;
    let (company, user, key) = (created.company, created.user, created.api_key_text.expose());
    output::say(&format!(
        "company   {company}  {}\nuser      {user}  {email}\npassword  {password}\nAPI key   {key}\n\n\
         Password and key are shown this once; the password is to be replaced at the first sign-in.",
        arguments.company
    ))
}
