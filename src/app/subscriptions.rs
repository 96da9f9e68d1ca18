//! Which slice reacts to which event; one line each.

use std::sync::Arc;

use crate::{
    events::Events,
    queue::Queues,
    webhooks::{self, FanOut},
};

/// Connects the subscribers, in the order in which they are called.
pub(super) fn connect(webhooks: &webhooks::Directory, queues: &Queues, metrics: &webhooks::Metrics) -> Events {
    Events::new(vec![Arc::new(FanOut::new(webhooks.clone(), queues.clone(), metrics.clone()))])
}
