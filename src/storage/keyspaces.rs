//! The on-disk schema: every table, where it lives, its key and its value.
//!
//! Tables share two engine keyspaces, so that the engine's memory and journals stay bounded
//! and no idle keyspace holds back old journals. A table is a one-byte prefix in its space.
//! Numbers are never reused for another meaning. Each stored value carries a format byte and
//! a checksum bound to its key (see `table`).
//!
//! To add a table: take the next free number of its owner's block, add it to [`ALL`], and
//! declare the typed `Table` next to its row type in the owner's `store.rs`.

/// An engine keyspace: one LSM tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Bodies and history: written once or twice, read by key.
    Records,
    /// Small rows that come and go: state, indexes, counters, the commit chain.
    Index,
}

impl Space {
    /// Every space, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Records, Self::Index];

    /// The name of the engine keyspace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Index => "index",
        }
    }
}

/// One table of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSpec {
    /// The prefix byte of its keys.
    pub number: u8,
    /// The keyspace it lives in.
    pub space: Space,
    /// Its name in messages.
    pub name: &'static str,
    /// The module that reads and writes it.
    pub owner: &'static str,
    /// The layout of its keys.
    pub key: &'static str,
    /// What its values are.
    pub value: &'static str,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $constant:ident = $number:literal in $space:ident, owner $owner:literal: $key:literal => $value:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $constant: TableSpec = TableSpec {
                number: $number,
                space: Space::$space,
                name: stringify!($constant),
                owner: $owner,
                key: $key,
                value: $value,
            };
        )*

        /// Every table, for checks that walk the whole store.
        pub const ALL: &[TableSpec] = &[$($constant),*];
    };
}

tables! {
    /// The commit chain: one row per group commit, the newest few thousand kept.
    COMMITS = 1 in Index, owner "storage": "n u64" => "CommitRecord";
    /// Maintained counters.
    COUNTERS = 2 in Index, owner "storage": "area u8, company u64, subject u64, what u8" => "i64";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn numbers_and_names_are_unique_within_their_space() {
        for (position, table) in ALL.iter().enumerate() {
            assert!(table.number < u8::MAX, "{} has no room behind it", table.name);
            for other in &ALL[position + 1..] {
                assert_ne!(table.number, other.number, "{} and {}", table.name, other.name);
                assert_ne!(table.name, other.name);
            }
        }
    }
}
