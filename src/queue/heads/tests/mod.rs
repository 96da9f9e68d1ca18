//! The heads against a plain model of the disk: nothing lost, nothing twice, in order, within limits.

mod crowds;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::{FoundGroup, Heads, Limits, Ref, Request};
use crate::queue::settings::GroupPolicy;

const SMALL: Limits = Limits { groups: 3, refs: 48 };

/// The ready index and who runs what.
#[derive(Default)]
struct Disk {
    /// (company, priority, group, ord)
    ready: BTreeSet<(u64, u8, u64, u64)>,
    active: BTreeMap<u64, (u64, u8, u64)>,
    next_ord: u64,
}

impl Disk {
    fn item(ord: u64) -> Ref {
        Ref { ord, job: ord, kind: (ord % 2) as u32, bytes: 1 }
    }

    /// Reads what is asked for as it stands now; the answers come whenever [`Read::give`] is called.
    fn ask(&self, heads: &mut Heads) -> Vec<Read> {
        heads.requests(2).into_iter().map(|request| self.read(request)).collect()
    }

    fn read(&self, request: Request) -> Read {
        match request {
            Request::Fill { company, priority, group, after, limit, ticket } => {
                let rows: Vec<_> = self
                    .ready
                    .range((company, priority, group, after + 1)..=(company, priority, group, u64::MAX))
                    .take(limit)
                    .map(|row| Self::item(row.3))
                    .collect();
                let is_full = rows.len() == limit;
                Read::Fill { spot: (company, priority, group), ticket, rows, is_full }
            }
            Request::Search { company, after, groups, refs } => {
                let mut found: Vec<FoundGroup> = Vec::new();
                let start = after.map_or((company, 0, 0, 0), |(priority, group)| (company, priority, group, u64::MAX));
                let mut end = None;
                for (_, priority, group, ord) in self.ready.range(start..(company + 1, 0, 0, 0)) {
                    let seen = found.len();
                    match found.last_mut() {
                        Some(last) if (last.priority, last.group) == (*priority, *group) => {
                            if last.refs.len() < refs {
                                last.refs.push(Self::item(*ord));
                            }
                        }
                        _ if seen == groups => {
                            end = found.last().map(|last| (last.priority, last.group));
                            break;
                        }
                        _ => {
                            found.push(FoundGroup { priority: *priority, group: *group, refs: vec![Self::item(*ord)] });
                        }
                    }
                }
                Read::Search { company, found, end }
            }
        }
    }

    fn serve(&self, heads: &mut Heads, now_ms: u64) {
        for read in self.ask(heads) {
            read.give(heads, now_ms);
        }
    }

    fn add(&mut self, heads: &mut Heads, company: u64, priority: u8, group: u64) -> u64 {
        self.next_ord += 1;
        self.ready.insert((company, priority, group, self.next_ord));
        heads.push(company, priority, group, Self::item(self.next_ord));
        self.next_ord
    }

    /// Takes a job and checks it as a claim does; `None` when nothing was given.
    fn claim(&mut self, heads: &mut Heads, now_ms: u64) -> Option<(u64, u8, u64, u64)> {
        heads.begin_pass(now_ms);
        while let Some(taken) = heads.take(now_ms) {
            let spot = (taken.company, taken.priority, taken.group, taken.item.ord);
            if self.ready.contains(&spot) && !self.active.contains_key(&taken.item.ord) {
                self.active.insert(taken.item.ord, (taken.company, taken.priority, taken.group));
                return Some(spot);
            }
            heads.untake(taken.company, taken.group);
        }
        None
    }

    fn finish(&mut self, heads: &mut Heads, ord: u64) {
        let (company, priority, group) = self.active.remove(&ord).unwrap();
        self.ready.remove(&(company, priority, group, ord));
        heads.settled(company, group, false);
    }

    fn release(&mut self, heads: &mut Heads, ord: u64) {
        let (company, priority, group) = self.active.remove(&ord).unwrap();
        heads.settled(company, group, false);
        heads.push(company, priority, group, Self::item(ord));
    }

