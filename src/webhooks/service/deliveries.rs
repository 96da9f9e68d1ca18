//! One delivery: looking at it, trying it again, cancelling it.

#![expect(clippy::unused_self, reason = "use cases are methods of the handle, whether they need it or not")]

use crate::{
    audit::Origin,
    base::{CompanyId, DeliveryId},
    events::{self, Event},
    queue,
    storage::{Read, Tx},
    webhooks::{
        Error, Webhooks, facts,
        model::{Attempt, Delivery, DeliveryState},
        service::{delete, dispatch, read::shown},
        store,
    },
};

impl Webhooks {
    /// A delivery with its attempts and its event, when that is still stored.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn delivery(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: DeliveryId,
    ) -> Result<(Delivery, Vec<Attempt>, Option<Event>), Error> {
        let (delivery, last) = store::find(read, company, id)?.ok_or(Error::NotFound("delivery"))?;
        let attempts = store::attempts(read, &delivery, last)?;
        let event = events::find(read, company, delivery.event)?;
        Ok((shown(read, delivery)?, attempts, event))
    }

    /// Tries a delivery again now.
    ///
    /// One that waits for its next attempt keeps its place and the attempts it has left; a finished one gets all
    /// of its webhook's policy.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] when its attempt is due anyway, when its webhook is deleted or
    /// disabled, or when its event is no longer stored.
    pub fn retry(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: DeliveryId) -> Result<Delivery, Error> {
        let (company, _) = by;
        tx.admit_new_work()?;
        let (before, _) = store::find(tx, company, id)?.ok_or(Error::NotFound("delivery"))?;
        let refuse = |reason: &str| Err(Error::State(format!("delivery `{id}` cannot be tried again: {reason}")));
        let Some(endpoint) = self.shared.directory.find(company, before.webhook_hi()) else {
            return refuse("its webhook was deleted");
        };
        if !endpoint.webhook.is_enabled() {
            return refuse("its webhook is disabled");
        }
        if events::find(tx, company, before.event)?.is_none() {
            return refuse("its event is past the retention");
        }
        let mut after =
            Delivery { state: DeliveryState::Pending, next_attempt_at: None, finished_at: None, ..before.clone() };
        if before.state == DeliveryState::Pending {
            match before.job.map(|job| self.shared.queues.promote(tx, company, job)) {
                Some(Ok(_)) => {}
                Some(Err(queue::Error::WrongState { state, .. })) if !state.is_terminal() => {
                    return refuse("it is due already");
                }
                // Its job has ended without it.
                Some(Err(queue::Error::WrongState { .. } | queue::Error::NotFound(_))) | None => {
                    after.job = Some(dispatch::enqueue(tx, &self.shared.queues, &endpoint.webhook.retry, &after)?);
                }
                Some(Err(error)) => return Err(error.into()),
            }
            store::put_pending(tx, &after, None)?;
        } else {
            after.job = Some(dispatch::enqueue(tx, &self.shared.queues, &endpoint.webhook.retry, &after)?);
            store::move_to_pending(tx, &after)?;
        }
        let states = (facts::of_delivery(before.state), facts::of_delivery(after.state));
        facts::record(tx, by, ("delivery.retry", id), states)?;
        Ok(after)
    }

    /// Cancels a pending delivery; an attempt under way is not undone.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] when it is finished.
    pub fn cancel(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: DeliveryId) -> Result<Delivery, Error> {
        let (delivery, _) = store::find(tx, by.0, id)?.ok_or(Error::NotFound("delivery"))?;
        if delivery.state != DeliveryState::Pending {
            return Err(Error::State(format!(
                "delivery `{id}` is {} and cannot be cancelled",
                delivery.state.as_str()
            )));
        }
        let before = delivery.state;
        let cancelled = delete::cancel(tx, &self.shared, delivery)?;
        let states = (facts::of_delivery(before), facts::of_delivery(cancelled.state));
        facts::record(tx, by, ("delivery.cancel", id), states)?;
        Ok(cancelled)
    }
}
