//! A mail server in a process of its own, as `tests/receivers` describes it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use serde_json::Value;

use super::Killed;

/// How long the server may take to tell of a message.
const PATIENCE: Duration = Duration::from_mins(1);

/// Installs what the receivers need once; the script keeps other test processes out meanwhile.
pub fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/receivers");
        let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "scripts/receivers failed");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

/// A mail server that tells what it takes; ended when dropped.
pub struct MailServer {
    _process: Killed,
    port: u16,
    told: Receiver<Value>,
}

impl MailServer {
    /// Starts one; the settings are those of `smtp_server.py`.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let folder = installed().join("python");
        let mut command = Command::new(folder.join("venv/bin/python"));
        command.arg(folder.join("smtp_server.py")).envs(settings.iter().copied());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().expect("the mail server says its port").unwrap().parse().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { _process: Killed(process), port, told }
    }

    /// The settings with which a server under test sends through this one.
    pub fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let port = self.port.to_string();
        let own = [
            ("NOVAPULSE_MAIL_HOST", "127.0.0.1"),
            ("NOVAPULSE_MAIL_PORT", &port),
            ("NOVAPULSE_MAIL_TLS", "none"),
            ("NOVAPULSE_MAIL_FROM", "NovaPulse <no-reply@nova.example>"),
        ];
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What it tells next.
    #[track_caller]
    pub fn next(&self) -> Value {
        self.told.recv_timeout(PATIENCE).expect("the mail server tells of something")
    }

    /// What it has told and nobody has asked for.
    pub fn rest(&self) -> Vec<Value> {
        self.told.try_iter().collect()
    }
}
