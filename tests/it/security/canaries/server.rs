//! A server that logs everything, with a secret in every setting that takes one.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::watch::Watch;
use crate::support::{Client, Killed, SMALL, signal, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const MASTER_KEY: &str = "Y2FuYXJ5IG9mIHRoZSBtYXN0ZXIga2V5IDMyIGJ5dGU=";
const JWT_SECRET: &str = "canary-of-the-access-token-secret-0123456789";
const JWT_REFRESH_SECRET: &str = "canary-of-the-refresh-token-secret-0123456789";
/// Shown with each call of `/metrics`.
pub(super) const METRICS_TOKEN: &str = "canary-of-the-metrics-token-0123456789";

/// The server and the place it works in.
pub(super) struct Server {
    place: tempfile::TempDir,
    environment: Vec<(String, String)>,
    process: Option<Killed>,
    url: String,
}

impl Server {
    /// A server without dev mode on an empty directory; its secrets are canaries.
    pub(super) fn start(watch: &mut Watch) -> Self {
        let place = tempfile::tempdir().unwrap();
        let token = place.path().join("metrics-token");
        fs::write(&token, watch.canary("metrics token", METRICS_TOKEN)).unwrap();
        let mut environment = vec![
            ("NOVAPULSE_SECRETS_MASTER_KEY".to_owned(), watch.canary("master key", MASTER_KEY)),
            ("JWT_REFRESH_SECRET".to_owned(), watch.canary("refresh token secret", JWT_REFRESH_SECRET)),
            ("NOVAPULSE_SERVER_METRICS_TOKEN_FILE".to_owned(), token.display().to_string()),
            ("NOVAPULSE_OUTBOUND_ALLOW".to_owned(), "127.0.0.0/8".to_owned()),
            ("RUST_LOG".to_owned(), "trace".to_owned()),
        ];
        environment.extend(SMALL.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut server = Self { place, environment, process: None, url: String::new() };
        let secret = watch.canary("access token secret", JWT_SECRET);
        let sealed = server.run(watch, "secrets seal", &["secrets", "seal"], Some(&secret));
        let sealed = watch.canary("sealed value", sealed.trim());
        server.environment.push(("JWT_SECRET".to_owned(), sealed));
        server.launch();
        server
    }

    pub(super) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    pub(super) fn anonymous(&self) -> Client {
        Client::anonymous(self.url.trim_start_matches("http://").parse().unwrap())
    }

    pub(super) fn with_token(&self, token: &str) -> Client {
        Client::with_key(self.url.trim_start_matches("http://").parse().unwrap(), token)
    }

    /// What the server printed to its standard output.
    pub(super) fn output(&self) -> String {
        read(&self.place.path().join("output"))
    }

    /// Runs a command with the server's settings, keeps what it said, and gives its standard output.
    pub(super) fn run(&self, watch: &mut Watch, name: &str, arguments: &[&str], input: Option<&str>) -> String {
        self.run_with(watch, name, arguments, input, &[])
    }

    /// The same with other settings too.
    pub(super) fn run_with(
        &self,
        watch: &mut Watch,
        name: &str,
        arguments: &[&str],
        input: Option<&str>,
        more: &[(&str, &str)],
    ) -> String {
        let mut command = self.command(arguments);
        command.envs(more.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A command that reads nothing may have closed the pipe.
        drop(process.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()));
        let output = process.wait_with_output().unwrap();
        watch.saw(name, [output.stdout.as_slice(), output.stderr.as_slice()].concat());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Stops the server in order, and starts it again.
    pub(super) fn restart(&mut self) {
        self.stop();
        self.launch();
    }

    /// Stops the server in order.
    pub(super) fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        signal(process.0.id(), "-TERM");
        let mut exit = None;
        wait_until("the server has ended", PATIENCE, || {
            exit = process.0.try_wait().unwrap();
            exit.is_some()
        });
        assert!(exit.unwrap().success());
    }

    /// Keeps what the server wrote; it has ended.
    pub(super) fn saw_words(&self, watch: &mut Watch) {
        let log = read(&self.place.path().join("log"));
        assert!(log.contains("\"level\":\"DEBUG\""), "the log is not as talkative as it can be");
        watch.saw("log", log);
        watch.saw("standard output", self.output());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.args(arguments).arg("--data").arg(self.data()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn launch(&mut self) {
        let ready = self.place.path().join("ready.json");
        // The file of an earlier run must not pass for the news of this one.
        drop(fs::remove_file(&ready));
        let append = |name: &str| File::options().create(true).append(true).open(self.place.path().join(name)).unwrap();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--ready-file").arg(&ready).stdin(Stdio::null()).stdout(append("output")).stderr(append("log"));
        let process = command.spawn().unwrap();
        self.process = Some(Killed(process));
        let mut url = String::new();
        wait_until("the server is ready", PATIENCE, || {
            let document = fs::read(&ready).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            url = document.and_then(|document| Some(document["url"].as_str()?.to_owned())).unwrap_or_default();
            !url.is_empty()
        });
        self.url = url;
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
