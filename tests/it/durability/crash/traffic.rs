//! The load: connections that each send one random operation after another and record how it ended.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use novapulse::base::{Random, SeededRandom};

use super::{
    client::{Client, Sent},
    keys::Keys,
    requests,
};
use crate::durability::model::{Entry, Grant, JobSpec, Op, Outcome, Reply, Role};

/// Jobs in each batch; queues of batches get nothing else.
pub(crate) const BATCH: u64 = 25;
/// Cycles that share one set of queues, so that a recount stays small.
pub(crate) const CYCLES_PER_QUEUE: u32 = 2;
/// How many of the queues of a cycle have workers.
pub(crate) const WORKED_ON: usize = 4;
/// Queues whose groups have one job at a time.
pub(crate) const GROUPS: &str = "group";
/// The queue of the schedules' jobs.
pub(crate) const TICKS: &str = "ticks";
/// Credentials come and go at this pace, so that they stay a small part of the load.
const BETWEEN_KEYS: Duration = Duration::from_millis(50);
const GROUP_KEYS: u64 = 4;
const TAGS: u64 = 3;
const UNIQUE_KEYS: u64 = 12;
/// Sets of queues; after the last one the first is used again, for a company has a hundred queues at most.
pub(crate) const GENERATIONS: u32 = 15;
const REMEMBERED: usize = 2_000;
/// What is published.
pub(crate) const EVENT_TYPES: [&str; 4] = ["crash.one", "crash.two", "crash.three", "crash.four"];

/// An enqueue that can be repeated with its key.
#[derive(Debug, Clone)]
pub(crate) struct Repeatable {
    pub(crate) key: String,
    pub(crate) jobs: Vec<JobSpec>,
}

/// What the connections share: the record and what they can act on next.
pub(crate) struct World {
    pub(crate) start: Instant,
    pub(crate) history: Mutex<Vec<Entry>>,
    /// Every enqueue by its key's number, so that an unknown one can be asked again.
    pub(crate) enqueues: Mutex<Vec<Repeatable>>,
    pub(crate) acknowledged: AtomicU64,
    next_item: AtomicU64,
    held: Mutex<VecDeque<Held>>,
    old_tokens: Mutex<VecDeque<(String, String)>>,
    cancellable: Mutex<VecDeque<String>>,
    pub(crate) keys: Keys,
}

#[derive(Debug, Clone)]
struct Held {
    job: String,
    token: String,
    lease_ms: u64,
}

/// The queues of a cycle; workers take from the first [`WORKED_ON`] of them.
pub(crate) fn queues(cycle: u32) -> [String; 6] {
    let generation = cycle / CYCLES_PER_QUEUE % GENERATIONS;
    ["work", "batch", "flow", GROUPS, "unique", "bulk"].map(|name| format!("{name}-{generation}"))
}

/// Whether workers take from a queue, so that it is empty in the end.
pub(crate) fn is_worked_on(queue: &str) -> bool {
    queue != TICKS && !queue.starts_with("unique-") && !queue.starts_with("bulk-")
}

impl World {
    pub(crate) fn new(start: Instant) -> Arc<Self> {
        Arc::new(Self {
            start,
            history: Mutex::default(),
            enqueues: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            next_item: AtomicU64::new(1),
            held: Mutex::default(),
            old_tokens: Mutex::default(),
            cancellable: Mutex::default(),
            keys: Keys::default(),
        })
    }

    pub(crate) fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Sends one operation, records it and returns how it ended; `None` when there was no connection.
    pub(crate) fn perform(&self, client: &mut Client, cycle: u32, op: Op) -> Option<Outcome> {
        let request = requests::of(&op);
        let key = match &op {
            Op::Enqueue { key, .. } => key.as_deref(),
            _ => None,
        };
        let invoked = self.now();
        let outcome = match client.call("POST", &request.path, &request.body, key) {
            Sent::Never => return None,
            Sent::Lost => Outcome::Unknown,
            Sent::Answer { status, body } => requests::outcome(&op, status, &body),
        };
        self.record(cycle, invoked, op, &outcome);
        Some(outcome)
    }

    /// Notes how an operation ended that was sent at `invoked`.
    pub(crate) fn record(&self, cycle: u32, invoked: u64, op: Op, outcome: &Outcome) {
        let returned = self.now();
        if matches!(outcome, Outcome::Ok(_)) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        self.history.lock().unwrap().push(Entry { cycle, invoked, returned, op, outcome: outcome.clone() });
    }

