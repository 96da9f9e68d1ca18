//! Going on with what is left of a store that the guard refuses.

use std::{fs, path::Path, process::Command};

use novapulse::{
    base::{SeededRandom, SystemClock},
    storage::check::{accept_loss, check, weigh_loss},
};

use super::fixture::{Store, active_journal, closed_store, digest, flush, used};

/// Weighs, checks that this changes nothing, accepts; gives the words of the loss.
fn accept(data: &Path) -> String {
    let before = digest(data);
    let losses = weigh_loss(data).unwrap();
    assert_eq!(digest(data), before);
    let words = losses.words().join("\n");
    assert!(!words.is_empty());
    let shelf = accept_loss(losses, &SystemClock::default(), &SeededRandom::new(5)).unwrap();
    assert!(shelf.starts_with(data.join("doctor")));
    words
}

/// The store opens with `head` commits, takes more, opens again, and nothing is wrong with it.
fn goes_on(data: &Path, head: u64) {
    let store = Store::open(data).unwrap();
    assert_eq!(store.head(), head);
    assert_eq!(store.commit(b"after the loss"), head + 1);
    store.close();
    let store = Store::open(data).unwrap();
    assert_eq!(store.head(), head + 1);
    store.close();
    flush(data);
    let report = check(data, &SeededRandom::new(6), &[]).unwrap();
    let words = report.to_string();
    // Tables of the fixture are not in the catalogue, which is the only thing to find.
    assert!(report.problems() <= 2 && !words.contains("missing") && !words.contains("damaged"), "{words}");
}

#[test]
fn what_stands_before_a_damaged_spot_is_kept() {
    let (dir, _) = closed_store(3, 6);
    let data = dir.path().join("data");
    let journal = active_journal(&data);
    let whole = used(&journal);
    let end_of_sixth = whole.windows(4).enumerate().filter(|(_, four)| *four == b"FJL\x03").nth(5).unwrap().0 + 4;
    let mut bytes = whole.clone();
    bytes[end_of_sixth + 40] ^= 0x20;
    fs::write(&journal, bytes).unwrap();
    assert!(Store::open(&data).is_err());
    let words = accept(&data);
    assert!(words.contains("2 complete batches after it"), "{words}");
    assert!(words.contains("3 missing"), "{words}");
    let kept: Vec<_> = digest(&data.join("doctor")).into_keys().collect();
    assert!(kept.iter().any(|path| path.ends_with("0.jnl")) && kept.iter().any(|path| path.ends_with("witness")));
    goes_on(&data, 6);
}

#[test]
fn a_store_without_its_witness_loses_nothing() {
    let (dir, rows) = closed_store(2, 2);
    let data = dir.path().join("data");
    fs::remove_file(data.join("witness")).unwrap();
    assert!(accept(&data).contains("witness is made anew"));
    let store = Store::open(&data).unwrap();
    let mut now = store.rows().unwrap();
    let mut then = rows;
    // The engine's own row moves on.
    now.retain(|(_, key), _| key != &[255]);
    then.retain(|(_, key), _| key != &[255]);
    assert!(now == then);
    store.close();
    goes_on(&data, 4);
}

#[test]
fn journals_that_are_gone_can_be_done_without() {
    let (dir, _) = closed_store(3, 4);
    let data = dir.path().join("data");
    fs::remove_file(active_journal(&data)).unwrap();
    let words = accept(&data);
    assert!(words.contains("there is no journal"), "{words}");
    goes_on(&data, 3);
}

#[test]
fn the_command_says_what_it_would_do_before_it_does_it() {
    let (dir, _) = closed_store(1, 3);
    let data = dir.path().join("data");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        let output = command.arg("check").args(arguments).arg("--data").arg(&data).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert!(run(&["--accept-loss"]).1.contains("nothing to give up"));
    let journal = active_journal(&data);
    let bytes = used(&journal);
    fs::write(&journal, &bytes[..bytes.len() - 3]).unwrap();
    let before = digest(&data);
    let (code, words) = run(&["--accept-loss"]);
    assert_eq!((code, words.contains("1 missing"), digest(&data) == before), (23, true, true), "{words}");
    assert_eq!(run(&["--yes"]).0, 2);
    let (code, words) = run(&["--accept-loss", "--yes"]);
    assert_eq!(code, 0, "{words}");
    goes_on(&data, 3);
}
