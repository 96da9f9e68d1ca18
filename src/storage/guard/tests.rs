//! The journal reader and the doctor over synthetic journals; the real engine's are in `tests/it/durability`.

use std::{fs, path::PathBuf};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::{
    GuardError,
    chain::{GENESIS, Hash, Link},
    doctor,
    journal::{self, Fault, Rules, Tail},
    layout::Layout,
    stamp::{STAMP_KEY, Stamp},
};
use crate::storage::witness::Mark;

const RULES: Rules = Rules { commit_prefix: 1, read_commit };

fn read_commit(key: &[u8], value: &[u8]) -> Option<Link> {
    let (previous, hash) = value.split_first_chunk()?;
    Some(Link {
        n: u64::from_be_bytes(key.get(1..)?.try_into().ok()?),
        previous: *previous,
        hash: hash.try_into().ok()?,
    })
}

fn hash(n: u64) -> Hash {
    if n == 0 { GENESIS } else { xxh3_128(&n.to_be_bytes()).to_be_bytes() }
}

fn item(keyspace: u64, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0];
    bytes.extend(keyspace.to_le_bytes());
    bytes.extend((key.len() as u16).to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(key);
    bytes.extend(value);
    bytes
}

fn sealed(seqno: u64, items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    let mut bytes = vec![1];
    bytes.extend((items.len() as u32).to_le_bytes());
    bytes.extend(seqno.to_le_bytes());
    bytes.extend(&body);
    bytes.push(3);
    bytes.extend(xxh3_64(&body).to_le_bytes());
    bytes.extend(b"FJL\x03");
    bytes
}

/// Sequence numbers run in twos: the engine takes one between two batches now and then.
fn seqno(n: u64) -> u64 {
    10 + 2 * n
}

fn floor(n: u64) -> u64 {
    if n == 0 { 0 } else { seqno(n) - 1 }
}

/// The rows every batch that writes to both keyspaces has.
fn bookkeeping(n: u64) -> [Vec<u8>; 3] {
    let stamp = Stamp { floor: floor(n), touched: [true, true], before: [floor(n - 1); 2] }.encode();
    let key = [vec![1], n.to_be_bytes().to_vec()].concat();
    let commit = item(2, &key, &[hash(n - 1), hash(n)].concat());
    [commit, item(1, &STAMP_KEY, &stamp), item(2, &STAMP_KEY, &stamp)]
}

fn batch(n: u64) -> Vec<u8> {
    let rows = [&[item(1, b"job", &[7; 40])][..], &bookkeeping(n)].concat();
    sealed(seqno(n), &rows)
}

fn journal(numbers: std::ops::RangeInclusive<u64>) -> Vec<u8> {
    numbers.flat_map(batch).collect()
}

fn mark(n: u64) -> Mark {
    Mark { n, hash: hash(n), ..Mark::NEW }
}

/// Writes the journals and lets the doctor look; whatever he finds, he changes nothing.
fn examine(journals: &[Vec<u8>], acknowledged: u64) -> Result<doctor::Findings, GuardError> {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..journals.len()).map(|number| dir.path().join(format!("{number}.jnl"))).collect();
    for (path, bytes) in paths.iter().zip(journals) {
        fs::write(path, bytes).unwrap();
    }
    let result = look(&paths, &mark(acknowledged));
    for (path, bytes) in paths.iter().zip(journals) {
        assert!(fs::read(path).unwrap() == *bytes);
    }
    result
}

fn look(journals: &[PathBuf], acknowledged: &Mark) -> Result<doctor::Findings, GuardError> {
    look_with_tables(journals, acknowledged, [u64::MAX; 2])
}

fn look_with_tables(
    journals: &[PathBuf],
    acknowledged: &Mark,
    persisted: [u64; 2],
) -> Result<doctor::Findings, GuardError> {
    let layout = Layout { journals: journals.to_vec(), tables: Vec::new(), persisted };
    doctor::examine(&layout, &RULES, acknowledged)
}

#[test]
fn whole_batches_and_zeros_are_clean() {
    let mut bytes = journal(1..=5);
    let end = bytes.len();
    bytes.resize(end + 9000, 0);
    let reading = journal::read(&bytes, &RULES, &mut None, &mut |_| ());
    assert_eq!((reading.batches, reading.end, reading.tail), (5, end, Tail::Clean));
    let findings = examine(&[bytes, journal(6..=9)], 9).unwrap();
    assert_eq!(findings.head.unwrap().n, 9);
    assert!(examine(&[vec![0; 100]], 4).unwrap().head.is_none());
}

