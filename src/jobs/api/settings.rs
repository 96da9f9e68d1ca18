//! The settings of a queue as the API shows and takes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::policy::{BackoffOrder, Refusals};
use crate::{
    base::{Backoff, Growth},
    http::{Change, Problem},
    queue::{Keep, MAX_SEARCH_FIELDS, QueueSettings},
};

/// Most handlers of a queue.
const CONCURRENCY_MAX: u32 = 65_536;
/// Longest time that finished jobs may be kept: ten years.
const AGE_MS_MAX: u64 = 3660 * 24 * 60 * 60 * 1000;

/// What an operator may set; it holds for all companies of the instance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct SettingsDocument {
    /// Handlers that run at once in this process.
    concurrency: u32,
    /// Jobs of one group that run at once; null sets no limit.
    group_concurrency: Option<u32>,
    /// Jobs started per second; null sets no limit.
    rate_per_second: Option<f64>,
    /// Tries of a job that brings no policy of its own.
    attempts: u32,
    /// The waits between tries of a job that brings no policy of its own.
    backoff: BackoffDocument,
    /// The longest one attempt may take; null sets no limit.
    timeout_ms: Option<u64>,
    /// What is kept of finished jobs.
    retention: RetentionDocument,
    /// Paths into payloads, such as `order.id`, whose values jobs accepted since are found by.
    #[schema(example = json!(["order.id"]))]
    search_fields: Vec<String>,
}

/// The waits between tries.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct BackoffDocument {
    /// `exponential`, `fixed`, `linear` or `list`.
    #[schema(example = "exponential")]
    kind: &'static str,
    /// The first wait, for every kind but `list`.
    delay_ms: Option<u64>,
    /// The waits one by one, for kind `list`.
    delays_ms: Option<Vec<u64>>,
    /// No wait is longer.
    max_ms: Option<u64>,
    /// Share of a wait that is random, 0 to 1.
    jitter: f32,
}

impl From<&Backoff> for BackoffDocument {
    fn from(backoff: &Backoff) -> Self {
        let (kind, delay_ms, delays_ms) = match &backoff.growth {
            Growth::Exponential { base_ms } => ("exponential", Some(*base_ms), None),
            Growth::Fixed { delay_ms } => ("fixed", Some(*delay_ms), None),
            Growth::Linear { step_ms } => ("linear", Some(*step_ms), None),
            Growth::List { delays_ms } => ("list", None, Some(delays_ms.clone())),
        };
        Self { kind, delay_ms, delays_ms, max_ms: backoff.max_ms, jitter: backoff.jitter }
    }
}

/// What is kept of finished jobs; whichever limit is reached first removes the oldest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Retention)]
struct RetentionDocument {
    /// Completed and cancelled jobs.
    done: KeepDocument,
    /// Failed jobs.
    failed: KeepDocument,
}

/// Limits of what is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Keep)]
struct KeepDocument {
    /// Not longer than this.
    age_ms: u64,
    /// Not more than this many of a company, in each state.
    count: u64,
    /// Not more payload than this of a company, in each state.
    bytes: u64,
}

impl From<&Keep> for KeepDocument {
    fn from(keep: &Keep) -> Self {
        Self { age_ms: keep.age_ms, count: keep.count, bytes: keep.bytes }
    }
}

impl From<&QueueSettings> for SettingsDocument {
    fn from(settings: &QueueSettings) -> Self {
        Self {
            concurrency: settings.concurrency,
            group_concurrency: settings.group_concurrency,
            rate_per_second: settings.rate_per_second,
            attempts: settings.retry.attempts,
            backoff: (&settings.retry.backoff).into(),
            timeout_ms: settings.timeout_ms,
            retention: RetentionDocument {
                done: (&settings.retention.done).into(),
                failed: (&settings.retention.failed).into(),
            },
            search_fields: settings.search_fields.clone(),
        }
    }
}

/// Settings to change; what is left out stays, null sets no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueuePatch {
    /// 1 to 65,536.
    #[schema(minimum = 1, maximum = 65536)]
    concurrency: Option<u32>,
    /// 1 to 65,536, or null.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    group_concurrency: Change<u32>,
    /// More than 0, or null.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    rate_per_second: Change<f64>,
    /// 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    attempts: Option<u32>,
    /// At least 1, or null.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    timeout_ms: Change<u64>,
    /// The waits between tries.
    backoff: Option<BackoffOrder>,
    /// What is kept of finished jobs.
    retention: Option<RetentionPatch>,
    /// At most 16 paths into payloads; the whole list.
    #[schema(max_items = 16)]
    search_fields: Option<Vec<String>>,
}

