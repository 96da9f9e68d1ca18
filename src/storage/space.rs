//! Disk space: how much is left, what may still be written, and a ballast file to give back in need.
//!
//! Below the soft mark new work is refused; below the hard mark everything but ending what was begun and
//! purging. Leaving a state takes more space than entering it, so that it does not flap. The ballast is
//! released at the hard mark, so that compaction and a restart have room to finish.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::Errno,
};

use super::guard::durable;

/// Name of the ballast file in the data directory.
pub const BALLAST_FILE: &str = "ballast";

/// The file system under the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes on the file system.
    pub total: u64,
    /// Bytes an ordinary user may still write.
    pub free: u64,
}

impl Room {
    /// Asks the system.
    ///
    /// # Errors
    /// What the system says.
    pub fn probe(dir: &Path) -> io::Result<Self> {
        let stat = statvfs(dir)?;
        let of = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Self { total: of(stat.f_blocks), free: of(stat.f_bavail) })
    }
}

/// When space counts as short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Below this many per cent of the file system, or below `soft_bytes`, space is short.
    pub soft_percent: u8,
    /// See `soft_percent`; the greater of the two counts.
    pub soft_bytes: u64,
    /// Below this only ends and removals are written.
    pub hard_bytes: u64,
}

impl Default for Marks {
    fn default() -> Self {
        Self { soft_percent: 0, soft_bytes: 2 << 30, hard_bytes: 512 << 20 }
    }
}

/// What may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Headroom {
    /// Everything.
    Ample,
    /// No new work; completing and purging go on.
    Short,
    /// Ends of what was begun, and removals.
    Exhausted,
}

impl Marks {
    /// The soft mark in bytes on a file system of this size; never below the hard mark.
    #[must_use]
    pub fn soft(&self, total: u64) -> u64 {
        let share = (total / 100).saturating_mul(u64::from(self.soft_percent));
        share.max(self.soft_bytes).max(self.hard_bytes)
    }

    /// The next state: worse at a mark, better only a quarter above it.
    #[must_use]
    pub fn judge(&self, before: Headroom, room: Room) -> Headroom {
        let (soft, hard) = (self.soft(room.total), self.hard_bytes);
        let above = |mark: u64| room.free >= mark.saturating_add(mark / 4);
        if room.free < hard || (before == Headroom::Exhausted && !above(hard)) {
            Headroom::Exhausted
        } else if room.free < soft || (before != Headroom::Ample && !above(soft)) {
            Headroom::Short
        } else {
            Headroom::Ample
        }
    }
}

/// A file that only takes up space.
#[derive(Debug)]
pub struct Ballast {
    dir: PathBuf,
    size: u64,
    /// Calls of [`Ballast::restore`] to let pass after one that failed.
    rest: u32,
}

/// A failed reservation is tried again after so many calls: about a minute of the keeper's rounds.
const REST: u32 = 120;

impl Ballast {
    /// A ballast of at most `size` bytes in the data directory; nothing is written yet.
    #[must_use]
    pub fn new(dir: &Path, size: u64) -> Self {
        Self { dir: dir.to_path_buf(), size, rest: 0 }
    }

    /// Makes the file if it is not there: its size, but at most a hundredth of the free space.
    ///
    /// Gives the bytes it holds; zero when there is too little space to matter, or when it failed lately. A file system
    /// that cannot reserve space at all is not asked again.
    ///
    /// # Errors
    /// The system cannot reserve the space; nothing is left of the attempt.
    pub fn restore(&mut self, room: Room) -> io::Result<u64> {
        if self.rest > 0 {
            self.rest -= 1;
            return Ok(0);
        }
        let restored = self.try_restore(room);
        if restored.is_err() {
            self.rest = REST;
        }
        restored
    }

