//! `novapulse events send`: publishes one event to a running server.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output;
use crate::{app::remote, config::Secret};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish one event
    Send(SendArguments),
}

#[derive(Debug, Args)]
struct SendArguments {
    /// Event type, such as order.created
    r#type: String,
    /// The event's data (JSON)
    #[arg(default_value = "{}")]
    data: String,
    /// An id of yours that makes sending twice harmless
    #[arg(long)]
    id: Option<String>,
    /// Address of the server
    #[arg(long, env = "NOVAPULSE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// API key
    #[arg(long, env = "NOVAPULSE_API_KEY", hide_env_values = true)]
    api_key: Secret,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Send(arguments) = &arguments.command;
    let data: Value = serde_json::from_str(&arguments.data).context("the data is not JSON")?;
    let mut body = json!({ "type": arguments.r#type, "data": data });
    if let (Some(id), Some(fields)) = (&arguments.id, body.as_object_mut()) {
        fields.insert("id".to_owned(), id.as_str().into());
    }
    let call = remote::Call::post(&arguments.url, "/api/v1/events", &body).with_api_key(arguments.api_key.expose());
    let answer = remote::call(&call)?;
    if !answer.is_success() {
        bail!("the server answered {}: {}", answer.status, answer.text);
    }
    output::say(&answer.text)
}
