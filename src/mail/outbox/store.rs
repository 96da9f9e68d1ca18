//! E-mails, their contents and their files as they are stored.

use std::{ops::ControlFlow, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    base::{CompanyId, EmailId, JobId, RawId, Timestamp, UserId},
    mail::{
        Address,
        email::{EmailState, FileSource, NewAttachment, RecipientKind, RecipientState, TemplateUse},
        outbox::Via,
    },
    named_value,
    sealing::{SealedRows, SealedTable},
    storage::{
        COUNTERS, CounterKey, Error, KeyRange, Order, Read, Table, Tx,
        check::{Counted, each},
        keyspaces,
    },
};

const EMAILS: Table<(u64, u64), EmailRow> = Table::of(keyspaces::EMAILS);
const CONTENTS: Table<(u64, u64), ContentRow> = Table::of(keyspaces::EMAIL_CONTENTS);
const ATTACHMENTS: Table<(u64, u64, u32), AttachmentRow> = Table::of(keyspaces::EMAIL_ATTACHMENTS);
const AREA: u8 = keyspaces::EMAILS.number;
/// E-mails of a company.
const COUNT: u8 = 0;
/// Bytes of these.
const BYTES: u8 = 1;
/// E-mails of a company that wait to be sent.
const UNSENT: u8 = 2;
/// Bytes of these.
const UNSENT_BYTES: u8 = 3;

/// No company: ids are made from the time and are never so small. Not zero, for counters of zero are those of all.
pub(super) const NOBODY: CompanyId = CompanyId::from_raw(RawId { hi: 1, lo: 0 });
/// The one e-mail to nobody.
pub(super) const DECOY: RawId = RawId { hi: 0, lo: 0 };

/// One recipient and what became of the e-mail for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientRow {
    /// The way it gets the e-mail.
    pub kind: RecipientKind,
    /// The address.
    pub address: String,
    /// How far the e-mail is.
    pub state: RecipientState,
    /// What the server said about it last.
    pub answer: Option<String>,
}

impl RecipientRow {
    pub(super) fn waiting(kind: RecipientKind, address: &Address) -> Self {
        Self { kind, address: address.as_str().to_owned(), state: RecipientState::Waiting, answer: None }
    }
}

/// One e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailRow {
    /// Its id.
    pub id: EmailId,
    /// Whose it is.
    pub company: CompanyId,
    /// The job that sends it.
    pub job: JobId,
    /// Its `Message-ID`, the same for every attempt.
    pub message_id: String,
    /// Who gets it.
    pub recipients: Vec<RecipientRow>,
    /// Its subject, once it is known: a template's is after the first attempt.
    pub subject: Option<String>,
    /// The template it is made from.
    pub template: Option<TemplateUse>,
    /// Whether the server itself wrote it.
    pub is_own: bool,
    /// Whose account it is about.
    pub about: Option<UserId>,
    /// How many files go with it.
    pub attachments: u32,
    /// Bytes of content and files.
    pub bytes: u64,
    /// How it ended, once it has.
    pub end: Option<EmailState>,
    /// The way it went last.
    pub via: Option<Via>,
    /// Attempts that ended.
    pub attempts: u32,
    /// Attempts after which it was not known whether it arrived.
    pub unknown: u32,
    /// What the server said last, or why there was no answer.
    pub answer: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Whether it counts among those that wait, until it has ended; those of earlier releases do not.
    #[serde(default)]
    pub is_counted: bool,
}
named_value!(EmailRow, 1);

/// What an e-mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ContentRow {
    id: EmailId,
    /// The content, sealed and bound to company and id.
    sealed: Vec<u8>,
}
named_value!(ContentRow, 1);

/// A file of an e-mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentRow {
    /// The name recipients see.
    pub name: String,
    /// Such as `application/pdf`.
    pub content_type: String,
    /// What is in it.
    #[serde(with = "serde_bytes_of")]
    pub bytes: Vec<u8>,
    /// Key and size, when it is among the blobs and not here.
    #[serde(default)]
    pub blob: Option<(String, u64)>,
}

impl AttachmentRow {
    /// How long it is.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.blob.as_ref().map_or(self.bytes.len() as u64, |(_, size)| *size)
    }
}
named_value!(AttachmentRow, 1);

impl std::fmt::Debug for AttachmentRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachmentRow").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Bytes as such and not as a list of numbers.
mod serde_bytes_of {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        Bytes::copy_from_slice(bytes).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Bytes::deserialize(deserializer).map(Vec::from)
    }
}

