//! The crash test: the real binary is killed under load, started again on the same directory, and checked.
//!
//! Connections record every operation with its outcome. After each restart the checker compares the record with what
//! the server shows: acknowledged work is there unchanged, refused work is not, work without an answer is there whole
//! or not at all. How the server dies, and when, follows from a seed that is printed; the interleaving of connections
//! does not, so a replay repeats the plan and not every byte.
//!
//! `NOVAPULSE_CRASH_KILLS` sets the number of cycles (50), `NOVAPULSE_CRASH_SEED` the seed,
//! `NOVAPULSE_CRASH_SYSCALLS` the number of crash points per group at enumerated system calls.

mod campaign;
mod client;
mod coverage;
mod keys;
mod node;
mod observe;
mod plan;
mod receiver;
mod requests;
mod scene;
mod syscalls;
mod traffic;

use novapulse::base::{Random, SystemRandom};

pub(super) use self::node::Place;
use self::{campaign::Campaign, plan::End};

/// A number from the environment, or the default.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number in the environment"))
}

fn seed() -> u64 {
    setting("NOVAPULSE_CRASH_SEED", SystemRandom.next_u64() % 1_000_000)
}

#[test]
fn nothing_acknowledged_is_lost_when_killed_at_random_moments() {
    let cycles = setting("NOVAPULSE_CRASH_KILLS", 50) as u32;
    let seed = seed();
    println!("seed {seed}, {cycles} cycles");
    let (mut campaign, mut node) = Campaign::begin("crash", seed);
    for cycle in 1..=cycles {
        node = campaign.cycle(node, cycle, End::of(seed, cycle));
        campaign.check_after_restart(&node, cycle);
    }
    campaign.finish(node, cycles);
}
