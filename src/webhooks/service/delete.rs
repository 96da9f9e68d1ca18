//! Deleting a webhook.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    audit::Origin,
    base::{CompanyId, WebhookId},
    storage::Tx,
    webhooks::{
        Error, Shared, Webhooks, facts,
        model::{Delivery, DeliveryState},
        store,
    },
};

/// Pending deliveries cancelled in the transaction of the deletion; more are cancelled in the background.
pub(in crate::webhooks) const CANCEL_AT_ONCE_MAX: usize = 500;

impl Webhooks {
    /// Deletes a webhook and cancels its pending deliveries.
    ///
    /// Once the transaction is durable nothing is sent any more: attempts under way are stopped, and all its
    /// pending deliveries read as cancelled. Those above the bound are cancelled by [`Webhooks::maintain_once`],
    /// or when their turn comes. The log stays for its time.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn delete(&self, tx: &mut Tx<'_>, by: (CompanyId, &Origin), id: WebhookId) -> Result<(), Error> {
        let (company, _) = by;
        let (webhook, row) = store::get_webhook(tx, company, id)?;
        let before = facts::of_webhook(&webhook, &self.shared.open_secrets(&webhook, &row)?.headers);
        facts::record(tx, by, ("webhook.delete", id), (before, Value::Null))?;
        store::delete_webhook(tx, company, id)?;
        cancel_pending(tx, &self.shared, company, id.hi(), CANCEL_AT_ONCE_MAX)?;
        let shared = Arc::clone(&self.shared);
        tx.on_commit(move || {
            shared.directory.remove(company, id);
            shared.forget_policy(company, id.hi());
        });
        Ok(())
    }
}

/// Cancels the oldest pending deliveries of a webhook with their jobs; returns how many.
pub(in crate::webhooks) fn cancel_pending(
    tx: &mut Tx<'_>,
    shared: &Shared,
    company: CompanyId,
    webhook_hi: u64,
    limit: usize,
) -> Result<usize, Error> {
    let pending = store::unfinished(tx, company, webhook_hi, limit)?;
    let count = pending.len();
    for delivery in pending {
        cancel(tx, shared, delivery)?;
    }
    Ok(count)
}

/// Cancels one pending delivery with its job.
pub(in crate::webhooks) fn cancel(tx: &mut Tx<'_>, shared: &Shared, delivery: Delivery) -> Result<Delivery, Error> {
    if let Some(job) = delivery.job {
        shared.cancel_job(tx, delivery.company, job)?;
    }
    let cancelled =
        Delivery { state: DeliveryState::Cancelled, finished_at: Some(tx.now()), next_attempt_at: None, ..delivery };
    store::finish(tx, &cancelled, None)?;
    Ok(cancelled)
}
