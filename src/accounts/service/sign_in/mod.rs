//! Signing in.

mod openings;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc};

use serde_json::{Value, json};

use crate::{
    accounts::{
        Accounts, Error, Password,
        habits::Place,
        letters::{self, Notice},
        mfa::{self, Proof},
        store::{self, UserRow},
    },
    audit::{self, Actor, Entry, Origin},
    auth::{self, Grant, NewSession},
    base::{CompanyId, SessionId, Timestamp, UserId},
    limits::{self, Subject},
    storage::{self, Read, Tx},
};

use super::{NOBODY, users::UserView};
use openings::Begun;

/// Why somebody with the right password was refused.
const WRONG_CODE: &str = "code";

/// Where a person signs in from.
#[derive(Debug, Clone)]
pub struct Client {
    /// The client's address.
    pub address: IpAddr,
    /// What it calls itself.
    pub name: String,
    /// The id of its request.
    pub request_id: String,
}

impl Client {
    /// Where something comes from that no known person did: one who is only being made, or who was not let in.
    pub(in crate::accounts) fn origin_of_none(&self) -> Origin {
        Origin { actor: Actor::System, address: Some(self.address), request_id: self.request_id.clone() }
    }

    /// Where something comes from that was done with a link sent to this person.
    pub(in crate::accounts) fn origin_of_link(&self, user: UserId) -> Origin {
        Origin { actor: Actor::Link(user), address: Some(self.address), request_id: self.request_id.clone() }
    }

    /// Where a change of this person comes from.
    pub(in crate::accounts) fn origin(&self, user: UserId) -> Origin {
        Origin { actor: Actor::User(user), address: Some(self.address), request_id: self.request_id.clone() }
    }
}

/// The order to sign in.
pub(in crate::accounts) struct SignIn {
    pub(in crate::accounts) email: String,
    pub(in crate::accounts) password: Password,
    /// The code of the second factor, when the person gave it at once.
    pub(in crate::accounts) code: Option<String>,
    pub(in crate::accounts) client: Client,
}

/// What a right password leads to.
#[derive(Debug, Clone)]
pub(in crate::accounts) enum Welcome {
    /// The person is in.
    SignedIn(Box<SignedIn>),
    /// The person has to show a second factor, with this token.
    MfaRequired(String),
}

/// A person with a new session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the client needs from now on.
    pub grant: Grant,
    /// The person.
    pub user: UserView,
    /// Whether the session is good for nothing until a second factor is set up.
    pub is_enrolling: bool,
    /// Whether it is good for nothing until the person has chosen a password.
    pub needs_password: bool,
}

/// What came of a password.
struct Tried {
    order: SignIn,
    /// The account, also a disabled one.
    found: Option<UserRow>,
    /// Whether it may be used and the password is its own.
    is_right: bool,
    /// Time for the hash and for the wait for its turn.
    hashing_us: u64,
    /// What was written down meanwhile.
    begun: Begun,
    /// The answer to a right password, when nothing else has to be asked; nobody may see it before it is known to be right.
    ready: Option<SignedIn>,
}

