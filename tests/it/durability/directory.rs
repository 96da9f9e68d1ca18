//! A data directory through opening, closing and opening again.

use std::sync::Arc;

use novapulse::{
    base::{SystemClock, SystemRandom},
    storage::{CounterKey, Directory, DirectoryOptions, Error, Head, OpenError, Read, verify_chain},
};

const COUNT: CounterKey = CounterKey { area: 250, company: 0, subject: 0, what: 0 };

fn open(path: &std::path::Path) -> Result<Directory, OpenError> {
    let options = DirectoryOptions { ballast_bytes: 1 << 20, ..DirectoryOptions::default() };
    Directory::open(path, &options, Arc::new(SystemClock::default()), Arc::new(SystemRandom))
}

#[test]
fn what_was_written_is_there_after_reopening_and_boots_are_counted() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data");
    let mut last_hi = 0;
    for boot in 1..=3_u64 {
        let directory = open(&path).unwrap();
        assert_eq!((directory.boot(), directory.is_new()), (boot, boot == 1));
        let minted = directory.db().write_blocking(|tx| {
            tx.add(COUNT, 1);
            Ok::<_, Error>(tx.mint().hi)
        });
        let minted = minted.unwrap();
        assert!(minted > last_hi);
        last_hi = minted;
        let snapshot = directory.db().snapshot();
        assert_eq!(snapshot.counter(&COUNT).unwrap(), i64::try_from(boot).unwrap());
        assert_eq!(verify_chain(&snapshot).unwrap(), Head::read(&snapshot).unwrap().number);
        drop(snapshot);
        directory.close();
    }
}

#[test]
fn a_directory_in_use_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let first = open(root.path()).unwrap();
    let second = open(root.path()).unwrap_err();
    assert_eq!(second.exit_code(), 20, "{second}");
    first
        .db()
        .write_blocking(|tx| {
            tx.add(COUNT, 1);
            Ok::<_, Error>(())
        })
        .unwrap();
    first.close();
    open(root.path()).unwrap().close();
}
