//! Receivers that hang, drip, flood or break: every exchange ends in time and in bounded memory.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use novapulse::outbound::{Failure, Kind, Phase};
use tokio::sync::Mutex;

use super::{
    Sender,
    receiver::{Peer, Receiver},
};

const SHORT: Duration = Duration::from_millis(200);

async fn failure_of(receiver: &Receiver) -> Failure {
    let sender = Sender::local();
    let mut request = sender.post(&receiver.url());
    request.limits.total = SHORT;
    let failure = sender.client.send(request).await.unwrap_err();
    assert_eq!(failure.peer, Some(receiver.address));
    assert!(!failure.is_permanent() && !failure.is_ours());
    assert_eq!((sender.client.stats().open, sender.client.stats().idle), (0, 0));
    failure
}

#[tokio::test]
async fn the_request_is_exactly_what_was_given() {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&seen);
    let receiver = Receiver::start(move |mut peer| {
        let note = Arc::clone(&note);
        async move {
            *note.lock().await = peer.request().await.unwrap();
            peer.send("HTTP/1.1 201 Created\r\nx-a: 1\r\nx-a: 2\r\ncontent-length: 5\r\n\r\nhello").await;
        }
    })
    .await;
    let sender = Sender::local();
    let mut request = sender.post(&format!("{}in/b%20x?y=z", receiver.url()));
    request.headers.insert("webhook-id", http::HeaderValue::from_static("evt_1"));
    let exchange = sender.client.send(request).await.unwrap();
    assert_eq!(
        (exchange.status, &exchange.body[..], exchange.is_truncated),
        (StatusCode::CREATED, &b"hello"[..], false)
    );
    assert_eq!(exchange.headers.get_all("x-a").iter().count(), 2);
    assert!(!exchange.phases.is_reused && exchange.phases.total_us > 0);

    let seen = seen.lock().await;
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "POST /in/b%20x?y=z HTTP/1.1",
            "accept-encoding: identity",
            "content-length: 14",
            &format!("host: {}", receiver.address),
            concat!("user-agent: NovaPulse/", env!("CARGO_PKG_VERSION")),
            "webhook-id: evt_1",
        ]
    );
    assert_eq!(body, "{\"id\":\"evt_1\"}");
}

#[tokio::test]
async fn a_receiver_that_never_answers_ends_by_the_deadline() {
    let receiver = Receiver::start(|mut peer| async move { peer.wait_for_close().await }).await;
    let failure = failure_of(&receiver).await;
    assert_eq!((failure.kind, failure.phase), (Kind::Timeout, Phase::Wait));
    assert_eq!(failure.to_string(), "no answer in time");
    assert!(failure.phases.wait_us >= 100_000, "{:?}", failure.phases);
}

#[tokio::test]
async fn a_receiver_that_never_reads_ends_by_the_deadline() {
    let receiver = Receiver::start(|peer| async move {
        let _open = peer;
        std::future::pending::<()>().await;
    })
    .await;
    let sender = Sender::local();
    let mut request = sender.post(&receiver.url());
    request.body = vec![b'x'; 32 * 1024 * 1024].into();
    request.limits.total = SHORT;
    let failure = sender.client.send(request).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Timeout);
}

#[tokio::test]
async fn a_body_of_one_byte_at_a_time_ends_by_the_deadline() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n").await;
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while peer.send("x").await {
            ticks.tick().await;
        }
    })
    .await;
    let failure = failure_of(&receiver).await;
    assert_eq!((failure.kind, failure.phase), (Kind::Timeout, Phase::Read));
    assert_eq!(failure.status, Some(StatusCode::OK));
}

#[tokio::test]
async fn a_head_of_one_byte_at_a_time_ends_by_the_deadline() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        let mut head = b"HTTP/1.1 200 OK\r\nx: ".iter().copied().chain(std::iter::repeat(b'y'));
        while peer.send([head.next().unwrap()]).await {
            ticks.tick().await;
        }
    })
    .await;
    let failure = failure_of(&receiver).await;
    assert_eq!((failure.kind, failure.phase, failure.status), (Kind::Timeout, Phase::Read, None));
}

