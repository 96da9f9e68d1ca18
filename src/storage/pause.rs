//! Waiting in the loops that look after rows in the background.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Db;
use crate::base::Timestamp;

const MINUTE_MS: u64 = 60_000;

/// Waits until the minute under way is over; answers its beginning, and false when told to stop meanwhile.
pub async fn pause_to_minute(db: &Db, stop: &CancellationToken) -> (Timestamp, bool) {
    let now = db.now();
    let minute = now.floor(MINUTE_MS);
    let left_ms = MINUTE_MS - now.ms_since(minute).min(MINUTE_MS - 1);
    (minute, pause(Duration::from_millis(left_ms), stop).await)
}

/// Waits for a while; false when told to stop meanwhile, and then at once.
pub async fn pause(period: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(period) => true,
    }
}
