//! A session: at most one transaction at a time, nested in levels (spec 09 §3, §5; spec 06 §3.3, §3.5).
//!
//! Invariants: nothing is logged for levels in which nothing was; a commit without the lazy flag returns when its
//! record is durable, and its changes become visible after that; a level is rolled back newest change first; what a
//! transaction did is committed or taken back as a whole, or its session says `JET_errRollbackError` for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Commit, Commit0, Record, Rollback};
use ese_format::node::NodeView;
use ese_format::signature::Signature;

use crate::btree::{Seen, Tree, UndoImage, UndoneChange, UndoneVersion, Visibility, WritableTree};
use crate::error::{Error, Result};
use crate::io::Background;
use crate::log::Log;
use crate::transaction::affinity::Affinity;
use crate::transaction::cleanup::Ended;
use crate::transaction::rules::Reader;
use crate::transaction::state::TransactionState;
use crate::transaction::store::VersionStore;
use crate::transaction::version::{Change, NodeName, Version, pack, unpack};
use crate::transaction::{LEVEL_MAX, LEVEL_MAX_INTERNAL, SessionKind, Transactions};

/// The snapshot of a session that is in no transaction: whatever is committed.
const NO_SNAPSHOT: u64 = u64::MAX;

/// What kind of transaction begins. Counts at level 0; at deeper levels only the depth allowed differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginKind {
    /// One of the application that may write.
    ReadWrite,
    /// One of the application that may not (JET_bitTransactionReadOnly).
    ReadOnly,
    /// One of the engine, around the parts of a call; it may write if the application's may.
    Internal,
}

/// What is asked of JetCommitTransaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitAction {
    /// The level ends.
    Commit,
    /// Nothing is committed: wait until this session's last commit is durable.
    WaitLast,
    /// Nothing is committed: wait until all commits are durable.
    WaitAll,
    /// Nothing is committed: the log begins a new generation.
    ForceNewLog,
}

/// Whether an outermost commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does, unless the session's default says otherwise.
    Durable,
    /// It does not. The commit becomes durable with a later one, or within so many milliseconds if they are not 0.
    Lazy {
        /// cmsecDurableCommit.
        within_milliseconds: u32,
    },
}

/// How to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitOptions {
    /// What is asked for.
    pub action: CommitAction,
    /// Whether to wait.
    pub durability: Durability,
}

/// JET_bitCommitLazyFlush and its neighbours (spec 09 §5.1).
const LAZY_FLUSH: u32 = 0x1;
const WAIT_LAST: u32 = 0x2;
const WAIT_ALL: u32 = 0x8;
const FORCE_NEW_LOG: u32 = 0x10;
const REDO_CALLBACK: u32 = 0x20;

impl CommitOptions {
    /// Commit, and wait for the disk.
    pub const DURABLE: Self = Self { action: CommitAction::Commit, durability: Durability::Durable };
    /// Commit, and do not wait.
    pub const LAZY: Self =
        Self { action: CommitAction::Commit, durability: Durability::Lazy { within_milliseconds: 0 } };

    /// What grbit and cmsecDurableCommit of JetCommitTransaction2 ask for, in a session whose default is
    /// `commit_default`.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`; `JET_errInvalidParameter` for a time without the lazy flag.
    pub fn parse(grbit: u32, commit_default: u32, within_milliseconds: u32) -> Result<Self> {
        let bad = || Error::refused(JetError::INVALID_GRBIT, format!("commit flags {grbit:#x}"));
        let action = match grbit {
            WAIT_LAST => CommitAction::WaitLast,
            WAIT_ALL => CommitAction::WaitAll,
            FORCE_NEW_LOG => CommitAction::ForceNewLog,
            _ if grbit & !(LAZY_FLUSH | REDO_CALLBACK) == 0 => CommitAction::Commit,
            _ => return Err(bad()),
        };
        let durability = if (grbit | commit_default) & LAZY_FLUSH != 0 {
            Durability::Lazy { within_milliseconds }
        } else if within_milliseconds == 0 {
            Durability::Durable
        } else {
            let about = "a time for a commit that waits for the disk";
            return Err(Error::refused(JetError::INVALID_PARAMETER, about));
        };
        Ok(Self { action, durability })
    }
}

