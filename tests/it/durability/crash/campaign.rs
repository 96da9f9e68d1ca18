//! One run: load, death, restart, check, again and again on one data directory; then everything is finished and checked.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::ExitStatus,
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use novapulse::base::SeededRandom;
use rustix::process::Signal;
use serde_json::json;

use super::{
    client::{Client, Sent},
    coverage::Coverage,
    node::{Node, Place},
    observe::{Reader, describe, known_events, known_jobs},
    plan::End,
    receiver::Receiver,
    scene,
    traffic::{CYCLES_PER_QUEUE, GENERATIONS, Traffic, WORKED_ON, World, is_worked_on, queues},
};
use crate::{
    durability::model::{Case, Observation, Op, Outcome, Reply, ScheduleSeen, Setup, Violation, check, is_terminal},
    support::wait_for,
};

const CONNECTIONS: u64 = 16;
/// Without this much acknowledged work a cycle would prove nothing.
const LEAST_PER_CYCLE: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(10);
const DRAIN_LIMIT: Duration = Duration::from_mins(2);
const SECOND_PROCESS_EVERY: u32 = 5;
/// Characters of one violation in the report of a failure.
const VIOLATION_SHOWN: usize = 6_000;

/// What a run did, for its last line.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) deaths: u32,
    pub(crate) slowest_ready: Duration,
    pub(crate) offline_checks: u32,
    pub(crate) unknown_resolved: u64,
    /// Ticks of each schedule that were compared with its jobs, the most at one time.
    pub(crate) ticks_compared: BTreeMap<String, u64>,
}

/// A run in progress.
pub(crate) struct Campaign {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) tally: Tally,
    place: Place,
    directory: PathBuf,
    world: Arc<World>,
    receiver: Receiver,
    setup: Setup,
    schedules: Vec<String>,
    key: String,
    /// When the server of now was ready.
    ready_at: u64,
    terminal_jobs: HashMap<String, String>,
    terminal_deliveries: HashMap<String, u64>,
    /// Entries before this one have no unknown enqueue left.
    resolved: usize,
}

impl Campaign {
    /// First start on an empty directory: webhooks and event types are made, the first server is ready.
    pub(crate) fn begin(name: &'static str, seed: u64) -> (Self, Node) {
        let directory =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{seed}-{}", std::process::id()));
        fs::remove_dir_all(&directory).ok();
        fs::create_dir_all(&directory).unwrap();
        let start = Instant::now();
        let place = Place::new(&directory);
        let node = place.start().unwrap();
        let key = place.api_key().unwrap();
        let receiver = Receiver::start(start);
        let (setup, schedules) = scene::set(&node, &key, &receiver);
        let world = World::new(start);
        world.sign_in(node.address, &place.sign_in().unwrap()).unwrap();
        let campaign = Self {
            name,
            seed,
            tally: Tally::default(),
            place,
            directory,
            world,
            receiver,
            setup,
            schedules,
            key,
            ready_at: 0,
            terminal_jobs: HashMap::new(),
            terminal_deliveries: HashMap::new(),
            resolved: 0,
        };
        (campaign, node)
    }

    /// Makes the queue of this cycle whose groups have one job at a time.
    fn open_groups(&self, node: &Node, cycle: u32) {
        let mut client = Client::new(node.address, &self.key);
        let [_, _, _, queue, ..] = queues(cycle);
        // The queue is there with its first job.
        let first = self.world.in_group(&SeededRandom::new(self.seed), &queue);
        self.require(self.world.enqueue(&mut client, cycle, vec![first]).is_some(), || "no first job".to_owned());
        let one = json!({ "group_concurrency": 1 }).to_string();
        let answer = client.call("PATCH", &format!("/queues/{queue}"), &one, None);
        let is_set = matches!(answer, Sent::Answer { status: 200, .. });
        self.require(is_set, || format!("{queue}: {}", describe(&answer)));
    }