    fn try_restore(&mut self, room: Room) -> io::Result<u64> {
        let path = self.path();
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.len() > 0
        {
            return Ok(metadata.len());
        }
        let size = self.size.min(room.free / 100);
        if size < 4096 {
            return Ok(0);
        }
        let file = File::create(&path)?;
        let reserved = fallocate(&file, FallocateFlags::empty(), 0, size);
        if matches!(reserved, Err(Errno::OPNOTSUPP | Errno::NOSYS)) {
            self.size = 0;
        }
        let reserved = reserved.map_err(io::Error::from);
        if let Err(error) = reserved.and_then(|()| file.sync_all()).and_then(|()| durable::sync_dir(&self.dir)) {
            drop(file);
            fs::remove_file(&path)?;
            return Err(error);
        }
        Ok(size)
    }

    /// Gives the space back; gives the bytes that were released.
    ///
    /// # Errors
    /// The file is there but cannot be removed.
    pub fn release(&self) -> io::Result<u64> {
        let path = self.path();
        let size = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        fs::remove_file(&path)?;
        durable::sync_dir(&self.dir)?;
        Ok(size)
    }

    fn path(&self) -> PathBuf {
        self.dir.join(BALLAST_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ballast, Headroom, Marks, Room};

    const GIB: u64 = 1 << 30;

    #[test]
    fn marks_are_left_with_more_space_than_they_are_entered() {
        let marks = Marks { soft_percent: 10, ..Marks::default() };
        let room = |free| Room { total: 100 * GIB, free };
        assert_eq!(marks.soft(100 * GIB), 100 * GIB / 100 * 10);
        assert_eq!(marks.judge(Headroom::Ample, room(11 * GIB)), Headroom::Ample);
        assert_eq!(marks.judge(Headroom::Ample, room(9 * GIB)), Headroom::Short);
        assert_eq!(marks.judge(Headroom::Short, room(11 * GIB)), Headroom::Short);
        assert_eq!(marks.judge(Headroom::Short, room(13 * GIB)), Headroom::Ample);
        assert_eq!(marks.judge(Headroom::Ample, room(GIB / 4)), Headroom::Exhausted);
        assert_eq!(marks.judge(Headroom::Exhausted, room(GIB / 2 + 1)), Headroom::Exhausted);
        assert_eq!(marks.judge(Headroom::Exhausted, room(GIB)), Headroom::Short);
        assert_eq!(marks.judge(Headroom::Exhausted, room(90 * GIB)), Headroom::Ample);
    }

    #[test]
    fn the_greater_mark_counts_and_the_soft_one_is_never_below_the_hard_one() {
        let marks = Marks { soft_percent: 10, soft_bytes: 3, hard_bytes: 200 };
        assert_eq!((marks.soft(1000), marks.soft(100_000)), (200, 10_000));
        assert_eq!(Marks::default().soft(GIB), 2 * GIB);
    }

    #[test]
    fn ballast_takes_at_most_a_hundredth_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut ballast = Ballast::new(dir.path(), 1 << 20);
        let room = Room { total: 1 << 30, free: 10 << 20 };
        assert_eq!(ballast.restore(room).unwrap(), (10 << 20) / 100);
        assert_eq!(ballast.restore(Room { total: 1, free: 0 }).unwrap(), (10 << 20) / 100);
        assert_eq!(ballast.release().unwrap(), (10 << 20) / 100);
        assert_eq!(ballast.release().unwrap(), 0);
        assert_eq!(ballast.restore(Room { total: 1 << 30, free: 1000 }).unwrap(), 0);
        assert!(Room::probe(dir.path()).unwrap().total > 0);
    }

    #[test]
    fn ballast_that_cannot_be_made_is_not_tried_all_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let mut ballast = Ballast::new(&missing, 1 << 20);
        let room = Room { total: 1 << 30, free: 10 << 20 };
        ballast.restore(room).unwrap_err();
        std::fs::create_dir(&missing).unwrap();
        let calls = std::iter::from_fn(|| Some(ballast.restore(room).unwrap())).take_while(|size| *size == 0).count();
        assert_eq!(calls, super::REST as usize);
    }
}