/// JET_COMMIT_ID: a commit in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitId {
    /// The stream.
    pub signature: Signature,
    /// The position behind the commit's record.
    pub position: Lgpos,
}

/// How much JetRollback takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackScope {
    /// The present level.
    Level,
    /// All of them (JET_bitRollbackAll).
    All,
}

/// What the floor above does with something that a transaction changed beside nodes: a schema, a tree to be freed.
/// Hooks take their turn among the versions of their transaction.
pub trait AlterationHook: std::fmt::Debug + Send {
    /// The level is rolled back; versions and hooks made later are taken back already. The session is in the
    /// transaction still.
    ///
    /// # Errors
    /// Leave the transaction half rolled back: `JET_errRollbackError`. The hook is called again when it is tried again.
    fn rolled_back(&mut self, session: &mut Session) -> Result<()>;

    /// The outermost level was committed; whoever begins from now on sees it. Hooks are called in the order in which
    /// they were registered.
    fn committed(&mut self);

    /// No transaction that began before the commit is left. Called by the cleanup, in a transaction of its own.
    ///
    /// # Errors
    /// Are told to the event log; the hook is not called again.
    fn obsolete(&mut self, session: &mut Session) -> Result<()> {
        let _ = session;
        Ok(())
    }

    /// The file that it is about, so that a detached one is forgotten.
    fn file(&self) -> Option<u32> {
        None
    }
}

/// Something that a transaction did, in order.
#[derive(Debug)]
pub(super) enum Step {
    /// It made a version, in the tree with this index among the transaction's.
    Version { version: Arc<Version>, tree: usize },
    /// It altered something of the floor above.
    Alteration(Box<dyn AlterationHook>),
}

/// The handle by which others know a transaction that writes.
#[derive(Clone, Debug)]
pub struct TransactionMark(Arc<TransactionState>);

impl TransactionMark {
    /// Whether it is committed.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.0.commit().is_some()
    }
}

impl PartialEq for TransactionMark {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TransactionMark {}

/// What other threads read of a session: its snapshot, and where its transaction begins in the log.
#[derive(Debug)]
pub(super) struct SessionShared {
    id: u64,
    procid: u16,
    kind: SessionKind,
    snapshot: AtomicU64,
    /// lgposStart, packed. Set before the Begin0 is appended, to a position not behind it.
    start: AtomicU64,
    store: Arc<VersionStore>,
}

impl SessionShared {
    pub(super) fn new(id: u64, procid: u16, kind: SessionKind, store: Arc<VersionStore>) -> Self {
        Self { id, procid, kind, snapshot: AtomicU64::new(NO_SNAPSHOT), start: AtomicU64::new(0), store }
    }

    pub(super) fn procid(&self) -> u16 {
        self.procid
    }

    pub(super) fn kind(&self) -> SessionKind {
        self.kind
    }

    pub(super) fn snapshot(&self) -> u64 {
        self.snapshot.load(Ordering::SeqCst)
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.snapshot() != NO_SNAPSHOT
    }

    pub(super) fn start(&self) -> Option<Lgpos> {
        Some(self.start.load(Ordering::SeqCst)).filter(|word| *word != 0).map(unpack)
    }

