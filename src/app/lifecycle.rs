//! Start, wait for the end, drain.
//!
//! Order of the end: not ready at once, so that nobody sends more; stop accepting; let requests
//! and attempts finish within the grace; cut off what is left; close the store. A second signal
//! skips the rest. A store that failed ends the same way, and the caller starts anew.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Error, adapters, routes, state::State};
use crate::{
    base::{Clock, SystemClock, SystemRandom},
    config::Config,
    http,
    system::{Phase, System},
};

/// How long the last tasks may take to notice that they are cut off.
const CUT_OFF_MS: u64 = 2_000;

/// How the server is started.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// Development: loopback targets allowed, a demo company in an empty directory.
    pub is_dev: bool,
    /// Gets the server's address once it is ready.
    pub ready_file: Option<PathBuf>,
}

/// Why the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A signal, and everything was finished or given back.
    Stopped,
    /// A second signal; what ran was dropped.
    Interrupted,
    /// A commit failed; the store has to be opened anew.
    StoreFailed {
        /// How long the server had run.
        ran_ms: u64,
    },
}

/// What runs, and how to end it.
#[derive(Debug)]
struct Running {
    system: System,
    tracker: TaskTracker,
    stop: CancellationToken,
    kill: CancellationToken,
    grace: Duration,
}

/// Starts the server, serves until a signal or a failed store, and drains.
///
/// # Errors
/// [`Error`] when it cannot start; nothing was served then.
pub async fn serve(config: Config, options: ServeOptions) -> Result<Ended, Error> {
    let mut signals = Signals::listen().map_err(Error::Signals)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let started_ms = clock.mono_ms();
    let (metrics, http_metrics) = adapters::metrics()?;
    let system = adapters::system(&config, &clock, &metrics);
    let state = State { system: system.clone() };

    let edge = http::Edge::new(
        routes::router(state)?,
        adapters::http_options(&config),
        Arc::clone(&clock),
        &SystemRandom,
        http_metrics,
    );
    let address = config.server.listen;
    let server = http::Server::bind(address, edge).map_err(|source| Error::Listen { address, source })?;
    let address = server.address();

    let running = Running {
        system: system.clone(),
        tracker: TaskTracker::new(),
        stop: CancellationToken::new(),
        kill: CancellationToken::new(),
        grace: Duration::from_millis(config.server.shutdown_grace_ms),
    };
    running.tracker.spawn(server.run(running.tracker.clone(), running.stop.clone(), running.kill.clone()));
    system.enter(Phase::Ready);
    tracing::info!(http.address = %address, "listening on http://{address}");
    if let Some(path) = options.ready_file {
        write_ready_file(&path, &format!("http://{address}\n"))
            .map_err(|source| Error::ReadyFile { path: path.clone(), source })?;
    }

    let name = signals.next().await;
    tracing::info!(signal = name, "{name}: finishing what runs");
    let ended = tokio::select! {
        () = running.drain() => Ended::Stopped,
        name = signals.next() => {
            tracing::warn!(signal = name, "{name} again: stopping at once");
            Ended::Interrupted
        }
    };
    tracing::info!(ran_ms = clock.mono_ms().saturating_sub(started_ms), "stopped");
    Ok(ended)
}

impl Running {
    async fn drain(&self) {
        self.system.enter(Phase::Stopping);
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(self.grace, self.tracker.wait()).await.is_err() {
            let left = self.tracker.len();
            tracing::warn!(left, grace_ms = self.grace.as_millis(), "the grace is over: cutting off {left} tasks");
        }
        self.kill.cancel();
        if tokio::time::timeout(Duration::from_millis(CUT_OFF_MS), self.tracker.wait()).await.is_err() {
            tracing::error!(left = self.tracker.len(), "tasks did not end when cut off");
        }
    }
}

/// Writes the file whole or not at all, so that a reader never sees half an address.
fn write_ready_file(path: &PathBuf, text: &str) -> io::Result<()> {
    let mut partial = path.clone().into_os_string();
    partial.push(".new");
    fs::write(&partial, text)?;
    fs::rename(&partial, path)
}

/// The signals that end the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one and names it.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