impl Accounts {
    /// Lets a person in who knows the password.
    ///
    /// # Errors
    /// [`Error::Credentials`] for an unknown or disabled account as for a wrong password; [`Error::Busy`].
    pub(in crate::accounts) async fn sign_in(&self, order: SignIn) -> Result<Welcome, Error> {
        let clock = Arc::clone(self.inner.db.clock());
        let begun_us = clock.mono_us();
        let network = Subject::network(order.client.address);
        let account = order.email.trim().to_lowercase();
        let both = [
            (limits::SIGN_IN_ADDRESS, Subject::of(&[&network])),
            (limits::SIGN_IN, Subject::of(&[&network, account.as_bytes()])),
        ];
        let admitted = self.inner.limits.decide(both).await?;
        // Written down while the password is hashed; nobody hears what came of it before.
        let (tried, kept) = tokio::join!(self.try_password(order), admitted.kept());
        kept?;
        let Tried { order, found, is_right, hashing_us, mut begun, ready } = tried?;
        let Some(user) = found.filter(|_| is_right) else { return Err(Error::Credentials) };
        let signed_in = || {
            self.inner.settings.metrics.signed_in(clock.mono_us().saturating_sub(begun_us + hashing_us));
        };
        if let Some(ready) = ready
            && let Some(place) = begun.place.take()
        {
            self.inner.auth.open_later(place, user.company, begun.opening.1);
            signed_in();
            return Ok(Welcome::SignedIn(Box::new(ready)));
        }
        let client = order.client.clone();
        let welcome = self.welcome(&user, order, begun.opening).await;
        if welcome.is_ok() {
            // Its transaction did what is to be done.
            begun.place = None;
        }
        if matches!(welcome, Ok(Welcome::SignedIn(_))) && user.password.is_current() {
            signed_in();
        }
        if matches!(welcome, Err(Error::MfaCode)) {
            let origin = client.origin_of_none();
            self.record_refusal(Some((user.company, user.id)), (&client, origin), WRONG_CODE).await?;
        }
        welcome
    }

    /// Looks for the account and hashes; meanwhile the session is written down that a right password leads to, for nobody
    /// as for somebody, so that time does not tell them apart.
    async fn try_password(&self, order: SignIn) -> Result<Tried, Error> {
        let (db, clock) = (self.inner.db.reclaiming(), Arc::clone(self.inner.db.clock()));
        let waiting_us = clock.mono_us();
        let turn = self.inner.hasher.turn().await?;
        let waited_us = clock.mono_us().saturating_sub(waiting_us);
        let (first, second) = (db.place().await?, db.place().await?);
        let accounts = self.clone();
        let work = move || {
            let found = find_by_email(&db.snapshot(), &order.email)?;
            let user = found.as_ref().filter(|user| !user.is_disabled);
            let prepared = accounts.inner.auth.prepare_session(user.map_or(NOBODY, |user| user.id))?;
            let opening = (prepared.user(), prepared.session());
            let is_ready = order.code.is_none() && user.is_some_and(|user| user.password.is_current());
            let version = user.map_or(0, |user| user.password_version);
            let ready = first.write(accounts.begin(version, order.client.clone(), prepared));
            let mut begun = Begun::new(accounts.inner.auth.clone(), opening, second);
            let begun_us = clock.mono_us();
            let is_right = order.password.is_behind(user.map(|user| &user.password)) && user.is_some();
            let hashing_us = waited_us + clock.mono_us().saturating_sub(begun_us);
            // Begun here, so that no caller who goes away prevents it.
            let place = if is_right { None } else { begun.place.take() };
            let refused = place.map(|place| place.write(accounts.refuse(found.as_ref(), &order.client, opening)));
            let tried = Tried { order, found, is_right, hashing_us, begun, ready: None };
            Ok::<_, Error>((tried, (ready, is_ready), refused))
        };
        let (tried, (ready, is_ready), refused) = turn.run(work).await??;
        let ready = ready.await?.filter(|_| is_ready);
        if let Some(refused) = refused {
            refused.await?;
        }
        Ok(Tried { ready, ..tried })
    }

