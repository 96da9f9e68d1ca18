//! How a section is declared: fields with their meaning, default, range and environment name.
//!
//! One declaration yields the struct, its defaults, the reader and the rows of the reference,
//! so that none of them can disagree with another.

use super::value::{Raw, Secret};

/// One configuration value, as the reference and `config print` describe it.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// The key inside its table.
    pub key: &'static str,
    /// What the value means, why the default is what it is.
    pub meaning: String,
    /// The type in words.
    pub kind: &'static str,
    /// The default as TOML; `None` when unset.
    pub default: Option<String>,
    /// The smallest and largest value, where there are any.
    pub range: Option<(u64, u64)>,
    /// A second environment name beside the one made from table and key.
    pub alias: Option<&'static str>,
    /// Whether the value is masked, and may be given as a file by `<key>_file`.
    pub is_secret: bool,
}

/// A table of the configuration file.
pub(super) trait Section {
    /// The table's name.
    fn table(&self) -> &'static str;

    /// What the table is about.
    fn meaning(&self) -> &'static str;

    /// The values of the table, in the order of declaration.
    fn settings(&self) -> Vec<Setting>;

    /// Reads one value into its field; `None` when there is no such key.
    fn set(&mut self, key: &str, raw: Raw<'_>) -> Option<Result<(), String>>;

    /// The value of a key as TOML, masked when secret; `None` when unset or unknown.
    fn show(&self, key: &str) -> Option<String>;

    /// Shows every secret that is set, with its key.
    fn each_secret(&mut self, visit: &mut dyn FnMut(&'static str, &mut Secret));
}

/// Refuses a number outside its range; texts of other types pass.
pub(super) fn check_range(shown: Option<&str>, range: Option<(u64, u64)>) -> Result<(), String> {
    let (Some((least, most)), Some(Ok(number))) = (range, shown.map(str::parse::<u64>)) else { return Ok(()) };
    if (least..=most).contains(&number) { Ok(()) } else { Err(format!("must be from {least} to {most}, not {number}")) }
}

/// Declares a section; see `config/server.rs` for the form.
macro_rules! section {
    (
        #[doc = $about:literal]
        $name:ident in $table:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $default:expr
                $(, range $least:literal..=$most:literal)?
                $(, env $alias:literal)?;
            )+
        }
    ) => {
        #[doc = $about]
        #[derive(Debug, Clone)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $name {
            fn table(&self) -> &'static str {
                $table
            }

            fn meaning(&self) -> &'static str {
                $about
            }

            fn settings(&self) -> Vec<$crate::config::section::Setting> {
                let defaults = Self::default();
                vec![$(
                    $crate::config::section::Setting {
                        key: stringify!($field),
                        meaning: [$($doc),+].map(str::trim).join(" "),
                        kind: <$type as $crate::config::value::ConfigValue>::KIND,
                        default: $crate::config::value::ConfigValue::show(&defaults.$field),
                        range: section!(@range $($least, $most)?),
                        alias: section!(@alias $($alias)?),
                        is_secret: <$type as $crate::config::value::ConfigValue>::IS_SECRET,
                    }
                ),+]
            }

            fn set(&mut self, key: &str, raw: $crate::config::value::Raw<'_>) -> Option<Result<(), String>> {
                use $crate::config::value::ConfigValue;
                match key {
                    $( stringify!($field) => Some(<$type>::read(raw).and_then(|value| {
                        let range: Option<(u64, u64)> = section!(@range $($least, $most)?);
                        $crate::config::section::check_range(value.show().as_deref(), range)?;
                        self.$field = value;
                        Ok(())
                    })), )+
                    _ => None,
                }
            }

            fn show(&self, key: &str) -> Option<String> {
                use $crate::config::value::ConfigValue;
                match key {
                    $( stringify!($field) => self.$field.show(), )+
                    _ => None,
                }
            }

            fn each_secret(&mut self, visit: &mut dyn FnMut(&'static str, &mut $crate::config::value::Secret)) {
                use $crate::config::value::ConfigValue;
                $( self.$field.each_secret(&mut |secret| visit(stringify!($field), secret)); )+
            }
        }
    };
    (@range $least:literal, $most:literal) => { Some(($least, $most)) };
    (@range) => { None };
    (@alias $alias:literal) => { Some($alias) };
    (@alias) => { None };
}
pub(super) use section;
