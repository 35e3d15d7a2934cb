//! What is done when nobody needs a version any more (spec 02 §10.1, spec 09 §5.3).
//!
//! ```text
//! commit                        its versions wait in `ended`
//! every snapshot holds it,      collect: the versions leave the store (memory only, at any time);
//! and it is durable             what is to be done on pages waits in `tasks`
//! no latch held                 clean: flag-deleted nodes leave their pages, trees are freed, counts of zero are told
//! ```
//!
//! Invariants: a task is done in a transaction of a session of the engine's; one thread cleans at a time; a node that
//! has any version is left alone, because the end of that version asks again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use parking_lot::{Mutex, RwLock};

use crate::btree::{Bookmark, Defragmented, TreeKind, WritableTree};
use crate::error::Result;
use crate::io::Background;
use crate::lock_order::LeafMutex;
use crate::log::LogState;
use crate::transaction::Transactions;
use crate::transaction::alteration::{AlterationHook, Step};
use crate::transaction::options::{BeginKind, CommitOptions};
use crate::transaction::session::Session;
use crate::transaction::version::{Change, NodeName, Version};

/// Tasks done in one transaction.
const TASKS_PER_TRANSACTION: usize = 64;

/// Steps of a transaction from which on its end collects.
const STEPS_COLLECTED_AT_ONCE: usize = 64;

/// Tasks that may wait before the ends of transactions help the background.
const TASKS_WAITING: usize = 4096;

/// How far a committed transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Someone may need its versions.
    Committed,
    /// Nobody does. Its alterations wait for the tasks of transactions that began before its commit and were committed
    /// after: they may be about trees that an alteration frees.
    Settled,
}

/// A transaction that is committed, and what is left to do about it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) progress: Progress,
    /// Its commit number.
    pub(super) number: u64,
    /// Position of its Commit0, null when it logged nothing.
    pub(super) logged_at: Lgpos,
    pub(super) steps: Vec<Step>,
    pub(super) trees: Vec<WritableTree>,
}

/// Asked when a delta of a number that nobody needs the old value of has settled: long values whose references are all
/// gone, columns that delete their record at zero.
pub trait CountHook: std::fmt::Debug + Send + Sync {
    /// A number at `offset` of the node's data was counted down, for good; in a record, up or down. `session` is in a
    /// transaction.
    ///
    /// # Errors
    /// Are told to the event log.
    fn counted(&self, session: &mut Session, tree: &WritableTree, key: &[u8], offset: u16) -> Result<()>;
}

/// Something to be done on pages.
#[derive(Debug)]
enum Task {
    /// A node was deleted.
    Node { tree: WritableTree, version: Arc<Version> },
    /// A number was counted.
    Count { tree: WritableTree, version: Arc<Version>, offset: u16 },
    /// Something of the floor above is obsolete.
    Alteration(Box<dyn AlterationHook>),
}

impl Task {
    fn file(&self) -> Option<u32> {
        match self {
            Self::Node { version, .. } | Self::Count { version, .. } => Some(version.file),
            Self::Alteration(hook) => hook.file(),
        }
    }
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Cleanup {
    ended: LeafMutex<VecDeque<Ended>>,
    tasks: LeafMutex<VecDeque<Task>>,
    waiting: AtomicUsize,
    /// Held by who cleans.
    cleaning: Mutex<()>,
    /// The thread of the cleanup leaves pages alone.
    is_held: AtomicBool,
    counts: RwLock<Option<Arc<dyn CountHook>>>,
}

/// While it lives, the thread of the cleanup leaves pages alone.
#[derive(Debug)]
pub(crate) struct CleanupHold<'t>(&'t Transactions);

impl Drop for CleanupHold<'_> {
    fn drop(&mut self) {
        self.0.cleanup.is_held.store(false, Ordering::Release);
        self.0.worker.wake();
    }
}

impl Cleanup {
    /// Whether versions of committed transactions wait.
    pub(super) fn has_ended(&self) -> bool {
        !self.ended.lock().is_empty()
    }