/// What to keep of finished jobs; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetentionPatch {
    /// Completed and cancelled jobs.
    #[serde(default)]
    done: KeepPatch,
    /// Failed jobs.
    #[serde(default)]
    failed: KeepPatch,
}

/// Limits to change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeepPatch {
    /// Not longer than this; at most ten years.
    age_ms: Option<u64>,
    /// Not more than this many of a company, in each state.
    count: Option<u64>,
    /// Not more payload than this of a company, in each state.
    bytes: Option<u64>,
}

impl KeepPatch {
    const fn apply(&self, keep: &mut Keep) {
        if let Some(age_ms) = self.age_ms {
            keep.age_ms = age_ms;
        }
        if let Some(count) = self.count {
            keep.count = count;
        }
        if let Some(bytes) = self.bytes {
            keep.bytes = bytes;
        }
    }
}

/// A change whose every value was found good.
pub(super) struct CheckedPatch {
    patch: QueuePatch,
    backoff: Option<Backoff>,
}

impl QueuePatch {
    pub(super) fn check(mut self) -> Result<CheckedPatch, Problem> {
        let mut refused = Vec::new();
        let is_outside = |value: u32, max: u32| !(1..=max).contains(&value);
        if self.concurrency.is_some_and(|value| is_outside(value, CONCURRENCY_MAX)) {
            refused.push(("/concurrency", "must be between 1 and 65536"));
        }
        if matches!(self.group_concurrency, Change::Set(value) if is_outside(value, CONCURRENCY_MAX)) {
            refused.push(("/group_concurrency", "must be between 1 and 65536"));
        }
        if matches!(self.rate_per_second, Change::Set(value) if value <= 0.0 || !value.is_finite()) {
            refused.push(("/rate_per_second", "must be more than 0"));
        }
        if self.attempts.is_some_and(|value| is_outside(value, crate::queue::MAX_ATTEMPTS)) {
            refused.push(("/attempts", "must be between 1 and 1000"));
        }
        if matches!(self.timeout_ms, Change::Set(0)) {
            refused.push(("/timeout_ms", "must be at least 1"));
        }
        let mut refusals = Refusals::default();
        for (pointer, detail) in refused {
            refusals.add(pointer, detail);
        }
        let backoff = self.backoff.take().and_then(|backoff| backoff.check(&mut refusals));
        if let Some(retention) = &self.retention {
            for (name, keep) in [("done", &retention.done), ("failed", &retention.failed)] {
                refusals.within(&format!("/retention/{name}/age_ms"), keep.age_ms, 0..=AGE_MS_MAX);
            }
        }
        for (index, path) in self.search_fields.iter().flatten().enumerate() {
            refusals.text(&format!("/search_fields/{index}"), path);
        }
        if self.search_fields.as_ref().is_some_and(|fields| fields.len() > MAX_SEARCH_FIELDS) {
            refusals.add("/search_fields", format!("must be at most {MAX_SEARCH_FIELDS} paths"));
        }
        refusals.none()?;
        Ok(CheckedPatch { patch: self, backoff })
    }
}

impl CheckedPatch {
    pub(super) fn apply(self, settings: &mut QueueSettings) {
        let Self { patch, backoff } = self;
        patch.apply(settings);
        if let Some(backoff) = backoff {
            settings.retry.backoff = backoff;
        }
    }
}

impl QueuePatch {
    fn apply(self, settings: &mut QueueSettings) {
        if let Some(retention) = &self.retention {
            retention.done.apply(&mut settings.retention.done);
            retention.failed.apply(&mut settings.retention.failed);
        }
        if let Some(fields) = self.search_fields {
            settings.search_fields = fields;
        }
        settings.concurrency = self.concurrency.unwrap_or(settings.concurrency);
        settings.retry.attempts = self.attempts.unwrap_or(settings.retry.attempts);
        self.group_concurrency.apply(&mut settings.group_concurrency);
        self.rate_per_second.apply(&mut settings.rate_per_second);
        self.timeout_ms.apply(&mut settings.timeout_ms);
    }
}
