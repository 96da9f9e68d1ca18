//! `[webhooks]`: the policy of deliveries where a webhook sets none of its own.

use super::section::section;

section! {
    /// Deliveries to webhooks: pace and deadlines where a webhook sets none of its own.
    Webhooks in "webhooks" {
        /// Deliveries at once for one webhook, so that one receiver cannot hold the workers.
        concurrency_per_webhook: u32 = 10, range 1..=1_000;
        /// Time for one attempt, body included; a webhook may ask for up to 30 s.
        attempt_timeout_ms: u64 = 15_000, range 100..=30_000;
    }
}