    /// Lets a person in whose password was right, when it has to be hashed anew or something else has to be asked, in place
    /// of what was begun.
    async fn welcome(
        &self,
        user: &UserRow,
        SignIn { password, code, client, .. }: SignIn,
        opening: (UserId, SessionId),
    ) -> Result<Welcome, Error> {
        let is_current = user.password.is_current();
        let renewed = if is_current { None } else { Some(self.inner.hasher.renew(password, self.salt()).await?) };
        let proof = code.map(Proof::Code);
        if proof.is_some() {
            self.limit_proof(user.id).await?;
        }
        let (id, version) = (user.id, user.password_version);
        let (accounts, seal, now) = (self.clone(), Arc::clone(&self.inner.seal), self.inner.db.clock().now());
        let work = move |tx: &mut Tx<'_>| {
            accounts.inner.auth.drop_opening(tx, opening)?;
            // The account may have changed while the password was checked.
            let mut user = active(tx, id, version)?.ok_or(Error::Credentials)?;
            if let Some(renewed) = renewed {
                user.password = renewed;
                accounts.put_user(tx, &user)?;
            }
            if mfa::is_enabled(tx, id)? {
                let Some(proof) = proof else {
                    let token = accounts.inner.auth.mfa_token(id, version);
                    return Ok(Welcome::MfaRequired(token.ok_or(auth::Error::Signing)?));
                };
                mfa::accept(tx, (&seal, now), id, &proof)?;
            }
            Ok(Welcome::SignedIn(Box::new(accounts.let_in(tx, user, client)?)))
        };
        self.inner.db.write_reclaiming(work).await
    }

    /// Lets a person in whose password was right before, with a second factor.
    ///
    /// # Errors
    /// [`Error::MfaToken`], [`Error::MfaCode`], [`Error::Limited`].
    pub(in crate::accounts) async fn sign_in_with_proof(
        &self,
        token: &str,
        proof: Proof,
        client: Client,
    ) -> Result<SignedIn, Error> {
        let (id, version) = self.inner.auth.read_mfa_token(token).ok_or(Error::MfaToken)?;
        self.limit_proof(id).await?;
        let (accounts, seal, now) = (self.clone(), Arc::clone(&self.inner.seal), self.inner.db.clock().now());
        let origin = client.clone();
        let signed_in = self
            .inner
            .db
            .write_reclaiming(move |tx| {
                let user = active(tx, id, version)?.ok_or(Error::MfaToken)?;
                mfa::accept(tx, (&seal, now), id, &proof)?;
                if matches!(proof, Proof::Recovery(_)) {
                    mfa::record_recovery(tx, &client.origin(id), id)?;
                    letters::notify_from(&accounts.inner.mail, tx, &user, Notice::RecoveryUsed, Some(&client))?;
                }
                accounts.let_in(tx, user, client)
            })
            .await;
        if matches!(signed_in, Err(Error::MfaCode)) {
            let user = self.user(id).await?;
            self.record_refusal(Some((user.company, id)), (&origin, origin.origin_of_none()), WRONG_CODE).await?;
        }
        signed_in
    }

    /// Records that somebody was not let in, in the company of the account that was tried; who gave the right password
    /// and a wrong code is worth a message.
    ///
    /// Without one the same work is done, a commit included, so that its time does not tell which accounts exist.
    pub(super) async fn record_refusal(
        &self,
        tried: Option<(CompanyId, UserId)>,
        by: (&Client, Origin),
        reason: &'static str,
    ) -> Result<(), Error> {
        let work = self.refusal(tried, by, reason);
        self.inner.db.write(work).await
    }

    /// The transaction of [`Accounts::record_refusal`].
    fn refusal(
        &self,
        tried: Option<(CompanyId, UserId)>,
        (client, origin): (&Client, Origin),
        reason: &'static str,
    ) -> impl FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send + use<> {
        let id = tried.map_or(NOBODY, |(_, user)| user);
        let after = json!({ "reason": reason });
        let entry = Entry { action: "session.refuse", object: id.to_string(), before: Value::Null, after };
        let (mail, client) = (self.inner.mail.clone(), client.clone());
        move |tx| {
            let mut habits = store::habits(tx, id)?;
            habits.failed();
            store::put_habits(tx, id, &habits)?;
            if reason == WRONG_CODE
                && let Some(user) = store::find_user(tx, id)?
            {
                letters::notify_from(&mail, tx, &user, Notice::FactorRefused, Some(&client))?;
            }
            match tried {
                Some((company, _)) => audit::record(tx, company, &origin, entry)?,
                None => audit::record_of_nobody(tx, &origin, entry)?,
            }
            Ok(())
        }
    }

    /// Lets a person in inside the transaction that found that he may. Where the company asks everybody for a
    /// second factor and he has none, the session is good for setting one up and nothing else; where somebody else chose the
    /// password, for choosing another.
    pub(super) fn let_in(&self, tx: &mut Tx<'_>, mut user: UserRow, client: Client) -> Result<SignedIn, Error> {
        let prepared = self.inner.auth.prepare_session(user.id)?;
        let origin = client.origin(user.id);
        let order = self.greet(tx, &mut user, (&client, tx.now()))?;
        let (is_enrolling, needs_password) = (order.is_enrolling, order.needs_password);
        let grant = self.inner.auth.open_session(tx, prepared, order)?;
        record_session(tx, (user.company, &origin), grant.session, &client)?;
        Ok(SignedIn { grant, user: user.into(), is_enrolling, needs_password })
    }

    /// Takes a sign-in of that time in and says which session follows from it.
    fn greet(
        &self,
        tx: &mut Tx<'_>,
        user: &mut UserRow,
        (client, at): (&Client, Timestamp),
    ) -> Result<NewSession, Error> {
        user.last_sign_in_at = user.last_sign_in_at.max(Some(at));
        self.forget_profile(tx, user.id);
        store::put_signed_in(tx, user)?;
        self.note_habits(tx, user, (client, at))?;
        Ok(NewSession {
            company: user.company,
            role: user.role,
            is_owner: user.is_owner,
            is_enrolling: requires_mfa(tx, user)? && !mfa::is_enabled(tx, user.id)?,
            needs_password: user.needs_password,
            address: client.address.to_string(),
            client: client.name.clone(),
        })
    }
}

