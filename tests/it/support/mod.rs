//! What the tests share: a server, clients, receivers and waiting for things to happen.

mod app;
mod client;
mod receiver;
mod tls;

use std::time::{Duration, Instant};

use serde_json::Value;

pub use app::{SMALL, TestApp, signal};
pub use client::{Answer, Client, read_answer};
pub use receiver::{Received, Receiver, Reply};
pub use tls::{Authority, exchange};

/// Waits until the condition holds; fails the test when it does not in time.
#[track_caller]
pub fn wait_until(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < patience, "not within {patience:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The code that an authenticator app shows at this time (RFC 6238, as in the specification).
pub fn code_at(secret: &str, seconds: u64) -> String {
    let totp = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(seconds).to_string()
}

/// The same JSON with ids, times and other passing values replaced by words, for snapshots.
pub fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), redacted_field(name, value))).collect()
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::String(text) => Value::String(redacted_text(text)),
        other => other.clone(),
    }
}

fn redacted_field(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("request_id" | "lease_token" | "secret" | "next_cursor", Value::String(_)) => {
            Value::String(format!("[{name}]"))
        }
        _ => redacted(value),
    }
}

fn redacted_text(text: &str) -> String {
    let id =
        text.split_once('_').filter(|(_, body)| body.len() == 26 && body.bytes().all(|b| b.is_ascii_alphanumeric()));
    if let Some((prefix, _)) = id {
        return format!("[{prefix}]");
    }
    let is_time = text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    if is_time { "[time]".to_owned() } else { text.to_owned() }
}
