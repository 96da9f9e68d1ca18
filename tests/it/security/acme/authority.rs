//! A small authority: the part of RFC 8555 that an order needs, with every signature, nonce and challenge checked.

use std::{
    collections::HashSet,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde_json::{Value, json};

use crate::support::{Authority, Received, Receiver, Reply};

/// One order.
struct Order {
    names: Vec<String>,
    is_proven: bool,
    chain: Option<String>,
}

#[derive(Default)]
struct State {
    /// Where the names are served; unknown until the server under test has said so.
    target: Option<SocketAddr>,
    /// Issues certificates whose life is nearly over.
    is_late: bool,
    /// Refuses every order with this type of problem.
    refusal: Option<&'static str>,
    nonces: HashSet<String>,
    accounts: Vec<Value>,
    orders: Vec<Order>,
    complaints: Vec<String>,
}

/// The authority's server.
pub struct AcmeServer {
    receiver: Receiver,
    state: Arc<Mutex<State>>,
}

impl AcmeServer {
    /// Signs with the authority's key.
    pub fn start(authority: Arc<Authority>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let receiver = Receiver::answering(move |received| answer(&mut shared.lock().unwrap(), &authority, received));
        Self { receiver, state }
    }

    /// The address of its directory.
    pub fn directory(&self) -> String {
        self.receiver.url("/directory")
    }

    /// Looks for the names at this address from now on.
    pub fn look_at(&self, address: SocketAddr) {
        self.state.lock().unwrap().target = Some(address);
    }

    /// Has no address to look at until the next one is told.
    pub fn look_away(&self) {
        self.state.lock().unwrap().target = None;
    }

    /// Whether certificates are issued from now on of whose life two thirds are over.
    pub fn issue_late(&self, is_late: bool) {
        self.state.lock().unwrap().is_late = is_late;
    }

    /// Refuses orders from now on.
    pub fn refuse(&self, problem: &'static str) {
        self.state.lock().unwrap().refusal = Some(problem);
    }

    /// The names of every order that was filled.
    pub fn filled(&self) -> Vec<Vec<String>> {
        let state = self.state.lock().unwrap();
        state.orders.iter().filter(|order| order.chain.is_some()).map(|order| order.names.clone()).collect()
    }

    /// How many accounts were made.
    pub fn accounts(&self) -> usize {
        self.state.lock().unwrap().accounts.len()
    }

    /// What a client did wrong.
    pub fn complaints(&self) -> Vec<String> {
        self.state.lock().unwrap().complaints.clone()
    }
}

fn answer(state: &mut State, authority: &Authority, received: &Received) -> Reply {
    let base = format!("http://{}", received.header("host").unwrap());
    let mut reply = match respond(state, authority, received, &base) {
        Ok(reply) => reply,
        Err(complaint) => {
            state.complaints.push(format!("{}: {complaint}", received.path));
            problem("malformed", &complaint)
        }
    };
    let nonce = format!("nonce-{}-{}", state.complaints.len(), received.path.len() + state.nonces.len() * 1000);
    state.nonces.insert(nonce.clone());
    reply.headers.push(("replay-nonce".to_owned(), nonce));
    reply
}

fn problem(kind: &str, detail: &str) -> Reply {
    let body = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail });
    Reply { body: body.to_string(), ..Reply::status(403) }
}

fn created(location: String, body: &Value) -> Reply {
    Reply { headers: vec![("location".to_owned(), location)], body: body.to_string(), ..Reply::status(201) }
}

fn ok(body: &Value) -> Reply {
    Reply { body: body.to_string(), ..Reply::status(200) }
}

fn respond(state: &mut State, authority: &Authority, received: &Received, base: &str) -> Result<Reply, String> {
    let parts: Vec<_> = received.path.split('/').skip(1).collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<usize>().ok()).ok_or("no such thing");
    match parts[0] {
        "directory" => {
            return Ok(ok(&json!({
                "newNonce": format!("{base}/nonce"), "newAccount": format!("{base}/account"),
                "newOrder": format!("{base}/order"),
            })));
        }
        "nonce" => return Ok(Reply::status(200)),
        _ => {}
    }
    let payload = verify(state, received, base)?;
    match (parts[0], parts.len()) {
        ("account", 1) => {
            Ok(created(format!("{base}/account/{}", state.accounts.len() - 1), &json!({"status": "valid"})))
        }
        ("order", 1) => {
            if let Some(refusal) = state.refusal {
                return Ok(problem(refusal, "not here"));
            }
            let names = payload["identifiers"].as_array().ok_or("no identifiers")?;
            let names = names.iter().map(|name| name["value"].as_str().unwrap().to_owned()).collect();
            state.orders.push(Order { names, is_proven: false, chain: None });
            let number = state.orders.len() - 1;
            Ok(created(format!("{base}/order/{number}"), &order(state, number, base)))
        }
        ("order", _) => {
            prove(state, number(1)?)?;
            Ok(ok(&order(state, number(1)?, base)))
        }
        ("authorization", _) => {
            let (order, name) = (number(1)?, number(2)?);
            let token = token(order, name);
            let url = |kind: &str| format!("{base}/challenge/{order}/{name}/{kind}");
            Ok(ok(&json!({
                "identifier": {"type": "dns", "value": state.orders[order].names[name]}, "status": "pending",
                "challenges": [
                    {"type": "http-01", "url": url("http"), "token": token, "status": "pending"},
                    {"type": "tls-alpn-01", "url": url("tls"), "token": token, "status": "pending"},
                ],
            })))
        }
        ("challenge", _) => {
            let token = token(number(1)?, number(2)?);
            Ok(ok(&json!({"type": "tls-alpn-01", "url": format!("{base}{}", received.path), "token": token,
                "status": "processing"})))
        }
        ("finalize", _) => {
            let number = number(1)?;
            if !state.orders[number].is_proven {
                return Err("the names are not proven".to_owned());
            }
            let request = BASE64.decode(payload["csr"].as_str().ok_or("no request")?).map_err(|it| it.to_string())?;
            let years = if state.is_late { 1971..2048 } else { 2020..2999 };
            state.orders[number].chain = Some(authority.sign(&request, years));
            Ok(ok(&order(state, number, base)))
        }
        ("certificate", _) => {
            Ok(Reply { body: state.orders[number(1)?].chain.clone().ok_or("not issued")?, ..Reply::status(200) })
        }
        _ => Err("no such thing".to_owned()),
    }
}

