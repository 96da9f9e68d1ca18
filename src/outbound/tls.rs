//! TLS for outbound connections: one provider, the Mozilla roots, and the operator's own CAs.

use std::{net::IpAddr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
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
    /// The trust anchors cannot be used together.
    #[error("certificates cannot be verified")]
    Verifier(#[from] VerifierBuilderError),
}

/// TLS 1.2 and 1.3 with HTTP/1.1 only, trusting the Mozilla roots, the certificates in `extra_ca_pem` and, if told so,
/// whatever answers on this machine.
pub(super) fn client_config(extra_ca_pem: Option<&[u8]>, trusts_loopback: bool) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = tls_config(extra_ca_pem, trusts_loopback)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// TLS 1.2 and 1.3 for any protocol, trusting the same, for connections that are no HTTP.
///
/// # Errors
/// [`TlsError`] for certificates that cannot be used.
pub fn tls_config(extra_ca_pem: Option<&[u8]>, trusts_loopback: bool) -> Result<ClientConfig, TlsError> {
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
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Provider)?;
    Ok(if trusts_loopback {
        let verifier = Arc::new(LoopbackTrusting(verifier));
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    } else {
        builder.with_webpki_verifier(verifier).with_no_client_auth()
    })
}

/// Verifies as usual, but takes any certificate of a server on this machine, as plain HTTP would.
#[derive(Debug)]
struct LoopbackTrusting(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for LoopbackTrusting {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if is_loopback(name) {
            return Ok(ServerCertVerified::assertion());
        }
        self.0.verify_server_cert(own, chain, name, stapled, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// By name, because the name is what a certificate would be checked against.
fn is_loopback(name: &ServerName<'_>) -> bool {
    match name {
        ServerName::DnsName(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
        ServerName::IpAddress(address) => IpAddr::from(*address).is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::is_loopback;

    #[test]
    fn only_this_machine_is_trusted_unseen() {
        for (name, is) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.9.10", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("localhost.example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(is_loopback(&ServerName::try_from(name).unwrap()), is, "{name}");
        }
    }
}
