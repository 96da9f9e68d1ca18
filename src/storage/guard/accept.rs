//! Going on with what is left of a damaged store, when its owner says so.
//!
//! Everything up to the first damaged spot of the journals is kept; tables, keyspaces and the
//! superblock must be whole. First the loss is weighed, which changes nothing. Whatever is cut off or
//! replaced afterwards is kept in `doctor/`. Each step leaves a state from which all of it can be done again.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use super::{
    DOCTOR_FOLDER, ENGINE_FOLDER, EngineSpec, GuardError, STORE_FOLDER, chain,
    doctor::{check_older, read_data},
    durable,
    error::At as _,
    journal::{self, Batch, Fault, Tail},
    layout,
    lock::DirLock,
    superblock::Superblock,
};
use crate::{
    base::{Random, Timestamp},
    storage::witness::{Mark, WITNESS_FILE, Witness},
};

/// What would be given up; the directory stays locked until this is dropped.
#[derive(Debug)]
pub struct Losses {
    dir: PathBuf,
    engine: PathBuf,
    directory: [u8; 16],
    /// What the old witness said, as far as it is readable.
    acknowledged: Option<Mark>,
    words: Vec<String>,
    /// The journal with the first damaged spot, and where that is.
    cut: Option<(PathBuf, u64)>,
    /// Journals after it.
    later: Vec<PathBuf>,
    _lock: DirLock,
}

/// Finds out what would be lost; changes nothing.
///
/// # Errors
/// The directory is in use, or something is wrong that cannot be accepted: a table, a keyspace, the superblock.
pub fn weigh(dir: &Path, spec: &EngineSpec<'_>) -> Result<Losses, GuardError> {
    let store = dir.join(STORE_FOLDER);
    let superblock = Superblock::read(&store)?;
    superblock.check(&store, spec.name, spec.version, spec.keyspaces)?;
    let lock = DirLock::take(dir)?;
    let engine = store.join(ENGINE_FOLDER);
    let (_, persisted) = layout::check_tables(&engine)?;
    let directory = superblock.directory_number(&store)?;
    let mut losses = Losses {
        dir: dir.to_path_buf(),
        engine,
        directory,
        acknowledged: None,
        words: Vec::new(),
        cut: None,
        later: Vec::new(),
        _lock: lock,
    };
    let (first, last) = losses.weigh_journals(spec)?;
    if let Some(first) = first
        && let Err(error) = check_older(&first, &persisted, &losses.engine)
    {
        losses.words.push(error.to_string());
    }
    losses.weigh_witness(last.as_ref());
    Ok(losses)
}

