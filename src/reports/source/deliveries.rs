//! Deliveries of one webhook after another.

use super::{PAGE_ROWS, Records};
use crate::{
    base::{CompanyId, Timestamp, WebhookId},
    reports::{
        Error,
        model::Plan,
        record::{Cell, Record},
    },
    storage::Snapshot,
    webhooks::{DeliveryFacts, Webhooks},
};

/// The webhook that is being read, and before which delivery.
#[derive(Debug, Default)]
pub(in crate::reports) struct Place {
    webhook: Option<(WebhookId, String)>,
    /// The last one that was read to its end.
    done: Option<u64>,
    before: Option<u64>,
}

impl Place {
    pub(super) fn next(
        &mut self,
        read: &Snapshot,
        webhooks: &Webhooks,
        (company, plan): (CompanyId, &Plan),
    ) -> Result<Records, Error> {
        if self.webhook.is_none() {
            self.webhook = webhooks.next_webhook(read, company, self.done)?;
        }
        let Some((webhook, url)) = &self.webhook else {
            return Ok(Records { records: Vec::new(), is_last: true });
        };
        let period = (plan.since, plan.until);
        let (found, next) = webhooks.delivery_facts(read, (company, *webhook), period, self.before, PAGE_ROWS)?;
        let records = found.into_iter().map(|facts| record(facts, *webhook, url)).collect();
        self.before = next;
        if next.is_none() {
            self.done = Some(webhook.hi());
            self.webhook = None;
        }
        Ok(Records { records, is_last: false })
    }
}

fn record(facts: DeliveryFacts, webhook: WebhookId, url: &str) -> Record {
    let at = Timestamp::from_ms((facts.id.hi() >> 16).cast_signed());
    let cells = vec![
        Cell::Text(facts.id.to_string()),
        Cell::Text(webhook.to_string()),
        Cell::Text(url.to_owned()),
        Cell::Text(facts.event),
        Cell::Text(facts.event_type),
        Cell::Text(facts.state.as_str().to_owned()),
        Cell::number(facts.attempts),
        facts.last_status.map_or(Cell::Empty, Cell::number),
        Cell::Time(at),
        Cell::time(facts.finished_at),
        Cell::duration(Some(at), facts.finished_at),
    ];
    Record { at, weight: 1, cells }
}
