//! The server under test: the real binary, on a directory and a port of its own.

use std::{
    fs::{self, File},
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Client, wait_until};

/// How long the server may take to be ready, on a machine that runs many tests at once.
const PATIENCE: Duration = Duration::from_mins(1);

/// Room enough for tests, also on a machine whose disk is nearly full; and no large reserve for each server.
pub const SMALL: [(&str, &str); 4] = [
    ("NOVAPULSE_STORAGE_SOFT_FREE_PERCENT", "0"),
    ("NOVAPULSE_STORAGE_SOFT_FREE", "64MiB"),
    ("NOVAPULSE_STORAGE_HARD_FREE", "32MiB"),
    ("NOVAPULSE_STORAGE_BALLAST", "1MiB"),
];

/// A running server; dropping it ends the process.
pub struct TestApp {
    directory: tempfile::TempDir,
    options: Vec<(String, String)>,
    process: Option<Child>,
    address: SocketAddr,
    api_key: String,
    company: String,
}

impl TestApp {
    /// A server in dev mode on an empty directory.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with environment variables set, such as `NOVAPULSE_SERVER_BODY_MAX`.
    pub fn start_with(options: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut app =
            Self { directory, options, process: None, address, api_key: String::new(), company: String::new() };
        app.launch();
        app
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The address the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL, without a slash at the end; plain HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the server wrote to its ready file.
    pub fn ready(&self) -> Value {
        read_json(&self.directory.path().join("ready.json")).unwrap()
    }

    /// The API key of the demo company.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The id of the demo company.
    pub fn company(&self) -> &str {
        &self.company
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// A client with the API key of the demo company.
    pub fn client(&self) -> Client {
        Client::with_key(self.address, &self.api_key)
    }

    /// A client without a credential.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.address)
    }

    /// What the server wrote to its standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// What the server wrote to its standard output since its last start: in dev mode, credentials too.
    pub fn output(&self) -> String {
        fs::read_to_string(self.output_path()).unwrap_or_default()
    }

    fn output_path(&self) -> PathBuf {
        self.directory.path().join("output")
    }

    /// Changes an environment variable for the next start.
    pub fn set_option(&mut self, name: &str, value: &str) {
        self.options.retain(|(known, _)| known != name);
        self.options.push((name.to_owned(), value.to_owned()));
    }

    /// Asks the server to stop and waits for it.
    pub fn terminate(&mut self) -> ExitStatus {
        signal(self.pid(), "-TERM");
        self.wait_for_exit()
    }

    /// Stops the server in order and starts it on the same directory.
    pub fn restart(&mut self) {
        let status = self.terminate();
        assert!(status.success(), "{status}: {}", self.log());
        self.launch();
    }

    /// Kills the server as a crash would; the directory stays as it is.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts the server again after [`TestApp::kill9`].
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server is running");
        self.launch();
    }

    /// The demo admin's address and password.
    pub fn demo_sign_in(&self) -> (String, String) {
        let text = fs::read_to_string(self.data().join("dev-credentials.json")).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        (value["email"].as_str().unwrap().to_owned(), value["password"].as_str().unwrap().to_owned())
    }

    /// A client that is signed in as the demo admin, who owns the instance.
    pub fn owner(&self) -> Client {
        let (email, password) = self.demo_sign_in();
        let body = serde_json::json!({ "email": email, "password": password });
        let tokens = self.anonymous().post("/api/v1/auth/login", &body).expect(200);
        Client::with_key(self.address, tokens["access_token"].as_str().unwrap())
    }

    /// Makes another company with a user and an API key; gives its key. The server restarts for it.
    pub fn second_company(&mut self) -> String {
        let status = self.terminate();
        assert!(status.success(), "{status}: {}", self.log());
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.arg("setup").arg("--data").arg(self.data());
        command.args(["--company", "Other", "--email", "other@example.com"]).env_clear().envs(SMALL);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        self.launch();
        let key = text.split_whitespace().find(|word| word.starts_with("np_live_"));
        key.expect("the key is printed").to_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn wait_for_exit(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let mut exit = None;
        wait_until("the server has ended", PATIENCE, || {
            exit = process.try_wait().unwrap();
            exit.is_some()
        });
        exit.unwrap()
    }

    fn launch(&mut self) {
        let ready = self.directory.path().join("ready.json");
        // The file of an earlier run must not pass for the news of this one.
        drop(fs::remove_file(&ready));
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.arg("serve").arg("--dev").args(["--listen", "127.0.0.1:0"]);
        command.arg("--data").arg(self.data()).arg("--ready-file").arg(&ready);
        command.env_clear().envs(SMALL).envs(self.options.iter().map(|(name, value)| (name, value)));
        // Dev mode says its credentials on standard output; they are not for the log.
        command.stdin(Stdio::null()).stdout(File::create(self.output_path()).unwrap()).stderr(log);
        let mut process = command.spawn().unwrap();
        let started = Instant::now();
        let url = loop {
            if let Some(url) = read_json(&ready).and_then(|ready| Some(ready["url"].as_str()?.to_owned())) {
                break url;
            }
            let exit = process.try_wait().unwrap();
            assert!(exit.is_none(), "the server ended with {exit:?}: {}", self.log());
            if started.elapsed() > PATIENCE {
                drop(process.kill());
                panic!("the server is not ready after {PATIENCE:?}: {}", self.log());
            }
            std::thread::park_timeout(Duration::from_millis(2));
        };
        self.process = Some(process);
        self.address = url.split_once("://").unwrap().1.parse().unwrap();
        let credentials = read_json(&self.data().join("dev-credentials.json")).expect("dev credentials are written");
        credentials["api_key"].as_str().unwrap().clone_into(&mut self.api_key);
        credentials["company_id"].as_str().unwrap().clone_into(&mut self.company);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut log = String::new();
            if let Ok(mut file) = File::open(self.log_path()) {
                drop(file.read_to_string(&mut log));
            }
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("--- the server's last words ---");
            for line in tail.iter().rev() {
                eprintln!("{line}");
            }
        }
        self.kill9();
    }
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Sends a signal by its name, such as `-TERM`.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(name).arg(pid.to_string()).status().unwrap();
    assert!(status.success());
}
