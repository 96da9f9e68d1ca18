//! The real binary as a child process on one data directory: start, signals, the offline check.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{durability::model::SecondSeen, support::wait_for};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(45);
/// The place of one run: data directory, ready file and log.
pub(crate) struct Place {
    directory: PathBuf,
}

impl Place {
    /// Takes an existing directory for a run.
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn ready_file(&self) -> PathBuf {
        self.directory.join("ready.json")
    }

    /// The last lines the server printed, for the report of a failure.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.directory.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Starts the server and returns at once; `wrapper` goes in front of the command (strace).
    pub(crate) fn spawn(&self, wrapper: &[String]) -> Starting<'_> {
        fs::remove_file(self.ready_file()).ok();
        let log = File::options().create(true).append(true).open(self.directory.join("server.log")).unwrap();
        let binary = env!("CARGO_BIN_EXE_novapulse").to_owned();
        let words: Vec<String> = wrapper.iter().cloned().chain([binary]).collect();
        let child = Command::new(&words[0])
            .args(&words[1..])
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .arg("--ready-file")
            .arg(self.ready_file())
            // The disk's filling is another test's matter; this one must run on a fairly full one too.
            .env("NOVAPULSE_STORAGE_SOFT_FREE_PERCENT", "0")
            // One company makes all the calls here.
            .env("NOVAPULSE_LIMITS_API_PER_SECOND", "0")
            // Somebody who signs in once makes and revokes keys to the end of the run.
            .env("NOVAPULSE_AUTH_ACCESS_LIFETIME_MS", "86400000")
            .env("NOVAPULSE_AUTH_PROOF_LIFETIME_MS", "86400000")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Starting { place: self, child: Some(child), begun: Instant::now() }
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Errors
    /// What the server printed, when it ended or was not ready in time.
    pub(crate) fn start(&self) -> Result<Node, String> {
        self.spawn(&[]).wait()
    }

    /// Runs `novapulse check` on the stopped directory.
    ///
    /// # Errors
    /// What it printed, when it found something wrong.
    pub(crate) fn check_offline(&self) -> Result<(), String> {
        let output =
            Command::new(env!("CARGO_BIN_EXE_novapulse")).args(["check", "--data"]).arg(self.data()).output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let wrong: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok ")).collect();
        Err(format!("check ended with {}: {}", output.status, wrong.join("\n")))
    }

    /// Tries to start a second server on the directory, which must end by itself.
    pub(crate) fn second(&self) -> SecondSeen {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_novapulse"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let code = exit_of(&mut child, START_LIMIT).and_then(|status| status.code());
        child.kill().ok();
        child.wait().ok();
        SecondSeen { code, took_ms: begun.elapsed().as_millis() as u64 }
    }

    /// The demo user's address and password.
    ///
    /// # Errors
    /// As [`Place::api_key`].
    pub(crate) fn sign_in(&self) -> Result<(String, String), String> {
        Ok((self.credential("email")?, self.credential("password")?))
    }

    /// The API key of the demo company.
    ///
    /// # Errors
    /// When the file that the first start leaves is missing or incomplete.
    pub(crate) fn api_key(&self) -> Result<String, String> {
        self.credential("api_key")
    }

    fn credential(&self, name: &str) -> Result<String, String> {
        let path = self.data().join("dev-credentials.json");
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("no {name}"))
    }
}

/// A server that may not be ready yet; killed when dropped.
pub(crate) struct Starting<'a> {
    place: &'a Place,
    child: Option<Child>,
    begun: Instant,
}

impl Starting<'_> {
    /// Waits until the server is ready.
    pub(crate) fn wait(mut self) -> Result<Node, String> {
        let mut child = self.child.take().ok_or("no child")?;
        let file = self.place.ready_file();
        let mut ended = None;
        let address = wait_for(START_LIMIT, || {
            if let Some(address) = fs::read(&file).ok().and_then(|bytes| ready_address(&bytes)) {
                return Some(Some(address));
            }
            ended = child.try_wait().unwrap_or(None);
            ended.map(|_| None)
        });
        if let Some(address) = address.flatten() {
            return Ok(Node { child, address, ready_after: self.begun.elapsed() });
        }
        child.kill().ok();
        child.wait().ok();
        let what = ended.map_or_else(|| "was not ready in time".to_owned(), |status| format!("ended with {status}"));
        Err(format!("the server {what}:\n{}", self.place.log_tail()))
    }

    /// Waits until the process ends by itself, ready or not; true when it did.
    pub(crate) fn ended(&mut self, limit: Duration) -> bool {
        self.child.as_mut().is_none_or(|child| exit_of(child, limit).is_some())
    }

    /// Waits until the process ends by itself or is ready; true when it ended.
    pub(crate) fn ended_before_ready(&mut self, limit: Duration) -> bool {
        let file = self.place.ready_file();
        let Some(child) = self.child.as_mut() else { return true };
        wait_for(limit, || match child.try_wait() {
            Ok(Some(_)) => Some(true),
            _ => file.exists().then_some(false),
        })
        .unwrap_or(false)
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn ready_address(bytes: &[u8]) -> Option<SocketAddr> {
    let ready: Value = serde_json::from_slice(bytes).ok()?;
    ready.get("url")?.as_str()?.trim_start_matches("http://").trim_end_matches('/').parse().ok()
}

/// A server that is ready; killed when dropped.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) ready_after: Duration,
}

impl Node {
    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// SIGTERM; the server must end by itself within its grace.
    pub(crate) fn terminate(mut self) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        exit_of(&mut self.child, STOP_LIMIT)
    }

    /// Sends SIGSTOP or SIGCONT.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).ok();
    }

    /// Waits until the process ends by itself (killed by an injected fault); true when it did.
    pub(crate) fn ended(&mut self, limit: Duration) -> bool {
        exit_of(&mut self.child, limit).is_some()
    }
}

/// How the process ended, when it did in time.
fn exit_of(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    wait_for(limit, || child.try_wait().ok().flatten())
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
