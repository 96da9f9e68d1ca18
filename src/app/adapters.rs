//! From the configuration to concrete handles.

use std::{fs, net::SocketAddr, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Error, metrics::Readings};
use crate::{
    accounts,
    acme::{self, Acme},
    auth,
    base::{Clock, Random, SealKey},
    config::{Config, PublicUrl, Registration},
    http::{self, Tls, tls},
    limits::{self, ApiRate},
    outbound::{self, AllowRule, Client, OwnAddresses, Policy},
    queue::{self, QueueConfig, Queues},
    storage::{self, Db, Directory, DirectoryOptions, OpenError, engine::fjall::FjallOptions, space::Marks},
    telemetry::Metrics,
    webhooks,
};

/// The HTTP server's limits.
pub(super) fn http_options(config: &Config) -> http::Options {
    let server = &config.server;
    http::Options {
        request_timeout_ms: server.request_timeout_ms,
        service_timeout_ms: server.service_timeout_ms,
        slow_request_ms: config.telemetry.slow_request_ms,
        body_bytes_max: server.body_max.as_usize(),
        connections_max: server.connections_max,
        connections_per_address_max: server.connections_per_address_max,
        header_read_timeout_ms: server.header_timeout_ms,
        trusted_proxies: server.trusted_proxies.clone(),
        is_public_https: server.public_url.as_ref().is_some_and(PublicUrl::is_https),
        hsts_max_age_s: server.hsts_max_age_s,
        ..http::Options::default()
    }
}

/// TLS for the listener, when it is configured, and who keeps it supplied; reads files.
pub(super) fn tls(
    config: &Config,
    outbound: &Client,
    clock: &Arc<dyn Clock>,
) -> Result<(Option<Tls>, Option<Acme>), Error> {
    let server = &config.server;
    if let (Some(certificate), Some(key)) = (&server.tls_certificate, &server.tls_key) {
        let files = tls::Files { certificate: certificate.clone(), key: key.clone() };
        return Ok((Some(Tls::open(files)?), None));
    }
    if server.acme_domains.is_empty() {
        return Ok((None, None));
    }
    let settings = acme::Settings {
        domains: server.acme_domains.iter().map(ToString::to_string).collect(),
        contact: server.acme_contact.iter().map(ToString::to_string).collect(),
        directory: server.acme_directory.to_string(),
        data: config.storage.directory.clone(),
    };
    let acme = Acme::open(settings, outbound.clone(), Arc::clone(clock))?;
    Ok((Some(acme.tls().clone()), Some(acme)))
}

