//! Publishing events, and delivering one again to those who want it now.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    audit::Origin,
    base::CompanyId,
    events::{self, DATA_BYTES_MAX, DELIVERIES_MAX, NewEvent, Published, check_external_id},
    storage::Tx,
    webhooks::{
        Error, Invalid, Webhooks, facts,
        model::Trigger,
        service::{disable::DISABLED_EVENT, dispatch, test::TEST_EVENT},
        subscription::check_event_type,
    },
};

/// Types of events that the server publishes about webhooks itself; a receiver can trust that nobody else does.
const RESERVED: [&str; 2] = [TEST_EVENT, DISABLED_EVENT];
/// The most events of one batch.
pub(in crate::webhooks) const BATCH_MAX: usize = 1000;

impl Webhooks {
    /// Checks an event; parses its data ahead of the transaction when a webhook will look into it.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming each refused value.
    pub fn check_event(
        &self,
        company: CompanyId,
        event_type: String,
        data: Bytes,
        external_id: Option<String>,
    ) -> Result<NewEvent, Error> {
        let mut refused = Vec::new();
        if let Err(error) = check_event_type(&event_type) {
            refused.push(Invalid::new("/type", error));
        } else if RESERVED.contains(&event_type.as_str()) {
            refused.push(Invalid::new("/type", "is reserved: only the server publishes events of this type"));
        }
        if let Some(Err(error)) = external_id.as_deref().map(check_external_id) {
            refused.push(Invalid::new("/id", error));
        }
        if data.len() > DATA_BYTES_MAX {
            refused.push(Invalid::new("/data", format!("must have at most {DATA_BYTES_MAX} bytes")));
        } else if !events::are_numbers_in_range(&data) {
            refused.push(Invalid::new("/data", "has a number out of range"));
        }
        if !refused.is_empty() {
            return Err(Error::Invalid(refused));
        }
        let has_filters = self.shared.directory.has_filters(company);
        let parsed = if has_filters { serde_json::from_slice(&data).ok().map(Arc::new) } else { None };
        Ok(NewEvent { company, event_type, data, parsed, external_id })
    }

    /// Publishes an event.
    ///
    /// # Errors
    /// As [`crate::events::Events::publish`].
    pub fn publish(&self, tx: &mut Tx<'_>, event: NewEvent) -> Result<Published, Error> {
        Ok(self.shared.events.publish(tx, event)?)
    }

    /// Publishes events, all or none.
    ///
    /// # Errors
    /// The position of the first refused event and why.
    pub fn publish_batch(&self, tx: &mut Tx<'_>, events: Vec<NewEvent>) -> Result<Vec<Published>, (usize, Error)> {
        let mut published = Vec::with_capacity(events.len());
        let mut deliveries = 0_u32;
        for (position, event) in events.into_iter().enumerate() {
            let one = self.publish(tx, event).map_err(|error| (position, error))?;
            if !one.is_duplicate {
                deliveries = deliveries.saturating_add(one.deliveries);
            }
            if deliveries > DELIVERIES_MAX {
                return Err((position, events::Error::TooManyDeliveries.into()));
            }
            published.push(one);
        }
        Ok(published)
    }

    /// Delivers a stored event again to the webhooks that subscribe to it now; returns how many.
    ///
    /// # Errors
    /// [`Error::NotFound`], and what the queue refuses.
    pub fn replay_event(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), message_id: &str) -> Result<u32, Error> {
        let (company, _) = by;
        tx.admit_new_work()?;
        let event = events::find_by_message_id(tx, company, message_id)?.ok_or(Error::NotFound("event"))?;
        let mut endpoints = self.shared.directory.subscribers(company, &event.event_type);
        endpoints.retain(|endpoint| endpoint.wants(&event));
        let created = dispatch::dispatch(tx, &self.shared.queues, &endpoints, &event, Trigger::Replay)?;
        self.shared.metrics.record_deliveries(tx, created);
        events::set_deliveries(tx, &event, event.deliveries.saturating_add(created))?;
        let after = json!({ "type": event.event_type, "deliveries": created });
        facts::record(tx, by, ("event.replay", message_id), (Value::Null, after))?;
        Ok(created)
    }
}