    fn restart(&mut self) -> Heads {
        self.active.clear();
        let mut heads = Heads::new(SMALL);
        for company in self.ready.iter().map(|row| row.0).collect::<BTreeSet<_>>() {
            heads.add_lane(company, false);
        }
        heads
    }
}

/// An answer on its way.
enum Read {
    Fill { spot: (u64, u8, u64), ticket: u64, rows: Vec<Ref>, is_full: bool },
    Search { company: u64, found: Vec<FoundGroup>, end: Option<(u8, u64)> },
}

impl Read {
    fn give(self, heads: &mut Heads, now_ms: u64) {
        match self {
            Self::Fill { spot, ticket, rows, is_full } => heads.filled(spot, ticket, Some((rows, is_full)), now_ms),
            Self::Search { company, found, end } => heads.searched(company, found, end, now_ms),
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add { company: u64, priority: u8, group: u64 },
    Flood { company: u64, group: u64, count: u8 },
    Claim,
    Finish(usize),
    Release(usize),
    Cancel(usize),
    Serve,
    Ask,
    Answer(usize),
    Restart,
    Pause(u64, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..4, 0_u8..3, 0_u64..7).prop_map(|(company, priority, group)| Step::Add { company, priority, group }),
        1 => (1_u64..4, 0_u64..7, 1_u8..90).prop_map(|(company, group, count)| Step::Flood { company, group, count }),
        8 => Just(Step::Claim),
        4 => any::<usize>().prop_map(Step::Finish),
        2 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Cancel),
        4 => Just(Step::Serve),
        4 => Just(Step::Ask),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => Just(Step::Restart),
        1 => (1_u64..4, any::<bool>()).prop_map(|(company, paused)| Step::Pause(company, paused)),
    ]
}

fn policies(heads: &mut Heads) {
    for company in 1..4 {
        heads.set_policy(company, 1, GroupPolicy { concurrency: Some(1), ..GroupPolicy::default() });
        heads.set_policy(company, 2, GroupPolicy { is_ordered: true, ..GroupPolicy::default() });
    }
}

fn limit_of(group: u64) -> usize {
    if group == 1 || group == 2 { 1 } else { usize::MAX }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(steps in prop::collection::vec(step(), 1..150)) {
        let mut disk = Disk::default();
        let mut heads = Heads::new(SMALL);
        policies(&mut heads);
        let mut paused: HashMap<u64, bool> = HashMap::new();
        let mut on_their_way: Vec<Read> = Vec::new();
        let mut now = 0;
        for step in steps {
            now += 100;
            let nth_active = |disk: &Disk, n: usize| disk.active.keys().nth(n % disk.active.len().max(1)).copied();
            match step {
                Step::Add { company, priority, group } => { disk.add(&mut heads, company, priority, group); }
                Step::Flood { company, group, count } => {
                    for _ in 0..count {
                        disk.add(&mut heads, company, 1, group);
                    }
                }
                Step::Claim => {
                    if let Some((company, priority, group, ord)) = disk.claim(&mut heads, now) {
                        prop_assert!(!paused.get(&company).copied().unwrap_or(false), "a paused lane gave a job");
                        let older = disk.ready.range((company, priority, group, 0)..(company, priority, group, ord));
                        let skipped: Vec<_> = older.filter(|row| !disk.active.contains_key(&row.3)).collect();
                        prop_assert!(skipped.is_empty(), "{ord} went before {skipped:?}");
                        let running = disk.active.values().filter(|held| (held.0, held.2) == (company, group)).count();
                        prop_assert!(running <= limit_of(group));
                        prop_assert_eq!(u64::from(heads.leased(company, group)), if group == 0 { 0 } else { running as u64 });
                    }
                }
                Step::Finish(n) => if let Some(ord) = nth_active(&disk, n) { disk.finish(&mut heads, ord) },
                Step::Release(n) => if let Some(ord) = nth_active(&disk, n) { disk.release(&mut heads, ord) },
                Step::Cancel(n) => {
                    let waiting: Vec<_> = disk.ready.iter().filter(|row| !disk.active.contains_key(&row.3)).copied().collect();
                    if let Some(row) = waiting.get(n % waiting.len().max(1)).copied() {
                        disk.ready.remove(&row);
                        heads.remove(row.0, row.1, row.2, row.3);
                    }
                }
                Step::Serve => disk.serve(&mut heads, now),
                Step::Ask => on_their_way.extend(disk.ask(&mut heads)),
                Step::Answer(n) => {
                    if !on_their_way.is_empty() {
                        let nth = n % on_their_way.len();
                        on_their_way.remove(nth).give(&mut heads, now);
                    }
                }
                Step::Restart => {
                    on_their_way.clear();
                    heads = disk.restart();
                    policies(&mut heads);
                    paused.clear();
                }
                Step::Pause(company, is_paused) => {
                    paused.insert(company, is_paused);
                    heads.set_paused(company, is_paused);
                }
            }
            prop_assert!(heads.windows <= SMALL.groups);
        }
        for read in on_their_way {
            read.give(&mut heads, now);
        }
        for company in 1..4 {
            heads.set_paused(company, false);
        }
        for round in 0..2000 {
            now += 100;
            disk.serve(&mut heads, now);
            while let Some((.., ord)) = disk.claim(&mut heads, now) {
                if round % 2 == 0 {
                    disk.finish(&mut heads, ord);
                }
            }
            let active: Vec<_> = disk.active.keys().copied().collect();
            for ord in active {
                disk.finish(&mut heads, ord);
            }
            if disk.ready.is_empty() {
                break;
            }
        }
        prop_assert!(disk.ready.is_empty(), "never given: {:?}", disk.ready);
    }
}