    fn job(&self, random: &SeededRandom, queue: &str, unique: Option<String>) -> JobSpec {
        let item = self.next_item.fetch_add(1, Ordering::Relaxed);
        // Spelling that a parser would change: the payload must come back byte for byte.
        let payload = format!(
            r#"{{"item":{item},"amount":1.10,"big":123456789012345678901234567890,"text":"caf\u00e9 \/ é","pad":"{}"}}"#,
            "p".repeat(random.next_u64() as usize % 700)
        );
        JobSpec {
            item,
            queue: queue.to_owned(),
            payload,
            priority: (random.next_u64() % 10) as u8,
            attempts: 1 + (random.next_u64() % 3) as u32,
            unique,
            ..JobSpec::default()
        }
    }

    /// Two children and the job that waits for them.
    fn flow(&self, random: &SeededRandom, queue: &str) -> Vec<JobSpec> {
        let roles = [Role::Child, Role::Child, Role::Parent];
        roles.map(|role| JobSpec { role: Some(role), ..self.job(random, queue, None) }).into()
    }

    /// A job of one of the groups; all have one priority, which goes before order.
    pub(crate) fn in_group(&self, random: &SeededRandom, queue: &str) -> JobSpec {
        let group = Some(format!("g{}", random.next_u64() % GROUP_KEYS));
        JobSpec { group, priority: 5, ..self.job(random, queue, None) }
    }
}

/// Connections at work; they end when told to, or when the server is gone.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Traffic {
    pub(crate) fn start(
        world: &Arc<World>,
        address: SocketAddr,
        key: &str,
        cycle: u32,
        connections: u64,
        seed: u64,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads: Vec<_> = (0..connections)
            .map(|number| {
                let (world, stop) = (Arc::clone(world), Arc::clone(&stop));
                let mut client = Client::new(address, key);
                let random = SeededRandom::new(seed ^ (u64::from(cycle) << 32) ^ number);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) && world.step(&mut client, cycle, &random).is_some() {}
                })
            })
            .collect();
        let (world, stopped) = (Arc::clone(world), Arc::clone(&stop));
        threads.push(thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) && world.turn_over_a_key(address, cycle).is_some() {
                thread::park_timeout(BETWEEN_KEYS);
            }
        }));
        Self { stop, threads }
    }

    /// Waits for every connection to end its request.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

impl World {
    /// One random operation; `None` when the server is not there any more.
    fn step(&self, client: &mut Client, cycle: u32, random: &SeededRandom) -> Option<()> {
        let [work, batch, flow, group, unique, bulk] = queues(cycle);
        let tag = || format!("tag-{cycle}-{}", random.next_u64() % TAGS);
        match random.next_u64() % 100 {
            0..18 => self.enqueue(client, cycle, vec![self.job(random, &work, None)]),
            18..22 => {
                let delay_ms = Some(100 + random.next_u64() % 2_500);
                self.enqueue(client, cycle, vec![JobSpec { delay_ms, ..self.job(random, &work, None) }])
            }
            22..25 => self.enqueue(client, cycle, vec![self.in_group(random, &group)]),
            25..28 => self.enqueue(client, cycle, self.flow(random, &flow)),
            28..33 => self.enqueue(client, cycle, (0..BATCH).map(|_| self.job(random, &batch, None)).collect()),
            33..37 => {
                let key = format!("key-{}", random.next_u64() % UNIQUE_KEYS);
                self.enqueue(client, cycle, vec![self.job(random, &unique, Some(key))])
            }
            37..40 => self.enqueue(client, cycle, vec![JobSpec { tag: Some(tag()), ..self.job(random, &bulk, None) }]),
            40..47 => self.repeat(client, cycle, random),
            47..62 => {
                let queue = [&work, &batch, &flow, &group][random.next_u64() as usize % WORKED_ON];
                self.lease(client, cycle, queue, random)
            }
            62..84 => self.settle(client, cycle, random),
            84..87 => self.settle_with_old_token(client, cycle),
            87..89 => self.cancel(client, cycle),
            89..90 => self.perform(client, cycle, Op::CancelTagged { tag: tag() }).map(drop),
            _ => self.publish(client, cycle, random),
        }
    }

    pub(crate) fn enqueue(&self, client: &mut Client, cycle: u32, jobs: Vec<JobSpec>) -> Option<()> {
        let key = {
            let mut enqueues = self.enqueues.lock().unwrap();
            let key = format!("enqueue-{}", enqueues.len());
            enqueues.push(Repeatable { key: key.clone(), jobs: jobs.clone() });
            key
        };
        let is_plain = |job: &JobSpec| job.unique.is_none() && job.tag.is_none();
        let is_single = jobs.len() == 1 && jobs.iter().all(is_plain);
        let outcome = self.perform(client, cycle, Op::Enqueue { jobs, key: Some(key) })?;
        if let Outcome::Ok(Reply::Jobs(ids)) = outcome
            && is_single
        {
            remember(&self.cancellable, ids[0].clone());
        }
        Some(())
    }

