//! From a name to its addresses.
//!
//! Names are always absolute: search domains never apply, so `http://db` cannot become
//! `db.corp.example`. What a resolver answers is vetted by the caller, all of it.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::LookupIpStrategy,
    net::NetError,
    proto::rr::{IntoName, Name},
};

/// Why there are no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist or has no address records.
    #[error("no addresses: {0}")]
    NoSuchName(String),
    /// The name servers could not find out, or did not answer in time: mostly the fault of the name's own servers.
    #[error("lookup failed: {0}")]
    Failed(String),
    /// No name server could be reached at all.
    #[error("no name server can be reached: {0}")]
    Unavailable(String),
}

/// The answer of a resolver, some time later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>>;

/// Finds the addresses of a name.
pub trait Resolve: Send + Sync + fmt::Debug {
    /// All addresses of an absolute name, which is given in lower case and without its final dot.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// The name servers of the operating system's configuration, with a bounded cache in this process.
#[derive(Clone)]
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    const CACHE_ENTRIES: u64 = 4096;
    const TTL_MIN: Duration = Duration::from_secs(5);
    const TTL_MAX: Duration = Duration::from_mins(5);
    const NEGATIVE_TTL_MAX: Duration = Duration::from_secs(30);
    const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

    /// Reads the system's configuration.
    ///
    /// # Errors
    /// A text that says why the configuration cannot be used.
    pub fn new() -> Result<Self, String> {
        let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
        let options = builder.options_mut();
        options.timeout = Self::QUERY_TIMEOUT;
        options.attempts = 2;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.cache_size = Self::CACHE_ENTRIES;
        options.positive_min_ttl = Some(Self::TTL_MIN);
        options.positive_max_ttl = Some(Self::TTL_MAX);
        options.negative_min_ttl = Some(Self::TTL_MIN);
        options.negative_max_ttl = Some(Self::NEGATIVE_TTL_MAX);
        builder.build().map(Self).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SystemResolver").finish_non_exhaustive()
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let mut absolute: Name = name.into_name().map_err(|error| ResolveError::NoSuchName(error.to_string()))?;
            absolute.set_fqdn(true);
            match self.0.lookup_ip(absolute).await {
                Ok(answer) => Ok(answer.iter().collect()),
                Err(error) if error.is_no_records_found() => Err(ResolveError::NoSuchName(error.to_string())),
                Err(error @ (NetError::Busy | NetError::NoConnections | NetError::Io(_))) => {
                    Err(ResolveError::Unavailable(error.to_string()))
                }
                Err(error) => Err(ResolveError::Failed(error.to_string())),
            }
        })
    }
}

/// Stands in when the system's configuration cannot be used: every name fails with the reason.
#[derive(Debug)]
pub(super) struct NoResolver {
    pub(super) reason: String,
}

impl Resolve for NoResolver {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        Box::pin(std::future::ready(Err(ResolveError::Unavailable(self.reason.clone()))))
    }
}

/// Answers from a table; for tests and simulations. A name may have a sequence of answers, of which the last
/// repeats: that is how rebinding is simulated.
#[derive(Debug, Default)]
pub struct FixedResolver {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

impl FixedResolver {
    /// Adds the next answer for a name.
    #[must_use]
    pub fn with(self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.to_owned())
            .or_default()
            .push(addresses.into_iter().collect());
        self
    }
}

impl Resolve for FixedResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match answers.get_mut(name) {
            Some(sequence) if sequence.len() > 1 => Some(sequence.remove(0)),
            Some(sequence) => sequence.first().cloned(),
            None => None,
        };
        let answer = answer
            .filter(|addresses| !addresses.is_empty())
            .ok_or_else(|| ResolveError::NoSuchName(format!("{name} is not in the table")));
        Box::pin(std::future::ready(answer))
    }
}
