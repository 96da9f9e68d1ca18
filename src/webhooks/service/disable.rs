//! Disabling a webhook that only fails: the webhook, a message to the admins, and an event for the others.

use std::sync::Arc;

use serde_json::json;

use crate::{
    accounts::tell_admins,
    audit::Origin,
    events::{self, NewEvent},
    notifications::{self, Audience, NewNotification},
    storage::{self, Tx},
    webhooks::{
        Shared, facts,
        model::{DisabledReason, Webhook},
        store::{self, WebhookRow},
    },
};

/// The event that tells a company that a webhook was disabled.
pub(in crate::webhooks) const DISABLED_EVENT: &str = "webhook.disabled";

/// Disables a webhook in the transaction that found the reason.
///
/// Its pending deliveries stay and go on when it is enabled again.
pub(in crate::webhooks) fn disable(
    tx: &mut Tx<'_>,
    shared: &Arc<Shared>,
    before: Webhook,
    row: &WebhookRow,
    reason: DisabledReason,
) -> Result<(), storage::Error> {
    let now = tx.now();
    let webhook = Webhook { disabled: Some((reason, now)), updated_at: now, ..before };
    store::update_webhook(tx, &webhook, &WebhookRow::of(&webhook, row.sealed.clone()))?;
    let text = match reason {
        DisabledReason::Gone => "it answered 410 Gone twice in a row, or asked for no more deliveries",
        DisabledReason::Failing => "every attempt has failed for 5 days",
        DisabledReason::Owner => "its owner switched it off",
    };
    let letter = format!(
        "The webhook {} ({}) was disabled because {text}.\n\nIts pending deliveries wait. Once the receiver answers again, \
         enable the webhook, and they go on.\n\nTime: {now}\n",
        facts::plain_url(&webhook.url),
        webhook.id,
    );
    tell_admins(&shared.mail, tx, webhook.company, ("A webhook was disabled", &letter))?;
    let told = NewNotification {
        kind: "webhook_disabled",
        topic: webhook.id.to_string(),
        object: Some(webhook.id.to_string()),
        detail: Some(facts::plain_url(&webhook.url).to_owned()),
        count: None,
    };
    notifications::notify(tx, webhook.company, Audience::Operators, told)?;
    let (before, after) = (json!({ "enabled": true }), json!({ "enabled": false, "disabled_reason": reason.as_str() }));
    facts::record(tx, (webhook.company, &Origin::system()), ("webhook.disable", webhook.id), (before, after))?;
    shared.metrics.record_disabled(tx);
    publish(tx, shared, &webhook, reason, text)?;
    match shared.open_secrets(&webhook, row) {
        Ok(secrets) => {
            let health = store::health(tx, webhook.company, webhook.id.hi())?;
            shared.put_on_commit(tx, webhook, secrets, health);
        }
        Err(error) => tracing::error!(webhook.id = %webhook.id, %error, "a disabled webhook stays in the directory"),
    }
    Ok(())
}

fn publish(
    tx: &mut Tx<'_>,
    shared: &Shared,
    webhook: &Webhook,
    reason: DisabledReason,
    text: &str,
) -> Result<(), storage::Error> {
    let data = json!({
        "webhook_id": webhook.id,
        "url": webhook.url,
        "reason": reason.as_str(),
        "detail": text,
    });
    let new = NewEvent {
        company: webhook.company,
        event_type: DISABLED_EVENT.to_owned(),
        data: data.to_string().into(),
        parsed: Some(Arc::new(data)),
        external_id: None,
    };
    match shared.events.publish(tx, new) {
        Ok(_) => Ok(()),
        // Refused before anything was written: the webhook is disabled all the same, and its admins were told.
        Err(error @ (events::Error::Storage(storage::Error::Full) | events::Error::TooManyDeliveries)) => {
            tracing::warn!(webhook.id = %webhook.id, %error, "no event tells that the webhook was disabled");
            Ok(())
        }
        Err(events::Error::Storage(error)) => Err(error),
        // Some of it may be written, so none of this transaction may stay.
        Err(error) => Err(storage::Error::Panicked(format!("no event tells of a disabled webhook: {error}"))),
    }
}
