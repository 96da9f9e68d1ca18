//! The `novapulse` binary: parses arguments, runs one command, prints the error chain, picks the exit code.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use novapulse::cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything may touch TLS: one crypto provider for the whole process.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return report("another crypto provider is installed already", 1);
    }
    match cli::run() {
        Ok(code) => code,
        Err(error) => report(&format!("{error:#}"), cli::exit_code(&error)),
    }
}

fn report(message: &str, code: u8) -> ExitCode {
    // Nothing is left to do when standard error is gone too.
    drop(writeln!(io::stderr(), "novapulse: {message}"));
    ExitCode::from(code)
}
