//! Waiting in the loops that look after rows in the background.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Waits for a while; false when told to stop meanwhile, and then at once.
pub async fn pause(period: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(period) => true,
    }
}
