//! The API keys of a company.

use crate::{
    accounts::{Accounts, Error, model},
    audit::Origin,
    auth::{ApiKeyView, NewApiKey, NewKeyText, Scope, Scopes},
    base::{ApiKeyId, CompanyId, Timestamp},
    storage::{Snapshot, Tx},
};

use super::OF_COMPANY_MAX;

/// The order to make an API key.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct NewKey {
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) scopes: Vec<String>,
    pub(in crate::accounts) expires_at: Option<Timestamp>,
}

impl Accounts {
    /// Makes a key with scopes that its maker has too.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Scope`] for one that is unknown, not for keys, or beyond the maker's own;
    /// [`Error::Past`], [`Error::TooMany`].
    pub(in crate::accounts) fn create_key(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        granted: Scopes,
        order: &NewKey,
    ) -> Result<(ApiKeyView, NewKeyText), Error> {
        let name = model::name(&order.name)?;
        let may = granted.and(Scopes::of_keys());
        let scopes = order.scopes.iter().map(|text| {
            let scope = text.parse::<Scope>().ok().filter(|scope| may.contains(*scope));
            scope.ok_or_else(|| Error::Scope(text.chars().take(64).collect()))
        });
        let scopes: Scopes = scopes.collect::<Result<Vec<_>, _>>()?.into_iter().collect();
        if scopes.iter().next().is_none() {
            return Err(Error::Scope("nothing".to_owned()));
        }
        if order.expires_at.is_some_and(|end| end <= tx.now()) {
            return Err(Error::Past);
        }
        if self.inner.auth.keys(tx, company, OF_COMPANY_MAX)?.len() >= OF_COMPANY_MAX {
            return Err(Error::TooMany("10,000 API keys"));
        }
        let order = NewApiKey { company, name, scopes, expires_at: order.expires_at };
        let (id, text) = self.inner.auth.create_key(tx, origin, order)?;
        let view = self.inner.auth.key(tx, company, id)?.ok_or(Error::NotFound("API key"))?;
        Ok((view, text))
    }

    /// The keys of a company, the newest first.
    pub(in crate::accounts) fn keys(
        &self,
        read: &Snapshot,
        company: CompanyId,
        limit: usize,
    ) -> Result<Vec<ApiKeyView>, Error> {
        Ok(self.inner.auth.keys(read, company, limit)?)
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