    fn add(&self, task: Task) {
        self.tasks.lock().push_back(task);
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self, count: usize) -> Vec<Task> {
        let mut tasks = self.tasks.lock();
        let count = count.min(tasks.len());
        let taken: Vec<Task> = tasks.drain(..count).collect();
        drop(tasks);
        self.waiting.fetch_sub(taken.len(), Ordering::Relaxed);
        taken
    }

    fn put_back(&self, tasks: Vec<Task>) {
        self.waiting.fetch_add(tasks.len(), Ordering::Relaxed);
        let mut waiting = self.tasks.lock();
        tasks.into_iter().rev().for_each(|task| waiting.push_front(task));
    }
}

impl Transactions {
    /// Who is asked about numbers that were counted down.
    pub fn set_count_hook(&self, hook: Arc<dyn CountHook>) {
        *self.cleanup.counts.write() = Some(hook);
    }

    /// A transaction was committed.
    pub(super) fn ended(&self, ended: Ended) {
        self.cleanup.ended.lock().push_back(ended);
        self.worker.wake();
    }

    /// A node is to be removed from its page when nobody needs it.
    pub(super) fn clean_later(&self, tree: WritableTree, version: Arc<Version>) {
        self.cleanup.add(Task::Node { tree, version });
        self.worker.wake();
    }

    /// The end of a transaction of an application: the time to clean where there are no threads for it, and to help
    /// where they do not keep up.
    pub(super) fn transaction_ended(self: &Arc<Self>, steps: usize) {
        let inline = self.host.background == Background::Inline;
        let behind = self.cleanup.waiting.load(Ordering::Relaxed) > TASKS_WAITING;
        let quarters_full = || self.store.bytes() / (self.store_bytes / 4).max(1);
        // Versions that nobody needs are taken out best by who has just made them, if they are many: the thread would fetch
        // each of them from another core.
        if inline || steps >= STEPS_COLLECTED_AT_ONCE || quarters_full() >= 2 {
            self.collect();
        }
        let quarters = quarters_full();
        if quarters >= 1 && self.waits_for_the_log() {
            if quarters >= if inline { 2 } else { 3 } {
                // A log that fails says so to who commits.
                let _ = self.wait_for_commits();
                self.collect();
            } else if !inline {
                // By the time that it matters they are durable.
                self.worker.flush_within(0);
            }
        }
        if !inline && self.log().is_some_and(|log| log.wants_writing()) {
            self.worker.write_log();
        }
        if (inline || behind)
            && let Some(_cleaning) = self.cleanup.cleaning.try_lock()
        {
            let most = if inline { usize::MAX } else { TASKS_PER_TRANSACTION };
            if let Err(error) = self.do_tasks(most) {
                tracing::warn!(%error, "the cleanup stopped");
            }
        }
    }

    /// Whether the oldest versions are kept only because their lazy commit is not durable.
    pub(super) fn waits_for_the_log(&self) -> bool {
        let oldest = self.oldest_snapshot();
        self.cleanup.ended.lock().front().is_some_and(|ended| ended.number <= oldest)
    }

    /// Takes versions out that no snapshot needs and whose commit is durable. Memory only: may be called with latches
    /// held. Gives how many.
    pub(super) fn collect(&self) -> u64 {
        if !self.cleanup.has_ended() {
            return 0;
        }
        let durable = self.log().map(|log| log.durable_tip());
        let oldest = self.oldest_snapshot();
        let is_over = |ended: &Ended| {
            let safe = durable.is_none_or(|durable| ended.logged_at.is_null() || ended.logged_at < durable);
            ended.number <= oldest && safe
        };
        let mut count = 0;
        loop {
            let next = {
                let mut waiting = self.cleanup.ended.lock();
                if waiting.front().is_some_and(is_over) { waiting.pop_front() } else { None }
            };
            let Some(ended) = next else { break };
            count += ended.steps.len() as u64;
            self.dispose(ended);
        }
        if count > 0 {
            self.refused.store(0, Ordering::Relaxed);
        }
        count
    }

