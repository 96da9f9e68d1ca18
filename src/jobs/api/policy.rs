//! How an order says when to try again and what is unique, and how refused values are collected.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    base::{Backoff, Growth, MAX_DELAY_MS},
    http::Problem,
    queue::{MAX_TEXT_BYTES, Unique, UniqueScope},
};

/// Farthest a job may be put off: a year.
pub(super) const PUT_OFF_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;
/// Longest list of explicit waits.
const DELAYS_MAX: usize = 100;

/// The waits between tries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackoffOrder {
    /// How they grow.
    kind: BackoffKind,
    /// The first wait, for every kind but `list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// The waits one by one, for kind `list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delays_ms: Option<Vec<u64>>,
    /// No wait is longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ms: Option<u64>,
    /// Share of a wait that is random, 0 to 1.
    #[schema(minimum = 0.0, maximum = 1.0)]
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<f32>,
}

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BackoffKind {
    /// Doubles each time.
    Exponential,
    /// Stays the same.
    Fixed,
    /// Grows by the same amount.
    Linear,
    /// As listed; the last one repeats.
    List,
}

/// At most one job of a key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UniqueOrder {
    /// The key, within the company and queue.
    #[schema(max_length = 256)]
    key: String,
    /// How long it holds; `until_finished` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeWord>,
    /// How long, for scope `window`.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_ms: Option<u64>,
}

/// How long a unique key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    /// Until the first attempt begins.
    UntilStarted,
    /// Until the job is finished.
    UntilFinished,
    /// For `window_ms` from the enqueue.
    Window,
}

/// Collects what is wrong with a request.
#[derive(Default)]
pub(super) struct Refusals(pub(super) Option<Problem>);

impl Refusals {
    pub(super) fn add(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0 = Some(match self.0.take() {
            Some(problem) => problem.error(pointer, detail),
            None => Problem::invalid(pointer, detail),
        });
    }

    /// Refuses the request when something was wrong with it.
    pub(super) fn none(self) -> Result<(), Problem> {
        self.0.map_or(Ok(()), Err)
    }

    pub(super) fn text(&mut self, pointer: &str, text: &str) {
        if !(1..=MAX_TEXT_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
            self.add(pointer, format!("must be 1 to {MAX_TEXT_BYTES} bytes without control characters"));
        }
    }

    pub(super) fn within(&mut self, pointer: &str, value: Option<u64>, range: std::ops::RangeInclusive<u64>) {
        if value.is_some_and(|value| !range.contains(&value)) {
            self.add(pointer, format!("must be between {} and {}", range.start(), range.end()));
        }
    }
}

impl BackoffOrder {
    pub(super) fn check(self, refusals: &mut Refusals) -> Option<Backoff> {
        let is_list = self.kind == BackoffKind::List;
        refusals.within("/backoff/delay_ms", self.delay_ms, 0..=MAX_DELAY_MS);
        refusals.within("/backoff/max_ms", self.max_ms, 0..=MAX_DELAY_MS);
        if self.jitter.is_some_and(|jitter| !(0.0..=1.0).contains(&jitter)) {
            refusals.add("/backoff/jitter", "must be between 0 and 1");
        }
        let growth = match (is_list, self.delay_ms, self.delays_ms) {
            (true, None, Some(delays_ms)) => {
                if !(1..=DELAYS_MAX).contains(&delays_ms.len()) || delays_ms.iter().any(|delay| *delay > MAX_DELAY_MS) {
                    refusals.add("/backoff/delays_ms", format!("must be 1 to {DELAYS_MAX} waits of at most 30 days"));
                }
                Growth::List { delays_ms }
            }
            (true, ..) => {
                refusals.add("/backoff/delays_ms", "is what kind \"list\" needs, and nothing else");
                return None;
            }
            (false, Some(wait), None) => match self.kind {
                BackoffKind::Fixed => Growth::Fixed { delay_ms: wait },
                BackoffKind::Linear => Growth::Linear { step_ms: wait },
                BackoffKind::Exponential | BackoffKind::List => Growth::Exponential { base_ms: wait },
            },
            (false, ..) => {
                refusals.add("/backoff/delay_ms", "is what this kind needs, and no delays_ms");
                return None;
            }
        };
        Some(Backoff { growth, max_ms: self.max_ms, jitter: self.jitter.unwrap_or(0.0) })
    }
}

impl UniqueOrder {
    pub(super) fn check(self, refusals: &mut Refusals) -> Option<Unique> {
        refusals.text("/unique/key", &self.key);
        refusals.within("/unique/window_ms", self.window_ms, 1..=PUT_OFF_MS_MAX);
        let scope = match (self.scope.unwrap_or(ScopeWord::UntilFinished), self.window_ms) {
            (ScopeWord::UntilStarted, None) => UniqueScope::UntilStarted,
            (ScopeWord::UntilFinished, None) => UniqueScope::UntilFinished,
            (ScopeWord::Window, Some(window_ms)) => UniqueScope::Window { window_ms },
            (ScopeWord::Window, None) => {
                refusals.add("/unique/window_ms", "is required for scope \"window\"");
                return None;
            }
            (_, Some(_)) => {
                refusals.add("/unique/window_ms", "stands with scope \"window\" only");
                return None;
            }
        };
        Some(Unique { key: self.key, scope })
    }
}
