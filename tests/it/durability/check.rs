//! The offline check, through its face and through the command.

use std::{fs, path::Path, process::Command};

use novapulse::{
    base::{SeededRandom, SystemClock, SystemRandom},
    storage::{
        COUNTERS, CounterKey, Directory, DirectoryOptions, Error, KeyRange, Order, Read, Snapshot,
        check::{Report, Verify, check},
        engine::fjall::FjallOptions,
    },
};

use super::fixture::{active_journal, digest};

fn open(data: &Path) -> Directory {
    let engine = FjallOptions { memtable_bytes: 1 << 16, ..FjallOptions::default() };
    let options = DirectoryOptions { engine, ballast_bytes: 0, ..DirectoryOptions::default() };
    Directory::open(data, &options, std::sync::Arc::new(SystemClock::default()), std::sync::Arc::new(SystemRandom))
        .unwrap()
}

/// A closed directory with a few hundred counters, some of them in tables.
fn closed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let directory = open(&dir.path().join("data"));
    for round in 0..20 {
        let written = directory.db().write_blocking(move |tx| {
            for subject in 0..400 {
                tx.add(CounterKey { area: 250, company: round, subject, what: 0 }, 1);
            }
            Ok::<_, Error>(())
        });
        written.unwrap();
    }
    directory.close();
    dir
}

struct CountersAreOne;

impl Verify for CountersAreOne {
    fn name(&self) -> &'static str {
        "every counter is one"
    }

    fn verify(&self, snapshot: &Snapshot, report: &mut Report) -> Result<(), Error> {
        snapshot.scan(COUNTERS, &KeyRange::all(), Order::Ascending, &mut |key: CounterKey, value| {
            if value != 1 {
                report.problem(format!("counter {} of company {} is {value}", key.subject, key.company));
            }
            std::ops::ControlFlow::Continue(())
        })
    }
}

fn run(data: &Path) -> (u64, String) {
    let report = check(data, &SeededRandom::new(3), &[&CountersAreOne]).unwrap();
    (report.problems(), report.to_string())
}

#[test]
fn a_sound_directory_is_called_sound_and_not_changed() {
    let dir = closed();
    let data = dir.path().join("data");
    let before = digest(&data);
    let (problems, words) = run(&data);
    assert_eq!(problems, 0, "{words}");
    for part in ["8,0", "every checksum matches", "commit records follow one another", "every counter is one"] {
        assert!(words.contains(part), "{part:?} is missing in:\n{words}");
    }
    assert!(words.ends_with("nothing is wrong with this data directory"), "{words}");
    assert_eq!(digest(&data), before);
}

#[test]
fn a_damaged_table_is_named_and_the_rest_is_still_read() {
    let dir = closed();
    let data = dir.path().join("data");
    let tables = data.join("store/engine/keyspaces/2/tables");
    let table = fs::read_dir(tables)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| path.metadata().unwrap().len());
    let table = table.unwrap();
    let mut bytes = fs::read(&table).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 4;
    fs::write(&table, bytes).unwrap();
    let before = digest(&data);
    let (problems, words) = run(&data);
    assert!(problems >= 1, "{words}");
    assert!(words.contains(table.to_str().unwrap()), "{words}");
    assert!(words.contains("follow one another") || words.contains("cannot be read on"), "{words}");
    assert_eq!(digest(&data), before);
}

#[test]
fn what_a_slice_finds_is_counted_and_only_the_first_are_named() {
    let dir = closed();
    let data = dir.path().join("data");
    let directory = open(&data);
    directory
        .db()
        .write_blocking(|tx| {
            for subject in 0..50 {
                tx.add(CounterKey { area: 250, company: 0, subject, what: 0 }, 5);
            }
            Ok::<_, Error>(())
        })
        .unwrap();
    directory.close();
    let (problems, words) = run(&data);
    assert_eq!(problems, 50, "{words}");
    assert!(words.contains("and 30 more of these") && words.ends_with("50 problems were found"), "{words}");
}

#[test]
fn a_torn_tail_is_told_but_left_alone() {
    let dir = closed();
    let data = dir.path().join("data");
    let journal = active_journal(&data);
    let mut bytes = fs::read(&journal).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    bytes.extend([1, 9, 0, 0, 0, 77]);
    fs::write(&journal, bytes).unwrap();
    let before = digest(&data);
    let (problems, words) = run(&data);
    assert_eq!(problems, 0, "{words}");
    assert!(words.contains("unfinished batch of 6 bytes"), "{words}");
    assert_eq!(digest(&data), before);
}

#[test]
fn the_command_answers_with_words_and_a_code() {
    let dir = closed();
    let data = dir.path().join("data");
    let command = |data: &Path| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_novapulse")).arg("check").arg("--data").arg(data).output().unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(words).unwrap())
    };
    let (code, words) = command(&data);
    assert_eq!((code, words.contains("nothing is wrong")), (0, true), "{words}");
    let nothing = dir.path().join("nothing");
    let (code, words) = command(&nothing);
    assert_eq!(code, 24, "{words}");
    assert!(!nothing.exists());
    let held = open(&data);
    assert_eq!(command(&data).0, 20);
    held.close();
    let journal = active_journal(&data);
    let mut bytes = fs::read(&journal).unwrap();
    bytes[40] ^= 1;
    fs::write(&journal, bytes).unwrap();
    assert_eq!(command(&data).0, 23);
}
