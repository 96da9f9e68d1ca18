//! From an event to a signed request and its log.

use serde_json::{Value, json};

use super::{BY, COMPANY, DeliveryState, NewWebhook, PATIENCE, Receiver, START, World, order, settings};
use crate::{
    base::Timestamp,
    webhooks::{
        model::DisabledReason,
        response::FailureKind,
        retry::{RetryPolicy, Schedule},
        secret::Secret,
        service::stats::Window,
        signing::{SecretPair, Signer},
    },
};

#[tokio::test]
async fn an_event_arrives_signed_and_is_logged() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((201, "x-answer: yes\r\nset-cookie: session=1\r\n"))).await;
    let new = NewWebhook {
        headers: vec![
            ("Authorization".to_owned(), "Bearer s3cret".to_owned()),
            ("X-Tenant".to_owned(), "a".to_owned()),
        ],
        ..settings(&receiver.url(), &["order.*"])
    };
    let (webhook, secrets) = world.create(new).await.unwrap();
    let published = world.publish("order.created", &order()).await;
    assert_eq!(published.deliveries, 1);

    let received = receiver.wait_for(1).await.remove(0);
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(
        body,
        json!({ "id": published.message_id, "type": "order.created", "timestamp": START, "data": order() })
    );
    let signer = Signer::new(&SecretPair { secret: &secrets.current, seed: None }, None);
    let expected = signer.sign(&published.message_id, START, &received.body);
    let delivery = world.newest(webhook.id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    for (name, value) in [
        ("x-novapulse-signature", expected.novapulse.as_str()),
        ("webhook-signature", &expected.standard),
        ("webhook-id", &published.message_id),
        ("webhook-timestamp", &START.as_seconds().to_string()),
        ("x-novapulse-event", "order.created"),
        ("x-novapulse-webhook-id", &webhook.id.to_string()),
        ("x-novapulse-delivery-id", &delivery.id.to_string()),
        ("content-type", "application/json"),
        ("authorization", "Bearer s3cret"),
        ("x-tenant", "a"),
    ] {
        assert_eq!(received.header(name), Some(value), "{name}");
    }

    assert_eq!((delivery.attempts, delivery.last_status, delivery.next_attempt_at), (1, Some(201), None));
    let attempt = world.attempts(delivery.id).await.remove(0);
    assert_eq!((attempt.number, attempt.status, attempt.failure, &attempt.body[..]), (1, Some(201), None, &b"ok"[..]));
    assert!(attempt.request.contains("authorization: ***\n") && attempt.request.contains("x-tenant: a\n"));
    assert!(attempt.request.starts_with(&format!("POST {}\n", receiver.url())), "{}", attempt.request);
    assert!(attempt.response.contains("x-answer: yes\n") && attempt.response.contains("set-cookie: ***\n"));
    assert!(attempt.address.is_some() && attempt.phases.total_us > 0);

    let (webhooks, id) = (world.webhooks.clone(), webhook.id);
    let stats = world.read(move |read| webhooks.stats(read, COMPANY, id, Window::Hour)).await.unwrap();
    assert_eq!((stats.total.succeeded, stats.total.failed, stats.backlog), (1, 0, 0));
    assert_eq!(stats.sparkline.last(), Some(&(1, 0)));
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_failing_delivery_is_tried_four_times_with_the_same_body_and_id() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("order.created", &order()).await;
    for (attempts, delay_ms) in [(1, 5_000_i64), (2, 10_000), (3, 20_000)] {
        let delivery =
            world.newest(id, "it waits", |one| one.attempts == attempts && one.next_attempt_at.is_some()).await;
        let wait_ms = delivery.next_attempt_at.unwrap().as_ms() - world.db.clock().now().as_ms();
        assert!((delay_ms * 8 / 10..=delay_ms * 12 / 10).contains(&wait_ms), "{wait_ms} ms after attempt {attempts}");
        assert_eq!((delivery.state, delivery.last_status), (DeliveryState::Pending, Some(500)));
        world.advance(wait_ms.cast_unsigned()).await;
    }
    let delivery = world.newest(id, "it fails", |one| one.state == DeliveryState::Failed).await;
    assert_eq!((delivery.attempts, delivery.last_error.as_str()), (4, "the receiver answered 500"));
    let received = receiver.wait_for(4).await;
    assert!(received.iter().all(|one| one.body == received[0].body));
    assert!(received.iter().all(|one| one.header("webhook-id") == received[0].header("webhook-id")));
    assert_ne!(received[0].header("webhook-timestamp"), received[3].header("webhook-timestamp"));
    let attempts = world.attempts(delivery.id).await;
    assert_eq!(attempts.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    world.advance(3_600_000).await;
    assert_eq!(receiver.count(), 4, "a failed delivery is not tried again by itself");
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_retry_without_delay_follows_at_once() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let retry = RetryPolicy::new(Schedule::List(vec![0, 0]), 0).unwrap();
    let (webhook, _) = world.create(NewWebhook { retry, ..settings(&receiver.url(), &["*"]) }).await.unwrap();
    world.publish("a", &order()).await;
    let delivery = world.newest(webhook.id, "it fails", |one| one.state == DeliveryState::Failed).await;
    assert_eq!((delivery.attempts, receiver.count()), (3, 3));
    assert_eq!(world.attempts(delivery.id).await.len(), 3);
    let (webhooks, id) = (world.webhooks.clone(), webhook.id);
    let stats = world.read(move |read| webhooks.stats(read, COMPANY, id, Window::Hour)).await.unwrap();
    assert_eq!((stats.total.failed, stats.total.exhausted), (3, 1), "given up once, after the last");
    world.assert_consistent().await;
}

#[tokio::test]
async fn retry_after_is_honoured_and_redirects_are_not_followed() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((429, "retry-after: 90\r\n"))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("order.created", &order()).await;
    let delivery = world.newest(id, "it waits", |one| one.next_attempt_at.is_some()).await;
    assert_eq!(delivery.next_attempt_at, Some(START.plus_ms(90_000)));
    receiver.set(Some((302, "location: http://127.0.0.1:1/\r\n")));
    world.advance(90_000).await;
    let delivery = world.newest(id, "it waits again", |one| one.attempts == 2).await;
    assert_eq!((delivery.last_status, receiver.count()), (Some(302), 2));
    assert_eq!(world.attempts(delivery.id).await[1].failure, Some(FailureKind::Redirect));
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_refused_address_fails_at_once_and_for_good() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let world = World { is_loopback_allowed: false, ..world }.crash().await;
    world.publish("order.created", &order()).await;
    let delivery = world.newest(id, "it fails", |one| one.state == DeliveryState::Failed).await;
    assert_eq!((delivery.attempts, delivery.last_error.as_str()), (1, "address not allowed"));
    assert_eq!(world.attempts(delivery.id).await[0].failure, Some(FailureKind::Blocked));
    assert_eq!(receiver.count(), 0);
    assert!(world.create(settings(&receiver.url(), &["*"])).await.is_err(), "refused when saved, too");
    world.assert_consistent().await;
}

