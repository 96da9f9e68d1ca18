//! TLS for outbound connections: one provider, the Mozilla roots, and the operator's own CAs.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Why the TLS configuration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The extra CA text is not PEM or holds no certificate.
    #[error("the extra CA certificates are not valid PEM: {0}")]
    Pem(String),
    /// A certificate in it is not usable as a trust anchor.
    #[error("an extra CA certificate cannot be a trust anchor")]
    Anchor(#[source] rustls::Error),
    /// The cryptography provider does not offer TLS 1.2 and 1.3.
    #[error("the cryptography provider does not fit")]
    Provider(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3 with HTTP/1.1 only, trusting the Mozilla roots and the certificates in `extra_ca_pem`.
pub(super) fn client_config(extra_ca_pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(pem) = extra_ca_pem {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::Pem(error.to_string()))?;
        if certificates.is_empty() {
            return Err(TlsError::Pem("no certificate in it".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(TlsError::Anchor)?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Provider)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
