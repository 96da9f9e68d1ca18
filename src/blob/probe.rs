//! Whether the files can be used: asked in the background at a steady rate, so that health knows and never waits for it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Blobs, Error};
use crate::{
    base::{Clock, Standing},
    storage::pause,
};

/// Between two looks while all is well.
const EVERY: Duration = Duration::from_mins(1);
/// Between two looks while something is wrong.
const EVERY_IN_TROUBLE: Duration = Duration::from_secs(15);
/// What has not answered by then does not answer; tries again are part of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks at the files now and then; cheap to clone.
#[derive(Debug, Clone)]
pub struct Probe {
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    standing: Arc<Mutex<Standing>>,
}

impl Probe {
    /// A probe that has not looked yet.
    #[must_use]
    pub fn new(blobs: Blobs, clock: Arc<dyn Clock>) -> Self {
        Self { blobs, clock, standing: Arc::default() }
    }

    /// What the last look found.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at once, and then again and again until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = self.look() => {}
                () = stop.cancelled() => return,
            }
            let is_well = self.standing().trouble.is_none();
            if !pause(if is_well { EVERY } else { EVERY_IN_TROUBLE }, &stop).await {
                return;
            }
        }
    }

    async fn look(&self) {
        let found = tokio::time::timeout(PATIENCE, self.blobs.probe()).await;
        let found = found.unwrap_or_else(|_| Err(Error::Service(format!("no answer in {PATIENCE:?}"))));
        let now = self.clock.now();
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let was_well = standing.trouble.is_none();
        match found {
            Ok(()) => standing.reached(now),
            Err(ref error) => standing.failed(now, error.in_words().to_owned()),
        }
        drop(standing);
        match found {
            Err(error) if was_well => tracing::warn!(%error, "files cannot be used: {error}"),
            Ok(()) if !was_well => tracing::info!("files can be used again"),
            Ok(()) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsStr, fs, io::Write as _, os::unix::fs::PermissionsExt as _, process::Command, sync::Arc, time::Duration,
    };

    use tokio::time::timeout;

    use super::Probe;
    use crate::{
        base::{ManualClock, SeededRandom, Standing, Timestamp},
        blob::{BlobStore as _, Blobs, Error, LocalBlobs},
    };

    #[tokio::test]
    async fn a_folder_that_goes_and_comes_back_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("blobs");
        let store = LocalBlobs::open(&root, Arc::new(SeededRandom::new(1))).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000)));
        let probe = Probe::new(Blobs::new(Arc::new(store)), Arc::clone(&clock) as _);
        assert_eq!(probe.standing(), Standing::default());
        let at = Timestamp::from_ms;
        probe.look().await;
        assert_eq!(probe.standing(), Standing { reached_at: Some(at(1_000)), trouble: None });

        fs::rename(&root, directory.path().join("away")).unwrap();
        for _ in 0..2 {
            clock.advance_ms(1_000);
            probe.look().await;
        }
        let trouble = Some((at(2_000), "the disk of the server refuses them".to_owned()));
        assert_eq!(probe.standing(), Standing { reached_at: Some(at(1_000)), trouble });

        fs::rename(directory.path().join("away"), &root).unwrap();
        clock.advance_ms(1_000);
        probe.look().await;
        assert_eq!(probe.standing(), Standing { reached_at: Some(at(4_000)), trouble: None });
    }

    /// Runs a test of this file as nobody in particular; `false` when that cannot be done here.
    fn passes_as_nobody(test: &str) -> bool {
        let run = |command: &[&OsStr]| {
            let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
            Command::new("setpriv").args(nobody).args(command).env("TMPDIR", "/tmp").output()
        };
        let program = std::env::current_exe().unwrap();
        if !run(&["test".as_ref(), "-x".as_ref(), program.as_os_str()]).is_ok_and(|found| found.status.success()) {
            return false;
        }
        let ran = run(&[program.as_os_str(), "--exact".as_ref(), test.as_ref()]).unwrap();
        let told = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && told.contains("1 passed"), "{told}");
        true
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told() {
        // The modes of files mean nothing to root.
        if rustix::process::geteuid().is_root() {
            if !passes_as_nobody("blob::probe::tests::a_folder_that_cannot_be_written_is_told") {
                let words = "SKIPPED a_folder_that_cannot_be_written_is_told: nobody else can run the tests here\n";
                eprint!("{words}");
                if let Some(counted) = std::env::var_os("NOVAPULSE_SKIPPED") {
                    let mut counted = fs::OpenOptions::new().append(true).open(counted).unwrap();
                    counted.write_all(words.as_bytes()).unwrap();
                }
            }
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("blobs");
        let store = LocalBlobs::open(&root, Arc::new(SeededRandom::new(1))).unwrap();
        for folder in [root.clone(), root.join(".new")] {
            let set_mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            set_mode(0o500);
            let found = store.probe().await;
            set_mode(0o700);
            assert!(matches!(found, Err(Error::Io(_))), "{found:?}");
            store.probe().await.unwrap();
        }
    }

    #[test]
    fn a_folder_that_hangs_holds_one_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
        runtime.unwrap().block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let store = LocalBlobs::open(directory.path(), Arc::new(SeededRandom::new(1))).unwrap();
            // What is queued behind this is to the store as if its folder hung.
            let (release, hung) = std::sync::mpsc::channel::<()>();
            let hanging = tokio::task::spawn_blocking(move || hung.recv());
            assert!(timeout(Duration::ZERO, store.probe()).await.is_err(), "nobody answers");
            let second = timeout(Duration::from_mins(1), store.probe()).await.expect("is told at once");
            assert!(matches!(second, Err(Error::Io(_))), "{second:?}");
            drop(release);
            hanging.await.unwrap().unwrap_err();
            tokio::task::spawn_blocking(|| {}).await.unwrap();
            store.probe().await.unwrap();
        });
    }
}
