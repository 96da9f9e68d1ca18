//! `Idempotency-Key`: a repeated POST gets the first answer again instead of a second effect.
//!
//! The answer is kept in the very transaction that has the effect, so there is no moment at which one exists without
//! the other. Transactions run one after another, so a parallel duplicate finds the first one's record: it waits
//! without a lock. Only work that reaches outside ([`run_outside`]) needs one. Refused requests leave no record; they
//! had no effect to protect.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex as StdMutex, PoisonError},
};

use axum::{
    body::Bytes,
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, StatusCode, request::Parts},
    response::Response,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::{Problem, context::RequestContext, json_response, problems};
use crate::{
    base::{CompanyId, SealKey, Timestamp},
    postcard_value,
    sealing::{SealedRows, SealedTable},
    storage::{self, Db, KeyRange, Order, Read, Table, Tx, keyspaces, pause},
};

/// The request header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const KEY_BYTES_MAX: usize = 255;
/// How long an answer is kept.
pub const KEPT_MS: u64 = 24 * 60 * 60 * 1000;
/// Records removed in one transaction.
const SWEEP_MAX: usize = 1_000;
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_mins(1);

/// Hash of method, path and key.
type Operation = [u8; 16];

const REPLAYS: Table<(u64, Operation), ReplayRow> = Table::of(keyspaces::REPLAYS);
const REPLAY_TIMES: Table<(Timestamp, u64, Operation), ()> = Table::of(keyspaces::REPLAY_TIMES);

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReplayRow {
    /// SHA-256 of the request's body.
    body_hash: [u8; 32],
    /// When the answer was first given.
    created_at: Timestamp,
    /// Its HTTP status.
    status: u16,
    /// Its body; sealed when it holds a secret.
    body: Vec<u8>,
    /// Whether the body is sealed.
    is_sealed: bool,
}
postcard_value!(ReplayRow, 1);

/// The idempotency key of a POST, when it has one, with the operation it belongs to.
#[derive(Debug, Clone)]
pub struct Idempotent(Option<Scope>);

#[derive(Debug, Clone)]
struct Scope {
    operation: Operation,
    context: Arc<RequestContext>,
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let key = key.as_bytes();
        if !(1..=KEY_BYTES_MAX).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
            let detail = format!("Idempotency-Key must be 1 to {KEY_BYTES_MAX} visible ASCII characters");
            return Err(Problem::of(&problems::BAD_REQUEST).detail(detail));
        }
        let mut hash = Sha256::new();
        for part in [parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut operation = Operation::default();
        operation.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Ok(Self(Some(Scope { operation, context: RequestContext::of(&parts.extensions) })))
    }
}

impl Scope {
    fn record(&self, company: CompanyId, seal: Option<Arc<SealKey>>) -> Record {
        // An operation without a body hashes like one with an empty body.
        let body_hash = self.context.body_hash.get().copied().unwrap_or_else(|| Sha256::digest([]).into());
        Record { key: (company.hi(), self.operation), body_hash, seal }
    }
}

/// Runs a transaction once per idempotency key, and answers with what it returns.
///
/// # Errors
/// The transaction's own; 422 when the key came with another body before.
pub async fn run<T, E, F>(db: &Db, request: Idempotent, company: CompanyId, work: F) -> Result<Response, Problem>
where
    T: Serialize + Send + 'static,
    E: Into<Problem> + From<storage::Error> + Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<(StatusCode, T), E> + Send + 'static,
{
    run_with(db, None, request, company, work).await
}

/// Like [`run`], for answers that hold a secret: they are kept sealed.
///
/// # Errors
/// As [`run`].
pub async fn run_sealed<T, E, F>(
    db: &Db,
    seal: &Arc<SealKey>,
    request: Idempotent,
    company: CompanyId,
    work: F,
) -> Result<Response, Problem>
where
    T: Serialize + Send + 'static,
    E: Into<Problem> + From<storage::Error> + Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<(StatusCode, T), E> + Send + 'static,
{
    run_with(db, Some(Arc::clone(seal)), request, company, work).await
}