#[test]
fn a_tail_cut_at_every_byte_is_torn_and_nothing_more_is_lost() {
    let whole = journal(1..=6);
    let last = whole.len() - batch(6).len();
    for is_zero_filled in [false, true] {
        for cut in last + 1..whole.len() {
            let mut bytes = whole[..cut].to_vec();
            if is_zero_filled {
                bytes.resize(whole.len() + 500, 0);
            }
            let findings = examine(&[bytes], 5).unwrap();
            assert_eq!(findings.head.unwrap().n, 5, "cut at {cut}");
            assert_eq!(findings.torn.unwrap().offset, last as u64);
        }
    }
}

#[test]
fn a_cut_behind_the_last_acknowledged_commit_is_refused_with_the_count() {
    let whole = journal(1..=6);
    let cut = whole.len() - batch(6).len() - 3;
    let error = examine(&[whole[..cut].to_vec()], 6).unwrap_err();
    assert_eq!(error.exit_code(), 23);
    assert!(error.to_string().contains("2 missing"), "{error}");
    let at_a_border = whole.len() - batch(6).len();
    let error = examine(&[whole[..at_a_border].to_vec()], 6).unwrap_err();
    assert_eq!(error.exit_code(), 24);
}

/// No byte is unguarded but the sequence number, and there only a change that keeps the order passes.
#[test]
fn any_flipped_bit_is_refused_or_changes_nothing() {
    let whole = journal(1..=4);
    let starts: Vec<usize> = (0..4).map(|n| batch(1).len() * n).collect();
    let mut passed = 0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let seqno_at = starts.iter().find(|start| (*start + 5..*start + 13).contains(&at));
            match examine(&[bytes.clone()], 4) {
                Err(error) => assert!(matches!(error.exit_code(), 23 | 24), "{error}"),
                Ok(findings) => {
                    let start = seqno_at.unwrap_or_else(|| panic!("byte {at}")) + 5;
                    let changed = u64::from_le_bytes(bytes[start..start + 8].try_into().unwrap());
                    let n = (start / batch(1).len()) as u64 + 1;
                    assert!(changed >= floor(n) && (n == 4 || changed < floor(n + 1)), "byte {at}");
                    assert!(findings.head.unwrap().n == 4 && findings.torn.is_none());
                    passed += 1;
                }
            }
        }
    }
    assert!(passed < 40, "{passed}");
}

#[test]
fn a_journal_that_is_gone_is_noticed_by_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("3.jnl");
    fs::write(&path, journal(6..=8)).unwrap();
    let look = |persisted| look_with_tables(std::slice::from_ref(&path), &mark(8), persisted);
    assert!(look([seqno(5), seqno(5)]).is_ok());
    assert!(look([seqno(5), seqno(7)]).is_ok());
    for persisted in [[seqno(4), seqno(5)], [seqno(5), seqno(4)], [0, seqno(5)], [0, 0]] {
        let error = look(persisted).unwrap_err();
        assert_eq!(error.exit_code(), 24);
        assert!(error.to_string().contains("begins with commit 6"), "{error}");
    }
}

#[test]
fn damage_says_where_and_how_much_is_around_it() {
    let mut bytes = journal(1..=9);
    let at = batch(1).len() * 3 + 60;
    bytes[at] ^= 0xff;
    let message = examine(&[bytes], 9).unwrap_err().to_string();
    assert!(message.contains("3 intact batches before") && message.contains("5 complete batches after"), "{message}");
}

#[test]
fn a_zeroed_stretch_is_torn_at_the_end_and_damage_before() {
    let len = batch(1).len();
    let mut bytes = journal(1..=5);
    bytes[len * 4 + 20..len * 4 + 60].fill(0);
    assert_eq!(examine(&[bytes.clone()], 4).unwrap().torn.unwrap().offset, len as u64 * 4);
    assert_eq!(examine(&[bytes], 5).unwrap_err().exit_code(), 23);
    let mut bytes = journal(1..=5);
    bytes[len * 2..len * 3].fill(0);
    assert_eq!(examine(&[bytes], 1).unwrap_err().exit_code(), 23);
}

