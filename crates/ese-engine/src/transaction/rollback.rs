//! Rollbacks (spec 06 §3.3, §11.2).
//!
//! Invariants: a level is taken back newest change first; what cannot be taken back stays where it is, hidden from the
//! others, and its session says `JET_errRollbackError`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ese_format::error::JetError;
use ese_format::log::record::{Record, Rollback};

use crate::btree::{UndoImage, UndoneChange, UndoneVersion};
use crate::error::{Error, Result};
use crate::file_map::AtRollback;
use crate::transaction::alteration::Step;
use crate::transaction::commit::append;
use crate::transaction::options::RollbackScope;
use crate::transaction::session::Session;
use crate::transaction::version::{Change, Version};

/// Who takes a level back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// A statement that failed, or the end of a session: nothing of it remains.
    Engine,
    /// The program: databases without versioning keep what was done.
    Program,
}

impl Session {
    /// Takes the present level back, whole. No latch may be held.
    ///
    /// # Errors
    /// `JET_errNotInTransaction`, `JET_errSessionSharingViolation`; `JET_errRollbackError` when something could not be
    /// taken back: the level stays, and can be tried again.
    pub fn rollback(&mut self) -> Result<()> {
        self.roll_back_by(By::Engine)
    }

    fn roll_back_by(&mut self, by: By) -> Result<()> {
        self.check_level()?;
        self.affinity.check()?;
        self.take_back_level(by)?;
        if self.level == 0 {
            self.clean_inline(0);
        }
        Ok(())
    }

    /// Takes one level or all of them back for the program: a database that keeps changes at a rollback keeps them.
    ///
    /// # Errors
    /// As [`Self::rollback`].
    pub fn rollback_scope(&mut self, scope: RollbackScope) -> Result<()> {
        self.roll_back_by(By::Program)?;
        while scope == RollbackScope::All && self.level > 0 {
            self.roll_back_by(By::Program)?;
        }
        Ok(())
    }

    fn take_back_level(&mut self, by: By) -> Result<()> {
        let outcome = self.undo_steps(by).and_then(|()| self.log_rollback());
        self.rollback_failed = outcome.is_err();
        if let Err(error) = outcome {
            tracing::error!(procid = self.shared.procid(), %error, "a rollback failed");
            return Err(Error::refused(JetError::ROLLBACK_ERROR, format!("a rollback failed: {error}")));
        }
        self.level -= 1;
        if self.level == 0 {
            self.finish();
        }
        Ok(())
    }

    fn undo_steps(&mut self, by: By) -> Result<()> {
        if self.state.as_ref().is_some_and(|state| state.log.lock().ended.is_some()) {
            return Err(Error::refused(JetError::LOG_WRITE_FAIL, "its commit is in the log, durable or not"));
        }
        let start = self.start_of_level();
        while self.steps.len() > start
            && let Some(mut step) = self.steps.pop()
        {
            let undone = match &mut step {
                Step::Version { version, tree } if by == By::Program && self.keeps_changes(*tree) => {
                    self.keep_version(version, *tree);
                    Ok(())
                }
                Step::Alteration(hook) if by == By::Program && hook.at_rollback() == AtRollback::Kept => {
                    hook.committed();
                    hook.obsolete(self)
                }
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

    fn keeps_changes(&self, tree: usize) -> bool {
        self.trees.get(tree).is_some_and(|tree| tree.map().at_rollback() == AtRollback::Kept)
    }

    /// A change that stays: without its version it is everybody's.
    fn keep_version(&mut self, version: &Arc<Version>, tree: usize) {
        self.transactions.store.remove(version);
        if let (Change::FlagDelete, Some(tree)) = (&version.change, self.trees.get(tree)) {
            self.transactions.clean_later(tree.clone(), Arc::clone(version));
        }
    }

    fn undo_version(&mut self, version: &Arc<Version>, tree: usize) -> Result<()> {
        let missing = || Error::refused(JetError::INTERNAL_ERROR, "the tree of a version is not known");
        let tree = self.trees.get(tree).cloned().ok_or_else(missing)?;
        if let Some(change) = undone_change(version) {
            let undone = UndoneVersion {
                rceid: version.rceid,
                level: version.level(),
                key: version.key(),
                data: version.data(),
                change,
            };
            self.undoing = Some(Arc::clone(version));
            let outcome = tree.undo(self, &undone);
            self.undoing = None;
            outcome?;
        }
        self.transactions.store.remove(version);
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
        let record = Record::Rollback(Rollback { procid: self.shared.procid(), level_count: 1 });
        let position = append(&self.transactions, &mut self.encoded, &record)?;
        progress.levels = self.level - 1;
        if let (0, Some(note), Some(log)) = (progress.levels, &self.commit_note, self.transactions.log()) {
            log.append(&[&note.encoded(self.shared.procid(), log.version())?])?;
        }
        if progress.levels == 0 {
            progress.ended = Some(position);
        }
        Ok(())
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
            if self.take_back_level(By::Engine).is_err() {
                // It stays among the open sessions: its begin holds the checkpoint, its snapshot the versions.
                self.shared.abandon();
                self.transactions.rollback_failed.store(true, Ordering::Release);
                return;
            }
        }
        self.transactions.close_session(&self.shared);
    }
}

/// What is taken back of a version on its page.
fn undone_change(version: &Version) -> Option<UndoneChange<'_>> {
    let image = if version.undo_image().is_some() { UndoImage::Logged } else { UndoImage::Pending };
    match &version.change {
        Change::Insert => Some(UndoneChange::Insert),
        Change::Replace { before, max_bytes, set_aside } => {
            let (max_bytes, set_aside) = (usize::from(*max_bytes), isize::from(*set_aside));
            Some(UndoneChange::Replace { before, max_bytes, set_aside, image })
        }
        Change::FlagDelete => Some(UndoneChange::FlagDelete { image }),
        Change::Delta { offset, delta, width } => {
            Some(UndoneChange::Delta { offset: *offset, delta: *delta, width: *width })
        }
        Change::WriteLock | Change::ReadLock => None,
    }
}
