//! Notices that the files have changed, or is told by SIGHUP, and has them read again.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{Files, Tls, files::Stamp};

/// How often the files are looked at; two calls that cost microseconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How certificate and key are.
pub(super) type Stamps = [Option<Stamp>; 2];

/// Decides when to read.
///
/// Two files cannot be replaced at once. So a change is taken up when it has stood still from one look to the next, and
/// each state of the files is tried once.
#[derive(Debug)]
struct Watched {
    tried: Stamps,
    seen: Stamps,
}

impl Watched {
    fn is_due(&mut self, now: Stamps) -> bool {
        let is_still = now == self.seen;
        self.seen = now;
        let is_due = is_still && now != self.tried;
        if is_due {
            self.tried = now;
        }
        is_due
    }
}

impl Tls {
    /// Keeps the certificate as its files are, until `stop`; ends at once when it comes from nowhere. SIGHUP is taken over with the call, not with the first poll.
    ///
    /// # Errors
    /// When the signal cannot be listened for.
    pub fn watch(&self, stop: CancellationToken) -> io::Result<impl Future<Output = ()> + Send + 'static> {
        let mut hangups = signal(SignalKind::hangup())?;
        let tls = self.clone();
        Ok(async move {
            let opened = tls.inner.opened;
            let mut watched = Watched { tried: opened, seen: opened };
            let mut looks = tokio::time::interval(LOOK_EVERY);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let is_asked = tokio::select! {
                    () = stop.cancelled() => return,
                    _ = hangups.recv() => true,
                    _ = looks.tick() => false,
                };
                let looking = tls.clone();
                let look = move || looking.inner.files.as_ref().map(Files::stamps);
                let Ok(Some(now)) = tokio::task::spawn_blocking(look).await else { return };
                if is_asked {
                    watched = Watched { tried: now, seen: now };
                }
                if is_asked || watched.is_due(now) {
                    tls.take_up().await;
                }
            }
        })
    }

    async fn take_up(&self) {
        let tls = self.clone();
        match tokio::task::spawn_blocking(move || tls.reload()).await {
            Ok(Ok(())) => {
                let end = self
                    .standing()
                    .validity
                    .map(|life| format!(" and is valid until {}", life.not_after))
                    .unwrap_or_default();
                tracing::info!("the TLS certificate was read again{end}");
            }
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
                tracing::warn!(%error, "the TLS certificate could not be read again, the earlier one stays: {error}{cause}");
            }
            Err(error) => tracing::error!(%error, "the TLS certificate could not be read again: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Stamp, Watched};

    #[test]
    fn a_change_is_taken_up_once_and_when_it_stands_still() {
        let directory = tempfile::tempdir().unwrap();
        let stamp = |name: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, name).unwrap();
            Stamp::of(&path)
        };
        let (old, certificate, key) = (stamp("old"), stamp("certificate"), stamp("key"));
        let mut watched = Watched { tried: [old, old], seen: [old, old] };
        let looks = [
            ([old, old], false),
            ([certificate, old], false),
            ([certificate, key], false),
            ([certificate, key], true),
            ([certificate, key], false),
            ([None, key], false),
            ([None, key], true),
            ([None, key], false),
            ([old, key], false),
            ([certificate, key], false),
            ([certificate, key], true),
        ];
        for (step, (now, is_due)) in looks.into_iter().enumerate() {
            assert_eq!(watched.is_due(now), is_due, "step {step}");
        }
    }
}