    pub(super) fn set_start(&self, start: Lgpos) {
        self.start.store(pack(start), Ordering::SeqCst);
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { session: self.id, snapshot: self.snapshot() }
    }
}

impl Visibility for SessionShared {
    fn see(&self, tree: &Tree, node: &NodeView<'_>) -> Seen {
        let data = if tree.has_duplicate_keys() { node.data } else { &[] };
        let name = NodeName { file: tree.file().id(), objid: tree.objid(), key: node.key(), data };
        self.store.see(&name, self.reader(), node)
    }
}

/// A session (JET_SESID). Whoever calls it has it alone.
#[derive(Debug)]
pub struct Session {
    pub(super) transactions: Arc<Transactions>,
    pub(super) shared: Arc<SessionShared>,
    pub(super) level: u8,
    pub(super) begin0: u32,
    pub(super) access: BeginKind,
    /// Made when the transaction first writes.
    pub(super) state: Option<Arc<TransactionState>>,
    /// Steps that were there when each level began.
    starts: [usize; LEVEL_MAX_INTERNAL as usize + 1],
    pub(super) steps: Vec<Step>,
    pub(super) trees: Vec<WritableTree>,
    /// The version that is being taken back.
    pub(super) undoing: Option<Arc<Version>>,
    /// Records on their way to the log.
    pub(super) encoded: Vec<u8>,
    affinity: Affinity,
    commit_default: u32,
    last_commit: Lgpos,
    rollback_failed: bool,
    must_roll_back: bool,
}

impl Session {
    pub(super) fn new(
        transactions: Arc<Transactions>,
        shared: Arc<SessionShared>,
        commit_default: u32,
    ) -> Self {
        Self {
            transactions,
            shared,
            level: 0,
            begin0: 0,
            access: BeginKind::ReadWrite,
            state: None,
            starts: [0; LEVEL_MAX_INTERNAL as usize + 1],
            steps: Vec::new(),
            trees: Vec::new(),
            undoing: None,
            encoded: Vec::new(),
            affinity: Affinity::default(),
            commit_default,
            last_commit: Lgpos::NULL,
            rollback_failed: false,
            must_roll_back: false,
        }
    }

    /// Its number in log records.
    #[must_use]
    pub fn procid(&self) -> u16 {
        self.shared.procid
    }

    /// Levels of transactions it is in.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Id of its transaction, in one.
    #[must_use]
    pub fn begin0(&self) -> Option<u32> {
        (self.level > 0).then_some(self.begin0)
    }

    /// Whether its transaction may not write.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.level > 0 && self.access == BeginKind::ReadOnly
    }

    /// The transactions of its instance.
    #[must_use]
    pub fn transactions(&self) -> &Arc<Transactions> {
        &self.transactions
    }

    /// What it sees: in a transaction its own changes and what was committed before its begin, else what is committed
    /// when it looks. One object for all its life.
    #[must_use]
    pub fn visibility(&self) -> Arc<dyn Visibility> {
        Arc::clone(&self.shared) as Arc<dyn Visibility>
    }

    /// Grbits that JetCommitTransaction adds (JET_sesparamCommitDefault).
    #[must_use]
    pub fn commit_default(&self) -> u32 {
        self.commit_default
    }

    /// Sets them.
    pub fn set_commit_default(&mut self, grbit: u32) {
        self.commit_default = grbit;
    }

    /// JetSetSessionContext.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for no or all bits, `JET_errSessionContextAlreadySet`.
    pub fn set_context(&mut self, context: u64) -> Result<()> {
        self.affinity.set_context(context)
    }

    /// JetResetSessionContext.
    ///
    /// # Errors
    /// `JET_errSessionContextNotSetByThisThread`.
    pub fn reset_context(&mut self) -> Result<()> {
        self.affinity.reset_context()
    }

    /// Its context, 0 for none.
    #[must_use]
    pub fn context(&self) -> u64 {
        self.affinity.context()
    }

