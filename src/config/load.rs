//! Reads the sources in order and collects every complaint before giving up.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{Config, Error, MasterKeyError, Origin, master, print::environment_name, section::Section, value::Raw};

/// What the name of a credential begins with, before `table.key`.
const CREDENTIAL_PREFIX: &str = "novapulse.";

/// Environment names that begin like ours and are read elsewhere.
const OTHER_NAMES: [&str; 5] =
    ["NOVAPULSE_CONFIG", "NOVAPULSE_UI", "NOVAPULSE_UI_DIST", "NOVAPULSE_URL", "NOVAPULSE_API_KEY"];

/// What authorities put into one certificate.
const ACME_DOMAINS_MAX: usize = 100;

/// Where a configuration is read from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The configuration file, if any.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// Flags: `table.key`, the flag's name, the text.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What variables hold may be secret, and not ours at that.
        f.debug_struct("Sources")
            .field("file", &self.file)
            .field("environment", &self.environment.len())
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// The process environment; variables that are not UTF-8 are none of ours.
    #[must_use]
    pub fn from_environment() -> Self {
        let environment =
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self { file: None, environment: environment.collect(), flags: Vec::new() }
    }

    /// Adds a flag that was given.
    pub fn flag(&mut self, key: &'static str, flag: &'static str, value: Option<String>) {
        self.flags.extend(value.map(|value| (key, flag, value)));
    }
}

