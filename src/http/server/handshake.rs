//! The TLS handshake of one connection, within its time.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::http::{Edge, Tls, tls::CHALLENGE_PROTOCOL};

/// What somebody gets who speaks plain HTTP here.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\
      content-length: 44\r\n\r\nThis port speaks TLS: use https:// instead.\n";
const PLAIN_REQUEST_BYTES_MAX: usize = 16 << 10;

/// Agrees on keys with the client; `None` when that failed, took too long, was all that was wanted, or the server stops.
pub(super) async fn shake_hands(
    stream: TcpStream,
    tls: &Tls,
    edge: &Edge,
    stop: &CancellationToken,
) -> Option<TlsStream<TcpStream>> {
    let limit = Duration::from_millis(edge.options().handshake_timeout_ms);
    let handshake = async {
        let mut first = [0];
        if stream.peek(&mut first).await.is_ok_and(|count| count == 1) && first.iter().all(u8::is_ascii_uppercase) {
            turn_away(&stream);
            return None;
        }
        match tls.acceptor().accept(stream).await {
            Ok(stream) => Some(Some(stream).filter(|stream| !is_challenge(stream))),
            Err(error) => {
                tracing::debug!(%error, "a TLS handshake failed: {error}");
                None
            }
        }
    };
    let shaken = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        shaken = tokio::time::timeout(limit, handshake) => shaken.ok().flatten(),
    };
    if shaken.is_none() {
        edge.metrics().handshakes_failed.inc();
    }
    shaken.flatten()
}

/// Whether an authority has got all it came for, which is the certificate (RFC 8737 §3).
fn is_challenge(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(CHALLENGE_PROTOCOL)
}

/// Says so in plain text, as far as that is possible without waiting.
fn turn_away(stream: &TcpStream) {
    // Bytes left unread would make the kernel reset the connection and drop the answer.
    let mut request = vec![0; PLAIN_REQUEST_BYTES_MAX];
    let told = stream.try_read(&mut request).and_then(|_| stream.try_write(PLAIN));
    if let Err(error) = told {
        tracing::debug!(%error, "a plain connection to the TLS port was closed without an answer: {error}");
    }
}
