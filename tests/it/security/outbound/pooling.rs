//! Kept-alive connections: reused, replaced when dead, and never more than allowed.

use std::{sync::Arc, time::Duration};

use novapulse::outbound::{Client, Exchange, Kind, Policy, Request, Settings};
use tokio::{
    sync::{Barrier, Notify},
    task::JoinSet,
};

use super::{Sender, names, receiver::Receiver};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn with(change: impl FnOnce(&mut Settings)) -> Sender {
    let mut settings = Settings { resolver: Some(names([])), ..Settings::new(Policy::default().allow_loopback()) };
    change(&mut settings);
    Sender::new(settings)
}

/// Sends that many requests at the same time.
async fn send_together(client: &Client, requests: impl IntoIterator<Item = Request>) -> Vec<Exchange> {
    let mut tasks = JoinSet::new();
    for request in requests {
        let client = client.clone();
        tasks.spawn(async move { client.send(request).await.unwrap() });
    }
    tasks.join_all().await
}

/// A receiver that answers only when `count` requests are waiting.
async fn gathering(count: usize) -> Receiver {
    let gate = Arc::new(Barrier::new(count));
    Receiver::start(move |mut peer| {
        let gate = Arc::clone(&gate);
        async move {
            while peer.request().await.is_some() {
                gate.wait().await;
                peer.send(OK).await;
            }
        }
    })
    .await
}

async fn until(condition: impl Fn() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    let met = async {
        while !condition() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), met).await.expect("it happens in time");
}

#[tokio::test]
async fn a_connection_is_reused_for_the_same_scheme_host_and_port() {
    let receiver = Receiver::answering(OK).await;
    let sender = Sender::local();
    for round in 0..5 {
        let exchange = sender.client.send(sender.post(&format!("{}{round}", receiver.url()))).await.unwrap();
        assert_eq!(exchange.phases.is_reused, round > 0);
        assert_eq!(exchange.phases.connect_us == 0, round > 0);
    }
    assert_eq!((receiver.connections(), receiver.requests()), (1, 5));
    // Another name for the same address is another authority.
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert!(!sender.client.send(sender.post(&url)).await.unwrap().phases.is_reused);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced_at_once() {
    let (hang_up, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (Arc::clone(&hang_up), Arc::clone(&closed));
    let receiver = Receiver::start(move |mut peer| {
        let (hang_up, closed) = signals.clone();
        async move {
            peer.request().await;
            peer.send(OK).await;
            hang_up.notified().await;
            drop(peer);
            closed.notify_one();
        }
    })
    .await;
    let sender = Sender::local();
    assert!(!sender.client.send(sender.post(&receiver.url())).await.unwrap().phases.is_redialled);
    hang_up.notify_one();
    closed.notified().await;
    let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
    assert!(exchange.phases.is_redialled && !exchange.phases.is_reused);
    assert_eq!((receiver.connections(), receiver.requests()), (2, 2));
    assert_eq!(sender.client.stats().redials, 1);
}

#[tokio::test]
async fn a_request_is_sent_again_once_and_not_more() {
    let receiver = Receiver::start(|mut peer| async move {
        if peer.number == 0 && peer.request().await.is_some() {
            peer.send(OK).await;
        }
        peer.request().await;
    })
    .await;
    let sender = Sender::local();
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    let failure = sender.client.send(sender.post(&receiver.url())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Closed);
    assert!(failure.phases.is_redialled);
    assert_eq!((receiver.connections(), receiver.requests()), (2, 3));
}

#[tokio::test]
async fn a_reused_connection_that_dies_in_its_answer_is_not_replaced() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.send(OK).await;
        peer.request().await;
        peer.send("HTTP/1.1 200").await;
    })
    .await;
    let sender = Sender::local();
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    let failure = sender.client.send(sender.post(&receiver.url())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Closed);
    assert!(failure.phases.is_reused && !failure.phases.is_redialled);
    assert_eq!((receiver.connections(), receiver.requests()), (1, 2));
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_never_taken_for_the_next_one() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        let unasked = if peer.number == 0 { "HTTP/1.1 500 Planted\r\ncontent-length: 0\r\n\r\n" } else { "" };
        peer.send(format!("{OK}{unasked}")).await;
        peer.wait_for_close().await;
    })
    .await;
    let sender = Sender::local();
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
    assert_eq!(exchange.status, http::StatusCode::OK);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_its_peer_wants_closed_is_not_kept() {
    let closing = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for answer in [closing, "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"]
    {
        let receiver = Receiver::answering(answer).await;
        let sender = Sender::local();
        sender.client.send(sender.post(&receiver.url())).await.unwrap();
        assert_eq!((sender.client.stats().open, sender.client.stats().idle), (0, 0), "{answer:?}");
    }
}

