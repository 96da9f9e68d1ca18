//! Retention by age and by bytes, and repair of deliveries whose job is gone.

use super::{COMPANY, DeliveryState, NewWebhook, Receiver, Settings, World, order, settings};
use crate::{
    events,
    webhooks::{retry::Preset, store},
};

const DAY_MS: u64 = 24 * 3600 * 1000;

#[tokio::test]
async fn events_deliveries_and_attempts_go_after_their_time() {
    let world = World::with(Settings { keep_ms: 10 * DAY_MS, ..Settings::default() }).await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let old = world.publish("old", &order()).await;
    world.wait_for_states(id, DeliveryState::Succeeded, 1).await;
    world.advance(9 * DAY_MS).await;
    world.publish("young", &order()).await;
    world.wait_for_states(id, DeliveryState::Succeeded, 2).await;
    assert_eq!(world.webhooks.maintain_once().await.unwrap().deliveries, 0);
    world.advance(2 * DAY_MS).await;
    let done = world.webhooks.maintain_once().await.unwrap();
    assert_eq!((done.events, done.deliveries), (1, 1));
    assert_eq!(world.deliveries(id).await[0].event_type, "young");
    let gone = world.read(move |read| events::find(read, COMPANY, old.id)).await.unwrap();
    assert!(gone.is_none());
    world.advance(20 * DAY_MS).await;
    world.webhooks.maintain_once().await.unwrap();
    let left = world.read(|read| (store::stored_bytes(read, COMPANY), events::stored_bytes(read, COMPANY))).await;
    assert_eq!((left.0.unwrap(), left.1.unwrap()), (0, 0), "the counters come back to nothing");
    world.assert_consistent().await;
}

#[tokio::test]
async fn the_oldest_go_first_when_there_are_too_many_bytes() {
    let world = World::with(Settings { keep_bytes: 40_000, ..Settings::default() }).await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    for number in 0..100 {
        world.publish("a", &"x".repeat(900).into()).await;
        world.wait_for_states(id, DeliveryState::Succeeded, number + 1).await;
        world.advance(60_000).await;
    }
    for _ in 0..10 {
        world.webhooks.maintain_once().await.unwrap();
    }
    let (bytes, event_bytes) =
        world.read(|read| (store::stored_bytes(read, COMPANY), events::stored_bytes(read, COMPANY))).await;
    assert!(bytes.unwrap() <= 40_000 && event_bytes.unwrap() <= 40_000);
    let left = world.deliveries(id).await;
    assert!(!left.is_empty() && left[0].created_at() > left[left.len() - 1].created_at());
    assert_eq!(world.deliveries(id).await[0].state, DeliveryState::Succeeded);
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_delivery_whose_job_is_gone_is_given_up() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let new = NewWebhook { retry: Preset::Patient.policy(), ..settings(&receiver.url(), &["*"]) };
    let (webhook, _) = world.create(new).await.unwrap();
    world.publish("a", &order()).await;
    let delivery = world.newest(webhook.id, "it waits", |one| one.next_attempt_at.is_some()).await;
    assert_eq!(world.webhooks.maintain_once().await.unwrap().repaired, 0);
    let (queues, job) = (world.queues.clone(), delivery.job.unwrap());
    world.db.write(move |tx| queues.cancel(tx, COMPANY, job)).await.unwrap();
    assert_eq!(world.webhooks.maintain_once().await.unwrap().repaired, 1);
    let failed = world.deliveries(webhook.id).await.remove(0);
    assert_eq!((failed.state, failed.attempts), (DeliveryState::Failed, 1));
    assert_eq!(world.attempts(failed.id).await.len(), 1);
    world.assert_consistent().await;
}
