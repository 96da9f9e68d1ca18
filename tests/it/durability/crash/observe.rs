//! Reads back through the API what the server holds after a restart.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::SocketAddr,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use novapulse::base::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::client::{Client, Sent};
use crate::{
    durability::model::{
        AttemptSeen, DeliverySeen, Entry, ErrorSeen, EventSeen, JobSeen, Observation, Op, Outcome, Reply, ScheduleSeen,
    },
    support::wait_looking_every,
};

const READERS: usize = 8;
/// States still move by timers after the load has stopped; a recount is repeated until it fits, at most this long.
const SETTLE_LIMIT: Duration = Duration::from_secs(10);
/// Counters that did not change for this long are likely to stay for the time of a recount.
const QUIET: Duration = Duration::from_millis(200);

/// Jobs by queue and state.
type Counters = BTreeMap<String, BTreeMap<String, u64>>;

/// Where to read.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
}

#[derive(Deserialize)]
struct Job {
    queue: String,
    state: String,
    payload: Box<RawValue>,
    priority: u8,
    attempts: u32,
    result: Option<Box<RawValue>>,
    failure: Option<String>,
    blocked_by: u32,
    errors: Vec<JobError>,
}

#[derive(Deserialize)]
struct JobError {
    attempt: u32,
    started_at: Option<String>,
    is_interrupted: bool,
}

#[derive(Deserialize)]
struct Schedule {
    id: String,
    created_at: Timestamp,
    every_ms: u64,
    last_tick_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Counted {
    matched: u64,
    matched_is_exact: bool,
}

#[derive(Deserialize)]
struct Event {
    data: Box<RawValue>,
    deliveries: Vec<Delivery>,
}

#[derive(Deserialize)]
struct Delivery {
    id: String,
    webhook_id: String,
    state: String,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Attempt {
    number: u32,
    status: Option<u16>,
    failure: Option<String>,
    started_at: Option<String>,
}

impl Reader {
    /// The counters of all queues by state.
    pub(crate) fn counters(&self) -> Result<Counters, String> {
        const STATES: [&str; 7] = ["waiting", "delayed", "active", "retrying", "completed", "failed", "cancelled"];
        let mut client = Client::new(self.address, &self.key);
        let body = get(&mut client, "/queue/stats")?.ok_or("no /queue/stats")?;
        let stats: Value = serde_json::from_slice(&body).map_err(|error| format!("/queue/stats: {error}"))?;
        let queues = stats.get("queues").and_then(Value::as_object).ok_or("no queues in /queue/stats")?;
        let figures = |queue: &Value| {
            STATES
                .into_iter()
                .filter_map(|state| Some((state.to_owned(), queue.get(state)?.as_u64()?)))
                .collect::<BTreeMap<_, _>>()
        };
        Ok(queues.iter().map(|(name, queue)| (name.clone(), figures(queue))).collect())
    }

    /// Reads these jobs and events; those that answer 404 are absent from the observation.
    pub(crate) fn observe(&self, jobs: &[String], events: &[(String, String)]) -> Result<Observation, String> {
        let mut seen = Observation { asked: jobs.iter().cloned().collect(), ..Observation::default() };
        let found = self.each(jobs, |client, id| {
            let Some(body) = get(client, &format!("/jobs/{id}"))? else { return Ok(None) };
            let job: Job = serde_json::from_slice(&body).map_err(|error| unreadable(id, &error, &body))?;
            Ok(Some(JobSeen {
                queue: job.queue,
                state: job.state,
                payload: job.payload.get().to_owned(),
                priority: job.priority,
                attempts: job.attempts,
                result: job.result.map(|result| result.get().to_owned()).filter(|result| result != "null"),
                failure: job.failure,
                blocked_by: job.blocked_by,
                errors: job.errors.into_iter().map(error_seen).collect(),
            }))
        })?;
        seen.jobs = jobs.iter().cloned().zip(found).filter_map(|(id, job)| Some((id, job?))).collect();
        let found = self.each(events, |client, (_, id)| {
            let Some(body) = get(client, &format!("/events/{id}"))? else { return Ok(None) };
            let event: Event = serde_json::from_slice(&body).map_err(|error| unreadable(id, &error, &body))?;
            let deliveries = event.deliveries.into_iter().map(|delivery| read_delivery(client, &delivery));
            Ok(Some(EventSeen {
                data: event.data.get().to_owned(),
                deliveries: deliveries.collect::<Result<_, String>>()?,
            }))
        })?;
        seen.events_asked = events.iter().map(|(external, _)| external.clone()).collect();
        seen.events =
            events.iter().zip(found).filter_map(|((external, _), event)| Some((external.clone(), event?))).collect();
        Ok(seen)
    }

