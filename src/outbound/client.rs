//! The client: takes a connection or dials one, sends, and tells what happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::Full;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    dial::Dialer,
    failure::{Failure, Kind, Phase},
    message::{Exchange, Limits, Phases, Request, is_reserved_header},
    own::OwnAddresses,
    policy::Policy,
    pool::{Pool, PoolLimits},
    resolve::{NoResolver, Resolve, SystemResolver},
    target::Target,
    tls::{self, TlsError},
    wire::{Answer, Broken, Wire},
};

/// How a client is made. `Settings::new(policy)` fits production.
#[derive(Debug)]
pub struct Settings {
    /// What may be called.
    pub policy: Policy,
    /// Answers names; `None` for the name servers of the operating system.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// More certificate authorities to trust beside the Mozilla roots, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Whether any certificate does for `localhost` and loopback addresses.
    pub trusts_loopback: bool,
    /// Sent when a request has no user-agent of its own.
    pub user_agent: HeaderValue,
    /// Connections open at a time, busy and idle.
    pub open_max: usize,
    /// Idle connections kept for one scheme, host and port.
    pub idle_per_host_max: usize,
    /// Idle connections kept in all.
    pub idle_max: usize,
    /// How long an idle connection is kept.
    pub idle_time: Duration,
    /// How long a connection is used at most, so that a changed address is noticed.
    pub connection_age_max: Duration,
}

impl Settings {
    /// The defaults with this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            resolver: None,
            extra_ca_pem: None,
            trusts_loopback: false,
            user_agent: HeaderValue::from_static(concat!("NovaPulse/", env!("CARGO_PKG_VERSION"))),
            open_max: 4096,
            idle_per_host_max: 256,
            idle_max: 2048,
            idle_time: Duration::from_mins(1),
            connection_age_max: Duration::from_mins(5),
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The TLS configuration cannot be made, for example because of the extra CA certificates.
    #[error("outbound TLS cannot be set up")]
    Tls(#[from] TlsError),
}

/// Counts for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Connections open now.
    pub open: usize,
    /// Of these, idle.
    pub idle: usize,
    /// Connections dialled since the start, successful or not.
    pub dials: u64,
    /// Requests sent again because a reused connection had died.
    pub redials: u64,
    /// Requests refused by the guard at dialling.
    pub blocked: u64,
}

/// The only way out. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    pool: Pool,
    user_agent: HeaderValue,
    dials: AtomicU64,
    redials: AtomicU64,
    blocked: AtomicU64,
}

impl Client {
    /// Makes a client and starts its keeper on the tracker; the token stops it and closes idle connections.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings do not make a client.
    pub fn new(settings: Settings, tracker: &TaskTracker, stop: CancellationToken) -> Result<Self, SettingsError> {
        let resolver = settings.resolver.unwrap_or_else(|| match SystemResolver::new() {
            Ok(resolver) => Arc::new(resolver),
            Err(reason) => {
                tracing::warn!(error = reason, "the system's name server configuration cannot be used; names fail");
                Arc::new(NoResolver { reason })
            }
        });
        let limits = PoolLimits {
            idle_per_host: settings.idle_per_host_max,
            idle_total: settings.idle_max,
            idle_time: settings.idle_time,
            age: settings.connection_age_max,
        };
        let dialer = Dialer {
            policy: Arc::new(settings.policy),
            resolver,
            tls: TlsConnector::from(tls::client_config(settings.extra_ca_pem.as_deref(), settings.trusts_loopback)?),
            open: Arc::new(AtomicUsize::new(0)),
            open_max: settings.open_max,
        };
        let inner = Arc::new(Inner {
            dialer,
            pool: Pool::new(limits),
            user_agent: settings.user_agent,
            dials: AtomicU64::new(0),
            redials: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
        });
        inner.refresh_interfaces();
        let sweep_every = (settings.idle_time / 4).clamp(SWEEP_EVERY_MIN, SWEEP_EVERY_MAX);
        tracker.spawn(keep(Arc::clone(&inner), sweep_every, stop));
        Ok(Self(inner))
    }

    /// The policy, for [`super::Target::parse`] and to say what this process listens on.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.dialer.policy
    }

    /// Counts for metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let inner = &self.0;
        Stats {
            open: inner.dialer.open.load(Relaxed),
            idle: inner.pool.idle(),
            dials: inner.dials.load(Relaxed),
            redials: inner.redials.load(Relaxed),
            blocked: inner.blocked.load(Relaxed),
        }
    }

    /// Whether a target's host has a refused address now. A courtesy when a URL is saved, nothing to rely on: every
    /// connection is vetted anew, and a host that cannot be looked up within the time is not refused.
    pub async fn has_refused_address(&self, target: &Target, within: Duration) -> bool {
        let found = self.0.dialer.look_up(target, Instant::now() + within).await;
        found.is_err_and(|failure| matches!(failure.kind, Kind::Blocked(_)))
    }

    /// Sends one request and returns its whole answer, whatever the status.
    ///
    /// When a kept-alive connection turns out dead before a byte of an answer, the request is sent once more on a
    /// new connection, within the same deadline. Dropping the future closes the connection.
    ///
    /// An answer counts when it is complete or the read cap is reached: a connection that breaks in the middle of the
    /// body is a failure whose `status` is set.
    ///
    /// # Errors
    /// [`Failure`] with the phase it failed in.
    pub async fn send(&self, request: Request) -> Result<Exchange, Failure> {
        let mut trip = Trip::start(&request.limits);
        let result = self.0.send(&request, &mut trip).await;
        let phases = trip.finish();
        match result {
            Ok(exchange) => Ok(Exchange { phases, ..exchange }),
            Err(failure) => {
                if matches!(failure.kind, Kind::Blocked(_)) {
                    self.0.blocked.fetch_add(1, Relaxed);
                }
                Err(Failure { phases, ..failure })
            }
        }
    }
}

