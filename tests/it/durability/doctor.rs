//! The journal doctor over journals the real engine wrote.

use std::{fs, path::Path};

use super::fixture::{Store, active_journal, closed_store, copy, digest, head_of, prepare};

/// A store whose last batch was not acknowledged; gives the journal without its zeros and where its batches end.
fn unacknowledged_tail() -> (tempfile::TempDir, Vec<u8>, Vec<usize>) {
    let (dir, _) = closed_store(4, 4);
    let data = dir.path().join("data");
    let mut store = Store::open(&data).unwrap();
    store.commit_unacknowledged(&[b'x'; 9000]);
    drop(store);
    let mut journal = fs::read(active_journal(&data)).unwrap();
    let used = journal.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    journal.truncate(used);
    let ends: Vec<usize> =
        journal.windows(4).enumerate().filter(|(_, four)| *four == b"FJL\x03").map(|(at, _)| at + 4).collect();
    assert_eq!(ends.len(), 9);
    (dir, journal, ends)
}

fn with_journal(from: &Path, journal: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(from, dir.path());
    fs::write(active_journal(dir.path()), journal).unwrap();
    dir
}

#[test]
fn a_tail_cut_at_every_byte_of_the_last_batch_is_repaired() {
    let (dir, journal, ends) = unacknowledged_tail();
    let data = dir.path().join("data");
    let last = ends[7];
    for cut in last..journal.len() {
        for zeros in [0, 500] {
            let mut bytes = journal[..cut].to_vec();
            bytes.resize(cut + zeros, 0);
            let damaged = with_journal(&data, &bytes);
            let prepared = prepare(damaged.path()).unwrap();
            let is_torn = cut > last;
            assert_eq!(prepared.repaired.is_some(), is_torn, "cut at {cut}");
            if let Some((_, saved)) = &prepared.repaired {
                assert!(journal[last..cut].starts_with(&fs::read(saved).unwrap()));
            }
            drop(prepared);
            // The engine itself is slow to open; some of the cuts show that it agrees.
            if cut % 16 == 0 {
                let store = Store::open(damaged.path()).unwrap();
                assert_eq!(head_of(&store.rows().unwrap()), 8, "cut at {cut}");
                assert!(store.prepared.repaired.is_none());
            }
        }
    }
}

#[test]
fn a_tail_cut_into_an_acknowledged_batch_is_refused() {
    let (dir, journal, ends) = unacknowledged_tail();
    for cut in ends[6]..ends[7] {
        let damaged = with_journal(&dir.path().join("data"), &journal[..cut]);
        let before = digest(damaged.path());
        let error = prepare(damaged.path()).unwrap_err();
        assert!(matches!(error.exit_code(), 23 | 24), "cut at {cut}: {error}");
        assert!(error.to_string().contains("1 missing"), "{error}");
        assert_eq!(digest(damaged.path()), before);
    }
}

#[test]
fn a_page_lost_inside_the_last_batch_is_repaired() {
    let (dir, journal, ends) = unacknowledged_tail();
    let (last, end) = (ends[7], journal.len());
    assert!(end > 4096 || end - last < 4096, "the batch is compressed");
    for stretch in [last..last + 10, last + 5..last + 60, last + 20..end - 1, last..end - 4] {
        let mut bytes = journal.clone();
        bytes[stretch.clone()].fill(0);
        let damaged = with_journal(&dir.path().join("data"), &bytes);
        let store = Store::open(damaged.path()).unwrap();
        assert!(store.prepared.repaired.is_some(), "{stretch:?}");
        assert_eq!(head_of(&store.rows().unwrap()), 8);
    }
}

#[test]
fn a_stretch_lost_in_the_middle_is_refused() {
    let (dir, journal, ends) = unacknowledged_tail();
    for stretch in [ends[2]..ends[3], ends[4] + 3..ends[4] + 40, 0..ends[0], ends[5] - 12..ends[6] - 30] {
        let mut bytes = journal.clone();
        bytes[stretch.clone()].fill(0);
        let damaged = with_journal(&dir.path().join("data"), &bytes);
        let before = digest(damaged.path());
        assert_eq!(prepare(damaged.path()).unwrap_err().exit_code(), 23, "{stretch:?}");
        assert_eq!(digest(damaged.path()), before);
    }
}

#[test]
fn a_sealed_journal_may_not_be_torn_and_a_gap_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut store = Store::open(&data).unwrap();
    let mut noise = vec![0; 1 << 20];
    let random = novapulse::base::SeededRandom::new(1);
    novapulse::base::Random::fill(&random, &mut noise);
    while store.database.journal_count() == 1 {
        for _ in 0..68 {
            store.commit(&noise);
        }
        store.keyspaces[1].rotate_memtable_and_wait().unwrap();
    }
    store.commit(b"in the new journal");
    drop(store);
    let engine = data.join("store/engine");
    assert!(engine.join("0.jnl").exists(), "the records keyspace holds the sealed journal back");
    let good = prepare(&data).unwrap();
    assert_eq!(good.findings.journals.len(), 2);
    drop(good);

    let sealed = engine.join("0.jnl");
    let bytes = fs::read(&sealed).unwrap();
    for cut in [bytes.len() - 1, bytes.len() / 2] {
        fs::write(&sealed, &bytes[..cut]).unwrap();
        let error = prepare(&data).unwrap_err();
        assert_eq!(error.exit_code(), 23, "{error}");
    }
    fs::write(&sealed, &bytes).unwrap();
    let active = engine.join("1.jnl");
    fs::rename(&active, engine.join("2.jnl")).unwrap();
    assert_eq!(prepare(&data).unwrap_err().exit_code(), 24, "a gap between two journals");
    fs::remove_file(engine.join("2.jnl")).unwrap();
    assert_eq!(prepare(&data).unwrap_err().exit_code(), 24, "the newest journal is gone");
}
