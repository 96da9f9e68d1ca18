//! What the owner of the instance has set: one row.

use serde::{Deserialize, Serialize};

use crate::{
    accounts::Registration,
    named_value,
    storage::{Error, Read, Table, Tx, keyspaces},
};

const SETTINGS: Table<u8, SettingsRow> = Table::of(keyspaces::INSTANCE_SETTINGS);
const ONLY: u8 = 0;

/// What was set; what is not is as the configuration or the default has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SettingsRow {
    pub(super) registration: Option<Registration>,
    pub(super) api_per_second: Option<u32>,
    pub(super) api_burst: Option<u32>,
}
named_value!(SettingsRow, 1);

/// What was set; nothing when that cannot be read, and then the next change writes it anew.
pub(super) fn find(read: &impl Read) -> Result<SettingsRow, Error> {
    match read.get(SETTINGS, &ONLY) {
        Err(error @ Error::Corrupt { .. }) => {
            tracing::error!(%error, "the settings of the instance cannot be read: {error}");
            Ok(SettingsRow::default())
        }
        found => Ok(found?.unwrap_or_default()),
    }
}

pub(super) fn put(tx: &mut Tx<'_>, row: &SettingsRow) -> Result<(), Error> {
    tx.put(SETTINGS, &ONLY, row)
}