/// The times of one call. The clock is read as seldom as the phases allow.
struct Trip {
    started: Instant,
    deadline: Instant,
    ended: Option<Instant>,
    phases: Phases,
}

impl Trip {
    fn start(limits: &Limits) -> Self {
        let started = Instant::now();
        Self {
            started,
            deadline: started + limits.total.min(Limits::TOTAL_MAX),
            ended: None,
            phases: Phases::default(),
        }
    }

    /// A second try after a dead connection: the deadline stays.
    fn start_again(&mut self) {
        self.ended = None;
        self.phases = Phases { is_redialled: true, ..Phases::default() };
    }

    fn finish(mut self) -> Phases {
        let ended = self.ended.unwrap_or_else(Instant::now);
        self.phases.total_us = u32::try_from(ended.duration_since(self.started).as_micros()).unwrap_or(u32::MAX);
        self.phases
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Inner {
    async fn send(&self, request: &Request, trip: &mut Trip) -> Result<Exchange, Failure> {
        if let Some(name) = request.headers.keys().find(|name| is_reserved_header(name)) {
            let detail = format!("the header {name} is set by the client itself");
            return Err(Failure::new(Phase::Prepare, Kind::Request, detail));
        }
        // A connection that was opened for the inspector must not serve the rest of ourselves.
        let is_pooled = !self.dialer.policy.is_to_ourselves(&request.target);
        if let Some(mut wire) = is_pooled.then(|| self.pool.take(request.target.authority(), trip.started)).flatten() {
            trip.phases.is_reused = true;
            match self.exchange(&mut wire, request, trip.started, trip).await {
                Ok(answer) => return Ok(self.finish(wire, request, answer, trip)),
                Err(broken) if broken.is_unanswered => {
                    self.redials.fetch_add(1, Relaxed);
                    trip.start_again();
                }
                Err(broken) => return Err(fail(broken, &wire)),
            }
        }
        let connect_deadline = trip.deadline.min(Instant::now() + request.limits.connect);
        self.dials.fetch_add(1, Relaxed);
        let mut wire = self.dialer.dial(&request.target, connect_deadline, &mut trip.phases).await?;
        match self.exchange(&mut wire, request, Instant::now(), trip).await {
            Ok(answer) => Ok(self.finish(wire, request, answer, trip)),
            Err(broken) => Err(fail(broken, &wire)),
        }
    }

    async fn exchange(
        &self,
        wire: &mut Wire,
        request: &Request,
        now: Instant,
        trip: &mut Trip,
    ) -> Result<Answer, Broken> {
        let result = wire.exchange(self.encode(request), &request.limits, now, trip.deadline).await;
        let ended = Instant::now();
        wire.measure(&mut trip.phases, ended);
        trip.ended = Some(ended);
        result
    }

    fn encode(&self, request: &Request) -> http::Request<Full<Bytes>> {
        let mut encoded = http::Request::new(Full::new(request.body.clone()));
        *encoded.method_mut() = request.method.clone();
        *encoded.uri_mut() = request.target.path().clone();
        let mut headers = request.headers.clone();
        headers.insert(header::HOST, request.target.host_header().clone());
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !headers.contains_key(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, self.user_agent.clone());
        }
        *encoded.headers_mut() = headers;
        encoded
    }

    fn finish(&self, wire: Wire, request: &Request, answer: Answer, trip: &Trip) -> Exchange {
        let peer = wire.peer();
        if answer.is_reusable {
            self.pool.put(request.target.authority(), wire, trip.ended.unwrap_or(trip.started));
        }
        Exchange {
            status: answer.head.status,
            headers: answer.head.headers,
            body: answer.body,
            is_truncated: answer.is_truncated,
            phases: Phases::default(),
            peer,
        }
    }

    fn refresh_interfaces(&self) {
        match OwnAddresses::discover(Vec::new()) {
            Ok(own) => self.dialer.policy.set_interfaces(own.interfaces),
            Err(error) => tracing::warn!(%error, "own interface addresses are unknown; only their ranges are refused"),
        }
    }
}

fn fail(broken: Broken, wire: &Wire) -> Failure {
    Failure { peer: Some(wire.peer()), status: broken.status, ..Failure::new(broken.phase, broken.kind, broken.detail) }
}

const SWEEP_EVERY_MIN: Duration = Duration::from_millis(10);
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(5);
const REFRESH_EVERY: Duration = Duration::from_mins(1);

/// Sweeps the pool and keeps the list of own addresses current until told to stop.
async fn keep(inner: Arc<Inner>, sweep_every: Duration, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(sweep_every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut refreshed = Instant::now();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        inner.pool.sweep();
        if refreshed.elapsed() >= REFRESH_EVERY {
            inner.refresh_interfaces();
            refreshed = Instant::now();
        }
    }
    inner.pool.close();
}
