//! Testing a webhook: a signed event sent now, outside of the queue.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    audit::Origin,
    base::{AttemptId, CompanyId, DeliveryId, EventId, WebhookId},
    events::{self, Event, NewEvent},
    outbound::Limits,
    storage::Tx,
    webhooks::{
        Error, Webhooks,
        attempt::Message,
        deliver::{Sent, send},
        endpoint::Endpoint,
        facts,
        model::{Attempt, Delivery, DeliveryState, Trigger},
        response::Verdict,
        store,
    },
};

/// The type of the event a test sends.
pub(in crate::webhooks) const TEST_EVENT: &str = "webhook.test";

impl Webhooks {
    /// Sends a signed test event now, and writes event, delivery and attempt into the log.
    ///
    /// It goes past the queue: a disabled webhook can be tested, no retry follows, and neither the breaker
    /// nor the figures change. The attempt ends `within` a time, also when the webhook's own deadline is later.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the webhook is deleted meanwhile; [`Error::Unavailable`] when nothing could
    /// be sent and the fault is ours.
    pub async fn test(
        &self,
        (company, origin): (CompanyId, &Origin),
        id: WebhookId,
        within: Duration,
    ) -> Result<(Delivery, Attempt), Error> {
        let endpoint = self
            .shared
            .directory
            .find(company, id.hi())
            .filter(|endpoint| endpoint.webhook.id == id)
            .ok_or(Error::NotFound("webhook"))?;
        let (event, delivery) = self.test_event(&endpoint).await?;
        let message = Message {
            id: event.message_id(),
            event_type: event.event_type.clone(),
            body: event.body.clone(),
            delivery,
        };
        let limits = Limits { total: endpoint.limits.total.min(within), ..endpoint.limits };
        let sent = tokio::select! {
            biased;
            () = endpoint.live.stop.cancelled() => return Err(Error::NotFound("webhook")),
            sent = send(&self.shared, &endpoint, &message, limits) => sent,
        };
        let ended = match sent {
            Sent::Ours => return Err(Error::Unavailable),
            Sent::Ended(ended) => ended,
        };
        let is_success = ended.verdict == Verdict::Success;
        let origin = origin.clone();
        let work = move |tx: &mut Tx<'_>| {
            store::get_webhook(tx, company, id)?;
            let (delivery, attempt) = record(tx, event, delivery, is_success, ended.attempt)?;
            let after = json!({ "delivery_id": delivery.id, "state": delivery.state.as_str() });
            facts::record(tx, (company, &origin), ("webhook.test", id), (Value::Null, after))?;
            Ok((delivery, attempt))
        };
        self.shared.db.write(work).await
    }

    async fn test_event(&self, endpoint: &Arc<Endpoint>) -> Result<(Event, DeliveryId), Error> {
        let (company, id) = (endpoint.webhook.company, endpoint.webhook.id);
        self.shared
            .db
            .write(move |tx| {
                let data = json!({ "webhook_id": id, "message": "This is a test. If you can read it, it works." });
                let new = NewEvent {
                    company,
                    event_type: TEST_EVENT.to_owned(),
                    data: data.to_string().into(),
                    parsed: None,
                    external_id: None,
                };
                let event = Event::new(EventId::from_raw(tx.mint()), tx.now(), new);
                Ok((event, DeliveryId::from_raw(tx.mint_with(id.hi()))))
            })
            .await
    }
}

fn record(
    tx: &mut Tx<'_>,
    mut event: Event,
    id: DeliveryId,
    is_success: bool,
    attempt: Attempt,
) -> Result<(Delivery, Attempt), Error> {
    event.deliveries = 1;
    events::record(tx, &event)?;
    let attempt = Attempt { id: AttemptId::from_raw(tx.mint()), number: 1, ..attempt };
    let delivery = Delivery {
        id,
        company: event.company,
        event: event.id,
        external_id: None,
        event_type: event.event_type.clone(),
        job: None,
        state: if is_success { DeliveryState::Succeeded } else { DeliveryState::Failed },
        trigger: Trigger::Test,
        attempts: 1,
        next_attempt_at: None,
        finished_at: Some(tx.now()),
        last_status: attempt.status,
        last_error: attempt.reason.clone(),
    };
    store::insert_finished(tx, &delivery, attempt.clone())?;
    store::add_to_event(tx, event.company, event.id.hi(), &[(id.hi(), delivery.webhook_hi())])?;
    Ok((delivery, attempt))
}
