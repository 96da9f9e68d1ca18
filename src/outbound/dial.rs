//! Opening a connection: resolve, vet every address, dial a vetted one, shake hands.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicUsize},
};

use rustix::io::Errno;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{
    failure::{Failure, Kind, Phase},
    guard::{Refusal, Verdict, verdict},
    message::Phases,
    meter::Stream,
    policy::Policy,
    resolve::{Resolve, ResolveError},
    target::{Host, Target, localhost_addresses},
    wire::{OpenCount, Wire},
};

/// Addresses of one name that are tried within the connect deadline, which they share.
const TRIES_MAX: usize = 4;

/// Opens connections that the policy allows.
pub(super) struct Dialer {
    pub(super) policy: Arc<Policy>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) tls: TlsConnector,
    pub(super) open: Arc<AtomicUsize>,
    pub(super) open_max: usize,
}

impl Dialer {
    /// Opens a connection before the deadline and writes how long its parts took.
    pub(super) async fn dial(&self, target: &Target, deadline: Instant, phases: &mut Phases) -> Result<Wire, Failure> {
        let place = OpenCount::take(&self.open, self.open_max)
            .ok_or_else(|| Failure::new(Phase::Prepare, Kind::Local, "all outbound connections are in use"))?;
        let mut watch = Stopwatch::start();
        let addresses = self.addresses(target, deadline).await;
        phases.dns_us = watch.lap();
        let addresses = self.vet(addresses?, target)?;

        let connected = connect(&addresses, target.port(), deadline).await;
        phases.connect_us = watch.lap();
        let (stream, peer) = connected?;
        let with_peer = |failure: Failure| Failure { peer: Some(peer), ..failure };

        let secured = self.secure(target, stream, deadline).await;
        phases.tls_us = if target.is_https() { watch.lap() } else { 0 };
        Wire::new(secured.map_err(with_peer)?, peer, place)
            .await
            .map_err(|error| with_peer(Failure::new(Phase::Connect, Kind::Closed, error.to_string())))
    }

    /// Looks the host up and vets what it finds, without connecting.
    pub(super) async fn look_up(&self, target: &Target, deadline: Instant) -> Result<(), Failure> {
        let addresses = self.addresses(target, deadline).await?;
        self.vet(addresses, target).map(|_| ())
    }

    async fn addresses(&self, target: &Target, deadline: Instant) -> Result<Vec<IpAddr>, Failure> {
        let name = match target.host() {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Localhost => return Ok(localhost_addresses(&self.policy)),
            Host::Name(name) => name,
        };
        match timeout_at(deadline, self.resolver.resolve(name)).await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => {
                let kind = match error {
                    ResolveError::NoSuchName(_) => Kind::NoSuchName,
                    ResolveError::Failed(_) => Kind::Dns,
                    ResolveError::Unavailable(_) => Kind::Resolver,
                };
                Err(Failure::new(Phase::Dns, kind, error.to_string()))
            }
            Err(_) => Err(Failure::new(Phase::Dns, Kind::Timeout, "no answer from the resolver in time")),
        }
    }

    /// Refuses all addresses when one is refused: the next lookup must not be a lottery.
    fn vet(&self, mut addresses: Vec<IpAddr>, target: &Target) -> Result<Vec<IpAddr>, Failure> {
        let port = target.port();
        let is_to_ourselves = self.policy.is_to_ourselves(target);
        for address in &addresses {
            if is_to_ourselves && self.policy.own().listens_on(*address, port) {
                return Err(blocked(*address, port, Refusal::OwnListener));
            }
            if let Verdict::Refused(refusal) = verdict(*address, port, &self.policy) {
                return Err(blocked(*address, port, refusal));
            }
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.truncate(TRIES_MAX);
        Ok(addresses)
    }

    async fn secure(&self, target: &Target, stream: TcpStream, deadline: Instant) -> Result<Stream, Failure> {
        let Some(name) = target.tls_name() else {
            return Ok(Stream::Plain(stream));
        };
        match timeout_at(deadline, self.tls.connect(name.clone(), stream)).await {
            Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Ok(Err(error)) => Err(Failure::new(Phase::Tls, Kind::Tls, error.to_string())),
            Err(_) => Err(Failure::new(Phase::Tls, Kind::Timeout, "the TLS handshake took too long")),
        }
    }
}

fn blocked(address: IpAddr, port: u16, refusal: Refusal) -> Failure {
    let detail = format!("{address} port {port} is refused: {refusal}");
    Failure::new(Phase::Dns, Kind::Blocked(refusal), detail)
}

/// Tries the addresses in order, IPv4 first; each may use an equal share of the time that is left.
async fn connect(addresses: &[IpAddr], port: u16, deadline: Instant) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut failure = Failure::new(Phase::Dns, Kind::NoSuchName, "the answer holds no address");
    for (tried, address) in addresses.iter().enumerate() {
        let peer = SocketAddr::new(*address, port);
        let now = Instant::now();
        let waiting = u32::try_from(addresses.len().saturating_sub(tried)).unwrap_or(1).max(1);
        let until = now + deadline.saturating_duration_since(now) / waiting;
        failure = match timeout_at(until, open(peer)).await {
            Ok(Ok(stream)) => return Ok((stream, peer)),
            Ok(Err(error)) => {
                let kind = if is_local(&error) { Kind::Local } else { Kind::Connect };
                Failure { peer: Some(peer), ..Failure::new(Phase::Connect, kind, format!("{peer}: {error}")) }
            }
            Err(_) => Failure {
                peer: Some(peer),
                ..Failure::new(Phase::Connect, Kind::Timeout, format!("{peer}: no connection in time"))
            },
        };
    }
    Err(failure)
}

async fn open(peer: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(peer).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether this machine, not the peer, is out of something.
fn is_local(error: &io::Error) -> bool {
    const OUT_OF: [Errno; 5] = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| OUT_OF.contains(&errno))
}

struct Stopwatch(Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the start or the last lap.
    fn lap(&mut self) -> u32 {
        let now = Instant::now();
        let elapsed = now.duration_since(self.0);
        self.0 = now;
        u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)
    }
}
