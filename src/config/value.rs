//! The types a configuration value may have, and how each is read and shown.
//!
//! A value arrives as a TOML value from the file or as text from the environment or a flag;
//! both forms end in the same type with the same complaints.

use std::{fmt, net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use zeroize::Zeroizing;

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From the configuration file.
    Toml(&'a toml::Value),
    /// From the environment or a flag.
    Text(&'a str),
}

impl<'a> Raw<'a> {
    /// The text of a TOML string or of a text.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Raw::Toml(value) => value.as_str(),
            Raw::Text(text) => Some(text),
        }
    }
}

/// A type that a configuration value can have.
pub(super) trait ConfigValue: Sized {
    /// What the reference calls this type.
    const KIND: &'static str;
    /// Whether the value must never be shown.
    const IS_SECRET: bool = false;

    /// Reads the value.
    ///
    /// # Errors
    /// A sentence that completes "the value ...".
    fn read(raw: Raw<'_>) -> Result<Self, String>;

    /// The value as TOML, or `None` when it is not set.
    fn show(&self) -> Option<String>;

    /// Shows the secrets in it, to be replaced by what they stand for.
    fn each_secret(&mut self, _visit: &mut dyn FnMut(&mut Secret)) {}
}

pub(super) fn expected<T: ConfigValue>(raw: Raw<'_>) -> String {
    match raw {
        Raw::Toml(value) => format!("must be {}, not a TOML {}", T::KIND, value.type_str()),
        Raw::Text(text) => format!("must be {}, not \"{text}\"", T::KIND),
    }
}

macro_rules! integer {
    ($($type:ty),+) => {$(
        impl ConfigValue for $type {
            const KIND: &'static str = "a whole number";

            fn read(raw: Raw<'_>) -> Result<Self, String> {
                match raw {
                    Raw::Toml(toml::Value::Integer(number)) => Self::try_from(*number).ok(),
                    Raw::Text(text) => text.trim().replace('_', "").parse().ok(),
                    Raw::Toml(_) => None,
                }
                .ok_or_else(|| expected::<Self>(raw))
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+};
}

integer!(u8, u16, u32, u64, usize);

impl ConfigValue for bool {
    const KIND: &'static str = "true or false";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Toml(toml::Value::Boolean(flag)) => Some(*flag),
            Raw::Text("true" | "1" | "yes") => Some(true),
            Raw::Text("false" | "0" | "no") => Some(false),
            Raw::Toml(_) | Raw::Text(_) => None,
        }
        .ok_or_else(|| expected::<Self>(raw))
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Implements [`ConfigValue`] for types that read from and show as text.
macro_rules! textual {
    ($($type:ty, $kind:literal);+ $(;)?) => {$(
        impl ConfigValue for $type {
            const KIND: &'static str = $kind;

            fn read(raw: Raw<'_>) -> Result<Self, String> {
                raw.text().and_then(|text| text.trim().parse().ok()).ok_or_else(|| expected::<Self>(raw))
            }

            fn show(&self) -> Option<String> {
                Some(quote(&self.to_string()))
            }
        }
    )+};
}
pub(super) use textual;

textual! {
    String, "text";
    SocketAddr, "an address with a port, such as 127.0.0.1:8080";
    IpNet, "a network such as 10.0.0.0/8";
}

impl ConfigValue for PathBuf {
    const KIND: &'static str = "a path";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        raw.text().filter(|text| !text.is_empty()).map(Self::from).ok_or_else(|| expected::<Self>(raw))
    }

    fn show(&self) -> Option<String> {
        Some(quote(&self.to_string_lossy()))
    }
}

/// A number of bytes: a whole number, or text with a unit such as `64MiB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

impl ByteSize {
    /// So many mebibytes.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// So many kibibytes.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// The size as an index or length on this machine.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in UNITS {
            if self.0 > 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ConfigValue for ByteSize {
    const KIND: &'static str = "a size such as 64MiB or a number of bytes";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let size = match raw {
            Raw::Toml(toml::Value::Integer(number)) => u64::try_from(*number).ok(),
            Raw::Toml(_) | Raw::Text(_) => raw.text().and_then(|text| parse_size(text.trim())),
        };
        size.map(Self).ok_or_else(|| expected::<Self>(raw))
    }

    fn show(&self) -> Option<String> {
        Some(quote(&self.to_string()))
    }
}

fn parse_size(text: &str) -> Option<u64> {
    for (unit, shift) in UNITS {
        if let Some(count) = text.strip_suffix(unit) {
            let count: u64 = count.trim().parse().ok()?;
            return count.checked_mul(1 << shift);
        }
    }
    text.strip_suffix('B').unwrap_or(text).trim().parse().ok()
}

/// What stands in the place of a secret.
pub(super) const MASK: &str = "********";

/// A value that is never shown or logged, and wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself; the caller keeps it out of logs and answers.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl ConfigValue for Secret {
    const KIND: &'static str = "secret text";
    const IS_SECRET: bool = true;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        // The text itself must not reach the complaint.
        let text = raw.text().filter(|text| !text.is_empty());
        text.map(|text| Self::new(text.to_owned())).ok_or_else(|| format!("must be {} and not empty", Self::KIND))
    }

    fn show(&self) -> Option<String> {
        Some(quote(MASK))
    }

    fn each_secret(&mut self, visit: &mut dyn FnMut(&mut Secret)) {
        visit(self);
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    const KIND: &'static str = T::KIND;
    const IS_SECRET: bool = T::IS_SECRET;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        T::read(raw).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }

    fn each_secret(&mut self, visit: &mut dyn FnMut(&mut Secret)) {
        if let Some(value) = self {
            value.each_secret(visit);
        }
    }
}

/// A list: an array in TOML, separated by commas in text.
impl<T: ConfigValue> ConfigValue for Vec<T> {
    const KIND: &'static str = "a list";
    const IS_SECRET: bool = T::IS_SECRET;

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Toml(toml::Value::Array(items)) => items.iter().map(|item| T::read(Raw::Toml(item))).collect(),
            Raw::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| T::read(Raw::Text(item)))
                .collect(),
            Raw::Toml(_) => Err(expected::<Self>(raw)),
        }
    }

    fn show(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(T::show).collect();
        Some(format!("[{}]", items.join(", ")))
    }

    fn each_secret(&mut self, visit: &mut dyn FnMut(&mut Secret)) {
        for item in self {
            item.each_secret(visit);
        }
    }
}

/// Text as a TOML string.
pub(super) fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
