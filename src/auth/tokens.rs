//! What a person's client shows: access tokens, refresh tokens, and the short token between password and second factor.
//!
//! An access token is a JWT (RFC 9068 form, `typ` is `at+jwt`) signed with HS256; its `kid` names the key, and nothing
//! else of its head is believed. It says who signed in, never what he may do: that is looked up with the session.
//! A refresh token is `np_rt_<session>_<number>_<code>`; the code is an HMAC over both and the session's nonce, so the
//! store keeps no secret for it and the successor of a token can be made again.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::base::{RawId, SealKey, SessionId, Timestamp, UserId, hex};

const ISSUER: &str = "novapulse";
const ACCESS_TYPE: &str = "at+jwt";
const MFA_TYPE: &str = "mfa+jwt";
const REFRESH_PREFIX: &str = "np_rt_";
const REFRESH_PURPOSE: &[u8] = b"refresh token";
const CSRF_PURPOSE: &[u8] = b"csrf token";
/// Seconds a client's and our clock may be apart; we issue and check, so there is one clock.
const LEEWAY_S: u64 = 0;

/// A key that signs tokens.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(super) fn new(kid: String, secret: &[u8]) -> Self {
        Self { kid, encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }
}

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccessClaims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// What the token between password and second factor says.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MfaClaims {
    iss: String,
    aud: String,
    sub: UserId,
    /// Changes when the password does, so that an earlier token is worth nothing.
    ver: u32,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// Makes and reads tokens. The first key signs, all of them are accepted.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    keys: Vec<SigningKey>,
}

impl Tokens {
    /// Keys, the newest first.
    pub(super) const fn new(keys: Vec<SigningKey>) -> Self {
        Self { keys }
    }

    /// An access token that is good for `life_s` from now.
    pub(super) fn access(&self, user: UserId, session: SessionId, now: Timestamp, life_s: u64) -> Option<String> {
        let (iat, exp) = span(now, life_s);
        let (iss, aud) = (ISSUER.to_owned(), ISSUER.to_owned());
        self.sign(ACCESS_TYPE, &AccessClaims { iss, aud, sub: user, sid: session, iat, nbf: iat, exp })
    }

    /// Who signed in, when the token is ours and in force.
    pub(super) fn read_access(&self, token: &str, now: Timestamp) -> Option<(UserId, SessionId)> {
        let claims: AccessClaims = self.read(ACCESS_TYPE, token)?;
        is_within(now, claims.nbf, claims.exp).then_some((claims.sub, claims.sid))
    }

    /// A token that says that the password was right, for `life_s` from now.
    pub(super) fn mfa(&self, user: UserId, version: u32, now: Timestamp, life_s: u64) -> Option<String> {
        let (iat, exp) = span(now, life_s);
        let (iss, aud) = (ISSUER.to_owned(), MFA_TYPE.to_owned());
        self.sign(MFA_TYPE, &MfaClaims { iss, aud, sub: user, ver: version, iat, nbf: iat, exp })
    }

    /// Whose password was right, with the version of that password.
    pub(super) fn read_mfa(&self, token: &str, now: Timestamp) -> Option<(UserId, u32)> {
        let claims: MfaClaims = self.read(MFA_TYPE, token)?;
        is_within(now, claims.nbf, claims.exp).then_some((claims.sub, claims.ver))
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Option<String> {
        let key = self.keys.first()?;
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.encoding).ok()
    }

    fn read<T: for<'de> Deserialize<'de> + Clone>(&self, kind: &str, token: &str) -> Option<T> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(kind) || header.alg != Algorithm::HS256 {
            return None;
        }
        let key = self.keys.iter().find(|key| Some(&key.kid) == header.kid.as_ref())?;
        // Times are compared with our clock by the caller, not with the crate's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[if kind == ACCESS_TYPE { ISSUER } else { MFA_TYPE }]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        match jsonwebtoken::decode::<T>(token, &key.decoding, &validation) {
            Ok(data) => Some(data.claims),
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::InvalidSignature) {
                    tracing::debug!(%error, "a token was refused");
                }
                None
            }
        }
    }
}

