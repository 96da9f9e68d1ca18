//! Addresses as configuration values: where people reach the server, and whom they tell about a weakness.

use std::{borrow::Cow, fmt, str::FromStr};

use url::Url;

use super::value::{ConfigValue, MASK, Raw, expected, quote, textual};

/// An `http` or `https` address that paths are put behind: no user, query or fragment, and no slash at the end. It may have
/// a path, which a proxy takes away before it passes a request on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Whether browsers come over TLS, here or at a proxy.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The path that people see before every path of the server, without a slash at the end; mostly empty.
    #[must_use]
    pub fn path(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let path = self.0.get(host..).and_then(|rest| rest.find('/')).map_or(self.0.len(), |at| host + at);
        self.0.get(path..).unwrap_or_default()
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
            && is_plain_path(url.path())
            && url.query().is_none()
            && url.fragment().is_none();
        if is_base { Ok(Self(url.as_str().trim_end_matches('/').to_owned())) } else { Err(()) }
    }
}

/// Whether a path is made of names that mean the same everywhere: in a cookie, in a link and to a proxy.
fn is_plain_path(path: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'~');
    let inside = path.trim_start_matches('/').trim_end_matches('/');
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
    path.len() <= 200
        && (path == "/" || inside.split('/').all(is_name) && path.starts_with('/') && !path.starts_with("//"))
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

/// A name that a certificate can be for: no address, no wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainName(String);

impl DomainName {
    /// In lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DomainName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let labels: Vec<_> = text.split('.').collect();
        let is_name = labels.len() > 1 && text.len() <= 253 && labels.iter().copied().all(is_label);
        // The last label of an address is a number (RFC 1123 §2.1).
        let is_address = labels.last().is_none_or(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if is_name && !is_address { Ok(Self(text.to_ascii_lowercase())) } else { Err(()) }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The directory of an ACME authority: `https`, or plain on this machine. It is shown without its query.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryUrl(String);

impl DirectoryUrl {
    /// The address itself; its query may hold a key, so the caller keeps it out of logs and answers.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Default for DirectoryUrl {
    fn default() -> Self {
        Self("https://acme-v02.api.letsencrypt.org/directory".to_owned())
    }
}

impl FromStr for DirectoryUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Url::parse(text).map_err(|_| ())?;
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let is_private = url.scheme() == "https" || url.scheme() == "http" && is_here;
        if is_private && url.has_host() && url.username().is_empty() && url.password().is_none() {
            Ok(Self(url.into()))
        } else {
            Err(())
        }
    }
}

impl fmt::Display for DirectoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_query(&self.0))
    }
}

impl fmt::Debug for DirectoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A service that is asked over the network, by what is put behind this address: `https`, or plain on this machine. It is
/// shown without its query.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl(DirectoryUrl);

impl ServiceUrl {
    /// The address itself; its query may hold a key, so the caller keeps it out of logs and answers.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for ServiceUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // What is put behind a fragment is never sent.
        text.parse().ok().filter(|DirectoryUrl(url)| !url.contains('#')).map(Self).ok_or(())
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An address with its query masked, which may hold a key.
fn without_query(url: &str) -> Cow<'_, str> {
    match url.split_once('?') {
        Some((address, _)) => format!("{address}?{MASK}").into(),
        None => url.into(),
    }
}

/// Text that should have been an address, without what may be a secret in it: whatever stands before the last `@`, and the query.
fn without_secrets(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{MASK}@{}", without_query(host)),
        None => format!("{scheme}{}", without_query(rest)),
    }
}

/// Implements [`ConfigValue`] for addresses: neither they nor the complaint about one show what may be a secret.
macro_rules! addresses {
    ($($type:ty, $kind:literal);+ $(;)?) => {$(
        impl ConfigValue for $type {
            const KIND: &'static str = $kind;

            fn read(raw: Raw<'_>) -> Result<Self, String> {
                raw.text().and_then(|text| text.trim().parse().ok()).ok_or_else(|| match raw {
                    Raw::Text(text) => expected::<Self>(Raw::Text(&without_secrets(text))),
                    Raw::Toml(_) => expected::<Self>(raw),
                })
            }

            fn show(&self) -> Option<String> {
                Some(quote(&self.to_string()))
            }
        }
    )+};
}