impl Losses {
    /// What is given up, one sentence each; empty when the store opens as it is.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    fn weigh_journals(&mut self, spec: &EngineSpec<'_>) -> Result<(Option<Batch>, Option<Batch>), GuardError> {
        let files = layout::journal_files(&self.engine)?;
        let (mut first, mut last) = (None, None);
        let mut expected = None;
        let mut files = files.into_iter();
        while let Some((id, path)) = files.next() {
            if expected.is_some_and(|expected| expected != id) {
                self.words
                    .push(format!("the journals from {} on are given up: one before it is missing", path.display()));
                self.later.push(path);
                break;
            }
            expected = Some(id + 1);
            let bytes = read_data(&path).reading(&path)?;
            let reading = journal::read(&bytes, &spec.rules, &mut last, &mut |batch: &Batch| {
                first.get_or_insert_with(|| batch.clone());
            });
            if let Tail::Broken { spot, batches_after } = reading.tail {
                let is_torn = batches_after == 0 && !matches!(spot.fault, Fault::Order { .. });
                self.cut = Some((path.clone(), reading.end as u64));
                self.later.extend(files.by_ref().map(|(_, path)| path));
                if !is_torn || !self.later.is_empty() {
                    self.words.push(format!(
                        "{} is cut at byte {} ({}): {batches_after} complete batches after it and {} later journals are given up",
                        path.display(),
                        reading.end,
                        spot.fault,
                        self.later.len()
                    ));
                }
                break;
            }
        }
        self.later.extend(files.map(|(_, path)| path));
        if expected.is_none() {
            self.words.push("there is no journal: everything that is not in tables is given up".to_owned());
        }
        Ok((first, last))
    }

    fn weigh_witness(&mut self, last: Option<&Batch>) {
        match Witness::open(&self.dir, self.directory) {
            Ok(witness) => {
                let mark = witness.mark();
                self.acknowledged = Some(mark);
                if let Some(last) = last
                    && let Err(mismatch) = chain::compare(last.commit.n, mark.n, &mark.hash, None)
                {
                    self.words.push(mismatch.to_string());
                }
            }
            Err(error) => self.words.push(format!("the witness is made anew and can no longer show a loss: {error}")),
        }
    }

    /// Gives up what was weighed; tells where everything that was replaced is kept.
    ///
    /// `reconcile` opens the engine, makes its keyspaces agree, writes everything out to tables, closes it
    /// and tells the newest commit.
    ///
    /// # Errors
    /// A file could not be written, or the engine did not open; it may then be tried again.
    pub fn accept(
        self,
        now: Timestamp,
        random: &dyn Random,
        reconcile: &mut dyn FnMut(&Path) -> Result<Mark, String>,
    ) -> Result<PathBuf, GuardError> {
        let nonce = format!("{:08x}", random.next_u64() as u32);
        let shelf =
            self.dir.join(DOCTOR_FOLDER).join(format!("{}-accepted-{nonce}", now.to_string().replace(':', "-")));
        fs::create_dir_all(&shelf).writing(&shelf)?;
        let witness = self.dir.join(WITNESS_FILE);
        if witness.try_exists().reading(&witness)? {
            fs::copy(&witness, shelf.join(WITNESS_FILE)).writing(&shelf)?;
        }
        // From the newest, so that what is left has no gap whenever this ends.
        for journal in self.later.iter().rev() {
            move_to(journal, &shelf)?;
        }
        if let Some((journal, offset)) = &self.cut {
            fs::copy(journal, shelf.join(journal.file_name().unwrap_or_default())).writing(&shelf)?;
            durable::sync_tree(&shelf).writing(&shelf)?;
            let file = OpenOptions::new().write(true).open(journal).writing(journal)?;
            file.set_len(*offset).and_then(|()| file.sync_all()).writing(journal)?;
        }
        self.ensure_journal()?;
        let newest = reconcile(&self.engine)
            .map_err(|what| GuardError::damaged(&self.engine, format!("the engine does not open: {what}")))?;
        self.renew_journal(&shelf)?;
        let old = self.acknowledged.unwrap_or_else(|| Mark { boot: now.as_ms().unsigned_abs(), ..Mark::NEW });
        let mark = Mark {
            boot: old.boot + 1,
            clock_ms: newest.clock_ms.max(old.clock_ms),
            last_id: newest.last_id.max(old.last_id),
            ..newest
        };
        Witness::create(&self.dir, self.directory, &nonce, &mark).writing(&witness)?;
        durable::sync_tree(&shelf).writing(&shelf)?;
        Ok(shelf)
    }

    /// The engine makes no journal where it expects one.
    fn ensure_journal(&self) -> Result<(), GuardError> {
        if layout::journal_files(&self.engine)?.is_empty() {
            let path = layout::journal_path(&self.engine, 0);
            File::create_new(&path).and_then(|file| file.sync_all()).writing(&path)?;
        }
        durable::sync_dir(&self.engine).writing(&self.engine)
    }

    /// Everything is in tables now, so the journals begin anew: their chain has a hole where the loss is.
    fn renew_journal(&self, shelf: &Path) -> Result<(), GuardError> {
        let old = layout::journal_files(&self.engine)?;
        let next = old.last().map_or(0, |(id, _)| id + 1);
        let path = layout::journal_path(&self.engine, next);
        File::create_new(&path).and_then(|file| file.sync_all()).writing(&path)?;
        durable::sync_dir(&self.engine).writing(&self.engine)?;
        old.iter().try_for_each(|(_, journal)| move_to(journal, shelf))?;
        durable::sync_dir(&self.engine).writing(&self.engine)
    }
}

/// Moves a file to the shelf under a name that is free there.
fn move_to(file: &Path, shelf: &Path) -> Result<(), GuardError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let target = (0..).map(|number| match number {
        0 => shelf.join(&*name),
        number => shelf.join(format!("{name}.{number}")),
    });
    for target in target {
        if !target.try_exists().reading(&target)? {
            return fs::rename(file, &target).writing(file);
        }
    }
    Ok(())
}
