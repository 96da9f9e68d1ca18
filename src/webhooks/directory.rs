//! Every webhook, prepared, in memory: found by id, and by the event type it subscribes to.
//!
//! The directory follows the store: hooks that run after each commit, in commit order, put and
//! remove entries. A transaction may therefore see an entry whose removal is in the same group;
//! what it creates for that webhook is found to belong to none when it is about to be sent.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{endpoint::Endpoint, subscription::SubscriptionIndex};
use crate::base::{CompanyId, WebhookId};

type Companies = HashMap<u64, Arc<RwLock<Company>>>;

/// Handle to the directory; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    companies: Arc<RwLock<Companies>>,
    owners: Arc<RwLock<HashMap<u64, CompanyId>>>,
}

#[derive(Debug, Default)]
struct Company {
    endpoints: HashMap<u64, Arc<Endpoint>>,
    /// Enabled webhooks only.
    index: SubscriptionIndex,
    filters: usize,
}

impl Company {
    fn remove(&mut self, webhook_hi: u64) -> Option<Arc<Endpoint>> {
        let old = self.endpoints.remove(&webhook_hi)?;
        if old.webhook.is_enabled() {
            self.index.remove(webhook_hi, &old.webhook.subscriptions);
        }
        self.filters -= usize::from(old.filter.is_some());
        Some(old)
    }
}

impl Directory {
    fn company(&self, company_hi: u64) -> Option<Arc<RwLock<Company>>> {
        self.companies.read().unwrap_or_else(PoisonError::into_inner).get(&company_hi).cloned()
    }

    /// Adds or replaces a webhook.
    pub(super) fn put(&self, endpoint: Arc<Endpoint>) {
        let company_hi = endpoint.webhook.company.hi();
        let company = self.company(company_hi).unwrap_or_else(|| {
            let mut companies = self.companies.write().unwrap_or_else(PoisonError::into_inner);
            companies.entry(company_hi).or_default().clone()
        });
        let mut company = company.write().unwrap_or_else(PoisonError::into_inner);
        let hi = endpoint.webhook.id.hi();
        self.owners.write().unwrap_or_else(PoisonError::into_inner).insert(hi, endpoint.webhook.company);
        company.remove(hi);
        if endpoint.webhook.is_enabled() {
            company.index.insert(hi, &endpoint.webhook.subscriptions);
        }
        company.filters += usize::from(endpoint.filter.is_some());
        company.endpoints.insert(hi, endpoint);
    }

    /// Removes a webhook and stops its attempts under way.
    pub(super) fn remove(&self, company: CompanyId, id: WebhookId) {
        self.owners.write().unwrap_or_else(PoisonError::into_inner).remove(&id.hi());
        if let Some(company) = self.company(company.hi())
            && let Some(old) = company.write().unwrap_or_else(PoisonError::into_inner).remove(id.hi())
        {
            old.live.stop.cancel();
        }
    }

    /// The webhook with this `hi`.
    pub(super) fn find(&self, company: CompanyId, webhook_hi: u64) -> Option<Arc<Endpoint>> {
        let company = self.company(company.hi())?;
        company.read().unwrap_or_else(PoisonError::into_inner).endpoints.get(&webhook_hi).cloned()
    }

    /// The webhook with this id, whoever it belongs to; for the inspector only.
    pub(super) fn find_anywhere(&self, id: WebhookId) -> Option<Arc<Endpoint>> {
        let owner = self.owners.read().unwrap_or_else(PoisonError::into_inner).get(&id.hi()).copied()?;
        self.find(owner, id.hi()).filter(|endpoint| endpoint.webhook.id == id)
    }

    /// The enabled webhooks that subscribe to an event type, by rising `hi`.
    pub(super) fn subscribers(&self, company: CompanyId, event_type: &str) -> Vec<Arc<Endpoint>> {
        let Some(company) = self.company(company.hi()) else { return Vec::new() };
        let company = company.read().unwrap_or_else(PoisonError::into_inner);
        let subscribers = company.index.subscribers(event_type);
        subscribers.iter().filter_map(|hi| company.endpoints.get(hi).cloned()).collect()
    }

    /// Whether a webhook of the company filters by content, so that parsing `data` ahead pays.
    pub(super) fn has_filters(&self, company: CompanyId) -> bool {
        self.company(company.hi())
            .is_some_and(|company| company.read().unwrap_or_else(PoisonError::into_inner).filters > 0)
    }

    /// Every webhook of every company, for retention.
    pub(super) fn all(&self) -> Vec<(CompanyId, WebhookId)> {
        let companies: Vec<_> =
            self.companies.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let mut found = Vec::new();
        for company in companies {
            let company = company.read().unwrap_or_else(PoisonError::into_inner);
            found.extend(company.endpoints.values().map(|one| (one.webhook.company, one.webhook.id)));
        }
        found
    }
}