fn span(now: Timestamp, life_s: u64) -> (u64, u64) {
    let iat = now.as_ms().max(0) as u64 / 1_000;
    (iat, iat.saturating_add(life_s))
}

fn is_within(now: Timestamp, from: u64, to: u64) -> bool {
    let now = now.as_ms().max(0) as u64 / 1_000;
    (from..to).contains(&now)
}

/// What a refresh token claims; [`refresh_code`] says whether it is true.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RefreshText {
    pub(super) session: SessionId,
    pub(super) number: u32,
    pub(super) code: [u8; 32],
}

impl RefreshText {
    /// Takes a token apart; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(REFRESH_PREFIX)?.split('_');
        let (session, number, code) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && code.len() == 64 && number.len() <= 8 && code.is_ascii();
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(code.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let number = u32::from_str_radix(number, 16).ok()?;
        let session = SessionId::from_raw(RawId::from_text(session).ok()?);
        is_whole.then_some(Self { session, number, code: bytes })
    }

    pub(super) fn is_genuine(&self, key: &SealKey, nonce: &[u8; 16]) -> bool {
        self.code.ct_eq(&refresh_code(key, self.session, self.number, nonce)).into()
    }
}

/// The text of the refresh token with this number.
pub(super) fn refresh_text(key: &SealKey, session: SessionId, number: u32, nonce: &[u8; 16]) -> String {
    let code = refresh_code(key, session, number, nonce);
    format!("{REFRESH_PREFIX}{}_{number:x}_{}", session.raw().to_text(), hex(&code))
}

fn refresh_code(key: &SealKey, session: SessionId, number: u32, nonce: &[u8; 16]) -> [u8; 32] {
    let RawId { hi, lo } = session.raw();
    let mut data = Vec::with_capacity(36);
    data.extend_from_slice(&hi.to_be_bytes());
    data.extend_from_slice(&lo.to_be_bytes());
    data.extend_from_slice(&number.to_be_bytes());
    data.extend_from_slice(nonce);
    key.code(REFRESH_PURPOSE, &data)
}

