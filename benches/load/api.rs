//! Set-up and inspection calls to the server under test; never part of a measured window.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    children::Server,
    signature::SECRET,
    wire::{BlockingConnection, Request},
};

/// One blocking connection with the company's key.
pub(crate) struct Api {
    connection: BlockingConnection,
    address: SocketAddr,
    key: String,
}

impl Api {
    pub(crate) fn new(server: &Server) -> Result<Self> {
        Ok(Self {
            connection: BlockingConnection::open(server.address)?,
            address: server.address,
            key: server.api_key.clone(),
        })
    }

    /// Calls an operation below `/api/v1`; an answer outside 2xx is an error with its body.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = Request::new(method, &format!("/api/v1{path}"), self.address, &self.key, &text);
        let (status, answer) = self.connection.exchange(request.patch(0, 0))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(answer));
        }
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(answer).with_context(|| format!("{method} {path}: not JSON"))
    }

    /// Removes every webhook, the demo's too, so that only the bench's own receive.
    pub(crate) fn clear_webhooks(&mut self) -> Result<()> {
        for _ in 0..100 {
            let page = self.call("GET", "/webhooks?limit=250", &Value::Null)?;
            let Some(rows) = page.get("data").and_then(Value::as_array).filter(|rows| !rows.is_empty()) else {
                return Ok(());
            };
            for row in rows {
                let id = row.get("id").and_then(Value::as_str).context("a webhook without id")?;
                self.call("DELETE", &format!("/webhooks/{id}"), &Value::Null)?;
            }
        }
        bail!("webhooks do not go away")
    }

    /// Creates a webhook for one event type, and the event type when it is new. Returns the webhook's id.
    pub(crate) fn create_webhook(&mut self, url: &str, event_type: &str) -> Result<String> {
        // An event type that exists already is a conflict, which is as good.
        drop(self.call("POST", "/event-types", &json!({ "name": event_type, "description": "Sent by the bench." })));
        let body = json!({ "url": url, "events": [event_type], "secret": SECRET });
        let made = self.call("POST", "/webhooks", &body)?;
        Ok(made.get("id").and_then(Value::as_str).context("a webhook without id")?.to_owned())
    }

    /// One figure of one queue, such as `completed`.
    pub(crate) fn queue_figure(&mut self, queue: &str, figure: &str) -> Result<u64> {
        let stats = self.call("GET", "/queue/stats", &Value::Null)?;
        let value = stats.pointer(&format!("/queues/{queue}/{figure}")).and_then(Value::as_u64);
        value.with_context(|| format!("no {figure} of {queue} in {stats}"))
    }
}
