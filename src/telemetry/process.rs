//! What the operating system says about this process, read when metrics are asked for.

use std::fs;

/// A reading of the process's use of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// Processor time used, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Open file descriptors.
    pub open_files: u64,
}

/// The unit of the times in `/proc/self/stat`; Linux reports them in 1/100 s on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc/self`; what cannot be read stays zero.
pub(super) fn read() -> Reading {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in brackets and may hold anything; count from behind it.
    let fields: Vec<u64> = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split(' ').map(|field| field.trim().parse().unwrap_or_default()).collect())
        .unwrap_or_default();
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or_default();
    Reading {
        resident_bytes: field(24) * rustix::param::page_size() as u64,
        cpu_seconds: (field(14) + field(15)) as f64 / TICKS_PER_SECOND,
        open_files: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_process_has_memory_and_files() {
        let reading = super::read();
        assert!(reading.resident_bytes > 1 << 20, "{reading:?}");
        assert!(reading.open_files > 2, "{reading:?}");
    }
}
