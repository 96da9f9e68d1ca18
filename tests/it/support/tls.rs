//! A certificate authority of the test, and a client that trusts it.

use std::{
    fs,
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
    ops::Range,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use rustls_pki_types::CertificateDer;

use super::{Answer, read_answer};

const PATIENCE: Duration = Duration::from_secs(30);

/// Issues certificates for a server under test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

impl Authority {
    /// A new one with a directory for the pairs it issues.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, directory: tempfile::tempdir().unwrap() }
    }

    /// Where the certificate is.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("tls.crt")
    }

    /// A file with the certificate of the authority itself.
    pub fn root(&self) -> PathBuf {
        let path = self.directory.path().join("root.crt");
        replace(&path, &self.issuer.pem());
        path
    }

    /// Where its key is.
    pub fn key(&self) -> PathBuf {
        self.directory.path().join("tls.key")
    }

    /// The settings that name both.
    pub fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("NOVAPULSE_SERVER_TLS_CERTIFICATE", self.certificate().display().to_string()),
            ("NOVAPULSE_SERVER_TLS_KEY", self.key().display().to_string()),
        ]
    }

    /// Writes a new pair for the name over the former one; gives the certificate.
    pub fn issue(&self, name: &str) -> CertificateDer<'static> {
        let names = vec![name.to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        replace(&self.certificate(), &certificate.pem());
        replace(&self.key(), &key.serialize_pem());
        certificate.der().clone()
    }

    /// Signs what is asked for in a request (PKCS #10), valid for these years; gives the chain as PEM.
    pub fn sign(&self, request: &[u8], years: Range<i32>) -> String {
        let mut request = CertificateSigningRequestParams::from_der(&request.into()).unwrap();
        request.params.not_before = date_time_ymd(years.start, 1, 1);
        request.params.not_after = date_time_ymd(years.end, 1, 1);
        request.signed_by(&self.issuer).unwrap().pem() + &self.issuer.pem()
    }

    /// A client that trusts this authority and nobody else.
    pub fn client(&self, address: SocketAddr) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        TlsClient { address, roots, versions: vec![&TLS13, &TLS12], protocols: vec![b"http/1.1".to_vec()] }
    }
}

fn replace(path: &Path, text: &str) {
    let partial = path.with_extension("new");
    fs::write(&partial, text).unwrap();
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&partial, path).unwrap();
}

/// How to connect.
pub struct TlsClient {
    address: SocketAddr,
    roots: RootCertStore,
    /// The versions it offers.
    pub versions: Vec<&'static SupportedProtocolVersion>,
    /// The application protocols it offers.
    pub protocols: Vec<Vec<u8>>,
}

/// A connection with its keys agreed on.
pub type TlsConnection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

impl TlsClient {
    /// Connects and shakes hands for the name; the error is the client's.
    pub fn connect(&self, name: &str) -> std::io::Result<TlsConnection> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols.clone_from(&self.protocols);
        let mut connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(BufReader::new(StreamOwned::new(connection, stream)))
    }

    /// The certificate that a new connection gets.
    pub fn certificate(&self, name: &str) -> CertificateDer<'static> {
        let connection = self.connect(name).unwrap();
        connection.get_ref().conn.peer_certificates().unwrap()[0].clone()
    }

    /// Sends a GET on a connection of its own.
    pub fn get(&self, path: &str) -> Answer {
        exchange(&mut self.connect("127.0.0.1").unwrap(), &format!("GET {path} HTTP/1.1\r\nhost: np.test\r\n\r\n"))
    }
}

/// Sends a request and reads its answer.
pub fn exchange(connection: &mut TlsConnection, request: &str) -> Answer {
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    connection.get_mut().flush().unwrap();
    read_answer(connection, false).expect("an answer")
}
