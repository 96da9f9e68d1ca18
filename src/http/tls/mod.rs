//! TLS for the listener: the certificate, where it comes from, and how it is exchanged while connections go on.
//!
//! A [`Tls`] holds one configuration for its whole life. The certificate stands behind a pointer that a handshake reads
//! and a reload replaces: open connections keep what they agreed on, the next handshake gets the new one. The pair comes
//! from [`Files`], or from whoever calls [`Tls::install`]; one that cannot be used replaces nothing, and
//! [`Tls::standing`] tells.
//!
//! TLS 1.3 and 1.2 with what aws-lc-rs offers, which includes no RSA below 2048 bits and no cipher without forward
//! secrecy. Only HTTP/1.1 is offered, because the server speaks nothing else; beside it an authority may ask for the
//! answer to a challenge (TLS-ALPN-01, RFC 8737), and gets no further. Deliberately absent: client certificates, early
//! data, stapling.

mod files;
#[cfg(test)]
mod tests;
mod validity;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

pub use files::{Error, Files, Unusable};
pub use validity::Validity;

/// The protocol of a connection that asks for the answer to a challenge.
pub(super) const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// What the listener proves itself with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
    certificates: Arc<Certificates>,
    files: Option<Files>,
    opened: watch::Stamps,
    standing: Mutex<Standing>,
}

/// How the certificate is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The life of the certificate in use; `None` when that cannot be read.
    pub validity: Option<Validity>,
    /// What somebody should look at.
    pub trouble: Option<Trouble>,
}

/// Why the certificate in use is not the one it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The files hold something that cannot be used, so an earlier pair is still in use.
    Files,
    /// None was issued yet; one that signs itself stands in.
    NotIssued,
    /// The last order of a new one failed.
    Order,
}

/// What handshakes choose from.
#[derive(Debug)]
struct Certificates {
    current: ArcSwap<CertifiedKey>,
    /// Answers to challenges by the name they are for.
    challenges: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_challenge = hello.alpn().is_some_and(|mut offered| offered.any(|it| it == CHALLENGE_PROTOCOL));
        if is_challenge {
            let name = hello.server_name()?.to_ascii_lowercase();
            return self.challenges.load().get(&name).cloned();
        }
        Some(self.current.load_full())
    }
}

impl Tls {
    /// Takes the pair from files; blocks.
    ///
    /// # Errors
    /// When the pair cannot be used.
    pub fn open(files: Files) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let opened = files.stamps();
        let key = files.load(&provider)?;
        Self::new(provider, key, Some(files), opened)
    }

    /// Begins with this pair (PEM) until another one is [installed](Tls::install).
    ///
    /// # Errors
    /// When the pair cannot be used.
    pub fn issued(chain: &str, key: &str) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = files::parse(chain.as_bytes(), key.as_bytes(), &provider).map_err(Error::Issued)?;
        Self::new(provider, key, None, [None, None])
    }

    fn new(
        provider: Arc<CryptoProvider>,
        key: CertifiedKey,
        files: Option<Files>,
        opened: watch::Stamps,
    ) -> Result<Self, Error> {
        let standing = Standing { validity: validity_of(&key), trouble: None };
        let certificates =
            Arc::new(Certificates { current: ArcSwap::from_pointee(key), challenges: ArcSwap::default() });
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Error::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Certificates>::clone(&certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if files.is_none() {
            config.alpn_protocols.push(CHALLENGE_PROTOCOL.to_vec());
        }
        let standing = Mutex::new(standing);
        let inner = Inner { config: Arc::new(config), provider, certificates, files, opened, standing };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads the files anew; blocks. Open connections are not touched.
    ///
    /// # Errors
    /// When the pair cannot be used; the earlier one stays then.
    pub fn reload(&self) -> Result<(), Error> {
        let Some(files) = &self.inner.files else { return Ok(()) };
        match files.load(&self.inner.provider) {
            Ok(key) => {
                self.replace(key);
                Ok(())
            }
            Err(error) => {
                self.report(Trouble::Files);
                Err(error)
            }
        }
    }

    /// Serves the next handshakes with this pair (PEM).
    ///
    /// # Errors
    /// When the pair cannot be used; the earlier one stays then.
    pub fn install(&self, chain: &str, key: &str) -> Result<(), Error> {
        let key = files::parse(chain.as_bytes(), key.as_bytes(), &self.inner.provider).map_err(Error::Issued)?;
        self.replace(key);
        Ok(())
    }

    fn replace(&self, key: CertifiedKey) {
        *self.standing_mut() = Standing { validity: validity_of(&key), trouble: None };
        self.inner.certificates.current.store(Arc::new(key));
    }

    /// Answers the challenges of an authority with these pairs (PEM) by name, and with none of the former ones.
    ///
    /// # Errors
    /// When a pair cannot be used; then nothing has changed.
    pub fn present(&self, pairs: &HashMap<String, (String, String)>) -> Result<(), Error> {
        let provider = &self.inner.provider;
        let pairs = pairs.iter().map(|(name, (chain, key))| {
            let key = files::parse_answer(chain.as_bytes(), key.as_bytes(), provider).map_err(Error::Issued)?;
            Ok((name.to_ascii_lowercase(), Arc::new(key)))
        });
        let pairs: HashMap<_, _> = pairs.collect::<Result<_, Error>>()?;
        self.inner.certificates.challenges.store(Arc::new(pairs));
        Ok(())
    }

    /// Has [`Tls::standing`] tell of trouble until another pair is in use.
    pub fn report(&self, trouble: Trouble) {
        self.standing_mut().trouble = Some(trouble);
    }

    /// How the certificate is.
    #[must_use]
    pub fn standing(&self) -> Standing {
        *self.standing_mut()
    }

    fn standing_mut(&self) -> MutexGuard<'_, Standing> {
        self.inner.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.inner.config))
    }
}

fn validity_of(key: &CertifiedKey) -> Option<Validity> {
    validity::validity(key.cert.first()?)
}
