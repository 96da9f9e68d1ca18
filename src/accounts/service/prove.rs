//! Showing password or second factor again inside a session, before something delicate.

use serde_json::{Value, json};

use super::sign_in::Client;
use crate::{
    accounts::{
        Accounts, Error, Password,
        letters::{self, Notice},
        mfa::{self, Proof},
        store,
    },
    audit::{self, Entry},
    auth::{Author, Grant},
    base::{SessionId, UserId},
    limits::{self, Subject},
};

impl Accounts {
    /// Puts a new session in the place of the caller's, for a proof of who it is; the old one ends with its tokens.
    ///
    /// # Errors
    /// [`Error::CurrentPassword`], [`Error::MfaCode`], [`Error::Limited`], [`Error::Busy`]; [`Error::Auth`] when the session
    /// has ended meanwhile.
    pub(in crate::accounts) async fn prove_again(
        &self,
        (user, session): (UserId, SessionId),
        proof: Result<Proof, Password>,
        (author, client): (Author, Client),
    ) -> Result<Grant, Error> {
        let refusal = (Some((author.caller.company, user)), author.origin.clone());
        let (proof, version) = match proof {
            Ok(proof) => {
                self.limit_proof(user).await?;
                (Some(proof), None)
            }
            Err(password) => {
                self.inner.limits.admit(limits::PASSWORD, Subject::of(&[&user.raw().hi.to_be_bytes()])).await?;
                let row = self.inner.db.read(move |snapshot| store::find_user(snapshot, user)).await??;
                let row = row.ok_or(Error::NotFound("user"))?;
                if !self.inner.hasher.verify(password, Some(row.password)).await? {
                    self.record_refusal(refusal.0, (&client, refusal.1), "password again").await?;
                    return Err(Error::CurrentPassword);
                }
                (None, Some(row.password_version))
            }
        };
        let (accounts, seal, now) = (self.clone(), self.inner.seal.clone(), self.inner.db.clock().now());
        let from = client.clone();
        let renewed = self
            .inner
            .db
            .write_reclaiming(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                let row = store::find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                // The password may have changed while it was checked.
                if version.is_some_and(|version| version != row.password_version) {
                    return Err(Error::CurrentPassword);
                }
                if let Some(proof) = &proof {
                    mfa::accept(tx, (&seal, now), user, proof)?;
                }
                if matches!(proof, Some(Proof::Recovery(_))) {
                    mfa::record_recovery(tx, &author.origin, user)?;
                    letters::notify_from(&accounts.inner.mail, tx, &row, Notice::RecoveryUsed, Some(&from))?;
                }
                let grant = accounts.inner.auth.renew_session(tx, session)?;
                let (company, origin) = author.by();
                let (before, after) = (json!({ "session": session }), Value::Null);
                let entry = Entry { action: "session.prove", object: grant.session.to_string(), before, after };
                audit::record(tx, company, origin, entry)?;
                Ok(grant)
            })
            .await;
        if matches!(renewed, Err(Error::MfaCode)) {
            self.record_refusal(refusal.0, (&client, refusal.1), "code again").await?;
        }
        renewed
    }
}
