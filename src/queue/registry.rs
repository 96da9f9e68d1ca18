//! The handle to all queues, and the catalogue of their names.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, atomic::Ordering},
};

use tokio::{runtime::Handle, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    after::After,
    dead_letters::OnDeadLetters,
    error::Error,
    heads::Limits,
    index,
    line::Line,
    name::QueueName,
    rescue::CutOffs,
    settings::{GroupPolicy, QueueConfig, QueueSettings},
    state::JobState,
    store::{JobKey, LANES, LaneRow, QUEUE_COUNT, QUEUES, QueueRow, kind_hash, lanes_of},
    timers::Timers,
    token::TokenKey,
};
use crate::{
    base::{Clock, CompanyId, QueueId, Random},
    storage::{Db, Read, Tx},
};

/// The most queues of an instance.
pub(super) const MAX_QUEUES: u32 = 1000;

/// The most queues that one company uses, beside the built-in ones: the names are shared by all companies.
pub(super) const MAX_LANES: u32 = 100;

/// The built-in queues with their fixed numbers.
pub(super) const BUILT_IN: [(&str, QueueId); 4] = [
    (QueueName::EMAIL, QueueId(1)),
    (QueueName::WEBHOOK, QueueId(2)),
    (QueueName::WORKFLOW, QueueId(3)),
    (QueueName::REPORT, QueueId(4)),
];

/// Queues of the server itself beside them: there from the start, and shown once a company has jobs in them.
pub(super) const OWN: [(&str, QueueId); 1] = [(QueueName::ACTIONS, QueueId(5))];

/// The first number of a queue made by first use.
const FIRST_FREE: u32 = 16;

/// The handle to all queues; cheap to clone.
#[derive(Clone)]
pub struct Queues {
    pub(super) inner: Arc<Inner>,
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").field("boot", &self.inner.boot).finish_non_exhaustive()
    }
}

/// What background tasks need.
pub(super) struct Background {
    pub(super) handle: Handle,
    pub(super) tracker: TaskTracker,
    pub(super) stop: CancellationToken,
}

#[derive(Default)]
struct Catalogue {
    by_name: HashMap<QueueName, QueueId>,
    by_id: HashMap<QueueId, Arc<Line>>,
}

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) config: QueueConfig,
    /// The number of this start; leases of another one are dead.
    pub(super) boot: u32,
    pub(super) opened_mono_ms: u64,
    catalogue: RwLock<Catalogue>,
    lanes: RwLock<HashSet<(QueueId, u64)>>,
    /// Kinds of which this process runs the jobs.
    own_kinds: RwLock<HashSet<&'static str>>,
    /// A queue was created.
    pub(super) queue_created: Notify,
    /// Makes and reads the tokens of leases.
    pub(super) tokens: TokenKey,
    pub(super) timers: Timers,
    /// When attempts of workers outside will have taken too long.
    pub(super) cut_offs: CutOffs,
    /// Held by a look at lost leases until what it found is written: one at a time.
    pub(super) rescuing: tokio::sync::Mutex<()>,
    pub(super) background: OnceLock<Background>,
    /// Who is told when the dead letters of a queue reach another size.
    pub(super) dead_letters: OnceLock<OnDeadLetters>,
    /// Jobs whose leases the start took over and whose timeouts are not known yet.
    rearmed: Mutex<Rearmed>,
}

/// Jobs with their rows, by queue.
pub(super) type Rearmed = HashMap<QueueId, Vec<(JobKey, JobState)>>;

impl Inner {
    pub(super) fn new(db: Db, config: QueueConfig, boot: u32, tokens: TokenKey) -> Self {
        let (clock, random) = (Arc::clone(db.clock()), Arc::clone(db.random()));
        Self {
            opened_mono_ms: clock.mono_ms(),
            db,
            clock,
            random,
            config,
            boot,
            catalogue: RwLock::default(),
            lanes: RwLock::default(),
            own_kinds: RwLock::default(),
            queue_created: Notify::new(),
            tokens,
            timers: Timers::default(),
            cut_offs: CutOffs::default(),
            rescuing: tokio::sync::Mutex::default(),
            background: OnceLock::new(),
            dead_letters: OnceLock::new(),
            rearmed: Mutex::default(),
        }
    }

    /// Leaves the leases that the start took over to [`Inner::take_rearmed`].
    pub(super) fn note_rearmed(&self, rearmed: Rearmed) {
        *self.rearmed.lock().unwrap_or_else(PoisonError::into_inner) = rearmed;
    }

    pub(super) fn take_rearmed(&self) -> Rearmed {
        std::mem::take(&mut *self.rearmed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn line(&self, id: QueueId) -> Option<Arc<Line>> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id).cloned()
    }

    pub(super) fn find(&self, name: &QueueName) -> Option<Arc<Line>> {
        let catalogue = self.catalogue.read().unwrap_or_else(PoisonError::into_inner);
        catalogue.by_name.get(name).and_then(|id| catalogue.by_id.get(id)).cloned()
    }

