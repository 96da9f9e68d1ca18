//! Second factors: time-based codes (RFC 6238) and recovery codes.
//!
//! A code is accepted once: the step it belongs to must be later than any accepted before, and that is written in the
//! transaction which uses the code. The secret is sealed; recovery codes are kept as keyed hashes and each works once.

mod store;
mod totp;

use std::sync::Arc;

use serde_json::Value;

use super::{
    Accounts, Error, Password,
    letters::{self, Notice},
    store::{find_company, find_user, find_user_by_email},
};
use crate::{
    audit::{self, Entry, Origin},
    auth::Author,
    base::{Random, SealKey, SessionId, Timestamp, UserId},
    limits::{self, Subject},
    sealing::SealedRows,
    storage::{self, Read, Snapshot, Tx},
};
use store::{FactorRow, RecoveryRow};

/// What the authenticator app shows beside the account.
const ISSUER: &str = "NovaPulse";
/// Recovery codes a person gets at once.
const RECOVERY_CODES: usize = 10;
/// Bytes of randomness in a recovery code: 80 bits.
const RECOVERY_BYTES: usize = 10;
const RECOVERY_PURPOSE: &[u8] = b"recovery code";
const SECRET_PURPOSE: &[u8] = b"second factor of ";

/// What an authenticator app needs.
#[derive(Clone)]
pub(super) struct Enrolment {
    pub(super) secret: String,
    pub(super) otpauth_url: String,
    /// The URL as a QR code: an SVG in a data URL.
    pub(super) qr_code: String,
}

/// How things stand with a person's second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MfaView {
    pub(super) enabled_at: Option<Timestamp>,
    pub(super) recovery_codes_left: usize,
}

/// What somebody shows for a second factor.
#[derive(Clone)]
pub(super) enum Proof {
    /// The code of the moment.
    Code(String),
    /// One of the recovery codes.
    Recovery(String),
}

/// Whether the person has to show a second factor.
pub(super) fn is_enabled(read: &impl Read, user: UserId) -> Result<bool, storage::Error> {
    Ok(store::factor(read, user)?.is_some_and(|row| row.enabled_at.is_some()))
}

/// Uses a proof up inside the transaction it is for; `now` is the time on the wall, which the app goes by too.
pub(super) fn accept(
    tx: &mut Tx<'_>,
    (seal, now): (&SealKey, Timestamp),
    user: UserId,
    proof: &Proof,
) -> Result<(), Error> {
    match proof {
        Proof::Code(code) => {
            let row = store::factor(tx, user)?.filter(|row| row.enabled_at.is_some()).ok_or(Error::MfaCode)?;
            accept_code(tx, (seal, now), user, row, code)
        }
        Proof::Recovery(code) => {
            let wanted = recovery_hash(seal, user, code);
            let mut row = store::recovery(tx, user)?.ok_or(Error::MfaCode)?;
            let before = row.codes.len();
            row.codes.retain(|kept| *kept != wanted);
            if row.codes.len() == before {
                return Err(Error::MfaCode);
            }
            Ok(store::put_recovery(tx, user, &row)?)
        }
    }
}

fn accept_code(
    tx: &mut Tx<'_>,
    (seal, now): (&SealKey, Timestamp),
    user: UserId,
    mut row: FactorRow,
    code: &str,
) -> Result<(), Error> {
    let secret = open(seal, user, &row)?;
    let step = totp::matched(&secret, code, now).ok_or(Error::MfaCode)?;
    if row.last_step.is_some_and(|last| step <= last) {
        return Err(Error::MfaCode);
    }
    row.last_step = Some(step);
    Ok(store::put_factor(tx, user, &row)?)
}

fn open(seal: &SealKey, user: UserId, row: &FactorRow) -> Result<Vec<u8>, Error> {
    seal.open(&place(user), &row.sealed_secret).map(|secret| secret.to_vec()).map_err(|_| Error::MfaSealed)
}

/// What the sealed secret is bound to.
fn place(user: UserId) -> Vec<u8> {
    [SECRET_PURPOSE, &user.raw().hi.to_be_bytes(), &user.raw().lo.to_be_bytes()].concat()
}

fn recovery_hash(seal: &SealKey, user: UserId, code: &str) -> [u8; 32] {
    let plain = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
    let data = [&user.raw().hi.to_be_bytes()[..], &user.raw().lo.to_be_bytes(), plain.as_bytes()].concat();
    seal.code(RECOVERY_PURPOSE, &data)
}

