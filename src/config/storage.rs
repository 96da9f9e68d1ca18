//! `[storage]`: the data directory and what the engine may use.

use std::path::PathBuf;

use super::{section::section, value::ByteSize};

section! {
    /// The data directory, and the memory and disk the storage engine may use.
    Storage in "storage" {
        /// The data directory; made when missing. One process at a time.
        directory: PathBuf = PathBuf::from("./data");
        /// Cache of table blocks.
        cache: ByteSize = ByteSize::mib(64);
        /// What a keyspace collects in memory before it is written out. There are two keyspaces. Taken when the data directory is made; a change later has no effect.
        memtable: ByteSize = ByteSize::mib(16);
        /// Journals kept before old memtables are written out; bounds the time of a start.
        journal: ByteSize = ByteSize::mib(192);
        /// Threads that write out and merge tables.
        worker_threads: usize = 1, range 1..=64;
        /// Free space below which new work is refused, as a share of the disk; the larger of this and `soft_free` counts. Off by default: a tenth of a large disk is no emergency.
        soft_free_percent: u8 = 0, range 0..=50;
        /// Free space below which new work is refused. Running work goes on.
        soft_free: ByteSize = ByteSize::mib(2048);
        /// Free space below which everything but freeing space is refused.
        hard_free: ByteSize = ByteSize::mib(512);
        /// A file kept in reserve and given back when the disk is full, so that there is room to recover.
        ballast: ByteSize = ByteSize::mib(256);
    }
}
