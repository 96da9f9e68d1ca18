//! A webhook prepared for sending: everything that is the same for each of its attempts, made once.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio_util::sync::CancellationToken;

use super::{
    breaker::Gate,
    filter::Filter,
    headers,
    model::{Health, Secrets, Webhook},
    signing::{SecretPair, Signer},
};
use crate::{
    base::Timestamp,
    outbound::{Limits, Policy, Target, TargetError},
};

pub(super) const USER_AGENT: &str = concat!("NovaPulse/", env!("CARGO_PKG_VERSION"));
const WEBHOOK_ID: HeaderName = HeaderName::from_static("x-novapulse-webhook-id");

const NOT_CLEAN: u64 = u64::MAX;

/// A webhook with its keys, target and fixed headers ready.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The webhook itself.
    pub(super) webhook: Webhook,
    /// Where to send; an error when the instance's policy no longer allows it.
    pub(super) target: Result<Target, TargetError>,
    /// The compiled content filter.
    pub(super) filter: Option<Filter>,
    /// The keys.
    pub(super) signer: Signer,
    /// Headers of every attempt.
    pub(super) headers: HeaderMap,
    /// Request line and these headers as the attempt log shows them.
    pub(super) shown: String,
    /// Deadlines and sizes.
    pub(super) limits: Limits,
    /// What outlives a change of settings.
    pub(super) live: Arc<Live>,
}

/// State of a webhook that its attempts share, whatever its settings are by now.
#[derive(Debug)]
pub(super) struct Live {
    /// Failures so far, counted inside their transactions: what follows in the same group sees them.
    failures: AtomicU64,
    /// How many of them lay behind when the stored health was last as after a success; [`NOT_CLEAN`] when it is not.
    clean_at: AtomicU64,
    /// Wall-clock milliseconds until which the breaker is open; 0 when it is not.
    open_until_ms: AtomicI64,
    /// Stops attempts under way when the webhook is deleted.
    pub(super) stop: CancellationToken,
}

impl Live {
    pub(super) fn new(health: &Health, now: Timestamp) -> Self {
        let live = Self {
            failures: AtomicU64::new(0),
            clean_at: AtomicU64::new(0),
            open_until_ms: AtomicI64::new(0),
            stop: CancellationToken::new(),
        };
        live.follow(health, now, 0);
        live
    }

    /// Counts a failure, in the transaction that stores it.
    pub(super) fn add_failure(&self) {
        self.failures.fetch_add(1, Ordering::AcqRel);
    }

    /// Failures so far.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    /// Takes over what was stored, with the failures that lay behind it. Called in the order of the changes.
    pub(super) fn follow(&self, health: &Health, now: Timestamp, failures: u64) {
        let until = match health.breaker.gate(now.as_ms()) {
            Gate::Open { until_ms } => until_ms,
            Gate::Closed | Gate::HalfOpen => 0,
        };
        self.open_until_ms.store(until, Ordering::Release);
        self.clean_at.store(if health.is_clean() { failures } else { NOT_CLEAN }, Ordering::Release);
    }

    /// Whether the stored health is as after a success.
    pub(super) fn is_clean(&self) -> bool {
        self.clean_at.load(Ordering::Acquire) == self.failures()
    }

    /// How long the breaker is still open.
    pub(super) fn open_for_ms(&self, now: Timestamp) -> Option<u64> {
        let until = self.open_until_ms.load(Ordering::Acquire);
        let left = Timestamp::from_ms(until).ms_since(now);
        (left > 0).then_some(left)
    }
}

impl Endpoint {
    /// Prepares a webhook.
    pub(super) fn new(
        webhook: Webhook,
        secrets: &Secrets,
        policy: &Policy,
        default_limits: Limits,
        live: Arc<Live>,
    ) -> Self {
        let target = Target::parse(&webhook.url, policy);
        let filter = webhook.filter.as_deref().map(|text| {
            let parsed = serde_json::from_str(text).ok().and_then(|value| Filter::parse(&value).ok());
            parsed.unwrap_or_else(|| {
                tracing::error!(webhook.id = %webhook.id, "webhook {} gets no events: its filter is not one", webhook.id);
                Filter::nothing()
            })
        });
        let current = SecretPair { secret: &secrets.current, seed: secrets.seed.as_ref() };
        let previous = secrets
            .previous
            .as_ref()
            .map(|previous| (SecretPair { secret: &previous.secret, seed: previous.seed.as_ref() }, previous.until));
        let signer = Signer::new(&current, previous.as_ref().map(|(pair, until)| (pair, *until)));
        let (headers, shown) = fixed_headers(&webhook, secrets);
        let total =
            webhook.timeout_ms.map_or(default_limits.total, |ms| std::time::Duration::from_millis(u64::from(ms)));
        let limits = Limits { total, ..default_limits };
        Self { webhook, target, filter, signer, headers, shown, limits, live }
    }

    /// Whether the content of an event passes the filter.
    pub(super) fn wants(&self, event: &crate::events::Event) -> bool {
        self.filter.as_ref().is_none_or(|filter| event.data_value().is_some_and(|data| filter.matches(data)))
    }
}

fn fixed_headers(webhook: &Webhook, secrets: &Secrets) -> (HeaderMap, String) {
    let mut map = HeaderMap::with_capacity(16 + secrets.headers.len());
    let mut shown = format!("POST {}\n", webhook.url);
    let mut add = |name: HeaderName, value: &str| {
        for part in [name.as_str(), ": ", headers::shown(name.as_str(), value), "\n"] {
            shown.push_str(part);
        }
        if let Ok(value) = HeaderValue::from_str(value) {
            map.insert(name, value);
        }
    };
    add(header::CONTENT_TYPE, "application/json");
    add(header::USER_AGENT, USER_AGENT);
    add(WEBHOOK_ID, &webhook.id.to_string());
    for (name, value) in &secrets.headers {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            add(name, value);
        }
    }
    (map, shown)
}
