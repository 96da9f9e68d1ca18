//! `cargo bench --bench novapulse`: what NovaPulse reaches, beside what the machine would allow.
//!
//! Starts the release binary on a fresh directory, drives it over loopback HTTP and prints one row per figure with
//! its target and its share of a ceiling measured in the same run; the same rows go to `target/bench/novapulse.json`.
//! Arguments after `--`: section names (all by default), `--quick` for a tenth of the size, `--list`,
//! `--strict` to fail when a target is missed. Receiver and bare server are this program in another role.
#![expect(clippy::print_stdout, reason = "the table is this program's purpose")]

mod api;
mod axum_role;
mod children;
mod drive;
mod group_commit;
mod histogram;
mod hyper_client;
mod machine;
mod receiver;
mod report;
mod sections;
mod signature;
mod wire;

use std::{process::ExitCode, time::Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::{
    machine::Cpu,
    report::Report,
    sections::{ALL, Scale, Section},
};

// As the server's: sections that run the kernel in this process measure what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Default)]
struct Arguments {
    role: Option<String>,
    threads: usize,
    is_bench: bool,
    is_quick: bool,
    is_list: bool,
    is_strict: bool,
    sections: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A backtrace of a bench says nothing that the message does not.
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = parse(std::env::args().skip(1))?;
    match arguments.role.as_deref() {
        Some("receiver") => return receiver::serve(arguments.threads),
        Some("axum") => return axum_role::serve(arguments.threads),
        Some(other) => bail!("no role \"{other}\""),
        None => {}
    }
    if arguments.is_list {
        for (name, title, _) in ALL {
            println!("{name:<12} {title}");
        }
        return Ok(());
    }
    if !arguments.is_bench {
        // `cargo test` runs benches without this flag; measuring then would only disturb the tests.
        println!("run with: cargo bench --bench novapulse -- [--quick] [section ...]");
        return Ok(());
    }
    measure(&arguments)
}

fn parse(given: impl Iterator<Item = String>) -> Result<Arguments> {
    let mut arguments = Arguments { threads: 1, ..Arguments::default() };
    let mut given = given.peekable();
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--role" => arguments.role = given.next(),
            "--threads" => arguments.threads = given.next().context("--threads needs a number")?.parse()?,
            "--bench" => arguments.is_bench = true,
            "--quick" => arguments.is_quick = true,
            "--list" => arguments.is_list = true,
            "--strict" => arguments.is_strict = true,
            name if ALL.iter().any(|(known, _, _)| *known == name) => arguments.sections.push(name.to_owned()),
            other => bail!("no section or option \"{other}\"; --list shows the sections"),
        }
    }
    Ok(arguments)
}

fn measure(arguments: &Arguments) -> Result<()> {
    let machine = machine::description();
    println!("{machine}");
    println!("binary: {}", children::binary().display());
    let scale = Scale { is_quick: arguments.is_quick };
    let mut report = Report::default();
    let mut summaries = Vec::new();
    let mut failures = Vec::new();
    for section in ALL {
        if !arguments.sections.is_empty() && !arguments.sections.iter().any(|wanted| wanted == section.0) {
            continue;
        }
        let (summary, failure) = run_section(section, scale, &mut report);
        summaries.push(summary);
        failures.extend(failure);
    }
    let path = report.write(&machine, &summaries)?;
    let missed = report.missed();
    println!("\n{missed} targets missed; written to {}", path.display());
    if !failures.is_empty() {
        bail!("sections that could not be measured: {}", failures.join("; "));
    }
    if arguments.is_strict && missed > 0 {
        bail!("{missed} targets missed");
    }
    Ok(())
}

fn run_section(section: Section, scale: Scale, report: &mut Report) -> (serde_json::Value, Option<String>) {
    let (name, title, run) = section;
    Report::heading(title);
    let (cpu, start) = (Cpu::now(), Instant::now());
    let result = run(scale, report);
    let (busy, stolen) = Cpu::now().since(cpu);
    let seconds = start.elapsed().as_secs_f64();
    println!("host during this section: {busy:.1} cores busy, {stolen:.2} stolen, {seconds:.0} s");
    let failure = result.err().map(|error| format!("{name}: {error:#}"));
    if let Some(failure) = &failure {
        println!("COULD NOT BE MEASURED: {failure}");
    }
    let summary = json!({
        "name": name, "title": title, "seconds": seconds, "cores_busy": busy, "cores_stolen": stolen,
        "failure": failure,
    });
    (summary, failure)
}
