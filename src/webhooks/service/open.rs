//! Opening the slice: every webhook is read, prepared and put into the directory.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    base::{CompanyId, WebhookId},
    queue::{self, GroupPolicy, QueueName},
    storage::{Db, Tx},
    webhooks::{
        Deliver, Error, Parts, Play, Shared, Webhooks,
        breaker::Gate,
        endpoint::{Endpoint, Live},
        model::{Health, Secrets, Webhook},
        service::{ReplayBatch, maintain::Cursors},
        store::{self, WebhookRow},
    },
};

impl Webhooks {
    /// Reads every webhook; blocks, so call it before serving or on a blocking thread.
    ///
    /// # Errors
    /// When the store cannot read, or the secrets of a webhook do not open with the key.
    pub fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, queues, events, outbound, seal, directory, settings, metrics, mail } = parts;
        let play = Arc::new(Play::new(Arc::clone(&seal), Arc::clone(db.clock()), Arc::clone(db.random())));
        let cursors = Cursors::default();
        let shared =
            Arc::new(Shared { db, queues, events, outbound, seal, directory, settings, cursors, play, metrics, mail });
        let snapshot = shared.db.snapshot();
        let mut rows = Vec::new();
        store::each_webhook(&snapshot, &mut |company_hi, hi, row| rows.push((company_hi, hi, row)))?;
        let now = shared.db.now();
        for (company_hi, hi, row) in rows {
            let webhook = row.webhook(company_hi, hi);
            let secrets = shared.open_secrets(&webhook, &row)?;
            let health = store::health(&snapshot, webhook.company, hi)?;
            let live = Arc::new(Live::new(&health, now));
            shared.put(webhook, &secrets, &health, (live, 0));
        }
        Ok(Self { shared })
    }

    /// The handler of the jobs that carry deliveries.
    #[must_use]
    pub fn deliver(&self) -> Deliver {
        Deliver::new(Arc::clone(&self.shared))
    }

    /// The handler of the jobs that replay many deliveries.
    #[must_use]
    pub fn replay_batch(&self) -> ReplayBatch {
        ReplayBatch::new(Arc::clone(&self.shared))
    }

    /// The inspector.
    #[must_use]
    pub fn play(&self) -> &Arc<Play> {
        &self.shared.play
    }

    /// Whether a signature is good for a body; `None` when the webhook is not known here.
    pub(in crate::webhooks) fn verifies(&self, id: WebhookId, signature: &str, body: &[u8]) -> Option<bool> {
        let endpoint = self.shared.directory.find_anywhere(id)?;
        Some(endpoint.signer.verifies(signature, self.shared.db.now(), body))
    }

    /// The store, for callers that wrap a use case in a transaction of their own.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.shared.db
    }

    /// The key that seals secrets.
    #[must_use]
    pub fn seal(&self) -> &Arc<crate::base::SealKey> {
        &self.shared.seal
    }
}

impl Shared {
    /// Opens the secrets in a row.
    pub(in crate::webhooks) fn open_secrets(&self, webhook: &Webhook, row: &WebhookRow) -> Result<Secrets, Error> {
        let place = store::seal_place(webhook.company, webhook.id);
        let fail = |source| Error::Seal { webhook: webhook.id, source };
        let plain = self.seal.open(&place, &row.sealed).map_err(fail)?;
        rmp_serde::from_slice(&plain).map_err(|_| fail(crate::base::SealError::Format))
    }

    /// The row of a webhook with its secrets sealed anew.
    pub(in crate::webhooks) fn sealed_row(&self, webhook: &Webhook, secrets: &Secrets) -> WebhookRow {
        let place = store::seal_place(webhook.company, webhook.id);
        let plain = zeroize::Zeroizing::new(
            rmp_serde::to_vec_named(secrets).expect("secrets are texts, numbers and lists of them"),
        );
        let sealed = self.seal.seal(self.db.random().as_ref(), &place, &plain);
        WebhookRow::of(webhook, Bytes::from(sealed))
    }

    /// Puts a webhook into the directory and tells the queue its policy.
    ///
    /// `failures` are those that lay behind the health.
    pub(in crate::webhooks) fn put(
        &self,
        webhook: Webhook,
        secrets: &Secrets,
        health: &Health,
        (live, failures): (Arc<Live>, u64),
    ) {
        live.follow(health, self.db.now(), failures);
        self.set_policy(&webhook, health);
        let policy = self.outbound.policy();
        let endpoint = Endpoint::new(webhook, secrets, policy, self.settings.limits(), live);
        self.directory.put(Arc::new(endpoint));
    }

    /// Does [`Shared::put`] once the transaction is durable; a webhook known already keeps its live state.
    pub(in crate::webhooks) fn put_on_commit(
        self: &Arc<Self>,
        tx: &mut Tx<'_>,
        webhook: Webhook,
        secrets: Secrets,
        health: Health,
    ) {
        let shared = Arc::clone(self);
        let known = self.directory.find(webhook.company, webhook.id.hi());
        let failures = known.map_or(0, |endpoint| endpoint.live.failures());
        tx.on_commit(move || {
            let known = shared.directory.find(webhook.company, webhook.id.hi());
            let live = known
                .map_or_else(|| Arc::new(Live::new(&health, shared.db.now())), |endpoint| Arc::clone(&endpoint.live));
            shared.put(webhook, &secrets, &health, (live, failures));
        });
    }

    /// Tells the queue how many deliveries of a webhook may run, how fast, and since when none may.
    pub(in crate::webhooks) fn set_policy(&self, webhook: &Webhook, health: &Health) {
        let now = self.db.now();
        let gate = health.breaker.gate(now.as_ms());
        let limit = if webhook.is_ordered { 1 } else { self.settings.concurrency_per_webhook };
        let (concurrency, blocked_until_mono_ms) = match gate {
            _ if !webhook.is_enabled() => (limit, Some(u64::MAX)),
            Gate::Closed | Gate::HalfOpen => (limit, None),
            Gate::Open { until_ms } => {
                let left = crate::base::Timestamp::from_ms(until_ms).ms_since(now);
                (limit, Some(self.db.clock().mono_ms().saturating_add(left)))
            }
        };
        let policy = GroupPolicy {
            concurrency: Some(concurrency),
            rate_per_second: webhook.rate_limit.map(f64::from),
            blocked_until_mono_ms,
            is_one_by_one: gate != Gate::Closed,
            is_ordered: webhook.is_ordered,
        };
        self.queues.set_group_policy(&QueueName::trusted(QueueName::WEBHOOK), webhook.company, webhook.id.hi(), policy);
    }

    /// Takes back what [`Shared::set_policy`] told of a webhook that is deleted.
    pub(in crate::webhooks) fn forget_policy(&self, company: CompanyId, webhook_hi: u64) {
        let queue = QueueName::trusted(QueueName::WEBHOOK);
        self.queues.set_group_policy(&queue, company, webhook_hi, GroupPolicy::default());
    }

    /// Cancels a job; one that is finished, or that retention has removed, is left alone.
    pub(in crate::webhooks) fn cancel_job(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        job: crate::base::JobId,
    ) -> Result<(), Error> {
        match self.queues.cancel(tx, company, job) {
            Ok(_) | Err(queue::Error::NotFound(_) | queue::Error::WrongState { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