/// Fresh recovery codes, as shown and as kept.
fn make_recovery(seal: &SealKey, random: &dyn Random, user: UserId) -> (Vec<String>, RecoveryRow) {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| {
            let mut bytes = [0; RECOVERY_BYTES * 8 / 5];
            random.fill(&mut bytes);
            let letters = bytes.map(|byte| char::from(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(&b'a')));
            letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
        })
        .collect();
    let kept = codes.iter().map(|code| recovery_hash(seal, user, code)).collect();
    (codes, RecoveryRow { codes: kept })
}

impl Accounts {
    async fn limit_mfa(&self, user: UserId) -> Result<(), Error> {
        let subject = Subject::of(&[&user.raw().hi.to_be_bytes()]);
        Ok(self.inner.limits.admit(limits::MFA, subject).await?)
    }

    /// Counts a try at somebody's second factor.
    pub(super) async fn limit_proof(&self, user: UserId) -> Result<(), Error> {
        self.limit_mfa(user).await
    }

    /// How things stand.
    pub(super) fn mfa(read: &Snapshot, user: UserId) -> Result<MfaView, Error> {
        let enabled_at = store::factor(read, user)?.and_then(|row| row.enabled_at);
        let left = store::recovery(read, user)?.map_or(0, |row| row.codes.len());
        Ok(MfaView { enabled_at, recovery_codes_left: left })
    }

