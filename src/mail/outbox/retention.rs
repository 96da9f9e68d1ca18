//! Removing old e-mails: by age, and by the bytes of a company, the oldest finished ones first.

use tokio_util::sync::CancellationToken;

use super::store;
use crate::{base::Timestamp, mail::Mail, queue, storage::Tx};

/// E-mails looked at in one transaction.
const CHUNK: usize = 100;
/// Companies found in one read.
const COMPANIES: usize = 500;

/// Removes every e-mail that need not be kept; answers how many.
pub(in crate::mail) async fn sweep(mail: &Mail, stop: &CancellationToken) -> Result<u64, queue::Error> {
    let db = mail.db();
    let mut removed = 0;
    let mut last = store::NOBODY.hi();
    loop {
        let page = db.read(move |snapshot| store::companies(snapshot, last, COMPANIES)).await??;
        for company in page.iter().copied() {
            removed += sweep_company(mail, company, stop).await?;
            if stop.is_cancelled() {
                return Ok(removed);
            }
        }
        match page.last() {
            Some(company) if page.len() == COMPANIES => last = *company,
            _ => return Ok(removed),
        }
    }
}

async fn sweep_company(mail: &Mail, company: u64, stop: &CancellationToken) -> Result<u64, queue::Error> {
    let (mut removed, mut after) = (0, 0);
    loop {
        let handle = mail.clone();
        let page = mail.db().write_reclaiming(move |tx| trim(tx, &handle, company, after)).await?;
        removed += page.removed;
        match page.next {
            Some(next) if !stop.is_cancelled() => after = next,
            _ => return Ok(removed),
        }
    }
}

struct Trimmed {
    removed: u64,
    /// Where to go on, unless that was all.
    next: Option<u64>,
}

fn trim(tx: &mut Tx<'_>, mail: &Mail, company: u64, after: u64) -> Result<Trimmed, queue::Error> {
    let (keep_ms, keep_bytes) = mail.kept();
    let limit = Timestamp::from_ms(tx.now().as_ms().saturating_sub_unsigned(keep_ms));
    let rows = store::oldest(tx, company, after, CHUNK)?;
    let is_whole = rows.len() == CHUNK;
    let mut trimmed = Trimmed { removed: 0, next: None };
    for row in rows {
        let is_old = row.created_at < limit;
        let is_over = store::bytes_of(tx, company) > keep_bytes;
        if !is_old && !is_over {
            return Ok(Trimmed { next: None, ..trimmed });
        }
        trimmed.next = Some(row.id.hi()).filter(|_| is_whole);
        if row.end.is_none() {
            if !is_old {
                continue;
            }
            if let Some(queues) = mail.queues() {
                match queues.cancel(tx, row.company, row.job) {
                    Ok(_) | Err(queue::Error::NotFound(_) | queue::Error::WrongState { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        store::remove(tx, &row)?;
        trimmed.removed += 1;
    }
    Ok(trimmed)
}