    /// Schedules of fixed intervals, each with the number of jobs it has made; left out while they cannot be counted.
    pub(crate) fn schedules(&self, ids: &[String]) -> Result<Vec<ScheduleSeen>, String> {
        let mut client = Client::new(self.address, &self.key);
        let mut seen = Vec::new();
        for id in ids {
            let read = |client: &mut Client| -> Result<Schedule, String> {
                let path = format!("/schedules/{id}");
                let body = get(client, &path)?.ok_or_else(|| format!("{path} is not there"))?;
                serde_json::from_slice(&body).map_err(|error| unreadable(id, &error, &body))
            };
            let deadline = Instant::now() + SETTLE_LIMIT;
            while Instant::now() < deadline {
                let before = read(&mut client)?;
                let counted = count_tagged(&mut client, id)?;
                // A tick in between would be counted on one side only.
                if read(&mut client)?.last_tick_at != before.last_tick_at {
                    continue;
                }
                if counted.matched_is_exact {
                    let ms = |at: Timestamp| at.as_ms().cast_unsigned();
                    seen.push(ScheduleSeen {
                        id: before.id,
                        made_at: ms(before.created_at),
                        every_ms: before.every_ms,
                        last_tick_at: before.last_tick_at.map(ms),
                        jobs: counted.matched,
                    });
                }
                break;
            }
        }
        Ok(seen)
    }

    /// Reads until counters and a recount agree, or for [`SETTLE_LIMIT`].
    pub(crate) fn observe_settled(
        &self,
        jobs: &[String],
        events: &[(String, String)],
        queues: &BTreeSet<String>,
    ) -> Result<Observation, String> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        loop {
            let before = self.quiet_counters(queues, deadline)?;
            let mut seen = self.observe(jobs, events)?;
            seen.counters = self.counters()?;
            seen.recounted.clone_from(queues);
            let is_quiet = before == of(&seen.counters, queues);
            if Instant::now() > deadline || (is_quiet && fits(&seen, queues)) {
                return Ok(seen);
            }
        }
    }

    /// The counters of these queues once they stand still, or at the deadline: reading every job is dear.
    fn quiet_counters(&self, queues: &BTreeSet<String>, deadline: Instant) -> Result<Counters, String> {
        let mut last = of(&self.counters()?, queues);
        let mut since = Instant::now();
        let patience = deadline.saturating_duration_since(since);
        let failed = wait_looking_every(QUIET / 10, patience, || match self.counters() {
            Ok(counters) => {
                let now = of(&counters, queues);
                if now != last {
                    (last, since) = (now, Instant::now());
                }
                (since.elapsed() >= QUIET).then_some(None)
            }
            Err(error) => Some(Some(error)),
        });
        failed.flatten().map_or(Ok(last), Err)
    }

    /// Applies `read` to each item over several connections, keeping the order.
    fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        read: impl Fn(&mut Client, &T) -> Result<R, String> + Sync,
    ) -> Result<Vec<R>, String> {
        let size = items.len().div_ceil(READERS).max(1);
        let failure = Mutex::new(None);
        let mut all = Vec::with_capacity(items.len());
        thread::scope(|scope| {
            let readers: Vec<_> = items
                .chunks(size)
                .map(|chunk| {
                    scope.spawn(|| {
                        let mut client = Client::new(self.address, &self.key);
                        let read: Result<Vec<R>, String> = chunk.iter().map(|item| read(&mut client, item)).collect();
                        read.unwrap_or_else(|error| {
                            failure.lock().unwrap().get_or_insert(error);
                            Vec::new()
                        })
                    })
                })
                .collect();
            for reader in readers {
                all.extend(reader.join().unwrap());
            }
        });
        failure.into_inner().unwrap().map_or(Ok(all), Err)
    }
}

fn error_seen(error: JobError) -> ErrorSeen {
    let JobError { attempt, started_at, is_interrupted } = error;
    ErrorSeen { attempt, has_start: started_at.is_some(), is_interrupted }
}

