//! A rotation that dies after any of its steps: the store opens, and the rest can be done again.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{RotationError, RotationOrder, adapters, master_key, rotate_in, sealing};
use crate::{
    app::Error,
    base::{Clock, Random, SealKey, SeededRandom, SystemClock, SystemRandom},
    config::{Config, MasterKeys, Secret, Sources, seal_value},
    storage::{Directory, OpenError, guard::GuardError},
};
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// More steps than any rotation has.
const STEPS_MAX: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    fn file(&self, name: &str, keys: &MasterKeys) -> std::path::PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, &**keys.text()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn config(&self) -> Config {
        let mut sources = Sources::default();
        let data = self.data().to_str().unwrap().to_owned();
        let small = [("DIRECTORY", data.as_str()), ("BALLAST", "1MiB"), ("HARD_FREE", "1MiB"), ("SOFT_FREE", "2MiB")];
        let small = small.map(|(name, value)| (format!("NOVAPULSE_STORAGE_{name}"), value.to_owned()));
        sources.environment.extend(small.into_iter().chain(self.environment.iter().cloned()));
        Config::load(&sources).unwrap()
    }

    fn open(&self) -> Result<Directory, Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let begun = Instant::now();
        loop {
            match adapters::open_directory(&self.config(), &clock, &random) {
                // A dropped directory is locked until the thread that commits has ended; a dead process leaves no lock.
                Err(Error::Open(OpenError::Guard(GuardError::InUse { .. }))) if begun.elapsed() < PATIENCE => {
                    thread::yield_now();
                }
                opened => return opened,
            }
        }
    }

    /// What a server would seal with.
    fn start(&self) -> Result<SealKey, Error> {
        let directory = self.open()?;
        let key = master_key::load(&self.config(), &directory);
        directory.close();
        key
    }

    /// Rotates, and dies after some steps.
    fn rotate(&self, order: &RotationOrder, steps: usize) -> Result<super::Rotated, Error> {
        let directory = self.open()?;
        let done = rotate_in(&self.config(), order, &directory, steps);
        drop(directory);
        done
    }

    fn opens_with(&self, keys: &MasterKeys) -> bool {
        let directory = self.open().unwrap();
        let opened = sealing::open(directory.db(), keys);
        directory.close();
        match opened {
            Ok(_) => true,
            Err(sealing::Error::OtherMaster) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn code(key: &SealKey) -> [u8; 32] {
    key.code(b"purpose", b"data")
}

fn keys(seed: u64) -> MasterKeys {
    MasterKeys::generate(&SeededRandom::new(seed))
}

fn own_keys(data: &Path) -> MasterKeys {
    MasterKeys::read(&data.join("master.key")).unwrap().unwrap()
}

#[test]
fn a_key_of_the_directory_is_replaced_from_wherever_it_was_left() {
    for with_seal_key in [false, true] {
        let order = RotationOrder { with_seal_key, ..RotationOrder::default() };
        for steps in 0..=STEPS_MAX {
            let place = Place::new();
            let before = code(&place.start().unwrap());
            let old = own_keys(&place.data());
            place.rotate(&order, steps).unwrap();
            assert_eq!(code(&place.start().unwrap()), before, "after {steps} steps");
            let done = place.rotate(&order, usize::MAX).unwrap();
            assert!(done.is_finished && done.settings.is_empty() && done.rows.is_some() == with_seal_key, "{done:?}");
            assert_eq!(code(&place.start().unwrap()), before, "codes stay");
            let new = own_keys(&place.data());
            assert_eq!(new.count(), 1);
            assert_ne!(new, old);
            assert!(place.opens_with(&new) && !place.opens_with(&old));
        }
    }
}

#[test]
fn a_configured_key_is_replaced_while_both_open() {
    for steps in 0..=STEPS_MAX {
        let (old, new) = (keys(1), keys(2));
        let mut place = Place::new().with("NOVAPULSE_SECRETS_MASTER_KEY", &old.text());
        let before = code(&place.start().unwrap());
        assert!(matches!(
            place.rotate(&RotationOrder::default(), usize::MAX),
            Err(Error::Rotation(RotationError::NewKeyWanted))
        ));
        let file = |name: &str, keys: &MasterKeys| {
            let new_key_file = Some(place.file(name, keys));
            RotationOrder { new_key_file, with_seal_key: true, is_end: false }
        };
        let (same, order) = (file("same", &old), file("new", &new));
        assert!(matches!(place.rotate(&same, usize::MAX), Err(Error::Rotation(RotationError::SameKey))));
        place.rotate(&order, steps).unwrap();
        assert_eq!(code(&place.start().unwrap()), before, "after {steps} steps");
        let done = place.rotate(&order, usize::MAX).unwrap();
        assert!(!done.is_finished && done.is_configured && done.rows == Some(0), "{done:?}");
        assert!(place.opens_with(&old) && place.opens_with(&new));

        place = place.with("NOVAPULSE_SECRETS_MASTER_KEY", &new.text());
        assert_eq!(code(&place.start().unwrap()), before);
        let end = RotationOrder { is_end: true, ..RotationOrder::default() };
        assert!(place.rotate(&end, usize::MAX).unwrap().is_finished);
        assert!(!place.opens_with(&old) && place.opens_with(&new));
        place = place.with("NOVAPULSE_SECRETS_MASTER_KEY", &old.text());
        assert!(matches!(place.start(), Err(Error::Sealing(sealing::Error::OtherMaster))));
        assert!(!place.data().join("master.key").exists(), "a configured key is not written down");
    }
}

#[test]
fn the_old_key_stays_until_no_setting_is_sealed_with_it() {
    let place = Place::new();
    place.start().unwrap();
    let old = own_keys(&place.data());
    let sealed =
        |keys: &MasterKeys| seal_value(&keys.seal_key(), &SeededRandom::new(1), &Secret::new("hunter2".to_owned()));
    let mut place = place.with("NOVAPULSE_SERVER_METRICS_TOKEN", &sealed(&old));
    let end = RotationOrder { is_end: true, ..RotationOrder::default() };
    let done = place.rotate(&RotationOrder::default(), usize::MAX).unwrap();
    assert!(!done.is_finished);
    let [(name, text)] = done.settings.as_slice() else { panic!("{done:?}") };
    assert_eq!(name, "server.metrics_token");
    assert_eq!(own_keys(&place.data()).count(), 2);
    place.start().unwrap();
    let Err(Error::Rotation(RotationError::Settings(names))) = place.rotate(&end, usize::MAX) else { panic!("ended") };
    assert_eq!(names, ["server.metrics_token"]);
    // Once more with the same setting goes on with the same new key.
    place.rotate(&RotationOrder::default(), usize::MAX).unwrap();

    place = place.with("NOVAPULSE_SERVER_METRICS_TOKEN", text);
    assert_eq!(place.config().server.metrics_token.unwrap().expose(), "hunter2");
    for steps in 0..=STEPS_MAX {
        place.rotate(&end, steps).unwrap();
        place.start().unwrap();
    }
    assert_eq!(own_keys(&place.data()).count(), 1);
    assert!(!place.opens_with(&old));
    assert_eq!(place.config().server.metrics_token.unwrap().expose(), "hunter2");
}

#[test]
fn a_lost_key_is_not_made_anew_over_what_it_sealed() {
    let place = Place::new();
    place.start().unwrap();
    let path = place.data().join("master.key");
    let kept = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = place.start().unwrap_err();
    assert!(matches!(error, Error::MasterKey(crate::config::MasterKeyError::Missing(_))), "{error:?}");
    assert!(!path.exists());
    let error = place.rotate(&RotationOrder::default(), usize::MAX).unwrap_err();
    assert!(matches!(error, Error::MasterKey(crate::config::MasterKeyError::Missing(_))), "{error:?}");
    fs::write(&path, kept).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    place.start().unwrap();
}

#[test]
fn the_oldest_of_four_keys_opens_for_a_fifth() {
    let [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map(keys);
    let mut place = Place::new().with("NOVAPULSE_SECRETS_MASTER_KEY", &first.text());
    let before = code(&place.start().unwrap());
    let ring = first.behind(&second).behind(&third).behind(&fourth);
    place = place.with("NOVAPULSE_SECRETS_MASTER_KEY", &ring.text());
    let order = RotationOrder { new_key_file: Some(place.file("new", &fifth)), ..RotationOrder::default() };
    assert!(!place.rotate(&order, usize::MAX).unwrap().is_finished);
    assert_eq!(code(&place.start().unwrap()), before);
    assert!(place.opens_with(&fifth) && place.opens_with(&fourth) && !place.opens_with(&first));
}
