//! More groups than memory holds, and a disk that cannot be read.

use super::{BTreeSet, Disk, GroupPolicy, Heads, Limits, Request, SMALL};

const UNTIL: u64 = 100_000;

/// So many groups of one job each, all on disk and none known.
fn on_disk(groups: u64) -> (Disk, Heads) {
    let mut disk = Disk::default();
    let mut heads = Heads::new(SMALL);
    for group in 1..=groups {
        disk.add(&mut heads, 1, 5, group);
    }
    let heads = disk.restart();
    (disk, heads)
}

/// Answers reads until none is wanted; how many there were.
fn serve(disk: &Disk, heads: &mut Heads, now_ms: u64) -> usize {
    heads.begin_pass(now_ms);
    for count in 0..1000 {
        let Some(request) = heads.requests(1).pop() else { return count };
        disk.read(request).give(heads, now_ms);
    }
    panic!("the search never rests");
}

#[test]
fn the_search_rests_while_every_group_is_blocked() {
    let (mut disk, mut heads) = on_disk(40);
    let policy = GroupPolicy { blocked_until_mono_ms: Some(UNTIL), ..GroupPolicy::default() };
    for group in 1..=40 {
        heads.set_policy(1, group, policy);
    }
    let mut reads = 0;
    for now in (0..UNTIL).step_by(50) {
        reads += serve(&disk, &mut heads, now);
        assert_eq!(disk.claim(&mut heads, now), None);
    }
    assert!(reads < 200, "{reads} reads in 100 s");
    // Nobody is forgotten once the block is over.
    let mut served = BTreeSet::new();
    for now in (UNTIL..UNTIL + 60_000).step_by(50) {
        serve(&disk, &mut heads, now);
        while let Some((.., group, ord)) = disk.claim(&mut heads, now) {
            served.insert(group);
            disk.finish(&mut heads, ord);
        }
    }
    assert_eq!(served, (1..=40).collect());
}

#[test]
fn free_groups_are_served_past_blocked_ones() {
    let (mut disk, mut heads) = on_disk(40);
    let policy = GroupPolicy { blocked_until_mono_ms: Some(UNTIL), ..GroupPolicy::default() };
    for group in 1..=30 {
        heads.set_policy(1, group, policy);
    }
    let mut served = BTreeSet::new();
    for now in (0..20_000).step_by(50) {
        serve(&disk, &mut heads, now);
        while let Some((.., group, ord)) = disk.claim(&mut heads, now) {
            served.insert(group);
            disk.finish(&mut heads, ord);
        }
    }
    assert_eq!(served, (31..=40).collect());
}

#[test]
fn a_read_that_failed_is_not_made_again_at_once() {
    let mut disk = Disk::default();
    let mut heads = Heads::new(Limits { groups: 100, refs: 64 });
    for _ in 0..200 {
        disk.add(&mut heads, 1, 5, 7);
    }
    let mut now = 0;
    let mut failed = 0;
    let mut served = 0;
    while served < 200 {
        now += 50;
        assert!(now < 60_000, "{served} served");
        heads.begin_pass(now);
        while let Some(request) = heads.requests(1).pop() {
            match request {
                Request::Fill { company, priority, group, ticket, .. } if failed < 3 => {
                    failed += 1;
                    heads.filled((company, priority, group), ticket, None, now);
                    assert!(!heads.has_requests());
                }
                request => disk.read(request).give(&mut heads, now),
            }
        }
        while let Some((.., ord)) = disk.claim(&mut heads, now) {
            served += 1;
            disk.finish(&mut heads, ord);
        }
    }
    assert_eq!(failed, 3);
}

#[test]
fn companies_that_hold_little_are_taken_from_first_and_come_back_when_their_jobs_end() {
    let mut disk = Disk::default();
    let mut heads = Heads::new(Limits { groups: 16, refs: 256 });
    heads.set_lesser(2);
    for company in [1, 1, 1, 1, 2, 2, 2] {
        disk.add(&mut heads, company, 5, 0);
    }
    heads.begin_pass(0);
    let taken: Vec<_> = std::iter::from_fn(|| heads.take_lesser(0)).collect();
    assert!(taken.iter().all(|taken| taken.is_lesser));
    let companies: Vec<_> = taken.iter().map(|taken| taken.company).collect();
    assert_eq!(companies, [1, 2, 1, 2]);
    assert!(!heads.has_lesser());
    heads.ended(2, 0);
    assert_eq!(heads.take_lesser(0).map(|taken| taken.company), Some(2));
    heads.settled(2, 0, true);
    assert_eq!(heads.take_lesser(0), None);
    heads.settled(1, 0, false);
    assert_eq!(heads.take_lesser(0).map(|taken| (taken.company, taken.item.ord)), Some((1, 3)));
    // The others are not passed over: what is left comes in turn.
    assert_eq!(heads.take(0).map(|taken| (taken.company, taken.is_lesser)), Some((1, false)));
    assert_eq!(heads.take(0), None);
}
