//! What schedules start beside jobs: one starter for each.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    auth::{Auth, Caller, Scopes},
    http::Problem,
    queue,
    reports::{self, Occasion, ReportOrder, Reports},
    schedules::{NotStarted, Started, Starter, Starters, Tick},
    storage::Tx,
};

/// Connects what can be started on a schedule.
pub(super) fn starters(reports: &Reports, auth: &Auth) -> Starters {
    Starters { report: Some(Arc::new(OfReports { reports: reports.clone(), auth: auth.clone() })), workflow: None }
}

/// An order that cannot be read is nobody's want of rights: the start refuses it, and says why.
fn allow_report(order: &[u8], scopes: Scopes) -> Result<(), Problem> {
    ReportOrder::recurring(order).map_or(Ok(()), |order| order.within(scopes))
}

/// Asks for reports.
#[derive(Debug)]
struct OfReports {
    reports: Reports,
    auth: Auth,
}

impl Starter for OfReports {
    fn check(&self, order: &Bytes, caller: &Caller) -> Result<(), Problem> {
        let order = ReportOrder::recurring(order)?;
        order.allow(&self.auth, caller)?;
        Ok(self.reports.check_order(order.order()?)?)
    }

    fn allow(&self, order: &Bytes, scopes: Scopes) -> Result<(), Problem> {
        allow_report(order, scopes)
    }

    fn facts(&self, order: &Bytes) -> Value {
        let order: Value = serde_json::from_slice(order).unwrap_or_default();
        let field = |name: &str| order.get(name).cloned().unwrap_or_default();
        json!({ "definition": field("definition"), "format": field("format"), "recipients": field("recipients") })
    }

    fn start(&self, tx: &mut Tx<'_>, tick: Tick<'_>, order: &Bytes) -> Result<Started, NotStarted> {
        let order = ReportOrder::recurring(order).and_then(ReportOrder::order).map_err(NotStarted::Refused)?;
        let Tick { company, origin, schedule, at } = tick;
        let asked = self.reports.request(tx, (company, origin), order, Some(Occasion { schedule, at }));
        let view = asked.map_err(|error| match error {
            reports::Error::Storage(error) | reports::Error::Queue(queue::Error::Storage(error)) => {
                NotStarted::Storage(error)
            }
            other => NotStarted::Refused(other.into()),
        })?;
        Ok(Started { id: view.id.to_string(), job: view.job })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scope;

    #[test]
    fn only_a_want_of_rights_is_told_as_one() {
        let none: Scopes = [].into_iter().collect();
        let all: Scopes = Scope::ALL.iter().copied().collect();
        let whole = br#"{ "definition": "jobs", "format": "csv", "period": { "last_ms": 1000 } }"#;
        assert!(allow_report(whole, all).is_ok());
        assert!(allow_report(whole, none).unwrap_err().to_string().contains("scope"));
        let renamed = br#"{ "definition": "jobs", "format": "csv", "span": { "last_ms": 1000 } }"#;
        let fixed = br#"{ "definition": "jobs", "format": "csv", "period": { "since": "2026-01-01T00:00:00Z" } }"#;
        for unreadable in [&renamed[..], fixed, b"[]", b""] {
            assert!(ReportOrder::recurring(unreadable).is_err(), "the start refuses it");
            assert!(allow_report(unreadable, none).is_ok());
        }
    }
}
