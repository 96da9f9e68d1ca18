//! What the machine was doing meanwhile: processor time of the host, of each process, and memory.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Clock ticks per second in `/proc`; Linux has reported 100 to user space on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processor counters of the whole machine at one moment, in ticks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    total: u64,
    idle: u64,
    steal: u64,
}

impl Cpu {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields: Vec<u64> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        let at = |index: usize| fields.get(index).copied().unwrap_or(0);
        // user nice system idle iowait irq softirq steal; guest time is already inside user.
        Self { total: fields.iter().take(8).sum(), idle: at(3) + at(4), steal: at(7) }
    }

    /// Cores busy (steal included) and cores stolen since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> (f64, f64) {
        let total = self.total.saturating_sub(earlier.total).max(1) as f64;
        let share = |part: u64| part as f64 / total * cores() as f64;
        (
            share((self.total - self.idle).saturating_sub(earlier.total - earlier.idle)),
            share(self.steal - earlier.steal),
        )
    }
}

/// Number of processors the scheduler may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Processor seconds a process has used so far, its threads included.
pub(crate) fn process_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The command name may hold spaces, so count from behind its closing bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

/// A line of `/proc/<pid>/status` such as `VmRSS`, in MiB.
pub(crate) fn memory_mib(pid: u32, what: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(what)).context("no such line in /proc/<pid>/status")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1024.0)
}

/// MiB of disk the files below a directory occupy.
pub(crate) fn disk_mib(directory: &Path) -> f64 {
    use std::os::unix::fs::MetadataExt;
    let mut blocks = 0;
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => open.push(entry.path()),
                Ok(meta) => blocks += meta.blocks(),
                Err(_) => {}
            }
        }
    }
    blocks as f64 * 512.0 / f64::from(1 << 20)
}

/// Processor model, core count, memory and kernel in words.
pub(crate) fn description() -> String {
    let model = first_value("/proc/cpuinfo", "model name");
    let memory: f64 = first_value("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} cores, {model}, {:.0} GiB, Linux {}", cores(), memory / f64::from(1 << 20), kernel.trim())
}

fn first_value(path: &str, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
}