addresses! {
    ServiceUrl, "an address such as https://api.pwnedpasswords.com/range/";
    PublicUrl, "an address such as https://nova.example.com or https://example.com/nova";
    DirectoryUrl, "an address such as https://acme-v02.api.letsencrypt.org/directory";
}

textual! {
    DomainName, "a name such as jobs.example.com, without a wildcard";
    ContactUrl, "an address that begins with mailto:, https:// or tel:";
}

#[cfg(test)]
mod tests {
    use super::{ConfigValue as _, ContactUrl, DirectoryUrl, DomainName, PublicUrl, Raw, ServiceUrl};

    #[test]
    fn a_public_url_is_one_that_paths_can_be_put_behind() {
        for (given, shown, is_https) in [
            ("https://nova.example.com/", "https://nova.example.com", true),
            ("HTTPS://nova.example.com:8443", "https://nova.example.com:8443", true),
            ("http://10.0.0.1:8080/", "http://10.0.0.1:8080", false),
            ("https://example.com/nova", "https://example.com/nova", true),
            ("https://example.com/tools/nova-2/", "https://example.com/tools/nova-2", true),
        ] {
            let url: PublicUrl = given.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.is_https()), (shown, is_https));
        }
        for (url, path) in [
            ("https://nova.example.com/", ""),
            ("https://nova.example.com:8443", ""),
            ("http://[::1]:8080/a", "/a"),
            ("https://example.com/tools/nova/", "/tools/nova"),
        ] {
            assert_eq!(url.parse::<PublicUrl>().unwrap().path(), path, "{url}");
        }
        for text in [
            "",
            "nova.example.com",
            "ftp://a",
            "https://u:p@a",
            "https://a?x",
            "https://a#x",
            "https://a//nova",
            "https://a/no;va",
            "https://a/no va",
            "https://a/n%2Fova",
            "https://a/nova//x",
        ] {
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

    #[test]
    fn names_are_such_as_a_certificate_can_have() {
        assert_eq!("Jobs.Example.COM".parse::<DomainName>().unwrap().as_str(), "jobs.example.com");
        for bad in ["", "localhost", "*.example.com", "10.0.0.1", "a..b", "-a.b", "a_b.c", "a.b/", "a b.c", "a.b:443"] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn directories_are_not_asked_in_the_clear() {
        for good in ["https://acme.example/dir", "http://127.0.0.1:14000/dir", "http://localhost/dir"] {
            assert_eq!(good.parse::<DirectoryUrl>().unwrap().to_string(), good);
        }
        for bad in ["http://acme.example/dir", "acme.example", "ftp://a/b", "https://u:p@a.example/"] {
            assert!(bad.parse::<DirectoryUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_shown_without_the_key_in_its_query() {
        let text = "https://a.example/range/?key=canary&digits=";
        let url: ServiceUrl = text.parse().unwrap();
        assert_eq!(url.expose(), text);
        assert_eq!(url.show().unwrap(), r#""https://a.example/range/?********""#);
        assert_eq!(format!("{url} {url:?}"), "https://a.example/range/?******** https://a.example/range/?********");
        let url: DirectoryUrl = text.parse().unwrap();
        assert_eq!((url.expose(), format!("{url:?}").as_str()), (text, "https://a.example/range/?********"));
        assert_eq!("https://a.example/r/".parse::<ServiceUrl>().unwrap().show().unwrap(), r#""https://a.example/r/""#);
        assert!("https://a.example/r/#x".parse::<ServiceUrl>().is_err(), "nothing behind a fragment is sent");
    }

    #[test]
    fn a_complaint_about_an_address_shows_neither_user_nor_query() {
        for (text, shown) in [
            ("https://me:canary@a.example/range/", "https://********@a.example/range/"),
            ("https://me:can/ary@a.example/?key=canary", "https://********@a.example/?********"),
            ("me:canary@a.example", "********@a.example"),
            ("http://a.example/?key=canary", "http://a.example/?********"),
            ("a.example", "a.example"),
        ] {
            for complaint in [
                ServiceUrl::read(Raw::Text(text)).unwrap_err(),
                DirectoryUrl::read(Raw::Text(text)).unwrap_err(),
                PublicUrl::read(Raw::Text(text)).unwrap_err(),
            ] {
                assert!(complaint.ends_with(&format!("not \"{shown}\"")), "{complaint}");
            }
        }
    }
}
