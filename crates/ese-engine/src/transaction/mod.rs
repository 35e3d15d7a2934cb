//! Floor 5: sessions, transactions, and the versions that make them snapshots (spec 09 §3, §5; spec 06 §3, §7).
//!
//! ```text
//! Session      begin, commit, roll back, log; the author of changes and the reader with a snapshot
//! VersionStore what transactions did to nodes, until nobody needs it          Replace, FlagDelete: with what was there
//! cleanup      versions that nobody needs leave the store, deleted nodes leave their pages
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `session`, `commit`, `rollback`, `options` | the session, its levels and how they end |
//! | `author`, `affinity` | how a session changes trees; which thread a transaction belongs to |
//! | `alteration` | what a transaction did beside versions: hooks of the floor above |
//! | `version`, `short_bytes`, `store`, `rules` | one version; all versions; who sees what and who may change what |
//! | `shared`, `state`, `numbers` | what others may know of a session and of a transaction; the numbers of transactions, versions and commits |
//! | `undo_image` | before-images that go to the log before a page goes to the file |
//! | `cleanup`, `background` | what is done when nobody needs a version any more, and by whom |
//! | `recovered` | transactions that redo found unfinished |
//!
//! Invariants:
//! - a snapshot holds exactly the transactions that were committed when it was taken; a transaction becomes committed
//!   by one store, for all its versions;
//! - a version is made, looked at and taken back with its node's leaf latched;
//! - a version leaves the store when every snapshot holds its transaction and its commit is durable, so that whoever
//!   writes a page finds each version whose before-image the log may still need;
//! - of several locks: page latches, then a transaction's log progress, then the log; everything else is a leaf lock.

mod affinity;
mod alteration;
mod author;
mod background;
mod cleanup;
mod commit;
mod numbers;
mod options;
mod recovered;
mod rollback;
mod rules;
mod session;
mod shared;
mod short_bytes;
mod state;
mod store;
mod undo_image;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use parking_lot::RwLock;

pub use affinity::thread_number;
pub use alteration::{AlterationHook, TransactionMark};
pub use cleanup::CountHook;
pub use options::{BeginKind, CommitAction, CommitId, CommitNote, CommitOptions, Durability, RollbackScope};
pub use recovered::RecoveredTransaction;
pub use session::Session;

use crate::btree::WritableTree;
use crate::error::{Error, Result};
use crate::io::Host;
use crate::lock_order::LeafMutex;
use crate::log::Log;
use crate::transaction::background::Worker;
use crate::transaction::cleanup::Cleanup;
use crate::transaction::numbers::Numbers;
use crate::transaction::shared::SessionShared;
use crate::transaction::store::VersionStore;
use crate::transaction::version::{NodeName, pack, unpack};

/// Transaction levels an application may open (spec 09 §5.1).
pub const LEVEL_MAX: u8 = 7;

/// Levels with those the engine opens inside of the application's.
pub const LEVEL_MAX_INTERNAL: u8 = 10;

/// Session numbers from here on mean something else in records (spec 06 §3.3).
const PROCID_END: u16 = 0xFFFB;

/// What an instance allows its transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionLimits {
    /// Bytes of the version store: JET_paramMaxVerPages × JET_paramVerPageSize.
    pub store_bytes: usize,
    /// Bytes it should not go beyond: JET_paramPreferredVerPages × JET_paramVerPageSize.
    pub preferred_bytes: usize,
    /// Share of the store that may be in use before its oldest transaction is refused: JET_paramMaxTransactionSize.
    pub transaction_percent: u32,
    /// Sessions of applications: JET_paramMaxSessions.
    pub sessions: usize,
}

impl Default for VersionLimits {
    /// The defaults of 64-bit Windows (facts/defaults.csv).
    fn default() -> Self {
        const VER_PAGE: usize = 32 << 10;
        Self {
            store_bytes: 64 * VER_PAGE,
            preferred_bytes: 58 * VER_PAGE,
            transaction_percent: 100,
            sessions: 16,
        }
    }
}

