//! The API keys of a company.

use crate::{
    accounts::{Accounts, Error, model, store},
    audit::Origin,
    auth::{ApiKeyView, NewApiKey, NewKeyText, Role, Scope, Scopes},
    base::{ApiKeyId, CompanyId, Timestamp},
    storage::{Snapshot, Tx},
};

use super::OF_COMPANY_MAX;

/// The order to make an API key, checked.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct NewKey {
    name: String,
    scopes: Scopes,
    expires_at: Option<Timestamp>,
}

impl NewKey {
    /// Checks an order of somebody who was granted these scopes.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::ScopeCount`]; [`Error::Scope`] for a scope that is unknown, not for keys, or beyond the maker's own.
    pub(in crate::accounts) fn check(
        name: &str,
        scopes: &[String],
        expires_at: Option<Timestamp>,
        granted: Scopes,
    ) -> Result<Self, Error> {
        let name = model::name(name)?;
        let may = granted.and(Scopes::of_keys());
        if scopes.is_empty() || scopes.len() > Scope::ALL.len() {
            return Err(Error::ScopeCount(Scope::ALL.len()));
        }
        let scopes = scopes.iter().map(|text| {
            let scope = text.parse::<Scope>().ok().filter(|scope| may.contains(*scope));
            scope.ok_or_else(|| Error::Scope(text.chars().take(64).collect()))
        });
        Ok(Self { name, scopes: scopes.collect::<Result<Vec<_>, _>>()?.into_iter().collect(), expires_at })
    }
}

impl Accounts {
    /// Makes a key.
    ///
    /// # Errors
    /// [`Error::Past`], [`Error::TooMany`].
    pub(in crate::accounts) fn create_key(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        order: NewKey,
    ) -> Result<(ApiKeyView, NewKeyText), Error> {
        if order.expires_at.is_some_and(|end| end <= tx.now()) {
            return Err(Error::Past);
        }
        let auth = &self.inner.auth;
        if auth.key_count(tx, company) >= OF_COMPANY_MAX {
            return Err(Error::TooMany("10,000 API keys"));
        }
        let NewKey { name, scopes, expires_at } = order;
        let (id, text) = auth.create_key(tx, origin, NewApiKey { company, name, scopes, expires_at })?;
        let view = auth.key(tx, company, id)?.ok_or(Error::NotFound("API key"))?;
        Ok((view, text))
    }

    /// Makes a key for whoever has the machine, with every scope that the company's people can give to keys.
    ///
    /// # Errors
    /// [`Error::TooMany`], and when the store fails.
    pub async fn machine_key(&self, company: CompanyId, name: &'static str) -> Result<NewKeyText, Error> {
        let accounts = self.clone();
        self.inner.db.write(move |tx| Ok(accounts.create_machine_key(tx, company, name)?.1)).await
    }

    pub(super) fn create_machine_key(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        name: &str,
    ) -> Result<(ApiKeyId, NewKeyText), Error> {
        let is_first = store::first_company(tx)?.is_some_and(|first| first.id == company);
        let scopes = Scopes::of(Role::Admin, is_first).and(Scopes::of_keys());
        let order = NewKey { name: name.to_owned(), scopes, expires_at: None };
        let (view, text) = self.create_key(tx, (company, &Origin::machine()), order)?;
        Ok((view.id, text))
    }

    /// A page of the company's keys, the newest first.
    pub(in crate::accounts) fn keys(
        &self,
        read: &Snapshot,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ApiKeyView>, Error> {
        Ok(self.inner.auth.keys(read, company, before, limit)?)
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) fn revoke_key(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        id: ApiKeyId,
    ) -> Result<(), Error> {
        if self.inner.auth.revoke_key(tx, by, id)? { Ok(()) } else { Err(Error::NotFound("API key")) }
    }
}