/// The contents, sealed.
pub(in crate::mail) fn sealed() -> Arc<dyn SealedRows> {
    Arc::new(SealedTable {
        table: CONTENTS,
        associated: |_, (company, _), row: &ContentRow| Ok(Some(place(*company, row.id))),
        sealed: |row| Some(&row.sealed),
        replace: |row, sealed| row.sealed = sealed,
    })
}

/// What a sealed content is bound to: its row.
pub(in crate::mail) fn place(company: u64, id: EmailId) -> Vec<u8> {
    let raw = id.raw();
    [&b"content of e-mail "[..], &company.to_be_bytes(), &raw.hi.to_be_bytes(), &raw.lo.to_be_bytes()].concat()
}

const fn counter(company: u64, what: u8) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what }
}

/// Adds an e-mail with everything in it; answers its row with its size.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    mut row: EmailRow,
    sealed: Vec<u8>,
    attachments: Vec<NewAttachment>,
) -> Result<EmailRow, Error> {
    let (company, hi) = (row.company.hi(), row.id.hi());
    row.bytes = sealed.len() as u64;
    tx.put(CONTENTS, &(company, hi), &ContentRow { id: row.id, sealed })?;
    for (number, one) in (0_u32..).zip(attachments) {
        let NewAttachment { name, content_type, source } = one;
        let (bytes, blob) = match source {
            FileSource::Inline(bytes) => (bytes, None),
            FileSource::Blob { key, size_bytes } => (Vec::new(), Some((key.as_str().to_owned(), size_bytes))),
        };
        row.bytes += bytes.len() as u64;
        tx.put(ATTACHMENTS, &(company, hi, number), &AttachmentRow { name, content_type, bytes, blob })?;
    }
    tx.put(EMAILS, &(company, hi), &row)?;
    tx.add(counter(company, COUNT), 1);
    tx.add(counter(company, BYTES), row.bytes.cast_signed());
    count_unsent(tx, &row, 1);
    Ok(row)
}

/// Counts a row among those that wait, or takes it out.
fn count_unsent(tx: &mut Tx<'_>, row: &EmailRow, times: i64) {
    if row.is_counted {
        tx.add(counter(row.company.hi(), UNSENT), times);
        tx.add(counter(row.company.hi(), UNSENT_BYTES), times * row.bytes.cast_signed());
    }
}

/// How many e-mails of a company wait to be sent, and their bytes.
pub(super) fn unsent(tx: &Tx<'_>, company: CompanyId) -> (u64, u64) {
    let count = |what| tx.count(&counter(company.hi(), what)).max(0).cast_unsigned();
    (count(UNSENT), count(UNSENT_BYTES))
}

/// The same as it was when this was read.
pub(super) fn unsent_then(read: &impl Read, company: CompanyId) -> Result<(u64, u64), Error> {
    let count = |what| Ok::<_, Error>(read.counter(&counter(company.hi(), what))?.max(0).cast_unsigned());
    Ok((count(UNSENT)?, count(UNSENT_BYTES)?))
}

/// Writes the end of an e-mail.
pub(super) fn end(tx: &mut Tx<'_>, row: &mut EmailRow, end: EmailState) {
    if row.end.replace(end).is_none() {
        count_unsent(tx, row, -1);
    }
    row.finished_at = Some(tx.now());
}

/// Stores a content that nobody reads, in the place of the one before.
pub(super) fn put_decoy(tx: &mut Tx<'_>, id: EmailId, sealed: Vec<u8>) -> Result<(), Error> {
    tx.put(CONTENTS, &(NOBODY.hi(), id.hi()), &ContentRow { id, sealed })
}

pub(super) fn find(read: &impl Read, company: CompanyId, id: EmailId) -> Result<Option<EmailRow>, Error> {
    Ok(read.get(EMAILS, &(company.hi(), id.hi()))?.filter(|row| row.id == id))
}

/// Replaces a row; its size stays.
pub(super) fn update(tx: &mut Tx<'_>, row: &EmailRow) -> Result<(), Error> {
    tx.put(EMAILS, &(row.company.hi(), row.id.hi()), row)
}

pub(super) fn content(read: &impl Read, company: CompanyId, id: EmailId) -> Result<Option<Vec<u8>>, Error> {
    Ok(read.get(CONTENTS, &(company.hi(), id.hi()))?.map(|row| row.sealed))
}