    /// Puts the server under load and ends it as planned; returns the next server, ready.
    pub(crate) fn cycle(&mut self, mut node: Node, cycle: u32, end: End) -> Node {
        if cycle == 1 || cycle.is_multiple_of(CYCLES_PER_QUEUE) {
            self.open_groups(&node, cycle);
        }
        let before = self.world.acknowledged.load(Ordering::Relaxed);
        let traffic = Traffic::start(&self.world, node.address, &self.key, cycle, CONNECTIONS, self.seed);
        let after = end.after();
        let mut has_ended = node.ended(after);
        let least = before + LEAST_PER_CYCLE;
        let is_busy = || (self.world.acknowledged.load(Ordering::Relaxed) >= least).then_some(());
        let was_busy = wait_for(PATIENCE, is_busy).is_some();
        match end {
            End::Kill { .. } | End::KillTwice { .. } | End::KillStarting { .. } => node.kill(),
            End::Terminate { .. } => self.require_orderly_end(node.terminate()),
            End::Pause { pause, is_continued, .. } => {
                node.signal(Signal::STOP);
                has_ended |= node.ended(pause);
                if is_continued {
                    node.signal(Signal::CONT);
                    has_ended |= node.ended(after);
                }
                node.kill();
            }
        }
        traffic.end();
        self.tally.deaths += 1;
        self.require(!has_ended, || "the server ended by itself under load".to_owned());
        self.require(was_busy, || format!("fewer than {LEAST_PER_CYCLE} operations were acknowledged in a cycle"));
        self.check_offline();
        self.die_while_starting(end);
        self.restart()
    }

    /// Starts the server under a wrapper that kills it at a system call, loads it until then, and starts it anew.
    pub(crate) fn cycle_at_call(&mut self, node: Node, cycle: u32, wrapper: &[String]) -> Node {
        // The plain server takes the load first, so that each cycle has acknowledged work.
        let mut next = self.cycle(node, cycle, End::Kill { after: Duration::from_millis(300) });
        next.signal(Signal::TERM);
        self.require(next.ended(PATIENCE * 4), || "SIGTERM did not end the server".to_owned());
        if let Ok(mut node) = self.place.spawn(wrapper).wait() {
            let traffic = Traffic::start(&self.world, node.address, &self.key, cycle, CONNECTIONS, !self.seed);
            // A call that is never made that often leaves the server alive; then it is killed as usual.
            node.ended(PATIENCE / 2);
            node.kill();
            traffic.end();
        }
        self.tally.deaths += 1;
        self.restart()
    }

    fn die_while_starting(&mut self, end: End) {
        if let End::KillTwice { again: wait, .. } | End::KillStarting { starting: wait, .. } = end {
            let has_ended = self.place.spawn(&[]).ended(wait);
            self.tally.deaths += 1;
            self.require(!has_ended, || "the server ended by itself while it started".to_owned());
        }
    }

    fn restart(&mut self) -> Node {
        match self.place.start() {
            Ok(node) => {
                self.ready_at = self.world.now();
                self.tally.slowest_ready = self.tally.slowest_ready.max(node.ready_after);
                node
            }
            Err(error) => self.fail(&[], &format!("no restart: {error}")),
        }
    }

    /// Runs `novapulse check` on the stopped directory.
    pub(crate) fn check_offline(&mut self) {
        self.tally.offline_checks += 1;
        if let Err(error) = self.place.check_offline() {
            self.fail(&[Violation { invariant: 30, text: error }], "the offline check");
        }
    }

    /// Checks everything that belongs to this cycle's queues, its events, and one older generation.
    pub(crate) fn check_after_restart(&mut self, node: &Node, cycle: u32) {
        let reader = Reader { address: node.address, key: self.key.clone() };
        // Before anything is asked again: nothing may be there by half.
        let counters = self.expect(reader.counters());
        let schedules = self.count_ticks(&reader);
        self.world.try_keys(node.address, cycle);
        let second = cycle.is_multiple_of(SECOND_PROCESS_EVERY).then(|| self.place.second());
        self.judge(Observation { counters, schedules, second, ..Observation::default() });
        self.resolve(node, cycle);
        let mut chosen: BTreeSet<String> = queues(cycle).into();
        chosen.extend(queues((self.seed as u32).wrapping_add(cycle * 7) % (cycle + 1)));
        let seen = self.look(&reader, &chosen, |of| of + 1 >= cycle);
        self.judge(seen);
    }