    /// Begins a level. Nothing is logged; at level 0 the snapshot is taken.
    ///
    /// # Errors
    /// `JET_errTransTooDeep`, `JET_errSessionSharingViolation` on another thread than its transaction's,
    /// `JET_errRollbackError` after a rollback that failed.
    pub fn begin(&mut self, kind: BeginKind) -> Result<()> {
        self.affinity.check()?;
        self.check_rollback()?;
        let deepest = if kind == BeginKind::Internal { LEVEL_MAX_INTERNAL } else { LEVEL_MAX };
        if self.level >= deepest {
            return Err(Error::refused(JetError::TRANS_TOO_DEEP, format!("{deepest} levels are open")));
        }
        if self.level == 0 {
            self.access = kind;
            self.take_snapshot();
            let numbers = &self.transactions.numbers;
            self.begin0 =
                if kind == BeginKind::ReadOnly { numbers.read_only_trx() } else { numbers.next_trx() };
            self.affinity.bind();
        }
        self.level += 1;
        if let Some(start) = self.starts.get_mut(usize::from(self.level)) {
            *start = self.steps.len();
        }
        Ok(())
    }

    /// Publishes the newest commit as its snapshot. Whoever looks for the oldest snapshot after a newer commit sees it.
    fn take_snapshot(&self) {
        let numbers = &self.transactions.numbers;
        let mut newest = numbers.newest_commit();
        loop {
            self.shared.snapshot.store(newest, Ordering::SeqCst);
            let now = numbers.newest_commit();
            if now == newest {
                return;
            }
            newest = now;
        }
    }

    fn check_rollback(&self) -> Result<()> {
        if self.rollback_failed {
            return Err(Error::refused(JetError::ROLLBACK_ERROR, "a rollback of this session failed"));
        }
        Ok(())
    }

    fn check_level(&self) -> Result<()> {
        if self.level == 0 {
            return Err(Error::refused(JetError::NOT_IN_TRANSACTION, "the session is at level 0"));
        }
        Ok(())
    }

    /// Whether another thread holds the session's context: it cannot be ended then (JET_errSessionInUse).
    #[must_use]
    pub fn is_held_elsewhere(&self) -> bool {
        self.affinity.is_held_elsewhere()
    }

    /// Whether this thread may end the transaction.
    ///
    /// # Errors
    /// `JET_errSessionSharingViolation`.
    pub fn check_thread(&self) -> Result<()> {
        self.affinity.check()
    }

    /// From now on the transaction can only be rolled back (`JET_errMustRollback`).
    pub fn require_rollback(&mut self) {
        self.must_roll_back = self.level > 0;
    }

    /// Whether a move or seek may go on: it may not in the oldest transaction, if that only reads, while the version
    /// store is full (spec 09 §5.4).
    ///
    /// # Errors
    /// `JET_errVersionStoreOutOfMemory`.
    pub fn check_read(&self) -> Result<()> {
        if !self.is_read_only() || !self.transactions.is_held_up_by(self.shared.snapshot()) {
            return Ok(());
        }
        let about = "the version store is full and this is the oldest transaction";
        Err(Error::refused(JetError::VERSION_STORE_OUT_OF_MEMORY, about))
    }

    /// Ends the present level, or does what else the options ask for. No latch may be held. An outermost commit that
    /// logged something gives its id.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errSessionSharingViolation`, `JET_errMustRollback`, `JET_errRollbackError`; those
    /// of the log: the level stays, and when the record was not durable in the end, it cannot be rolled back either.
    pub fn commit(&mut self, options: CommitOptions) -> Result<Option<CommitId>> {
        match options.action {
            CommitAction::WaitLast => return self.wait_for_last_commit().map(|()| None),
            CommitAction::WaitAll => return self.transactions.wait_for_commits().map(|()| None),
            CommitAction::ForceNewLog => {
                return self.transactions.log().map_or(Ok(()), |log| log.roll()).map(|()| None);
            }
            CommitAction::Commit => {}
        }
        self.check_level()?;
        self.affinity.check()?;
        self.check_rollback()?;
        if self.must_roll_back {
            return Err(Error::refused(JetError::MUST_ROLLBACK, "the transaction can only be rolled back"));
        }
        if self.level > 1 {
            return self.commit_level().map(|()| None);
        }
        let id = self.commit_outermost(options.durability)?;
        self.clean_inline();
        Ok(id)
    }

    fn wait_for_last_commit(&self) -> Result<()> {
        match self.transactions.log() {
            Some(log) if !self.last_commit.is_null() => log.flush(self.last_commit),
            _ => Ok(()),
        }
    }

