//! From the configuration to concrete handles.

use std::{collections::BTreeMap, fs, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
#[cfg(feature = "s3")]
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zeroize::Zeroizing;

use super::{Error, master_key, metrics::Readings};
use crate::{
    accounts::{self, StolenPasswords},
    acme::{self, Acme},
    auth,
    base::{Clock, Random, SealKey},
    blob::{self, BlobKey, Blobs, LocalBlobs},
    config::{Config, MailTls, PublicUrl, Registration},
    http::{self, Tls, tls},
    limits::{self, ApiRate},
    mail::{self, Mail, Sender, smtp},
    outbound::{self, AllowRule, Client, OwnAddresses, Policy},
    queue::{self, QueueConfig, Queues, TokenKey},
    reports::{self, Reports},
    schedules,
    storage::{Db, Directory, DirectoryOptions, engine::fjall::FjallOptions, space::Marks},
    telemetry::Metrics,
    usage::Usage,
    webhooks::{self, Webhooks},
};

/// The folder of unfinished files in the data directory.
const SCRATCH_FOLDER: &str = "scratch";
/// The folder of files in the data directory.
const BLOB_FOLDER: &str = "blobs";

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
    seal: &SealKey,
    (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
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
        directory: server.acme_directory.expose().to_owned(),
        data: config.storage.directory.clone(),
    };
    let acme = Acme::open(settings, seal, outbound.clone(), (Arc::clone(clock), Arc::clone(random)))?;
    Ok((Some(acme.tls().clone()), Some(acme)))
}

/// Opens the data directory once the key for its secrets is there; blocks.
pub(super) fn open_directory(
    config: &Config,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Directory, Error> {
    master_key::require(config)?;
    let storage = &config.storage;
    let options = DirectoryOptions {
        engine: FjallOptions {
            cache_bytes: storage.cache.0,
            memtable_bytes: storage.memtable.0,
            journal_bytes: storage.journal.0,
            worker_threads: storage.worker_threads,
        },
        marks: marks(config),
        ballast_bytes: storage.ballast.0,
    };
    Ok(Directory::open(&storage.directory, &options, Arc::clone(clock), Arc::clone(random))?)
}

/// When space counts as short.
pub(super) fn marks(config: &Config) -> Marks {
    let storage = &config.storage;
    Marks { soft_percent: storage.soft_free_percent, soft_bytes: storage.soft_free.0, hard_bytes: storage.hard_free.0 }
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
        proof_ms: table.proof_lifetime_ms,
        public_path: config.server.public_url.as_ref().map_or_else(String::new, |url| url.path().to_owned()),
        api_rate,
    }
}

/// The rate of a company's API calls; what an earlier run has written down is taken up once the settings are in force.
pub(super) fn api_rate(config: &Config, db: &Db, metrics: limits::Metrics) -> Arc<ApiRate> {
    let table = &config.limits;
    Arc::new(ApiRate::new(table.api_per_second, table.api_burst, Arc::clone(db.clock()), metrics))
}

/// How accounts behave.
pub(super) fn account_settings(config: &Config, is_dev: bool) -> accounts::Settings {
    let registration = match config.auth.registration {
        Some(Registration::Open) => accounts::Registration::Open,
        None if is_dev => accounts::Registration::Open,
        Some(Registration::InviteOnly) | None => accounts::Registration::InviteOnly,
        Some(Registration::Closed) => accounts::Registration::Closed,
    };
    let registration = Arc::new(ArcSwap::from_pointee(registration));
    accounts::Settings { registration, hashing_max: config.auth.hashing_max, ..accounts::Settings::default() }
}

