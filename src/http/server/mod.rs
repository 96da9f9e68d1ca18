//! The accept loop: connections in, bounded in number and in what each may hold up.
//!
//! Written by hand because the framework's own loop has no limits. A connection over a limit is answered with a short
//! 503 and closed, so that a storm costs little and ends at once; running out of file descriptors pauses accepting
//! instead of spinning. A TLS handshake belongs to its connection: it counts against the limits, has a time of its own,
//! and its failure concerns nobody else. Stopping has two steps: `stop` ends accepting and lets each connection finish
//! its request; `kill` drops what is left when the grace is over.

mod connection;
mod handshake;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Edge, Peer, Tls, forwarded};

/// Most connections the kernel may keep for us before they are accepted.
const BACKLOG: u32 = 4096;
const BACK_OFF_MIN_MS: u64 = 10;
const BACK_OFF_MAX_MS: u64 = 1_000;

/// A listener and what it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    edge: Arc<Edge>,
    tls: Option<Tls>,
}

impl Server {
    /// Listens; nothing is accepted before [`Server::run`].
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr, edge: Edge) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        // A restart must not wait for connections of the last run to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, edge: Arc::new(edge), tls: None })
    }

    /// Speaks TLS with this certificate instead of plain HTTP.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The address in use; tells the port when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until `stop`; each connection runs on `tracker` until its request is finished, or until `kill`.
    pub async fn run(self, tracker: TaskTracker, stop: CancellationToken, kill: CancellationToken) {
        let slots = Arc::new(Slots::default());
        let mut back_off_ms = BACK_OFF_MIN_MS;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    back_off_ms = BACK_OFF_MIN_MS;
                    self.admit(stream, peer, &slots, &tracker, &stop, &kill);
                }
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, back_off_ms, "cannot accept connections: {error}");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_millis(back_off_ms)) => {}
                    }
                    back_off_ms = (back_off_ms * 2).min(BACK_OFF_MAX_MS);
                }
            }
        }
    }

    fn admit(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        slots: &Arc<Slots>,
        tracker: &TaskTracker,
        stop: &CancellationToken,
        kill: &CancellationToken,
    ) {
        let options = self.edge.options();
        let address = peer.ip().to_canonical();
        let per_address = if forwarded::is_trusted(address, &options.trusted_proxies) {
            usize::MAX
        } else {
            options.connections_per_address_max
        };
        let Some(slot) = slots.take(address, options.connections_max, per_address) else {
            self.edge.metrics().refused.inc();
            if self.tls.is_none() {
                turn_away(&stream);
            }
            return;
        };
        // Answers are written in one piece; waiting for more to send would only add delay.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began: {error}");
            return;
        }
        let (edge, tls) = (Arc::clone(&self.edge), self.tls.clone());
        let (stop, kill) = (stop.child_token(), kill.child_token());
        let gauge = edge.metrics().connections.clone();
        tracker.spawn(async move {
            gauge.inc();
            if let Some(tls) = tls {
                let shaken = Box::pin(handshake::shake_hands(stream, &tls, &edge, &stop)).await;
                if let Some(stream) = shaken {
                    connection::serve(stream, Peer::over_tls(address), edge, stop, kill).await;
                }
            } else {
                connection::serve(stream, Peer::plain(address), edge, stop, kill).await;
            }
            gauge.dec();
            drop(slot);
        });
    }
}

/// Whether the error belongs to the connection that was being accepted and says nothing about the listener.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Says why, as far as that is possible without waiting.
fn turn_away(stream: &TcpStream) {
    const BODY: &str =
        "{\"type\":\"/problems/too_many_connections\",\"title\":\"Too many connections\",\"status\":503}";
    static ANSWER: LazyLock<String> = LazyLock::new(|| {
        format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        )
    });
    if let Err(error) = stream.try_write(ANSWER.as_bytes()) {
        tracing::debug!(%error, "a connection over the limit was closed without an answer: {error}");
    }
}

/// How many connections are open, in all and by address.
#[derive(Debug, Default)]
struct Slots {
    total: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// One counted connection; gives its place back when dropped.
#[derive(Debug)]
struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    fn take(self: &Arc<Self>, address: IpAddr, total_max: usize, per_address_max: usize) -> Option<Slot> {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let open = by_address.get(&address).copied().unwrap_or(0);
        if open >= per_address_max || self.total.load(Ordering::Relaxed) >= total_max {
            return None;
        }
        by_address.insert(address, open + 1);
        self.total.fetch_add(1, Ordering::Relaxed);
        Some(Slot { slots: Arc::clone(self), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut by_address = self.slots.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = by_address.get_mut(&self.address) {
            *open -= 1;
            if *open == 0 {
                by_address.remove(&self.address);
            }
        }
        self.slots.total.fetch_sub(1, Ordering::Relaxed);
    }
}
