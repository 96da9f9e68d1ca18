//! Refused addresses are never dialled, however they are reached.

use http::StatusCode;
use novapulse::outbound::{AllowRule, Kind, OwnAddresses, Phase, Policy, Refusal, Settings, Target, TargetError};

use super::{Sender, names, receiver::Receiver};

fn allowing(rules: &[&str]) -> Policy {
    rules.iter().fold(Policy::default(), |policy, rule| policy.allow(rule.parse::<AllowRule>().unwrap()))
}

#[tokio::test]
async fn a_name_with_a_refused_address_is_not_called() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = receiver.address.port();
    let sender = Sender::new(Settings {
        resolver: Some(names([
            ("inside.test", &["127.0.0.1"]),
            ("both.test", &["9.9.9.9", "127.0.0.1"]),
            ("mapped.test", &["::ffff:127.0.0.1"]),
        ])),
        ..Settings::new(Policy::default())
    });
    for (name, refusal) in
        [("inside.test", Refusal::Loopback), ("both.test", Refusal::Loopback), ("mapped.test", Refusal::Transition)]
    {
        let failure = sender.client.send(sender.post(&format!("http://{name}:{port}/"))).await.unwrap_err();
        assert_eq!((failure.kind, failure.phase), (Kind::Blocked(refusal), Phase::Dns), "{name}");
        assert!(failure.is_permanent() && !failure.is_ours());
        assert_eq!(failure.to_string(), "address not allowed");
        assert!(!failure.to_string().contains("127") && failure.detail.contains("127.0.0.1"));
        assert_eq!(failure.peer, None);
    }
    assert_eq!(receiver.connections(), 0);
    assert_eq!(sender.client.stats().blocked, 3);
    assert_eq!(sender.client.stats().open, 0);
}

#[tokio::test]
async fn a_name_that_moves_inside_is_refused_when_it_is_dialled_again() {
    let outside = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let port = outside.address.port();
    let inside = Receiver::start_on(&format!("127.0.0.2:{port}"), |_| async {}).await;
    let sender = Sender::new(Settings {
        resolver: Some(names([("moves.test", &["127.0.0.1"]), ("moves.test", &["127.0.0.2"])])),
        ..Settings::new(allowing(&["127.0.0.1"]))
    });
    let url = format!("http://moves.test:{port}/");
    // One lookup: what was vetted is what was dialled.
    let exchange = sender.client.send(sender.post(&url)).await.unwrap();
    assert_eq!(exchange.peer, outside.address);
    let failure = sender.client.send(sender.post(&url)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Blocked(Refusal::Loopback));
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn in_development_nothing_of_ourselves_but_the_inspector_may_be_called() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = receiver.address.port();
    let sender = Sender::new(Settings {
        resolver: Some(names([("self.test", &["127.0.0.1"]), ("self.test", &["127.0.0.1"])])),
        ..Settings::new(Policy::default().allow_loopback())
    });
    let own = OwnAddresses { interfaces: Vec::new(), listeners: vec![receiver.address] };
    sender.client.policy().set_own(own);
    for host in ["127.0.0.1", "self.test"] {
        let exchange = sender.client.send(sender.post(&format!("http://{host}:{port}/play/token"))).await.unwrap();
        assert_eq!(exchange.status, StatusCode::OK);
        // Not over the connection that is kept alive either.
        for path in ["/api/v1/jobs", "/play", "/"] {
            let failure = sender.client.send(sender.post(&format!("http://{host}:{port}{path}"))).await.unwrap_err();
            assert_eq!(failure.kind, Kind::Blocked(Refusal::OwnListener), "{host} {path}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let inside = Receiver::start(|_| async {}).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", inside.url());
        let receiver = Receiver::answering(answer).await;
        let sender = Sender::local();
        let exchange = sender.client.send(sender.post(&receiver.url())).await.unwrap();
        assert_eq!(exchange.status, StatusCode::from_u16(status).unwrap());
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn our_own_listener_is_refused_even_in_an_allowed_network() {
    let listener = Receiver::start(|_| async {}).await;
    let sender = Sender::new(Settings {
        resolver: Some(names([("me.test", &["127.0.0.1"])])),
        ..Settings::new(allowing(&["127.0.0.0/8"]))
    });
    let request = sender.post(&format!("http://me.test:{}/", listener.address.port()));
    sender.client.policy().set_own(OwnAddresses { interfaces: Vec::new(), listeners: vec![listener.address] });
    let failure = sender.client.send(request).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Blocked(Refusal::OwnListener));
    assert_eq!(
        Target::parse(&listener.url(), sender.client.policy()).unwrap_err(),
        TargetError::Refused(Refusal::OwnListener)
    );
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn the_interfaces_of_this_machine_are_known() {
    let sender = Sender::new(Settings { resolver: Some(names([])), ..Settings::new(Policy::default()) });
    for address in OwnAddresses::discover(Vec::new()).unwrap().interfaces {
        let url = match address {
            std::net::IpAddr::V4(v4) => format!("http://{v4}:8080/"),
            std::net::IpAddr::V6(v6) => format!("http://[{v6}]:8080/"),
        };
        assert!(matches!(Target::parse(&url, sender.client.policy()), Err(TargetError::Refused(_))), "{url}");
    }
}

#[tokio::test]
async fn localhost_is_loopback_in_development_and_refused_otherwise() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let sender = Sender::local();
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert_eq!(sender.client.send(sender.post(&url)).await.unwrap().status, StatusCode::NO_CONTENT);
    assert_eq!(Target::parse(&url, &Policy::default()).unwrap_err(), TargetError::Refused(Refusal::Loopback));
}

#[tokio::test]
async fn a_name_without_addresses_is_a_failure_that_may_pass() {
    let sender = Sender::local();
    let failure = sender.client.send(sender.post("http://nowhere.test/")).await.unwrap_err();
    assert_eq!((failure.kind, failure.phase), (Kind::NoSuchName, Phase::Dns));
    assert!(!failure.is_permanent());
}

#[tokio::test]
async fn a_request_cannot_set_the_headers_that_steer_a_connection() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let sender = Sender::local();
    for name in ["host", "transfer-encoding", "content-length", "connection", "proxy-authorization"] {
        let mut request = sender.post(&receiver.url());
        request.headers.insert(http::HeaderName::from_static(name), http::HeaderValue::from_static("1"));
        let failure = sender.client.send(request).await.unwrap_err();
        assert_eq!((failure.kind, failure.phase), (Kind::Request, Phase::Prepare), "{name}");
        assert!(failure.is_permanent());
    }
    assert_eq!(receiver.connections(), 0);
}
