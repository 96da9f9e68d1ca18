//! Retention by age and by bytes, and repair of deliveries whose job is gone.

use super::{BY, COMPANY, DeliveryState, NewWebhook, Receiver, Settings, World, order, settings};
use crate::{
    events,
    queue::State,
    webhooks::{
        Error,
        retry::{Preset, RetryPolicy, Schedule},
        service::stats::Window,
        store,
    },
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

#[tokio::test]
async fn a_pending_delivery_fails_when_its_event_is_past_the_retention() {
    let world = World::with(Settings { keep_ms: 10 * DAY_MS, ..Settings::default() }).await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let new = NewWebhook { retry: Preset::Patient.policy(), ..settings(&receiver.url(), &["*"]) };
    let (webhook, _) = world.create(new).await.unwrap();
    let published = world.publish("a", &order()).await;
    world.newest(webhook.id, "it waits", |one| one.next_attempt_at.is_some()).await;
    world.update(webhook.id, |wanted| wanted.is_enabled = false).await;
    // More notes about deliveries than one transaction takes.
    world.update(webhook.id, |wanted| wanted.is_enabled = true).await;
    for _ in 0..20 {
        let (webhooks, event) = (world.webhooks.clone(), published.message_id.clone());
        world.db.write(move |tx| webhooks.replay_event(tx, BY, &event)).await.unwrap();
    }
    world.update(webhook.id, |wanted| wanted.is_enabled = false).await;
    world.advance(11 * DAY_MS).await;
    let is_waiting = |one: &crate::webhooks::model::Delivery| one.state == DeliveryState::Pending;
    let waiting = world.deliveries(webhook.id).await.into_iter().filter(is_waiting).count();
    assert_eq!(waiting, 21);
    let done = world.webhooks.maintain_once().await.unwrap();
    assert_eq!((done.events, done.repaired), (1, 0));
    assert_eq!(done.deliveries, 21, "they are as old as their event, and go with the same run");
    assert!(world.deliveries(webhook.id).await.is_empty());
    let jobs = world.queues.clone();
    let waiting = world.read(move |read| jobs.stats(read, COMPANY)).await.unwrap();
    let webhook_queue = waiting.into_iter().find(|stats| stats.queue.as_str() == "webhook").unwrap();
    let unfinished = [State::Waiting, State::Delayed, State::Retrying].map(|state| webhook_queue.count(state));
    assert_eq!(unfinished, [0, 0, 0], "no job stays behind");
    world.assert_consistent().await;
}

#[tokio::test]
async fn what_finishes_behind_the_scan_goes_later() {
    let world = World::with(Settings { keep_ms: 10 * DAY_MS, keep_bytes: 30_000, ..Settings::default() }).await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let retry = RetryPolicy::new(Schedule::List(vec![5 * DAY_MS]), 0).unwrap();
    let (webhook, _) = world.create(NewWebhook { retry, ..settings(&receiver.url(), &["*"]) }).await.unwrap();
    world.publish("slow", &order()).await;
    world.newest(webhook.id, "it waits", |one| one.next_attempt_at.is_some()).await;
    receiver.set(Some((200, "")));
    for number in 0..60 {
        world.publish("quick", &order()).await;
        world.wait_for_states(webhook.id, DeliveryState::Succeeded, number + 1).await;
        world.advance(1000).await;
    }
    for _ in 0..3 {
        world.webhooks.maintain_once().await.unwrap();
    }
    let left = world.deliveries(webhook.id).await;
    assert!(left.len() < 60 && left.last().unwrap().event_type == "slow", "the scan is past the one that waits");
    world.advance(5 * DAY_MS).await;
    world.wait_for_states(webhook.id, DeliveryState::Succeeded, left.len()).await;
    world.advance(6 * DAY_MS).await;
    world.webhooks.maintain_once().await.unwrap();
    assert!(world.deliveries(webhook.id).await.is_empty());
    world.assert_consistent().await;
}

#[tokio::test]
async fn deleted_webhooks_are_looked_at_in_turn() {
    let world = World::new().await;
    let webhooks = world.webhooks.clone();
    let created = world.db.write(move |tx| {
        let mut ids = Vec::new();
        for number in 0..=1000 {
            let name = if number < 1000 { "a" } else { "b" };
            ids.push(webhooks.create(tx, BY, settings("http://127.0.0.1:9999/", &[name]))?.0.id);
        }
        Ok::<_, Error>(ids)
    });
    let mut ids = created.await.unwrap();
    ids.sort_unstable_by_key(|id| id.hi());
    let last = *ids.last().unwrap();
    let webhooks = world.webhooks.clone();
    let deleted = world.db.write(move |tx| {
        let event = webhooks.check_event(COMPANY, "a".to_owned(), "1".into(), None)?;
        assert_eq!(webhooks.publish(tx, event)?.deliveries, 1000);
        ids.into_iter().try_for_each(|id| webhooks.delete(tx, BY, id))
    });
    deleted.await.unwrap();
    world.webhooks.maintain_once().await.unwrap();
    world.webhooks.maintain_once().await.unwrap();
    let found = world.read(move |read| store::find_deleted(read, COMPANY, last.hi())).await.unwrap();
    assert_eq!(found, None, "nothing is left of it, and a thousand before it keep their log");
    world.assert_consistent().await;
}

#[tokio::test]
async fn the_figures_of_a_rare_webhook_stay_for_their_time() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let total = async || {
        let webhooks = world.webhooks.clone();
        world.read(move |read| webhooks.stats(read, COMPANY, id, Window::Week)).await.unwrap().total.succeeded
    };
    for count in 1..=3 {
        world.publish("a", &order()).await;
        world.wait_for_states(id, DeliveryState::Succeeded, count).await;
        world.advance(DAY_MS + 3 * 3_600_000).await;
        for _ in 0..2 {
            world.webhooks.maintain_once().await.unwrap();
            assert_eq!(total().await, count as u64);
        }
    }
    world.advance(91 * DAY_MS).await;
    world.webhooks.maintain_once().await.unwrap();
    let hi = id.hi();
    let now = world.db.clock().now();
    let left = world.read(move |read| store::has_old_stats(read, COMPANY, hi, now, now)).await.unwrap();
    assert!(!left, "no history keeps them, and none is needed to remove them");
}
