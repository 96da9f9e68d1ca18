//! The journal doctor over journals the real engine wrote.

use std::{fs, path::Path};

use novapulse::{
    base::{Random, SeededRandom},
    storage::{engine::fjall::FjallOptions, engine_spec, guard},
};

use super::fixture::{Store, active_journal, closed_store, copy, digest, prepare, used};

/// A store of nine commits whose last one was not acknowledged; gives the journal and where its batches end.
fn unacknowledged_tail() -> (tempfile::TempDir, Vec<u8>, Vec<usize>) {
    let (dir, _) = closed_store(4, 4);
    let data = dir.path().join("data");
    let store = Store::open(&data).unwrap();
    let witness = store.witness();
    let mut body = vec![0; 5000];
    SeededRandom::new(2).fill(&mut body);
    store.commit(&body);
    store.close_with_witness(&witness);
    let journal = used(&active_journal(&data));
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
    let last = ends[7];
    let data = dir.path().join("data");
    // Every byte where something begins or ends; a few of the long value between.
    let is_in_value = |cut: usize| cut > last + 400 && cut + 400 < journal.len();
    for cut in (last..journal.len()).filter(|cut| !is_in_value(*cut) || cut % 97 == 0) {
        for zeros in [0, 500] {
            let mut bytes = journal[..cut].to_vec();
            bytes.resize(cut + zeros, 0);
            fs::write(active_journal(&data), &bytes).unwrap();
            let findings = guard::inspect(&data, &engine_spec()).unwrap().findings;
            assert_eq!(findings.head.unwrap().n, 8);
            assert_eq!(findings.torn.map(|torn| torn.offset), (cut > last).then_some(last as u64), "cut at {cut}");
            // Repairs wait for the disk and the engine is slow to open; some of the cuts show that they agree.
            if cut % 64 == 0 {
                let repaired = with_journal(&data, &bytes);
                let store = Store::open(repaired.path()).unwrap();
                assert_eq!(store.head(), 8, "cut at {cut}");
                let saved = fs::read(store.directory.repaired().unwrap()).unwrap();
                assert!(!saved.is_empty() && journal[last..cut].starts_with(&saved));
            }
        }
    }
}

#[test]
fn a_tail_cut_into_an_acknowledged_batch_is_refused() {
    let (dir, journal, ends) = unacknowledged_tail();
    let damaged = with_journal(&dir.path().join("data"), &journal);
    for cut in ends[6]..ends[7] {
        fs::write(active_journal(damaged.path()), &journal[..cut]).unwrap();
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
    assert!(end - last > 4096, "the body cannot be compressed");
    for stretch in [last..last + 10, last + 5..last + 4101, last + 200..last + 4296, end - 4096..end - 1, last..end - 4]
    {
        let mut bytes = journal.clone();
        bytes[stretch.clone()].fill(0);
        let damaged = with_journal(&dir.path().join("data"), &bytes);
        let store = Store::open(damaged.path()).unwrap();
        assert!(store.directory.repaired().is_some(), "{stretch:?}");
        assert_eq!(store.head(), 8);
        store.commit(b"goes on");
        store.close();
        assert_eq!(Store::open(damaged.path()).unwrap().head(), 9);
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

/// A store with a sealed journal that the index keyspace still needs.
fn with_sealed_journal() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let engine =
        FjallOptions { memtable_bytes: 40 << 20, journal_bytes: 2 << 30, worker_threads: 1, ..Default::default() };
    let store = Store::open_with(&data, engine).unwrap();
    let mut noise = vec![0; 1 << 20];
    SeededRandom::new(1).fill(&mut noise);
    while !data.join("store/engine/1.jnl").exists() {
        store.commit(&noise);
    }
    store.commit(b"in the new journal");
    store.close();
    assert!(data.join("store/engine/0.jnl").exists());
    dir
}

#[test]
fn a_sealed_journal_may_not_be_torn_or_taken_away() {
    let dir = with_sealed_journal();
    let data = dir.path().join("data");
    let (sealed, active) = (data.join("store/engine/0.jnl"), data.join("store/engine/1.jnl"));
    assert_eq!(prepare(&data).unwrap().findings.journals.len(), 2);

    let bytes = used(&sealed);
    for cut in [bytes.len() - 1, bytes.len() / 2] {
        fs::write(&sealed, &bytes[..cut]).unwrap();
        assert_eq!(prepare(&data).unwrap_err().exit_code(), 23);
    }
    fs::remove_file(&sealed).unwrap();
    let error = prepare(&data).unwrap_err();
    assert_eq!(error.exit_code(), 24, "{error}");
    assert!(error.to_string().contains("neither in tables nor in a journal"), "{error}");
    fs::write(&sealed, &bytes).unwrap();
    assert!(prepare(&data).is_ok());

    fs::rename(&active, data.join("store/engine/2.jnl")).unwrap();
    assert_eq!(prepare(&data).unwrap_err().exit_code(), 24, "a gap between two journals");
    fs::remove_file(data.join("store/engine/2.jnl")).unwrap();
    assert_eq!(prepare(&data).unwrap_err().exit_code(), 24, "the newest journal is gone");
}
