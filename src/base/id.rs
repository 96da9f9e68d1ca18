//! Prefixed, sortable identifiers.
//!
//! An id is 128 bits: a high half that the writer hands out in strictly increasing order
//! (48 bits of milliseconds, 16 bits of counter) and a low half that is random or, for a
//! delivery, the number of its webhook. Sorting ids sorts by acceptance. The text form is
//! a prefix and 26 characters of Crockford base32 in lower case.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The 128 bits behind every id, without its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RawId {
    /// Strictly increasing in commit order; unique on its own within one data directory.
    pub hi: u64,
    /// Random, so that an id cannot be guessed; a delivery keeps its webhook's `hi` here.
    pub lo: u64,
}

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not begin with the prefix of this kind of id.
    #[error("does not begin with \"{0}\"")]
    Prefix(&'static str),
    /// The part after the prefix is not 26 characters of Crockford base32.
    #[error("is not 26 characters of base32 after its prefix")]
    Body,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LEN: usize = 26;

impl RawId {
    /// Writes the 26-character text form without a prefix.
    #[must_use]
    pub fn to_text(self) -> String {
        let value = (u128::from(self.hi) << 64) | u128::from(self.lo);
        (0..BODY_LEN)
            .map(|position| {
                let shift = 5 * (BODY_LEN - 1 - position);
                let digit = ((value >> shift) & 31) as usize;
                char::from(*ALPHABET.get(digit).unwrap_or(&b'0'))
            })
            .collect()
    }

    /// Reads the 26-character text form without a prefix.
    ///
    /// # Errors
    /// [`IdError::Body`] for another length, a character outside the alphabet or more than 128 bits.
    pub fn from_text(text: &str) -> Result<Self, IdError> {
        if text.len() != BODY_LEN {
            return Err(IdError::Body);
        }
        let mut value: u128 = 0;
        for (position, character) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|known| *known == character).ok_or(IdError::Body)?;
            if position == 0 && digit > 7 {
                return Err(IdError::Body);
            }
            value = (value << 5) | digit as u128;
        }
        Ok(Self { hi: (value >> 64) as u64, lo: value as u64 })
    }
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(RawId);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps freshly minted or stored bits.
            #[must_use]
            pub const fn from_raw(raw: RawId) -> Self {
                Self(raw)
            }

            /// The bits behind the id.
            #[must_use]
            pub const fn raw(self) -> RawId {
                self.0
            }

            /// The increasing half: order of acceptance, and the number used in storage keys.
            #[must_use]
            pub const fn hi(self) -> u64 {
                self.0.hi
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.to_text())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let body = text.strip_prefix($prefix).ok_or(IdError::Prefix($prefix))?;
                RawId::from_text(body).map(Self)
            }
        }

        /// Text in self-describing formats (JSON), raw bits in compact ones (postcard).
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    RawId::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

prefixed_id!(
    /// A company: the tenant everything belongs to.
    CompanyId,
    "cmp_"
);
prefixed_id!(
    /// A person.
    UserId,
    "usr_"
);
prefixed_id!(
    /// An API key: a machine credential of a company.
    ApiKeyId,
    "key_"
);
prefixed_id!(
    /// A sign-in of a person.
    SessionId,
    "ses_"
);
prefixed_id!(
    /// An invitation to a company.
    InviteId,
    "inv_"
);
prefixed_id!(
    /// A message in a mailbox.
    MessageId,
    "msg_"
);
prefixed_id!(
    /// Something a person is told in the product.
    NotificationId,
    "ntf_"
);
prefixed_id!(
    /// An e-mail.
    EmailId,
    "eml_"
);
prefixed_id!(
    /// A department of a company.
    DepartmentId,
    "dep_"
);
prefixed_id!(
    /// A job.
    JobId,
    "job_"
);
prefixed_id!(
    /// A report.
    ReportId,
    "rpt_"
);
prefixed_id!(
    /// A schedule: a rule that enqueues a job again and again.
    ScheduleId,
    "sch_"
);
prefixed_id!(
    /// An event minted here; an event may also carry an id its sender chose.
    EventId,
    "evt_"
);
prefixed_id!(
    /// A webhook: a company's endpoint.
    WebhookId,
    "wh_"
);
prefixed_id!(
    /// A delivery; its low half is the webhook's `hi`, so that it can be found without an index.
    DeliveryId,
    "dlv_"
);
prefixed_id!(
    /// One HTTP try of a delivery.
    AttemptId,
    "att_"
);

/// The number of a queue name, given at its first use and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueueId(pub u32);

#[cfg(test)]
mod tests {
    use super::{DeliveryId, IdError, JobId, RawId};

    #[test]
    fn text_form_round_trips_and_sorts_like_the_number() {
        let low = JobId::from_raw(RawId { hi: 7, lo: u64::MAX });
        let high = JobId::from_raw(RawId { hi: 8, lo: 0 });
        assert_eq!(low.to_string().parse::<JobId>().unwrap(), low);
        assert_eq!(low.to_string().len(), "job_".len() + 26);
        assert!(low.to_string() < high.to_string());
        let top = RawId { hi: u64::MAX, lo: u64::MAX };
        assert_eq!(RawId::from_text(&top.to_text()).unwrap(), top);
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!("dlv_00000000000000000000000000".parse::<JobId>(), Err(IdError::Prefix("job_")));
        for text in [
            "job_",
            "job_0000000000000000000000000",
            "job_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "job_0000000000000000000000000U",
        ] {
            assert_eq!(text.parse::<JobId>(), Err(IdError::Body), "{text}");
        }
    }

    #[test]
    fn json_is_text_and_postcard_is_bits() {
        let id = DeliveryId::from_raw(RawId { hi: 1 << 40, lo: 9 });
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<DeliveryId>(&json).unwrap(), id);
        let bytes = postcard::to_allocvec(&id).unwrap();
        assert!(bytes.len() < 10);
        assert_eq!(postcard::from_bytes::<DeliveryId>(&bytes).unwrap(), id);
    }
}
