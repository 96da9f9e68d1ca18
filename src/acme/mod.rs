//! Certificates from an authority by ACME (RFC 8555): ordered, renewed in time, kept in the data directory.
//!
//! The authority asks at the TLS port itself whether the names are ours (TLS-ALPN-01, RFC 8737), so nothing else has to be
//! reachable. Account and certificate stand in one sealed file ([`cache`]), which only its owner may read. Until the first
//! certificate is there, one that signs itself stands in; an order that fails is repeated ever more rarely and leaves
//! the present certificate alone. All calls go through `outbound`.
//!
//! Vocabulary: the *authority* signs certificates; an *order* asks for one; a *challenge* is what proves a name.
//! Deliberately absent: other challenges and with them wildcards, revocation, accounts made elsewhere.

mod cache;
mod order;
mod schedule;
#[cfg(test)]
mod tests;
mod wire;

use std::{path::PathBuf, sync::Arc, time::Duration};

use rcgen::{CertificateParams, KeyPair};
use tokio_util::sync::CancellationToken;

use crate::{
    base::{Clock, Random, SealKey, Timestamp},
    http::{
        Tls,
        tls::{self, Trouble},
    },
    outbound::Client,
};

use cache::Cache;

/// What to order, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The names, at least one.
    pub domains: Vec<String>,
    /// Addresses for the authority's notices, such as `mailto:`.
    pub contact: Vec<String>,
    /// The authority's directory.
    pub directory: String,
    /// The data directory.
    pub data: PathBuf,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cache cannot be read or written.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The cache was sealed by another store.
    #[error("{} was sealed with another key; move it away to begin with a new account", path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// The cache holds something else.
    #[error("{} is damaged; move it away to begin with a new account", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The authority refused, or the talk with it broke off.
    #[error("the authority gives no certificate: {0}")]
    Authority(#[from] instant_acme::Error),
    /// The authority offers other challenges only.
    #[error("the authority does not offer tls-alpn-01 for {0}")]
    NoChallenge(String),
    /// A name could not be proven.
    #[error("the authority could not verify that {0} is served here")]
    NotProven(String),
    /// The authority took too long.
    #[error("the authority did not finish in {0:?}")]
    TooSlow(Duration),
    /// A key, a request or an answer to a challenge cannot be made.
    #[error("a certificate cannot be requested")]
    Request(#[from] rcgen::Error),
    /// What the authority gave cannot be served.
    #[error("the issued certificate cannot be used")]
    Tls(#[from] tls::Error),
}

/// Keeps the listener supplied with a certificate.
#[derive(Debug)]
pub struct Acme {
    settings: Settings,
    cache: Cache,
    tls: Tls,
    outbound: Client,
    clock: Arc<dyn Clock>,
}

impl Acme {
    /// Takes the certificate of an earlier start, or makes one that stands in; blocks.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn open(
        settings: Settings,
        seal: &SealKey,
        outbound: Client,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    ) -> Result<Self, Error> {
        let cache = Cache::open(&settings.data, seal, random)?;
        let tls = match &cache.content.certificate {
            Some(kept) => Tls::issued(&kept.chain, &kept.key)?,
            None => stand_in(&settings.domains)?,
        };
        Ok(Self { settings, cache, tls, outbound, clock })
    }

    /// What the listener proves itself with.
    #[must_use]
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Orders and renews until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let is_at_once = self.cache.is_unsaved() && failures == 0;
            let wait = if is_at_once { 0 } else { schedule::wait_ms(self.renew_at(), self.clock.now(), failures) };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            }
            self.keep(&mut failures);
            if !schedule::is_due(self.renew_at(), self.clock.now()) {
                continue;
            }
            let names = self.settings.domains.join(", ");
            let ordered = tokio::select! {
                () = stop.cancelled() => return,
                ordered = order::renew(&mut self) => ordered,
            };
            match ordered {
                Ok(()) => {
                    failures = schedule::failures_after(self.renew_at(), self.clock.now());
                    let end = self.tls.standing().validity.map(|life| format!(", valid until {}", life.not_after));
                    tracing::info!("a certificate for {names} was issued{}", end.unwrap_or_default());
                }
                Err(error) => {
                    failures += 1;
                    if self.tls.standing().trouble != Some(Trouble::NotIssued) {
                        self.tls.report(Trouble::Order);
                    }
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                    tracing::warn!(
                        failures,
                        "no certificate for {names}, trying again later: {error}{}",
                        cause.unwrap_or_default()
                    );
                }
            }
        }
    }

    /// Writes down what could not be written before.
    fn keep(&mut self, failures: &mut usize) {
        if !self.cache.is_unsaved() {
            return;
        }
        match tokio::task::block_in_place(|| self.cache.save()) {
            Ok(()) => *failures = 0,
            Err(error) => {
                *failures += 1;
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                tracing::warn!(failures, "the certificate is not kept yet, trying again later: {error}{cause}");
            }
        }
    }

    /// When the certificate in use should be replaced; `None` for at once.
    fn renew_at(&self) -> Option<Timestamp> {
        let kept = self.cache.content.certificate.as_ref()?;
        let is_wanted = kept.domains == self.settings.domains && kept.directory == self.settings.directory;
        is_wanted.then(|| self.tls.standing().validity).flatten().map(schedule::renew_at)
    }
}

/// A pair that signs itself, so that handshakes do not fail before the first order is done.
fn stand_in(domains: &[String]) -> Result<Tls, Error> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(domains.to_vec())?.self_signed(&key)?;
    let tls = Tls::issued(&certificate.pem(), &key.serialize_pem())?;
    tls.report(Trouble::NotIssued);
    Ok(tls)
}