    fn dispose(&self, ended: Ended) {
        let mut leaving: Vec<&Version> = Vec::with_capacity(ended.steps.len());
        for step in &ended.steps {
            if let Step::Version { version, .. } = step {
                leaving.push(version);
            }
        }
        self.store.remove_all(&leaving);
        let mut alterations = Vec::new();
        for step in ended.steps {
            match step {
                Step::Alteration(hook) if ended.progress == Progress::Settled => {
                    self.cleanup.add(Task::Alteration(hook));
                }
                Step::Alteration(_) => alterations.push(step),
                Step::Version { version, tree } => {
                    let Some(tree) = ended.trees.get(tree) else { continue };
                    match version.change {
                        Change::FlagDelete => self.cleanup.add(Task::Node { tree: tree.clone(), version }),
                        Change::Delta { delta, offset, .. }
                            if delta < 0 || tree.tree().kind() == TreeKind::Primary =>
                        {
                            self.cleanup.add(Task::Count { tree: tree.clone(), version, offset });
                        }
                        _ => {}
                    }
                }
            }
        }
        if !alterations.is_empty() {
            // Whoever began before the commit has ended, and is in the queue already: this comes behind it.
            self.cleanup.ended.lock().push_back(Ended {
                progress: Progress::Settled,
                number: self.numbers.newest_commit(),
                logged_at: Lgpos::NULL,
                steps: alterations,
                trees: Vec::new(),
            });
        }
    }

    /// Cleans what can be cleaned: versions leave the store, deleted nodes their pages. No latch may be held. Gives how
    /// many versions left and tasks were done.
    ///
    /// # Errors
    /// Those of the log when it is down; what is wrong with a page is told to the event log.
    pub fn clean(self: &Arc<Self>) -> Result<u64> {
        let _cleaning = self.cleanup.cleaning.lock();
        if self.cleanup.has_ended() {
            self.wait_for_commits()?;
        }
        let collected = self.collect();
        Ok(collected + self.do_tasks(usize::MAX)?)
    }

