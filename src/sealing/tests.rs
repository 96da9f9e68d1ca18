//! Keys of a store: made once, opened by the right master key only, replaced at any point of a death.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, SealedRows, SealedTable, begin, check, open, read, replace_seal_key, seal_for, store};
use crate::{
    base::{ManualClock, SealKey, SeededRandom, Timestamp},
    config::MasterKeys,
    named_value,
    storage::{Db, Table, keyspaces},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    sealed: Option<Vec<u8>>,
}
named_value!(Row, 1);

/// A table of the catalogue, so that a store with rows in it does not pass for a blank one.
const THINGS: Table<u64, Row> = Table::of(keyspaces::COMPANIES);
const ORPHAN: u64 = 1 << 40;

fn tables() -> Vec<Arc<dyn SealedRows>> {
    vec![Arc::new(SealedTable {
        table: THINGS,
        associated: |_, number, _| Ok((*number != ORPHAN).then(|| number.to_be_bytes().to_vec())),
        sealed: |row: &Row| row.sealed.as_deref(),
        replace: |row, sealed| row.sealed = Some(sealed),
    })]
}

fn new_store() -> Db {
    let clock = ManualClock::new(Timestamp::from_ms(1_790_000_000_000));
    Db::in_memory(Arc::new(clock), Arc::new(SeededRandom::new(1))).unwrap()
}

fn master(seed: u64) -> MasterKeys {
    MasterKeys::generate(&SeededRandom::new(seed))
}

/// Puts things with these numbers, each with its number as its secret.
fn fill(db: &Db, seal: &SealKey, numbers: std::ops::Range<u64>) {
    let random = Arc::clone(db.random());
    let rows: Vec<(u64, Row)> = numbers
        .map(|number| {
            let text = number.to_string();
            (number, Row { sealed: Some(seal.seal(&*random, &number.to_be_bytes(), text.as_bytes())) })
        })
        .collect();
    db.write_blocking(move |tx| rows.iter().try_for_each(|(number, row)| tx.put(THINGS, number, row))).unwrap();
}

/// How many values open, and what does not.
fn look(db: &Db, seal: &SealKey) -> (u64, Vec<String>) {
    let mut problems = Vec::new();
    let count = check(&db.snapshot(), seal, &tables(), &mut |problem| problems.push(problem)).unwrap();
    (count, problems)
}

#[test]
fn a_blank_store_gets_random_keys_that_only_its_master_key_opens() {
    let db = new_store();
    let seal = open(&db, &master(7)).unwrap();
    let again = open(&db, &master(7)).unwrap();
    let sealed = seal.seal(&**db.random(), b"x", b"secret");
    assert_eq!(again.open(b"x", &sealed).unwrap().as_slice(), b"secret");
    assert_eq!(again.code(b"p", b"d"), seal.code(b"p", b"d"));
    assert!(master(7).seal_key().open(b"x", &sealed).is_err(), "the master key seals keys only");
    assert_ne!(master(7).seal_key().code(b"p", b"d"), seal.code(b"p", b"d"));
    assert!(matches!(open(&db, &master(8)), Err(Error::OtherMaster)));
    assert!(matches!(read(&db.snapshot(), &master(8)), Err(Error::OtherMaster)));
}

#[test]
fn a_store_from_before_it_had_keys_goes_on_with_those_of_its_master_key() {
    let db = new_store();
    let before = master(7).seal_key();
    fill(&db, &before, 0..3);
    assert_eq!(look(&db, &read(&db.snapshot(), &master(7)).unwrap()), (3, Vec::new()));
    let seal = open(&db, &master(7)).unwrap();
    assert_eq!(look(&db, &seal), (3, Vec::new()));
    assert_eq!(seal.code(b"p", b"d"), before.code(b"p", b"d"));
    seal_for(&db, &master(7), &master(8)).unwrap();
    assert_eq!(replace_seal_key(&db, &master(8), &tables()).unwrap(), 3);
    let seal = open(&db, &master(8)).unwrap();
    assert_eq!(look(&db, &seal), (3, Vec::new()));
    assert_eq!(look(&db, &before).1.len(), 3);
    assert_eq!(seal.code(b"p", b"d"), before.code(b"p", b"d"));
}

