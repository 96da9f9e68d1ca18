//! E-mails in the order in which they were queued.

use super::{PAGE_ROWS, Records, first_at};
use crate::{
    base::CompanyId,
    mail::{EmailView, Mail, Via, email::RecipientState},
    reports::{
        Error,
        model::Plan,
        record::{Cell, Record},
    },
    storage::Snapshot,
};

/// The ids that are still to be read.
#[derive(Debug)]
pub(in crate::reports) struct Place {
    from: u64,
    to: u64,
}

impl Place {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { from: first_at(plan.since), to: first_at(plan.until) }
    }

    pub(super) fn next(&mut self, read: &Snapshot, mail: &Mail, company: CompanyId) -> Result<Records, Error> {
        let mut records = Vec::new();
        let next =
            mail.each_email(read, company, (self.from, self.to), PAGE_ROWS, &mut |view| records.push(record(view)));
        let next = next.map_err(Error::Mail)?;
        self.from = next.unwrap_or(self.to);
        Ok(Records { records, is_last: next.is_none() })
    }
}

fn record(view: EmailView) -> Record {
    let EmailView { row, state, attempts, answer, .. } = view;
    let to: Vec<&str> = row.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
    let refused = row.recipients.iter().filter(|recipient| recipient.state == RecipientState::Refused).count();
    let cells = vec![
        Cell::Text(row.id.to_string()),
        Cell::Text(state.as_str().to_owned()),
        Cell::Text(to.join(", ")),
        Cell::number(row.recipients.len()),
        Cell::number(refused),
        Cell::text(row.subject.clone()),
        Cell::text(row.template.as_ref().map(|used| used.name.clone())),
        Cell::text(row.via.map(Via::as_str)),
        Cell::number(attempts),
        Cell::number(row.attachments),
        Cell::Time(row.created_at),
        Cell::time(row.finished_at),
        Cell::duration(Some(row.created_at), row.finished_at),
        Cell::text(answer),
    ];
    Record { at: row.created_at, cells }
}
