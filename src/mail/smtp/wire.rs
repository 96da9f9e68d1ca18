//! The bytes below an SMTP connection: TCP without delay, or TLS over it.
//!
//! The encryption is ours and not the SMTP client's: one provider and one list of authorities for everything that leaves
//! the process, and after STARTTLS nothing is read that was sent in the clear before it. The client expects a greeting
//! on every stream; behind STARTTLS the server sends none, so one is put in its place.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Encryption;

/// More than any reply before TLS has.
const REPLY_BYTES_MAX: usize = 16 << 10;
const GREETING: &[u8] = b"220 ready\r\n";

/// A stream for the SMTP client.
#[derive(Debug)]
pub(super) struct Wire {
    /// What is read first.
    head: &'static [u8],
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects and encrypts as configured.
///
/// # Errors
/// In words, what failed.
pub(super) async fn open((host, port): (&str, u16), encryption: &Encryption, hello: &str) -> Result<Wire, String> {
    let tcp = TcpStream::connect((host, port)).await.map_err(|error| format!("cannot connect: {error}"))?;
    // Each command waits for its answer, so a delayed one costs a round of the peer's timer.
    tcp.set_nodelay(true).map_err(|error| format!("cannot connect: {error}"))?;
    match encryption {
        Encryption::None => Ok(Wire { head: &[], inner: Inner::Plain(tcp) }),
        Encryption::Tls(config) => {
            let tls = encrypt(tcp, host, config).await?;
            Ok(Wire { head: &[], inner: Inner::Tls(Box::new(tls)) })
        }
        Encryption::Starttls(config) => {
            let mut tcp = tcp;
            ask_for_tls(&mut tcp, hello).await?;
            let tls = encrypt(tcp, host, config).await?;
            Ok(Wire { head: GREETING, inner: Inner::Tls(Box::new(tls)) })
        }
    }
}

async fn encrypt(tcp: TcpStream, host: &str, config: &Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "the host is no name for a certificate".to_owned())?;
    let connector = TlsConnector::from(Arc::clone(config));
    connector.connect(name, tcp).await.map_err(|error| format!("TLS failed: {error}"))
}

/// Greets in the clear and asks for TLS (RFC 3207).
async fn ask_for_tls(tcp: &mut TcpStream, hello: &str) -> Result<(), String> {
    expect(tcp, "220").await?;
    tcp.write_all(format!("EHLO {hello}\r\n").as_bytes()).await.map_err(lost)?;
    let offers = expect(tcp, "250").await?;
    let offers_tls = offers.lines().any(|line| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS")));
    if !offers_tls {
        return Err("the server offers no STARTTLS, and the connection is not to stay in the clear".to_owned());
    }
    tcp.write_all(b"STARTTLS\r\n").await.map_err(lost)?;
    expect(tcp, "220").await.map(drop)
}

fn lost(error: io::Error) -> String {
    format!("the connection was lost: {error}")
}

/// Reads one reply and nothing behind it: what else was sent in the clear is not to be taken for an answer under TLS.
async fn expect(tcp: &mut TcpStream, code: &str) -> Result<String, String> {
    let mut reply = Vec::new();
    let mut chunk = [0; 1024];
    while !is_whole(&reply) {
        let count = tcp.read(&mut chunk).await.map_err(lost)?;
        if count == 0 {
            return Err("the server has closed the connection".to_owned());
        }
        reply.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if reply.len() > REPLY_BYTES_MAX {
            return Err("the server says too much".to_owned());
        }
    }
    let text = String::from_utf8_lossy(&reply).into_owned();
    let ends = text.lines().filter(|line| line.as_bytes().get(3) != Some(&b'-')).count();
    if ends > 1 {
        return Err("the server spoke before its turn".to_owned());
    }
    if text.starts_with(code) { Ok(text) } else { Err(format!("the server answered {}", text.trim_end())) }
}

/// Whether the last line is complete and the last of its reply: a code with no dash behind it.
fn is_whole(reply: &[u8]) -> bool {
    let Some(lines) = reply.strip_suffix(b"\r\n") else { return false };
    let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.len() >= 3 && last.get(3) != Some(&b'-')
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.head.is_empty() {
            let (now, later) = self.head.split_at(self.head.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.head = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.inner {
            Inner::Plain(tcp) => tcp.peer_addr(),
            Inner::Tls(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_reply_ends_with_a_line_without_a_dash() {
        for (reply, wanted) in [
            ("", false),
            ("220 hello", false),
            ("220 hello\r\n", true),
            ("250-a\r\n", false),
            ("250-a\r\n250 b\r\n", true),
            ("250\r\n", true),
            ("250-a\r\n25", false),
        ] {
            assert_eq!(is_whole(reply.as_bytes()), wanted, "{reply:?}");
        }
    }
}