    /// Keeps the thread of the cleanup away from pages, and waits for what it does now. One hold at a time.
    pub(crate) fn hold_cleanup(&self) -> CleanupHold<'_> {
        let _cleaning = self.cleanup.cleaning.lock();
        self.cleanup.is_held.store(true, Ordering::Release);
        CleanupHold(self)
    }

    /// As [`Self::clean`], but commits that are not durable keep their versions.
    pub(super) fn clean_in_background(self: &Arc<Self>) -> Result<()> {
        let _cleaning = self.cleanup.cleaning.lock();
        self.collect();
        if self.cleanup.is_held.load(Ordering::Acquire) {
            return Ok(());
        }
        self.do_tasks(usize::MAX).map(|_| ())
    }

    /// Whether versions or work on pages are left (JET_wrnRemainingVersions).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.store.count() == 0 && self.cleanup.waiting.load(Ordering::Relaxed) == 0
    }

    fn do_tasks(self: &Arc<Self>, most: usize) -> Result<u64> {
        let mut done = 0;
        // Tasks that come while this runs are left to the next.
        let mut left = self.cleanup.waiting.load(Ordering::Relaxed).min(most);
        while left > 0 {
            let tasks = self.cleanup.take(left.min(TASKS_PER_TRANSACTION));
            if tasks.is_empty() {
                break;
            }
            left -= tasks.len();
            done += tasks.len() as u64;
            self.do_in_transaction(tasks)?;
        }
        Ok(done)
    }

    fn do_in_transaction(self: &Arc<Self>, tasks: Vec<Task>) -> Result<()> {
        let mut session = self.begin_system_session()?;
        session.begin(BeginKind::Internal)?;
        let mut tasks = tasks.into_iter();
        while let Some(mut task) = tasks.next() {
            let Err(error) = self.do_task(&mut session, &mut task) else { continue };
            if self.log().is_some_and(|log| matches!(log.state(), LogState::Down(_))) {
                self.cleanup.put_back(std::iter::once(task).chain(tasks).collect());
                return Err(error);
            }
            tracing::warn!(%error, "cleaning failed");
        }
        session.commit(CommitOptions::LAZY).map(|_| ())
    }

    fn do_task(&self, session: &mut Session, task: &mut Task) -> Result<()> {
        match task {
            Task::Alteration(hook) => in_level(session, |session| hook.obsolete(session)),
            Task::Node { tree, version } => {
                let needed =
                    |key: &[u8], data: &[u8]| self.store.has_versions(&NodeName::of(tree, key, data));
                match tree.clean(session, version.key(), version.data(), &needed) {
                    // Somebody cleaned that leaf already.
                    Err(error) if error.jet() == JetError::RECORD_DELETED => Ok(()),
                    outcome => outcome.map(|_| ()),
                }
            }
            Task::Count { tree, version, offset } => {
                let hook = self.cleanup.counts.read().clone();
                in_level(session, |session| {
                    hook.map_or(Ok(()), |hook| hook.counted(session, tree, version.key(), *offset))
                })
            }
        }
    }

    /// Defragments one leaf of a tree, as [`WritableTree::defragment`] does it, in a transaction of its own. No latch may be
    /// held.
    ///
    /// # Errors
    /// As [`WritableTree::defragment`].
    pub fn defragment(
        self: &Arc<Self>,
        tree: &WritableTree,
        from: Option<&Bookmark>,
    ) -> Result<(Defragmented, Option<Bookmark>)> {
        let mut session = self.begin_system_session()?;
        session.begin(BeginKind::Internal)?;
        let needed = |key: &[u8], data: &[u8]| self.store.has_versions(&NodeName::of(tree, key, data));
        let done = tree.defragment(&mut session, from, &needed);
        // What was done is final, and whole if the rest failed.
        session.commit(CommitOptions::LAZY)?;
        done
    }

    /// Cleans a file as far as no open transaction needs it: before it is detached.
    ///
    /// # Errors
    /// As [`Self::clean`].
    pub fn clean_file(self: &Arc<Self>, file: u32) -> Result<()> {
        // A task may leave others: a long value after the last reference to it.
        const ROUNDS_MAX: usize = 8;
        for _ in 0..ROUNDS_MAX {
            if self.clean()? == 0 || !self.concerns(file) {
                break;
            }
        }
        Ok(())
    }

    fn concerns(&self, file: u32) -> bool {
        let of_file = |step: &Step| match step {
            Step::Version { version, .. } => version.file == file,
            Step::Alteration(hook) => hook.file() == Some(file),
        };
        self.cleanup.tasks.lock().iter().any(|task| task.file() == Some(file))
            || self.cleanup.ended.lock().iter().any(|ended| ended.steps.iter().any(of_file))
    }

    /// Forgets everything about a file: it is detached, or its pages are to be forgotten.
    pub fn forget_file(&self, file: u32) {
        let _cleaning = self.cleanup.cleaning.lock();
        self.store.remove_file(file);
        let is_kept = |step: &Step| match step {
            Step::Version { version, .. } => version.file != file,
            Step::Alteration(hook) => hook.file() != Some(file),
        };
        // What goes may be the last that holds the file, whose end waits for who writes it: it goes with no lock held.
        let (mut steps, mut trees) = (Vec::new(), Vec::new());
        for ended in self.cleanup.ended.lock().iter_mut() {
            // What is left of the transaction keeps its indexes into the trees.
            let (kept, gone): (Vec<_>, Vec<_>) =
                std::mem::take(&mut ended.steps).into_iter().partition(is_kept);
            ended.steps = kept;
            steps.extend(gone);
            if ended.steps.is_empty() {
                trees.push(std::mem::take(&mut ended.trees));
            }
        }
        let mut tasks = self.cleanup.tasks.lock();
        let (kept, gone): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut *tasks).into_iter().partition(|task| task.file() != Some(file));
        *tasks = kept;
        drop(tasks);
        self.cleanup.waiting.fetch_sub(gone.len(), Ordering::Relaxed);
    }
}

/// Does something of the floor above in a level of its own: what fails is taken back.
fn in_level(session: &mut Session, work: impl FnOnce(&mut Session) -> Result<()>) -> Result<()> {
    session.begin(BeginKind::Internal)?;
    let level = session.level();
    let outcome = work(session).and_then(|()| session.commit(CommitOptions::LAZY).map(|_| ()));
    while outcome.is_err() && session.level() >= level {
        session.rollback()?;
    }
    outcome
}
