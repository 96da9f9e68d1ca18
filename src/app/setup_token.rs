//! The token of the first start: whoever has it makes the first company in the browser.
//!
//! It is kept in the data directory, readable by its owner only, until it was used, so that `novapulse setup-url` can
//! print the address again. In the address it stands behind `#`, which browsers do not send.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use tokio_util::sync::CancellationToken;

use crate::{
    accounts::Accounts,
    base::{Random, hex},
    config::Config,
};

const FILE: &str = "setup-token";
const PREFIX: &str = "np_setup_";
const RANDOM_BYTES: usize = 32;

fn path_in(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The token of this directory, made when there is none.
pub(super) fn prepare(data: &Path, random: &dyn Random) -> io::Result<String> {
    let path = path_in(data);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let mut bytes = [0; RANDOM_BYTES];
    random.fill(&mut bytes);
    let token = format!("{PREFIX}{}", hex(&bytes));
    let partial = path.with_extension("new");
    // A file left by a crash may have another mode.
    drop(fs::remove_file(&partial));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    fs::rename(&partial, &path)?;
    Ok(token)
}

fn read(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    let token = text.trim();
    let is_whole = token.len() == PREFIX.len() + 2 * RANDOM_BYTES && token.starts_with(PREFIX);
    if is_whole { Ok(token.to_owned()) } else { Err(io::Error::other("does not hold a set-up token")) }
}

/// The address that sets the instance up.
pub(super) fn url(base: &str, token: &str) -> String {
    format!("{base}/setup#{token}")
}

/// Shows the address on standard output; logs are kept and read by others, so it is never in them.
pub(super) fn present(url: &str) {
    let mut out = io::stdout().lock();
    // Nobody may be there to read; the command prints it again.
    drop(writeln!(out, "set up at {url}").and_then(|()| out.flush()));
}

/// Removes the file once the instance is set up.
pub(super) async fn remove_when_used(accounts: Accounts, data: PathBuf, stop: CancellationToken) {
    tokio::select! {
        () = accounts.set_up_done() => {}
        () = stop.cancelled() => return,
    }
    remove(&data).await;
}

/// Removes a token that is no longer good for anything, when there is one.
pub(super) async fn remove(data: &Path) {
    match tokio::fs::remove_file(path_in(data)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the used set-up token could not be removed: {error}");
        }
        _ => {}
    }
}

/// Why there is no address to print.
#[derive(Debug, thiserror::Error)]
pub enum SetUpUrlError {
    /// There is no token.
    #[error("{} has no set-up token: the instance is set up already, or its server was never started", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The address that sets the instance of this configuration up, by its directory. A server that runs is asked with
/// [`super::console::ask`]: it knows the port it listens at.
///
/// # Errors
/// [`SetUpUrlError`].
pub fn set_up_url(config: &Config) -> Result<String, SetUpUrlError> {
    url_in(&config.storage.directory, &super::listeners::public(config, config.server.listen))
}

/// The same for an instance that people reach at `base`.
pub(super) fn url_in(data: &Path, base: &str) -> Result<String, SetUpUrlError> {
    let path = path_in(data);
    match read(&path) {
        Ok(token) => Ok(url(base, &token)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SetUpUrlError::Missing(data.to_path_buf())),
        Err(source) => Err(SetUpUrlError::File { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{path_in, prepare, read};
    use crate::base::SeededRandom;

    #[test]
    fn the_token_stays_until_it_is_used_and_is_for_its_owner_only() {
        let data = tempfile::tempdir().unwrap();
        let token = prepare(data.path(), &SeededRandom::new(1)).unwrap();
        assert_eq!(prepare(data.path(), &SeededRandom::new(2)).unwrap(), token);
        let mode = std::fs::metadata(path_in(data.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(path_in(data.path()), "something else").unwrap();
        assert!(read(&path_in(data.path())).is_err() && prepare(data.path(), &SeededRandom::new(1)).is_err());
    }
}
