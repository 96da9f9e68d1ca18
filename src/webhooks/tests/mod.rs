//! The slice with a queue, a store in memory, a clock that is moved by hand, and a receiver on loopback.

mod breaking;
mod delivering;
mod managing;
mod receiver;
mod replaying;
mod retaining;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    DeliveryState, Directory, Error, FanOut, Metrics, NewWebhook, Parts, Settings, Webhook, Webhooks,
    model::{Attempt, Delivery, Secrets},
    retry::RetryPolicy,
    store::{self, DeliveryQuery},
};
use crate::{
    audit::Origin,
    base::{CompanyId, DeliveryId, ManualClock, RawId, SealKey, SeededRandom, Timestamp, WebhookId},
    events::{Events, Published},
    mail::Mail,
    outbound::{Client, Policy, Settings as OutboundSettings},
    queue::{Handlers, QueueConfig, QueueName, Queues},
    storage::{Db, Snapshot, engine::memory::MemoryEngine},
};

use receiver::Receiver;

const PATIENCE: Duration = Duration::from_secs(20);
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);
const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 70 });
/// Who makes the changes.
const BY: (CompanyId, &Origin) = (COMPANY, &Origin::machine());

/// Everything below the API.
struct World {
    engine: MemoryEngine,
    clock: Arc<ManualClock>,
    db: Db,
    queues: Queues,
    webhooks: Webhooks,
    settings: Settings,
    is_loopback_allowed: bool,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl World {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        Self::open(MemoryEngine::default(), Arc::new(ManualClock::new(START)), settings, true).await
    }

    async fn open(
        engine: MemoryEngine,
        clock: Arc<ManualClock>,
        settings: Settings,
        is_loopback_allowed: bool,
    ) -> Self {
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7))).unwrap();
        let queues = Queues::open(db.clone(), QueueConfig { cores: 1, ..QueueConfig::default() }).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let policy = Policy::default().deny_ports([]);
        let policy = if is_loopback_allowed { policy.allow_loopback() } else { policy };
        let outbound = Client::new(OutboundSettings::new(policy), &tracker, stop.clone()).unwrap();
        let directory = Directory::default();
        let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
        let fan_out = FanOut::new(directory.clone(), queues.clone(), metrics.clone());
        let events = Events::new(vec![Arc::new(fan_out)]);
        let webhooks = Webhooks::open(Parts {
            db: db.clone(),
            queues: queues.clone(),
            events,
            outbound,
            seal: Arc::new(SealKey::from_bytes(&[9; 32])),
            directory,
            settings: settings.clone(),
            metrics,
            mail: Mail::new(db.clone(), Arc::new(SealKey::from_bytes(&[9; 32]))),
        })
        .unwrap();
        queues.start(&tracker, &stop);
        let handlers = Handlers::default().with(webhooks.deliver()).with(webhooks.replay_batch());
        queues.start_pool(&QueueName::trusted(QueueName::WEBHOOK), handlers, &tracker, &stop).unwrap();
        Self { engine, clock, db, queues, webhooks, settings, is_loopback_allowed, tracker, stop }
    }

    /// Ends the process in the middle of things and starts it again on what is durable.
    async fn crash(self) -> Self {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop((self.queues, self.webhooks));
        let db = self.db;
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        self.engine.crash();
        Self::open(self.engine, self.clock, self.settings, self.is_loopback_allowed).await
    }

    /// Fails when what is stored contradicts itself.
    async fn assert_consistent(&self) {
        let mut findings = Vec::new();
        let findings = self
            .read(move |read| super::check(read, &mut |finding| findings.push(finding)).map(|()| findings))
            .await
            .unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
    }

    /// A webhook with these settings.
    async fn create(&self, new: NewWebhook) -> Result<(Webhook, Secrets), Error> {
        let webhooks = self.webhooks.clone();
        self.db.write(move |tx| webhooks.create(tx, BY, new)).await
    }

    /// A webhook that gets these events at this URL.
    async fn webhook(&self, url: &str, events: &[&str]) -> WebhookId {
        self.create(settings(url, events)).await.unwrap().0.id
    }

    async fn update(&self, id: WebhookId, change: impl FnOnce(&mut NewWebhook) + Send + 'static) -> Webhook {
        let webhooks = self.webhooks.clone();
        let updated = self.db.write(move |tx| {
            webhooks.update(tx, BY, id, |_, _, wanted| {
                change(wanted);
                Ok::<_, Error>(())
            })
        });
        updated.await.unwrap().0
    }

    async fn delete(&self, id: WebhookId) {
        let webhooks = self.webhooks.clone();
        self.db.write(move |tx| webhooks.delete(tx, BY, id)).await.unwrap();
    }

    async fn publish(&self, event_type: &str, data: &Value) -> Published {
        let data = Bytes::from(data.to_string());
        let event = self.webhooks.check_event(COMPANY, event_type.to_owned(), data, None).unwrap();
        let webhooks = self.webhooks.clone();
        self.db.write(move |tx| webhooks.publish(tx, event)).await.unwrap()
    }

    async fn read<T: Send + 'static>(&self, closure: impl FnOnce(&Snapshot) -> T + Send + 'static) -> T {
        self.db.read(closure).await.unwrap()
    }

    /// Every delivery of a webhook, newest first.
    async fn deliveries(&self, id: WebhookId) -> Vec<Delivery> {
        let query = DeliveryQuery { limit: 10_000, scan_limit: 100_000, ..DeliveryQuery::default() };
        let (listed, _) = self.read(move |read| store::list(read, COMPANY, id.hi(), &query)).await.unwrap();
        listed.into_iter().map(|(delivery, _)| delivery).collect()
    }

    async fn attempts(&self, id: DeliveryId) -> Vec<Attempt> {
        let webhooks = self.webhooks.clone();
        self.read(move |read| webhooks.delivery(read, COMPANY, id)).await.unwrap().1
    }

    /// Waits until the newest delivery of a webhook is as wanted.
    async fn newest(&self, id: WebhookId, what: &str, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
        let started = std::time::Instant::now();
        loop {
            let newest = self.deliveries(id).await.into_iter().next();
            match newest {
                Some(delivery) if wanted(&delivery) => return delivery,
                other => assert!(started.elapsed() < PATIENCE, "not in time: {what}: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a webhook has this many deliveries in a state.
    async fn wait_for_states(&self, id: WebhookId, state: DeliveryState, count: usize) {
        let started = std::time::Instant::now();
        loop {
            let deliveries = self.deliveries(id).await;
            if deliveries.iter().filter(|delivery| delivery.state == state).count() >= count {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "not {count} {state:?} in time: {deliveries:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Moves time and handles what is due.
    async fn advance(&self, ms: u64) {
        self.clock.advance_ms(ms);
        self.queues.run_timers().await.unwrap();
    }
}

fn settings(url: &str, events: &[&str]) -> NewWebhook {
    NewWebhook {
        url: url.to_owned(),
        events: events.iter().map(|name| (*name).to_owned()).collect(),
        is_enabled: true,
        retry: RetryPolicy::default(),
        ..NewWebhook::default()
    }
}

fn order() -> Value {
    json!({ "order_id": 42, "amount": 99.5 })
}
