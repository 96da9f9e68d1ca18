//! What the tests share: a server, clients, receivers and waiting for things to happen.

mod app;
mod client;
mod mail;
mod receiver;
mod services;
mod tls;

use std::{
    process::Child,
    time::{Duration, Instant},
};

use serde_json::Value;

pub use app::{SMALL, TestApp, signal};
pub use client::{Answer, Client, read_answer};
pub use mail::{MailServer, installed};
pub use receiver::{Received, Receiver, Reply};
#[cfg(feature = "s3")]
pub use services::S3Service;
pub use services::{python, skipped};
pub use tls::{Authority, exchange};

/// A process that is killed when this is dropped.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Between two looks at something that has no other way to tell.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Looks until there is an answer; `None` when the time is up first.
pub fn wait_for<T>(patience: Duration, look: impl FnMut() -> Option<T>) -> Option<T> {
    wait_looking_every(LOOK_EVERY, patience, look)
}

/// The same with another pause between two looks, for looks that cost the server something.
pub fn wait_looking_every<T>(pause: Duration, patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = look() {
            return Some(answer);
        }
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        std::thread::park_timeout(left.min(pause));
    }
}

/// Waits until the condition holds; fails the test when it does not in time.
#[track_caller]
pub fn wait_until(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
    let is_met = wait_for(patience, || condition().then_some(())).is_some();
    assert!(is_met, "not within {patience:?}: {what}");
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
