//! The way back in for somebody who forgot the password: a link by mail, good once and for an hour.
//!
//! Nobody learns here whether an address has an account: the answer is the same, the same work is done in a commit of
//! the same shape, and the limits count what was asked for and not what was found. A second factor stays as it is.

#[cfg(test)]
mod tests;

use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{NOBODY, sign_in::Client, users::record};
use crate::{
    accounts::{
        Accounts, Email, Error, Password,
        letters::{self, Notice},
        store::{self, ResetRow, UserRow},
    },
    audit::{self, Entry},
    base::{RawId, Timestamp, UserId, hex},
    limits::{self, Subject},
    storage::{self, Read},
};

/// How long a link is good.
const LIFE_MS: u64 = 3_600_000;
const PREFIX: &str = "np_reset_";
const SECRET_BYTES: usize = 32;

/// The order to take another password, with the token of a link.
#[derive(Clone)]
pub(in crate::accounts) struct Reset {
    pub(in crate::accounts) token: String,
    pub(in crate::accounts) password: Password,
    pub(in crate::accounts) client: Client,
}

impl Accounts {
    /// Writes to a person who forgot the password; an earlier link is good no more. Says nothing about whether there is
    /// such a person.
    ///
    /// # Errors
    /// [`Error::Email`] for what is no address at all, [`Error::Limited`].
    pub(in crate::accounts) async fn forgot_password(&self, email: &str, client: &Client) -> Result<(), Error> {
        let network = Subject::network(client.address);
        self.inner.limits.admit(limits::RESET_ADDRESS, Subject::of(&[&network])).await?;
        let email: Email = email.parse()?;
        self.inner.limits.admit(limits::RESET, Subject::of(&[&network, email.as_str().as_bytes()])).await?;
        let mut secret = [0; SECRET_BYTES];
        self.inner.db.random().fill(&mut secret);
        let secret = hex(&secret);
        let (mail, origin) = (self.inner.mail.clone(), client.origin_of_none());
        self.inner
            .db
            .write(move |tx| {
                let user = store::find_user_by_email(tx, &email)?.filter(|user| !user.is_disabled);
                let row = ResetRow {
                    user: user.as_ref().map_or(NOBODY, |user| user.id),
                    secret_hash: Sha256::digest(secret.as_bytes()).into(),
                    password_version: user.as_ref().map_or(0, |user| user.password_version),
                    expires_at: tx.now().plus_ms(LIFE_MS),
                };
                store::put_reset(tx, &row)?;
                let object = row.user.to_string();
                let entry = Entry { action: "password.ask", object, before: Value::Null, after: Value::Null };
                match &user {
                    Some(user) => audit::record(tx, user.company, &origin, entry)?,
                    None => audit::record_of_nobody(tx, &origin, entry)?,
                }
                let token = format!("{PREFIX}{}_{secret}", row.user.raw().to_text());
                // To an address that no mail can be sent to there is nothing to say, with an account and without.
                let Ok(letter) = letters::reset(email.as_str(), &mail.link("reset", &token)) else { return Ok(()) };
                match user {
                    Some(user) => mail.send(tx, user.company, &letter.about(user.id)).map(drop)?,
                    None => mail.pretend(tx, &letter)?,
                }
                Ok(())
            })
            .await
    }

    /// Gives a person another password for a link; the link is used up and every session of the person ends.
    ///
    /// # Errors
    /// [`Error::Reset`] when the link is not good, [`Error::Password`], [`Error::WeakPassword`] (the link stays good),
    /// [`Error::Limited`], [`Error::Busy`].
    pub(in crate::accounts) async fn reset_with_token(&self, order: Reset) -> Result<(), Error> {
        let Reset { token, password, client } = order;
        self.inner.limits.admit(limits::TOKEN, Subject::of(&[&Subject::network(client.address)])).await?;
        let (id, hash) = parse(&token).ok_or(Error::Reset)?;
        // Looked at before the password is judged and hashed, so that a guess costs us nothing.
        let now = self.inner.db.clock().now();
        let user = self.inner.db.read(move |snapshot| holder(snapshot, id, &hash, now)).await??;
        let user = user.ok_or(Error::Reset)?;
        let password = self.hash(password, &[&user.name, user.email.as_str()]).await?;
        let accounts = self.clone();
        self.inner
            .db
            .write(move |tx| {
                let mut user = holder(tx, id, &hash, tx.now())?.ok_or(Error::Reset)?;
                store::delete_reset(tx, id)?;
                user.password = password;
                user.password_version = user.password_version.wrapping_add(1);
                user.needs_password = false;
                accounts.put_user(tx, &user)?;
                record(tx, &client.origin_of_link(id), "password.reset", &user, (Value::Null, Value::Null))?;
                letters::notify(&accounts.inner.mail, tx, &user, Notice::PasswordReset)?;
                accounts.inner.auth.end_sessions(tx, id, None)?;
                Ok(())
            })
            .await
    }
}

/// The active person whose link this is, while it is good: not used, not over, and the password has not changed since.
fn holder(read: &impl Read, id: UserId, hash: &[u8; 32], now: Timestamp) -> Result<Option<UserRow>, storage::Error> {
    let is_good = |row: &ResetRow| bool::from(row.secret_hash.ct_eq(hash)) && row.user == id && now < row.expires_at;
    let Some(row) = store::find_reset(read, id)?.filter(is_good) else { return Ok(None) };
    let user = store::find_user(read, id)?;
    Ok(user.filter(|user| !user.is_disabled && user.password_version == row.password_version))
}

fn parse(token: &str) -> Option<(UserId, [u8; 32])> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    let id = UserId::from_raw(RawId::from_text(id).ok()?);
    (secret.len() == 2 * SECRET_BYTES).then(|| (id, Sha256::digest(secret.as_bytes()).into()))
}