/// Where stolen passwords are looked up; blocks while the list is read. The service is asked by the server only.
pub(super) fn stolen(config: &Config, outbound: Option<&Client>) -> Result<StolenPasswords, Error> {
    let list = config
        .auth
        .password_list
        .as_ref()
        .map(|path| StolenPasswords::read(path).map_err(|source| Error::ReadFile { path: path.clone(), source }));
    let list = list.transpose()?.unwrap_or_default();
    if list.count() > 0 {
        tracing::info!("{} stolen passwords are refused beside those that are built in", list.count());
    }
    match (outbound, &config.auth.password_service) {
        (Some(client), Some(url)) => Ok(list.asking(client.clone(), url.expose().to_owned())),
        _ => Ok(list),
    }
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
pub(super) fn queues(config: &Config, db: &Db, seal: &SealKey) -> Result<Queues, queue::Error> {
    let queues = &config.queues;
    let config = QueueConfig {
        concurrency: queues.concurrency,
        groups_in_memory: queues.groups_in_memory,
        refs_in_memory: queues.places_in_memory,
        external_leases: queues.external_leases,
        rescue_every_ms: queues.rescue_every_ms,
        retention_every_ms: queues.retention_every_ms,
        tokens: Some(TokenKey::of(seal)),
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

/// The reports; blocks.
pub(super) fn reports(
    config: &Config,
    (db, queues, webhooks): (&Db, &Queues, &Webhooks),
    (blobs, mail, usage): (Blobs, &Mail, &Usage),
    metrics: reports::Metrics,
) -> Result<Reports, Error> {
    let table = &config.reports;
    let path = config.storage.directory.join(SCRATCH_FOLDER);
    let settings = reports::Settings {
        keep_ms: table.keep_ms,
        file_bytes_max: table.file_max.0,
        reports_max: table.per_company,
        attach_bytes_max: table.attach_max.0,
        kept_bytes_max: table.kept.0,
        scratch_bytes_max: table.scratch_max.0,
        scratch: path.clone(),
    };
    let (db, queues, webhooks) = (db.clone(), queues.clone(), webhooks.clone());
    let (mail, usage) = (mail.clone(), usage.clone());
    let parts = reports::Parts { db, queues, webhooks, blobs, mail, usage, settings, metrics };
    Reports::open(parts).map_err(|source| Error::BlobFolder { path, source })
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
    client(config, policy, is_dev, tracker, stop)
}

fn client(
    config: &Config,
    policy: Policy,
    is_dev: bool,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Client, Error> {
    let outbound = &config.outbound;
    let mut settings = outbound::Settings::new(policy);
    settings.open_max = outbound.connections_max;
    // What runs on the machine of somebody who tries things out has no certificate of a public authority.
    settings.trusts_loopback = is_dev;
    if let Some(path) = &outbound.extra_ca_file {
        settings.extra_ca_pem = Some(fs::read(path).map_err(|source| Error::ReadFile { path: path.clone(), source })?);
    }
    Ok(Client::new(settings, tracker, stop.clone())?)
}

/// Where files are kept; blocks, and sends nothing yet.
pub(super) fn blobs(
    config: &Config,
    is_dev: bool,
    random: &Arc<dyn Random>,
    (tracker, stop): (&TaskTracker, &CancellationToken),
) -> Result<Blobs, Error> {
    #[cfg(feature = "s3")]
    if let Some(bucket) = &config.blob.s3_bucket {
        return s3_blobs(config, bucket, is_dev, (tracker, stop));
    }
    #[cfg(not(feature = "s3"))]
    let _: (bool, &TaskTracker, &CancellationToken) = (is_dev, tracker, stop);
    let folder = blob_folder(config);
    let store =
        LocalBlobs::open(&folder, Arc::clone(random)).map_err(|source| Error::BlobFolder { path: folder, source })?;
    Ok(Blobs::new(Arc::new(store)))
}

/// The folder of files, when they are kept on this machine.
pub(super) fn blob_folder(config: &Config) -> PathBuf {
    config.blob.directory.clone().unwrap_or_else(|| config.storage.directory.join(BLOB_FOLDER))
}

/// The files that are kept on this machine with their sizes; none when they are in a bucket. Blocks.
///
/// # Errors
/// When the folder cannot be read.
pub fn list_blobs(config: &Config) -> io::Result<Option<BTreeMap<BlobKey, u64>>> {
    if config.blob.s3_bucket.is_some() {
        return Ok(None);
    }
    blob::files(&blob_folder(config)).map(Some)
}

/// Counts the files that are kept on this machine; none when they are in a bucket. Blocks.
///
/// # Errors
/// When the folder cannot be read.
pub fn survey_blobs(config: &Config) -> io::Result<Option<blob::Survey>> {
    if config.blob.s3_bucket.is_some() {
        return Ok(None);
    }
    blob::survey(&blob_folder(config)).map(Some)
}

/// The service is the operator's choice and nobody else's, so its client reaches private addresses, on its port; the
/// connector goes nowhere else.
#[cfg(feature = "s3")]
fn s3_blobs(
    config: &Config,
    bucket: &str,
    is_dev: bool,
    (tracker, stop): (&TaskTracker, &CancellationToken),
) -> Result<Blobs, Error> {
    let table = &config.blob;
    let secret =
        |secret: &Option<crate::config::Secret>| secret.as_ref().map_or_else(String::new, |it| it.expose().to_owned());
    let settings = blob::S3Settings {
        bucket: bucket.to_owned(),
        endpoint: table.s3_endpoint.as_ref().map(ToString::to_string),
        region: table.s3_region.clone(),
        access_key: table.s3_access_key.clone().unwrap_or_default(),
        secret_key: secret(&table.s3_secret_key),
        prefix: table.s3_prefix.clone(),
        part_bytes: table.s3_part.as_usize(),
    };
    let mut policy = Policy::default();
    if let url::Origin::Tuple(_, _, port) = settings.origin()? {
        for network in [IpNet::from(Ipv4Net::default()), IpNet::from(Ipv6Net::default())] {
            policy = policy.allow(AllowRule::new(network, [port]));
        }
    }
    let client = client(config, policy, is_dev, tracker, stop)?;
    Ok(Blobs::new(Arc::new(blob::S3Blobs::new(settings, client, tracker.clone())?)))
}

/// Tells the guard where this process listens, so that nobody reaches it through itself.
pub(super) fn guard_own_addresses(client: &Client, addresses: Vec<SocketAddr>) {
    match OwnAddresses::discover(addresses) {
        Ok(own) => client.policy().set_own(own),
        Err(error) => tracing::warn!(%error, "the addresses of this machine cannot be read: {error}"),
    }
}

/// Messages to people, and the way out for them.
pub(super) fn mail(
    config: &Config,
    db: &Db,
    (seal, queues): (Arc<SealKey>, Queues),
    blobs: Option<Blobs>,
    metrics: mail::Metrics,
) -> Result<Mail, Error> {
    let table = &config.mail;
    let outgoing = match &table.host {
        Some(host) => Some(outgoing(config, host, db)?),
        None => None,
    };
    let settings = mail::Settings {
        outgoing,
        keep_ms: table.keep_ms,
        keep_bytes: table.keep.0,
        blobs,
        retry_ms: table.retry_ms,
        unsent_max: table.unsent_max,
        unsent_bytes_max: table.unsent.0,
    };
    Ok(Mail::open(db.clone(), seal, Some(queues), settings, metrics))
}

fn outgoing(config: &Config, host: &str, db: &Db) -> Result<mail::Outgoing, Error> {
    let table = &config.mail;
    let sender = |name: &str, text: &Option<String>| match text {
        Some(text) => text.parse::<Sender>().map(Some).map_err(|error| Error::Mail(format!("mail.{name} {error}"))),
        None => Ok(None),
    };
    let from = sender("from", &table.from)?.ok_or_else(|| Error::Mail("mail.from is needed".to_owned()))?;
    let reply_to = sender("reply_to", &table.reply_to)?;
    let extra = match &config.outbound.extra_ca_file {
        Some(path) => Some(fs::read(path).map_err(|source| Error::ReadFile { path: path.clone(), source })?),
        None => None,
    };
    let tls = || outbound::tls_config(extra.as_deref(), false).map(Arc::new);
    let tls = || tls().map_err(|error| Error::Mail(error.to_string()));
    let encryption = match table.tls {
        MailTls::None => smtp::Encryption::None,
        MailTls::Starttls => smtp::Encryption::Starttls(tls()?),
        MailTls::Tls => smtp::Encryption::Tls(tls()?),
    };
    let signer = match (&table.dkim_domain, &table.dkim_selector, &table.dkim_key) {
        (Some(domain), Some(selector), Some(key)) => {
            let signer = mail::Signer::new(domain, selector, key.expose());
            Some(Arc::new(signer.map_err(|error| Error::Mail(error.to_string()))?))
        }
        _ => None,
    };
    let credentials = table.user.clone().zip(table.password.as_ref());
    let settings = smtp::Settings {
        host: host.to_owned(),
        port: table.port(),
        encryption,
        credentials: credentials.map(|(user, password)| (user, Zeroizing::new(password.expose().to_owned()))),
        hello: table.hello.clone().unwrap_or_else(|| from.address.domain().to_owned()),
        pool_size: table.pool_size,
        connect_timeout: Duration::from_millis(table.connect_timeout_ms),
        timeout: Duration::from_millis(table.timeout_ms),
    };
    let transport = Arc::new(smtp::Smtp::new(settings, Arc::clone(db.clock())));
    Ok(mail::Outgoing { transport, from, reply_to, signer })
}

/// The registry with the metrics of every module.
#[derive(Debug, Clone)]
pub(super) struct Meters {
    pub(super) registry: Metrics,
    pub(super) http: http::Metrics,
    pub(super) limits: limits::Metrics,
    pub(super) accounts: accounts::Metrics,
    pub(super) webhooks: webhooks::Metrics,
    pub(super) mail: mail::Metrics,
    pub(super) reports: reports::Metrics,
    pub(super) schedules: schedules::Metrics,
    pub(super) readings: Readings,
}

/// Registers the metrics of every module.
pub(super) fn metrics() -> Result<Meters, Error> {
    let registry = Metrics::new()?;
    let http = http::Metrics::register(registry.registry())?;
    let limits = limits::Metrics::register(registry.registry())?;
    let accounts = accounts::Metrics::register(registry.registry())?;
    let readings = Readings::register(registry.registry())?;
    let webhooks = webhooks::Metrics::register(registry.registry())?;
    let mail = mail::Metrics::register(registry.registry())?;
    let reports = reports::Metrics::register(registry.registry())?;
    let schedules = schedules::Metrics::register(registry.registry())?;
    Ok(Meters { registry, http, limits, accounts, webhooks, mail, reports, schedules, readings })
}
