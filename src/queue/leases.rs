//! The leases of one queue, in memory. Pure: the monotonic clock is an input.
//!
//! A lease is known by job and generation, so an old one can end while a newer one exists. Only
//! leases of external workers have a deadline; those of a pool end with their handler.

use std::collections::{BTreeSet, HashMap};

/// What a lease stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) company: u64,
    pub(crate) group: u64,
    /// The monotonic time at which it is lost; `None` for a pool's.
    pub(crate) deadline_ms: Option<u64>,
    /// The monotonic time at which the attempt has taken too long, heartbeats or not.
    pub(crate) cut_off_ms: Option<u64>,
    /// The handler has ended and the settlement is on its way.
    pub(crate) is_ended: bool,
    /// It is being taken back: a sign of life must be written to count.
    pub(crate) is_lost: bool,
}

/// Why a lease is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// No heartbeat in time.
    Silent,
    /// The attempt took longer than it may.
    TimedOut,
}

/// What a sign of life does to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// It holds until then.
    Extended(u64),
    /// The attempt has taken too long and is being ended.
    CutOff,
    /// It is not held, or being taken back: only the stored row can tell.
    Unknown,
}

/// The leases of one queue.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: HashMap<(u64, u32), Lease>,
    /// (deadline, job, generation) of external leases.
    deadlines: BTreeSet<(u64, u64, u32)>,
}

impl Leases {
    /// Leases held by external workers.
    pub(crate) fn external(&self) -> usize {
        self.deadlines.len()
    }

