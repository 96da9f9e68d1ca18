//! What of a sign-in is on disk before it is known whether the password is right, and what follows behind the answer.

use super::{Client, SignedIn, active, record_session, requires_mfa};
use crate::{
    accounts::{Accounts, Error, mfa, store::UserRow},
    auth::{Auth, Opening, Prepared, SignInFacts},
    base::{SessionId, UserId},
    storage::{Place, Tx, space::Headroom},
};

/// A session that was written down and is not to be opened, unless its place is taken for something else.
pub(super) struct Begun {
    auth: Auth,
    pub(super) opening: (UserId, SessionId),
    pub(super) place: Option<Place>,
}

impl Begun {
    pub(super) const fn new(auth: Auth, opening: (UserId, SessionId), place: Place) -> Self {
        Self { auth, opening, place: Some(place) }
    }
}

impl Drop for Begun {
    /// Whoever waited for the answer may have gone.
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let (auth, opening) = (self.auth.clone(), self.opening);
            // It goes on by itself.
            drop(place.write(move |tx| auth.drop_opening(tx, opening)));
        }
    }
}

impl Accounts {
    /// The transaction that writes down what opens a session, should the password be right; answers what the person is told
    /// then, unless he may not sign in, or has to show a second factor.
    pub(super) fn begin(
        &self,
        version: u32,
        client: Client,
        prepared: Prepared,
    ) -> impl FnOnce(&mut Tx<'_>) -> Result<Option<SignedIn>, Error> + Send + use<> {
        let accounts = self.clone();
        move |tx| {
            let id = prepared.user();
            let Client { address, name: client, request_id } = client;
            let sign_in = SignInFacts { password_version: version, address, client, request_id };
            accounts.inner.auth.begin_opening(tx, &prepared, sign_in)?;
            let has_factor = mfa::is_enabled(tx, id)?;
            let Some(mut user) = active(tx, id, version)?.filter(|_| !has_factor) else { return Ok(None) };
            user.last_sign_in_at = Some(tx.now());
            let is_enrolling = requires_mfa(tx, &user)?;
            let needs_password = user.needs_password;
            Ok(Some(SignedIn { grant: prepared.grant(), user: user.into(), is_enrolling, needs_password }))
        }
    }

    /// The transaction that follows a wrong password, or a disabled account: it forgets what was begun and records the refusal;
    /// on an exhausted disk it does the former.
    pub(super) fn refuse(
        &self,
        found: Option<&UserRow>,
        client: &Client,
        opening: (UserId, SessionId),
    ) -> impl FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send + use<> {
        let reason = if found.is_some_and(|user| user.is_disabled) { "disabled" } else { "password" };
        let tried = found.map(|user| (user.company, user.id));
        let may_record = self.inner.db.headroom() != Headroom::Exhausted;
        let (auth, refusal) = (self.inner.auth.clone(), self.refusal(tried, (client, client.origin_of_none()), reason));
        move |tx| {
            auth.drop_opening(tx, opening)?;
            if may_record { refusal(tx) } else { Ok(()) }
        }
    }

    /// Opens a session that was written down, for [`Auth::open_with`](crate::auth::Auth::open_with).
    pub(in crate::accounts) fn open_begun(&self, tx: &mut Tx<'_>, opening: &Opening) -> Result<(), Error> {
        let SignInFacts { password_version, address, client, request_id } = opening.sign_in.clone();
        // The account may have changed since.
        let Some(mut user) = active(tx, opening.user, password_version)? else { return Ok(()) };
        if mfa::is_enabled(tx, user.id)? {
            return Ok(());
        }
        let client = Client { address, name: client, request_id };
        let order = self.greet(tx, &mut user, (&client, opening.begun_at))?;
        self.inner.auth.open_begun(tx, opening, order)?;
        record_session(tx, (user.company, &client.origin(user.id)), opening.session, &client)
    }
}