    fn start_of_level(&self) -> usize {
        self.starts.get(usize::from(self.level)).copied().unwrap_or(0)
    }

    /// The level's changes become those of the level below.
    fn commit_level(&mut self) -> Result<()> {
        let below = self.level - 1;
        if let Some(state) = &self.state {
            let mut progress = state.log.lock();
            if progress.levels >= self.level {
                let record = Record::Commit(Commit { procid: self.shared.procid, level_to: below });
                append(&self.transactions, &mut self.encoded, &record)?;
                progress.levels = below;
            }
            for step in self.steps.get(self.start_of_level()..).unwrap_or_default() {
                if let Step::Version { version, .. } = step {
                    version.set_level(below);
                }
            }
        }
        self.level = below;
        Ok(())
    }

    fn commit_outermost(&mut self, durability: Durability) -> Result<Option<CommitId>> {
        let Some(state) = self.state.clone() else {
            self.finish();
            return Ok(None);
        };
        let id = self.log_commit(&state)?;
        self.shared.start.store(0, Ordering::SeqCst);
        if id.is_some() && !self.steps.is_empty() {
            self.make_durable(durability).inspect_err(|_| self.rollback_failed = true)?;
        }
        let logged_at = id.map_or(Lgpos::NULL, |_| self.last_commit);
        let number = self.transactions.numbers.publish(&state);
        let mut steps = std::mem::take(&mut self.steps);
        for step in &mut steps {
            if let Step::Alteration(hook) = step {
                hook.committed();
            }
        }
        if !steps.is_empty() {
            let trees = std::mem::take(&mut self.trees);
            self.transactions.ended(Ended { number, logged_at, steps, trees });
        }
        self.finish();
        Ok(id)
    }

    /// Logs the commit of level 1 if its begin is in the log. Its number is drawn when the record gets its place.
    fn log_commit(&mut self, state: &TransactionState) -> Result<Option<CommitId>> {
        /// Offset of trxCommit0 in the record (spec 05 §9).
        const TRX_COMMIT0: usize = 4;
        let mut progress = state.log.lock();
        let Some(log) = self.transactions.log().filter(|_| progress.levels > 0 && progress.ended.is_none())
        else {
            return Ok(None);
        };
        let record = Commit0 { procid: self.shared.procid, level_to: 0, trx_commit0: 0 };
        encode(&mut self.encoded, &Record::Commit0(record))?;
        let numbers = &self.transactions.numbers;
        let appended = log.append_with(&mut self.encoded, &mut |_, record| {
            if let Some(bytes) = record.get_mut(TRX_COMMIT0..TRX_COMMIT0 + 4) {
                bytes.copy_from_slice(&numbers.next_trx().to_le_bytes());
            }
        })?;
        progress.ended = Some(appended.first);
        progress.levels = 0;
        self.last_commit = appended.first;
        self.transactions.note_commit(appended.first, appended.end);
        Ok(Some(CommitId { signature: log.signature(), position: appended.end }))
    }

    fn make_durable(&self, durability: Durability) -> Result<()> {
        match durability {
            Durability::Durable if self.commit_default & LAZY_FLUSH == 0 => self.wait_for_last_commit(),
            Durability::Durable => Ok(()),
            Durability::Lazy { within_milliseconds: 0 } => Ok(()),
            Durability::Lazy { within_milliseconds } => match self.transactions.host.background {
                Background::Inline => self.wait_for_last_commit(),
                Background::Threads => {
                    self.transactions.worker.flush_within(within_milliseconds);
                    Ok(())
                }
            },
        }
    }

    /// Takes the present level back. No latch may be held.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errSessionSharingViolation`; `JET_errRollbackError` when something could not be
    /// taken back: the level stays, and can be tried again.
    pub fn rollback(&mut self) -> Result<()> {
        self.check_level()?;
        self.affinity.check()?;
        self.take_back_level()?;
        if self.level == 0 {
            self.clean_inline();
        }
        Ok(())
    }