#[test]
fn while_a_master_key_is_replaced_both_open_and_afterwards_the_new_one_alone() {
    let db = new_store();
    let (old, new) = (master(7), master(8));
    fill(&db, &open(&db, &old).unwrap(), 0..3);
    let both = old.behind(&new);
    for _ in 0..2 {
        seal_for(&db, &both, &both).unwrap();
        for key in [&old, &new, &both] {
            assert_eq!(look(&db, &open(&db, key).unwrap()), (3, Vec::new()));
        }
    }
    seal_for(&db, &both, &new).unwrap();
    assert_eq!(look(&db, &open(&db, &new).unwrap()), (3, Vec::new()));
    assert!(matches!(open(&db, &old), Err(Error::OtherMaster)));
    assert!(matches!(seal_for(&db, &old, &both), Err(Error::OtherMaster)));
}

#[test]
fn a_seal_key_is_replaced_from_wherever_it_was_left() {
    for done in 0..5 {
        let db = new_store();
        let key = master(7);
        fill(&db, &open(&db, &key).unwrap(), 0..10);
        // A replacement that died after some bounded transactions, and a server that ran on what it left.
        let seal = Arc::new(begin(&db, &key).unwrap());
        let mut after: Option<Vec<u8>> = None;
        for _ in 0..done {
            let (table, seal, random) = (tables().remove(0), Arc::clone(&seal), Arc::clone(db.random()));
            let step =
                db.write_blocking(move |tx| table.seal_anew(tx, (&seal, &*random), after.as_deref(), 3)).unwrap();
            after = step.1;
            if after.is_none() {
                break;
            }
        }
        let between = open(&db, &key).unwrap();
        fill(&db, &between, 10..12);
        assert_eq!(look(&db, &between), (12, Vec::new()));

        let left = 10_u64.saturating_sub(3 * done);
        assert_eq!(replace_seal_key(&db, &key, &tables()).unwrap(), left, "after {done} steps");
        let seal = open(&db, &key).unwrap();
        assert_eq!(look(&db, &seal), (12, Vec::new()));
        let rows = store::all(&db.snapshot()).unwrap();
        assert_eq!(rows.len(), 2, "one key for codes and one that seals are left");
        assert_eq!(replace_seal_key(&db, &key, &tables()).unwrap(), 12, "the next one seals all of them");
    }
}

#[test]
fn a_value_that_does_not_open_is_named_and_keeps_the_old_key() {
    for (number, what) in [(5_u64, "was changed or moved"), (ORPHAN, "belongs to nothing")] {
        let db = new_store();
        let key = master(7);
        let seal = open(&db, &key).unwrap();
        fill(&db, &seal, 0..3);
        let moved = seal.seal(&**db.random(), b"elsewhere", b"secret");
        db.write_blocking(move |tx| tx.put(THINGS, &number, &Row { sealed: Some(moved) })).unwrap();
        db.write_blocking(|tx| tx.put(THINGS, &9, &Row { sealed: None })).unwrap();
        let (count, problems) = look(&db, &seal);
        assert_eq!((count, problems.len()), (4, 1), "{problems:?}");
        assert!(problems[0].starts_with("COMPANIES/0000") && problems[0].contains(what), "{problems:?}");
        let Err(Error::Value(said)) = replace_seal_key(&db, &key, &tables()) else { panic!("it was replaced") };
        assert!(said.contains(what) && !said.contains("secret"), "{said}");
        assert_eq!(look(&db, &open(&db, &key).unwrap()).1.len(), 1, "the others still open");
    }
}

#[test]
fn more_rows_than_one_transaction_takes_are_all_sealed_anew() {
    let db = new_store();
    let key = master(7);
    fill(&db, &open(&db, &key).unwrap(), 0..1_203);
    assert_eq!(replace_seal_key(&db, &key, &tables()).unwrap(), 1_203);
    assert_eq!(look(&db, &open(&db, &key).unwrap()), (1_203, Vec::new()));
}
