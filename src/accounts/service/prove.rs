//! Proving again inside a session who one is, before something delicate: with everything that signing in takes.

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
    /// Puts a new session in the place of the caller's, for the password and, where there is a second factor, a code; the
    /// old one ends with its tokens.
    ///
    /// # Errors
    /// [`Error::CurrentPassword`], [`Error::MfaProof`] where a code is missing, [`Error::MfaCode`], [`Error::Limited`],
    /// [`Error::Busy`]; [`Error::Auth`] when the session has ended meanwhile.
    pub(in crate::accounts) async fn prove_again(
        &self,
        (user, session): (UserId, SessionId),
        (password, proof): (Password, Option<Proof>),
        (author, client): (Author, Client),
    ) -> Result<Grant, Error> {
        let refusal = (Some((author.caller.company, user)), author.origin.clone());
        self.inner.limits.admit(limits::PASSWORD, Subject::of(&[&user.raw().hi.to_be_bytes()])).await?;
        if proof.is_some() {
            self.limit_proof(user).await?;
        }
        let row = self.inner.db.read(move |snapshot| store::find_user(snapshot, user)).await??;
        let row = row.ok_or(Error::NotFound("user"))?;
        if !self.inner.hasher.verify(password, Some(row.password)).await? {
            self.record_refusal(refusal.0, (&client, refusal.1), "password again").await?;
            return Err(Error::CurrentPassword);
        }
        let version = row.password_version;
        let (accounts, seal, now) = (self.clone(), self.inner.seal.clone(), self.inner.db.clock().now());
        let from = client.clone();
        let renewed = self
            .inner
            .db
            .write_reclaiming(move |tx| {
                accounts.confirm(tx, &author.caller)?;
                let row = store::find_user(tx, user)?.ok_or(Error::NotFound("user"))?;
                // The password may have changed while it was checked.
                if version != row.password_version {
                    return Err(Error::CurrentPassword);
                }
                match &proof {
                    Some(proof) => mfa::accept(tx, (&seal, now), user, proof)?,
                    None if mfa::is_enabled(tx, user)? => return Err(Error::MfaProof),
                    None => {}
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
