//! Lists in pages: `?limit=&cursor=` in, `{data, next_cursor}` out, newest first.
//!
//! A cursor is the key of the last item, as text that callers pass back and do not read. It names a place, not a
//! snapshot: what is added in front of it does not shift the pages behind.

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Problem, Query};

/// Items in a page when the caller does not say.
pub const LIMIT_DEFAULT: usize = 50;
/// Most items in a page.
pub const LIMIT_MAX: usize = 250;

const CURSOR_FORMAT: u8 = 1;
const CURSOR_TAG_BYTES: usize = 4;

/// Which page is wanted; for lists without filters an extractor of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// At most this many items.
    pub limit: usize,
    /// The key after which the page begins.
    cursor: Option<Vec<u8>>,
}

/// The parameters of [`PageQuery`]; a list with filters has these two fields beside its own.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Checks the two parameters.
    ///
    /// # Errors
    /// 422 for a limit outside 1 to 250 and for a cursor that was not given out here.
    pub fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.map_or(LIMIT_DEFAULT, |limit| limit as usize);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid("/limit", format!("must be between 1 and {LIMIT_MAX}")));
        }
        let cursor = cursor
            .map(|text| decode(text).ok_or_else(|| Problem::invalid("/cursor", "is not a cursor of this list")))
            .transpose()?;
        Ok(Self { limit, cursor })
    }

    /// The cursor as the numbers it was made of by [`Page::cut`].
    ///
    /// # Errors
    /// 422 when it is a cursor of another list.
    pub fn after<const N: usize>(&self) -> Result<Option<[u64; N]>, Problem> {
        let Some(bytes) = &self.cursor else { return Ok(None) };
        let mut parts = [0; N];
        let (chunks, rest) = bytes.as_chunks::<8>();
        if chunks.len() != N || !rest.is_empty() {
            return Err(Problem::invalid("/cursor", "is not a cursor of this list"));
        }
        for (part, chunk) in parts.iter_mut().zip(chunks) {
            *part = u64::from_be_bytes(*chunk);
        }
        Ok(Some(parts))
    }

    /// The cursor as the bytes it was made of by [`Page::cut_bytes`].
    #[must_use]
    pub fn after_bytes(&self) -> Option<&[u8]> {
        self.cursor.as_deref()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(PageParameters { limit, cursor }) = Query::from_request_parts(parts, state).await?;
        Self::parse(limit, cursor.as_deref())
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` items: the one too many only says that there are more.
    pub fn cut<const N: usize>(items: Vec<T>, limit: usize, key: impl FnOnce(&T) -> [u64; N]) -> Self {
        Self::cut_bytes(items, limit, |last| key(last).iter().flat_map(|part| part.to_be_bytes()).collect())
    }

    /// The same with a key of any bytes.
    pub fn cut_bytes(mut items: Vec<T>, limit: usize, key: impl FnOnce(&T) -> Vec<u8>) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if has_more { items.last().map(|last| encode(&key(last))) } else { None };
        Self { data: items, next_cursor }
    }

    /// A page whose end its source has found out; the key names the place where the next one begins.
    pub fn with_next<const N: usize>(data: Vec<T>, next: Option<[u64; N]>) -> Self {
        Self { data, next_cursor: next.map(|next| Self::cursor(&next)) }
    }

    /// The cursor that stands for these numbers, for lists that find their own place to go on.
    #[must_use]
    pub fn cursor<const N: usize>(key: &[u64; N]) -> String {
        encode(&key.iter().flat_map(|part| part.to_be_bytes()).collect::<Vec<u8>>())
    }

    /// The same page with every item turned into its wire form.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}

/// Format byte, tag, key. The tag only tells a cursor from other text; a forged one reads nothing it could not ask for.
fn encode(key: &[u8]) -> String {
    let mut bytes = vec![CURSOR_FORMAT];
    bytes.extend_from_slice(&tag(key));
    bytes.extend_from_slice(key);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (given, key) = bytes.strip_prefix(&[CURSOR_FORMAT])?.split_first_chunk::<CURSOR_TAG_BYTES>()?;
    (*given == tag(key)).then(|| key.to_vec())
}

fn tag(key: &[u8]) -> [u8; CURSOR_TAG_BYTES] {
    let hash = xxhash_rust::xxh3::xxh3_64(key).to_be_bytes();
    let (tag, _) = hash.split_first_chunk().unwrap_or((&[0; CURSOR_TAG_BYTES], &[]));
    *tag
}