fn fresh() -> (Disk, Heads) {
    (Disk::default(), Heads::new(Limits { groups: 100, refs: 10_000 }))
}

#[test]
fn companies_are_served_in_turn() {
    let (mut disk, mut heads) = fresh();
    for _ in 0..50 {
        disk.add(&mut heads, 1, 5, 0);
    }
    disk.add(&mut heads, 2, 9, 0);
    disk.add(&mut heads, 3, 9, 4);
    let first: BTreeSet<_> = (0..3).map(|_| disk.claim(&mut heads, 0).unwrap().0).collect();
    assert_eq!(first, BTreeSet::from([1, 2, 3]));
}

#[test]
fn urgent_goes_first_and_groups_take_turns() {
    let (mut disk, mut heads) = fresh();
    for _ in 0..3 {
        disk.add(&mut heads, 1, 5, 10);
    }
    let other = disk.add(&mut heads, 1, 5, 20);
    let urgent = disk.add(&mut heads, 1, 0, 10);
    let order: Vec<_> = std::iter::from_fn(|| disk.claim(&mut heads, 0).map(|spot| spot.3)).collect();
    assert_eq!(order, [urgent, 1, other, 2, 3]);
}

#[test]
fn a_blocked_group_is_passed_over_until_its_time() {
    let (mut disk, mut heads) = fresh();
    let policy = GroupPolicy { blocked_until_mono_ms: Some(500), ..GroupPolicy::default() };
    heads.set_policy(1, 10, policy);
    let blocked = disk.add(&mut heads, 1, 0, 10);
    let free = disk.add(&mut heads, 1, 5, 20);
    assert_eq!(disk.claim(&mut heads, 100).unwrap().3, free);
    assert_eq!(disk.claim(&mut heads, 100), None);
    assert_eq!(heads.next_wake(100), Some(500));
    assert_eq!(disk.claim(&mut heads, 500).unwrap().3, blocked);
}

#[test]
fn a_rate_lets_through_what_it_says() {
    let (mut disk, mut heads) = fresh();
    heads.set_policy(1, 10, GroupPolicy { rate_per_second: Some(10.0), ..GroupPolicy::default() });
    for _ in 0..100 {
        disk.add(&mut heads, 1, 0, 10);
    }
    let mut started = 0;
    for now in 0..5000 {
        while disk.claim(&mut heads, now).is_some() {
            started += 1;
        }
    }
    assert!((50..=51).contains(&started), "{started}");
}

