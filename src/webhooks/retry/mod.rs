//! When a failed delivery is tried again: policies, their named presets, and `Retry-After`.
//!
//! The preset `standard` is the schedule Standard Webhooks advises (10 attempts in about 75 h).

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// The most retries a policy may have.
pub(super) const RETRIES_MAX: usize = 30;
/// The longest delay between two attempts: 7 days.
pub(super) const DELAY_MS_MAX: u64 = 7 * 24 * HOUR;
/// The longest delay a receiver may ask for with `Retry-After`: 24 h.
pub(super) const RETRY_AFTER_MS_MAX: u64 = 24 * HOUR;

/// The least delay after a sign of overload: one minute.
pub(super) const REST_MS: u64 = MINUTE;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DEFAULT_JITTER: u8 = 20;
const STANDARD: [u64; 9] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
const PATIENT: [u64; 7] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

/// The delays between attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// `base_ms`, then each time twice as long, at most `cap_ms`.
    Exponential {
        /// Retries after the first attempt.
        max_retries: u8,
        /// The first delay.
        base_ms: u64,
        /// The longest delay.
        cap_ms: u64,
    },
    /// One delay per retry.
    List(Vec<u64>),
}

/// How a webhook's failed deliveries are retried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    schedule: Schedule,
    jitter_percent: u8,
}

/// Why a retry policy is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetryPolicyError {
    /// More than [`RETRIES_MAX`] retries.
    #[error("has {0} retries; at most {RETRIES_MAX} are allowed")]
    TooMany(usize),
    /// A delay above [`DELAY_MS_MAX`].
    #[error("has a delay of {0} ms; at most {DELAY_MS_MAX} ms (7 days) are allowed")]
    TooLong(u64),
    /// More than 100 % of jitter.
    #[error("has a jitter of {0} %; it must be between 0 and 100")]
    Jitter(u8),
    /// A cap below the base.
    #[error("has a cap of {cap_ms} ms below its base of {base_ms} ms")]
    Cap {
        /// The first delay.
        base_ms: u64,
        /// The longest delay.
        cap_ms: u64,
    },
}

/// What the end of an attempt says about when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Nothing.
    Nothing,
    /// The receiver named a time in milliseconds.
    RetryAfter(u64),
    /// It named none, but seems to have too much to do.
    Rest,
}

/// A policy with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preset {
    /// 3 retries: 5 s, 10 s, 20 s.
    Default,
    /// 10 attempts over about 75 hours.
    Standard,
    /// 8 attempts over about 28 hours.
    Patient,
    /// One attempt only.
    None,
}

impl Preset {
    /// Every preset with its name.
    pub(super) const ALL: [(&'static str, Self); 4] =
        [("default", Self::Default), ("standard", Self::Standard), ("patient", Self::Patient), ("none", Self::None)];

    /// The preset of that name.
    #[must_use]
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, preset)| *preset)
    }

    /// The policy behind the name.
    #[must_use]
    pub(super) fn policy(self) -> RetryPolicy {
        let schedule = match self {
            Self::Default => Schedule::Exponential { max_retries: 3, base_ms: 5 * SECOND, cap_ms: HOUR },
            Self::Standard => Schedule::List(STANDARD.to_vec()),
            Self::Patient => Schedule::List(PATIENT.to_vec()),
            Self::None => Schedule::List(Vec::new()),
        };
        RetryPolicy { schedule, jitter_percent: DEFAULT_JITTER }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Preset::Default.policy()
    }
}