/// The counters of these queues only.
fn of(counters: &Counters, queues: &BTreeSet<String>) -> Counters {
    counters.iter().filter(|(name, _)| queues.contains(*name)).map(|(name, of)| (name.clone(), of.clone())).collect()
}

fn get(client: &mut Client, path: &str) -> Result<Option<Vec<u8>>, String> {
    match client.call("GET", path, "", None) {
        Sent::Answer { status: 200, body } => Ok(Some(body)),
        Sent::Answer { status: 404, .. } => Ok(None),
        other => Err(format!("GET {path}: {}", describe(&other))),
    }
}

/// Jobs with a tag that have not ended.
fn count_tagged(client: &mut Client, tag: &str) -> Result<Counted, String> {
    let order = json!({ "action": "cancel", "filter": { "tag": tag }, "dry_run": true }).to_string();
    match client.call("POST", "/jobs/actions", &order, None) {
        Sent::Answer { status: 200, body } => {
            serde_json::from_slice(&body).map_err(|error| unreadable(tag, &error, &body))
        }
        other => Err(format!("counting what has tag {tag}: {}", describe(&other))),
    }
}

fn read_delivery(client: &mut Client, delivery: &Delivery) -> Result<DeliverySeen, String> {
    let path = format!("/deliveries/{}", delivery.id);
    let body = get(client, &path)?.ok_or_else(|| format!("{path} is named by its event and not there"))?;
    let full: Delivery = serde_json::from_slice(&body).map_err(|error| unreadable(&delivery.id, &error, &body))?;
    let attempts = full.attempts.into_iter().map(|attempt| {
        let Attempt { number, status, failure, started_at } = attempt;
        AttemptSeen { number, status, failure, has_start: started_at.is_some() }
    });
    let attempts = attempts.collect();
    Ok(DeliverySeen { id: full.id, webhook: full.webhook_id, state: full.state, attempts })
}

fn fits(seen: &Observation, queues: &BTreeSet<String>) -> bool {
    let mut recount: HashMap<(&str, &str), u64> = HashMap::new();
    for job in seen.jobs.values() {
        *recount.entry((&job.queue, &job.state)).or_default() += 1;
    }
    queues.iter().all(|queue| {
        seen.counters.get(queue).is_none_or(|counters| {
            counters
                .iter()
                .all(|(state, kept)| recount.get(&(queue.as_str(), state.as_str())).copied().unwrap_or(0) == *kept)
        })
    })
}

fn unreadable(what: &str, error: &serde_json::Error, body: &[u8]) -> String {
    format!("{what}: {error}: {}", String::from_utf8_lossy(&body[..body.len().min(600)]))
}

/// An answer in words.
pub(crate) fn describe(sent: &Sent) -> String {
    match sent {
        Sent::Answer { status, body } => format!("{status} {}", String::from_utf8_lossy(&body[..body.len().min(600)])),
        Sent::Never => "no connection".to_owned(),
        Sent::Lost => "connection lost".to_owned(),
    }
}

/// Ids of all jobs of these queues that were acknowledged or leased.
pub(crate) fn known_jobs(history: &[Entry], queues: &BTreeSet<String>) -> Vec<String> {
    let mut ids = BTreeSet::new();
    for entry in history {
        match (&entry.op, &entry.outcome) {
            (Op::Enqueue { jobs, .. }, Outcome::Ok(Reply::Jobs(answered))) => {
                ids.extend(
                    jobs.iter().zip(answered).filter(|(job, _)| queues.contains(&job.queue)).map(|(_, id)| id.clone()),
                );
            }
            (Op::Lease { queue, .. }, Outcome::Ok(Reply::Granted(grants))) if queues.contains(queue) => {
                ids.extend(grants.iter().map(|grant| grant.job.clone()));
            }
            _ => {}
        }
    }
    ids.into_iter().collect()
}

/// External and own ids of the acknowledged events of these cycles.
pub(crate) fn known_events(history: &[Entry], cycles: impl Fn(u32) -> bool) -> Vec<(String, String)> {
    let mut ids = BTreeMap::new();
    for entry in history.iter().filter(|entry| cycles(entry.cycle)) {
        if let (Op::Publish { external_id, .. }, Outcome::Ok(Reply::Event { id, .. })) = (&entry.op, &entry.outcome) {
            ids.insert(external_id.clone(), id.clone());
        }
    }
    ids.into_iter().collect()
}