    /// Takes one level or all of them back.
    ///
    /// # Errors
    /// As [`Self::rollback`].
    pub fn rollback_scope(&mut self, scope: RollbackScope) -> Result<()> {
        self.rollback()?;
        while scope == RollbackScope::All && self.level > 0 {
            self.rollback()?;
        }
        Ok(())
    }

    fn take_back_level(&mut self) -> Result<()> {
        let outcome = self.undo_steps().and_then(|()| self.log_rollback());
        self.rollback_failed = outcome.is_err();
        if let Err(error) = outcome {
            tracing::error!(procid = self.shared.procid, %error, "a rollback failed");
            return Err(Error::refused(JetError::ROLLBACK_ERROR, format!("a rollback failed: {error}")));
        }
        self.level -= 1;
        if self.level == 0 {
            self.finish();
        }
        Ok(())
    }

    fn undo_steps(&mut self) -> Result<()> {
        if self.state.as_ref().is_some_and(|state| state.log.lock().ended.is_some()) {
            return Err(Error::refused(JetError::LOG_WRITE_FAIL, "its commit is in the log, durable or not"));
        }
        let start = self.start_of_level();
        while self.steps.len() > start
            && let Some(mut step) = self.steps.pop()
        {
            let undone = match &mut step {
                Step::Version { version, tree } => self.undo_version(version, *tree),
                Step::Alteration(hook) => hook.rolled_back(self),
            };
            if let Err(error) = undone {
                self.steps.push(step);
                return Err(error);
            }
        }
        Ok(())
    }

    fn undo_version(&mut self, version: &Arc<Version>, tree: usize) -> Result<()> {
        let missing = || Error::refused(JetError::INTERNAL_ERROR, "the tree of a version is not known");
        let tree = self.trees.get(tree).cloned().ok_or_else(missing)?;
        if let Some(change) = undone_change(version) {
            let undone = UndoneVersion {
                rceid: version.rceid,
                level: version.level(),
                key: &version.key,
                data: &version.data,
                change,
            };
            self.undoing = Some(Arc::clone(version));
            let outcome = tree.undo(self, &undone);
            self.undoing = None;
            outcome?;
        }
        self.shared.store.remove(version);
        if version.change == Change::Insert {
            self.transactions.clean_later(tree, Arc::clone(version));
        }
        Ok(())
    }

