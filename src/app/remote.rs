//! Calls to a running server, for the commands that talk to one.

use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::outbound::{Client, Limits, Policy, Request, Settings, Target};

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// One call to make.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    url: String,
    body: Bytes,
    headers: HeaderMap,
}

/// What the server said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }
}

impl Call {
    /// A GET of a path below the server's address.
    #[must_use]
    pub fn get(url: &str, path: &str) -> Self {
        let url = format!("{}{path}", url.trim_end_matches('/'));
        Self { method: Method::GET, url, body: Bytes::new(), headers: HeaderMap::new() }
    }

    /// A POST of JSON to a path below the server's address.
    #[must_use]
    pub fn post(url: &str, path: &str, body: &Value) -> Self {
        let mut call = Self::get(url, path);
        call.method = Method::POST;
        call.body = Bytes::from(body.to_string());
        call.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        call
    }

    /// Adds the credential.
    #[must_use]
    pub fn with_api_key(mut self, key: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {key}")) {
            value.set_sensitive(true);
            self.headers.insert(header::AUTHORIZATION, value);
        }
        self
    }
}

/// Makes the call and waits for the answer; for commands, which have no runtime of their own.
///
/// # Errors
/// When the address is not usable or the server cannot be reached.
pub fn call(call: &Call) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send(call))
}

/// Makes the call and waits for the answer.
///
/// # Errors
/// As [`call`].
pub async fn send(call: &Call) -> anyhow::Result<Answer> {
    // The operator names the address, so every address is fine.
    let everywhere = ["0.0.0.0/0", "::/0"].map(str::parse);
    let mut policy = Policy::default().allow_loopback().deny_ports([]);
    for network in everywhere {
        policy = policy.allow(crate::outbound::AllowRule::new(network?, []));
    }
    let target = Target::parse(&call.url, &policy).with_context(|| format!("{} is not usable", call.url))?;
    let stop = CancellationToken::new();
    let tracker = TaskTracker::new();
    // On this machine nobody stands between, and the certificate is for another name.
    let settings = Settings { trusts_loopback: true, ..Settings::new(policy) };
    let client = Client::new(settings, &tracker, stop.clone())?;
    let limits = Limits {
        total: Duration::from_secs(30),
        read_bytes: ANSWER_BYTES_MAX,
        keep_bytes: ANSWER_BYTES_MAX,
        ..Limits::default()
    };
    let (method, headers, body) = (call.method.clone(), call.headers.clone(), call.body.clone());
    let exchange = client.send(Request { method, target, headers, body, limits }).await;
    stop.cancel();
    let exchange = exchange.map_err(|failure| anyhow!("{} cannot be reached: {}", call.url, failure.detail))?;
    Ok(Answer { status: exchange.status, text: String::from_utf8_lossy(&exchange.body).into_owned() })
}
