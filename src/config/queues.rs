//! `[queues]`: how much work runs at once, and how much of it is held in memory.

use super::section::section;

section! {
    /// How much work runs at once, and how much of what waits is held in memory. Figures of a single queue are set over the API.
    Queues in "queues" {
        /// Overrides the concurrency of every built-in queue when set. Otherwise email 5, webhook 512, workflow 3 per core, report 2. Of 8 or more, up to a quarter is kept for companies with little to do while others fill the queue.
        concurrency: Option<u32> = None, range 1..=65_536, env "QUEUE_CONCURRENCY";
        /// Groups of one queue held in memory; the others are found on disk in turn.
        groups_in_memory: usize = 4_096, range 16..=1_000_000;
        /// Places in line of one queue held in memory ahead of their start; bounds memory whatever the backlog.
        places_in_memory: usize = 65_536, range 64..=10_000_000;
        /// Leases that external workers may hold per queue.
        external_leases: usize = 100_000, range 1..=10_000_000;
        /// How often leases whose workers are silent are looked for; timeouts of jobs do not wait for it.
        rescue_every_ms: u64 = 5_000, range 100..=600_000;
        /// How often finished jobs are checked against the retention.
        retention_every_ms: u64 = 15_000, range 1_000..=86_400_000;
    }
}