    /// The schedules that could be counted, and notes how much there was to compare.
    fn count_ticks(&mut self, reader: &Reader) -> Vec<ScheduleSeen> {
        let schedules = self.expect(reader.schedules(&self.schedules));
        for schedule in &schedules {
            let most = self.tally.ticks_compared.entry(schedule.id.clone()).or_default();
            *most = schedule.jobs.max(*most);
        }
        schedules
    }

    fn look(&self, reader: &Reader, chosen: &BTreeSet<String>, cycles: impl Fn(u32) -> bool) -> Observation {
        let (jobs, events) = {
            let history = self.world.history.lock().unwrap();
            (known_jobs(&history, chosen), known_events(&history, cycles))
        };
        let mut seen = self.expect(reader.observe_settled(&jobs, &events, chosen));
        seen.recounted.retain(|queue| seen.counters.contains_key(queue));
        seen.at = self.world.now();
        seen
    }

    fn judge(&mut self, mut seen: Observation) -> Observation {
        seen.at = if seen.at == 0 { self.world.now() } else { seen.at };
        seen.ready_at = self.ready_at;
        seen.terminal_jobs = std::mem::take(&mut self.terminal_jobs);
        seen.terminal_deliveries = std::mem::take(&mut self.terminal_deliveries);
        let found = {
            let history = self.world.history.lock().unwrap();
            let received = self.receiver.received();
            check(&Case { setup: &self.setup, history: &history, seen: &seen, received: &received })
        };
        self.terminal_jobs = std::mem::take(&mut seen.terminal_jobs);
        self.terminal_deliveries = std::mem::take(&mut seen.terminal_deliveries);
        let ended = seen.jobs.iter().filter(|(_, job)| is_terminal(&job.state));
        self.terminal_jobs.extend(ended.map(|(id, job)| (id.clone(), job.state.clone())));
        for delivery in seen.events.values().flat_map(|event| &event.deliveries) {
            if matches!(delivery.state.as_str(), "succeeded" | "failed" | "cancelled") {
                self.terminal_deliveries.entry(delivery.id.clone()).or_insert(seen.at);
            }
        }
        if !found.is_empty() {
            self.fail(&found, "promises are broken");
        }
        seen
    }

    /// Asks every unknown enqueue and publish again with its key, which says whether it had happened.
    fn resolve(&mut self, node: &Node, cycle: u32) {
        let unknown: Vec<Op> = {
            let history = self.world.history.lock().unwrap();
            let open = history[self.resolved..].iter().filter(|entry| entry.outcome == Outcome::Unknown);
            open.filter(|entry| matches!(entry.op, Op::Enqueue { .. } | Op::Publish { .. }))
                .map(|entry| entry.op.clone())
                .collect()
        };
        let mut client = Client::new(node.address, &self.key);
        for op in unknown {
            let outcome = self.world.perform(&mut client, cycle, op.clone());
            let is_resolved = matches!(outcome, Some(Outcome::Ok(_) | Outcome::Refused(409 | 422)));
            self.require(is_resolved, || format!("{op:?} could not be asked again: {outcome:?}"));
            self.tally.unknown_resolved += 1;
        }
        self.resolved = self.world.history.lock().unwrap().len();
    }

    /// Finishes all work, stops the server in order, and checks everything once more.
    pub(crate) fn finish(mut self, node: Node, cycles: u32) {
        let reader = Reader { address: node.address, key: self.key.clone() };
        self.drain(&reader, cycles);
        let all: BTreeSet<String> = (0..=cycles).flat_map(queues).collect();
        let look =
            |campaign: &Self, reader: &Reader| Observation { is_final: true, ..campaign.look(reader, &all, |_| true) };
        let schedules = self.count_ticks(&reader);
        let seen = Observation { schedules, ..look(&self, &reader) };
        let before = self.judge(seen);
        self.require_orderly_end(node.terminate());
        self.check_offline();
        let node = self.restart();
        let reader = Reader { address: node.address, key: self.key.clone() };
        let before_restart = Some(Box::new(before));
        let seen = Observation { before_restart, ..look(&self, &reader) };
        self.judge(seen);
        node.kill();
        self.report(cycles);
        fs::remove_dir_all(&self.directory).ok();
    }