/// The value a browser must send back in `X-CSRF-Token`; bound to the session, so nothing is stored.
pub(super) fn csrf_text(key: &SealKey, session: SessionId, nonce: &[u8; 16]) -> String {
    let mut data = session.raw().hi.to_be_bytes().to_vec();
    data.extend_from_slice(&session.raw().lo.to_be_bytes());
    data.extend_from_slice(nonce);
    let mut code = hex(&key.code(CSRF_PURPOSE, &data));
    // Half of it is hard enough to guess.
    code.truncate(32);
    code
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::{RefreshText, SigningKey, Tokens, csrf_text, refresh_text};
    use crate::base::{RawId, SealKey, SessionId, Timestamp, UserId};

    const USER: UserId = UserId::from_raw(RawId { hi: 1, lo: 2 });
    const SESSION: SessionId = SessionId::from_raw(RawId { hi: 3, lo: 4 });

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    fn tokens(kid: &str, secret: &[u8]) -> Tokens {
        Tokens::new(vec![SigningKey::new(kid.to_owned(), secret)])
    }

    /// The token with another head or body and the old signature.
    fn with_part(token: &str, part: usize, json: &str) -> String {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[part] = URL_SAFE_NO_PAD.encode(json);
        parts.join(".")
    }

    #[test]
    fn a_token_is_good_for_its_time_only() {
        let tokens = tokens("a", &[1; 32]);
        let token = tokens.access(USER, SESSION, at(1_000), 900).unwrap();
        assert_eq!(tokens.read_access(&token, at(1_000)), Some((USER, SESSION)));
        assert_eq!(tokens.read_access(&token, at(1_899)), Some((USER, SESSION)));
        for seconds in [0, 999, 1_900, 10_000] {
            assert_eq!(tokens.read_access(&token, at(seconds)), None, "{seconds}");
        }
    }

    #[test]
    fn forged_tokens_are_refused() {
        let ours = tokens("a", &[1; 32]);
        let token = ours.access(USER, SESSION, at(0), 900).unwrap();
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt","kid":"a"}"#),
            token.split('.').nth(1).unwrap()
        );
        let other_key = tokens("a", &[2; 32]).access(USER, SESSION, at(0), 900).unwrap();
        let other_kid = tokens("b", &[1; 32]).access(USER, SESSION, at(0), 900).unwrap();
        let mfa = ours.mfa(USER, 0, at(0), 900).unwrap();
        let claims = r#"{"iss":"novapulse","aud":"novapulse","sub":"usr_x","sid":"ses_x","iat":0,"nbf":0,"exp":9000}"#;
        for (what, forged) in [
            ("no algorithm", none),
            ("another key", other_key),
            ("an unknown key", other_kid),
            ("another kind", mfa),
            ("a changed body", with_part(&token, 1, claims)),
            ("a changed head", with_part(&token, 0, r#"{"alg":"HS512","typ":"at+jwt","kid":"a"}"#)),
            ("no signature", token.rsplit_once('.').unwrap().0.to_owned() + "."),
            ("nothing", String::new()),
            ("two parts", "a.b".to_owned()),
        ] {
            assert_eq!(ours.read_access(&forged, at(1)), None, "{what}");
        }
        assert_eq!(ours.read_access(&token, at(1)), Some((USER, SESSION)));
        assert_eq!(ours.read_mfa(&token, at(1)), None);
    }

    #[test]
    fn another_audience_or_issuer_is_refused() {
        let ours = tokens("a", &[1; 32]);
        let key = jsonwebtoken::EncodingKey::from_secret(&[1; 32]);
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        (header.typ, header.kid) = (Some("at+jwt".to_owned()), Some("a".to_owned()));
        let sign = |iss: &str, aud: &str| {
            let claims =
                serde_json::json!({"iss": iss, "aud": aud, "sub": USER, "sid": SESSION, "iat": 0, "nbf": 0, "exp": 90});
            jsonwebtoken::encode(&header, &claims, &key).unwrap()
        };
        assert!(ours.read_access(&sign("novapulse", "novapulse"), at(1)).is_some());
        assert_eq!(ours.read_access(&sign("novapulse", "else"), at(1)), None);
        assert_eq!(ours.read_access(&sign("else", "novapulse"), at(1)), None);
    }

    #[test]
    fn an_older_key_is_still_accepted() {
        let token = tokens("old", &[1; 32]).access(USER, SESSION, at(0), 900).unwrap();
        let both =
            Tokens::new(vec![SigningKey::new("new".to_owned(), &[2; 32]), SigningKey::new("old".to_owned(), &[1; 32])]);
        assert_eq!(both.read_access(&token, at(1)), Some((USER, SESSION)));
    }

    #[test]
    fn refresh_tokens_are_made_again_and_not_guessed() {
        let key = SealKey::from_bytes(&[7; 32]);
        let text = refresh_text(&key, SESSION, 3, &[9; 16]);
        assert_eq!(text, refresh_text(&key, SESSION, 3, &[9; 16]));
        let parsed = RefreshText::parse(&text).unwrap();
        assert!(parsed.is_genuine(&key, &[9; 16]) && parsed.number == 3 && parsed.session == SESSION);
        assert!(!parsed.is_genuine(&key, &[8; 16]) && !parsed.is_genuine(&SealKey::from_bytes(&[6; 32]), &[9; 16]));
        let other = RefreshText { number: 4, ..parsed };
        assert!(!other.is_genuine(&key, &[9; 16]));
        for text in ["", "np_rt_", "np_rt_x_1_ff", &text[..text.len() - 1], &format!("{text}_1"), &format!("{text}0")] {
            assert!(RefreshText::parse(text).is_none(), "{text}");
        }
        assert_ne!(csrf_text(&key, SESSION, &[9; 16]), csrf_text(&key, SESSION, &[8; 16]));
    }
}
