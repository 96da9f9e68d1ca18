//! The processes of a run: this program again in another role, and the server under test.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// This program in another role (`receiver`, `axum`); killed when dropped.
pub(crate) struct Role {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Role {
    pub(crate) fn start(role: &str, threads: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--role", role, "--threads", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening ").context("no address")?.parse()?;
        Ok(Self { child, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // Nothing to do about a child that is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The `novapulse` binary under test.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("NOVAPULSE_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_novapulse")), PathBuf::from)
}

/// The directory below which runs keep their data; on the disk the build is on, not in memory.
pub(crate) fn work_directory() -> PathBuf {
    std::env::var_os("NOVAPULSE_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
}

/// A running `novapulse serve --dev` with its own data directory, removed when dropped.
pub(crate) struct Server {
    child: Child,
    directory: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) api_key: String,
}

impl Server {
    /// Starts on an empty directory and waits until it is ready.
    pub(crate) fn start() -> Result<Self> {
        fs::create_dir_all(work_directory())?;
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(work_directory())?;
        let (child, address) = spawn(directory.path())?;
        let credentials =
            fs::read(directory.path().join("data/dev-credentials.json")).context("dev-credentials.json")?;
        let credentials: Value = serde_json::from_slice(&credentials)?;
        let api_key = credentials.get("api_key").and_then(Value::as_str).context("no api_key")?.to_owned();
        Ok(Self { child, directory, address, api_key })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Kills with SIGKILL, starts again on the same directory and says how long until it was ready.
    pub(crate) fn kill_and_restart(&mut self) -> Result<Duration> {
        self.child.kill()?;
        self.child.wait()?;
        let start = Instant::now();
        let (child, address) = spawn(self.directory.path())?;
        self.child = child;
        self.address = address;
        Ok(start.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        terminate(&self.child);
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn terminate(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // A process that is gone already needs no signal.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
}

fn spawn(directory: &Path) -> Result<(Child, SocketAddr)> {
    let ready = directory.join("ready.json");
    if ready.exists() {
        fs::remove_file(&ready)?;
    }
    let log = File::options().create(true).append(true).open(directory.join("server.log"))?;
    let mut child = Command::new(binary())
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
        .arg(directory.join("data"))
        .arg("--ready-file")
        .arg(&ready)
        // A share of a large disk is much; the absolute mark stays.
        .env("NOVAPULSE_STORAGE_SOFT_FREE_PERCENT", "0")
        // People sign in from many addresses here.
        .env("NOVAPULSE_SERVER_TRUSTED_PROXIES", "127.0.0.1/32")
        // One company makes all the calls here.
        .env("NOVAPULSE_LIMITS_API_PER_SECOND", "0")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("starting {}", binary().display()))?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(address) = fs::read(&ready).ok().and_then(|bytes| ready_address(&bytes)) {
            return Ok((child, address));
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status}:\n{}", tail(&directory.join("server.log")));
        }
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            bail!("the server was not ready in {START_LIMIT:?}:\n{}", tail(&directory.join("server.log")));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn ready_address(bytes: &[u8]) -> Option<SocketAddr> {
    let ready: Value = serde_json::from_slice(bytes).ok()?;
    let url = ready.get("url")?.as_str()?;
    url.trim_start_matches("http://").trim_end_matches('/').parse().ok()
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