    /// Every queue, by number.
    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        let catalogue = self.catalogue.read().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<_> = catalogue.by_id.values().cloned().collect();
        lines.sort_unstable_by_key(|line| line.id);
        lines
    }

    fn id_of(&self, name: &QueueName) -> Option<QueueId> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).copied()
    }

    /// The defaults of a queue, with what the configuration overrides.
    pub(super) fn defaults(&self, name: &QueueName) -> QueueSettings {
        let mut settings = QueueSettings::for_queue(name, self.config.cores);
        let is_built_in = BUILT_IN.iter().any(|(known, _)| *known == name.as_str());
        if let Some(concurrency) = self.config.concurrency.filter(|_| is_built_in) {
            settings.concurrency = concurrency.max(1);
        }
        settings
    }

    pub(super) fn add_queue(&self, name: &QueueName, id: QueueId, settings: QueueSettings) {
        let limits = Limits { groups: self.config.groups_in_memory, refs: self.config.refs_in_memory };
        let mut catalogue = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        catalogue.by_name.insert(name.clone(), id);
        catalogue.by_id.entry(id).or_insert_with(|| Arc::new(Line::new(id, name.clone(), settings, limits)));
        drop(catalogue);
        self.queue_created.notify_waiters();
    }

    pub(super) fn add_lanes(&self, lanes: &[(QueueId, u64)]) {
        if !lanes.is_empty() {
            self.lanes.write().unwrap_or_else(PoisonError::into_inner).extend(lanes);
        }
    }

    /// Every lane there is, in order.
    pub(super) fn known_lanes(&self) -> Vec<(QueueId, u64)> {
        let mut lanes: Vec<_> = self.lanes.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        lanes.sort_unstable();
        lanes
    }

    fn has_lane(&self, queue: QueueId, company: u64) -> bool {
        self.lanes.read().unwrap_or_else(PoisonError::into_inner).contains(&(queue, company))
    }

    pub(super) fn add_own_kinds(&self, kinds: impl Iterator<Item = &'static str>) {
        self.own_kinds.write().unwrap_or_else(PoisonError::into_inner).extend(kinds);
    }

    /// Milliseconds since this start, on the monotonic clock.
    pub(super) fn since_boot_ms(&self) -> u64 {
        self.clock.mono_ms().saturating_sub(self.opened_mono_ms)
    }
}

impl Queues {
    /// The number of a queue; creates it at first use.
    pub(super) fn intern(&self, tx: &mut Tx<'_>, name: &QueueName, after: &mut After) -> Result<QueueId, Error> {
        if let Some(id) = self.inner.id_of(name).or_else(|| after.find_queue(name)) {
            return Ok(id);
        }
        if let Some(row) = tx.get(QUEUES, &name.as_str().to_owned())? {
            // Created in this group commit, by a transaction that is not durable yet.
            return Ok(row.id);
        }
        let count = tx.count(&QUEUE_COUNT).max(0) as u32;
        if count + BUILT_IN.len() as u32 >= MAX_QUEUES {
            return Err(Error::TooManyQueues(MAX_QUEUES));
        }
        tx.add(QUEUE_COUNT, 1);
        let id = QueueId(FIRST_FREE + count);
        tx.put(QUEUES, &name.as_str().to_owned(), &QueueRow { id, settings: None })?;
        after.new_queue(name.clone(), id, self.inner.defaults(name));
        Ok(id)
    }

    /// Makes sure that the lane is on the list that a restart reads.
    pub(super) fn ensure_lane(
        &self,
        tx: &mut Tx<'_>,
        queue: QueueId,
        company: u64,
        after: &mut After,
    ) -> Result<(), Error> {
        if self.inner.has_lane(queue, company) || tx.exists(LANES, &(queue, company))? {
            return Ok(());
        }
        if queue.0 >= FIRST_FREE {
            if tx.count(&lanes_of(company)) >= i64::from(MAX_LANES) {
                return Err(Error::TooManyLanes(MAX_LANES));
            }
            tx.add(lanes_of(company), 1);
        }
        tx.put(LANES, &(queue, company), &LaneRow::default())?;
        after.new_lane(queue, company);
        Ok(())
    }

    /// Sets the limits of a group; not stored, so its owner sets it at every start.
    ///
    /// A queue that does not exist yet has no groups to limit: nothing happens.
    pub fn set_group_policy(&self, queue: &QueueName, company: CompanyId, group: u64, policy: GroupPolicy) {
        if group == 0 {
            return;
        }
        if let Some(line) = self.inner.find(queue) {
            line.core().heads.set_policy(company.hi(), group, policy);
            line.wake_worker(company.hi());
            line.wake_pool();
            line.wake_lesser();
        }
    }

    /// Whether this process runs the jobs of the kind: they stand for something else, and only its owner may touch them.
    pub fn is_own_kind(&self, kind: &str) -> bool {
        self.inner.own_kinds.read().unwrap_or_else(PoisonError::into_inner).contains(kind)
    }

    /// The kind with this hash, when this process runs the jobs of it.
    pub(super) fn own_kind(&self, hash: u32) -> Option<&'static str> {
        let kinds = self.inner.own_kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().copied().find(|kind| kind_hash(kind) == hash)
    }

    /// Refuses a queue that a pool of this process serves.
    ///
    /// # Errors
    /// [`Error::OwnQueue`].
    pub fn require_foreign(&self, queue: &QueueName) -> Result<(), Error> {
        match self.inner.find(queue) {
            Some(line) if line.has_pool.load(Ordering::Relaxed) => Err(Error::OwnQueue(queue.clone())),
            _ => Ok(()),
        }
    }

    /// The figures of a queue as they stand.
    pub fn settings(&self, queue: &QueueName) -> Option<QueueSettings> {
        self.inner.find(queue).map(|line| (*line.settings()).clone())
    }

    /// What the search fields of a queue find in a payload; nothing when it names none.
    pub fn search_values(&self, queue: &QueueName, payload: &[u8]) -> Vec<(String, String)> {
        let line = self.inner.find(queue);
        line.map(|line| index::values_at(&line.settings().search_fields, payload)).unwrap_or_default()
    }

    /// The figures of a queue as a transaction sees them, with what others before it in its group have changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find_settings(&self, read: &impl Read, queue: &QueueName) -> Result<Option<QueueSettings>, Error> {
        let row = read.get(QUEUES, &queue.as_str().to_owned())?;
        Ok(row.map(|row| row.settings.unwrap_or_else(|| self.inner.defaults(queue))))
    }
}