async fn run_with<T, E, F>(
    db: &Db,
    seal: Option<Arc<SealKey>>,
    request: Idempotent,
    company: CompanyId,
    work: F,
) -> Result<Response, Problem>
where
    T: Serialize + Send + 'static,
    E: Into<Problem> + From<storage::Error> + Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<(StatusCode, T), E> + Send + 'static,
{
    let Some(scope) = request.0 else {
        let (status, value) = db.write(work).await.map_err(E::into)?;
        return Ok(json_response(status, serialised(&value)?));
    };
    let record = scope.record(company, seal);
    let answer = db
        .write(move |tx| {
            if let Some(kept) = record.find(tx)? {
                return Ok(kept);
            }
            let (status, value) = work(tx).map_err(E::into)?;
            let body = serialised(&value)?;
            record.keep(tx, status, &body)?;
            Ok::<_, Problem>(Answer { status, body, is_replayed: false })
        })
        .await?;
    Ok(answer.into())
}

/// The answer kept for a request, for operations that prepare their transaction at a cost or outside of the process.
///
/// # Errors
/// 422 when the key came with another body before.
pub async fn kept(
    db: &Db,
    seal: Option<&Arc<SealKey>>,
    request: &Idempotent,
    company: CompanyId,
) -> Result<Option<Response>, Problem> {
    let Some(scope) = &request.0 else { return Ok(None) };
    let record = scope.record(company, seal.cloned());
    let answer = db.read(move |snapshot| record.find(snapshot)).await??;
    Ok(answer.map(Into::into))
}

/// Runs work that reaches outside a transaction once per idempotency key.
///
/// A parallel duplicate waits. When the process dies in between, the work may be done again: it is not in one commit
/// with the record.
///
/// # Errors
/// The work's own; 422 when the key came with another body before.
pub async fn run_outside<T, W>(db: &Db, request: Idempotent, company: CompanyId, work: W) -> Result<Response, Problem>
where
    T: Serialize,
    W: Future<Output = Result<(StatusCode, T), Problem>>,
{
    let Some(scope) = request.0 else {
        let (status, value) = work.await?;
        return Ok(json_response(status, serialised(&value)?));
    };
    let record = scope.record(company, None);
    let _turn = Turn::wait_for(record.key).await;
    let lookup = record.clone();
    if let Some(kept) = db.read(move |snapshot| lookup.find(snapshot)).await?? {
        return Ok(kept.into());
    }
    let (status, value) = work.await?;
    let body = serialised(&value)?;
    let kept = body.clone();
    db.write(move |tx| record.keep(tx, status, &kept)).await?;
    Ok(json_response(status, body))
}

/// The right to do the work of one key, one after another.
struct Turn {
    key: (u64, Operation),
    /// Given up before the lock is taken off the list.
    guard: Option<OwnedMutexGuard<()>>,
}

type Locks = HashMap<(u64, Operation), Arc<Mutex<()>>>;

/// Work that runs now; bounded by the number of requests.
static RUNNING: LazyLock<StdMutex<Locks>> = LazyLock::new(StdMutex::default);

impl Turn {
    async fn wait_for(key: (u64, Operation)) -> Self {
        // Made before the wait, so that the list is tidied also after a caller that stopped waiting.
        let mut turn = Self { key, guard: None };
        let lock = Arc::clone(RUNNING.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        // One more holder than the list means that a duplicate waits for it.
        if running.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            running.remove(&self.key);
        }
    }
}

/// The place of a kept answer and how it is kept.
#[derive(Debug, Clone)]
struct Record {
    key: (u64, Operation),
    body_hash: [u8; 32],
    seal: Option<Arc<SealKey>>,
}

/// The kept answers that hold a secret, sealed.
#[must_use]
pub fn sealed_answers() -> Arc<dyn SealedRows> {
    Arc::new(SealedTable {
        table: REPLAYS,
        associated: |_, key, _| Ok(Some(place(key))),
        sealed: |row: &ReplayRow| row.is_sealed.then_some(row.body.as_slice()),
        replace: |row, sealed| row.body = sealed,
    })
}

