//! Deliveries as other slices read them, page by page: for reports.

use crate::{
    base::{CompanyId, DeliveryId, Timestamp, WebhookId},
    storage::Read,
    webhooks::{
        Error, Webhooks,
        model::DeliveryState,
        service::read::shown,
        store::{self, DeliveryQuery},
    },
};

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFacts {
    /// Its id.
    pub id: DeliveryId,
    /// The event, by the id its sender chose or its own.
    pub event: String,
    /// The type of that event.
    pub event_type: String,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u32,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    /// When it left the state pending.
    pub finished_at: Option<Timestamp>,
}

impl Webhooks {
    /// The next webhook and its URL without the query, the newest first, older than the one with this `hi`.
    ///
    /// # Errors
    /// When the store cannot read.
    pub fn next_webhook(
        &self,
        read: &impl Read,
        company: CompanyId,
        before_hi: Option<u64>,
    ) -> Result<Option<(WebhookId, String)>, Error> {
        let row = store::list_webhooks(read, company, before_hi, 1)?.pop();
        Ok(row.map(|(hi, row)| {
            let webhook = row.webhook(company.hi(), hi);
            let url = webhook.url.split(['?', '#']).next().unwrap_or_default().to_owned();
            (webhook.id, url)
        }))
    }

    /// Deliveries of a webhook made in a period, newest first, older than the one with this `hi`; and where to go on.
    /// Looks at `limit` rows of each table at most.
    ///
    /// # Errors
    /// When the store cannot read.
    pub fn delivery_facts(
        &self,
        read: &impl Read,
        (company, webhook): (CompanyId, WebhookId),
        (since, until): (Timestamp, Timestamp),
        before_hi: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<DeliveryFacts>, Option<u64>), Error> {
        let query = DeliveryQuery {
            since: Some(since),
            until: Some(until),
            before_hi,
            limit,
            scan_limit: limit,
            ..DeliveryQuery::default()
        };
        let (found, next) = store::list(read, company, webhook.hi(), &query)?;
        let mut facts = Vec::with_capacity(found.len());
        for (delivery, _) in found {
            let delivery = shown(read, delivery)?;
            facts.push(DeliveryFacts {
                id: delivery.id,
                event: delivery.external_id.unwrap_or_else(|| delivery.event.to_string()),
                event_type: delivery.event_type,
                state: delivery.state,
                attempts: delivery.attempts,
                last_status: delivery.last_status,
                finished_at: delivery.finished_at,
            });
        }
        Ok((facts, next))
    }
}
