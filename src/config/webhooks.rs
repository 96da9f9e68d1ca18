//! `[webhooks]`: the policy of deliveries where a webhook sets none of its own.

use super::{section::section, value::ByteSize};

section! {
    /// Deliveries to webhooks: pace and deadlines where a webhook sets none of its own.
    Webhooks in "webhooks" {
        /// Deliveries at once for one webhook, so that one receiver cannot hold the workers.
        concurrency_per_webhook: u32 = 10, range 1..=1_000;
        /// Time for one attempt, body included; a webhook may ask for up to 30 s.
        attempt_timeout_ms: u64 = 15_000, range 100..=30_000;
        /// How long events, deliveries and their attempts are kept.
        keep_ms: u64 = 2_592_000_000, range 60_000..=31_536_000_000;
        /// How much of events, and of deliveries, a company may keep; the oldest go first. A delivery that still waits when its event goes fails with it.
        keep: ByteSize = ByteSize::mib(8_192);
    }
}
