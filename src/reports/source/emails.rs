//! E-mails in the order in which they were queued.

use super::{Ids, PAGE_ROWS, Records};
use crate::{
    base::CompanyId,
    mail::{EmailView, Mail, Via, email::RecipientState},
    reports::{
        Error,
        record::{Cell, Record},
    },
    storage::Snapshot,
};

/// The next page.
pub(super) fn next(ids: &mut Ids, read: &Snapshot, mail: &Mail, company: CompanyId) -> Result<Records, Error> {
    ids.next(record, |ids, show| mail.each_email(read, company, ids, PAGE_ROWS, show).map_err(Error::Mail))
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
    Record { at: row.created_at, weight: 1, cells }
}