/// How full the version store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreUse {
    /// Bytes of the versions held.
    pub bytes: usize,
    /// Versions held.
    pub versions: usize,
    /// Whether JetIdle says JET_wrnIdleFull: more than 60 % of the lesser limit (spec 09 §13.1).
    pub is_nearly_full: bool,
}

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    /// An application's: one of those that JET_paramMaxSessions counts.
    User,
    /// The engine's own.
    System,
}

#[derive(Debug, Default)]
struct Sessions {
    open: BTreeMap<u16, Arc<SessionShared>>,
    free: BTreeSet<u16>,
    /// All numbers from here on are free too.
    next: u16,
    users: usize,
}

impl Sessions {
    /// Number 0 is left out: it is what zeroed bytes say.
    const FIRST: u16 = 1;

    fn take_lowest(&mut self) -> Option<u16> {
        self.free.pop_first().or_else(|| {
            let procid = self.next.max(Self::FIRST);
            (procid < PROCID_END).then(|| {
                self.next = procid + 1;
                procid
            })
        })
    }

    fn take(&mut self, procid: u16) -> bool {
        if procid >= PROCID_END || self.open.contains_key(&procid) {
            return false;
        }
        let next = self.next.max(Self::FIRST);
        self.free.extend(next..procid.max(next));
        self.next = next.max(procid.saturating_add(1));
        self.free.remove(&procid);
        true
    }
}

/// The transactions of an instance.
#[derive(Debug)]
pub struct Transactions {
    host: Host,
    store_bytes: usize,
    preferred_bytes: usize,
    transaction_percent: AtomicU32,
    sessions_max: usize,
    commit_default: AtomicU32,
    numbers: Numbers,
    store: Arc<VersionStore>,
    sessions: LeafMutex<Sessions>,
    log: RwLock<Option<Arc<Log>>>,
    /// Counts the calls of [`Self::set_log`].
    log_changes: AtomicU64,
    /// Position of the last Commit0, packed.
    last_commit: AtomicU64,
    /// Position behind the last Commit0, packed.
    last_commit_end: AtomicU64,
    cleanup: Cleanup,
    worker: Arc<Worker>,
    refused: AtomicUsize,
    checkpoint_too_deep: AtomicBool,
    stopped: AtomicBool,
    rollback_failed: AtomicBool,
}

impl Transactions {
    /// The transactions of an instance that has none yet.
    #[must_use]
    pub fn new(host: Host, limits: VersionLimits) -> Arc<Self> {
        let store = Arc::new(VersionStore::new(host.entropy.next()));
        let background = host.background;
        let transactions = Arc::new(Self {
            host,
            store_bytes: limits.store_bytes,
            preferred_bytes: limits.preferred_bytes,
            transaction_percent: AtomicU32::new(limits.transaction_percent),
            sessions_max: limits.sessions,
            commit_default: AtomicU32::new(0),
            numbers: Numbers::default(),
            store,
            sessions: LeafMutex::default(),
            log: RwLock::new(None),
            log_changes: AtomicU64::new(0),
            last_commit: AtomicU64::new(0),
            last_commit_end: AtomicU64::new(0),
            cleanup: Cleanup::default(),
            worker: Arc::default(),
            checkpoint_too_deep: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            rollback_failed: AtomicBool::new(false),
        });
        if background == crate::io::Background::Threads {
            Worker::start(&transactions.worker, &Arc::downgrade(&transactions));
        }
        transactions
    }

    /// Where changes of logged databases go; `None` when nothing is logged.
    pub fn set_log(&self, log: Option<Arc<Log>>) {
        *self.log.write() = log;
        self.log_changes.fetch_add(1, Ordering::Release);
    }

    /// Where changes are logged.
    #[must_use]
    pub fn log(&self) -> Option<Arc<Log>> {
        self.log.read().clone()
    }

    /// JET_paramCommitDefault, for sessions begun from now on: grbits of JetCommitTransaction.
    pub fn set_commit_default(&self, grbit: u32) {
        self.commit_default.store(grbit, Ordering::Relaxed);
    }

    /// JET_paramMaxTransactionSize, from now on.
    pub fn set_transaction_percent(&self, percent: u32) {
        self.transaction_percent.store(percent, Ordering::Relaxed);
    }

    /// A session of an application.
    ///
    /// # Errors
    /// `JET_errOutOfSessions` beyond JET_paramMaxSessions.
    pub fn begin_session(self: &Arc<Self>) -> Result<Session> {
        self.open_session(SessionKind::User, None)
    }

