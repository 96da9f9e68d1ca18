//! Creating a webhook.

use serde_json::Value;

use crate::{
    audit::Origin,
    base::{CompanyId, WebhookId},
    storage::Tx,
    webhooks::{
        Error, NewWebhook, Webhooks, facts,
        model::{DisabledReason, Health, Secrets, WEBHOOKS_MAX, Webhook},
        secret::{Secret, Seed},
        store,
    },
};

impl Webhooks {
    /// Creates a webhook; it gets the events that are published after the transaction.
    ///
    /// # Errors
    /// [`Error::Invalid`] for refused settings, [`Error::Limit`] when the company has [`WEBHOOKS_MAX`].
    pub fn create(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        new: NewWebhook,
    ) -> Result<(Webhook, Secrets), Error> {
        let (company, _) = by;
        let checked = new.check(self.shared.outbound.policy())?;
        tx.admit_new_work()?;
        if store::count_webhooks(tx, company) >= WEBHOOKS_MAX {
            return Err(Error::Limit { what: "webhooks", limit: WEBHOOKS_MAX });
        }
        let random = self.shared.db.random().as_ref();
        let secrets = Secrets {
            current: checked.secret.unwrap_or_else(|| Secret::generate(random)),
            seed: new.has_ed25519.then(|| Seed::generate(random)),
            previous: None,
            headers: new.headers,
        };
        let now = tx.now();
        let webhook = Webhook {
            id: WebhookId::from_raw(tx.mint()),
            company,
            url: checked.url,
            description: new.description,
            subscriptions: checked.subscriptions,
            disabled: (!new.is_enabled).then_some((DisabledReason::Owner, now)),
            retry: new.retry,
            timeout_ms: new.timeout_ms,
            rate_limit: new.rate_limit,
            is_ordered: new.is_ordered,
            filter: checked.filter,
            has_ed25519: new.has_ed25519,
            created_at: now,
            updated_at: now,
        };
        let row = self.shared.sealed_row(&webhook, &secrets);
        store::insert_webhook(tx, &webhook, &row)?;
        let after = facts::of_webhook(&webhook, &secrets.headers);
        facts::record(tx, by, ("webhook.create", webhook.id), (Value::Null, after))?;
        self.shared.put_on_commit(tx, webhook.clone(), secrets.clone(), Health::default());
        Ok((webhook, secrets))
    }
}