#[tokio::test]
async fn subscriptions_and_filters_choose_who_gets_an_event() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let url = receiver.url();
    let exact = world.webhook(&url, &["order.created"]).await;
    let prefix = world.webhook(&url, &["order.*", "order.created"]).await;
    let other = world.webhook(&url, &["invoice.*"]).await;
    let filter = Some(json!({ "amount": { "$gte": 100 } }));
    let (filtered, _) = world.create(NewWebhook { filter, ..settings(&url, &["*"]) }).await.unwrap();
    let disabled = NewWebhook { is_enabled: false, ..settings(&url, &["*"]) };
    let (disabled, _) = world.create(disabled).await.unwrap();

    assert_eq!(world.publish("order.created", &json!({ "amount": 99 })).await.deliveries, 2);
    assert_eq!(world.publish("order.created", &json!({ "amount": 100 })).await.deliveries, 3);
    assert_eq!(world.publish("order", &json!({ "amount": 1 })).await.deliveries, 0);
    receiver.wait_for(5).await;
    for (id, count) in [(exact, 2), (prefix, 2), (other, 0), (filtered.id, 1), (disabled.id, 0)] {
        assert_eq!(world.deliveries(id).await.len(), count);
    }
    world.assert_consistent().await;
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation_and_only_the_new_one_after() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((200, ""))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    let webhooks = world.webhooks.clone();
    let view = world.db.write(move |tx| webhooks.rotate(tx, BY, id, Some(60))).await.unwrap();
    let (old, _, until) = view.previous.clone().unwrap();
    assert_eq!(until, START.plus_ms(60_000));
    let (old, new) = (Secret::given(&old).unwrap(), Secret::given(&view.secret).unwrap());
    let sign = |secret: &Secret, event: &str, now: Timestamp, body: &[u8]| {
        Signer::new(&SecretPair { secret, seed: None }, None).sign(event, now, body)
    };

    let during = world.publish("a", &order()).await.message_id;
    let received = receiver.wait_for(1).await.remove(0);
    let (by_old, by_new) = (sign(&old, &during, START, &received.body), sign(&new, &during, START, &received.body));
    assert_eq!(received.header("x-novapulse-signature"), Some(by_old.novapulse.as_str()));
    assert_eq!(received.header("x-novapulse-signature-next"), Some(by_new.novapulse.as_str()));
    let both = received.header("webhook-signature").unwrap();
    assert!(both.contains(&by_old.standard) && both.contains(&by_new.standard));

    world.advance(60_000).await;
    let after = world.publish("a", &order()).await.message_id;
    let received = receiver.wait_for(2).await.remove(1);
    let by_new = sign(&new, &after, until, &received.body);
    assert_eq!(received.header("x-novapulse-signature"), Some(by_new.novapulse.as_str()));
    assert_eq!(received.header("webhook-signature"), Some(by_new.standard.as_str()));
    let webhooks = world.webhooks.clone();
    let view = world.db.write(move |tx| webhooks.secrets(tx, BY, id)).await.unwrap();
    assert!(view.previous.is_none());
    world.assert_consistent().await;
}