#[tokio::test]
async fn an_endless_body_is_cut_and_its_connection_closed() {
    for head in ["content-length: 1000000000", "transfer-encoding: chunked", "connection: close"] {
        let receiver = Receiver::start(move |mut peer| async move {
            peer.request().await;
            peer.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n")).await;
            let piece = format!("1000\r\n{}\r\n", "z".repeat(4096));
            while peer.send(&piece).await {}
        })
        .await;
        let sender = Sender::local();
        let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
        assert_eq!((exchange.body.len(), exchange.is_truncated), (16 * 1024, true), "{head}");
        assert_eq!((sender.client.stats().open, sender.client.stats().idle), (0, 0));
    }
}

#[tokio::test]
async fn a_body_between_the_two_caps_is_cut_and_its_connection_kept() {
    let body = "b".repeat(40 * 1024);
    let receiver =
        Receiver::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    let sender = Sender::local();
    for is_reused in [false, true] {
        let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
        assert_eq!((exchange.body.len(), exchange.is_truncated), (16 * 1024, true));
        assert_eq!(exchange.phases.is_reused, is_reused);
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_it_is() {
    let receiver = Receiver::answering(
        &b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00"[..],
    )
    .await;
    let sender = Sender::local();
    let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
    assert_eq!(&exchange.body[..], b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let many = "h: v\r\n".repeat(101);
    let large = format!("h: {}\r\n", "v".repeat(33 * 1024));
    for headers in [many, large] {
        let receiver = Receiver::answering(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).await;
        let failure = failure_of(&receiver).await;
        assert_eq!((failure.kind, failure.phase, failure.status), (Kind::TooLarge, Phase::Read, None));
    }
    let endless = Receiver::start(|mut peer: Peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\n").await;
        while peer.send("header: value\r\n".repeat(100)).await {}
    })
    .await;
    assert_eq!(failure_of(&endless).await.kind, Kind::TooLarge);
}

#[tokio::test]
async fn endless_interim_answers_are_refused() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        while peer.send("HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)).await {}
    })
    .await;
    let sender = Sender::local();
    let failure = sender.client.send(sender.post(&receiver.url())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::TooLarge);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_body_is_a_failure_with_its_status() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        peer.stream.set_zero_linger().unwrap();
    })
    .await;
    let failure = failure_of(&receiver).await;
    assert_eq!((failure.kind, failure.phase, failure.status), (Kind::Closed, Phase::Read, Some(StatusCode::OK)));
    assert_eq!(receiver.requests(), 1);
}

#[tokio::test]
async fn a_close_without_an_answer_is_a_failure_and_not_tried_again() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.request().await;
    })
    .await;
    let failure = failure_of(&receiver).await;
    assert_eq!((failure.kind, failure.phase), (Kind::Closed, Phase::Wait));
    assert_eq!((receiver.connections(), receiver.requests()), (1, 1));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_failure() {
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\0\0\0\0"] {
        let receiver = Receiver::answering(answer).await;
        let failure = failure_of(&receiver).await;
        assert_eq!((failure.kind, failure.phase), (Kind::Protocol, Phase::Read), "{answer:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_failure_of_the_connect_phase() {
    let receiver = Receiver::start(|_| async {}).await;
    let url = receiver.url();
    drop(receiver);
    let sender = Sender::local();
    let failure = sender.client.send(sender.post(&url)).await.unwrap_err();
    assert_eq!((failure.kind, failure.phase), (Kind::Connect, Phase::Connect));
    assert_eq!(failure.to_string(), "could not connect");
}

#[tokio::test]
async fn an_early_answer_to_a_large_request_counts_and_closes() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").await;
        peer.wait_for_close().await;
    })
    .await;
    let sender = Sender::local();
    let mut request = sender.post(&receiver.url());
    request.body = vec![b'x'; 4 * 1024 * 1024].into();
    let exchange = sender.client.send(request).await.unwrap();
    assert_eq!(exchange.status, StatusCode::PAYLOAD_TOO_LARGE);
}
