//! What the data directory and the folder of files hold, for `GET /storage`.

use std::fs;

use super::adapters;
use crate::{
    blob,
    config::Config,
    storage::{
        Db, Head,
        space::{BALLAST_FILE, Room},
    },
    system::{Disk, StorageLook, Stored},
};

/// Files that are counted with one look; a folder with more is told as one that has at least so many.
const FILES_MAX: u64 = 20_000;

/// Looks at the store, its disk and the files beside it.
pub(super) fn look(config: &Config, db: &Db) -> StorageLook {
    let (db, marks, directory) = (db.clone(), adapters::marks(config), config.storage.directory.clone());
    let files = config.blob.s3_bucket.is_none().then(|| adapters::blob_folder(config));
    Box::new(move || {
        let disk = Room::probe(&directory).ok().map(|room| {
            let (short_bytes, exhausted_bytes) = (marks.soft(room.total), marks.hard_bytes);
            Disk { room, short_bytes, exhausted_bytes }
        });
        let files = files.as_ref().and_then(|folder| match blob::survey_first(folder, FILES_MAX) {
            Ok(survey) => Some(survey),
            Err(error) => {
                tracing::warn!(%error, "the folder of files cannot be counted: {error}");
                None
            }
        });
        Stored {
            holdings: db.holdings(),
            head: Head::read(&db.snapshot()).ok(),
            disk,
            headroom: db.headroom(),
            reserve_bytes: fs::metadata(directory.join(BALLAST_FILE)).map_or(0, |file| file.len()),
            files,
        }
    })
}
