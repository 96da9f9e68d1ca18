//! Replays: counted, then done once.

use super::{BY, COMPANY, DeliveryState, Error, NewWebhook, Receiver, START, World, order, settings};
use crate::{
    base::DeliveryId,
    queue::State,
    storage::space::Headroom,
    webhooks::{
        Replay,
        model::{Delivery, Trigger},
        retry::Preset,
        store::{self, DeliveryQuery},
    },
};

#[tokio::test]
async fn a_replay_delivers_what_failed_once_more_and_nothing_else() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let new = NewWebhook { retry: Preset::None.policy(), ..settings(&receiver.url(), &["*"]) };
    let (webhook, _) = world.create(new).await.unwrap();
    let count = 9;
    for number in 0..count {
        world.publish(if number % 3 == 0 { "order.created" } else { "order.paid" }, &order()).await;
        world.advance(1000).await;
    }
    world.wait_for_states(webhook.id, DeliveryState::Failed, count).await;
    receiver.set(Some((200, "")));
    let replay = Replay {
        webhook_id: webhook.id,
        since: START.plus_ms(1000),
        until: world.db.clock().now(),
        states: Vec::new(),
        event_types: vec!["order.created".to_owned()],
        after_hi: 0,
    };
    let (webhooks, wanted) = (world.webhooks.clone(), replay.clone());
    let counted = world.read(move |read| webhooks.count_replay(read, COMPANY, &wanted)).await.unwrap();
    assert_eq!(counted, (2, true), "the first is before the time asked for");
    assert_eq!(receiver.count(), count, "a count sends nothing");

    let webhooks = world.webhooks.clone();
    world.db.write(move |tx| webhooks.replay(tx, BY, &replay)).await.unwrap();
    world.wait_for_states(webhook.id, DeliveryState::Succeeded, 2).await;
    let deliveries = world.deliveries(webhook.id).await;
    assert_eq!(deliveries.len(), count + 2);
    let again: Vec<_> = deliveries.iter().filter(|one| one.trigger == Trigger::Replay).collect();
    assert!(again.iter().all(|one| one.event_type == "order.created"), "{again:?}");
    let received = receiver.wait_for(count + 2).await;
    assert_eq!(received.last().unwrap().header("x-novapulse-event"), Some("order.created"));
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_replay_larger_than_a_batch_is_done_to_its_end() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let count = 450;
    let webhooks = world.webhooks.clone();
    let published = world.db.write(move |tx| {
        for _ in 0..count {
            let event = webhooks.check_event(COMPANY, "a".to_owned(), "1".into(), None)?;
            webhooks.publish(tx, event)?;
        }
        Ok::<_, Error>(())
    });
    published.await.unwrap();
    world.wait_for_states(id, DeliveryState::Succeeded, count).await;
    let replay = Replay {
        webhook_id: id,
        since: START,
        until: START.plus_ms(1),
        states: vec!["succeeded".to_owned()],
        event_types: Vec::new(),
        after_hi: 0,
    };
    world.advance(1000).await;
    let webhooks = world.webhooks.clone();
    world.db.write(move |tx| webhooks.replay(tx, BY, &replay)).await.unwrap();
    world.wait_for_states(id, DeliveryState::Succeeded, 2 * count).await;
    assert_eq!(world.deliveries(id).await.len(), 2 * count);
    world.assert_consistent().await;
}

#[tokio::test]
async fn an_event_is_replayed_to_those_who_subscribe_now() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let published = world.publish("a", &order()).await;
    assert_eq!(published.deliveries, 0);
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let (webhooks, event) = (world.webhooks.clone(), published.message_id.clone());
    let count = world.db.write(move |tx| webhooks.replay_event(tx, BY, &event)).await.unwrap();
    assert_eq!(count, 1);
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("webhook-id"), Some(published.message_id.as_str()));
    let (webhooks, event) = (world.webhooks.clone(), published.message_id);
    let (event, deliveries) = world.read(move |read| webhooks.event(read, COMPANY, &event, 10)).await.unwrap();
    assert_eq!((event.deliveries, deliveries.len(), deliveries[0].webhook_hi()), (1, 1, id.hi()));
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_replay_waits_while_the_disk_is_nearly_full() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    world.wait_for_states(id, DeliveryState::Succeeded, 1).await;
    world.advance(1000).await;
    let replay = Replay {
        webhook_id: id,
        since: START,
        until: START.plus_ms(1),
        states: vec!["succeeded".to_owned()],
        event_types: Vec::new(),
        after_hi: 0,
    };
    let (webhooks, db) = (world.webhooks.clone(), world.db.clone());
    let written = world.db.write(move |tx| {
        let job = webhooks.replay(tx, BY, &replay)?;
        // After it is accepted and before it can begin.
        db.set_headroom(Headroom::Short);
        Ok::<_, Error>(job)
    });
    let job = written.await.unwrap();
    let started = std::time::Instant::now();
    loop {
        let queues = world.queues.clone();
        let state = world.read(move |read| queues.find(read, COMPANY, job)).await.unwrap().unwrap().state;
        if state == State::Delayed {
            break;
        }
        assert!(!state.is_terminal() && started.elapsed() < super::PATIENCE, "{state:?}");
        tokio::task::yield_now().await;
    }
    world.db.set_headroom(Headroom::Ample);
    world.advance(60_000).await;
    world.wait_for_states(id, DeliveryState::Succeeded, 2).await;
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_page_of_the_log_with_large_attempts_ends_early() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    let first = world.newest(id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    let mut attempt = world.attempts(first.id).await.remove(0);
    attempt.body = vec![b'x'; 1 << 20].into();
    let written = world.db.write(move |tx| {
        for _ in 0..20 {
            let delivery = DeliveryId::from_raw(tx.mint_with(id.hi()));
            store::insert_finished(tx, &Delivery { id: delivery, ..first.clone() }, attempt.clone())?;
        }
        Ok::<_, Error>(())
    });
    written.await.unwrap();
    let (mut sizes, mut before_hi) = (Vec::new(), None);
    loop {
        let webhooks = world.webhooks.clone();
        let query = DeliveryQuery { limit: 250, scan_limit: 10_000, before_hi, ..DeliveryQuery::default() };
        let (page, next) = world.read(move |read| webhooks.log(read, COMPANY, id, &query)).await.unwrap();
        sizes.push(page.len());
        before_hi = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [8, 8, 5]);
    world.assert_consistent().await;
}
