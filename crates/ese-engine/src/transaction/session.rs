//! A session: at most one transaction at a time, nested in levels (spec 09 §3, §5).
//!
//! Invariants: what a transaction did is committed or taken back as a whole; every step belongs to one level, and steps
//! are in the order in which they were made.

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;

use crate::btree::{Visibility, WritableTree};
use crate::error::{Error, Result};
use crate::log::Log;
use crate::transaction::affinity::Affinity;
use crate::transaction::alteration::{AlterationHook, Step, TransactionMark};
use crate::transaction::options::{BeginKind, CommitNote};
use crate::transaction::rules::Reader;
use crate::transaction::shared::SessionShared;
use crate::transaction::state::TransactionState;
use crate::transaction::version::Version;
use crate::transaction::{LEVEL_MAX, LEVEL_MAX_INTERNAL, SessionKind, Transactions};

/// A session (JET_SESID). Whoever calls it has it alone.
#[derive(Debug)]
pub struct Session {
    pub(super) transactions: Arc<Transactions>,
    pub(super) shared: Arc<SessionShared>,
    /// What it sees, as readers below take it.
    sight: Option<Arc<dyn Visibility>>,
    pub(super) level: u8,
    pub(super) begin0: u32,
    pub(super) access: BeginKind,
    /// Made when the transaction first writes.
    pub(super) state: Option<Arc<TransactionState>>,
    /// Steps that were there when each level began.
    pub(super) starts: [usize; LEVEL_MAX_INTERNAL as usize + 1],
    pub(super) steps: Vec<Step>,
    pub(super) trees: Vec<WritableTree>,
    /// The version that is being taken back.
    pub(super) undoing: Option<Arc<Version>>,
    /// Records on their way to the log.
    pub(super) encoded: Vec<u8>,
    /// The log, as it was after so many changes of it.
    pub(super) log: Option<Arc<Log>>,
    pub(super) log_seen: u64,
    pub(super) affinity: Affinity,
    pub(super) commit_default: u32,
    pub(super) commit_note: Option<CommitNote>,
    pub(super) last_commit: Lgpos,
    pub(super) rollback_failed: bool,
    pub(super) must_roll_back: bool,
    /// Whether changes may meet what was committed after its snapshot.
    is_beyond_snapshot: bool,
}

impl Session {
    pub(super) fn new(
        transactions: Arc<Transactions>,
        shared: Arc<SessionShared>,
        commit_default: u32,
    ) -> Self {
        Self {
            transactions,
            sight: Some(Arc::clone(&shared) as Arc<dyn Visibility>),
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
            log: None,
            log_seen: 0,
            affinity: Affinity::default(),
            commit_default,
            commit_note: None,
            last_commit: Lgpos::NULL,
            rollback_failed: false,
            must_roll_back: false,
            is_beyond_snapshot: false,
        }
    }

    /// Its number in log records.
    #[must_use]
    pub fn procid(&self) -> u16 {
        self.shared.procid()
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

    /// Attaches a note to the next end of an outermost level, if that is logged; `None` takes it away.
    pub fn set_commit_note(&mut self, note: Option<CommitNote>) {
        self.commit_note = note;
    }

    /// [`Self::visibility`] for calls that take no visibility for what is on the pages.
    #[must_use]
    pub fn sight(&self) -> &Option<Arc<dyn Visibility>> {
        &self.sight
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
            self.shared.take_snapshot(&self.transactions.numbers);
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

    pub(super) fn check_rollback(&self) -> Result<()> {
        if self.rollback_failed {
            return Err(Error::refused(JetError::ROLLBACK_ERROR, "a rollback of this session failed"));
        }
        Ok(())
    }

    pub(super) fn check_level(&self) -> Result<()> {
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

    /// Steps that were there when the present level began.
    pub(super) fn start_of_level(&self) -> usize {
        self.starts.get(usize::from(self.level)).copied().unwrap_or(0)
    }

    /// The session is at level 0 again.
    pub(super) fn finish(&mut self) {
        self.level = 0;
        self.state = None;
        self.steps.clear();
        self.trees.clear();
        self.must_roll_back = false;
        self.shared.clear_start();
        self.shared.give_snapshot_up();
        self.affinity.unbind();
    }

    /// Where there are no threads for it, the end of a transaction is when things are cleaned.
    /// `steps` are those that were committed.
    pub(super) fn clean_inline(&self, steps: usize) {
        if self.shared.kind() == SessionKind::User {
            self.transactions.transaction_ended(steps);
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

    /// Runs a change of nodes that no other transaction made but the engine, at any time: what was committed after the
    /// snapshot is not in its way.
    pub(crate) fn beyond_snapshot<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.is_beyond_snapshot, true);
        let changed = change(self);
        self.is_beyond_snapshot = before;
        changed
    }

    /// As whom it changes nodes.
    pub(super) fn author(&self) -> Reader {
        let reader = self.shared.reader();
        if self.is_beyond_snapshot { Reader { snapshot: u64::MAX, ..reader } } else { reader }
    }

    /// Whether it sees what that transaction did.
    #[must_use]
    pub fn sees(&self, mark: &TransactionMark) -> bool {
        let reader = self.shared.reader();
        mark.0.commit().map_or(mark.0.session == reader.session, |number| number <= reader.snapshot)
    }

    /// What others may know of the present transaction.
    pub(super) fn state(&mut self) -> Arc<TransactionState> {
        Arc::clone(self.make_state())
    }

    pub(super) fn make_state(&mut self) -> &Arc<TransactionState> {
        let (shared, begin0) = (&self.shared, self.begin0);
        self.state.get_or_insert_with(|| {
            Arc::new(TransactionState::new(shared.reader().session, shared.procid(), begin0))
        })
    }

    /// Puts the session into a transaction that redo found unfinished.
    pub(super) fn resume(&mut self, state: Arc<TransactionState>, level: u8, begin0: u32, start: Lgpos) {
        self.shared.take_snapshot(&self.transactions.numbers);
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
}