    /// A session of the engine: it does not count.
    ///
    /// # Errors
    /// `JET_errOutOfSessions` when there are no numbers left.
    pub fn begin_system_session(self: &Arc<Self>) -> Result<Session> {
        self.open_session(SessionKind::System, None)
    }

    fn open_session(self: &Arc<Self>, kind: SessionKind, procid: Option<u16>) -> Result<Session> {
        let id = self.numbers.next_session();
        let mut sessions = self.sessions.lock();
        let taken = match procid {
            _ if kind == SessionKind::User && sessions.users >= self.sessions_max => None,
            Some(procid) => sessions.take(procid).then_some(procid),
            None => sessions.take_lowest(),
        };
        let Some(procid) = taken else {
            let about = format!("{} sessions are open", sessions.open.len());
            return Err(Error::refused(JetError::OUT_OF_SESSIONS, about));
        };
        sessions.users += usize::from(kind == SessionKind::User);
        let shared = Arc::new(SessionShared::new(id, procid, kind, Arc::clone(&self.store)));
        sessions.open.insert(procid, Arc::clone(&shared));
        drop(sessions);
        Ok(Session::new(Arc::clone(self), shared, self.commit_default.load(Ordering::Relaxed)))
    }

    /// A session ended.
    fn close_session(&self, shared: &SessionShared) {
        let mut sessions = self.sessions.lock();
        if sessions.open.remove(&shared.procid()).is_some() {
            sessions.free.insert(shared.procid());
            sessions.users -= usize::from(shared.kind() == SessionKind::User);
        }
    }

    /// Sessions of applications that are open.
    #[must_use]
    pub fn user_sessions(&self) -> usize {
        self.sessions.lock().users
    }

    /// Sessions of applications that are in a transaction. Those that ended with a rollback that failed are not counted.
    #[must_use]
    pub fn user_transactions(&self) -> usize {
        let sessions = self.sessions.lock();
        let active = |shared: &&Arc<SessionShared>| {
            shared.kind() == SessionKind::User && shared.is_in_transaction() && !shared.is_abandoned()
        };
        sessions.open.values().filter(active).count()
    }

    /// Where the oldest unfinished transaction begins in the log: no checkpoint may be behind it (spec 06 §3.2 W5).
    /// Whoever computes a checkpoint takes the log's tip first and asks this after: a transaction that is not seen here
    /// has its Begin0 at or behind that tip.
    #[must_use]
    pub fn checkpoint_bound(&self) -> Option<Lgpos> {
        self.sessions.lock().open.values().filter_map(|shared| shared.start()).min()
    }

    /// The newest commit that every snapshot in use holds.
    fn oldest_snapshot(&self) -> u64 {
        // In this order: a snapshot that is published after the look at it is not older than this number.
        let newest = self.numbers.newest_commit();
        self.sessions.lock().open.values().map(|shared| shared.snapshot()).fold(newest, u64::min)
    }

    /// How full the version store is.
    #[must_use]
    pub fn store_use(&self) -> StoreUse {
        let bytes = self.store.bytes();
        let limit = self.store_bytes.min(self.preferred_bytes);
        StoreUse { bytes, versions: self.store.count(), is_nearly_full: bytes > limit / 100 * 60 }
    }

    /// Whether a transaction that is not over changed this file.
    #[must_use]
    pub fn is_changing(&self, file: u32) -> bool {
        self.store.is_changing(file)
    }

    /// Whether there is any version of a node.
    #[must_use]
    pub fn has_versions(&self, tree: &WritableTree, key: &[u8], data: &[u8]) -> bool {
        self.store.has_versions(&NodeName::of(tree, key, data))
    }

    /// Transaction ids go on behind this one, which redo met.
    pub fn saw_trx(&self, trx: u32) {
        self.numbers.saw_trx(trx);
    }

    /// Version ids go on behind this one, which redo met.
    pub fn saw_rceid(&self, rceid: u32) {
        self.numbers.saw_rceid(rceid);
    }

    /// Whether the checkpoint is so far behind the log that no transaction may begin to write (JET_paramCheckpointTooDeep).
    pub fn set_checkpoint_too_deep(&self, is_too_deep: bool) {
        self.checkpoint_too_deep.store(is_too_deep, Ordering::Relaxed);
    }

