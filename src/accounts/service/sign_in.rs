//! Signing in.

use std::{net::IpAddr, pin::Pin, sync::Arc};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    accounts::{
        Accounts, Error, Password,
        habits::Place,
        letters::{self, Notice},
        mfa::{self, Proof},
        password::PasswordHash,
        store::{self, UserRow},
    },
    audit::{self, Actor, Entry, Origin},
    auth::{self, Grant, NewSession, Prepared},
    base::{CompanyId, UserId},
    limits::{self, Subject},
    storage::{self, Read, Tx},
};

use super::{NOBODY, users::UserView};

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

/// How a commit ends that lets a person in.
type Answer = Pin<Box<dyn Future<Output = Result<Welcome, Error>> + Send>>;

/// What came of a password.
struct Tried {
    /// The account, also a disabled one.
    found: Option<UserRow>,
    /// Whether it may be used and the password is its own.
    is_right: bool,
    /// Time for the hash and for the wait for its turn.
    hashing_us: u64,
    /// The person is being let in, since nothing else has to be asked.
    welcome: Option<Answer>,
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
        // Written down while the password is hashed, by whoever takes over what else this thread has to do.
        let mut keeping = JoinSet::new();
        keeping.spawn(admitted.kept());
        let tried = self.try_password(&order).await;
        // Nobody hears what came of it before.
        keeping.join_next().await.and_then(Result::ok).ok_or(storage::Error::Stopped)??;
        let Tried { found, is_right, hashing_us, welcome } = tried?;
        let SignIn { password, code, client, .. } = order;
        let Some(user) = found.as_ref().filter(|_| is_right) else {
            let reason = if found.as_ref().is_some_and(|user| user.is_disabled) { "disabled" } else { "password" };
            let origin = client.origin_of_none();
            self.record_refusal(found.map(|user| (user.company, user.id)), (&client, origin), reason).await?;
            return Err(Error::Credentials);
        };
        let is_current = user.password.is_current();
        let welcome = match welcome {
            Some(welcome) => welcome.await,
            None => self.welcome_later(user, password, code, client.clone()).await,
        };
        if matches!(welcome, Ok(Welcome::SignedIn(_))) && is_current {
            self.inner.settings.metrics.signed_in(clock.mono_us().saturating_sub(begun_us + hashing_us));
        }
        if matches!(welcome, Err(Error::MfaCode)) {
            let origin = client.origin_of_none();
            self.record_refusal(Some((user.company, user.id)), (&client, origin), WRONG_CODE).await?;
        }
        welcome
    }

    /// Looks for the account, hashes, and lets the person in where nothing else has to be asked, all on this thread: each
    /// change to another one that rests costs a tenth of a millisecond. A caller who goes away meanwhile leaves a session
    /// behind, as one does whose answer is lost, and no time limit ends the call before the disk has answered.
    async fn try_password(&self, order: &SignIn) -> Result<Tried, Error> {
        let (db, clock) = (self.inner.db.reclaiming(), self.inner.db.clock());
        let place = db.place().await?;
        let waiting_us = clock.mono_us();
        let turn = self.inner.hasher.turn().await?;
        let waited_us = clock.mono_us().saturating_sub(waiting_us);
        turn.run_here(|turn| {
            let found = find_by_email(&db.snapshot(), &order.email)?;
            let user = found.as_ref().filter(|user| !user.is_disabled);
            // For nobody as for somebody, so that time does not tell them apart.
            let prepared = self.inner.auth.prepare_session(user.map_or(NOBODY, |user| user.id))?;
            let begun_us = clock.mono_us();
            let is_right = order.password.is_behind(user.map(|user| &user.password));
            let hashing_us = waited_us + clock.mono_us().saturating_sub(begun_us);
            // What follows costs no memory and little of a processor.
            drop(turn);
            let is_ready = is_right && order.code.is_none();
            let ready = user.filter(|user| is_ready && user.password.is_current());
            let welcome = ready.map(|user| -> Answer {
                let welcome = self.welcome(user.password_version, (None, None), order.client.clone(), prepared);
                Box::pin(place.write_here(welcome))
            });
            let is_right = is_right && user.is_some();
            Ok(Tried { found, is_right, hashing_us, welcome })
        })
    }

    /// Lets a person in whose password was right, when it has to be hashed anew or a code came with it.
    async fn welcome_later(
        &self,
        user: &UserRow,
        password: Password,
        code: Option<String>,
        client: Client,
    ) -> Result<Welcome, Error> {
        let is_current = user.password.is_current();
        let renewed = if is_current { None } else { Some(self.inner.hasher.renew(password, self.salt()).await?) };
        let proof = code.map(Proof::Code);
        if proof.is_some() {
            self.limit_proof(user.id).await?;
        }
        let prepared = self.inner.auth.prepare_session(user.id)?;
        let welcome = self.welcome(user.password_version, (proof, renewed), client, prepared);
        self.inner.db.write_reclaiming(welcome).await
    }

    /// The transaction that lets a person in whose password was right, or asks for a second factor.
    fn welcome(
        &self,
        version: u32,
        (proof, renewed): (Option<Proof>, Option<PasswordHash>),
        client: Client,
        prepared: Prepared,
    ) -> impl FnOnce(&mut Tx<'_>) -> Result<Welcome, Error> + Send + use<> {
        let (accounts, seal, now) = (self.clone(), Arc::clone(&self.inner.seal), self.inner.db.clock().now());
        let id = prepared.user();
        move |tx| {
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
            Ok(Welcome::SignedIn(Box::new(accounts.open_session(tx, (user, prepared), client)?)))
        }
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
        (client, origin): (&Client, Origin),
        reason: &'static str,
    ) -> Result<(), Error> {
        let id = tried.map_or(NOBODY, |(_, user)| user);
        let after = json!({ "reason": reason });
        let entry = Entry { action: "session.refuse", object: id.to_string(), before: Value::Null, after };
        let (mail, client) = (self.inner.mail.clone(), client.clone());
        let work = move |tx: &mut Tx<'_>| {
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
            Ok::<_, Error>(())
        };
        self.inner.db.write(work).await
    }

    /// Lets a person in inside the transaction that found that he may.
    pub(super) fn let_in(&self, tx: &mut Tx<'_>, user: UserRow, client: Client) -> Result<SignedIn, Error> {
        let prepared = self.inner.auth.prepare_session(user.id)?;
        self.open_session(tx, (user, prepared), client)
    }

    /// Opens a session for a person inside the transaction that let him in. Where the company asks everybody for a
    /// second factor and he has none, the session is good for setting one up and nothing else; where somebody else chose the
    /// password, for choosing another.
    fn open_session(
        &self,
        tx: &mut Tx<'_>,
        (mut user, prepared): (UserRow, Prepared),
        client: Client,
    ) -> Result<SignedIn, Error> {
        user.last_sign_in_at = Some(tx.now());
        self.forget_profile(tx, user.id);
        store::put_signed_in(tx, &user)?;
        self.note_habits(tx, &user, &client)?;
        let requires_mfa = store::find_company(tx, user.company)?.is_some_and(|company| company.requires_mfa);
        let origin = client.origin(user.id);
        let order = NewSession {
            company: user.company,
            role: user.role,
            is_owner: user.is_owner,
            is_enrolling: requires_mfa && !mfa::is_enabled(tx, user.id)?,
            needs_password: user.needs_password,
            address: client.address.to_string(),
            client: client.name.clone(),
        };
        let (company, is_enrolling, needs_password) = (user.company, order.is_enrolling, order.needs_password);
        let grant = self.inner.auth.open_session(tx, prepared, order)?;
        let after = json!({ "client": client.name.chars().take(200).collect::<String>() });
        let entry = Entry { action: "session.create", object: grant.session.to_string(), before: Value::Null, after };
        audit::record(tx, company, &origin, entry)?;
        Ok(SignedIn { grant, user: user.into(), is_enrolling, needs_password })
    }
}

impl Accounts {
    /// Remembers where a person signed in from, and tells the person what is unusual about it.
    fn note_habits(&self, tx: &mut Tx<'_>, user: &UserRow, client: &Client) -> Result<(), Error> {
        let mut habits = store::habits(tx, user.id)?;
        let unusual = habits.signed_in(Place::of(client.address, &client.name), tx.now());
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

/// The user, while the password is the one that was checked and the account is not disabled.
fn active(read: &impl Read, id: UserId, version: u32) -> Result<Option<UserRow>, storage::Error> {
    let user = store::find_user(read, id)?;
    Ok(user.filter(|user| user.password_version == version && !user.is_disabled))
}
