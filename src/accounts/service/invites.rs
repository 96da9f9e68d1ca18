//! Invitations: made by an admin, used once by whoever holds the token.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    sign_in::{Client, SignedIn},
    users::record,
};
use crate::{
    accounts::{
        Accounts, Error, Password, Registration, letters,
        model::{self, Email},
        store::{self, InviteRow, UserRow},
    },
    audit::{self, Entry, Origin},
    auth::Role,
    base::{CompanyId, InviteId, RawId, Timestamp, UserId, hex},
    limits::{self, Subject},
    storage::{Snapshot, Tx},
};

/// The most open invitations of a company.
const INVITES_MAX: usize = 1_000;
/// How long an invitation is good.
const LIFE_MS: u64 = 7 * 24 * 3_600_000;
const PREFIX: &str = "np_inv_";

/// The order to invite somebody.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct NewInvite {
    pub(in crate::accounts) email: String,
    pub(in crate::accounts) role: Role,
}

/// An invitation that was not used yet.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct InviteView {
    pub(in crate::accounts) id: InviteId,
    pub(in crate::accounts) email: String,
    pub(in crate::accounts) role: Role,
    pub(in crate::accounts) created_by: UserId,
    pub(in crate::accounts) created_at: Timestamp,
    pub(in crate::accounts) expires_at: Timestamp,
}

/// A fresh invitation with its token, which only the message to the person has beside this.
#[derive(Clone)]
pub(in crate::accounts) struct NewInviteView {
    pub(in crate::accounts) invite: InviteView,
    pub(in crate::accounts) token: String,
}

/// The order to accept an invitation.
#[derive(Clone)]
pub(in crate::accounts) struct Accept {
    pub(in crate::accounts) token: String,
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) password: Password,
    pub(in crate::accounts) client: Client,
}

impl From<InviteRow> for InviteView {
    fn from(row: InviteRow) -> Self {
        let InviteRow { id, email, role, created_by, created_at, expires_at, .. } = row;
        Self { id, email: email.as_str().to_owned(), role, created_by, created_at, expires_at }
    }
}

impl Accounts {
    /// Invites somebody to the company and writes to him or her; an earlier invitation of the same address is replaced.
    ///
    /// # Errors
    /// [`Error::Email`], [`Error::EmailTaken`] when the address has an account, [`Error::TooMany`].
    pub(in crate::accounts) fn invite(
        &self,
        tx: &mut Tx<'_>,
        (company, by): (CompanyId, UserId),
        origin: &Origin,
        order: &NewInvite,
    ) -> Result<NewInviteView, Error> {
        let email: Email = order.email.parse()?;
        self.require_joining()?;
        if store::is_email_taken(tx, &email)? {
            return Err(Error::EmailTaken);
        }
        let now = tx.now();
        let mut open = store::invites_of(tx, company, None, INVITES_MAX)?;
        for over in open.extract_if(.., |row| row.expires_at <= now) {
            store::delete_invite(tx, &over)?;
        }
        for earlier in open.extract_if(.., |row| row.email == email) {
            record_invite(tx, origin, "invite.delete", &earlier)?;
            store::delete_invite(tx, &earlier)?;
        }
        if open.len() >= INVITES_MAX {
            return Err(Error::TooMany("1,000 open invitations"));
        }
        let mut secret = [0; 32];
        self.inner.db.random().fill(&mut secret);
        let secret = hex(&secret);
        let row = InviteRow {
            id: InviteId::from_raw(tx.mint()),
            company,
            email,
            role: order.role,
            secret_hash: Sha256::digest(secret.as_bytes()).into(),
            created_by: by,
            created_at: now,
            expires_at: now.plus_ms(LIFE_MS),
        };
        store::put_invite(tx, &row)?;
        record_invite(tx, origin, "invite.create", &row)?;
        let token = format!("{PREFIX}{}_{}_{secret}", company.raw().to_text(), row.id.raw().to_text());
        let name = store::find_company(tx, company)?.ok_or(Error::NotFound("company"))?.name;
        let mail = &self.inner.mail;
        let letter = letters::invitation(row.email.as_str(), &name, &mail.link("join", &token));
        mail.send(tx, company, &letter.map_err(|_| Error::Email)?)?;
        Ok(NewInviteView { invite: row.into(), token })
    }

