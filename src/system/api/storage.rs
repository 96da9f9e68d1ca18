//! `/storage`: what the store and its disk hold.

use axum::{extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{answer, look};
use crate::{
    auth::Caller,
    base::Timestamp,
    http::Problem,
    storage::{KeyspaceHoldings, Share, keyspaces, space::Headroom},
    system::{Disk, Stored, System},
};

/// What the store and its disk hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storage)]
pub(super) struct StorageDocument {
    /// The disk under the data directory; null when the system does not tell.
    #[schema(required)]
    disk: Option<DiskBody>,
    /// What may be written: `ample` everything, `short` no new work, `exhausted` only what frees space or ends what was begun.
    #[schema(example = "ample")]
    headroom: &'static str,
    /// Bytes of a file that only takes up space, and is given back when the disk is full.
    reserve_bytes: u64,
    /// Bytes of the store on disk: keyspaces and journals.
    store_bytes: u64,
    /// The parts of the store.
    keyspaces: Vec<KeyspaceBody>,
    /// What was committed lately, before it is written out to the keyspaces.
    journals: JournalsBody,
    /// What the store has in memory.
    memory: MemoryBody,
    /// How files are merged, since the start of the process.
    merges: MergesBody,
    /// When rows were last written out from memory, or merged.
    #[schema(required)]
    written_out_at: Option<Timestamp>,
    /// Group commits since the directory was made.
    #[schema(required)]
    commits: Option<u64>,
    /// When the last of them was.
    #[schema(required)]
    committed_at: Option<Timestamp>,
    /// Files beside the store, such as reports; null when they are in a bucket or cannot be counted.
    #[schema(required)]
    files: Option<FilesBody>,
}

/// The disk under the data directory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageDisk)]
#[expect(clippy::struct_field_names, reason = "figures carry their unit")]
struct DiskBody {
    /// Its size.
    total_bytes: u64,
    /// What the server may still write.
    free_bytes: u64,
    /// Below this new work is refused.
    short_below_bytes: u64,
    /// Below this everything is refused but what frees space.
    exhausted_below_bytes: u64,
}

/// One part of the store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageKeyspace)]
struct KeyspaceBody {
    /// `records` holds bodies and history, `index` small rows that come and go.
    #[schema(example = "records")]
    name: &'static str,
    /// Its files.
    files: u64,
    /// Their bytes.
    disk_bytes: u64,
    /// Rows at most, in memory too: older versions and removals count until files are merged.
    rows_max: u64,
    /// Its tables that have files of their own, the largest first.
    tables: Vec<TableBody>,
    /// Bytes of files that hold rows of several tables. A small store has no others.
    shared_bytes: u64,
}

/// A table with files of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageTable)]
struct TableBody {
    /// Its name.
    #[schema(example = "JOBS")]
    name: String,
    /// The part of the server whose rows these are.
    #[schema(example = "queue")]
    owner: &'static str,
    /// Bytes of these files.
    disk_bytes: u64,
    /// Rows in them at most.
    rows_max: u64,
}

/// What was committed lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageJournals)]
struct JournalsBody {
    /// Files; many mean a slow start.
    files: u64,
    /// Their bytes.
    disk_bytes: u64,
}

/// What the store has in memory.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageMemory)]
#[expect(clippy::struct_field_names, reason = "figures carry their unit")]
struct MemoryBody {
    /// Rows that are not yet written out; the journals have them too.
    unwritten_bytes: u64,
    /// The cache of blocks of files.
    cache_bytes: u64,
    /// What the cache may take.
    cache_max_bytes: u64,
}

/// How files are merged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageMerges)]
struct MergesBody {
    /// Now.
    running: u64,
    /// Since the start of the process.
    ended: u64,
    /// The time those took together.
    duration_ms: u64,
}

/// Files beside the store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StorageFiles)]
struct FilesBody {
    /// How many.
    count: u64,
    /// Their bytes.
    size_bytes: u64,
    /// Whether these are all; otherwise there are more than were counted.
    is_complete: bool,
}

/// Shows what the store and its disk hold
///
/// The figures are the engine's own; the files beside the store are counted anew each time. A file belongs to a table when it holds rows of no other one.
#[utoipa::path(get, path = "/storage", operation_id = "get_storage", tag = "system", responses(
    (status = 200, description = "What they hold", body = StorageDocument),
))]
pub(super) async fn get_storage(State(system): State<System>, _: Caller) -> Result<Response, Problem> {
    let stored = look(&system, System::stored).await?;
    Ok(answer(true, &StorageDocument::from(stored)))
}

impl From<Stored> for StorageDocument {
    fn from(stored: Stored) -> Self {
        let Stored { holdings, head, disk, headroom, reserve_bytes, files } = stored;
        let disk = disk.map(|Disk { room, short_bytes, exhausted_bytes }| DiskBody {
            total_bytes: room.total,
            free_bytes: room.free,
            short_below_bytes: short_bytes,
            exhausted_below_bytes: exhausted_bytes,
        });
        let in_keyspaces: u64 = holdings.keyspaces.iter().map(|keyspace| keyspace.all.disk_bytes).sum();
        Self {
            disk,
            headroom: headroom_word(headroom),
            reserve_bytes,
            store_bytes: in_keyspaces.saturating_add(holdings.journal_bytes),
            keyspaces: holdings.keyspaces.into_iter().map(KeyspaceBody::from).collect(),
            journals: JournalsBody { files: holdings.journals, disk_bytes: holdings.journal_bytes },
            memory: MemoryBody {
                unwritten_bytes: holdings.memtable_bytes,
                cache_bytes: holdings.cache_bytes,
                cache_max_bytes: holdings.cache_max_bytes,
            },
            merges: MergesBody {
                running: holdings.merges_running,
                ended: holdings.merges_ended,
                duration_ms: holdings.merges_ms,
            },
            written_out_at: holdings.written_out_ms.map(Timestamp::from_ms),
            commits: head.map(|head| head.number),
            committed_at: head.map(|head| Timestamp::from_ms(head.time_ms)),
            files: files.map(|survey| FilesBody {
                count: survey.blobs,
                size_bytes: survey.bytes,
                is_complete: !survey.is_partial,
            }),
        }
    }
}

impl From<KeyspaceHoldings> for KeyspaceBody {
    fn from(holdings: KeyspaceHoldings) -> Self {
        let KeyspaceHoldings { space, files, all, tables, mixed } = holdings;
        let mut tables: Vec<TableBody> = tables.into_iter().map(TableBody::from).collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.disk_bytes));
        let (Share { disk_bytes, rows_max }, shared_bytes) = (all, mixed.disk_bytes);
        Self { name: space.name(), files, disk_bytes, rows_max, tables, shared_bytes }
    }
}

impl From<(u8, Share)> for TableBody {
    fn from((number, Share { disk_bytes, rows_max }): (u8, Share)) -> Self {
        let known = keyspaces::ALL.iter().find(|table| table.number == number);
        let (name, owner) = known.map_or_else(|| (number.to_string(), "storage"), |it| (it.name.to_owned(), it.owner));
        Self { name, owner, disk_bytes, rows_max }
    }
}

const fn headroom_word(headroom: Headroom) -> &'static str {
    match headroom {
        Headroom::Ample => "ample",
        Headroom::Short => "short",
        Headroom::Exhausted => "exhausted",
    }
}
