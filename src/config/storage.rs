//! `[storage]`: the data directory and what the engine may use.

use std::path::PathBuf;

use super::{section::section, value::ByteSize};

section! {
    /// The data directory and the memory and disk the storage engine may use.
    Storage in "storage" {
        /// The data directory; made when missing. One process at a time.
        directory: PathBuf = PathBuf::from("./data");
        /// Cache of table blocks.
        cache: ByteSize = ByteSize::mib(64);
        /// Free disk space below which writes are refused; reads go on, and writes come back by themselves.
        disk_reserve: ByteSize = ByteSize::mib(256);
    }
}
