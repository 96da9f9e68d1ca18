//! JSON that is kept as the bytes it came in, and the checks that make such bytes safe to keep.
//!
//! Payloads are not rebuilt on their way through: they are stored and handed out byte for byte. The parser that skips
//! over them does not look at nesting or at surrogates, and whoever reads them later would stumble, so both are checked
//! here, once, for the whole body.

use axum::body::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Deepest nesting of arrays and objects; a reader with the usual limit of 128 can put the value into another.
const DEPTH_MAX: usize = 100;

/// A JSON value as text, exactly as sent.
#[derive(Clone)]
pub struct RawJson(Bytes);

impl RawJson {
    /// Wraps bytes that were written by a JSON serialiser or read from the store.
    #[must_use]
    pub const fn from_trusted(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The JSON text, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.first() == Some(&b'{')
    }
}

impl std::fmt::Debug for RawJson {
    /// Says the size only: payloads do not belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Box<RawValue> = Box::deserialize(deserializer)?;
        let text: Box<str> = text.into();
        Ok(Self(Bytes::from(text.into_boxed_bytes())))
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(&self.0).map_err(serde::ser::Error::custom)?;
        // A reference to a raw value can only be had by checking the text again, which is cheap beside the write.
        let raw: &RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl utoipa::PartialSchema for RawJson {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
            .description(Some("Any JSON value; kept and handed out exactly as sent."))
            .into()
    }
}

impl utoipa::ToSchema for RawJson {}

/// Refuses text that nests deeper than [`DEPTH_MAX`] or holds half a surrogate pair.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    // Two passes that the compiler turns into vector code spare nearly every body the slow walk.
    let opened = bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    let has_escape = bytes.contains(&b'\\');
    if opened <= DEPTH_MAX && !has_escape {
        return Ok(());
    }
    walk(bytes)
}

fn walk(bytes: &[u8]) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut is_in_string = false;
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => rest = skip_escape(tail)?,
            b'{' | b'[' if !is_in_string => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("nests deeper than {DEPTH_MAX} levels"));
                }
            }
            b'}' | b']' if !is_in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows the escape whose backslash was just read.
fn skip_escape(rest: &[u8]) -> Result<&[u8], String> {
    let lone = || Err("holds half of a surrogate pair (\\ud800 to \\udfff)".to_owned());
    match code_unit(rest) {
        Some(0xD800..=0xDBFF) => {
            let tail = rest.get(5..).unwrap_or_default();
            match tail.strip_prefix(b"\\").map(|low| (low, code_unit(low))) {
                Some((low, Some(0xDC00..=0xDFFF))) => Ok(low.get(5..).unwrap_or_default()),
                _ => lone(),
            }
        }
        Some(0xDC00..=0xDFFF) => lone(),
        _ => Ok(rest.get(1..).unwrap_or_default()),
    }
}

/// The number of an escape `uXXXX` at the start; malformed ones are the parser's to refuse.
fn code_unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