    /// Makes a secret for the person's app; it counts once a code of it was shown.
    ///
    /// # Errors
    /// [`Error::MfaEnabled`] when there is a second factor already.
    pub(super) async fn set_mfa_up(&self, user: UserId, author: Author) -> Result<Enrolment, Error> {
        let mut secret = [0; totp::SECRET_BYTES];
        self.inner.db.random().fill(&mut secret);
        let (seal, random) = (Arc::clone(&self.inner.seal), Arc::clone(self.inner.db.random()));
        let sealed_secret = seal.seal(&*random, &place(user), &secret);
        let accounts = self.clone();
        let email = self
            .inner
            .db
            .write(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                if is_enabled(tx, user)? {
                    return Err(Error::MfaEnabled);
                }
                let person = find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                store::put_factor(tx, user, &FactorRow { sealed_secret, enabled_at: None, last_step: None })?;
                record(tx, &author.origin, "mfa.set_up", user)?;
                Ok(person.email.as_str().to_owned())
            })
            .await?;
        totp::enrolment(&secret, ISSUER, &email).ok_or(Error::MfaSealed)
    }

    /// Enables the second factor with a first code; all other sessions end. Answers the recovery codes, once.
    ///
    /// # Errors
    /// [`Error::MfaEnabled`], [`Error::MfaMissing`] without a set-up, [`Error::MfaCode`], [`Error::Limited`].
    pub(super) async fn enable_mfa(
        &self,
        (user, session): (UserId, SessionId),
        code: String,
        author: Author,
    ) -> Result<Vec<String>, Error> {
        self.limit_mfa(user).await?;
        let (seal, accounts, now) = (Arc::clone(&self.inner.seal), self.clone(), self.inner.db.clock().now());
        let (codes, recovery) = make_recovery(&seal, &**self.inner.db.random(), user);
        self.inner
            .db
            .write(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                let mut row = store::factor(tx, user)?.ok_or(Error::MfaMissing)?;
                if row.enabled_at.is_some() {
                    return Err(Error::MfaEnabled);
                }
                row.enabled_at = Some(tx.now());
                accept_code(tx, (&seal, now), user, row, &code)?;
                store::put_recovery(tx, user, &recovery)?;
                record(tx, &author.origin, "mfa.enable", user)?;
                let person = find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                letters::notify(&accounts.inner.mail, tx, &person, Notice::FactorAdded)?;
                accounts.inner.auth.end_sessions(tx, user, Some(session))?;
                accounts.inner.auth.end_enrolment(tx, user)?;
                Ok(codes)
            })
            .await
    }

    /// Removes the second factor, against a proof or the password; all other sessions end.
    ///
    /// # Errors
    /// [`Error::MfaMissing`], [`Error::MfaCode`], [`Error::CurrentPassword`], [`Error::Limited`],
    /// [`Error::MfaRequired`].
    pub(super) async fn disable_mfa(
        &self,
        (user, session): (UserId, SessionId),
        proof: Result<Proof, Password>,
        author: Author,
    ) -> Result<(), Error> {
        self.limit_mfa(user).await?;
        let mut version = None;
        let proof = match proof {
            Ok(proof) => Some(proof),
            Err(password) => {
                self.inner.limits.admit(limits::PASSWORD, Subject::of(&[&user.raw().hi.to_be_bytes()])).await?;
                let person = self.inner.db.read(move |snapshot| find_user(snapshot, user)).await??;
                version = person.as_ref().map(|person| person.password_version);
                let hash = person.map(|person| person.password);
                if !self.inner.hasher.verify(password, hash).await? {
                    return Err(Error::CurrentPassword);
                }
                None
            }
        };
        let (seal, accounts, now) = (Arc::clone(&self.inner.seal), self.clone(), self.inner.db.clock().now());
        self.inner
            .db
            .write(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                if !is_enabled(tx, user)? {
                    return Err(Error::MfaMissing);
                }
                // The password may have changed while it was checked.
                let person = find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                if find_company(tx, person.company)?.is_some_and(|company| company.requires_mfa) {
                    return Err(Error::MfaRequired);
                }
                let is_other = version.is_some_and(|version| version != person.password_version);
                if is_other {
                    return Err(Error::CurrentPassword);
                }
                if let Some(proof) = proof {
                    accept(tx, (&seal, now), user, &proof)?;
                }
                record(tx, &author.origin, "mfa.disable", user)?;
                letters::notify(&accounts.inner.mail, tx, &person, Notice::FactorRemoved)?;
                store::remove(tx, user)?;
                accounts.inner.auth.end_sessions(tx, user, Some(session))?;
                Ok(())
            })
            .await
    }

    /// Replaces the recovery codes, against a code.
    ///
    /// # Errors
    /// [`Error::MfaMissing`], [`Error::MfaCode`], [`Error::Limited`].
    pub(super) async fn renew_recovery_codes(
        &self,
        user: UserId,
        code: String,
        author: Author,
    ) -> Result<Vec<String>, Error> {
        self.limit_mfa(user).await?;
        let (seal, accounts, now) = (Arc::clone(&self.inner.seal), self.clone(), self.inner.db.clock().now());
        let (codes, recovery) = make_recovery(&seal, &**self.inner.db.random(), user);
        self.inner
            .db
            .write(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                if !is_enabled(tx, user)? {
                    return Err(Error::MfaMissing);
                }
                accept(tx, (&seal, now), user, &Proof::Code(code))?;
                store::put_recovery(tx, user, &recovery)?;
                record(tx, &author.origin, "mfa.renew", user)?;
                let person = find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                letters::notify(&accounts.inner.mail, tx, &person, Notice::RecoveryRenewed)?;
                Ok(codes)
            })
            .await
    }

    /// Removes a person's second factor without a proof, for whoever has the machine; all sessions end.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::MfaMissing`].
    pub async fn remove_mfa(&self, email: &str) -> Result<super::UserView, Error> {
        let email: super::Email = email.parse()?;
        let (auth, mail) = (self.inner.auth.clone(), self.inner.mail.clone());
        self.inner
            .db
            .write(move |tx| {
                let person = find_user_by_email(tx, &email)?.ok_or(Error::NotFound("user"))?;
                if store::factor(tx, person.id)?.is_none() {
                    return Err(Error::MfaMissing);
                }
                record(tx, &Origin::machine(), "mfa.disable", person.id)?;
                letters::notify(&mail, tx, &person, Notice::FactorRemoved)?;
                store::remove(tx, person.id)?;
                auth.end_sessions(tx, person.id, None)?;
                Ok(person.into())
            })
            .await
    }
}

/// Records that a recovery code was used up.
pub(super) fn record_recovery(tx: &mut Tx<'_>, origin: &Origin, user: UserId) -> Result<(), Error> {
    record(tx, origin, "mfa.recover", user)
}

/// Records a change of a second factor.
fn record(tx: &mut Tx<'_>, origin: &Origin, action: &'static str, user: UserId) -> Result<(), Error> {
    let company = find_user(tx, user)?.ok_or(Error::NotFound("user"))?.company;
    let entry = Entry { action, object: user.to_string(), before: Value::Null, after: Value::Null };
    Ok(audit::record(tx, company, origin, entry)?)
}

/// The secrets of second factors, sealed.
pub(super) fn sealed() -> Arc<dyn SealedRows> {
    store::sealed()
}

/// Removes everything about a person's second factor, with the person.
pub(super) fn forget(tx: &mut Tx<'_>, user: UserId) -> Result<(), storage::Error> {
    store::remove(tx, user)
}
