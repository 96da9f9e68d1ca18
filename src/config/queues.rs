//! `[queues]`: how much work runs at once.

use super::section::section;

section! {
    /// How many jobs run at once, and for how long a worker holds one.
    Queues in "queues" {
        /// Overrides the concurrency of every built-in queue when set.
        concurrency: Option<usize> = None, range 1..=65_536, env "QUEUE_CONCURRENCY";
        /// Jobs of queue `email` at once; mail servers dislike more connections from one address.
        email_concurrency: usize = 5, range 1..=65_536;
        /// Deliveries at once over all webhooks; each waits mostly for its receiver.
        webhook_concurrency: usize = 512, range 1..=65_536;
        /// Jobs of queue `workflow` at once; 3 per core when unset.
        workflow_concurrency: Option<usize> = None, range 1..=65_536;
        /// Jobs of queue `report` at once; rendering is heavy on memory.
        report_concurrency: usize = 2, range 1..=65_536;
    }
}
