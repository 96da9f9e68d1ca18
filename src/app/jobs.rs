//! One line per kind of job that runs in this process.

use super::{services::Tasks, state::State};
use crate::queue::{Handlers, Pool, QueueName, Queues};

/// Starts one pool for each built-in queue that has a kind.
pub(super) fn start_pools(queues: &Queues, state: &State, tasks: &Tasks) -> Vec<Pool> {
    let start = |queue: &str, handlers: Handlers| {
        let name = queue.parse::<QueueName>().expect("the names of built-in queues are valid");
        queues.start_pool(&name, handlers, &tasks.tracker, &tasks.stop)
    };
    let webhooks = &state.webhooks;
    let webhook = Handlers::default().with(webhooks.deliver()).with(webhooks.replay_batch());
    let email = Handlers::default().with(state.emails.send_email()).with(state.reports.send());
    let report = Handlers::default().with(state.reports.render());
    let actions = Handlers::default().with(state.jobs.run_actions());
    let pools = [
        start(QueueName::WEBHOOK, webhook),
        start(QueueName::EMAIL, email),
        start(QueueName::REPORT, report),
        start(QueueName::ACTIONS, actions),
    ];
    pools.into_iter().flatten().collect()
}
