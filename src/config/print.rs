//! `config print` and the generated reference.

use std::fmt::{self, Write as _};

use super::{
    Config,
    section::{Section, Setting},
};

const INTRODUCTION: &str = "\
# Configuration

Values come from the file given with `--config` (TOML), then the environment, then credentials, then flags; the last one
wins. `novapulse config print` shows what is in force and where each value came from. Unknown keys stop the start with a
suggestion.

A secret may be given as a file: `<key>_file`, or its environment name with `_FILE`; and as a credential of systemd named
`novapulse.<table>.<key>` (`LoadCredential=novapulse.secrets.master_key:/etc/novapulse/master.key`). In each of these forms it may
be sealed: `novapulse secrets seal` reads it from standard input and prints `enc:...`, which is opened with the master key at the
start. A plain secret must not begin with `enc:`. The master key is never sealed, and its file must be for its owner only.

`auth.registration`, `limits.api_per_second` and `limits.api_burst` can be changed while the server runs, by the owner of the instance
with `PATCH /settings` or in the UI, as long as none of the sources above says what they are. `GET /settings` shows all values.
";

/// One value of the configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The table it stands in.
    pub table: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// The value as TOML, masked when secret; `None` when unset.
    pub value: Option<String>,
    /// Where it came from, in words.
    pub source: String,
    /// What it means.
    pub meaning: String,
}

impl Config {
    /// The configuration in force as TOML, each value with its source; secrets are masked.
    ///
    /// # Panics
    /// Never: text can always grow.
    #[must_use]
    pub fn print(&self) -> String {
        let mut out = String::new();
        for section in self.sections() {
            self.print_section(section, &mut out).expect("text can always grow");
        }
        out
    }

    fn print_section(&self, section: &dyn Section, out: &mut String) -> fmt::Result {
        let gap = if out.is_empty() { "" } else { "\n" };
        writeln!(out, "{gap}[{}]", section.table())?;
        for Entry { key, value, source, .. } in self.entries_of(section) {
            let line = match value {
                Some(value) => format!("{key} = {value}"),
                None => format!("# {key} is not set"),
            };
            writeln!(out, "{line:<44} # {source}")?;
        }
        Ok(())
    }

    /// The configuration in force, value by value in the order of the reference; secrets are masked.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.sections().into_iter().flat_map(|section| self.entries_of(section)).collect()
    }

    fn entries_of(&self, section: &dyn Section) -> Vec<Entry> {
        let table = section.table();
        let entry = |Setting { key, meaning, .. }| {
            let source = self.origin(&format!("{table}.{key}")).to_string();
            Entry { table, key, value: section.show(key), source, meaning }
        };
        section.settings().into_iter().map(entry).collect()
    }

    /// The reference page of every setting, as `docs/reference/config.md`.
    ///
    /// # Panics
    /// Never: text can always grow.
    #[must_use]
    pub fn reference() -> String {
        let mut out = INTRODUCTION.to_owned();
        for section in Self::default().sections() {
            reference_section(section, &mut out).expect("text can always grow");
        }
        out
    }
}

fn reference_section(section: &dyn Section, out: &mut String) -> fmt::Result {
    write!(out, "\n## [{}]\n\n{}\n\n", section.table(), section.meaning().trim())?;
    out.push_str("| key | default | environment | meaning |\n|---|---|---|---|\n");
    for setting in section.settings() {
        let default = setting.default.as_ref().map_or_else(|| "not set".to_owned(), |text| format!("`{text}`"));
        let mut names = format!("`{}`", environment_name(section.table(), setting.key));
        if let Some(alias) = setting.alias {
            write!(names, ", `{alias}`")?;
        }
        let range = setting.range.map_or_else(String::new, |(least, most)| format!(", from {least} to {most}"));
        let kind = setting.kind;
        writeln!(out, "| `{}` | {default} | {names} | {} ({kind}{range}) |", setting.key, setting.meaning)?;
    }
    Ok(())
}

/// The environment name of a setting.
pub(super) fn environment_name(table: &str, key: &str) -> String {
    format!("NOVAPULSE_{}_{}", table.to_uppercase(), key.to_uppercase())
}
