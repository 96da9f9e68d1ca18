//! The keys behind tokens: configured, or derived from a key of the store and changed every thirty days.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::tokens::{SigningKey, Tokens};
use crate::{
    base::{SealKey, Timestamp},
    config::Secret,
};

const PURPOSE: &[u8] = b"access token key";
/// How long a derived key signs; the one before it is accepted for as long again.
const PERIOD_MS: i64 = 30 * 24 * 3_600_000;

/// Gives the keys of the moment.
#[derive(Debug)]
pub(super) struct Keyring {
    seal: Arc<SealKey>,
    is_configured: bool,
    current: ArcSwap<(i64, Tokens)>,
}

impl Keyring {
    /// Keys from `configured` when there is one, which then never change.
    pub(super) fn new(seal: Arc<SealKey>, configured: Option<&Secret>) -> Self {
        let tokens = configured
            .map(|secret| Tokens::new(vec![SigningKey::new("configured".to_owned(), secret.expose().as_bytes())]));
        let is_configured = tokens.is_some();
        let current = (i64::MIN, tokens.unwrap_or_else(|| Tokens::new(Vec::new())));
        Self { seal, is_configured, current: ArcSwap::from_pointee(current) }
    }

    /// The tokens of this time.
    pub(super) fn at(&self, now: Timestamp) -> Tokens {
        let period = now.as_ms().div_euclid(PERIOD_MS);
        let current = self.current.load();
        if self.is_configured || current.0 == period {
            return current.1.clone();
        }
        let key = |period: i64| SigningKey::new(format!("p{period}"), &self.seal.code(PURPOSE, &period.to_be_bytes()));
        let tokens = Tokens::new(vec![key(period), key(period - 1)]);
        self.current.store(Arc::new((period, tokens.clone())));
        tokens
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Keyring, PERIOD_MS};
    use crate::{
        base::{RawId, SealKey, SessionId, Timestamp, UserId},
        config::Secret,
    };

    #[test]
    fn keys_change_with_time_and_overlap() {
        let ring = |byte| Keyring::new(Arc::new(SealKey::from_bytes(&[byte; 32])), None);
        let (user, session) = (UserId::from_raw(RawId { hi: 1, lo: 1 }), SessionId::from_raw(RawId { hi: 2, lo: 2 }));
        let last = Timestamp::from_ms(PERIOD_MS - 1_000);
        let token = ring(1).at(last).access(user, session, last, 900).unwrap();
        let ours = ring(1);
        let next = Timestamp::from_ms(PERIOD_MS + 1_000);
        assert!(ours.at(next).read_access(&token, next).is_some());
        assert!(ring(2).at(next).read_access(&token, next).is_none());
        let long = ring(1).at(last).access(user, session, last, 1 << 40).unwrap();
        let later = Timestamp::from_ms(2 * PERIOD_MS + 1_000);
        assert!(ours.at(later).read_access(&long, later).is_none(), "a key is gone after two periods");
    }

    #[test]
    fn a_configured_key_stays() {
        let secret = Secret::new("a configured secret of 32 bytes or more".to_owned());
        let ring = Keyring::new(Arc::new(SealKey::from_bytes(&[1; 32])), Some(&secret));
        let (user, session) = (UserId::from_raw(RawId { hi: 1, lo: 1 }), SessionId::from_raw(RawId { hi: 2, lo: 2 }));
        let start = Timestamp::from_ms(0);
        let token = ring.at(start).access(user, session, start, 1 << 40).unwrap();
        let later = Timestamp::from_ms(5 * PERIOD_MS);
        assert!(ring.at(later).read_access(&token, later).is_some());
    }
}