    /// Whether anybody may join by invitation here.
    fn require_joining(&self) -> Result<(), Error> {
        let is_closed = self.inner.settings.registration() == Registration::Closed;
        if is_closed { Err(Error::RegistrationClosed) } else { Ok(()) }
    }

    /// Whether the company may invite once more now.
    ///
    /// # Errors
    /// [`Error::Limited`].
    pub(in crate::accounts) async fn limit_invites(&self, company: CompanyId) -> Result<(), Error> {
        let subject = Subject::of(&[&company.hi().to_be_bytes()]);
        Ok(self.inner.limits.admit(limits::INVITE, subject).await?)
    }

    /// A page of the company's invitations, the newest first; those that are over stay for a while.
    pub(in crate::accounts) fn invites(
        read: &Snapshot,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<InviteView>, Error> {
        Ok(store::invites_of(read, company, before, limit)?.into_iter().map(InviteView::from).collect())
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) fn withdraw(
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: InviteId,
    ) -> Result<(), Error> {
        let row = store::find_invite(tx, company, id)?.ok_or(Error::NotFound("invitation"))?;
        record_invite(tx, origin, "invite.delete", &row)?;
        Ok(store::delete_invite(tx, &row)?)
    }

    /// Makes the user the invitation is for and signs him or her in; the invitation is used up.
    ///
    /// # Errors
    /// [`Error::Invitation`], [`Error::EmailTaken`], and each field that is not usable.
    pub(in crate::accounts) async fn accept(&self, order: Accept) -> Result<SignedIn, Error> {
        self.require_joining()?;
        self.inner.limits.admit(limits::TOKEN, Subject::of(&[&Subject::network(order.client.address)])).await?;
        let (company, id, hash) = parse(&order.token).ok_or(Error::Invitation)?;
        let valid = move |row: &InviteRow, now: Timestamp| {
            bool::from(row.secret_hash.ct_eq(&hash)) && row.company == company && now < row.expires_at
        };
        let invite = self.inner.db.read(move |snapshot| store::find_invite(snapshot, company, id)).await??;
        // Looked at before the password is hashed, so that a guess costs us nothing.
        let now = self.inner.db.clock().now();
        let invite = invite.filter(|row| valid(row, now)).ok_or(Error::Invitation)?;
        let name = model::name(&order.name)?;
        let password = self.hash(order.password, &[&name, invite.email.as_str()]).await?;
        let accounts = self.clone();
        self.inner
            .db
            .write(move |tx| {
                let now = tx.now();
                let invite = store::find_invite(tx, company, id)?.filter(|row| valid(row, now));
                let invite = invite.ok_or(Error::Invitation)?;
                // Who may not invite any more has invited nobody.
                let maker = store::find_user_of(tx, company, invite.created_by)?;
                maker.filter(UserRow::is_active_admin).ok_or(Error::Invitation)?;
                store::delete_invite(tx, &invite)?;
                let user = UserRow::fresh(tx, (company, invite.role), (name, invite.email), password);
                accounts.add(tx, &user)?;
                let origin = order.client.origin(user.id);
                record(tx, &origin, "user.create", &user, (Value::Null, user.facts()))?;
                accounts.let_in(tx, user, order.client)
            })
            .await
    }
}

fn record_invite(tx: &mut Tx<'_>, origin: &Origin, action: &'static str, row: &InviteRow) -> Result<(), Error> {
    let facts = json!({ "email": row.email.as_str(), "role": row.role });
    let (before, after) = if action == "invite.create" { (Value::Null, facts) } else { (facts, Value::Null) };
    Ok(audit::record(tx, row.company, origin, Entry { action, object: row.id.to_string(), before, after })?)
}

fn parse(token: &str) -> Option<(CompanyId, InviteId, [u8; 32])> {
    let mut parts = token.strip_prefix(PREFIX)?.split('_');
    let (company, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let raw = |text: &str| RawId::from_text(text).ok();
    let is_whole = parts.next().is_none() && secret.len() == 64;
    let hash = Sha256::digest(secret.as_bytes()).into();
    is_whole.then_some((CompanyId::from_raw(raw(company)?), InviteId::from_raw(raw(id)?), hash))
}