fn token(order: usize, name: usize) -> String {
    format!("token-of-order-{order}-and-name-{name}")
}

fn order(state: &State, number: usize, base: &str) -> Value {
    let order = &state.orders[number];
    let status = match (&order.chain, order.is_proven) {
        (Some(_), _) => "valid",
        (None, true) => "ready",
        (None, false) => "pending",
    };
    let authorizations = (0..order.names.len()).map(|name| format!("{base}/authorization/{number}/{name}"));
    let mut shown = json!({
        "status": status, "finalize": format!("{base}/finalize/{number}"),
        "authorizations": authorizations.collect::<Vec<_>>(),
        "identifiers": order.names.iter().map(|name| json!({"type": "dns", "value": name})).collect::<Vec<_>>(),
    });
    if order.chain.is_some() {
        shown["certificate"] = json!(format!("{base}/certificate/{number}"));
    }
    shown
}

/// The payload of a signed request (RFC 8555 §6.2); its nonce is used up.
fn verify(state: &mut State, received: &Received, base: &str) -> Result<Value, String> {
    let body = received.json();
    let text = |name: &str| body[name].as_str().ok_or_else(|| format!("no {name}"));
    let decode = |text: &str| BASE64.decode(text).map_err(|error| error.to_string());
    let protected: Value = serde_json::from_slice(&decode(text("protected")?)?).map_err(|error| error.to_string())?;
    if received.header("content-type") != Some("application/jose+json") || protected["alg"] != "ES256" {
        return Err("another type or algorithm".to_owned());
    }
    if protected["url"] != format!("{base}{}", received.path) {
        return Err(format!("signed for {}", protected["url"]));
    }
    if !state.nonces.remove(protected["nonce"].as_str().unwrap_or_default()) {
        return Err("the nonce is not one of ours".to_owned());
    }
    let is_new = received.path == "/account";
    let jwk = if is_new {
        protected["jwk"].clone()
    } else {
        let number = protected["kid"].as_str().and_then(|kid| kid.strip_prefix(&format!("{base}/account/")));
        let number: usize = number.and_then(|number| number.parse().ok()).ok_or("no account")?;
        state.accounts.get(number).ok_or("unknown account")?.clone()
    };
    let point = [&[4][..], &decode(jwk["x"].as_str().ok_or("x")?)?, &decode(jwk["y"].as_str().ok_or("y")?)?].concat();
    let signed = format!("{}.{}", text("protected")?, text("payload")?);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(text("signature")?)?)
        .map_err(|_| "the signature is wrong")?;
    let payload = decode(text("payload")?)?;
    let payload = if payload.is_empty() { Value::Null } else { serde_json::from_slice(&payload).unwrap() };
    if is_new {
        if payload["termsOfServiceAgreed"] != true || payload["contact"] != json!(["mailto:ops@np.test"]) {
            return Err(format!("not the account that was wanted: {payload}"));
        }
        state.accounts.push(jwk);
    }
    Ok(payload)
}

/// Asks at the target for each name (RFC 8737 §3), once there is a target.
fn prove(state: &mut State, number: usize) -> Result<(), String> {
    let (Some(target), Some(jwk)) = (state.target, state.accounts.last()) else { return Ok(()) };
    if state.orders[number].is_proven {
        return Ok(());
    }
    // The members of the key in the order of their names (RFC 7638 §3).
    let members = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":{},\"y\":{}}}", jwk["x"], jwk["y"]);
    let thumbprint = BASE64.encode(digest(&SHA256, members.as_bytes()));
    for (at, name) in state.orders[number].names.iter().enumerate() {
        let expected = digest(&SHA256, format!("{}.{thumbprint}", token(number, at)).as_bytes());
        let certificate = ask(target, name)?;
        // id-pe-acmeIdentifier, critical, an octet string in an octet string.
        let extension = [
            &[0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 1, 0x1f, 0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20][..],
            expected.as_ref(),
        ];
        let own_name = [&[0x82, name.len() as u8][..], name.as_bytes()];
        for wanted in [extension.concat(), own_name.concat()] {
            if !certificate.windows(wanted.len()).any(|window| window == wanted) {
                return Err(format!("the answer for {name} lacks {wanted:02x?}"));
            }
        }
    }
    state.orders[number].is_proven = true;
    Ok(())
}

/// The certificate that is shown for the name over `acme-tls/1`.
fn ask(target: SocketAddr, name: &str) -> Result<CertificateDer<'static>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let mut connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(target).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    if connection.alpn_protocol() != Some(b"acme-tls/1") {
        return Err("acme-tls/1 was not agreed on".to_owned());
    }
    Ok(connection.peer_certificates().unwrap()[0].clone())
}

/// The answer to a challenge signs itself; what is in it counts.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    // The library that would check the signature refuses the extension, which it does not know and which is critical.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
