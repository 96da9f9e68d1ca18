//! The circuit breaker at work, and the two reasons to disable a webhook.

use std::time::Duration;

use serde_json::Value;

use super::{COMPANY, DeliveryState, Receiver, World, order};
use crate::{
    audit,
    webhooks::{
        breaker::FAILURES_TO_OPEN,
        model::{DisabledReason, FAILING_MS_MAX, GRACE_SECONDS_DEFAULT},
        service::settle::{Settle, record_health},
        store,
    },
};

#[tokio::test]
async fn an_open_breaker_holds_deliveries_without_using_attempts_and_a_probe_closes_it() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    for _ in 0..FAILURES_TO_OPEN {
        world.publish("a", &order()).await;
    }
    receiver.wait_for(FAILURES_TO_OPEN as usize).await;
    world.newest(id, "all have failed once", |one| one.attempts == 1).await;
    let endpoint = world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap();
    let started = std::time::Instant::now();
    while endpoint.live.open_for_ms(world.db.clock().now()).is_none() {
        assert!(started.elapsed() < super::PATIENCE, "the breaker opens");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seen = receiver.count();

    world.publish("late", &order()).await;
    world.advance(7_000).await;
    receiver.set(Some((200, "")));
    let late = world.newest(id, "it is there", |one| one.event_type == "late").await;
    assert_eq!((late.state, late.attempts), (DeliveryState::Pending, 0));
    assert_eq!(receiver.count(), seen, "nothing is sent while the breaker is open");

    world.advance(23_000).await;
    // The pool sleeps in real time; an event wakes it.
    world.publish("last", &order()).await;
    world.wait_for_states(id, DeliveryState::Succeeded, FAILURES_TO_OPEN as usize + 2).await;
    assert!(endpoint.live.is_clean());
    let attempts = world.deliveries(id).await.iter().map(|one| one.attempts).max();
    assert_eq!(attempts, Some(2), "waiting on the breaker used no attempt");
    world.assert_consistent().await;
}

#[tokio::test]
async fn two_gone_answers_in_a_row_disable_the_webhook_and_tell_the_company() {
    let world = World::new().await;
    let gone = Receiver::start(Some((410, ""))).await;
    let watcher = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&gone.url(), &["order.*", "webhook.disabled"]).await;
    world.webhook(&watcher.url(), &["webhook.disabled"]).await;
    world.publish("order.created", &order()).await;
    world.newest(id, "the first answer is in", |one| one.attempts == 1).await;
    assert!(world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap().webhook.is_enabled());
    world.publish("order.created", &order()).await;

    let told = watcher.wait_for(1).await.remove(0);
    let body: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((body["type"].as_str(), body["data"]["reason"].as_str()), (Some("webhook.disabled"), Some("gone")));
    assert_eq!(body["data"]["webhook_id"], id.to_string());
    // The commit that disables runs its calls one after another: the delivery may be out before the directory knows.
    world.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    let endpoint = world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap();
    assert_eq!(endpoint.webhook.disabled.map(|(reason, _)| reason), Some(DisabledReason::Gone));
    let query = audit::Query { action: Some("webhook.disable".to_owned()), ..audit::Query::default() };
    let (entries, _) = world.read(move |read| audit::list(read, COMPANY, &query, None, (10, 100))).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].actor.0.as_str(), entries[0].object.clone()), ("system", id.to_string()));
    assert_eq!(entries[0].after["disabled_reason"], "gone");
    assert_eq!(world.publish("order.created", &order()).await.deliveries, 0);
    let types: Vec<String> = world.deliveries(id).await.into_iter().map(|one| one.event_type).collect();
    assert_eq!(types, ["order.created", "order.created"], "it is not told of its own end");
    world.advance(60_000).await;
    assert_eq!(gone.count(), 2, "a disabled webhook gets no retries either");

    gone.set(Some((200, "")));
    world.update(id, |wanted| wanted.is_enabled = true).await;
    world.advance(60_000).await;
    world.wait_for_states(id, DeliveryState::Succeeded, 2).await;
    world.assert_consistent().await;
}

#[tokio::test]
async fn five_days_of_only_failing_disable_the_webhook() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let is_enabled = || world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap().webhook.is_enabled();
    world.publish("a", &order()).await;
    world.newest(id, "one fails", |one| one.attempts == 1).await;
    world.advance(FAILING_MS_MAX - GRACE_SECONDS_DEFAULT * 1000).await;
    world.publish("b", &order()).await;
    world.newest(id, "the next fails", |one| one.event_type == "b" && one.attempts >= 1).await;
    assert!(is_enabled(), "not before five days are over");
    world.advance(GRACE_SECONDS_DEFAULT * 1000 + 1000).await;
    world.publish("c", &order()).await;
    let started = std::time::Instant::now();
    while is_enabled() {
        assert!(started.elapsed() < super::PATIENCE, "the webhook is disabled");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_success_undoes_a_failure_of_the_same_group() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    let failed = world.newest(id, "it fails once", |one| one.attempts == 1).await;
    let attempt = world.attempts(failed.id).await.remove(0);
    world.update(id, |wanted| wanted.is_enabled = false).await;
    world.update(id, |wanted| wanted.is_enabled = true).await;
    let shared = world.webhooks.shared.clone();
    let endpoint = shared.directory.find(COMPANY, id.hi()).unwrap();
    assert!(endpoint.live.is_clean(), "enabling forgets the failure");
    let end = move |is_success: bool| Settle {
        company: COMPANY,
        webhook: id,
        delivery: failed.id,
        live: endpoint.live.clone(),
        attempt: attempt.clone(),
        is_success,
        wants_no_more: false,
    };
    let health = world.db.write(move |tx| {
        record_health(tx, &shared, &end(false))?;
        record_health(tx, &shared, &end(true))?;
        store::health(tx, COMPANY, id.hi())
    });
    assert!(health.await.unwrap().is_clean());
    assert!(world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap().live.is_clean());
}