/// Opens the data directory; blocks.
pub(super) fn open_directory(
    config: &Config,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Directory, OpenError> {
    let storage = &config.storage;
    let options = DirectoryOptions {
        engine: FjallOptions {
            cache_bytes: storage.cache.0,
            memtable_bytes: storage.memtable.0,
            journal_bytes: storage.journal.0,
            worker_threads: storage.worker_threads,
        },
        marks: Marks {
            soft_percent: storage.soft_free_percent,
            soft_bytes: storage.soft_free.0,
            hard_bytes: storage.hard_free.0,
        },
        ballast_bytes: storage.ballast.0,
    };
    Directory::open(&storage.directory, &options, Arc::clone(clock), Arc::clone(random))
}

/// Lives of tokens and sessions, and the keys behind them.
pub(super) fn auth_settings(config: &Config, seal: Arc<SealKey>, api_rate: Option<Arc<ApiRate>>) -> auth::Settings {
    let Config { auth: table, .. } = config;
    auth::Settings {
        seal,
        access_secret: table.access_secret.clone(),
        refresh_secret: table.refresh_secret.clone(),
        access_ms: table.access_lifetime_ms,
        session_idle_ms: table.session_idle_ms,
        session_max_ms: table.session_max_ms,
        api_rate,
    }
}

/// The rate of a company's API calls, with what an earlier run has written down; blocks.
pub(super) fn api_rate(config: &Config, db: &Db, metrics: limits::Metrics) -> Result<Arc<ApiRate>, storage::Error> {
    let table = &config.limits;
    let rate = ApiRate::new(table.api_per_second, table.api_burst, Arc::clone(db.clock()), metrics);
    rate.restore(db)?;
    Ok(Arc::new(rate))
}

/// How accounts behave.
pub(super) fn account_settings(config: &Config, is_dev: bool) -> accounts::Settings {
    let registration = match config.auth.registration {
        Some(Registration::Open) => accounts::Registration::Open,
        None if is_dev => accounts::Registration::Open,
        Some(Registration::InviteOnly) | None => accounts::Registration::InviteOnly,
        Some(Registration::Closed) => accounts::Registration::Closed,
    };
    accounts::Settings { registration, hashing_max: config.auth.hashing_max, ..accounts::Settings::default() }
}

/// What the figures of a company hold beside its people.
pub(super) fn figures(queues: Queues) -> accounts::Figures {
    accounts::Figures(Arc::new(move |snapshot, company| {
        let (webhooks, event_types) = webhooks::counts(snapshot, company)?;
        let jobs = queues.counts(snapshot, company)?;
        Ok(accounts::CompanyFigures { webhooks, event_types, jobs })
    }))
}

/// The queues of the store; blocks.
pub(super) fn queues(config: &Config, db: &Db) -> Result<Queues, queue::Error> {
    let queues = &config.queues;
    let config = QueueConfig {
        concurrency: queues.concurrency,
        groups_in_memory: queues.groups_in_memory,
        refs_in_memory: queues.places_in_memory,
        external_leases: queues.external_leases,
        rescue_every_ms: queues.rescue_every_ms,
        retention_every_ms: queues.retention_every_ms,
        ..QueueConfig::default()
    };
    Queues::open_blocking(db.clone(), config)
}

/// The policy of deliveries where a webhook sets none.
pub(super) fn webhook_settings(config: &Config) -> webhooks::Settings {
    let webhooks = &config.webhooks;
    webhooks::Settings {
        concurrency_per_webhook: webhooks.concurrency_per_webhook,
        connect_timeout: Duration::from_millis(config.outbound.connect_timeout_ms),
        attempt_timeout: Duration::from_millis(webhooks.attempt_timeout_ms),
        keep_ms: webhooks.keep_ms,
        keep_bytes: webhooks.keep.0,
    }
}

/// The only way out; in dev mode loopback is allowed.
pub(super) fn outbound(
    config: &Config,
    is_dev: bool,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Client, Error> {
    let outbound = &config.outbound;
    let rules = outbound.allow.iter().map(|target| AllowRule::new(target.network, target.port));
    let mut policy = rules.fold(Policy::default(), Policy::allow);
    if is_dev {
        policy = policy.allow_loopback();
    }
    if outbound.https_only {
        policy = policy.https_only();
    }
    let mut settings = outbound::Settings::new(policy);
    settings.open_max = outbound.connections_max;
    // What runs on the machine of somebody who tries things out has no certificate of a public authority.
    settings.trusts_loopback = is_dev;
    if let Some(path) = &outbound.extra_ca_file {
        settings.extra_ca_pem = Some(fs::read(path).map_err(|source| Error::ReadFile { path: path.clone(), source })?);
    }
    Ok(Client::new(settings, tracker, stop.clone())?)
}

/// Tells the guard where this process listens, so that nobody reaches it through itself.
pub(super) fn guard_own_addresses(client: &Client, addresses: Vec<SocketAddr>) {
    match OwnAddresses::discover(addresses) {
        Ok(own) => client.policy().set_own(own),
        Err(error) => tracing::warn!(%error, "the addresses of this machine cannot be read: {error}"),
    }
}

/// The registry with the metrics of every module.
#[derive(Debug, Clone)]
pub(super) struct Meters {
    pub(super) registry: Metrics,
    pub(super) http: http::Metrics,
    pub(super) limits: limits::Metrics,
    pub(super) webhooks: webhooks::Metrics,
    pub(super) readings: Readings,
}

/// Registers the metrics of every module.
pub(super) fn metrics() -> Result<Meters, Error> {
    let registry = Metrics::new()?;
    let http = http::Metrics::register(registry.registry())?;
    let limits = limits::Metrics::register(registry.registry())?;
    let readings = Readings::register(registry.registry())?;
    let webhooks = webhooks::Metrics::register(registry.registry())?;
    Ok(Meters { registry, http, limits, webhooks, readings })
}