    /// Whether long calls are to end before their end (JetStopServiceInstance).
    pub fn set_stopped(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::Relaxed);
    }

    /// Asked now and then by calls that take long.
    ///
    /// # Errors
    /// `JET_errClientRequestToStopJetService`.
    pub fn check_stopped(&self) -> Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            let about = "the program asked the instance to stop";
            return Err(Error::refused(JetError::CLIENT_REQUEST_TO_STOP_JET_SERVICE, about));
        }
        Ok(())
    }

    fn check_checkpoint(&self) -> Result<()> {
        if self.checkpoint_too_deep.load(Ordering::Relaxed) {
            let about = "too many logs lie behind the checkpoint";
            return Err(Error::refused(JetError::CHECKPOINT_DEPTH_TOO_DEEP, about));
        }
        Ok(())
    }

    /// Returns when every commit so far is durable (JET_bitWaitAllLevel0Commit).
    ///
    /// # Errors
    /// Those of the log.
    pub fn wait_for_commits(&self) -> Result<()> {
        let last = unpack(self.last_commit.load(Ordering::Acquire));
        match self.log() {
            Some(log) if !last.is_null() => log.flush(last),
            _ => Ok(()),
        }
    }

    /// The highest id of a commit below which every commit is durable: what the durable-commit callback tells. That of
    /// the newest commit once it is durable, before that the place where the log is durable. `None` before a commit.
    #[must_use]
    pub fn durable_commit(&self) -> Option<CommitId> {
        let end = unpack(self.last_commit_end.load(Ordering::Acquire));
        let log = self.log()?;
        let position = end.min(log.durable_tip());
        (!position.is_null()).then(|| CommitId { signature: log.signature(), position })
    }

    /// A Commit0 was logged.
    fn note_commit(&self, position: Lgpos, end: Lgpos) {
        self.last_commit.fetch_max(pack(position), Ordering::AcqRel);
        self.last_commit_end.fetch_max(pack(end), Ordering::AcqRel);
    }

    /// Whether a transaction could be neither committed nor taken back: its changes are on pages, hidden by versions that
    /// only this instance has. The databases are not to be closed as clean ones; recovery takes the changes back.
    #[must_use]
    pub fn has_failed_rollback(&self) -> bool {
        self.rollback_failed.load(Ordering::Acquire)
    }

    /// Makes sure that the version store may take so many bytes more, for the session with this snapshot.
    fn reserve(&self, bytes: usize, snapshot: u64) -> Result<()> {
        let within = |limit: usize| self.store.bytes().saturating_add(bytes) <= limit;
        if !within(self.store_bytes) {
            self.collect();
        }
        if !within(self.store_bytes) && self.waits_for_the_log() {
            self.wait_for_commits()?;
            self.collect();
        }
        if !within(self.store_bytes) {
            return Err(self.store_is_full("the version store is full"));
        }
        let percent = self.transaction_percent.load(Ordering::Relaxed) as usize;
        if percent < 100 && !within(self.store_bytes / 100 * percent) && snapshot == self.oldest_snapshot() {
            return Err(self.store_is_full("the oldest transaction is too large"));
        }
        Ok(())
    }

    /// Whether the store is beyond its limits, and the transaction with this snapshot is the reason.
    fn is_held_up_by(&self, snapshot: u64) -> bool {
        let percent = self.transaction_percent.load(Ordering::Relaxed).min(100) as usize;
        // A store that refused a version is full, though there may be room for a smaller one.
        let full = self.refused.load(Ordering::Relaxed) != 0
            || self.store.bytes() > self.store_bytes / 100 * percent;
        full && snapshot == self.oldest_snapshot()
    }

    fn store_is_full(&self, about: &str) -> Error {
        self.refused.store(1, Ordering::Relaxed);
        let about = format!("{about}: {} of {} bytes in use", self.store.bytes(), self.store_bytes);
        Error::refused(JetError::VERSION_STORE_OUT_OF_MEMORY, about)
    }
}

impl Drop for Transactions {
    fn drop(&mut self) {
        self.worker.ask_to_stop();
    }
}