    /// The same request with the same key must answer the same; another body under the key is refused.
    fn repeat(&self, client: &mut Client, cycle: u32, random: &SeededRandom) -> Option<()> {
        let Some(earlier) = ({
            let enqueues = self.enqueues.lock().unwrap();
            let count = enqueues.len() as u64;
            (count > 0).then(|| enqueues[(count - 1 - random.next_u64() % count.min(500)) as usize].clone())
        }) else {
            return Some(());
        };
        let mut jobs = earlier.jobs;
        if random.next_u64().is_multiple_of(10) && jobs[0].unique.is_none() {
            // Only the answer matters here: the first request may not have arrived, then this one counts.
            let [work, ..] = queues(cycle);
            jobs = vec![self.job(random, &work, None)];
            let key = format!("{}-other", earlier.key);
            self.perform(client, cycle, Op::Enqueue { jobs: jobs.clone(), key: Some(key.clone()) })?;
            let other = vec![self.job(random, &work, None)];
            self.perform(client, cycle, Op::Enqueue { jobs: other, key: Some(key.clone()) })?;
            self.enqueues.lock().unwrap().push(Repeatable { key, jobs });
            return Some(());
        }
        self.perform(client, cycle, Op::Enqueue { jobs, key: Some(earlier.key) })?;
        Some(())
    }

    fn lease(&self, client: &mut Client, cycle: u32, queue: &str, random: &SeededRandom) -> Option<()> {
        let lease_ms = [1_000, 1_500, 2_000][random.next_u64() as usize % 3];
        let max = 1 + random.next_u64() % 8;
        let op = Op::Lease { queue: queue.to_owned(), max, lease_ms };
        if let Outcome::Ok(Reply::Granted(grants)) = self.perform(client, cycle, op)? {
            for Grant { job, token, .. } in grants {
                remember(&self.held, Held { job, token, lease_ms });
            }
        }
        Some(())
    }

    fn settle(&self, client: &mut Client, cycle: u32, random: &SeededRandom) -> Option<()> {
        let Some(held) = self.held.lock().unwrap().pop_front() else { return Some(()) };
        let Held { job, token, lease_ms } = held.clone();
        let op = match random.next_u64() % 10 {
            0..7 => Op::Complete { result: format!("{{\"by\":\"{token}\"}}"), job, token },
            7 => Op::Fail { job, token },
            8 => {
                remember(&self.held, held);
                Op::Heartbeat { job, token, lease_ms }
            }
            // Dropped without a word, as a worker that died; the token comes back when it is old.
            _ => {
                remember(&self.old_tokens, (job, token));
                return Some(());
            }
        };
        self.perform(client, cycle, op)?;
        Some(())
    }

    fn settle_with_old_token(&self, client: &mut Client, cycle: u32) -> Option<()> {
        let old = {
            let mut tokens = self.old_tokens.lock().unwrap();
            (tokens.len() > 20).then(|| tokens.pop_front()).flatten()
        };
        let Some((job, token)) = old else { return Some(()) };
        self.perform(client, cycle, Op::Complete { job, token, result: "{\"by\":\"late\"}".to_owned() })?;
        Some(())
    }

    fn cancel(&self, client: &mut Client, cycle: u32) -> Option<()> {
        let Some(job) = self.cancellable.lock().unwrap().pop_front() else { return Some(()) };
        self.perform(client, cycle, Op::Cancel { job })?;
        Some(())
    }

    fn publish(&self, client: &mut Client, cycle: u32, random: &SeededRandom) -> Option<()> {
        let number = self.next_item.fetch_add(1, Ordering::Relaxed);
        let external_id = format!("event-{number}");
        let event_type = EVENT_TYPES[random.next_u64() as usize % EVENT_TYPES.len()].to_owned();
        let data =
            format!(r#"{{"external_id":"{external_id}","amount":1.10,"pad":"{}"}}"#, "e".repeat(number as usize % 300));
        self.perform(client, cycle, Op::Publish { external_id, event_type, data })?;
        Some(())
    }
}

fn remember<T>(list: &Mutex<VecDeque<T>>, value: T) {
    let mut list = list.lock().unwrap();
    if list.len() >= REMEMBERED {
        list.pop_front();
    }
    list.push_back(value);
}