    fn log_rollback(&mut self) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let mut progress = state.log.lock();
        if progress.levels < self.level {
            return Ok(());
        }
        let record = Record::Rollback(Rollback { procid: self.shared.procid, level_count: 1 });
        let position = append(&self.transactions, &mut self.encoded, &record)?;
        progress.levels = self.level - 1;
        if progress.levels == 0 {
            progress.ended = Some(position);
        }
        Ok(())
    }

    /// The session is at level 0 again.
    fn finish(&mut self) {
        self.level = 0;
        self.state = None;
        self.steps.clear();
        self.trees.clear();
        self.must_roll_back = false;
        self.shared.start.store(0, Ordering::SeqCst);
        self.shared.snapshot.store(NO_SNAPSHOT, Ordering::SeqCst);
        self.affinity.unbind();
    }

    /// Where there are no threads for it, the end of a transaction is when things are cleaned.
    fn clean_inline(&self) {
        if self.shared.kind == SessionKind::User {
            self.transactions.transaction_ended();
        }
    }

    /// Registers something of the floor above that the transaction altered.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errTransReadOnly`.
    pub fn alter(&mut self, hook: Box<dyn AlterationHook>) -> Result<()> {
        self.check_may_write()?;
        self.state();
        self.steps.push(Step::Alteration(hook));
        Ok(())
    }

    /// Whether the session is in a transaction that may write.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errTransReadOnly`.
    pub fn check_may_write(&self) -> Result<()> {
        self.check_level()?;
        if self.access == BeginKind::ReadOnly {
            return Err(Error::refused(JetError::TRANS_READ_ONLY, "the transaction may only read"));
        }
        Ok(())
    }

    /// The handle by which others know its transaction.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`.
    pub fn mark(&mut self) -> Result<TransactionMark> {
        self.check_level()?;
        Ok(TransactionMark(self.state()))
    }

    /// Whether it sees what that transaction did.
    #[must_use]
    pub fn sees(&self, mark: &TransactionMark) -> bool {
        let reader = self.shared.reader();
        mark.0.commit().map_or(mark.0.session == reader.session, |number| number <= reader.snapshot)
    }

    /// What others may know of the present transaction.
    pub(super) fn state(&mut self) -> Arc<TransactionState> {
        let (id, procid, begin0) = (self.shared.id, self.shared.procid, self.begin0);
        let state = self.state.get_or_insert_with(|| Arc::new(TransactionState::new(id, procid, begin0)));
        Arc::clone(state)
    }

    /// Puts the session into a transaction that redo found unfinished.
    pub(super) fn resume(&mut self, state: Arc<TransactionState>, level: u8, begin0: u32, start: Lgpos) {
        self.take_snapshot();
        self.affinity.bind();
        self.shared.set_start(start);
        self.level = level;
        self.begin0 = begin0;
        self.state = Some(state);
    }

    /// Adds a step that redo found, of this level or a higher one.
    pub(super) fn resume_step(&mut self, step: Step, level: u8) {
        self.steps.push(step);
        for start in self.starts.iter_mut().skip(usize::from(level) + 1) {
            *start = self.steps.len();
        }
    }

    /// Ends the session (JetEndSession): what it has not committed is rolled back.
    ///
    /// # Errors
    /// `JET_errSessionSharingViolation` in a transaction of another thread: the session stays. `JET_errRollbackError`:
    /// it is gone, and what it changed stays hidden from the others until recovery takes it back.
    pub fn end(&mut self) -> Result<()> {
        if self.level == 0 {
            return Ok(());
        }
        self.rollback_scope(RollbackScope::All)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        while self.level > 0 {
            if self.take_back_level().is_err() {
                break;
            }
        }
        self.shared.start.store(
            if self.level > 0 { self.shared.start.load(Ordering::SeqCst) } else { 0 },
            Ordering::SeqCst,
        );
        if self.level == 0 {
            self.transactions.close_session(&self.shared);
        }
    }
}

/// What is taken back of a version on its page.
fn undone_change(version: &Version) -> Option<UndoneChange<'_>> {
    let image = if version.undo_image().is_some() { UndoImage::Logged } else { UndoImage::Pending };
    match &version.change {
        Change::Insert => Some(UndoneChange::Insert),
        Change::Replace { before, max_bytes, size_change } => {
            Some(UndoneChange::Replace { before, max_bytes: *max_bytes, size_change: *size_change, image })
        }
        Change::FlagDelete => Some(UndoneChange::FlagDelete { image }),
        Change::Delta { offset, delta, width } => {
            Some(UndoneChange::Delta { offset: *offset, delta: *delta, width: *width })
        }
        Change::WriteLock | Change::ReadLock => None,
    }
}

/// The bytes of one record.
pub(super) fn encode(bytes: &mut Vec<u8>, record: &Record<'_>) -> Result<()> {
    bytes.clear();
    encode_behind(bytes, record)
}

/// The bytes of one more record.
pub(super) fn encode_behind(bytes: &mut Vec<u8>, record: &Record<'_>) -> Result<()> {
    record.encode_into(bytes).map_err(|error| {
        Error::refused(error.jet(), format!("a {} record: {error}", record.record_type().name()))
    })
}

/// Appends one record to the log, if there is one.
fn append(transactions: &Transactions, bytes: &mut Vec<u8>, record: &Record<'_>) -> Result<Lgpos> {
    encode(bytes, record)?;
    let append = |log: Arc<Log>| log.append(&[bytes]).map(|appended| appended.last);
    transactions.log().map_or(Ok(Lgpos::NULL), append)
}
