//! Where passwords are hashed, and how many at once.
//!
//! A hash costs 19 MiB and some 20 ms of a processor, so only a few run at once and only some may wait; more are refused
//! as "try later". An unknown account costs the same as a known one. Judging a new password can cost more than hashing
//! it, so that happens in the same places.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Error,
    password::{Password, PasswordHash},
};

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many calls wait for each that runs.
const WAITING_PER_RUNNING: usize = 32;

/// Runs hashes, a few at once, on blocking threads.
#[derive(Debug)]
pub(super) struct Hasher {
    /// One for each that runs; held by the work itself, so that a caller who goes away frees nothing early.
    running: Arc<Semaphore>,
    /// One for each that runs or waits.
    admitted: Arc<Semaphore>,
    /// How often Argon2 was begun.
    begun: AtomicU64,
    #[cfg(test)]
    places: usize,
}

impl Hasher {
    /// Room for this many hashes at once; 0 takes one per processor, at most 8.
    pub(super) fn new(at_once: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let at_once = if at_once == 0 { processors } else { at_once };
        let admitted = at_once * (1 + WAITING_PER_RUNNING);
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(admitted)),
            begun: AtomicU64::new(0),
            #[cfg(test)]
            places: at_once,
        }
    }

    /// Checks the rules for a new password and hashes it; `words` are names and addresses that must not make it up.
    ///
    /// # Errors
    /// [`Error::Password`], [`Error::WeakPassword`], [`Error::Busy`], [`Error::Hash`].
    pub(super) async fn hash(
        &self,
        password: Password,
        words: Vec<String>,
        salt: [u8; 16],
    ) -> Result<PasswordHash, Error> {
        password.check_length()?;
        self.run(move || {
            password.check(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
            PasswordHash::create(&password, salt)
        })
        .await?
    }

    /// Hashes a password that is in use already, with the costs of today.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Hash`].
    pub(super) async fn renew(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, Error> {
        self.run(move || PasswordHash::create(&password, salt)).await?
    }

    /// Whether the password is the one behind the hash; without a hash it takes as long and says no.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub(super) async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.run(move || password.is_behind(hash.as_ref())).await
    }

    /// How often a hash was begun since the start, for whoever compares the work behind two answers.
    #[cfg(test)]
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Waits until nobody hashes or waits to.
    #[cfg(test)]
    pub(super) async fn rest(&self) {
        for (places, count) in [(&self.running, self.places), (&self.admitted, self.places * (1 + WAITING_PER_RUNNING))]
        {
            drop(places.acquire_many(u32::try_from(count).unwrap()).await.unwrap());
        }
    }

    /// Waits for the right to hash once.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub(super) async fn turn(&self) -> Result<Turn, Error> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Error::Busy)?;
        let running = tokio::time::timeout(PATIENCE, Arc::clone(&self.running).acquire_owned()).await;
        let running = running.ok().and_then(Result::ok).ok_or(Error::Busy)?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        Ok(Turn { _running: running, _admitted: admitted })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        self.turn().await?.run(work).await
    }
}

/// The right to hash once.
#[derive(Debug)]
pub(super) struct Turn {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

impl Turn {
    /// Runs work that hashes once on a blocking thread; the turn is kept until it has ended, whoever still waits for it.
    ///
    /// # Errors
    /// [`Error::Hash`] when it panicked.
    pub(super) async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let work = move || {
            let done = work();
            drop(self);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Hash(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Error, Hasher, Password};

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[tokio::test]
    async fn an_unknown_account_is_verified_like_a_known_one() {
        let hasher = Hasher::new(1);
        let hash = hasher.renew(password("correct horse battery"), [1; 16]).await.unwrap();
        assert!(hasher.verify(password("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("correct horse battery"), None).await.unwrap());
        assert!(!hasher.verify(password(&"x".repeat(10_000)), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_again() {
        let hasher = Arc::new(Hasher::new(1));
        let held = hasher.running.acquire().await.unwrap();
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(password("x"), None).await })
            })
            .collect();
        let mut refused = 0;
        // One place to run, which is held, and 32 to wait: 33 may be underway.
        while refused < 67 {
            refused = calls.iter().filter(|call| call.is_finished()).count();
            tokio::task::yield_now().await;
        }
        let (refused, waiting): (Vec<_>, Vec<_>) = calls.into_iter().partition(tokio::task::JoinHandle::is_finished);
        for call in refused {
            assert!(matches!(call.await.unwrap(), Err(Error::Busy)));
        }
        // One place to run, which is held, and 32 to wait: 33 are underway.
        assert_eq!(waiting.len(), 33);
        drop(held);
        // One is enough: on a busy machine all of them, one after another, take longer than their patience.
        let mut waiting = waiting.into_iter();
        assert!(matches!(waiting.next().unwrap().await, Ok(Ok(false))));
        waiting.for_each(|call| call.abort());
    }

    #[tokio::test]
    async fn callers_who_go_away_leave_no_place_taken_and_free_none_early() {
        let hasher = Arc::new(Hasher::new(1));
        let held = Arc::clone(&hasher.running).acquire_owned().await.unwrap();
        for _ in 0..200 {
            let hasher = Arc::clone(&hasher);
            let call = tokio::spawn(async move { hasher.verify(password("x"), None).await });
            tokio::task::yield_now().await;
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        assert_eq!(hasher.admitted.available_permits(), 33);
        drop(held);

        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let running = Arc::clone(&hasher);
        let call = tokio::spawn(async move {
            let work = move || {
                tell.send(()).unwrap();
                wait.recv().unwrap();
            };
            running.run(work).await
        });
        told.await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.running.available_permits(), 0, "the work still runs");
        go.send(()).unwrap();
        drop(tokio::time::timeout(std::time::Duration::from_mins(1), hasher.running.acquire()).await.unwrap());
    }
}
