//! Start, wait for the end, drain.
//!
//! Order of the end: not ready at once, so that nobody sends more; stop accepting; let requests
//! and attempts finish within the grace; cut off what is left; close the store. A second signal
//! skips the rest. A store that failed ends the same way, and the caller starts anew.

use std::{
    fs, io,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    Error, adapters,
    console::Console,
    dev,
    listeners::{self, Listeners, Told},
    notify,
    services::{Services, Tasks},
    setup_token,
    state::State,
};
use crate::{
    audit,
    base::{Clock, Random, SystemClock, SystemRandom},
    config::Config,
    storage::{self, Directory},
    system::Phase,
};

/// How long the last tasks may take to notice that they are cut off.
///
/// Pools give their jobs back within 6 s after the grace.
const CUT_OFF_MS: u64 = 8_000;

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
    directory: Directory,
    /// How this machine reaches the server.
    url: String,
    /// How people reach it.
    public_url: String,
    services: Services,
    /// Bound; taken once the server accepts.
    listeners: Option<Listeners>,
    tasks: Tasks,
    grace: Duration,
}

/// Starts the server, serves until a signal or a failed store, and drains.
///
/// # Errors
/// [`Error`] when it cannot start; nothing was served then.
pub async fn serve(config: Config, options: ServeOptions) -> Result<Ended, Error> {
    let mut signals = Signals::listen().map_err(Error::Signals)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let started_ms = clock.mono_ms();
    let directory = tokio::task::block_in_place(|| adapters::open_directory(&config, &clock, &random))?;
    announce(&directory);
    let mut failure = directory.db().failure();
    let mut running = tokio::task::block_in_place(|| start(&config, &options, directory))?;

    let end = tokio::select! {
        name = signals.next() => End::Signal(name),
        Ok(reason) = failure.wait_for(Option::is_some) => End::Failure(reason.clone().unwrap_or_default()),
        // Once introduced, only the two above are waited for.
        Err(error) = running.introduce(&options) => End::Refused(error),
    };
    let ran_ms = clock.mono_ms().saturating_sub(started_ms);
    let ended = match end {
        End::Signal(name) => {
            tracing::info!(signal = name, "{name}: finishing what runs");
            Ok(Ended::Stopped)
        }
        End::Failure(reason) => {
            tracing::error!(reason, "the store failed: {reason}");
            Ok(Ended::StoreFailed { ran_ms })
        }
        End::Refused(error) => Err(error),
    };
    tokio::select! {
        () = running.drain() => tracing::info!(ran_ms, "stopped"),
        name = signals.next() => {
            tracing::warn!(signal = name, "{name}: stopping at once");
            return Ok(Ended::Interrupted);
        }
    }
    ended
}

/// What ended the serving.
enum End {
    Signal(&'static str),
    Failure(String),
    Refused(Error),
}

fn announce(directory: &Directory) {
    let path = directory.path().display();
    if let Some(saved) = directory.repaired() {
        let saved = saved.display();
        tracing::warn!("a write that was cut off by a crash was removed from the journal; it is kept in {saved}");
    }
    let state = if directory.is_new() { "new" } else { "opened" };
    tracing::info!(storage.boot = directory.boot(), "data directory {path} {state}");
}

/// Opens everything over the directory and binds the addresses; blocks.
fn start(config: &Config, options: &ServeOptions, directory: Directory) -> Result<Running, Error> {
    let db = directory.db().clone();
    let tasks = Tasks::default();
    let meters = adapters::metrics()?;
    let mut services = Services::open(config, options, &directory, meters.clone(), &tasks)?;
    let time_and_chance = (db.clock(), &**db.random());
    let (refusals, writer) = audit::refusals(db.clone());
    let told = Told { refusals: Arc::new(refusals), calls: Arc::new(services.usage.clone()) };
    let listeners =
        Listeners::bind(config, services.state.clone(), meters.http, services.tls.clone(), told, time_and_chance)?;
    let address = listeners.address();
    adapters::guard_own_addresses(&services.outbound, listeners.addresses());
    services.mail.link_to(&listeners::public(config, address));

    services.start(&directory, &tasks);
    tasks.tracker.spawn(writer.run(tasks.stop.clone()));
    let grace = Duration::from_millis(config.server.shutdown_grace_ms);
    let (url, public_url) = (listeners::reachable(config, address), listeners::public(config, address));
    match Console::open(directory.path(), &public_url, services.state.accounts.clone()) {
        Ok(console) => drop(tasks.tracker.spawn(console.run(tasks.stop.clone()))),
        Err(error) => tracing::warn!(%error, "commands for people work only while the server is stopped: {error}"),
    }
    Ok(Running { directory, url, public_url, services, listeners: Some(listeners), tasks, grace })
}

impl Running {
    /// Tells how to make the first company, while there is none.
    async fn invite_set_up(&self) -> Result<(), Error> {
        let State { accounts, .. } = &self.services.state;
        if !accounts.is_empty().await.map_err(|error| Error::Dev(error.into()))? {
            setup_token::remove(self.directory.path()).await;
            return Ok(());
        }
        let (data, random) = (self.directory.path().to_path_buf(), Arc::clone(self.directory.db().random()));
        let made = tokio::task::block_in_place(|| setup_token::prepare(&data, &*random));
        let token = made.map_err(|source| Error::SetUpToken { path: data.clone(), source })?;
        accounts.expect_set_up(&token);
        tracing::info!("no company yet: `novapulse setup-url` prints the address to set it up at");
        setup_token::present(&setup_token::url(&self.public_url, &token));
        let watch = setup_token::remove_when_used(accounts.clone(), data, self.tasks.stop.clone());
        self.tasks.tracker.spawn(watch);
        Ok(())
    }

