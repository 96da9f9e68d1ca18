//! TLS for the listener: the certificate, where it comes from, and how it is exchanged while connections go on.
//!
//! A [`Tls`] holds one configuration for its whole life. The certificate stands behind a pointer that a handshake reads
//! and a reload replaces: open connections keep what they agreed on, the next handshake gets the new one. A pair that
//! cannot be used replaces nothing; it is told in the log and in [`Tls::standing`].
//!
//! TLS 1.3 and 1.2 with what aws-lc-rs offers, which includes no RSA below 2048 bits and no cipher without forward
//! secrecy. Only HTTP/1.1 is offered, because the server speaks nothing else. Deliberately absent: client certificates,
//! early data, stapling.

mod files;
#[cfg(test)]
mod tests;
mod validity;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

use crate::base::Timestamp;

pub use files::{Error, Files};

/// What the listener proves itself with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tls {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
    certificate: Arc<Current>,
    files: Files,
    opened: watch::Stamps,
    standing: Mutex<Standing>,
}

/// How the certificate is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Until when the certificate in use is valid; `None` when that cannot be read.
    pub not_after: Option<Timestamp>,
    /// Whether the files hold something that could not be taken, so that an earlier pair is still in use.
    pub is_outdated: bool,
}

/// The certificate that the next handshake gets.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads the pair; blocks.
    ///
    /// # Errors
    /// When the pair cannot be used.
    pub fn open(files: Files) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let opened = files.stamps();
        let key = files.load(&provider)?;
        let standing = Standing { not_after: end_of(&key), is_outdated: false };
        let certificate = Arc::new(Current(ArcSwap::from_pointee(key)));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Error::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&certificate));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let inner =
            Inner { config: Arc::new(config), provider, certificate, files, opened, standing: Mutex::new(standing) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Reads the pair anew; blocks. Open connections are not touched.
    ///
    /// # Errors
    /// When the pair cannot be used; the earlier one stays then.
    pub fn reload(&self) -> Result<(), Error> {
        let Inner { files, provider, certificate, .. } = &*self.inner;
        let loaded = files.load(provider);
        let mut standing = self.inner.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match loaded {
            Ok(key) => {
                *standing = Standing { not_after: end_of(&key), is_outdated: false };
                certificate.0.store(Arc::new(key));
                Ok(())
            }
            Err(error) => {
                standing.is_outdated = true;
                Err(error)
            }
        }
    }

    /// How the certificate is.
    #[must_use]
    pub fn standing(&self) -> Standing {
        *self.inner.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.inner.config))
    }
}

fn end_of(key: &CertifiedKey) -> Option<Timestamp> {
    validity::not_after(key.cert.first()?)
}