#[test]
fn a_sealed_journal_may_not_be_torn_and_none_may_be_missing() {
    let cut = journal(1..=3)[..batch(1).len() * 3 - 5].to_vec();
    assert_eq!(examine(&[cut, journal(4..=5)], 2).unwrap_err().exit_code(), 23);
    assert_eq!(examine(&[journal(1..=2), journal(4..=5)], 5).unwrap_err().exit_code(), 23);
    assert_eq!(examine(&[journal(4..=5), journal(1..=2)], 2).unwrap_err().exit_code(), 23);
}

#[test]
fn swapped_and_doubled_batches_are_out_of_order() {
    for numbers in [[1, 3, 2], [1, 1, 2], [1, 2, 2]] {
        let bytes: Vec<u8> = numbers.into_iter().flat_map(batch).collect();
        let reading = journal::read(&bytes, &RULES, &mut None, &mut |_| ());
        assert!(
            matches!(reading.tail, Tail::Broken { spot, .. } if matches!(spot.fault, Fault::Order { .. })),
            "{reading:?}"
        );
        assert!(examine(&[bytes], 1).is_err());
    }
}

#[test]
fn another_history_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.jnl");
    fs::write(&path, journal(1..=4)).unwrap();
    let acknowledged = Mark { hash: [9; 16], ..mark(3) };
    let error = look(&[path], &acknowledged).unwrap_err();
    assert_eq!(error.exit_code(), 24);
}

#[test]
fn what_the_writer_never_writes_is_refused() {
    let [commit, stamp_records, stamp_index] = bookkeeping(1);
    let row = item(1, b"k", b"v");
    let wrong_length = {
        let mut bytes = row.clone();
        bytes[13] = 9;
        bytes
    };
    let clear = [vec![4], 1_u64.to_le_bytes().to_vec()].concat();
    let removal_with_value = {
        let mut bytes = row.clone();
        bytes[1] = 1;
        bytes
    };
    let whole = [row.clone(), commit.clone(), stamp_records.clone(), stamp_index.clone()];
    let read = |rows: &[Vec<u8>]| journal::read(&sealed(seqno(1), rows), &RULES, &mut None, &mut |_| ());
    assert_eq!(read(&whole).batches, 1);
    for missing in 1..whole.len() {
        let rows: Vec<_> = (0..whole.len()).filter(|at| *at != missing).map(|at| whole[at].clone()).collect();
        assert_eq!(read(&rows).batches, 0, "{missing}");
    }
    for more in [
        commit,
        stamp_records,
        stamp_index,
        item(3, b"k", b"v"),
        item(0, b"k", b"v"),
        wrong_length,
        clear,
        removal_with_value,
    ] {
        let reading = read(&[&whole[..], &[more]].concat());
        assert!(reading.batches == 0 && matches!(reading.tail, Tail::Broken { .. }), "{reading:?}");
    }
    assert_eq!(read(&[]).batches, 0);
}

#[test]
fn a_repair_saves_the_tail_and_leaves_a_clean_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("7.jnl");
    let mut bytes = journal(1..=3);
    let end = bytes.len();
    bytes.extend(&batch(4)[..50]);
    bytes.resize(end + 4096, 0);
    fs::write(&path, &bytes).unwrap();
    let shelf = dir.path().join("doctor");
    for round in 0..2 {
        let torn = look(std::slice::from_ref(&path), &mark(3)).unwrap().torn.unwrap();
        let saved = doctor::repair(&torn, &shelf, "now").unwrap();
        assert_eq!(fs::read(&saved).unwrap(), batch(4)[..50]);
        assert_eq!(fs::read(&path).unwrap(), journal(1..=3));
        assert_eq!(fs::read_dir(&shelf).unwrap().count(), round + 1);
        fs::write(&path, &bytes).unwrap();
    }
}

/// A payload may contain the bytes of a batch; only a tail that is torn *and* newer counts.
#[test]
fn an_old_batch_inside_a_payload_is_not_taken_for_a_later_one() {
    let rows = [&[item(1, b"evil", &batch(1))][..], &bookkeeping(3)].concat();
    let torn = sealed(seqno(3), &rows);
    let mut bytes = journal(1..=2);
    let end = bytes.len();
    bytes.extend(&torn[..torn.len() - 4]);
    assert_eq!(examine(&[bytes], 2).unwrap().torn.unwrap().offset, end as u64);
}
