//! Reading webhooks and their log.

#![expect(clippy::unused_self, reason = "use cases are methods of the handle, whether they need it or not")]

use crate::{
    base::{CompanyId, DeliveryId, WebhookId},
    events::{self, Event, EventQuery},
    storage::Read,
    webhooks::{
        Error, Webhooks,
        model::{Attempt, Delivery, DeliveryState, Health, Secrets, Webhook},
        store::{self, DeliveryQuery},
    },
};

/// Bytes of attempts after which a page of the log ends early.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// A page of deliveries with their attempts, and where to go on.
pub(in crate::webhooks) type LogPage = (Vec<(Delivery, Vec<Attempt>)>, Option<u64>);

impl Webhooks {
    /// A webhook with its secrets and its health.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn webhook(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: WebhookId,
    ) -> Result<(Webhook, Secrets, Health), Error> {
        let (webhook, row) = store::get_webhook(read, company, id)?;
        let secrets = self.shared.open_secrets(&webhook, &row)?;
        let health = store::health(read, company, id.hi())?;
        Ok((webhook, secrets, health))
    }

    /// The id of the webhook with this `hi`, also of one deleted while its log is still there.
    pub(in crate::webhooks) fn webhook_id(
        &self,
        read: &impl Read,
        company: CompanyId,
        webhook_hi: u64,
    ) -> Result<Option<WebhookId>, Error> {
        match self.shared.directory.find(company, webhook_hi) {
            Some(endpoint) => Ok(Some(endpoint.webhook.id)),
            None => Ok(store::find_deleted(read, company, webhook_hi)?.map(|(id, _)| id)),
        }
    }

    /// Webhooks, newest first, older than `before_hi`.
    ///
    /// # Errors
    /// When the store cannot read.
    pub(in crate::webhooks) fn webhooks(
        &self,
        read: &impl Read,
        company: CompanyId,
        before_hi: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(Webhook, Secrets, Health)>, Error> {
        let rows = store::list_webhooks(read, company, before_hi, limit)?;
        rows.into_iter()
            .map(|(hi, row)| {
                let webhook = row.webhook(company.hi(), hi);
                let secrets = self.shared.open_secrets(&webhook, &row)?;
                let health = store::health(read, company, hi)?;
                Ok((webhook, secrets, health))
            })
            .collect()
    }

    /// The delivery log of a webhook, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn log(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: WebhookId,
        query: &DeliveryQuery,
    ) -> Result<LogPage, Error> {
        store::get_webhook(read, company, id)?;
        let (deliveries, next) = store::list(read, company, id.hi(), query)?;
        let mut page = Vec::with_capacity(deliveries.len());
        let (mut bytes, count) = (0, deliveries.len());
        for (delivery, last) in deliveries {
            let attempts = store::attempts(read, &delivery, last)?;
            bytes += attempts.iter().map(Attempt::bytes).sum::<usize>();
            let place = delivery.id.hi();
            page.push((delivery, attempts));
            if bytes >= PAGE_BYTES_MAX && page.len() < count {
                return Ok((page, Some(place)));
            }
        }
        Ok((page, next))
    }

    /// Events, newest first, and where to go on.
    ///
    /// # Errors
    /// When the store cannot read.
    pub(in crate::webhooks) fn events(
        &self,
        read: &impl Read,
        company: CompanyId,
        query: &EventQuery,
    ) -> Result<(Vec<Event>, Option<u64>), Error> {
        Ok(events::list(read, company, query)?)
    }

    /// An event with its newest deliveries, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn event(
        &self,
        read: &impl Read,
        company: CompanyId,
        message_id: &str,
        limit: usize,
    ) -> Result<(Event, Vec<Delivery>), Error> {
        let event = events::find_by_message_id(read, company, message_id)?.ok_or(Error::NotFound("event"))?;
        let ids: Vec<DeliveryId> = store::deliveries_of_event(read, company, event.id.hi(), limit)?;
        let mut deliveries = Vec::with_capacity(ids.len());
        for id in ids.into_iter().rev() {
            if let Some((delivery, _)) = store::find(read, company, id)? {
                deliveries.push(shown(read, delivery)?);
            }
        }
        Ok((event, deliveries))
    }
}

/// A delivery as readers see it: still pending and of a deleted webhook, it is as good as cancelled.
pub(super) fn shown(read: &impl Read, delivery: Delivery) -> Result<Delivery, Error> {
    if delivery.state != DeliveryState::Pending {
        return Ok(delivery);
    }
    let deleted = store::find_deleted(read, delivery.company, delivery.webhook_hi())?;
    Ok(match deleted {
        Some((_, at)) => {
            Delivery { state: DeliveryState::Cancelled, next_attempt_at: None, finished_at: Some(at), ..delivery }
        }
        None => delivery,
    })
}
