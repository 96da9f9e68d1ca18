//! Creating deliveries: for an event when it is published, and again for replays and retries.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    base::{Backoff, CompanyId, DeliveryId, EventId, Growth, JobId},
    events::{self, DELIVERIES_MAX, Event, Subscriber},
    queue::{self, Group, NewJob, QueueName, Queues},
    storage::{self, Tx},
    webhooks::{
        Error, Metrics,
        directory::Directory,
        endpoint::Endpoint,
        model::{Delivery, DeliveryState, Trigger},
        retry::{RetryPolicy, Schedule},
        service::disable::DISABLED_EVENT,
        store,
    },
};

/// The kind of the job that carries a delivery.
pub(in crate::webhooks) const DELIVER_KIND: &str = "webhook.deliver";
/// Priority of deliveries of new events.
const PRIORITY_EVENT: u8 = 4;
/// Priority of retries and replays: behind those of new events.
const PRIORITY_REPLAY: u8 = 6;

/// The payload of a delivery's job. The low half of the delivery's id names its webhook.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::webhooks) struct DeliverPayload {
    pub(in crate::webhooks) delivery_id: DeliveryId,
    pub(in crate::webhooks) event_id: EventId,
}

/// The subscriber that turns events into deliveries.
#[derive(Debug, Clone)]
pub struct FanOut {
    directory: Directory,
    queues: Queues,
    metrics: Metrics,
}

impl FanOut {
    /// Connects the directory of webhooks with the queue of deliveries.
    #[must_use]
    pub const fn new(directory: Directory, queues: Queues, metrics: Metrics) -> Self {
        Self { directory, queues, metrics }
    }
}

impl Subscriber for FanOut {
    fn on_event(&self, tx: &mut Tx<'_>, event: &Event) -> Result<u32, events::Error> {
        let mut endpoints = self.directory.subscribers(event.company, &event.event_type);
        endpoints.retain(|endpoint| endpoint.wants(event));
        if event.event_type == DISABLED_EVENT {
            retain_enabled(tx, &mut endpoints)?;
        }
        let count = dispatch(tx, &self.queues, &endpoints, event, Trigger::Event)?;
        self.metrics.record_deliveries(tx, count);
        Ok(count)
    }
}

/// Drops what this very transaction has disabled, which the directory does not know yet.
fn retain_enabled(tx: &Tx<'_>, endpoints: &mut Vec<Arc<Endpoint>>) -> Result<(), storage::Error> {
    let mut enabled = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints.drain(..) {
        let (company, id) = (endpoint.webhook.company, endpoint.webhook.id);
        let row = store::find_webhook(tx, company, id)?;
        if row.is_some_and(|row| row.webhook(company.hi(), id.hi()).is_enabled()) {
            enabled.push(endpoint);
        }
    }
    *endpoints = enabled;
    Ok(())
}

/// Creates one delivery of an event for each endpoint.
pub(in crate::webhooks) fn dispatch(
    tx: &mut Tx<'_>,
    queues: &Queues,
    endpoints: &[Arc<Endpoint>],
    event: &Event,
    trigger: Trigger,
) -> Result<u32, events::Error> {
    if endpoints.len() > DELIVERIES_MAX as usize {
        return Err(events::Error::TooManyDeliveries);
    }
    let mut created = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let webhook_hi = endpoint.webhook.id.hi();
        let id = DeliveryId::from_raw(tx.mint_with(webhook_hi));
        let mut delivery = Delivery {
            id,
            company: event.company,
            event: event.id,
            external_id: event.external_id.clone(),
            event_type: event.event_type.clone(),
            job: None,
            state: DeliveryState::Pending,
            trigger,
            attempts: 0,
            next_attempt_at: None,
            finished_at: None,
            last_status: None,
            last_error: String::new(),
        };
        let job = enqueue(tx, queues, &endpoint.webhook.retry, &delivery).map_err(|error| match error {
            Error::Storage(error) | Error::Queue(queue::Error::Storage(error)) => events::Error::Storage(error),
            other => events::Error::Subscriber(Box::new(other)),
        })?;
        delivery.job = Some(job);
        store::create_pending(tx, &delivery)?;
        created.push((id.hi(), webhook_hi));
    }
    store::add_to_event(tx, event.company, event.id.hi(), &created)?;
    Ok(created.len() as u32)
}

/// Enqueues the job of a delivery.
pub(in crate::webhooks) fn enqueue(
    tx: &mut Tx<'_>,
    queues: &Queues,
    retry: &RetryPolicy,
    delivery: &Delivery,
) -> Result<JobId, Error> {
    let payload = format!("{{\"delivery_id\":\"{}\",\"event_id\":\"{}\"}}", delivery.id, delivery.event);
    let mut job = new_job(delivery.company, DELIVER_KIND, payload.into());
    let is_new = delivery.trigger == Trigger::Event && delivery.attempts == 0;
    job.priority = if is_new { PRIORITY_EVENT } else { PRIORITY_REPLAY };
    job.id_lo = Some(delivery.id.hi());
    job.group = Some(Group::numbered(delivery.webhook_hi()));
    job.retry = Some(job_policy(retry));
    Ok(queue::enqueue(tx, queues, job)?.id)
}

/// A job of this slice's queue.
pub(in crate::webhooks) fn new_job(company: CompanyId, kind: &str, payload: Bytes) -> NewJob {
    NewJob::new(company, QueueName::trusted(QueueName::WEBHOOK), kind, payload)
}

/// The queue's form of a retry policy. The handler names each delay itself; this is what the queue falls back on.
fn job_policy(retry: &RetryPolicy) -> queue::RetryPolicy {
    let growth = match retry.schedule() {
        Schedule::Exponential { base_ms, .. } => Growth::Exponential { base_ms: *base_ms },
        Schedule::List(delays) => Growth::List { delays_ms: delays.clone() },
    };
    let max_ms = match retry.schedule() {
        Schedule::Exponential { cap_ms, .. } => Some(*cap_ms),
        Schedule::List(_) => None,
    };
    queue::RetryPolicy { attempts: retry.max_attempts(), backoff: Backoff { growth, max_ms, jitter: 0.0 } }
}
