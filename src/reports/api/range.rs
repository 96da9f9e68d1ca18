//! The one range of bytes a request asks for (RFC 9110 §14). Pure.

use std::ops::Range;

/// What a `Range` header comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole: there is no header, it asks for other units or several ranges, or cannot be read.
    Whole,
    /// These bytes, which are there.
    Part(Range<u64>),
    /// Bytes behind the end.
    Nothing,
}

/// Reads a `Range` header for something of this size.
pub(super) fn asked(header: Option<&str>, size: u64) -> Asked {
    let Some(range) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::Whole };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than a number has room for are far behind every end.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (number(first), last) {
        (Some(first), "") if first < size => Asked::Part(first..size),
        (Some(_), "") => Asked::Nothing,
        (Some(first), last) => match number(last) {
            Some(last) if first <= last && first < size => Asked::Part(first..size.min(last.saturating_add(1))),
            Some(last) if first <= last => Asked::Nothing,
            _ => Asked::Whole,
        },
        (None, last) if first.is_empty() => match number(last) {
            Some(0) => Asked::Nothing,
            Some(_) if size == 0 => Asked::Nothing,
            Some(length) => Asked::Part(size.saturating_sub(length)..size),
            None => Asked::Whole,
        },
        (None, _) => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked};

    #[test]
    fn ranges_are_read() {
        for (header, expected) in [
            (None, Asked::Whole),
            (Some("bytes=0-"), Asked::Part(0..100)),
            (Some("bytes=0-0"), Asked::Part(0..1)),
            (Some("bytes=10-19"), Asked::Part(10..20)),
            (Some("bytes=90-1000"), Asked::Part(90..100)),
            (Some("bytes=-1"), Asked::Part(99..100)),
            (Some("bytes=-1000"), Asked::Part(0..100)),
            (Some("bytes=99999999999999999999999-"), Asked::Nothing),
            (Some("bytes=100-"), Asked::Nothing),
            (Some("bytes=100-200"), Asked::Nothing),
            (Some("bytes=-0"), Asked::Nothing),
            (Some("bytes=20-10"), Asked::Whole),
            (Some("bytes=0-1,5-6"), Asked::Whole),
            (Some("bytes=a-b"), Asked::Whole),
            (Some("bytes=+1-2"), Asked::Whole),
            (Some("bytes=-"), Asked::Whole),
            (Some("items=0-1"), Asked::Whole),
        ] {
            assert_eq!(asked(header, 100), expected, "{header:?}");
        }
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Nothing);
        assert_eq!(asked(Some("bytes=-5"), 0), Asked::Nothing);
    }
}