    /// Sees to the first company, or to the way to make it, then accepts, and says to the ready file where the server is.
    ///
    /// Nobody is answered before: registration would refuse who comes first to an instance without a company.
    async fn introduce(&mut self, options: &ServeOptions) -> Result<(), Error> {
        let mut demo = None;
        if options.is_dev {
            let (db, data) = (self.directory.db(), self.directory.path());
            let State { accounts, auth, .. } = &self.services.state;
            let prepared = dev::prepare(db, accounts, auth, data, &self.url).await;
            demo = Some(prepared.map_err(|error| Error::Dev(error.into()))?);
        } else {
            self.invite_set_up().await?;
        }
        if let Some(listeners) = self.listeners.take() {
            listeners.start(&self.tasks)?;
        }
        self.services.state.system.enter(Phase::Ready);
        if let Some(demo) = demo
            && let Err(error) = dev::present(&demo).await
        {
            tracing::warn!("the demo could not be shown: {error:#}");
        }
        notify::ready();
        let Some(path) = &options.ready_file else { return Ok(()) };
        let ready = serde_json::json!({ "url": self.url, "pid": std::process::id() });
        write_whole(path, &format!("{ready}\n")).map_err(|source| Error::ReadyFile { path: path.clone(), source })
    }

    async fn drain(self) {
        let Self { directory, services, listeners, tasks, grace, .. } = self;
        // When they were never started, nobody is kept waiting for an answer.
        drop(listeners);
        let tracker = &tasks.tracker;
        services.state.system.enter(Phase::Stopping);
        notify::stopping();
        tasks.stop.cancel();
        let mut pools = pin!(services.drain(&tasks, grace));
        let mut finished = pin!(async {
            pools.as_mut().await;
            tracker.close();
            tracker.wait().await;
        });
        if tokio::time::timeout(grace, finished.as_mut()).await.is_err() {
            let left = tracker.len();
            tracing::warn!(left, grace_ms = grace.as_millis(), "the grace is over: cutting off {left} tasks");
            tasks.kill.cancel();
            if tokio::time::timeout(Duration::from_millis(CUT_OFF_MS), finished).await.is_err() {
                tracing::error!(left = tracker.len(), "tasks did not end when cut off");
            }
        }
        if let Err(error) = services.usage.flush().await
            && !matches!(error, storage::Error::Stopped)
        {
            // A store that has stopped has said why.
            tracing::warn!(%error, "the calls of the last minute are not counted: {error}");
        }
        if let Err(error) = tokio::task::spawn_blocking(move || directory.close()).await {
            tracing::error!(%error, "the store could not be closed in order: {error}");
        }
    }
}

/// Writes the file whole or not at all, so that a reader never sees half of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut partial = path.to_path_buf().into_os_string();
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
