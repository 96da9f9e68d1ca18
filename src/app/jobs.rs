//! One line per kind of job that runs in this process.

use super::services::Tasks;
use crate::queue::{Handlers, Pool, QueueName, Queues};

/// Starts one pool for each built-in queue.
pub(super) fn start_pools(queues: &Queues, tasks: &Tasks) -> Vec<Pool> {
    let start = |queue: &str, handlers: Handlers| {
        let name = queue.parse::<QueueName>().expect("the names of built-in queues are valid");
        queues.start_pool(&name, handlers, &tasks.tracker, &tasks.stop)
    };
    [start(QueueName::WEBHOOK, Handlers::default())].into_iter().flatten().collect()
}
