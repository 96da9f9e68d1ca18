//! The job that carries one delivery: reads, signs, sends, and says how the attempt ended.
//!
//! It may run twice when the process is killed between the answer of the receiver and the
//! commit. That is harmless for a receiver that honours `webhook-id`, which stays the same, and
//! for us: the end of an attempt is written in the commit that settles the job.

use std::sync::Arc;

use super::{
    Shared,
    attempt::{Ended, Message, answered, failed, prepare, refused},
    endpoint::Endpoint,
    response::{Verdict, Wish},
    service::{
        delete,
        dispatch::{DELIVER_KIND, DeliverPayload},
        interrupted,
        settle::{Settle, settle},
    },
    store,
};
use crate::{
    base::{CompanyId, DeliveryId, Timestamp},
    events,
    outbound::Limits,
    queue::{AttemptContext, Handler, JobView, LoadError, Outcome, Settlement},
    storage::Snapshot,
};

/// How long a delivery waits before it looks again whether its webhook is enabled.
const DISABLED_SNOOZE_MS: u64 = 30_000;
/// How long a delivery waits when the fault is ours.
const OURS_SNOOZE_MS: u64 = 5_000;

/// Runs jobs of the kind `webhook.deliver`.
#[derive(Debug, Clone)]
pub struct Deliver {
    shared: Arc<Shared>,
}

/// What an attempt needs.
#[derive(Debug)]
pub struct Input {
    company: CompanyId,
    delivery: DeliveryId,
    message: Message,
    /// The attempt before this one was cut off by the end of the process.
    was_interrupted: bool,
}

impl Deliver {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What stands against sending now.
    fn obstacle(&self, endpoint: &Endpoint) -> Option<Settlement> {
        if !endpoint.webhook.is_enabled() {
            return Some(Settlement::plain(Outcome::Snooze { ms: DISABLED_SNOOZE_MS }));
        }
        let ms = endpoint.live.open_for_ms(self.shared.db.now())?;
        Some(Settlement::plain(Outcome::Snooze { ms }))
    }
}

impl Handler for Deliver {
    type Input = Input;

    fn kind(&self) -> &'static str {
        DELIVER_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Input, LoadError> {
        let payload: DeliverPayload = serde_json::from_slice(&job.payload)
            .map_err(|_| LoadError::Discard("the payload is not one of a delivery".to_owned()))?;
        let gone = |what: &str| LoadError::Discard(format!("the {what} is no longer there"));
        let Some(pending) = store::pending(read, job.company, payload.delivery_id)? else {
            return Err(LoadError::Discard("the delivery is no longer pending".to_owned()));
        };
        if pending.event != payload.event_id {
            return Err(LoadError::Discard("the delivery is one of another event".to_owned()));
        }
        let event = events::find(read, job.company, payload.event_id)?.ok_or_else(|| gone("event"))?;
        let message = Message {
            id: event.message_id(),
            event_type: event.event_type,
            body: event.body,
            delivery: payload.delivery_id,
        };
        Ok(Input { company: job.company, delivery: payload.delivery_id, message, was_interrupted: job.rescues > 0 })
    }

    async fn run(&self, input: Input, ctx: AttemptContext) -> Settlement {
        let Some(endpoint) = self.shared.directory.find(input.company, input.delivery.raw().lo) else {
            return self.cancel(&input, &ctx).await;
        };
        if !self.record_interrupted(&input).await {
            return Settlement::plain(Outcome::Snooze { ms: OURS_SNOOZE_MS });
        }
        if let Some(settlement) = self.obstacle(&endpoint) {
            return settlement;
        }
        let started_at = self.shared.db.clock().now();
        let sent = tokio::select! {
            biased;
            () = endpoint.live.stop.cancelled() => return self.cancel(&input, &ctx).await,
            () = ctx.cancel.cancelled() => return cut_off(&endpoint, &input, started_at),
            sent = send(&self.shared, &endpoint, &input.message, endpoint.limits) => sent,
        };
        match sent {
            Sent::Ours => Settlement::plain(Outcome::Snooze { ms: OURS_SNOOZE_MS }),
            Sent::Ended(ended) => self.settlement(&endpoint, &input, &ctx, *ended),
        }
    }
}

/// The grace of a shutdown is over: the delivery is given back, and what was under way is in its log.
fn cut_off(endpoint: &Endpoint, input: &Input, started_at: Timestamp) -> Settlement {
    let (place, shown) = ((input.company, input.delivery), endpoint.shown.clone());
    Settlement::plain(Outcome::Release).with_effect(move |tx, _| interrupted::record(tx, place, &shown, &[started_at]))
}

