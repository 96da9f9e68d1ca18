//! Companies and people of a directory that no server is using.

use std::sync::Arc;

use super::{Error, adapters, master_key};
use crate::{
    accounts::{self, Accounts, Created, SetUp},
    auth::Auth,
    base::{Clock, Random, SystemClock, SystemRandom},
    config::Config,
    limits::{self, Limits},
    mail, queue,
};

const PASSWORD_WORDS: usize = 5;

/// Makes a company with its first user and API key in a directory that no server is using.
///
/// # Errors
/// When the directory cannot be opened, or a field is not usable.
pub async fn set_up(config: &Config, order: SetUp) -> Result<Created, Error> {
    with_accounts(config, async |accounts| accounts.set_up(order).await).await
}

/// Does something to the accounts of a directory that no server is using.
///
/// # Errors
/// When the directory cannot be opened; then what `work` returns.
pub async fn with_accounts<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Accounts) -> Result<T, accounts::Error>,
) -> Result<T, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let directory = adapters::open_directory(config, &clock, &random)?;
    let db = directory.db().clone();
    let seal = Arc::new(tokio::task::block_in_place(|| master_key::load(config, &directory))?);
    let auth = Auth::new(db.clone(), adapters::auth_settings(config, Arc::clone(&seal), None));
    let limits = tokio::task::block_in_place(|| Limits::open(&db, limits::Metrics::default()));
    let limits = limits.map_err(queue::Error::from)?;
    let mail = tokio::task::block_in_place(|| {
        // With a mail server what is written to people waits for the server to be started.
        let queues = adapters::queues(config, &db, &seal)?;
        adapters::mail(config, &db, (Arc::clone(&seal), queues), None, mail::Metrics::default())
    })?;
    let settings = accounts::Settings {
        stolen: tokio::task::block_in_place(|| adapters::stolen(config, None))?,
        ..adapters::account_settings(config, false)
    };
    let done = work(&Accounts::new(db, auth, limits, mail, seal, settings)).await;
    directory.close();
    Ok(done?)
}

/// A password somebody can read aloud: groups of letters and digits without those that look alike.
///
/// 25 characters of 31 are some 123 bits; the uneven last digit of a byte costs less than one of them.
#[must_use]
pub fn password(random: &dyn Random) -> String {
    const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut bytes = [0; PASSWORD_WORDS * 5];
    random.fill(&mut bytes);
    let characters = bytes.map(|byte| char::from(*ALPHABET.get(usize::from(byte % 31)).unwrap_or(&b'a')));
    characters.chunks(5).map(|word| word.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
