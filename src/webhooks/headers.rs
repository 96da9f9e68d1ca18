//! Custom headers of a webhook: what may be set, and what is hidden when shown.

/// The most custom headers of a webhook.
pub(super) const HEADERS_MAX: usize = 20;
/// The longest name.
pub(super) const NAME_BYTES_MAX: usize = 64;
/// The longest value.
pub(super) const VALUE_BYTES_MAX: usize = 2048;
/// What stands in the place of a hidden value.
pub(super) const MASK: &str = "***";

/// Headers that we set, or that would change how the request is framed or routed.
const RESERVED: [&str; 19] = [
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-type",
    "content-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "accept-encoding",
    "http2-settings",
    "forwarded",
    "via",
    "x-request-id",
    "traceparent",
    "tracestate",
];
const RESERVED_PREFIXES: [&str; 6] = ["proxy-", "sec-", "webhook-", "x-novapulse-", "x-forwarded-", ":"];
const SENSITIVE: [&str; 9] =
    ["authorization", "cookie", "token", "secret", "password", "key", "auth", "credential", "session"];

/// Why a header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeaderError {
    /// More than [`HEADERS_MAX`].
    #[error("has more than {HEADERS_MAX} headers")]
    TooMany,
    /// Not a header name, or longer than [`NAME_BYTES_MAX`].
    #[error("is not a header name of 1 to {NAME_BYTES_MAX} letters, digits and !#$%&'*+-.^_`|~")]
    Name,
    /// A header that is set by NovaPulse.
    #[error("is a header that cannot be set")]
    Reserved,
    /// The same name twice, in another case.
    #[error("is given twice")]
    Twice,
    /// A value with line breaks, control or non-ASCII characters, or longer than [`VALUE_BYTES_MAX`].
    #[error("must be at most {VALUE_BYTES_MAX} visible ASCII characters, spaces and tabs")]
    Value,
}

/// Checks the custom headers of a webhook.
///
/// # Errors
/// The position of the first refused header and why.
pub(super) fn check_headers<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), (usize, HeaderError)> {
    let mut seen = Vec::new();
    for (position, (name, value)) in headers.enumerate() {
        let refuse = |error| Err((position, error));
        if position >= HEADERS_MAX {
            return refuse(HeaderError::TooMany);
        }
        if !is_name(name) {
            return refuse(HeaderError::Name);
        }
        let lower = name.to_ascii_lowercase();
        if is_reserved(&lower) {
            return refuse(HeaderError::Reserved);
        }
        if seen.contains(&lower) {
            return refuse(HeaderError::Twice);
        }
        let is_visible = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
        if value.len() > VALUE_BYTES_MAX || !value.bytes().all(is_visible) || value.trim() != value {
            return refuse(HeaderError::Value);
        }
        seen.push(lower);
    }
    Ok(())
}

/// Whether values of this header are hidden in answers and in the attempt log.
#[must_use]
pub(super) fn is_sensitive(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SENSITIVE.iter().any(|part| lower.contains(part))
}

/// The value to show for a header: itself, or [`MASK`].
#[must_use]
pub(super) fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if is_sensitive(name) { MASK } else { value }
}

fn is_reserved(lower: &str) -> bool {
    RESERVED.contains(&lower) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
}

fn is_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{HEADERS_MAX, HeaderError, check_headers, shown};

    fn check(headers: &[(&str, &str)]) -> Result<(), (usize, HeaderError)> {
        check_headers(headers.iter().copied())
    }

    #[test]
    fn ordinary_headers_pass() {
        assert_eq!(check(&[("Authorization", "Bearer abc"), ("X-Tenant", "a b\tc"), ("x-empty", "")]), Ok(()));
    }

    #[test]
    fn framing_own_and_malformed_headers_are_refused() {
        for name in
            ["Host", "CONTENT-LENGTH", "transfer-encoding", "Proxy-Authorization", "webhook-id", "X-NovaPulse-Event"]
        {
            assert_eq!(check(&[("a", "b"), (name, "x")]), Err((1, HeaderError::Reserved)), "{name}");
        }
        for name in ["", "a b", "a:b", "a\r\nb", "ü", &"x".repeat(65)] {
            assert_eq!(check(&[(name, "x")]), Err((0, HeaderError::Name)), "{name:?}");
        }
        for value in ["a\r\nHost: b", "a\0", "ü", " padded", &"x".repeat(2049)] {
            assert_eq!(check(&[("a", value)]), Err((0, HeaderError::Value)), "{value:?}");
        }
        assert_eq!(check(&[("A", "1"), ("a", "2")]), Err((1, HeaderError::Twice)));
        let names: Vec<String> = (0..=HEADERS_MAX).map(|number| format!("x-{number}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert_eq!(check(&many), Err((HEADERS_MAX, HeaderError::TooMany)));
    }

    #[test]
    fn credentials_are_hidden_when_shown() {
        for name in ["Authorization", "Cookie", "X-API-Key", "x-auth-token", "client-secret"] {
            assert_eq!(shown(name, "s3cret"), "***", "{name}");
        }
        assert_eq!(shown("X-Tenant", "blue"), "blue");
    }

    proptest! {
        #[test]
        fn what_passes_is_a_header(name in any::<String>(), value in any::<String>()) {
            if check(&[(&name, &value)]).is_ok() {
                prop_assert!(http::HeaderName::try_from(&name).is_ok() && http::HeaderValue::try_from(&value).is_ok());
            }
        }
    }
}
