//! Commits (spec 06 §3.3, §3.5).
//!
//! Invariants: nothing is logged for levels in which nothing was; a commit without the lazy flag returns when its record
//! is durable, and its changes become visible after that, all at one stroke.

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Commit, Commit0, CommitContextFlags, Record, Trace};

use crate::error::{Error, Result};
use crate::io::Background;
use crate::log::{Companion, Log};
use crate::transaction::Transactions;
use crate::transaction::alteration::Step;
use crate::transaction::cleanup::{Ended, Progress};
use crate::transaction::options::{CommitAction, CommitId, CommitOptions, Durability, LAZY_FLUSH};
use crate::transaction::session::Session;
use crate::transaction::state::TransactionState;

impl Session {
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
            CommitAction::ForceNewLog => return self.force_new_log().map(|()| None),
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
        let steps = self.steps.len();
        let id = self.commit_outermost(options.durability)?;
        self.clean_inline(steps);
        Ok(id)
    }

    /// Begins a new generation; its first record says why (spec 05 §9).
    fn force_new_log(&mut self) -> Result<()> {
        let Some(log) = self.transactions.log() else { return Ok(()) };
        log.roll()?;
        let record = Record::ForceLogRollover(Trace { procid: self.shared.procid(), text: &[] });
        encode(&mut self.encoded, &record)?;
        log.append(&[&self.encoded]).map(|_| ())
    }

    fn wait_for_last_commit(&self) -> Result<()> {
        match self.transactions.log() {
            Some(log) if !self.last_commit.is_null() => log.flush(self.last_commit),
            _ => Ok(()),
        }
    }

    /// The level's changes become those of the level below.
    fn commit_level(&mut self) -> Result<()> {
        let below = self.level - 1;
        if let Some(state) = &self.state {
            let mut progress = state.log.lock();
            if progress.levels >= self.level {
                let record = Record::Commit(Commit { procid: self.shared.procid(), level_to: below });
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
        if id.is_some() && !self.steps.is_empty() {
            self.make_durable(durability).inspect_err(|_| self.rollback_failed = true)?;
        }
        // Recovery takes an insert back without its version: only before-images wait for the commit to be durable.
        let waits = id.is_some() && self.steps.iter().any(Step::waits_for_durability);
        let logged_at = if waits { self.last_commit } else { Lgpos::NULL };
        let number = self.transactions.numbers.publish(&state);
        let mut steps = std::mem::take(&mut self.steps);
        for step in &mut steps {
            if let Step::Alteration(hook) = step {
                hook.committed();
            }
        }
        if !steps.is_empty() {
            let trees = std::mem::take(&mut self.trees);
            self.transactions.ended(Ended { progress: Progress::Committed, number, logged_at, steps, trees });
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
        let record = Commit0 { procid: self.shared.procid(), level_to: 0, trx_commit0: 0 };
        encode(&mut self.encoded, &Record::Commit0(record))?;
        let numbers = &self.transactions.numbers;
        let mut fill = |_: Lgpos, record: &mut [u8]| {
            if let Some(bytes) = record.get_mut(TRX_COMMIT0..TRX_COMMIT0 + 4) {
                bytes.copy_from_slice(&numbers.next_trx().to_le_bytes());
            }
        };
        let appended = match &self.commit_note {
            None => log.append_with(&mut self.encoded, &mut fill)?,
            Some(note) => {
                let context = note.encoded(self.shared.procid(), log.version())?;
                let companion = if note.flags.contains(CommitContextFlags::PRE_COMMIT) {
                    Companion::InFront(&context)
                } else {
                    Companion::Behind(&context)
                };
                log.append_pair_with(&mut self.encoded, companion, &mut fill)?
            }
        };
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
pub(super) fn append(transactions: &Transactions, bytes: &mut Vec<u8>, record: &Record<'_>) -> Result<Lgpos> {
    encode(bytes, record)?;
    let append = |log: Arc<Log>| log.append(&[bytes]).map(|appended| appended.last);
    transactions.log().map_or(Ok(Lgpos::NULL), append)
}
