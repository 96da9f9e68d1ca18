//! Replaying finished deliveries of a webhook: counted first, few at once, many by a job in batches.
//!
//! A replay creates new deliveries of the same events; the old ones stay as they are. A batch and
//! the job of the next batch are written in the commit that settles the batch, so each delivery is
//! replayed once whatever happens in between.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    audit::Origin,
    base::{CompanyId, JobId, Timestamp, WebhookId},
    events,
    queue::{self, AttemptContext, Handler, JobView, LoadError, Outcome, Settlement},
    storage::{self, Snapshot, Tx, space::Headroom},
    webhooks::{
        Error, Shared, Webhooks, facts,
        model::{Delivery, DeliveryState, Trigger},
        service::dispatch::{self, new_job},
        store::{self, DeliveryQuery},
    },
};

const REPLAY_KIND: &str = "webhook.replay";
/// Deliveries replayed in one transaction.
const BATCH: usize = 200;
/// Rows one batch looks at.
const BATCH_SCAN: usize = 20_000;
/// Rows a count looks at; each holds the last attempt with it.
const COUNT_SCAN: usize = 20_000;
/// How long a batch waits for the disk to have room.
const FULL_SNOOZE_MS: u64 = 60_000;

/// Which deliveries to replay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replay {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Created at this time or later.
    pub since: Timestamp,
    /// Created before this time.
    pub until: Timestamp,
    /// In one of these states.
    pub states: Vec<String>,
    /// Of one of these event types; empty means any.
    pub event_types: Vec<String>,
    /// The `hi` of the last delivery looked at.
    pub after_hi: u64,
}

impl Replay {
    fn query(&self) -> DeliveryQuery {
        let mut states: Vec<DeliveryState> = self.states.iter().filter_map(|state| state.parse().ok()).collect();
        if states.is_empty() {
            states.push(DeliveryState::Failed);
        }
        DeliveryQuery {
            states,
            event_types: self.event_types.clone(),
            since: Some(self.since),
            until: Some(self.until),
            after_hi: Some(self.after_hi),
            limit: BATCH,
            scan_limit: BATCH_SCAN,
            ..DeliveryQuery::default()
        }
    }
}

impl Webhooks {
    /// Counts what a replay would deliver again; false when there is more than was looked at.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    #[expect(clippy::unused_self, reason = "use cases are methods of the handle, whether they need it or not")]
    pub(in crate::webhooks) fn count_replay(
        &self,
        read: &Snapshot,
        company: CompanyId,
        replay: &Replay,
    ) -> Result<(u64, bool), Error> {
        store::get_webhook(read, company, replay.webhook_id)?;
        let query = DeliveryQuery { scan_limit: COUNT_SCAN, ..replay.query() };
        Ok(store::count_history(read, company, replay.webhook_id.hi(), &query)?)
    }

    /// Begins a replay: the job that carries it out.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] when the webhook is disabled.
    pub fn replay(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), replay: &Replay) -> Result<JobId, Error> {
        let (company, _) = by;
        tx.admit_new_work()?;
        let (webhook, _) = store::get_webhook(tx, company, replay.webhook_id)?;
        if !webhook.is_enabled() {
            return Err(Error::State(format!("webhook `{}` is disabled", webhook.id)));
        }
        let job_id = enqueue_batch(tx, &self.shared, company, replay)?;
        let Replay { since, until, states, event_types, .. } = replay;
        let after = json!({ "since": since, "until": until, "states": states, "event_types": event_types,
            "job_id": job_id });
        facts::record(tx, by, ("webhook.replay", webhook.id), (Value::Null, after))?;
        Ok(job_id)
    }
}

fn enqueue_batch(tx: &mut Tx<'_>, shared: &Shared, company: CompanyId, replay: &Replay) -> Result<JobId, Error> {
    let payload = serde_json::to_vec(replay).expect("a replay is texts, numbers and lists of them");
    let job = new_job(company, REPLAY_KIND, payload.into());
    Ok(queue::enqueue(tx, &shared.queues, job)?.id)
}

/// Runs jobs of the kind `webhook.replay`: one batch each.
///
/// It may run twice without harm: what a batch does lands in the commit that settles its job.
#[derive(Debug, Clone)]
pub struct ReplayBatch {
    shared: Arc<Shared>,
}

/// One batch.
#[derive(Debug)]
pub struct Batch {
    replay: Replay,
    deliveries: Vec<Delivery>,
    next: Option<u64>,
}

impl ReplayBatch {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Handler for ReplayBatch {
    type Input = Batch;

    fn kind(&self) -> &'static str {
        REPLAY_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Batch, LoadError> {
        let replay: Replay = serde_json::from_slice(&job.payload)
            .map_err(|_| LoadError::Discard("the payload is not one of a replay".to_owned()))?;
        let (deliveries, next) = store::next_history(read, job.company, replay.webhook_id.hi(), &replay.query())?;
        Ok(Batch { replay, deliveries, next })
    }

    async fn run(&self, input: Batch, ctx: AttemptContext) -> Settlement {
        if self.shared.db.headroom() != Headroom::Ample {
            return Settlement::plain(Outcome::Snooze { ms: FULL_SNOOZE_MS });
        }
        let shared = Arc::clone(&self.shared);
        let company = ctx.job.company;
        Settlement::complete().with_effect(move |tx, _| {
            let Batch { mut replay, deliveries, next } = input;
            for delivery in deliveries {
                again(tx, &shared, &delivery)?;
            }
            if let Some(after_hi) = next {
                replay.after_hi = after_hi;
                enqueue_batch(tx, &shared, company, &replay).map_err(to_storage)?;
            }
            Ok(())
        })
    }
}

/// Delivers the event of a finished delivery once more.
fn again(tx: &mut Tx<'_>, shared: &Shared, delivery: &Delivery) -> Result<(), storage::Error> {
    let Some(endpoint) = shared.directory.find(delivery.company, delivery.webhook_hi()) else { return Ok(()) };
    let Some(event) = events::find(tx, delivery.company, delivery.event)? else { return Ok(()) };
    let created = dispatch::dispatch(tx, &shared.queues, &[endpoint], &event, Trigger::Replay)
        .map_err(|error| to_storage(error.into()))?;
    shared.metrics.record_deliveries(tx, created);
    events::set_deliveries(tx, &event, event.deliveries.saturating_add(created))
}

/// What an effect may fail with; a refusal of the queue ends the batch like a full disk, and it comes back.
fn to_storage(error: Error) -> storage::Error {
    match error {
        Error::Storage(error) | Error::Events(events::Error::Storage(error)) => error,
        other => {
            tracing::warn!(error = %other, "a replay could not enqueue deliveries");
            storage::Error::Full
        }
    }
}
