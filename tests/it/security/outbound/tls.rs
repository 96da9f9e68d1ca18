//! TLS: the certificate must be for the name, current and from a known authority.

use std::{net::IpAddr, sync::Arc};

use novapulse::outbound::{Failure, FixedResolver, Kind, Phase, Policy, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::{Sender, receiver::Receiver};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A receiver with a certificate for `name`; without an authority the certificate signs itself.
async fn receiver(name: &str, authority: Option<&Authority>, change: impl FnOnce(&mut CertificateParams)) -> Receiver {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, authority).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(peer.stream).await else { return };
            let sni = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{sni}", sni.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await
}

/// A client that finds `receiver.test` at loopback and trusts the authority.
fn sender(trusted: &Authority) -> Sender {
    let resolver = FixedResolver::default().with("receiver.test", ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    Sender::new(Settings {
        resolver: Some(Arc::new(resolver)),
        extra_ca_pem: Some(trusted.pem().into_bytes()),
        ..Settings::new(Policy::default().allow_loopback())
    })
}

fn url(receiver: &Receiver) -> String {
    format!("https://receiver.test:{}/", receiver.address.port())
}

async fn refusal(sender: &Sender, receiver: &Receiver) -> Failure {
    let failure = sender.client.send(sender.post(&url(receiver))).await.unwrap_err();
    assert_eq!((failure.kind, failure.phase), (Kind::Tls, Phase::Tls), "{}", failure.detail);
    assert_eq!(failure.to_string(), "the TLS handshake failed");
    assert!(!failure.is_permanent());
    assert_eq!(failure.peer, Some(receiver.address));
    failure
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_the_name_is_sent() {
    let authority = authority("trusted");
    let receiver = receiver("receiver.test", Some(&authority), |_| {}).await;
    let sender = sender(&authority);
    for is_reused in [false, true] {
        let exchange = sender.client.send(sender.post(&url(&receiver))).await.unwrap();
        assert_eq!(&exchange.body[..], b"receiver.test");
        assert_eq!(exchange.phases.is_reused, is_reused);
        assert_eq!(exchange.phases.tls_us > 0, !is_reused);
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = authority("trusted");
    let receiver = receiver("other.test", Some(&authority), |_| {}).await;
    let failure = refusal(&sender(&authority), &receiver).await;
    assert!(failure.detail.contains("not valid for name"), "{}", failure.detail);
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = authority("trusted");
    let expire = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    let receiver = receiver("receiver.test", Some(&authority), expire).await;
    let failure = refusal(&sender(&authority), &receiver).await;
    assert!(failure.detail.contains("expired"), "{}", failure.detail);
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_refused() {
    let receiver = receiver("receiver.test", None, |_| {}).await;
    refusal(&sender(&authority("trusted")), &receiver).await;
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let receiver = receiver("receiver.test", Some(&authority("unknown")), |_| {}).await;
    let failure = refusal(&sender(&authority("trusted")), &receiver).await;
    assert!(failure.detail.contains("UnknownIssuer"), "{}", failure.detail);
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_by_the_connect_deadline() {
    let receiver = Receiver::start(|mut peer| async move { peer.wait_for_close().await }).await;
    let sender = sender(&authority("trusted"));
    let mut request = sender.post(&url(&receiver));
    request.limits.connect = std::time::Duration::from_millis(200);
    let failure = sender.client.send(request).await.unwrap_err();
    assert_eq!((failure.kind, failure.phase), (Kind::Timeout, Phase::Tls));
    assert!(failure.phases.tls_us >= 100_000);
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_tls_is_refused() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.wait_for_close().await;
    })
    .await;
    refusal(&sender(&authority("trusted")), &receiver).await;
}