#[tokio::test]
async fn a_test_is_sent_at_once_also_to_a_disabled_webhook() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((418, ""))).await;
    let (webhook, _) =
        world.create(NewWebhook { is_enabled: false, ..settings(&receiver.url(), &["order.*"]) }).await.unwrap();
    let (delivery, attempt) = world.webhooks.test(BY, webhook.id, PATIENCE).await.unwrap();
    assert_eq!((delivery.state, attempt.status), (DeliveryState::Failed, Some(418)));
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-novapulse-event"), Some("webhook.test"));
    assert!(received.header("x-novapulse-signature").is_some());
    assert_eq!(world.deliveries(webhook.id).await, [delivery]);
    world.assert_consistent().await;
}

#[tokio::test]
async fn an_ordered_webhook_gets_one_at_a_time_in_order() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, ""))).await;
    let (webhook, _) =
        world.create(NewWebhook { is_ordered: true, ..settings(&receiver.url(), &["*"]) }).await.unwrap();
    for number in 0..5 {
        world.publish("a", &json!(number)).await;
    }
    receiver.wait_for(1).await;
    world.newest(webhook.id, "the newest still waits", |one| one.attempts == 0).await;
    assert_eq!(receiver.count(), 1, "the first holds back the others while it waits for its retry");
    receiver.set(Some((200, "")));
    let mut waited = 0;
    while receiver.count() < 6 {
        world.advance(1000).await;
        waited += 1;
        assert!(waited < 2000, "{} arrived", receiver.count());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let numbers: Vec<Value> = receiver
        .wait_for(6)
        .await
        .iter()
        .map(|one| serde_json::from_slice::<Value>(&one.body).unwrap()["data"].clone())
        .collect();
    assert_eq!(numbers, [0, 0, 1, 2, 3, 4].map(Value::from));
    world.assert_consistent().await;
}

#[test]
fn an_attempt_that_a_restart_interrupts_is_in_the_log_and_uses_no_retry() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let receiver = second.block_on(Receiver::start(None));
    let (world, webhook) = first.block_on(async {
        let world = World::new().await;
        let retry = RetryPolicy::new(Schedule::List(Vec::new()), 0).unwrap();
        let (webhook, _) = world.create(NewWebhook { retry, ..settings(&receiver.url(), &["*"]) }).await.unwrap();
        world.publish("a", &order()).await;
        receiver.wait_for(1).await;
        (world, webhook)
    });
    // Tasks are dropped where they stand, as by a kill.
    first.shutdown_timeout(PATIENCE);
    let World { engine, clock, db, settings, .. } = world;
    db.stop();
    engine.crash();
    receiver.set(Some((200, "")));
    second.block_on(async {
        let world = World::open(engine, clock, settings, true).await;
        let delivery = world.newest(webhook.id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
        let attempts = world.attempts(delivery.id).await;
        let seen: Vec<_> = attempts.iter().map(|one| (one.number, one.failure, one.status)).collect();
        assert_eq!(seen, [(1, Some(FailureKind::Interrupted), None), (2, None, Some(200))]);
        assert_eq!((attempts[0].started_at, delivery.attempts), (START, 2));
        assert!(attempts[0].request.starts_with(&format!("POST {}\n", receiver.url())), "{}", attempts[0].request);
        world.assert_consistent().await;
    });
}

#[tokio::test]
async fn a_receiver_may_refuse_one_delivery_or_all_of_them() {
    let world = World::new().await;
    let receiver = Receiver::start(Some((500, "webhook-delivery: abort-message\r\n"))).await;
    let id = world.webhook(&receiver.url(), &["*"]).await;
    world.publish("a", &order()).await;
    let delivery = world.newest(id, "it fails", |one| one.state == DeliveryState::Failed).await;
    assert_eq!(delivery.attempts, 1);
    assert!(delivery.last_error.ends_with("it asks not to get this delivery again"), "{}", delivery.last_error);
    let endpoint = || world.webhooks.shared.directory.find(COMPANY, id.hi()).unwrap();
    assert!(endpoint().webhook.is_enabled());
    receiver.set(Some((200, "webhook-delivery: disable\r\n")));
    world.publish("a", &order()).await;
    world.newest(id, "it succeeds", |one| one.state == DeliveryState::Succeeded).await;
    // A commit is seen before its hooks have run, and a later one is answered after them.
    world.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    assert_eq!(endpoint().webhook.disabled.map(|(reason, _)| reason), Some(DisabledReason::Gone));
    assert_eq!(world.publish("a", &order()).await.deliveries, 0);
    world.assert_consistent().await;
}
