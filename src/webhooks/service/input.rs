//! What a caller asks a webhook to be, and the checks it must pass.

use std::time::Duration;

use serde_json::Value;

use crate::{
    outbound::{Policy, Target},
    webhooks::{
        Error, Invalid, Webhooks,
        filter::{self, Filter},
        headers::{self, HeaderError},
        model::{
            DESCRIPTION_CHARS_MAX, RATE_LIMIT_MAX, SUBSCRIPTIONS_MAX, Secrets, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN, Webhook,
        },
        retry::RetryPolicy,
        secret::Secret,
        subscription::Subscription,
    },
};

/// How long saving waits for the look-up of a host.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);

/// The settings of a webhook as a caller gives them; [`NewWebhook::check`] says whether they can be.
#[derive(Clone, Default)]
pub struct NewWebhook {
    /// Where to send.
    pub url: String,
    /// Which events: exact names, `*`, or prefixes such as `order.*`.
    pub events: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Whether it gets events.
    pub is_enabled: bool,
    /// Headers to add to each attempt.
    pub headers: Vec<(String, String)>,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// Deadline of one attempt.
    pub timeout_ms: Option<u32>,
    /// Deliveries per second.
    pub rate_limit: Option<u32>,
    /// One delivery at a time, in order.
    pub is_ordered: bool,
    /// Which `data` it wants.
    pub filter: Option<Value>,
    /// Whether attempts also carry an Ed25519 signature.
    pub has_ed25519: bool,
    /// The secret, when the caller brings one.
    pub secret: Option<String>,
}

/// Settings that passed the checks.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) url: String,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) filter: Option<String>,
    pub(super) secret: Option<Secret>,
}

impl NewWebhook {
    /// The settings of an existing webhook, to apply a patch to.
    pub(super) fn of(webhook: &Webhook, secrets: &Secrets) -> Self {
        Self {
            url: webhook.url.clone(),
            events: webhook.subscriptions.iter().map(ToString::to_string).collect(),
            description: webhook.description.clone(),
            is_enabled: webhook.is_enabled(),
            headers: secrets.headers.clone(),
            retry: webhook.retry.clone(),
            timeout_ms: webhook.timeout_ms,
            rate_limit: webhook.rate_limit,
            is_ordered: webhook.is_ordered,
            filter: webhook.filter.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            has_ed25519: webhook.has_ed25519,
            secret: None,
        }
    }

    /// Checks all settings and names every one that is refused.
    pub(super) fn check(&self, policy: &Policy) -> Result<Checked, Error> {
        let mut refused = Vec::new();
        let url = match Target::parse(&self.url, policy) {
            Ok(target) => target.as_str().to_owned(),
            Err(error) => {
                refused.push(Invalid::new("/url", error));
                String::new()
            }
        };
        let subscriptions = self.check_events(&mut refused);
        self.check_headers(&mut refused);
        self.check_numbers(&mut refused);
        if self.description.chars().count() > DESCRIPTION_CHARS_MAX {
            refused.push(Invalid::new("/description", format!("must have at most {DESCRIPTION_CHARS_MAX} characters")));
        }
        if let Some(filter) = &self.filter
            && let Err(error) = Filter::parse(filter)
        {
            refused.push(Invalid::new(format!("/filter{}", error.pointer), error.reason));
        }
        let filter = self.filter.as_ref().map(Value::to_string);
        if filter.as_ref().is_some_and(|text| text.len() > filter::BYTES_MAX) {
            refused.push(Invalid::new("/filter", format!("must have at most {} bytes", filter::BYTES_MAX)));
        }
        let secret = self
            .secret
            .as_deref()
            .and_then(|text| Secret::given(text).map_err(|error| refused.push(Invalid::new("/secret", error))).ok());
        if !refused.is_empty() {
            return Err(Error::Invalid(refused));
        }
        Ok(Checked { url, subscriptions, filter, secret })
    }

    fn check_events(&self, refused: &mut Vec<Invalid>) -> Vec<Subscription> {
        if self.events.is_empty() {
            refused.push(Invalid::new("/events", "must name at least one event type; \"*\" subscribes to all"));
        }
        if self.events.len() > SUBSCRIPTIONS_MAX {
            refused.push(Invalid::new("/events", format!("must have at most {SUBSCRIPTIONS_MAX} entries")));
            return Vec::new();
        }
        let mut subscriptions = Vec::with_capacity(self.events.len());
        for (position, text) in self.events.iter().enumerate() {
            match text.parse::<Subscription>() {
                Ok(subscription) if subscriptions.contains(&subscription) => {}
                Ok(subscription) => subscriptions.push(subscription),
                Err(error) => refused.push(Invalid::new(format!("/events/{position}"), error)),
            }
        }
        subscriptions
    }

    fn check_headers(&self, refused: &mut Vec<Invalid>) {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let Err((position, error)) = headers::check_headers(headers) else { return };
        let name = self.headers.get(position).map_or("", |(name, _)| name.as_str());
        let pointer = match error {
            HeaderError::TooMany => "/headers".to_owned(),
            _ => format!("/headers/{}", name.replace('~', "~0").replace('/', "~1")),
        };
        refused.push(Invalid::new(pointer, error));
    }

    fn check_numbers(&self, refused: &mut Vec<Invalid>) {
        if self.timeout_ms.is_some_and(|ms| !(TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX).contains(&ms)) {
            let detail = format!("must be between {TIMEOUT_MS_MIN} and {TIMEOUT_MS_MAX}");
            refused.push(Invalid::new("/timeout_ms", detail));
        }
        if self.rate_limit.is_some_and(|rate| !(1..=RATE_LIMIT_MAX).contains(&rate)) {
            refused.push(Invalid::new("/rate_limit", format!("must be between 1 and {RATE_LIMIT_MAX}")));
        }
    }
}

impl Webhooks {
    /// Whether requests to a URL would be encrypted, if webhooks may point at it.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(in crate::webhooks) async fn check_url(&self, url: &str) -> Result<bool, Error> {
        let target = Target::parse(url, self.shared.outbound.policy())
            .map_err(|error| Error::Invalid(vec![Invalid::new("/url", error)]))?;
        self.vet_url(url).await?;
        Ok(target.is_https())
    }

    /// Refuses a URL whose host has an address that is not allowed now; a courtesy to whoever saves it.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub(in crate::webhooks) async fn vet_url(&self, url: &str) -> Result<(), Error> {
        let outbound = &self.shared.outbound;
        // A URL that cannot be parsed is refused with everything else that is wrong.
        let Ok(target) = Target::parse(url, outbound.policy()) else { return Ok(()) };
        if outbound.has_refused_address(&target, LOOK_UP_WITHIN).await {
            return Err(Error::Invalid(vec![Invalid::new("/url", "address not allowed")]));
        }
        Ok(())
    }
}