    /// Works on every job until none is left and every delivery has ended.
    fn drain(&mut self, reader: &Reader, cycles: u32) {
        let open = ["waiting", "delayed", "active", "retrying"];
        let left = |reader: &Reader| -> Result<u64, String> {
            let counters = reader.counters()?;
            Ok(counters
                .keys()
                .filter(|queue| is_worked_on(queue))
                .flat_map(|queue| open.map(|state| counters[queue].get(state)))
                .flatten()
                .sum())
        };
        let deadline = Instant::now() + DRAIN_LIMIT;
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut client = Client::new(reader.address, &self.key);
                    while left(reader).is_ok_and(|left| left > 0) && Instant::now() < deadline {
                        for queue in (0..=cycles)
                            .step_by(CYCLES_PER_QUEUE as usize)
                            .take(GENERATIONS as usize)
                            .flat_map(|cycle| queues(cycle).into_iter().take(WORKED_ON))
                        {
                            self.work_off(&mut client, cycles + 1, queue);
                        }
                    }
                });
            }
        });
        let left = self.expect(left(reader));
        self.require(left == 0, || format!("{left} jobs and deliveries did not end within {DRAIN_LIMIT:?}"));
    }

    fn work_off(&self, client: &mut Client, cycle: u32, queue: String) {
        loop {
            let op = Op::Lease { queue: queue.clone(), max: 50, lease_ms: 30_000 };
            let Some(Outcome::Ok(Reply::Granted(grants))) = self.world.perform(client, cycle, op) else { return };
            if grants.is_empty() {
                return;
            }
            for grant in grants {
                let op = Op::Complete { job: grant.job, token: grant.token, result: "{\"by\":\"drain\"}".to_owned() };
                if self.world.perform(client, cycle, op).is_none() {
                    return;
                }
            }
        }
    }

    fn report(&self, cycles: u32) {
        let history = self.world.history.lock().unwrap();
        let coverage = Coverage::of(&history);
        println!(
            "{}: seed {}, {cycles} cycles; {coverage}; {} deliveries received; {:?}",
            self.name,
            self.seed,
            self.receiver.received().len(),
            self.tally
        );
        if let Err(error) = coverage.is_enough(u64::from(cycles)) {
            self.fail(&[], &error);
        }
        for id in &self.schedules {
            let ticks = self.tally.ticks_compared.get(id).copied().unwrap_or(0);
            self.require(ticks > 0, || format!("no tick of schedule {id} was ever compared with its jobs"));
        }
    }

    fn require_orderly_end(&self, status: Option<ExitStatus>) {
        self.require(status.is_some_and(|status| status.success()), || format!("SIGTERM ended with {status:?}"));
    }

    fn require(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(&[], &what());
        }
    }

    fn expect<T>(&self, result: Result<T, String>) -> T {
        result.unwrap_or_else(|error| self.fail(&[], &error))
    }

    /// Ends the run with everything needed to look into it; the data directory stays.
    fn fail(&self, found: &[Violation], what: &str) -> ! {
        let path = self.directory.join("history.txt");
        let mut text = String::new();
        for entry in self.world.history.lock().unwrap().iter() {
            writeln!(text, "{entry:?}").unwrap();
        }
        fs::write(&path, text).unwrap();
        let mut listed = String::new();
        for violation in found.iter().take(20) {
            let text: String = violation.to_string().chars().take(VIOLATION_SHOWN).collect();
            writeln!(listed, "  {text}").unwrap();
        }
        panic!(
            "{what} ({} violations)\n{listed}replay: NOVAPULSE_CRASH_SEED={} cargo test --test it durability::crash\n\
             history: {}\nlast words of the server:\n{}",
            found.len(),
            self.seed,
            path.display(),
            self.place.log_tail()
        );
    }
}
