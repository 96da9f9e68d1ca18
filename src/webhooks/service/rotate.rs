//! Reading and rotating the secret of a webhook.

use serde_json::{Value, json};

use crate::{
    audit::Origin,
    base::{CompanyId, Timestamp, WebhookId},
    storage::Tx,
    webhooks::{
        Error, Invalid, Webhooks, facts,
        model::{GRACE_SECONDS_DEFAULT, GRACE_SECONDS_MAX, PreviousSecret, Secrets, Webhook},
        secret::{Secret, Seed},
        store,
    },
};

/// The secrets of a webhook as its owner may see them.
#[derive(Clone)]
pub(in crate::webhooks) struct SecretsView {
    /// The secret that signs.
    pub(in crate::webhooks) secret: String,
    /// The public key of `v1a` signatures, when there are any.
    pub(in crate::webhooks) public_key: Option<String>,
    /// The secret before, its public key, and when it stops signing.
    pub(in crate::webhooks) previous: Option<(String, Option<String>, Timestamp)>,
}

impl SecretsView {
    /// What of the secrets is in force at `now`.
    pub(in crate::webhooks) fn of(secrets: &Secrets, now: Timestamp) -> Self {
        let previous = secrets.previous.as_ref().filter(|previous| now < previous.until).map(|previous| {
            let public_key = previous.seed.as_ref().map(Seed::public_key);
            (previous.secret.expose().to_owned(), public_key, previous.until)
        });
        Self {
            secret: secrets.current.expose().to_owned(),
            public_key: secrets.seed.as_ref().map(Seed::public_key),
            previous,
        }
    }
}

impl Webhooks {
    /// Shows the secrets of a webhook; that they were read is recorded in the transaction that reads them.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn secrets(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        id: WebhookId,
    ) -> Result<SecretsView, Error> {
        let (webhook, row) = store::get_webhook(tx, by.0, id)?;
        let secrets = self.shared.open_secrets(&webhook, &row)?;
        facts::record(tx, by, ("webhook.read_secret", id), (Value::Null, Value::Null))?;
        Ok(SecretsView::of(&secrets, tx.now()))
    }

    /// Gives a webhook a new secret; the old one signs too for `grace_seconds`.
    ///
    /// A rotation during an overlap ends that overlap: the secret before the last is dropped.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a grace above 7 days.
    pub(in crate::webhooks) fn rotate(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        id: WebhookId,
        grace_seconds: Option<u64>,
    ) -> Result<SecretsView, Error> {
        let grace_seconds = grace_seconds.unwrap_or(GRACE_SECONDS_DEFAULT);
        if grace_seconds > GRACE_SECONDS_MAX {
            let detail = format!("must be at most {GRACE_SECONDS_MAX} (7 days)");
            return Err(Error::Invalid(vec![Invalid::new("/grace_seconds", detail)]));
        }
        let (company, _) = by;
        let (before, row) = store::get_webhook(tx, company, id)?;
        let secrets = self.shared.open_secrets(&before, &row)?;
        let now = tx.now();
        let random = self.shared.db.random().as_ref();
        let previous = (grace_seconds > 0).then(|| PreviousSecret {
            secret: secrets.current.clone(),
            seed: secrets.seed.clone(),
            until: now.plus_ms(grace_seconds * 1000),
        });
        let secrets = Secrets {
            current: Secret::generate(random),
            seed: secrets.seed.is_some().then(|| Seed::generate(random)),
            previous,
            headers: secrets.headers,
        };
        let webhook = Webhook { updated_at: now, ..before };
        let row = self.shared.sealed_row(&webhook, &secrets);
        store::update_webhook(tx, &webhook, &row)?;
        let after = json!({ "grace_seconds": grace_seconds });
        facts::record(tx, by, ("webhook.rotate_secret", id), (Value::Null, after))?;
        let health = store::health(tx, company, id.hi())?;
        let view = SecretsView::of(&secrets, now);
        self.shared.put_on_commit(tx, webhook, secrets, health);
        Ok(view)
    }
}