#[test]
fn a_probed_group_starts_nothing_before_the_last_is_settled() {
    let (mut disk, mut heads) = fresh();
    for _ in 0..40 {
        disk.add(&mut heads, 1, 0, 10);
    }
    // Its jobs end quickly, so it is claimed ahead.
    for _ in 0..8 {
        assert!(disk.claim(&mut heads, 0).is_some());
        heads.ended(1, 10);
    }
    heads.set_policy(1, 10, GroupPolicy { is_one_by_one: true, ..GroupPolicy::default() });
    assert_eq!(disk.claim(&mut heads, 1), None);
    for _ in 0..8 {
        heads.settled(1, 10, true);
    }
    assert!(disk.claim(&mut heads, 2).is_some());
    heads.ended(1, 10);
    assert_eq!(disk.claim(&mut heads, 3), None);
    heads.settled(1, 10, true);
    assert!(disk.claim(&mut heads, 4).is_some());
}

#[test]
fn a_held_ordered_group_waits_for_its_head() {
    let (mut disk, mut heads) = fresh();
    heads.set_policy(1, 10, GroupPolicy { is_ordered: true, ..GroupPolicy::default() });
    let first = disk.add(&mut heads, 1, 0, 10);
    let second = disk.add(&mut heads, 1, 0, 10);
    assert_eq!(disk.claim(&mut heads, 0).unwrap().3, first);
    assert_eq!(disk.claim(&mut heads, 0), None);
    disk.active.clear();
    heads.hold(1, 10, first);
    heads.settled(1, 10, false);
    assert_eq!(disk.claim(&mut heads, 0), None);
    heads.push(1, 0, 10, Disk::item(first));
    heads.unhold(1, 10, first);
    assert_eq!(disk.claim(&mut heads, 0).unwrap().3, first);
    disk.finish(&mut heads, first);
    assert_eq!(disk.claim(&mut heads, 0).unwrap().3, second);
}

#[test]
fn a_worker_gets_its_kinds_and_its_company_only() {
    let (mut disk, mut heads) = fresh();
    for _ in 0..4 {
        disk.add(&mut heads, 1, 5, 0);
    }
    disk.add(&mut heads, 2, 5, 0);
    heads.begin_pass(0);
    let odd: Vec<_> = std::iter::from_fn(|| heads.take_for(1, 0, Some(&[1])).map(|taken| taken.item.ord)).collect();
    assert_eq!(odd, [1, 3]);
    let rest: Vec<_> = std::iter::from_fn(|| heads.take_for(1, 0, None).map(|taken| taken.item.ord)).collect();
    assert_eq!(rest, [2, 4]);
    assert_eq!(heads.take_for(3, 0, None), None);
}

#[test]
fn a_quick_group_is_claimed_ahead_and_a_hanging_one_is_not() {
    let (mut disk, mut heads) = fresh();
    heads.configure(Some(2), None);
    for _ in 0..40 {
        disk.add(&mut heads, 1, 5, 10);
        disk.add(&mut heads, 1, 5, 20);
    }
    let claim_all = |disk: &mut Disk, heads: &mut Heads| {
        let mut taken = Vec::new();
        heads.begin_pass(0);
        while let Some(item) = heads.take(0) {
            disk.active.insert(item.item.ord, (item.company, item.priority, item.group));
            taken.push((item.group, item.item.ord));
        }
        taken
    };
    assert_eq!(claim_all(&mut disk, &mut heads).len(), 4);
    for _ in 0..3 {
        heads.ended(1, 10);
        heads.ended(1, 10);
        let quick = claim_all(&mut disk, &mut heads);
        assert!(quick.iter().all(|(group, _)| *group == 10));
        assert!((2..=8).contains(&quick.len()), "{}", quick.len());
    }
    assert_eq!(heads.leased(1, 20), 2);
}

#[test]
fn an_answer_for_an_earlier_window_is_ignored() {
    let mut window = super::window::Window::read(Vec::new());
    window.begin_fill(2);
    window.end_fill(1, vec![Disk::item(500)], false);
    assert!(window.is_empty());
    window.end_fill(2, vec![Disk::item(7)], false);
    assert_eq!(window.pop().unwrap().ord, 7);
}