impl Config {
    /// Reads file, environment, credentials and flags, in this order, opens what is sealed, and checks the whole.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Parse`] for the file; [`Error::Invalid`] with every complaint.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        let mut complaints = Vec::new();
        let mut config = Self::read(sources, &mut complaints)?;
        config.open_sealed(&mut complaints);
        config.check(&mut complaints);
        if complaints.is_empty() { Ok(config) } else { Err(Error::Invalid(complaints)) }
    }

    /// Like [`Config::load`], but leaves sealed values closed; for making one when another does not open.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_closed(sources: &Sources) -> Result<Self, Error> {
        let mut complaints = Vec::new();
        let config = Self::read(sources, &mut complaints)?;
        if complaints.is_empty() { Ok(config) } else { Err(Error::Invalid(complaints)) }
    }

    fn read(sources: &Sources, complaints: &mut Vec<String>) -> Result<Self, Error> {
        let mut config = Self::default();
        if let Some(path) = &sources.file {
            config.read_file(path.clone(), complaints)?;
        }
        for (name, text) in &sources.environment {
            config.read_environment(name, text, complaints)?;
        }
        if let Some(folder) = sources.environment.get("CREDENTIALS_DIRECTORY") {
            config.read_credentials(folder.as_ref(), complaints)?;
        }
        for (key, flag, text) in &sources.flags {
            config.set(key, Raw::Text(text), Origin::Flag((*flag).to_owned()), complaints);
        }
        Ok(config)
    }

    fn read_file(&mut self, path: PathBuf, complaints: &mut Vec<String>) -> Result<(), Error> {
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let document: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.lines().count().max(1);
            Error::Parse { path: path.clone(), line, reason: error.message().to_owned() }
        })?;
        let origin = Origin::File(path);
        for (table, content) in &document {
            let known = Self::default();
            let Some(section) = known.section(table) else {
                let known = known.sections().map(Section::table);
                complaints.push(format!("{origin}: no table [{table}]{}", suggest(table, &known)));
                continue;
            };
            let Some(content) = content.as_table() else {
                complaints.push(format!("{origin}: {table} must be a table"));
                continue;
            };
            let keys: Vec<&str> = section.settings().iter().map(|setting| setting.key).collect();
            for (key, value) in content {
                if keys.contains(&key.as_str()) {
                    self.set(&format!("{table}.{key}"), Raw::Toml(value), origin.clone(), complaints);
                } else if let Some(secret) = secret_of_file_key(section, key) {
                    let full = format!("{table}.{secret}");
                    match value.as_str() {
                        Some(file) => self.set_from_file(&full, file.into(), origin.clone(), complaints)?,
                        None => complaints.push(format!("{origin}: {table}.{key} must be a path")),
                    }
                } else {
                    complaints.push(format!("{origin}: no key {table}.{key}{}", suggest(key, &keys)));
                }
            }
        }
        Ok(())
    }

    fn read_environment(&mut self, name: &str, text: &str, complaints: &mut Vec<String>) -> Result<(), Error> {
        let names = environment_names();
        let origin = Origin::Environment(name.to_owned());
        if let Some(key) = names.get(name) {
            self.set(key, Raw::Text(text), origin, complaints);
            return Ok(());
        }
        if let Some(key) = name.strip_suffix("_FILE").and_then(|base| names.get(base))
            && is_secret(key)
        {
            return self.set_from_file(key, text.into(), origin, complaints);
        }
        // Supervisors add names such as NOVAPULSE_PORT of their own, so only the tables' prefixes are ours.
        let is_ours =
            self.sections().iter().any(|it| name.starts_with(&format!("NOVAPULSE_{}_", it.table().to_uppercase())));
        if is_ours && !OTHER_NAMES.contains(&name) {
            let known: Vec<&str> = names.keys().map(String::as_str).collect();
            complaints.push(format!("{origin}: no such setting{}", suggest(name, &known)));
        }
        Ok(())
    }

    /// Reads the secrets that the service manager hands over, one file each.
    ///
    /// It guards the folder itself. The files may carry an access list for the service's user, which shows as rights
    /// of the group, so their mode says nothing.
    fn read_credentials(&mut self, folder: &Path, complaints: &mut Vec<String>) -> Result<(), Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Read { path, source }
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            names.extend(entry.map_err(failed(folder))?.file_name().into_string().ok());
        }
        names.sort();
        for name in &names {
            let Some(key) = name.strip_prefix(CREDENTIAL_PREFIX) else { continue };
            let origin = Origin::Credential(name.clone());
            if !is_secret(key) {
                let known: Vec<String> = environment_names().into_values().filter(|key| is_secret(key)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                complaints.push(format!("{origin}: no secret setting {key}{}", suggest(key, &known)));
                continue;
            }
            let path = folder.join(name);
            let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(failed(&path))?;
            self.set(key, Raw::Text(text.trim_end_matches(['\n', '\r'])), origin, complaints);
        }
        Ok(())
    }

    fn set_from_file(
        &mut self,
        key: &str,
        path: PathBuf,
        origin: Origin,
        complaints: &mut Vec<String>,
    ) -> Result<(), Error> {
        let text = if key == master::SETTING {
            match master::read_private(&path) {
                Ok(text) => text,
                Err(MasterKeyError::File { path, source }) => return Err(Error::Read { path, source }),
                Err(error) => {
                    complaints.push(format!("{origin}: {key}: {error}"));
                    return Ok(());
                }
            }
        } else {
            fs::read_to_string(&path).map(Zeroizing::new).map_err(|source| Error::Read { path, source })?
        };
        self.set(key, Raw::Text(text.trim_end_matches(['\n', '\r'])), origin, complaints);
        Ok(())
    }

    fn set(&mut self, full: &str, raw: Raw<'_>, origin: Origin, complaints: &mut Vec<String>) {
        let (table, key) = full.split_once('.').unwrap_or((full, ""));
        let section = self.sections_mut().into_iter().find(|section| section.table() == table);
        match section.and_then(|section| section.set(key, raw)) {
            Some(Ok(())) => {
                self.origins.insert(full.to_owned(), origin);
            }
            Some(Err(complaint)) => complaints.push(format!("{origin}: {full} {complaint}")),
            None => complaints.push(format!("{origin}: no key {full}")),
        }
    }

    fn section(&self, table: &str) -> Option<&dyn Section> {
        self.sections().into_iter().find(|section| section.table() == table)
    }

    /// Checks what no field can check alone.
    fn check(&mut self, complaints: &mut Vec<String>) {
        if self.origin("server.service_timeout_ms") == Origin::Default {
            // Whoever shortens requests means operations too; a sixth is left to answer.
            let longest = self.server.request_timeout_ms - self.server.request_timeout_ms / 6;
            self.server.service_timeout_ms = self.server.service_timeout_ms.min(longest);
        }
        let server = &self.server;
        if server.service_timeout_ms > server.request_timeout_ms {
            complaints.push(format!(
                "server.service_timeout_ms ({}) must not exceed server.request_timeout_ms ({})",
                server.service_timeout_ms, server.request_timeout_ms
            ));
        }
        let auth = &self.auth;
        for (name, secret) in [("access_secret", &auth.access_secret), ("refresh_secret", &auth.refresh_secret)] {
            if secret.as_ref().is_some_and(|secret| secret.expose().len() < 32) {
                complaints.push(format!("auth.{name} must have at least 32 characters"));
            }
        }
        if auth.session_idle_ms > auth.session_max_ms || auth.access_lifetime_ms > auth.session_idle_ms {
            complaints.push(
                "auth.access_lifetime_ms, auth.session_idle_ms and auth.session_max_ms must not decrease".to_owned(),
            );
        }
        if server.tls_certificate.is_some() != server.tls_key.is_some() {
            complaints.push("server.tls_certificate and server.tls_key go together".to_owned());
        }
        if server.tls_certificate.is_some() && !server.acme_domains.is_empty() {
            complaints.push("server.acme_domains has no use beside server.tls_certificate: leave one out".to_owned());
        }
        if server.acme_domains.len() > ACME_DOMAINS_MAX {
            complaints.push(format!("server.acme_domains has at most {ACME_DOMAINS_MAX} names"));
        }
        if server.redirect_listen.is_some() && !server.has_tls() {
            complaints
                .push("server.redirect_listen needs TLS: set server.tls_certificate and server.tls_key".to_owned());
        }
        self.blob.check(complaints);
        complaints.extend(self.mail.complaints());
        if server.body_max.0 < 1024 {
            complaints.push(format!("server.body_max must be at least 1KiB, not {}", server.body_max));
        }
    }

    /// Where a value came from, by `table.key`.
    #[must_use]
    pub fn origin(&self, full: &str) -> Origin {
        self.origins.get(full).cloned().unwrap_or(Origin::Default)
    }
}

fn is_secret(full: &str) -> bool {
    full.split_once('.').is_some_and(|(table, key)| {
        Config::default().section(table).is_some_and(|it| secret_of_file_key(it, &format!("{key}_file")).is_some())
    })
}

fn secret_of_file_key(section: &dyn Section, key: &str) -> Option<&'static str> {
    let base = key.strip_suffix("_file")?;
    section.settings().iter().find(|setting| setting.is_secret && setting.key == base).map(|setting| setting.key)
}

/// Every environment name with the `table.key` it sets.
fn environment_names() -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for section in Config::default().sections() {
        for setting in section.settings() {
            let full = format!("{}.{}", section.table(), setting.key);
            names.insert(environment_name(section.table(), setting.key), full.clone());
            names.extend(setting.alias.map(|alias| (alias.to_owned(), full)));
        }
    }
    names
}

/// ", did you mean ...?" when something known is close enough.
fn suggest(given: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(given, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, candidate)| format!(", did you mean {candidate}?"))
}
