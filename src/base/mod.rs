//! Vocabulary every layer shares: ids, time and randomness. No I/O, no async.

mod backoff;
mod clock;
mod hex;
mod histogram;
mod id;
mod random;
mod seal;
mod standing;
mod time;

pub use backoff::{Backoff, Growth, MAX_DELAY_MS};
pub use clock::{Clock, ManualClock, SystemClock};
pub use hex::hex;
pub use histogram::Histogram;
pub use id::{
    ApiKeyId, AttemptId, CompanyId, DeliveryId, DepartmentId, EmailId, EventId, IdError, InviteId, JobId, MessageId,
    NotificationId, QueueId, RawId, ReportId, ScheduleId, SessionId, UserId, WebhookId,
};
pub use random::{Random, SeededRandom, SystemRandom};
pub use seal::{SealError, SealKey};
pub use standing::Standing;
pub use time::{Timestamp, TimestampError};