#[tokio::test]
async fn idle_connections_are_bounded_per_host_and_in_all() {
    let (first, second) = (gathering(4).await, gathering(4).await);
    let sender = with(|settings| (settings.idle_per_host_max, settings.idle_max) = (3, 5));
    for receiver in [&first, &second] {
        let requests = (0..4).map(|_| sender.post(&receiver.url()));
        assert_eq!(send_together(&sender.client, requests).await.len(), 4);
    }
    let stats = sender.client.stats();
    assert_eq!((stats.idle, stats.open), (5, 5));
    assert_eq!((first.connections(), second.connections()), (4, 4));
}

#[tokio::test]
async fn open_connections_are_bounded() {
    let mut receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.wait_for_close().await;
    })
    .await;
    let sender = with(|settings| settings.open_max = 2);
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        let (client, request) = (sender.client.clone(), sender.post(&receiver.url()));
        tasks.spawn(async move { client.send(request).await.map(|_| ()) });
    }
    receiver.wait_for_requests(2).await;
    let failure = sender.client.send(sender.post(&receiver.url())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Local);
    assert!(failure.is_ours());
    // Dropping an exchange closes its connection and frees its place.
    tasks.shutdown().await;
    assert_eq!(sender.client.stats().open, 0);
}

#[tokio::test]
async fn idle_connections_are_closed_after_their_time() {
    let receiver = Receiver::answering(OK).await;
    let sender = with(|settings| settings.idle_time = Duration::from_millis(20));
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    until(|| sender.client.stats().idle == 0).await;
    assert_eq!(sender.client.stats().open, 0);
}

#[tokio::test]
async fn an_old_connection_is_not_used_again() {
    let receiver = Receiver::answering(OK).await;
    let sender = with(|settings| settings.connection_age_max = Duration::ZERO);
    for _ in 0..2 {
        assert!(!sender.client.send(sender.post(&receiver.url())).await.unwrap().phases.is_reused);
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn stopping_ends_the_keeper_and_closes_what_is_idle() {
    let receiver = Receiver::answering(OK).await;
    let sender = Sender::local();
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    assert_eq!(sender.client.stats().idle, 1);
    sender.stop.cancel();
    sender.tracker.close();
    tokio::time::timeout(Duration::from_secs(5), sender.tracker.wait()).await.expect("the keeper stops");
    assert_eq!((sender.client.stats().idle, sender.client.stats().open), (0, 0));
    // What is still in flight may finish; nothing is kept any more.
    sender.client.send(sender.post(&receiver.url())).await.unwrap();
    assert_eq!(sender.client.stats().open, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_share_the_pool_without_mixing_answers() {
    let receiver = Receiver::start(|mut peer| async move {
        while let Some(request) = peer.request().await {
            let path = request.split(' ').nth(1).unwrap().to_owned();
            peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len())).await;
        }
    })
    .await;
    let sender = Sender::local();
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let client = sender.client.clone();
        let requests: Vec<_> =
            (0..50).map(|round| sender.post(&format!("{}t{task}r{round}", receiver.url()))).collect();
        tasks.spawn(async move {
            for request in requests {
                let path = request.target.as_str().rsplit('/').next().unwrap().to_owned();
                let exchange = client.send(request).await.unwrap();
                assert_eq!(exchange.body, format!("/{path}"));
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(receiver.requests(), 800);
    assert!(receiver.connections() <= 16, "{}", receiver.connections());
}
