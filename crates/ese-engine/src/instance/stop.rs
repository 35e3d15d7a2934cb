//! The end of an instance (spec 06 §14.1).
//!
//! ```text
//! versions cleaned -> checkpoint -> pages written, synced -> checkpoint -> ShutDownMark durable
//!   -> headers clean -> Term2 durable -> checkpoint := Term2
//! ```
//!
//! Invariant: a failure before Term2 leaves none, and the next start recovers.

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Mark, Record, RunEnd2, RunFields};

use crate::cache::WriteBack;
use crate::error::{Error, Result};
use crate::log::Log;

use super::attach::encode;
use super::attached::Writability;
use super::checkpoint::WriteCheckpoint;
use super::{Instance, RunState};

/// How an instance ends (JetTerm2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// Versions are cleaned up first (JET_bitTermComplete).
    Complete,
    /// No clean-up, and a backup that runs is ended; the files are clean all the same (JET_bitTermAbrupt, JET_bitTermStopBackup).
    Abrupt,
    /// Nothing is written: databases stay dirty (JET_bitTermDirty).
    Dirty,
}

impl Instance {
    /// Ends the instance. Whoever still holds one of its databases holds files open that nobody writes any more.
    ///
    /// # Errors
    /// `JET_errTooManyActiveUsers` while a transaction is open, `JET_errBackupInProgress` and
    /// `JET_errSurrogateBackupInProgress` for [`TermKind::Complete`] while a backup runs: the instance goes on. `JET_errDirtyShutdown` for
    /// [`TermKind::Dirty`], which did what was asked. Those of the log and the disk: the instance has ended, and
    /// recovery is needed.
    pub fn stop(&self, kind: TermKind) -> Result<()> {
        let _one_at_a_time = self.administration.lock();
        self.check_runs()?;
        if kind == TermKind::Complete {
            self.check_no_backup()?;
        }
        if kind != TermKind::Dirty && self.transactions.user_transactions() > 0 {
            return Err(Error::refused(JetError::TOO_MANY_ACTIVE_USERS, "a transaction is open"));
        }
        match kind {
            TermKind::Dirty => self.forget_backup(),
            TermKind::Complete | TermKind::Abrupt => self.cancel_backup(),
        }
        self.worker.stop();
        self.transactions.stop_background();
        *self.run_state.lock() = RunState::Stopped;
        let ended = match kind {
            TermKind::Dirty => {
                Err(Error::refused(JetError::DIRTY_SHUTDOWN, "databases stay dirty, as was asked"))
            }
            _ if self.transactions.has_failed_rollback() => Err(Error::refused(
                JetError::ROLLBACK_ERROR,
                "a rollback failed: recovery takes its changes back",
            )),
            TermKind::Complete | TermKind::Abrupt => self.end_cleanly(kind),
        };
        self.drop_temporary();
        for database in self.databases() {
            self.let_go(&database);
        }
        let claims = std::mem::take(&mut *self.claims.lock());
        drop(claims);
        ended
    }

    fn end_cleanly(&self, kind: TermKind) -> Result<()> {
        if kind == TermKind::Complete {
            self.transactions.clean()?;
        }
        self.update_checkpoint()?;
        let writable = || {
            let databases = self.databases();
            databases.into_iter().filter(|database| database.writability() == Writability::Writable)
        };
        for database in writable() {
            database.file().write_back(WriteBack::All)?;
            database.file().sync()?;
        }
        self.advance_checkpoint(WriteCheckpoint::Always)?;
        let Some(log) = self.log.as_deref() else {
            return writable().try_for_each(|database| self.make_clean(&database, None));
        };
        let mark = log.append(&[&encode(&Record::ShutDownMark(Mark {}))?])?.last;
        log.flush(mark)?;
        for database in writable() {
            self.make_clean(&database, database.is_logged().then_some(mark))?;
        }
        let term = self.log_term(log)?;
        self.end_checkpoint(term);
        Ok(())
    }

    fn log_term(&self, log: &Log) -> Result<Lgpos> {
        let record = encode(&Record::Term2(RunEnd2 {
            run: RunFields { begun: self.begun, redo_from: Lgpos::NULL, hard: 0 },
            time: self.now(),
        }))?;
        let appended = log.append(&[&record])?;
        log.flush_all()?;
        Ok(appended.last)
    }
}
