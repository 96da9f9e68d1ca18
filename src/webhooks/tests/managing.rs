//! Creating, changing, deleting; cancelling and trying again; limits.

use serde_json::json;

use super::{BY, COMPANY, DeliveryState, Error, NewWebhook, Receiver, World, order, settings};
use crate::{
    base::{CompanyId, RawId},
    events,
    queue::State,
    webhooks::{model::WEBHOOKS_MAX, response::FailureKind, service::delete::CANCEL_AT_ONCE_MAX},
};

fn pointers(result: Result<impl std::fmt::Debug, Error>) -> Vec<String> {
    match result {
        Err(Error::Invalid(refused)) => refused.into_iter().map(|one| one.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn refused_settings_are_all_named() {
    let world = World::new().await;
    let good = settings("http://127.0.0.1:9999/", &["*"]);
    for url in [
        "ftp://example.com/",
        "http://user:password@example.com/",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest",
        "not a url",
        "",
    ] {
        let new = NewWebhook { url: url.to_owned(), ..good.clone() };
        assert_eq!(pointers(world.create(new).await), ["/url"], "{url}");
    }
    let bad = NewWebhook {
        events: vec!["order.*.x".to_owned(), "ok".to_owned(), String::new()],
        description: "x".repeat(1001),
        headers: vec![("Host".to_owned(), "x".to_owned())],
        timeout_ms: Some(31_000),
        rate_limit: Some(0),
        filter: Some(json!({ "a": { "$like": "x" } })),
        secret: Some("short".to_owned()),
        ..good.clone()
    };
    let expected = [
        "/events/0",
        "/events/2",
        "/headers/Host",
        "/timeout_ms",
        "/rate_limit",
        "/description",
        "/filter/a/$like",
        "/secret",
    ];
    assert_eq!(pointers(world.create(bad).await), expected);
    assert_eq!(pointers(world.create(NewWebhook { events: Vec::new(), ..good }).await), ["/events"]);
    world.assert_consistent().await;
}

#[tokio::test]
async fn ten_thousand_webhooks_fit_and_the_next_is_refused() {
    let world = World::new().await;
    let webhooks = world.webhooks.clone();
    let created = world.db.write(move |tx| {
        for number in 0..WEBHOOKS_MAX {
            let url = format!("http://127.0.0.1:9999/{number}");
            let name = format!("type.{number}");
            webhooks.create(tx, BY, settings(&url, &[&name]))?;
        }
        Ok::<_, Error>(())
    });
    created.await.unwrap();
    let refused = world.create(settings("http://127.0.0.1:9999/", &["*"])).await;
    assert!(matches!(refused, Err(Error::Limit { limit: WEBHOOKS_MAX, .. })));
    let started = std::time::Instant::now();
    for number in 0..100 {
        assert_eq!(world.publish(&format!("type.{number}"), &order()).await.deliveries, 1);
    }
    assert!(started.elapsed().as_secs() < 10, "matching does not walk over all webhooks");
    world.assert_consistent().await;
}

#[tokio::test]
async fn deleting_stops_the_attempt_under_way_and_cancels_what_waits() {
    let world = World::new().await;
    let receiver = Receiver::start(None).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    for _ in 0..3 {
        world.publish("a", &order()).await;
    }
    receiver.wait_for(3).await;
    world.delete(id).await;
    let deliveries = world.deliveries(id).await;
    assert!(deliveries.iter().all(|one| one.state == DeliveryState::Cancelled), "{deliveries:?}");
    assert_eq!(world.publish("a", &order()).await.deliveries, 0);
    world.advance(3_600_000).await;
    assert_eq!(receiver.count(), 3, "nothing is sent after the deletion");
    let done = world.webhooks.maintain_once().await.unwrap();
    assert_eq!((done.cancelled, done.deliveries), (0, 0), "the log stays for its time");
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_large_backlog_is_cancelled_in_the_background_and_never_sent() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.update(id, |wanted| wanted.is_enabled = true).await;
    let count = CANCEL_AT_ONCE_MAX + 100;
    // Published and deleted in one transaction, so that none is sent before.
    let webhooks = world.webhooks.clone();
    let written = world.db.write(move |tx| {
        for _ in 0..count {
            let event = webhooks.check_event(COMPANY, "a".to_owned(), "1".into(), None)?;
            webhooks.publish(tx, event)?;
        }
        webhooks.delete(tx, BY, id)
    });
    written.await.unwrap();
    let (webhooks, newest) = (world.webhooks.clone(), world.deliveries(id).await[0].id);
    let (shown, ..) = world.read(move |read| webhooks.delivery(read, COMPANY, newest)).await.unwrap();
    assert_eq!((shown.state, shown.finished_at), (DeliveryState::Cancelled, Some(super::START)), "at once");
    // The pool comes to them before or after the maintenance does; both cancel.
    world.wait_for_states(id, DeliveryState::Cancelled, count - 50).await;
    let done = world.webhooks.maintain_once().await.unwrap();
    assert!(done.cancelled <= 100, "{done:?}");
    // The pool may still be ending one that it had taken.
    world.wait_for_states(id, DeliveryState::Cancelled, count).await;
    let deliveries = world.deliveries(id).await;
    let (queues, job) = (world.queues.clone(), deliveries[0].job.unwrap());
    let job = world.read(move |read| queues.find(read, COMPANY, job)).await.unwrap().unwrap();
    assert_eq!(job.state, State::Cancelled, "and no job is among the dead letters");
    assert_eq!(deliveries.iter().filter(|one| one.state == DeliveryState::Cancelled).count(), count);
    assert_eq!(receiver.count(), 0);
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_test_under_way_ends_with_its_webhook() {
    let world = World::new().await;
    let receiver = Receiver::start(None).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let webhooks = world.webhooks.clone();
    let testing = tokio::spawn(async move { webhooks.test(BY, id, super::PATIENCE).await });
    receiver.wait_for(1).await;
    world.delete(id).await;
    assert!(matches!(testing.await.unwrap(), Err(Error::NotFound(_))));
    assert!(world.deliveries(id).await.is_empty(), "nothing of it is recorded");
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_test_ends_within_the_time_of_its_caller() {
    let world = World::new().await;
    let receiver = Receiver::start(None).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let within = std::time::Duration::from_millis(200);
    let (delivery, attempt) = world.webhooks.test(BY, id, within).await.unwrap();
    assert_eq!((delivery.state, attempt.failure), (DeliveryState::Failed, Some(FailureKind::Timeout)));
    assert_eq!(world.deliveries(id).await, [delivery]);
}

#[tokio::test]
async fn trying_again_keeps_the_place_in_an_ordered_webhook() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let new = NewWebhook { is_ordered: true, ..settings(&receiver.url(), &["*"]) };
    let (webhook, _) = world.create(new).await.unwrap();
    for number in 0..3 {
        world.publish("a", &json!(number)).await;
    }
    receiver.wait_for(1).await;
    let started = std::time::Instant::now();
    let first = loop {
        let first = world.deliveries(webhook.id).await.pop().unwrap();
        if first.next_attempt_at.is_some() {
            break first;
        }
        assert!(started.elapsed() < super::PATIENCE, "{first:?}");
        tokio::task::yield_now().await;
    };
    receiver.set(Some((200, "")));
    let (webhooks, delivery) = (world.webhooks.clone(), first.id);
    let retried = world.db.write(move |tx| webhooks.retry(tx, BY, delivery)).await.unwrap();
    assert_eq!(retried.job, first.job, "the same job goes on");
    world.wait_for_states(webhook.id, DeliveryState::Succeeded, 3).await;
    let numbers: Vec<serde_json::Value> = receiver
        .wait_for(4)
        .await
        .iter()
        .map(|one| serde_json::from_slice::<serde_json::Value>(&one.body).unwrap()["data"].clone())
        .collect();
    assert_eq!(numbers, [0, 0, 1, 2].map(serde_json::Value::from));
    world.assert_consistent().await;
}

#[tokio::test]
async fn duplicates_do_not_count_toward_the_deliveries_of_a_batch() {
    let world = World::new().await;
    let event =
        |id: &str| world.webhooks.check_event(COMPANY, "a".to_owned(), "1".into(), Some(id.to_owned())).unwrap();
    let (first, again) = (event("one"), [event("one"), event("one"), event("two")]);
    let webhooks = world.webhooks.clone();
    let published = world.db.write(move |tx| {
        let first = webhooks.publish(tx, first)?;
        let stored = events::find(tx, COMPANY, first.id)?.unwrap();
        events::set_deliveries(tx, &stored, events::DELIVERIES_MAX)?;
        webhooks.publish_batch(tx, again.to_vec()).map_err(|(_, error)| error)
    });
    let published = published.await.unwrap();
    assert_eq!(published.iter().map(|one| one.is_duplicate).collect::<Vec<_>>(), [true, true, false]);
}

#[tokio::test]
async fn a_paused_webhook_keeps_its_deliveries_until_it_is_enabled() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    world.newest(id, "it failed once", |one| one.attempts == 1).await;
    world.update(id, |wanted| wanted.is_enabled = false).await;
    receiver.set(Some((200, "")));
    world.advance(600_000).await;
    world.advance(600_000).await;
    assert_eq!((receiver.count(), world.deliveries(id).await[0].state), (1, DeliveryState::Pending));
    world.update(id, |wanted| wanted.is_enabled = true).await;
    world.advance(60_000).await;
    world.newest(id, "it is delivered", |one| one.state == DeliveryState::Succeeded).await;
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_delivery_can_be_cancelled_and_tried_again() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    let delivery = world.newest(id, "it waits", |one| one.next_attempt_at.is_some()).await.id;
    let webhooks = world.webhooks.clone();
    let cancelled = world.db.write(move |tx| webhooks.cancel(tx, BY, delivery)).await.unwrap();
    assert_eq!((cancelled.state, cancelled.attempts), (DeliveryState::Cancelled, 1));
    world.advance(60_000).await;
    assert_eq!(receiver.count(), 1);
    let webhooks = world.webhooks.clone();
    let again = world.db.write(move |tx| webhooks.cancel(tx, BY, delivery)).await;
    assert!(matches!(again, Err(Error::State(_))), "{again:?}");

    receiver.set(Some((200, "")));
    let webhooks = world.webhooks.clone();
    let retried = world.db.write(move |tx| webhooks.retry(tx, BY, delivery)).await.unwrap();
    assert_eq!(retried.state, DeliveryState::Pending);
    let done = world.newest(id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    assert_eq!((done.id, done.attempts), (delivery, 2));
    let attempts = world.attempts(delivery).await;
    assert_eq!(attempts.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(500), Some(200)]);

    let other = CompanyId::from_raw(RawId { hi: 8, lo: 8 });
    let webhooks = world.webhooks.clone();
    let foreign = world.db.write(move |tx| webhooks.retry(tx, (other, BY.1), delivery)).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))), "{foreign:?}");
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_retry_does_not_wait_for_its_time_when_asked() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    let waiting = world.newest(id, "it waits", |one| one.next_attempt_at.is_some()).await;
    receiver.set(Some((200, "")));
    let (webhooks, delivery) = (world.webhooks.clone(), waiting.id);
    world.db.write(move |tx| webhooks.retry(tx, BY, delivery)).await.unwrap();
    world.newest(id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    world.advance(60_000).await;
    assert_eq!(receiver.count(), 2, "the job it replaced does not run");
    world.assert_consistent().await;
}

#[tokio::test]
async fn webhooks_and_what_waits_survive_a_crash() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    world.newest(id, "it waits", |one| one.next_attempt_at.is_some()).await;
    let world = world.crash().await;
    receiver.set(Some((200, "")));
    world.advance(10_000).await;
    let done = world.newest(id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    assert_eq!(done.attempts, 2);
    assert_eq!(world.publish("a", &order()).await.deliveries, 1);
    world.assert_consistent().await;
}
