//! Changes to a webhook on the wire, as a JSON merge patch.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::retry::RetryInput;
use crate::{
    http::Change,
    webhooks::{Error, Invalid, NewWebhook, headers, retry::RetryPolicy},
};

/// Changes to a webhook: fields left out stay, null sets the default.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": false }))]
pub(super) struct WebhookPatch {
    /// Where to send.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) url: Change<String>,
    /// Which events.
    #[schema(value_type = Option<Vec<String>>)]
    #[serde(default)]
    events: Change<Vec<String>>,
    /// What it is for.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    description: Change<String>,
    /// Whether it gets events; enabling forgets past failures.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    enabled: Change<bool>,
    /// Headers by name; null removes one. A value of `***` leaves a hidden one as it is.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    #[serde(default)]
    headers: Change<BTreeMap<String, Option<String>>>,
    /// Replaces the whole policy.
    #[schema(value_type = Option<RetryInput>)]
    #[serde(default)]
    retry: Change<RetryInput>,
    /// Deadline of one attempt.
    #[schema(value_type = Option<u32>)]
    #[serde(default)]
    timeout_ms: Change<u32>,
    /// Deliveries per second.
    #[schema(value_type = Option<u32>)]
    #[serde(default)]
    rate_limit: Change<u32>,
    /// One delivery at a time, in order.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    ordered: Change<bool>,
    /// Merged into the filter; null removes it.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    filter: Change<Value>,
    /// Whether attempts also carry an Ed25519 signature.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    ed25519: Change<bool>,
    /// Replaces the secret at once; to have both sign for a while, rotate instead.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    secret: Change<String>,
}

impl WebhookPatch {
    /// Whether another secret is to sign.
    pub(super) const fn has_secret(&self) -> bool {
        matches!(self.secret, Change::Set(_))
    }

    pub(super) fn apply(self, wanted: &mut NewWebhook) -> Result<(), Error> {
        let required = |pointer: &str| Error::Invalid(vec![Invalid::new(pointer, "must not be null")]);
        match self.url {
            Change::Keep => {}
            Change::Clear => return Err(required("/url")),
            Change::Set(url) => wanted.url = url,
        }
        match self.events {
            Change::Keep => {}
            Change::Clear => return Err(required("/events")),
            Change::Set(events) => wanted.events = events,
        }
        match self.secret {
            Change::Keep => {}
            Change::Clear => return Err(required("/secret")),
            Change::Set(secret) => wanted.secret = Some(secret),
        }
        match self.retry {
            Change::Keep => {}
            Change::Clear => wanted.retry = RetryPolicy::default(),
            Change::Set(retry) => wanted.retry = retry.policy().map_err(|refused| Error::Invalid(vec![refused]))?,
        }
        match self.enabled {
            Change::Keep => {}
            Change::Clear => wanted.is_enabled = true,
            Change::Set(is_enabled) => wanted.is_enabled = is_enabled,
        }
        match self.headers {
            Change::Keep => {}
            Change::Clear => wanted.headers.clear(),
            Change::Set(changes) => merge_headers(&mut wanted.headers, changes)?,
        }
        match self.filter {
            Change::Keep => {}
            Change::Clear => wanted.filter = None,
            Change::Set(patch) => merge(wanted.filter.get_or_insert(Value::Null), patch),
        }
        self.description.apply_or_default(&mut wanted.description);
        self.timeout_ms.apply(&mut wanted.timeout_ms);
        self.rate_limit.apply(&mut wanted.rate_limit);
        self.ordered.apply_or_default(&mut wanted.is_ordered);
        self.ed25519.apply_or_default(&mut wanted.has_ed25519);
        Ok(())
    }
}

fn merge_headers(headers: &mut Vec<(String, String)>, changes: BTreeMap<String, Option<String>>) -> Result<(), Error> {
    for (name, change) in changes {
        let place = headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(&name));
        match (place, change) {
            (Some(_), Some(value)) if value == headers::MASK => {}
            (Some(place), Some(value)) => {
                if let Some(header) = headers.get_mut(place) {
                    *header = (name, value);
                }
            }
            (Some(place), None) => {
                headers.remove(place);
            }
            (None, Some(value)) if value == headers::MASK => {
                let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
                let detail = "is not there, so it has no hidden value to keep";
                return Err(Error::Invalid(vec![Invalid::new(pointer, detail)]));
            }
            (None, Some(value)) => headers.push((name, value)),
            (None, None) => {}
        }
    }
    Ok(())
}

/// JSON merge patch (RFC 7396, section 2); as deep as the body that was accepted.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.shift_remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}