    /// Leases in all.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// The jobs of a company under a lease.
    pub(crate) fn jobs_of(&self, company: u64) -> impl Iterator<Item = u64> + '_ {
        self.held.iter().filter(move |(_, lease)| lease.company == company).map(|((job, _), _)| *job)
    }

    /// The jobs of a company with workers outside.
    pub(crate) fn outside(&self, company: u64) -> impl Iterator<Item = u64> + '_ {
        let is_outside = move |lease: &Lease| lease.company == company && lease.deadline_ms.is_some();
        self.held.iter().filter(move |(_, lease)| is_outside(lease)).map(|((job, _), _)| *job)
    }

    /// Whose lease it is.
    pub(crate) fn company(&self, job: u64, generation: u32) -> Option<u64> {
        self.held.get(&(job, generation)).map(|lease| lease.company)
    }

    /// Notes a lease that was given.
    pub(crate) fn grant(&mut self, job: u64, generation: u32, lease: Lease) {
        if let Some(at) = lease.deadline_ms {
            self.deadlines.insert((at, job, generation));
        }
        if let Some(old) = self.held.insert((job, generation), lease)
            && old.deadline_ms != lease.deadline_ms
            && let Some(at) = old.deadline_ms
        {
            self.deadlines.remove(&(at, job, generation));
        }
    }

    /// Whether the lease is held on a job of this company.
    pub(crate) fn is_of(&self, company: u64, job: u64, generation: u32) -> bool {
        self.held.get(&(job, generation)).is_some_and(|lease| lease.company == company)
    }

    /// Takes a sign of life of a company's job and generation.
    pub(crate) fn beat(&mut self, (company, job, generation): (u64, u64, u32), deadline_ms: u64, now_ms: u64) -> Beat {
        if !self.is_of(company, job, generation) {
            return Beat::Unknown;
        }
        if self.is_cut_off(job, generation, now_ms) {
            return Beat::CutOff;
        }
        self.extend(job, generation, deadline_ms).map_or(Beat::Unknown, Beat::Extended)
    }

    /// Whether the attempt under the lease has taken too long.
    pub(crate) fn is_cut_off(&self, job: u64, generation: u32, now_ms: u64) -> bool {
        self.held.get(&(job, generation)).is_some_and(|lease| lease.cut_off_ms.is_some_and(|at| at <= now_ms))
    }

    /// Moves the deadline of an external lease; `None` when it is not held.
    pub(crate) fn extend(&mut self, job: u64, generation: u32, deadline_ms: u64) -> Option<u64> {
        let lease = self.held.get_mut(&(job, generation)).filter(|lease| !lease.is_lost)?;
        let old = lease.deadline_ms?;
        let new = deadline_ms.min(lease.cut_off_ms.unwrap_or(u64::MAX));
        lease.deadline_ms = Some(new);
        self.deadlines.remove(&(old, job, generation));
        self.deadlines.insert((new, job, generation));
        Some(new)
    }

    /// Moves the deadline of an external lease whose sign of life was written; `None` when it is not held.
    pub(crate) fn revive(&mut self, job: u64, generation: u32, deadline_ms: u64) -> Option<u64> {
        self.held.get_mut(&(job, generation))?.is_lost = false;
        self.extend(job, generation, deadline_ms)
    }

    /// Whether the lease is held and being taken back.
    pub(crate) fn is_lost(&self, job: u64, generation: u32) -> bool {
        self.held.get(&(job, generation)).is_some_and(|lease| lease.is_lost)
    }

    /// Sets when the attempt has taken too long, for an external lease.
    pub(crate) fn cut_off_at(&mut self, job: u64, generation: u32, cut_off_ms: u64) {
        let Some(lease) = self.held.get_mut(&(job, generation)) else { return };
        lease.cut_off_ms = Some(cut_off_ms);
        if let Some(deadline) = lease.deadline_ms {
            self.extend(job, generation, deadline);
        }
    }

    /// The handler has ended; `true` the first time.
    pub(crate) fn end_run(&mut self, job: u64, generation: u32) -> bool {
        match self.held.get_mut(&(job, generation)) {
            Some(lease) if !lease.is_ended => {
                lease.is_ended = true;
                true
            }
            _ => false,
        }
    }

    /// Ends a lease; `None` when it is not held.
    pub(crate) fn remove(&mut self, job: u64, generation: u32) -> Option<Lease> {
        let lease = self.held.remove(&(job, generation))?;
        if let Some(at) = lease.deadline_ms {
            self.deadlines.remove(&(at, job, generation));
        }
        Some(lease)
    }

    /// External leases whose deadline has passed, at most `limit`.
    ///
    /// They stay held until [`Leases::remove`]; their deadline moves to `again_ms`, so that no look that begins before
    /// finds them twice.
    pub(crate) fn expired(&mut self, now_ms: u64, limit: usize, again_ms: u64) -> Vec<(u64, u32, Lost)> {
        let due: Vec<_> = self.deadlines.iter().take_while(|(at, ..)| *at <= now_ms).take(limit).copied().collect();
        let mut lost = Vec::with_capacity(due.len());
        for (at, job, generation) in due {
            self.deadlines.remove(&(at, job, generation));
            let Some(lease) = self.held.get_mut(&(job, generation)) else { continue };
            let is_cut_off = lease.cut_off_ms.is_some_and(|cut_off| cut_off <= now_ms);
            lost.push((job, generation, if is_cut_off { Lost::TimedOut } else { Lost::Silent }));
            lease.deadline_ms = Some(again_ms);
            lease.is_lost = true;
            self.deadlines.insert((again_ms, job, generation));
        }
        lost
    }

    /// Lost leases that could not be taken back are found by the next look.
    pub(crate) fn find_again(&mut self, lost: &[(u64, u32)], now_ms: u64) {
        for (job, generation) in lost.iter().copied() {
            let Some(lease) = self.held.get_mut(&(job, generation)).filter(|lease| lease.is_lost) else { continue };
            if let Some(at) = lease.deadline_ms.replace(now_ms) {
                self.deadlines.remove(&(at, job, generation));
            }
            self.deadlines.insert((now_ms, job, generation));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Beat, Lease, Leases, Lost};

    const fn external(deadline_ms: u64, cut_off_ms: Option<u64>) -> Lease {
        Lease { company: 1, group: 0, deadline_ms: Some(deadline_ms), cut_off_ms, is_ended: false, is_lost: false }
    }

    #[test]
    fn a_lease_is_lost_at_its_deadline_unless_extended() {
        let mut leases = Leases::default();
        leases.grant(7, 1, external(100, None));
        assert_eq!(leases.extend(7, 1, 200), Some(200));
        assert_eq!(leases.expired(150, 10, 999), []);
        assert_eq!(leases.expired(200, 10, 999), [(7, 1, Lost::Silent)]);
        assert_eq!(leases.expired(200, 10, 999), []);
        leases.find_again(&[(7, 1), (8, 1)], 210);
        assert_eq!(leases.expired(210, 10, 999), [(7, 1, Lost::Silent)]);
        assert!(leases.is_lost(7, 1));
        assert_eq!(leases.extend(7, 1, 5000), None);
        assert_eq!(leases.expired(999, 10, 2000), [(7, 1, Lost::Silent)]);
        assert!(leases.remove(7, 1).is_some());
        assert_eq!(leases.external(), 0);
        assert_eq!(leases.expired(9999, 10, 10_000), []);
    }

    #[test]
    fn a_written_sign_of_life_saves_a_lost_lease() {
        let mut leases = Leases::default();
        leases.grant(7, 1, external(100, None));
        assert_eq!(leases.expired(100, 10, 999), [(7, 1, Lost::Silent)]);
        assert_eq!(leases.revive(7, 1, 300), Some(300));
        assert!(!leases.is_lost(7, 1));
        assert_eq!(leases.expired(299, 10, 999), []);
        assert_eq!(leases.revive(8, 1, 300), None);
    }

    #[test]
    fn heartbeats_do_not_move_the_cut_off() {
        let mut leases = Leases::default();
        leases.grant(7, 1, external(100, Some(120)));
        assert_eq!(leases.extend(7, 1, 500), Some(120));
        assert_eq!(leases.expired(120, 10, 999), [(7, 1, Lost::TimedOut)]);
    }

    #[test]
    fn a_sign_of_life_behind_the_cut_off_is_refused() {
        let mut leases = Leases::default();
        leases.grant(7, 1, external(100, Some(120)));
        assert_eq!(leases.beat((2, 7, 1), 500, 50), Beat::Unknown, "of another company");
        assert_eq!(leases.beat((1, 7, 1), 500, 50), Beat::Extended(120));
        assert_eq!(leases.beat((1, 7, 1), 500, 120), Beat::CutOff);
        assert_eq!(leases.expired(120, 10, 999), [(7, 1, Lost::TimedOut)]);
        assert!(leases.is_cut_off(7, 1, 120));
        leases.grant(8, 1, external(100, None));
        assert_eq!(leases.expired(100, 10, 999), [(8, 1, Lost::Silent)]);
        assert_eq!(leases.beat((1, 8, 1), 500, 101), Beat::Unknown, "it must be written");
    }

    #[test]
    fn generations_are_apart() {
        let mut leases = Leases::default();
        leases.grant(7, 1, external(100, None));
        leases.grant(7, 2, external(300, None));
        assert_eq!(leases.extend(7, 3, 400), None);
        assert!(leases.remove(7, 1).is_some());
        assert!(leases.remove(7, 1).is_none());
        assert_eq!(leases.len(), 1);
        assert!(leases.end_run(7, 2));
        assert!(!leases.end_run(7, 2));
    }
}
