//! What the end of an attempt means: success, or a failure with its reason in words.

use serde::{Deserialize, Serialize};

use super::retry::{Ask, parse_retry_after};
use crate::base::Timestamp;

/// 410 answers in a row after which a webhook is disabled.
pub(super) const GONE_TO_DISABLE: u32 = 2;

/// Why an attempt did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The answer's status was not 2xx.
    Status,
    /// The answer was a redirect, which is never followed.
    Redirect,
    /// The answer was 410 Gone.
    Gone,
    /// The receiver asked to slow down (429 or 503).
    Throttled,
    /// The name was not resolved.
    Dns,
    /// No connection was made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The connection broke, or the answer was not HTTP.
    Protocol,
    /// A deadline passed.
    Timeout,
    /// The address is not allowed; trying again cannot help.
    Blocked,
    /// The end of the process cut it off, so that nobody knows whether the receiver got it.
    Interrupted,
}

impl FailureKind {
    /// Every kind, in the order of their numbers.
    pub(super) const ALL: [Self; 11] = [
        Self::Status,
        Self::Redirect,
        Self::Gone,
        Self::Throttled,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Protocol,
        Self::Timeout,
        Self::Blocked,
        Self::Interrupted,
    ];

    /// The word used in answers and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
            Self::Throttled => "throttled",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
            Self::Blocked => "blocked",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether another try cannot succeed.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        matches!(self, Self::Blocked)
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver took the delivery.
    Success,
    /// It did not.
    Failure {
        /// The kind of failure.
        kind: FailureKind,
        /// When to come back.
        ask: Ask,
        /// What happened, in words.
        reason: String,
    },
}

/// What a receiver asks for in the header `webhook-delivery`, whatever its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// `abort-message`: this delivery is not tried again.
    Abort,
    /// `disable`: the webhook gets no more events.
    Disable,
}

impl Wish {
    /// Reads the header's value; what it does not know asks for nothing.
    #[must_use]
    pub(super) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let is = |word: &str| value.eq_ignore_ascii_case(word);
        if is("disable") {
            Some(Self::Disable)
        } else if is("abort-message") {
            Some(Self::Abort)
        } else {
            None
        }
    }

    /// What is added to the reason of a failure.
    #[must_use]
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Abort => "; it asks not to get this delivery again",
            Self::Disable => "; it asks for no more deliveries",
        }
    }
}

/// Judges an answer by its status and `Retry-After` header.
#[must_use]
pub(super) fn judge(status: u16, retry_after: Option<&str>, now: Timestamp) -> Verdict {
    let asked = || retry_after.and_then(|value| parse_retry_after(value, now));
    let or_rest = |asked: Option<u64>| asked.map_or(Ask::Rest, Ask::RetryAfter);
    let (kind, ask, reason) = match status {
        200..=299 => return Verdict::Success,
        300..=399 => {
            (FailureKind::Redirect, Ask::Nothing, format!("the receiver answered {status}; redirects are not followed"))
        }
        410 => (FailureKind::Gone, Ask::Nothing, "the receiver answered 410: it wants no more deliveries".to_owned()),
        429 | 503 => {
            let asked = asked();
            let reason = asked.map_or_else(
                || format!("the receiver answered {status}"),
                |ms| format!("the receiver answered {status} and asked to wait {} s", ms.div_ceil(1000)),
            );
            let ask = if status == 429 { or_rest(asked) } else { asked.map_or(Ask::Nothing, Ask::RetryAfter) };
            (FailureKind::Throttled, ask, reason)
        }
        502 | 504 => (FailureKind::Status, Ask::Rest, format!("the receiver answered {status}")),
        _ => (FailureKind::Status, Ask::Nothing, format!("the receiver answered {status}")),
    };
    Verdict::Failure { kind, ask, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Ask, FailureKind, Verdict, Wish, judge};
    use crate::base::Timestamp;

    fn kind(status: u16) -> Option<FailureKind> {
        match judge(status, None, Timestamp::from_ms(0)) {
            Verdict::Success => None,
            Verdict::Failure { kind, .. } => Some(kind),
        }
    }

    #[test]
    fn redirects_gone_and_throttling_are_told_apart() {
        assert_eq!((kind(301), kind(308)), (Some(FailureKind::Redirect), Some(FailureKind::Redirect)));
        assert_eq!((kind(410), kind(404)), (Some(FailureKind::Gone), Some(FailureKind::Status)));
        assert_eq!((kind(429), kind(503), kind(500)).1, Some(FailureKind::Throttled));
    }

    #[test]
    fn retry_after_counts_for_429_and_503_only() {
        let asked = |status| match judge(status, Some("7"), Timestamp::from_ms(0)) {
            Verdict::Failure { ask, .. } => ask,
            Verdict::Success => Ask::Nothing,
        };
        let seven = Ask::RetryAfter(7000);
        assert_eq!([asked(429), asked(503), asked(500), asked(301)], [seven, seven, Ask::Nothing, Ask::Nothing]);
    }

    #[test]
    fn signs_of_overload_ask_for_a_rest() {
        let asked = |status| match judge(status, None, Timestamp::from_ms(0)) {
            Verdict::Failure { ask, .. } => ask,
            Verdict::Success => Ask::Nothing,
        };
        assert_eq!([429, 502, 504].map(asked), [Ask::Rest; 3]);
        assert_eq!([400, 410, 500, 503].map(asked), [Ask::Nothing; 4]);
    }

    #[test]
    fn wishes_are_read_whatever_their_case() {
        assert_eq!(
            [" Disable", "abort-message", "stop", ""].map(Wish::parse),
            [Some(Wish::Disable), Some(Wish::Abort), None, None]
        );
    }

    proptest! {
        #[test]
        fn success_is_2xx_and_nothing_else(status in any::<u16>()) {
            prop_assert_eq!(kind(status).is_none(), (200..300).contains(&status));
        }
    }
}