impl RetryPolicy {
    /// Checks a policy.
    ///
    /// # Errors
    /// [`RetryPolicyError`] naming the limit it is over.
    pub fn new(schedule: Schedule, jitter_percent: u8) -> Result<Self, RetryPolicyError> {
        if jitter_percent > 100 {
            return Err(RetryPolicyError::Jitter(jitter_percent));
        }
        match &schedule {
            Schedule::Exponential { max_retries, base_ms, cap_ms } => {
                if usize::from(*max_retries) > RETRIES_MAX {
                    return Err(RetryPolicyError::TooMany(usize::from(*max_retries)));
                }
                if *cap_ms > DELAY_MS_MAX {
                    return Err(RetryPolicyError::TooLong(*cap_ms));
                }
                if cap_ms < base_ms {
                    return Err(RetryPolicyError::Cap { base_ms: *base_ms, cap_ms: *cap_ms });
                }
            }
            Schedule::List(delays) => {
                if delays.len() > RETRIES_MAX {
                    return Err(RetryPolicyError::TooMany(delays.len()));
                }
                if let Some(delay) = delays.iter().find(|delay| **delay > DELAY_MS_MAX) {
                    return Err(RetryPolicyError::TooLong(*delay));
                }
            }
        }
        Ok(Self { schedule, jitter_percent })
    }

    /// The delays between attempts.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How far, in percent, a delay may lie above or below the schedule.
    #[must_use]
    pub const fn jitter_percent(&self) -> u8 {
        self.jitter_percent
    }

    /// The name of the preset this policy equals.
    #[must_use]
    pub fn preset(&self) -> Option<&'static str> {
        Preset::ALL.iter().find(|(_, preset)| preset.policy() == *self).map(|(name, _)| *name)
    }

    /// Attempts in all: the first and the retries.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        1 + match &self.schedule {
            Schedule::Exponential { max_retries, .. } => u32::from(*max_retries),
            Schedule::List(delays) => delays.len() as u32,
        }
    }

    /// The delay before the next attempt after `attempts` of them failed, or `None` when that was the last.
    ///
    /// `unit` is a uniform random number in `[0, 1)` that places the delay within its jitter.
    #[must_use]
    pub fn delay_ms(&self, attempts: u32, unit: f64) -> Option<u64> {
        let retry = usize::try_from(attempts.checked_sub(1)?).ok()?;
        let delay = match &self.schedule {
            Schedule::Exponential { max_retries, base_ms, cap_ms } => {
                if retry >= usize::from(*max_retries) {
                    return None;
                }
                let doubled = u32::try_from(retry).ok().and_then(|by| 1_u64.checked_shl(by)).unwrap_or(u64::MAX);
                base_ms.saturating_mul(doubled).min(*cap_ms)
            }
            Schedule::List(delays) => *delays.get(retry)?,
        };
        let spread = delay as f64 * f64::from(self.jitter_percent) / 100.0;
        Some((delay as f64 + spread * (2.0 * unit - 1.0)).round().max(0.0) as u64)
    }

    /// The delay before the next attempt, seeing how the last one ended.
    ///
    /// What a receiver asked for is obeyed when it is longer than the schedule. One that has too much to do and asks for
    /// nothing gets [`REST_MS`], unless the webhook has a schedule of its own.
    #[must_use]
    pub fn delay_after_ms(&self, attempts: u32, unit: f64, ask: Ask) -> Option<u64> {
        let delay = self.delay_ms(attempts, unit)?;
        Some(match ask {
            Ask::RetryAfter(asked) => delay.max(asked.min(RETRY_AFTER_MS_MAX)),
            Ask::Rest if *self == Preset::Default.policy() => delay.max(REST_MS),
            Ask::Nothing | Ask::Rest => delay,
        })
    }
}

/// Reads a `Retry-After` value: whole seconds or an HTTP date (RFC 9110, 10.2.3 and 5.6.7).
///
/// The answer is capped at [`RETRY_AFTER_MS_MAX`]; a date that has passed is zero; anything else is `None`.
#[must_use]
pub(super) fn parse_retry_after(value: &str, now: Timestamp) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(SECOND).min(RETRY_AFTER_MS_MAX));
    }
    let date = parse_http_date(value)?;
    Some(date.ms_since(now).min(RETRY_AFTER_MS_MAX))
}

fn parse_http_date(value: &str) -> Option<Timestamp> {
    const FORMS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    if value.len() > 40 {
        return None;
    }
    FORMS.iter().find_map(|form| {
        let time = jiff::civil::DateTime::strptime(form, value).ok()?;
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp::from_ms(time.timestamp().as_millisecond()))
    })
}

#[cfg(test)]
mod tests;
