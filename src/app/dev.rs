//! Dev mode: on an empty directory, everything somebody needs to see the product do its main job.
//!
//! It makes a demo company and keeps its credentials in `dev-credentials.json`; then it does over
//! the API what a newcomer would do: registers a webhook that points at the built-in receiver, sends
//! an event and waits for its signed delivery. A later start on the same directory says what is there.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    remote::{Answer, Call, send},
    setup,
};
use crate::{
    accounts::{Accounts, SetUp},
    auth::Auth,
    base::CompanyId,
    storage::Db,
};

/// Where the credentials are kept in the data directory.
const CREDENTIALS_FILE: &str = "dev-credentials.json";
const EMAIL: &str = "demo@novapulse.example";
/// How often and how many times to look for the end of the first delivery; some 15 seconds.
const LOOK_EVERY: Duration = Duration::from_millis(25);
const LOOKS: u32 = 600;

/// What the file holds; only its owner may read it, and no log shows it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    /// Where the server is.
    url: String,
    /// The demo user's address.
    email: String,
    /// The demo user's password; absent when the company was not made by dev mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// An API key with every scope.
    api_key: String,
    /// The demo company.
    company_id: CompanyId,
}

/// What dev mode found or made.
pub(super) struct Demo {
    credentials: Credentials,
    path: PathBuf,
    is_new: bool,
}

/// Reads the credentials of an earlier start, or makes the demo company.
pub(super) async fn prepare(db: &Db, accounts: &Accounts, auth: &Auth, data: &Path, url: &str) -> anyhow::Result<Demo> {
    let path = data.join(CREDENTIALS_FILE);
    let known = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Credentials>(&bytes).ok());
    if let Some(mut credentials) = known
        && auth.identify(Some(&format!("Bearer {}", credentials.api_key))).await.is_ok()
    {
        url.clone_into(&mut credentials.url);
        write(&path, &credentials)?;
        return Ok(Demo { credentials, path, is_new: false });
    }
    let (credentials, is_new) = match accounts.first_company().await? {
        Some((company, _)) => (new_key(accounts, company, url).await?, false),
        None => (new_company(db, accounts, url).await?, true),
    };
    write(&path, &credentials)?;
    Ok(Demo { credentials, path, is_new })
}

async fn new_company(db: &Db, accounts: &Accounts, url: &str) -> anyhow::Result<Credentials> {
    let password = setup::password(&**db.random());
    let order = SetUp {
        company_name: "Demo".to_owned(),
        name: "Demo User".to_owned(),
        email: EMAIL.to_owned(),
        password: password.clone().into(),
        needs_password: false,
    };
    let created = accounts.set_up(order).await.context("cannot make the demo company")?;
    let api_key = created.api_key_text.expose().to_owned();
    let (url, email) = (url.to_owned(), EMAIL.to_owned());
    Ok(Credentials { url, email, password: Some(password), api_key, company_id: created.company })
}

/// The file of an earlier start is gone or its key revoked: the company gets one more key.
async fn new_key(accounts: &Accounts, company: CompanyId, url: &str) -> anyhow::Result<Credentials> {
    let text = accounts.machine_key(company, "dev mode").await.context("cannot make an API key")?;
    let (url, email, api_key) = (url.to_owned(), EMAIL.to_owned(), text.expose().to_owned());
    Ok(Credentials { url, email, password: None, api_key, company_id: company })
}

fn write(path: &Path, credentials: &Credentials) -> anyhow::Result<()> {
    let partial = path.with_extension("json.new");
    let write = || -> io::Result<()> {
        // A file left by a crash may have another mode.
        drop(fs::remove_file(&partial));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        serde_json::to_writer_pretty(&mut file, credentials)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Tells what there is to try, and on a new directory shows the first delivery.
pub(super) async fn present(demo: &Demo) -> anyhow::Result<()> {
    let Credentials { url, email, password, api_key, company_id } = &demo.credentials;
    let password = password.as_deref().unwrap_or("(as you set it)");
    say(&format!(
        "\nNovaPulse {} in dev mode\n\n  start page   {url}/\n  reference    {url}/docs\n  company      Demo, {company_id}\n  \
         sign in      {email}  {password}\n  API key      {api_key}\n  kept in      {}\n\n  \
         Dev mode lets webhooks call this machine (127.0.0.1 and ::1). Do not expose it to others.\n",
        env!("CARGO_PKG_VERSION"),
        demo.path.display(),
    ))?;
    if demo.is_new {
        match first_delivery(&demo.credentials).await {
            Ok(story) => say(&story)?,
            Err(error) => say(&format!("  The first delivery did not work: {error:#}\n"))?,
        }
    }
    say(&format!(
        "Send an event:\n\n  curl -X POST {url}/api/v1/events \\\n    -H 'Authorization: Bearer {api_key}' \\\n    \
         -H 'Content-Type: application/json' \\\n    -d '{{\"type\": \"order.created\", \"data\": {{\"order\": 1043}}}}'\n"
    ))
}

/// Registers a webhook, sends an event, waits for its delivery; over the API, as anybody would.
async fn first_delivery(credentials: &Credentials) -> anyhow::Result<String> {
    let Credentials { url, api_key, .. } = credentials;
    let receiver = accepted(&send(&Call::post(url, "/api/v1/play", &json!({})).with_api_key(api_key)).await?)?;
    let inspector = format!("{url}{}", text(&receiver, "/path")?);
    let webhook = json!({
        "url": inspector, "events": ["order.*"], "description": "The built-in inspector; open its address in a browser",
    });
    let webhook = accepted(&send(&Call::post(url, "/api/v1/webhooks", &webhook).with_api_key(api_key)).await?)?;
    let event = json!({ "type": "order.created", "data": { "order": 1042, "total": "19.90", "currency": "EUR" } });
    let event = accepted(&send(&Call::post(url, "/api/v1/events", &event).with_api_key(api_key)).await?)?;
    let event_id = text(&event, "/id")?;

    let look = Call::get(url, &format!("/api/v1/events/{event_id}")).with_api_key(api_key);
    for _ in 0..LOOKS {
        let answer = accepted(&send(&look).await?)?;
        let delivery = answer.pointer("/deliveries/0").cloned().unwrap_or_default();
        match delivery.get("state").and_then(Value::as_str) {
            Some("succeeded") => return Ok(story(text(&webhook, "/id")?, event_id, &inspector)),
            Some("failed" | "cancelled") => bail!("the delivery failed: {delivery}"),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    bail!("the delivery of {event_id} has not ended yet")
}

fn story(webhook_id: &str, event_id: &str, inspector: &str) -> String {
    format!(
        "  webhook      {webhook_id} -> {inspector}\n  event        {event_id} order.created\n  \
         delivery     succeeded: signed, sent and answered; see it at {inspector}\n"
    )
}

fn accepted(answer: &Answer) -> anyhow::Result<Value> {
    if !answer.is_success() {
        bail!("the API answered {}: {}", answer.status, answer.text);
    }
    serde_json::from_str(&answer.text).context("the API answered no JSON")
}

fn text<'a>(document: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    document.pointer(pointer).and_then(Value::as_str).ok_or_else(|| anyhow!("the API's answer has no {pointer}"))
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")
}