/// What became of a try to send.
pub(super) enum Sent {
    /// Nothing was sent, and the fault is ours.
    Ours,
    /// An attempt was made.
    Ended(Box<Ended>),
}

/// Signs and sends one attempt.
pub(super) async fn send(shared: &Shared, endpoint: &Endpoint, message: &Message, limits: Limits) -> Sent {
    let clock = shared.db.clock();
    let started_at = clock.now();
    let target = match &endpoint.target {
        Ok(target) => target.clone(),
        Err(error) => return Sent::Ended(Box::new(refused(started_at, endpoint.shown.clone(), error.to_string()))),
    };
    let mut prepared = prepare(endpoint, target, message, started_at);
    prepared.request.limits = limits;
    let ended = match shared.outbound.send(prepared.request).await {
        Ok(exchange) => answered(started_at, prepared.shown, exchange, clock.now()),
        Err(failure) if failure.is_ours() => return Sent::Ours,
        Err(failure) => failed(started_at, prepared.shown, &failure),
    };
    Sent::Ended(Box::new(ended))
}

impl Deliver {
    /// Puts into the log what the end of an earlier process cut off; false when that could not be written.
    ///
    /// What the queue tells of it is read in the transaction: the claim that wrote it may not be synced yet, and
    /// snapshots only show what is.
    async fn record_interrupted(&self, input: &Input) -> bool {
        if !input.was_interrupted {
            return true;
        }
        let (shared, company, id) = (Arc::clone(&self.shared), input.company, input.delivery);
        let written = self.shared.db.write_reclaiming(move |tx| match store::pending(tx, company, id)? {
            Some(delivery) => interrupted::record_told(tx, &shared, &delivery).map(drop),
            None => Ok(()),
        });
        let written = written.await;
        if let Err(error) = &written {
            tracing::warn!(delivery.id = %id, %error, "interrupted attempts of {id} are not in its log yet: {error}");
        }
        written.is_ok()
    }

    /// Cancels a delivery whose webhook was deleted, with its job, as the deletion did for those within its bound.
    async fn cancel(&self, input: &Input, ctx: &AttemptContext) -> Settlement {
        let (shared, company, id, job) = (Arc::clone(&self.shared), input.company, input.delivery, ctx.job.id);
        let cancelled = self.shared.db.write(move |tx| {
            let Some(delivery) = store::pending(tx, company, id)? else { return Ok(false) };
            let is_carried = delivery.job == Some(job);
            delete::cancel(tx, &shared, delivery).map(|_| is_carried)
        });
        match cancelled.await {
            // Nothing is left to settle.
            Ok(true) => Settlement::plain(Outcome::Release),
            Ok(false) => Settlement::plain(Outcome::Discard { error: "the webhook was deleted".to_owned() }),
            Err(error) => {
                tracing::debug!(delivery.id = %id, %error, "a delivery of a deleted webhook is not cancelled yet");
                Settlement::plain(Outcome::Snooze { ms: OURS_SNOOZE_MS })
            }
        }
    }

    fn settlement(&self, endpoint: &Endpoint, input: &Input, ctx: &AttemptContext, ended: Ended) -> Settlement {
        let outcome = match &ended.verdict {
            Verdict::Success => Outcome::Complete { result: None },
            Verdict::Failure { kind, ask, reason } => {
                let unit = self.shared.db.random().next_unit();
                let delay = endpoint.webhook.retry.delay_after_ms(ctx.attempt, unit, *ask);
                match delay.filter(|_| !kind.is_permanent() && !ctx.is_last() && ended.wish.is_none()) {
                    Some(ms) => Outcome::Retry { error: reason.clone(), after_ms: Some(ms) },
                    None => Outcome::Discard { error: reason.clone() },
                }
            }
        };
        let shared = Arc::clone(&self.shared);
        let change = Settle {
            company: input.company,
            webhook: endpoint.webhook.id,
            delivery: input.delivery,
            live: Arc::clone(&endpoint.live),
            attempt: ended.attempt,
            is_success: ended.verdict == Verdict::Success,
            wants_no_more: ended.wish == Some(Wish::Disable),
        };
        Settlement::plain(outcome).with_effect(move |tx, settled| settle(tx, &shared, change, settled))
    }
}
