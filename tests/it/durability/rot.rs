//! Random damage to any byte of a stopped directory: healed, refused or noticed when read, never silent.
//!
//! `NOVAPULSE_TEST_ROT=<n>` sets how many damages are tried; the seed is printed and fixed by `NOVAPULSE_TEST_SEED`.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use novapulse::base::{Random, SeededRandom};

use super::fixture::{Rows, Store, active_journal, closed_store, copy, digest, used};

const DAMAGES: u64 = 250;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What became of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The guard or the engine refused to open.
    Refused,
    /// It opened, and a read of the damaged rows failed with an error.
    Noticed,
    /// Everything is there as before.
    Whole,
}

#[test]
fn no_damaged_byte_loses_or_changes_anything_silently() {
    let (seed, count) = (number("NOVAPULSE_TEST_SEED", 11), number("NOVAPULSE_TEST_ROT", DAMAGES));
    let random = SeededRandom::new(seed);
    let (dir, rows) = closed_store(40, 30);
    let data = dir.path().join("data");
    shrink_journal(&data);
    // The lock carries nothing; every other file is fair game, small ones as likely as large ones.
    let files: Vec<PathBuf> = digest(&data)
        .into_iter()
        .filter(|(path, content)| *content != 0 && !path.ends_with("lock"))
        .map(|(path, _)| path.strip_prefix(&data).unwrap().to_path_buf())
        .collect();
    let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
    for damage in 0..count {
        let file = &files[random.next_u64() as usize % files.len()];
        let broken = tempfile::tempdir().unwrap();
        copy(&data, broken.path());
        let mut bytes = fs::read(broken.path().join(file)).unwrap();
        let what = harm(&mut bytes, &random);
        fs::write(broken.path().join(file), bytes).unwrap();
        let outcome = examine(broken.path(), &rows)
            .unwrap_or_else(|loss| panic!("seed {seed}, damage {damage}: {what} in {}: {loss}", file.display()));
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("rot: {count} damages to {} files, seed {seed}: {outcomes:?}", files.len());
    assert!(count < 100 || outcomes.get(&Outcome::Refused) > Some(&(count / 4)), "{outcomes:?}");
}

/// Leaves out the zeros at the end, so that damage does not land in them.
fn shrink_journal(data: &Path) {
    let path = active_journal(data);
    fs::write(&path, used(&path)).unwrap();
}

fn harm(bytes: &mut Vec<u8>, random: &SeededRandom) -> String {
    let len = bytes.len();
    let at = random.next_u64() as usize % len;
    let end = (at + 512).min(len);
    match random.next_u64() % 8 {
        0..5 => {
            let mask = 1 << (random.next_u64() % 8);
            bytes[at] ^= mask;
            format!("byte {at} flipped by {mask:#04x}")
        }
        5 => {
            bytes[at..end].fill(0);
            format!("zeros from {at} to {end}")
        }
        6 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        _ => {
            let from = random.next_u64() as usize % len;
            let sector: Vec<u8> = bytes[from..].iter().take(end - at).copied().collect();
            bytes[at..at + sector.len()].copy_from_slice(&sector);
            format!("bytes from {from} written over {at}")
        }
    }
}

fn examine(data: &Path, expected: &Rows) -> Result<Outcome, String> {
    // A panic of the engine is not silence either; the guard should leave it no reason.
    match catch_unwind(AssertUnwindSafe(|| Store::open(data).map(|store| store.rows()))) {
        Err(_) | Ok(Err(_)) => Ok(Outcome::Refused),
        Ok(Ok(Err(_))) => Ok(Outcome::Noticed),
        Ok(Ok(Ok(rows))) if rows == *expected => Ok(Outcome::Whole),
        Ok(Ok(Ok(rows))) => {
            let lost = expected.iter().filter(|(key, value)| rows.get(*key) != Some(value)).count();
            Err(format!("{lost} rows are gone or changed, {} were there", expected.len()))
        }
    }
}
