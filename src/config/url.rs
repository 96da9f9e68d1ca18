//! Addresses as configuration values: where people reach the server, and whom they tell about a weakness.

use std::{fmt, str::FromStr};

use url::Url;

use super::value::{ConfigValue, Raw, expected, quote, textual};

/// An `http` or `https` address that paths are put behind: no user, query or fragment, and no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Whether browsers come over TLS, here or at a proxy.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for PublicUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Url::parse(text).map_err(drop)?;
        let is_base = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_base { Ok(Self(url.as_str().trim_end_matches('/').to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A way to report a weakness (RFC 9116 §2.5.3): `mailto:`, `https:` or `tel:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactUrl(String);

impl FromStr for ContactUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_known = ["mailto:", "https://", "tel:"].iter().any(|scheme| {
            text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)) && text.len() > scheme.len()
        });
        // It becomes a line of a text file, so nothing may break the line.
        let is_plain = text.chars().all(|c| c.is_ascii_graphic());
        if is_known && is_plain && Url::parse(text).is_ok() { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for ContactUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual! {
    PublicUrl, "an address such as https://nova.example.com";
    ContactUrl, "an address that begins with mailto:, https:// or tel:";
}

#[cfg(test)]
mod tests {
    use super::{ContactUrl, PublicUrl};

    #[test]
    fn a_public_url_is_one_that_paths_can_be_put_behind() {
        for (given, shown, is_https) in [
            ("https://nova.example.com/", "https://nova.example.com", true),
            ("HTTPS://nova.example.com:8443", "https://nova.example.com:8443", true),
            ("http://10.0.0.1:8080/nova/", "http://10.0.0.1:8080/nova", false),
        ] {
            let url: PublicUrl = given.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.is_https()), (shown, is_https));
        }
        for text in ["", "nova.example.com", "ftp://a", "https://u:p@a", "https://a?x", "https://a#x", "javascript:1"] {
            assert_eq!(text.parse::<PublicUrl>(), Err(()), "{text}");
        }
    }

    #[test]
    fn contacts_are_one_line_with_a_known_scheme() {
        for good in ["mailto:security@example.com", "https://example.com/report", "tel:+1-201-555-0123"] {
            assert_eq!(good.parse::<ContactUrl>().unwrap().to_string(), good);
        }
        for bad in
            ["security@example.com", "http://example.com", "mailto:", "mailto:a@b\nPolicy: x", "javascript:alert(1)"]
        {
            assert!(bad.parse::<ContactUrl>().is_err(), "{bad}");
        }
    }
}
