//! Changing a webhook.

use crate::{
    audit::Origin,
    base::{CompanyId, WebhookId},
    storage::Tx,
    webhooks::{
        Error, NewWebhook, Webhooks, facts,
        model::{DisabledReason, Health, Secrets, Webhook},
        secret::Seed,
        store,
    },
};

impl Webhooks {
    /// Changes a webhook: `change` gets its settings and alters them; all of them are checked again.
    ///
    /// Settings hold for attempts that begin after the transaction. Enabling forgets past failures. A
    /// disabled webhook keeps its pending deliveries; they go on when it is enabled again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], and what `change` refuses.
    pub fn update<E: From<Error>>(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        id: WebhookId,
        change: impl FnOnce(&Webhook, &Secrets, &mut NewWebhook) -> Result<(), E>,
    ) -> Result<(Webhook, Secrets), E> {
        let (company, _) = by;
        let (before, row) = store::get_webhook(tx, company, id)?;
        let secrets_before = self.shared.open_secrets(&before, &row)?;
        let mut secrets = secrets_before.clone();
        let mut wanted = NewWebhook::of(&before, &secrets);
        change(&before, &secrets, &mut wanted)?;
        let checked = wanted.check(self.shared.outbound.policy())?;
        let now = tx.now();
        let disabled = match (wanted.is_enabled, before.disabled) {
            (true, _) => None,
            (false, Some(already)) => Some(already),
            (false, None) => Some((DisabledReason::Owner, now)),
        };
        if let Some(secret) = checked.secret {
            secrets.current = secret;
            secrets.previous = None;
        }
        if wanted.has_ed25519 != secrets.seed.is_some() {
            let random = self.shared.db.random().as_ref();
            secrets.seed = wanted.has_ed25519.then(|| Seed::generate(random));
        }
        secrets.headers = wanted.headers;
        let webhook = Webhook {
            id,
            company,
            url: checked.url,
            description: wanted.description,
            subscriptions: checked.subscriptions,
            disabled,
            retry: wanted.retry,
            timeout_ms: wanted.timeout_ms,
            rate_limit: wanted.rate_limit,
            is_ordered: wanted.is_ordered,
            filter: checked.filter,
            has_ed25519: wanted.has_ed25519,
            created_at: before.created_at,
            updated_at: now,
        };
        let health = health_after(tx, &before, &webhook)?;
        let row = self.shared.sealed_row(&webhook, &secrets);
        store::update_webhook(tx, &webhook, &row).map_err(Error::from)?;
        let change = facts::of_change((&before, &secrets_before), (&webhook, &secrets));
        facts::record(tx, by, ("webhook.update", id), change).map_err(Error::from)?;
        self.shared.put_on_commit(tx, webhook.clone(), secrets.clone(), health);
        Ok((webhook, secrets))
    }
}

/// The health after a change: forgotten when the webhook is enabled again or sends somewhere else.
fn health_after(tx: &mut Tx<'_>, before: &Webhook, after: &Webhook) -> Result<Health, Error> {
    let health = store::health(tx, after.company, after.id.hi())?;
    let is_new_start = (after.is_enabled() && !before.is_enabled()) || after.url != before.url;
    if !is_new_start || health.is_clean() {
        return Ok(health);
    }
    let fresh = Health { last_failure: health.last_failure, ..Health::default() };
    store::put_health(tx, after.company, after.id.hi(), &fresh)?;
    Ok(fresh)
}
