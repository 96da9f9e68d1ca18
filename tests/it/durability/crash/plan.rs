//! When and how the server dies in each cycle; everything follows from the seed.

use std::time::Duration;

use novapulse::base::{Random, SeededRandom};

/// One way to end a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// SIGKILL under load.
    Kill { after: Duration },
    /// SIGKILL under load, and again this long after the next start has begun.
    KillTwice { after: Duration, again: Duration },
    /// SIGKILL this long after the start has begun, ready or not; then the ordinary one.
    KillStarting { starting: Duration, after: Duration },
    /// SIGTERM under load: the server must end by itself.
    Terminate { after: Duration },
    /// SIGSTOP for a while; then SIGCONT or SIGKILL.
    Pause { after: Duration, pause: Duration, is_continued: bool },
}

impl End {
    /// How long the load runs before the first signal.
    pub(crate) const fn after(self) -> Duration {
        match self {
            Self::Kill { after }
            | Self::KillTwice { after, .. }
            | Self::KillStarting { after, .. }
            | Self::Terminate { after }
            | Self::Pause { after, .. } => after,
        }
    }

    /// The end that this cycle has under this seed.
    pub(crate) fn of(seed: u64, cycle: u32) -> Self {
        let random = SeededRandom::new(seed.wrapping_mul(31).wrapping_add(u64::from(cycle)));
        let millis = |from: u64, to: u64| Duration::from_millis(from + random.next_u64() % (to - from));
        let after = millis(20, 1_500);
        match random.next_u64() % 100 {
            0..15 => Self::KillStarting { starting: millis(1, 250), after },
            15..25 => Self::KillTwice { after, again: millis(1, 200) },
            25..35 => Self::Terminate { after },
            35..40 => Self::Pause {
                after: after / 2,
                pause: millis(500, 2_500),
                is_continued: random.next_u64().is_multiple_of(2),
            },
            _ => Self::Kill { after },
        }
    }
}
