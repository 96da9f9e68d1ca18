//! Retry policies on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::webhooks::{
    Invalid,
    retry::{Preset, RetryPolicy, Schedule},
};

const CAP_MS_DEFAULT: u64 = 3_600_000;

/// When failed deliveries are tried again: a `preset` alone, or `delays_ms`, or an exponential schedule.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetryPolicyInput, example = json!({ "preset": "standard" }))]
pub(super) struct RetryInput {
    /// `default` (3 retries after 5 s, 10 s, 20 s), `standard` (10 attempts over 75 h), `patient` (8 attempts over
    /// 28 h) or `none`.
    preset: Option<String>,
    /// Retries after the first attempt, at most 30.
    #[schema(maximum = 30)]
    max_retries: Option<u8>,
    /// The first delay; each further one is twice as long. 5000 when left out.
    base_ms: Option<u64>,
    /// The longest delay of an exponential schedule. An hour when left out.
    cap_ms: Option<u64>,
    /// One delay per retry, at most 30 of at most 7 days.
    #[schema(max_items = 30)]
    delays_ms: Option<Vec<u64>>,
    /// How far a delay may lie above or below the schedule, 0 to 1. 0.2 when left out.
    #[schema(minimum = 0, maximum = 1)]
    jitter: Option<f64>,
}

/// When failed deliveries are tried again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RetryPolicy)]
pub(super) struct RetryView {
    /// The preset this equals, if it equals one.
    #[schema(required)]
    preset: Option<&'static str>,
    /// Attempts in all.
    max_attempts: u32,
    /// The delay before each retry, before jitter.
    delays_ms: Vec<u64>,
    /// How far a delay may lie above or below, 0 to 1.
    jitter: f64,
}

impl RetryView {
    pub(super) fn of(policy: &RetryPolicy) -> Self {
        Self {
            preset: policy.preset(),
            max_attempts: policy.max_attempts(),
            delays_ms: (1..policy.max_attempts()).filter_map(|attempts| policy.delay_ms(attempts, 0.5)).collect(),
            jitter: f64::from(policy.jitter_percent()) / 100.0,
        }
    }
}

impl RetryInput {
    /// The policy asked for.
    pub(super) fn policy(self) -> Result<RetryPolicy, Invalid> {
        let has_schedule = self.max_retries.is_some() || self.base_ms.is_some() || self.cap_ms.is_some();
        if let Some(name) = self.preset {
            if has_schedule || self.delays_ms.is_some() || self.jitter.is_some() {
                return Err(Invalid::new("/retry", "has a preset and other fields; give one or the other"));
            }
            let unknown = || Invalid::new("/retry/preset", "must be default, standard, patient or none");
            return Preset::find(&name).map(Preset::policy).ok_or_else(unknown);
        }
        let jitter = self.jitter.unwrap_or(0.2);
        if !(0.0..=1.0).contains(&jitter) {
            return Err(Invalid::new("/retry/jitter", "must be between 0 and 1"));
        }
        let schedule = match self.delays_ms {
            Some(_) if has_schedule => {
                return Err(Invalid::new("/retry", "has delays_ms and an exponential schedule; give one or the other"));
            }
            Some(delays) => Schedule::List(delays),
            None => {
                let base_ms = self.base_ms.unwrap_or(5000);
                let cap_ms = self.cap_ms.unwrap_or_else(|| CAP_MS_DEFAULT.max(base_ms));
                Schedule::Exponential { max_retries: self.max_retries.unwrap_or(3), base_ms, cap_ms }
            }
        };
        RetryPolicy::new(schedule, (jitter * 100.0).round() as u8).map_err(|error| Invalid::new("/retry", error))
    }
}
