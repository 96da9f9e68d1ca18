//! Journals that are sealed, written out to tables and removed must never look like journals that were taken away.
//!
//! `NOVAPULSE_TEST_CHURN=<n>` sets how many times a journal is filled and the directory opened again.

use novapulse::{
    base::{Random, SeededRandom},
    storage::engine::fjall::FjallOptions,
};

use super::fixture::{Store, prepare};

#[test]
fn journals_that_were_evicted_are_not_missed() {
    let rounds = std::env::var("NOVAPULSE_TEST_CHURN").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let random = SeededRandom::new(4);
    let mut noise = vec![0; 1 << 20];
    random.fill(&mut noise);
    let mut dir = tempfile::tempdir().unwrap();
    let mut memtable_bytes = 4 << 20;
    for round in 0..rounds {
        // A keyspace keeps the memtable size it was made with; sizes decide what is written out when.
        if round % 4 == 3 {
            dir = tempfile::tempdir().unwrap();
            memtable_bytes = (1 << 20) << (random.next_u64() % 6);
        }
        let data = dir.path().join("data");
        let engine = FjallOptions { memtable_bytes, journal_bytes: 64 << 20, worker_threads: 2, ..Default::default() };
        let store = Store::open_with(&data, engine).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let before = store.head();
        for n in 0..90 {
            let len = if n % 3 == 0 { 10 } else { noise.len() };
            store.commit(&noise[..len]);
        }
        assert_eq!(store.head(), before + 90);
        if round % 2 == 0 {
            store.close();
        } else {
            drop(store);
        }
        let prepared = prepare(&data).unwrap_or_else(|error| panic!("round {round}: {error}"));
        println!("round {round}: {} journals", prepared.findings.journals.len());
    }
}