/// Removes what an e-mail says and leaves the rest.
pub(super) fn remove_content(tx: &mut Tx<'_>, row: &EmailRow) -> Result<(), Error> {
    tx.remove(CONTENTS, &(row.company.hi(), row.id.hi()))
}

pub(super) fn attachments(read: &impl Read, company: CompanyId, id: EmailId) -> Result<Vec<AttachmentRow>, Error> {
    let range = KeyRange::prefix(&(company.hi(), id.hi()));
    let rows = read.list(ATTACHMENTS, &range, Order::Ascending, crate::mail::email::ATTACHMENTS_MAX)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Shows the e-mails of a company before one, the newest first, until `visit` breaks.
pub(super) fn visit(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    visit: &mut dyn FnMut(EmailRow) -> ControlFlow<()>,
) -> Result<(), Error> {
    let range = KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref());
    read.scan(EMAILS, &range, Order::Descending, &mut |_, row| visit(row))
}

/// E-mails of a company with ids from one on and before another, the oldest first.
pub(super) fn between(
    read: &impl Read,
    company: CompanyId,
    (from, to): (u64, u64),
    limit: usize,
) -> Result<Vec<EmailRow>, Error> {
    let range = KeyRange::between(&(company.hi(), from), &(company.hi(), to));
    Ok(read.list(EMAILS, &range, Order::Ascending, limit)?.into_iter().map(|(_, row)| row).collect())
}

/// E-mails of a company after one, the oldest first.
pub(super) fn oldest(tx: &Tx<'_>, company: u64, after: u64, limit: usize) -> Result<Vec<EmailRow>, Error> {
    let range = KeyRange::after(&(company, after)).within(&(company,));
    Ok(tx.list(EMAILS, &range, Order::Ascending, limit)?.into_iter().map(|(_, row)| row).collect())
}

/// Companies after this one that have e-mails.
pub(super) fn companies(read: &impl Read, after: u64, limit: usize) -> Result<Vec<u64>, Error> {
    let mut companies = Vec::new();
    let range = KeyRange::after(&(AREA, after)).within(&(AREA,));
    read.scan(COUNTERS, &range, Order::Ascending, &mut |key, value| {
        if key.what == COUNT && value > 0 {
            companies.push(key.company);
        }
        if companies.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(companies)
}

/// Bytes of the e-mails of a company, as the transaction sees them.
pub(super) fn bytes_of(tx: &Tx<'_>, company: u64) -> u64 {
    tx.count(&counter(company, BYTES)).max(0).cast_unsigned()
}

/// Removes an e-mail with everything in it.
pub(super) fn remove(tx: &mut Tx<'_>, row: &EmailRow) -> Result<(), Error> {
    let (company, hi) = (row.company.hi(), row.id.hi());
    tx.remove(CONTENTS, &(company, hi))?;
    for number in 0..row.attachments {
        tx.remove(ATTACHMENTS, &(company, hi, number))?;
    }
    tx.remove(EMAILS, &(company, hi))?;
    tx.add(counter(company, COUNT), -1);
    tx.add(counter(company, BYTES), -row.bytes.cast_signed());
    if row.end.is_none() {
        count_unsent(tx, row, -1);
    }
    Ok(())
}

/// Compares e-mails with their contents, files and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub(in crate::mail) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, EMAILS, |(company, hi), row: EmailRow| {
        counted.add(company, 0, COUNT, 1);
        counted.add(company, 0, BYTES, row.bytes.cast_signed());
        if row.is_counted && row.end.is_none() {
            counted.add(company, 0, UNSENT, 1);
            counted.add(company, 0, UNSENT_BYTES, row.bytes.cast_signed());
        }
        if row.end.is_none() && !read.exists(CONTENTS, &(company, hi))? {
            found(format!("e-mail {} is on its way and says nothing", row.id));
        }
        Ok(())
    })?;
    each(read, CONTENTS, |(company, hi), row| {
        if company != NOBODY.hi() && !read.exists(EMAILS, &(company, hi))? {
            found(format!("the content of e-mail {} belongs to nothing", row.id));
        }
        Ok(())
    })?;
    each(read, ATTACHMENTS, |(company, hi, number), _| {
        let row = read.get(EMAILS, &(company, hi))?;
        if row.is_none_or(|row| number >= row.attachments) {
            found(format!("company {company}: file {number} belongs to no e-mail"));
        }
        Ok(())
    })?;
    counted.compare(read, &[COUNT, BYTES, UNSENT, UNSENT_BYTES], found)
}
