//! Death at enumerated system calls, injected with strace: during the first start, and under load.
//!
//! strace counts calls per thread, so `when=N` hits the first thread that makes its N-th call. The points of a
//! group are spread over the number of calls seen in a run without injection. Without strace these tests say so and count
//! as skipped.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    campaign::Campaign,
    client::{Client, Sent},
    node::Place,
    observe::describe,
    seed, setting,
};
use crate::support::skipped;

/// Calls that change what is on the disk.
const CALLS: [&str; 8] = ["write", "pwrite64", "fdatasync", "fsync", "rename", "renameat", "mkdir", "ftruncate"];
const START_LIMIT: Duration = Duration::from_mins(1);

fn strace_is_there(test: &str) -> bool {
    let is_there = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skipped(test, "strace is not installed, so no death at a system call was tried");
    }
    is_there
}

fn traced(calls: &str, more: &[&str]) -> Vec<String> {
    let fixed = ["strace", "-D", "-f", "-qq", "-e"];
    let trace = format!("trace={calls}");
    fixed.into_iter().chain([trace.as_str()]).chain(more.iter().copied()).map(str::to_owned).collect()
}

/// The wrapper that kills the server at the N-th call of this name.
fn killing_at(call: &str, number: u32) -> Vec<String> {
    let inject = format!("inject={call}:signal=SIGKILL:when={number}");
    traced(call, &["-o", "/dev/null", "-e", &inject])
}

/// How often the busiest thread makes each call until the server is ready.
fn calls_of_a_first_start(directory: &Path) -> HashMap<&'static str, u32> {
    let trace = directory.join("trace.txt");
    let path = trace.to_string_lossy().into_owned();
    let place = Place::new(directory);
    let node = place.spawn(&traced(&CALLS.join(","), &["-o", &path])).wait().unwrap();
    node.kill();
    let text = fs::read_to_string(&trace).unwrap();
    let mut per_thread: HashMap<(&str, &'static str), u32> = HashMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let name = rest.trim_start().split('(').next().unwrap_or_default();
        if let Some(call) = CALLS.into_iter().find(|call| *call == name) {
            *per_thread.entry((thread, call)).or_default() += 1;
        }
    }
    let mut most = HashMap::new();
    for ((_, call), count) in per_thread {
        let known = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}

/// Up to `limit` points, spread evenly over all calls.
fn points(calls: &HashMap<&'static str, u32>, limit: u64) -> Vec<(&'static str, u32)> {
    let all: Vec<(&'static str, u32)> = CALLS
        .into_iter()
        .flat_map(|call| (1..=calls.get(call).copied().unwrap_or(0)).map(move |n| (call, n)))
        .collect();
    let count = (limit as usize).min(all.len());
    (0..count).map(|index| all[index * all.len() / count]).collect()
}

fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::remove_dir_all(&path).ok();
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_first_start_that_dies_anywhere_does_not_hinder_the_next() {
    if !strace_is_there("a_first_start_that_dies_anywhere_does_not_hinder_the_next") {
        return;
    }
    let dry = scratch("first-start");
    let calls = calls_of_a_first_start(&dry);
    fs::remove_dir_all(&dry).ok();
    let points = points(&calls, setting("NOVAPULSE_CRASH_SYSCALLS", 24));
    assert!(!points.is_empty(), "strace saw no calls: {calls:?}");
    let mut hit = 0;
    for (call, number) in &points {
        let directory = scratch("first-start");
        let place = Place::new(&directory);
        let mut starting = place.spawn(&killing_at(call, *number));
        hit += u32::from(starting.ended_before_ready(START_LIMIT));
        drop(starting);
        let what = format!("after death at {call} number {number} of the first start");
        let node = place.start().unwrap_or_else(|error| panic!("{what}: {error}"));
        let key = place.api_key().unwrap_or_else(|error| panic!("{what}: {error}"));
        let answer = Client::new(node.address, &key).call("GET", "/queues", "", None);
        assert!(matches!(answer, Sent::Answer { status: 200, .. }), "{what}: {}", describe(&answer));
        node.kill();
        place.check_offline().unwrap_or_else(|error| panic!("{what}: {error}"));
        fs::remove_dir_all(&directory).ok();
    }
    println!("first start: {} points of {calls:?}, {hit} of them hit before ready", points.len());
    assert!(hit * 2 >= points.len() as u32, "only {hit} of {} points were hit", points.len());
}

#[test]
fn nothing_acknowledged_is_lost_when_killed_at_a_system_call() {
    if !strace_is_there("nothing_acknowledged_is_lost_when_killed_at_a_system_call") {
        return;
    }
    let count = setting("NOVAPULSE_CRASH_SYSCALLS", 8).max(1) as u32;
    let seed = seed();
    println!("seed {seed}, {count} points");
    let (mut campaign, mut node) = Campaign::begin("crash-syscalls", seed);
    for cycle in 1..=count {
        // Syncs and writes of the commit thread, early and late in its life.
        let call = ["fdatasync", "write", "pwrite64", "fsync"][cycle as usize % 4];
        let number = 1 + (seed as u32 % 7) + cycle * cycle % 97;
        node = campaign.cycle_at_call(node, cycle, &killing_at(call, number));
        campaign.check_after_restart(&node, cycle);
    }
    campaign.finish(node, count);
}