/// What a sealed answer is bound to.
fn place((company, operation): &(u64, Operation)) -> Vec<u8> {
    [b"replay".as_slice(), &company.to_be_bytes(), operation].concat()
}

impl Record {
    fn find(&self, read: &impl ReadAt) -> Result<Option<Answer>, Problem> {
        let Some(row) = read.get(REPLAYS, &self.key)? else { return Ok(None) };
        if read.is_over(row.created_at) {
            return Ok(None);
        }
        if row.body_hash != self.body_hash {
            return Err(Problem::of(&problems::IDEMPOTENCY_KEY_REUSED));
        }
        let body = if row.is_sealed {
            let seal = self.seal.as_ref().ok_or_else(|| Problem::of(&problems::INTERNAL_ERROR))?;
            let opened = seal.open(&place(&self.key), &row.body).map_err(|error| Problem::internal(&error))?;
            Bytes::copy_from_slice(&opened)
        } else {
            row.body.into()
        };
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::OK);
        Ok(Some(Answer { status, body, is_replayed: true }))
    }

    fn keep(&self, tx: &mut Tx<'_>, status: StatusCode, body: &[u8]) -> Result<(), Problem> {
        let (company, operation) = self.key;
        if let Some(old) = tx.get(REPLAYS, &self.key)? {
            tx.remove(REPLAY_TIMES, &(old.created_at, company, operation))?;
        }
        let body = self
            .seal
            .as_ref()
            .map_or_else(|| body.to_vec(), |seal| seal.seal(&crate::base::SystemRandom, &place(&self.key), body));
        let created_at = tx.now();
        let is_sealed = self.seal.is_some();
        let row = ReplayRow { body_hash: self.body_hash, created_at, status: status.as_u16(), body, is_sealed };
        tx.put(REPLAYS, &self.key, &row)?;
        tx.put(REPLAY_TIMES, &(created_at, company, operation), &())?;
        Ok(())
    }
}

/// Reading with a sense of time: inside a transaction its own, on a snapshot none, because the sweeper is prompt enough.
trait ReadAt: Read {
    fn is_over(&self, created_at: Timestamp) -> bool;
}

impl ReadAt for Tx<'_> {
    fn is_over(&self, created_at: Timestamp) -> bool {
        self.now().ms_since(created_at) > KEPT_MS
    }
}

impl ReadAt for storage::Snapshot {
    fn is_over(&self, _: Timestamp) -> bool {
        false
    }
}

struct Answer {
    status: StatusCode,
    body: Bytes,
    is_replayed: bool,
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let mut response = json_response(answer.status, answer.body);
        if answer.is_replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn serialised(value: &impl Serialize) -> Result<Bytes, Problem> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| Problem::internal(&error))
}

/// Removes answers older than [`KEPT_MS`] until stopped.
pub async fn sweep(db: Db, stop: CancellationToken) {
    while pause(SWEEP_EVERY, &stop).await {
        loop {
            match db.write_reclaiming(remove_old).await {
                Ok(removed) if removed == SWEEP_MAX && !stop.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old idempotency records could not be removed: {error}");
                    break;
                }
            }
        }
    }
}

/// Removes up to [`SWEEP_MAX`] old answers; returns how many.
fn remove_old(tx: &mut Tx<'_>) -> Result<usize, storage::Error> {
    let limit = Timestamp::from_ms(tx.now().as_ms().saturating_sub(KEPT_MS.cast_signed()));
    let old = tx.list(REPLAY_TIMES, &KeyRange::before(&limit), Order::Ascending, SWEEP_MAX)?;
    for (time, ()) in &old {
        let (_, company, operation) = *time;
        tx.remove(REPLAYS, &(company, operation))?;
        tx.remove(REPLAY_TIMES, time)?;
    }
    Ok(old.len())
}
