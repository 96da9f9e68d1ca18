//! Passwords known from thefts elsewhere, beyond the list that is built in: a list of the operator's, and a service that
//! is asked without being told.
//!
//! Both go by the SHA-1 of a password, because published lists do; here it finds and protects nothing. The service gets
//! the first five of its forty digits, which thousands of passwords share, and answers with what follows them in its list
//! (the range protocol of Have I Been Pwned). When it cannot be asked, a password is judged without it.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
    sync::Arc,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha1::{Digest, Sha1};

use super::password::{PASSWORD_CHARACTERS, Password};
use crate::outbound::{Client, Limits, Request, Target};

/// Most passwords of a list, at eight bytes each.
const LISTED_MAX: usize = 20_000_000;
/// Longest line of a list that is looked at; no password is that long.
const LINE_BYTES_MAX: u64 = 4_096;
/// Digits of a hash that the service is told.
const TOLD_DIGITS: usize = 5;
const SHA1_DIGITS: usize = 40;
/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Answers have some 40 KB.
const ANSWER_BYTES_MAX: usize = 512 << 10;
/// Asks for an answer whose length says nothing.
const PADDING: HeaderName = HeaderName::from_static("add-padding");

/// Where stolen passwords are looked up; nowhere by default.
#[derive(Debug, Clone, Default)]
pub struct StolenPasswords {
    /// The first eight bytes of each hash, in order.
    list: Arc<[u64]>,
    service: Option<Service>,
}

#[derive(Clone)]
struct Service {
    client: Client,
    /// What the five digits are put behind; a query may hold a key.
    url: String,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl StolenPasswords {
    /// Reads a list: one password on each line, or its SHA-1 in 40 digits, with anything behind a colon. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, or holds more than 20 million passwords that could be used here.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut list = Vec::new();
        let mut file = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if io::Read::take(&mut file, LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            list.extend(entry(text.strip_suffix(b"\r").unwrap_or(text)));
            if list.len() > LISTED_MAX {
                return Err(io::Error::other(format!("it holds more than {LISTED_MAX} passwords")));
            }
        }
        list.sort_unstable();
        list.dedup();
        Ok(Self { list: list.into(), service: None })
    }

    /// Also asks a service, by an address that the digits are put behind.
    #[must_use]
    pub fn asking(self, client: Client, url: String) -> Self {
        Self { service: Some(Service { client, url }), ..self }
    }

    /// How many passwords the operator's list has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether the password is on the list or known to the service.
    pub(super) async fn have(&self, password: &Password) -> bool {
        if self.list.is_empty() && self.service.is_none() {
            return false;
        }
        let hash: [u8; 20] = Sha1::digest(password.bytes()).into();
        if self.list.binary_search(&beginning(&hash)).is_ok() {
            return true;
        }
        let Some(service) = &self.service else { return false };
        match service.knows(&hash).await {
            Ok(is_known) => is_known,
            Err(why) => {
                tracing::warn!(
                    "the service of stolen passwords could not be asked, and one was judged without it: {why}"
                );
                false
            }
        }
    }
}

impl Service {
    async fn knows(&self, hash: &[u8; 20]) -> Result<bool, String> {
        let digits = hash.iter().fold(String::with_capacity(SHA1_DIGITS), |text, byte| format!("{text}{byte:02X}"));
        let (told, kept) = digits.split_at(TOLD_DIGITS);
        let target =
            Target::parse(&format!("{}{told}", self.url), self.client.policy()).map_err(|it| it.to_string())?;
        let limits =
            Limits { total: PATIENCE, read_bytes: ANSWER_BYTES_MAX, keep_bytes: ANSWER_BYTES_MAX, ..Limits::default() };
        let headers = HeaderMap::from_iter([(PADDING, HeaderValue::from_static("true"))]);
        let request = Request { method: Method::GET, target, headers, body: bytes::Bytes::new(), limits };
        let answer = self.client.send(request).await.map_err(|failure| failure.detail)?;
        if answer.status != StatusCode::OK {
            return Err(format!("it answered {}", answer.status));
        }
        Ok(holds(&answer.body, kept))
    }
}

/// Whether an answer has a line for the rest of the hash with a count above zero; lines of zero are padding.
fn holds(answer: &[u8], rest: &str) -> bool {
    answer.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let Some((found, count)) = line.split_at_checked(SHA1_DIGITS - TOLD_DIGITS) else { return false };
        found.eq_ignore_ascii_case(rest.as_bytes()) && count != b":0"
    })
}

/// What is kept of a line; nothing when no password of these rules could be meant.
fn entry(line: &[u8]) -> Option<u64> {
    let first = line.split(|byte| *byte == b':').next().unwrap_or_default();
    if first.len() == SHA1_DIGITS && first.iter().all(u8::is_ascii_hexdigit) {
        return u64::from_str_radix(std::str::from_utf8(first.get(..16)?).ok()?, 16).ok();
    }
    let text = std::str::from_utf8(line).ok()?;
    PASSWORD_CHARACTERS.contains(&text.chars().count()).then(|| beginning(&Sha1::digest(line).into()))
}

fn beginning(hash: &[u8; 20]) -> u64 {
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{StolenPasswords, holds};
    use crate::accounts::Password;

    /// SHA-1 of "correct horse battery staple".
    const HORSE: &str = "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42";

    #[tokio::test]
    async fn a_list_has_passwords_and_hashes_and_leaves_out_what_is_too_short_to_be_one() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(
            file,
            "short\r\nlantern gravel tuba sleet\r\n{HORSE}:37\n\nlantern gravel tuba sleet\nünder dem großen Baum"
        )
        .unwrap();
        file.write_all(&[b'\n', 0xff, 0xfe]).unwrap();
        let list = StolenPasswords::read(file.path()).unwrap();
        assert_eq!(list.count(), 3);
        let has = async |text: &str| list.have(&Password::from(text.to_owned())).await;
        for text in ["lantern gravel tuba sleet", "correct horse battery staple", "ünder dem großen Baum"] {
            assert!(has(text).await, "{text}");
        }
        for text in
            ["short", "lantern gravel tuba sleet ", "Lantern gravel tuba sleet", "tram orbit velvet noon", HORSE]
        {
            assert!(!has(text).await, "{text}");
        }
        assert!(!StolenPasswords::default().have(&Password::from("lantern gravel tuba sleet".to_owned())).await);
        StolenPasswords::read(&file.path().with_extension("none")).unwrap_err();
    }

    #[test]
    fn an_answer_of_the_service_counts_without_its_padding() {
        let rest = &HORSE[5..];
        let answer = |text: &str| holds(text.as_bytes(), rest);
        assert!(answer(&format!("{}:1\r\n{rest}:37\r\n", "0".repeat(35))));
        assert!(answer(&rest.to_lowercase()));
        for text in ["", "\r\n", ":1", &format!("{rest}:0"), &format!("{}:5", "0".repeat(35)), &rest[1..]] {
            assert!(!answer(text), "{text}");
        }
    }
}
