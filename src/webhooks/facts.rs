//! What the audit log shows of this slice: settings and states, and never a secret.
//!
//! Secrets are those of the signatures, the values of custom headers and the query of the URL. That one of them was
//! replaced is told by its name.

use serde_json::{Value, json};

use super::{
    model::{DeliveryState, Secrets, Webhook},
    service::event_types::EventType,
};
use crate::{
    audit::{self, Entry, Origin},
    base::CompanyId,
    storage::{self, Tx},
};

/// Records a change in its own transaction.
pub(super) fn record(
    tx: &mut Tx<'_>,
    (company, origin): (CompanyId, &Origin),
    (action, object): (&'static str, impl ToString),
    (before, after): (Value, Value),
) -> Result<(), storage::Error> {
    audit::record(tx, company, origin, Entry { action, object: object.to_string(), before, after })
}

/// The settings of a webhook.
pub(super) fn of_webhook(webhook: &Webhook, headers: &[(String, String)]) -> Value {
    let retry = &webhook.retry;
    let delays_ms: Vec<u64> = (1..retry.max_attempts()).filter_map(|attempts| retry.delay_ms(attempts, 0.5)).collect();
    json!({
        "url": plain_url(&webhook.url),
        "events": webhook.subscriptions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "description": webhook.description,
        "enabled": webhook.is_enabled(),
        "disabled_reason": webhook.disabled.map(|(reason, _)| reason.as_str()),
        "headers": headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "retry": { "preset": retry.preset(), "delays_ms": delays_ms, "jitter_percent": retry.jitter_percent() },
        "timeout_ms": webhook.timeout_ms,
        "rate_limit": webhook.rate_limit,
        "ordered": webhook.is_ordered,
        "filter": webhook.filter.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        "ed25519": webhook.has_ed25519,
    })
}

/// What changed of a webhook, with the names of the secrets that were replaced.
pub(super) fn of_change(before: (&Webhook, &Secrets), after: (&Webhook, &Secrets)) -> (Value, Value) {
    let (old, new) = (of_webhook(before.0, &before.1.headers), of_webhook(after.0, &after.1.headers));
    let (old, mut new) = audit::changed(&old, &new);
    let replaced = replaced(before, after);
    if !replaced.is_empty()
        && let Value::Object(fields) = &mut new
    {
        fields.insert("replaced".to_owned(), replaced.into());
    }
    (old, new)
}

fn replaced((old, was): (&Webhook, &Secrets), (new, is): (&Webhook, &Secrets)) -> Vec<String> {
    let mut replaced = Vec::new();
    if was.current != is.current {
        replaced.push("secret".to_owned());
    }
    if old.url != new.url && plain_url(&old.url) == plain_url(&new.url) {
        replaced.push("url query".to_owned());
    }
    for (name, value) in &is.headers {
        let before = was.headers.iter().find(|(known, _)| known == name);
        if before.is_some_and(|(_, before)| before != value) {
            replaced.push(format!("header {name}"));
        }
    }
    replaced
}

/// The state of a delivery.
pub(super) fn of_delivery(state: DeliveryState) -> Value {
    json!({ "state": state.as_str() })
}

/// What an event type says.
pub(super) fn of_event_type(event_type: &EventType) -> Value {
    json!({ "description": event_type.description, "schema": event_type.schema, "example": event_type.example })
}

/// The URL without what may be a secret in it.
pub(super) fn plain_url(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::plain_url;

    #[test]
    fn a_url_loses_its_query() {
        for (url, wanted) in [
            ("https://example.com/a?token=1", "https://example.com/a"),
            ("https://example.com/a#b?c", "https://example.com/a"),
            ("https://example.com/", "https://example.com/"),
        ] {
            assert_eq!(plain_url(url), wanted);
        }
    }
}