impl Accounts {
    /// Remembers where a person signed in from, and tells the person what is unusual about it.
    fn note_habits(&self, tx: &mut Tx<'_>, user: &UserRow, (client, at): (&Client, Timestamp)) -> Result<(), Error> {
        let mut habits = store::habits(tx, user.id)?;
        let unusual = habits.signed_in(Place::of(client.address, &client.name), at);
        store::put_habits(tx, user.id, &habits)?;
        let tell = |notice| letters::notify_from(&self.inner.mail, tx, user, notice, Some(client));
        unusual.into_iter().try_for_each(tell)
    }
}

/// The person with this address; nobody has one that is none. As much is read when there is no such person.
fn find_by_email(read: &impl Read, email: &str) -> Result<Option<UserRow>, storage::Error> {
    let found = email.parse().ok().map(|email| store::find_user_by_email(read, &email)).transpose()?.flatten();
    if found.is_some() { Ok(found) } else { store::find_user(read, NOBODY) }
}

/// Records that a session was opened.
fn record_session(
    tx: &mut Tx<'_>,
    (company, origin): (CompanyId, &Origin),
    session: SessionId,
    client: &Client,
) -> Result<(), Error> {
    let after = json!({ "client": client.name.chars().take(200).collect::<String>() });
    let entry = Entry { action: "session.create", object: session.to_string(), before: Value::Null, after };
    Ok(audit::record(tx, company, origin, entry)?)
}

/// Whether the company of a person asks everybody for a second factor.
fn requires_mfa(read: &impl Read, user: &UserRow) -> Result<bool, storage::Error> {
    Ok(store::find_company(read, user.company)?.is_some_and(|company| company.requires_mfa))
}

/// The user, while the password is the one that was checked and the account is not disabled.
fn active(read: &impl Read, id: UserId, version: u32) -> Result<Option<UserRow>, storage::Error> {
    let user = store::find_user(read, id)?;
    Ok(user.filter(|user| user.password_version == version && !user.is_disabled))
}
