//! A start is killed, or fails, at every system call that touches the disk; the next one must need no help.
//!
//! Uses strace's fault injection; skipped loudly where strace is not installed.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, ExitStatus},
    sync::{Arc, Mutex},
};

use super::{
    fixture::{Store, active_journal, closed_store, copy, used},
    guard::child_command,
};
use crate::support::skipped;

/// System calls that change the disk, or open what is to be changed.
const CALLS: [&str; 11] = [
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "mkdir",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
];
/// Those whose failure the test harness around the child would not notice itself.
const FALLIBLE_CALLS: [&str; 5] = ["ftruncate", "fsync", "fdatasync", "mkdir", "rename"];

fn has_strace(test: &str) -> bool {
    let is_there = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skipped(test, "strace is not installed");
    }
    is_there
}

/// Lets a start meet `fault` at the `n`-th `call`; gives how it ended, or nothing when there was no such call.
fn start_with(call: &str, fault: &str, n: usize, data: &Path) -> Option<ExitStatus> {
    let log = data.with_extension("strace");
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:{fault}:when={n}");
    let log_name = log.to_str().unwrap();
    let wrapper = ["strace", "-f", "-qq", "-o", log_name, "-e", &trace, "-e", &inject];
    let status = child_command(&wrapper, data).output().unwrap().status;
    let was_met = fs::read_to_string(&log).unwrap().contains("(INJECTED)") || status.code().is_none();
    was_met.then_some(status)
}

/// Runs every fault at every call on a fresh copy of `template`, which may be an empty directory.
fn at_every(calls: &[&'static str], fault: &str, template: &Path, judge: impl Fn(&str, Option<i32>, &Path) + Sync) {
    let points = Arc::new(Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for call in calls {
            let (points, judge) = (Arc::clone(&points), &judge);
            scope.spawn(move || {
                for n in 1.. {
                    let dir = tempfile::tempdir().unwrap();
                    let data = dir.path().join("data");
                    copy(template, &data);
                    let Some(status) = start_with(call, fault, n, &data) else { break };
                    judge(&format!("{call} {n}"), status.code(), &data);
                    *points.lock().unwrap().entry(*call).or_insert(0) += 1;
                }
            });
        }
    });
    let points = points.lock().unwrap();
    let total: usize = points.values().sum();
    println!("{fault}: {total} points, by call {points:?}");
    assert!(total > 10, "{points:?}");
}

fn has_drafts(data: &Path) -> bool {
    fs::read_dir(data).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().contains(".new-"))
}

#[test]
fn a_first_boot_killed_anywhere_is_finished_by_the_next_start() {
    if !has_strace("a_first_boot_killed_anywhere") {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    at_every(&CALLS, "signal=SIGKILL", nothing.path(), |point, _, data| {
        let store = Store::open(data).unwrap_or_else(|error| panic!("{point}: {error}"));
        assert_eq!(store.head(), 0);
        assert!(!has_drafts(data), "{point}");
    });
}

#[test]
fn a_first_boot_that_fails_anywhere_says_so_and_can_be_tried_again() {
    if !has_strace("a_first_boot_that_fails_anywhere") {
        return;
    }
    let nothing = tempfile::tempdir().unwrap();
    at_every(&FALLIBLE_CALLS, "error=ENOSPC", nothing.path(), |point, code, data| {
        // A sync that fails while the engine closes its files is made good by the sync of the whole tree.
        assert!(matches!(code, Some(0 | 26 | 27)), "{point}: {code:?}");
        Store::open(data).unwrap_or_else(|error| panic!("{point}: {error}"));
        assert!(!has_drafts(data), "{point}");
    });
}

/// A directory whose last batch is torn, and the number of its last whole commit.
fn torn() -> (tempfile::TempDir, u64) {
    let (dir, _) = closed_store(2, 3);
    let data = dir.path().join("data");
    let mut bytes = used(&active_journal(&data));
    bytes.extend([1, 2, 0, 0, 0, 9, 9, 9]);
    fs::write(active_journal(&data), bytes).unwrap();
    (dir, 5)
}

#[test]
fn a_repair_killed_anywhere_is_finished_by_the_next_start() {
    if !has_strace("a_repair_killed_anywhere") {
        return;
    }
    let (dir, head) = torn();
    at_every(&CALLS, "signal=SIGKILL", &dir.path().join("data"), |point, _, data| {
        let store = Store::open(data).unwrap_or_else(|error| panic!("{point}: {error}"));
        assert_eq!(store.head(), head, "{point}");
        assert!(fs::read_dir(data.join("doctor")).unwrap().count() >= 1, "{point}");
    });
}

#[test]
fn a_repair_that_fails_anywhere_says_so_and_can_be_tried_again() {
    if !has_strace("a_repair_that_fails_anywhere") {
        return;
    }
    let (dir, head) = torn();
    let mut seen = 0;
    for call in ["ftruncate", "fsync", "mkdir"] {
        for n in 1.. {
            let copied = tempfile::tempdir().unwrap();
            let data = copied.path().join("data");
            copy(&dir.path().join("data"), &data);
            let Some(status) = start_with(call, "error=EIO", n, &data) else { break };
            assert_eq!(status.code(), Some(27), "{call} {n}");
            let store = Store::open(&data).unwrap_or_else(|error| panic!("{call} {n}: {error}"));
            assert_eq!(store.head(), head);
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}
