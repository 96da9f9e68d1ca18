//! A read-only view of the last durable commit.

use std::sync::Arc;

use super::{
    engine::{EngineSnapshot, VisitBytes},
    error::Error,
    key::Order,
    keyspaces::Space,
    table::ReadBytes,
};

/// A consistent view; cheap to clone. Reading may touch the disk, so never on an async thread.
#[derive(Clone)]
pub struct Snapshot {
    engine: Arc<dyn EngineSnapshot>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

impl Snapshot {
    pub(super) const fn new(engine: Arc<dyn EngineSnapshot>) -> Self {
        Self { engine }
    }
}

impl ReadBytes for Snapshot {
    fn get_bytes(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.engine.get(space, key, found)
    }

    fn scan_bytes(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error> {
        self.engine.scan(space, start, end, order, visit)
    }
}
