//! Stand-ins for outside services: processes of their own, ended when dropped.

#[cfg(feature = "s3")]
use std::io::{BufRead, BufReader};
use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

#[cfg(feature = "s3")]
use super::Killed;

/// Says loudly that a test did not run and why; `scripts/test` counts these.
pub fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
    let Some(path) = std::env::var_os("NOVAPULSE_SKIPPED") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "SKIPPED {test}: {why}").unwrap();
}

/// The Python that has the stand-ins; none when they cannot be had. The script keeps other test processes out meanwhile.
pub fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services");
        let output = Command::new(script).stderr(Stdio::inherit()).output().ok()?;
        output.status.success().then(|| PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
    });
    found.as_deref()
}

/// An S3 service in memory with the bucket `novapulse`.
#[cfg(feature = "s3")]
pub struct S3Service {
    _process: Killed,
    pub url: String,
}

#[cfg(feature = "s3")]
impl S3Service {
    /// Starts one; none when it cannot be had on this machine.
    pub fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/s3.py");
        let mut command = Command::new(python()?);
        let mut process = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Self { _process: Killed(process), url: format!("http://127.0.0.1:{}", port.trim()) })
    }
}
