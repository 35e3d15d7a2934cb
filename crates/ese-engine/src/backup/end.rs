//! A backup ends: the headers take note, or they do not (spec 07 §3.11, §8).
//!
//! Invariant: whatever happens here, no backup runs when it returns, but where the call itself is refused.

use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::{BackupPhase, BackupScope};

use crate::error::Result;
use crate::instance::{AttachedDatabase, Instance, Rollover};
use crate::log::Log;

use super::begin::scope_of;
use super::header_note::HeaderNote;
use super::session::{Extent, Purpose, Session, Status};
use super::{
    BackupHolder, END_OF_ANOTHER_KIND_IS_REFUSED, EndOptions, PREMATURE_END_IS_AN_ERROR, journal, refused,
    shown,
};

/// How a backup ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Normal(EndOptions),
    Stopped,
    Premature,
    Abort,
    /// With the error of a call.
    Failed(JetError),
}

impl Instance {
    /// Ends the backup (JetEndExternalBackupInstance2).
    ///
    /// # Errors
    /// `JET_errInvalidParameter` unless exactly one of normal and abort is given, `JET_errNoBackup`,
    /// `JET_errSurrogateBackupInProgress`: the backup goes on. `JET_errBackupAbortByServer` for a normal end of a backup
    /// that was stopped, errBackupAbortByCaller of one whose logs were not listed: it has ended, and no header knows of it.
    pub fn end_external_backup(&self, options: EndOptions) -> Result<()> {
        self.end_backup(BackupHolder::Local, options)
    }

    /// Ends the backup of another engine (JetEndSurrogateBackup).
    ///
    /// # Errors
    /// As [`Self::end_external_backup`], with `JET_errBackupInProgress` for a local backup.
    pub fn end_surrogate_backup(&self, options: EndOptions) -> Result<()> {
        self.end_backup(BackupHolder::Surrogate, options)
    }

    fn end_backup(&self, ender: BackupHolder, options: EndOptions) -> Result<()> {
        if options.contains(EndOptions::NORMAL) == options.contains(EndOptions::ABORT) {
            return refused(JetError::INVALID_PARAMETER, "a backup ends normally or is aborted");
        }
        let mut desk = self.backup.lock();
        let Some(session) = &mut *desk else {
            return refused(JetError::NO_BACKUP, "no backup was begun");
        };
        if session.holder != ender && END_OF_ANOTHER_KIND_IS_REFUSED {
            return refused(session.holder.refusal(), "the backup that runs is of another kind");
        }
        let ending = if options.contains(EndOptions::ABORT) {
            Ending::Abort
        } else if self.backup.is_stopped() {
            Ending::Stopped
        } else if session.status == Status::Databases && ender == BackupHolder::Local {
            Ending::Premature
        } else {
            Ending::Normal(options)
        };
        self.finish_backup(&mut desk, ending);
        match ending {
            Ending::Stopped if PREMATURE_END_IS_AN_ERROR => {
                refused(JetError::BACKUP_ABORT_BY_SERVER, "the backup was told to stop")
            }
            Ending::Premature if PREMATURE_END_IS_AN_ERROR => {
                refused(JetError::BACKUP_ABORT_BY_CALLER, "the logs of the backup were not listed")
            }
            _ => Ok(()),
        }
    }

    /// Ends the running backup, if there is one, without a trace in headers: JetTerm2 with JET_bitTermStopBackup.
    pub fn cancel_backup(&self) {
        let mut desk = self.backup.lock();
        if desk.is_some() {
            self.finish_backup(&mut desk, Ending::Stopped);
        }
    }

    /// Forgets the running backup and writes nothing: the instance ends as a crash would.
    pub(crate) fn forget_backup(&self) {
        *self.backup.lock() = None;
    }

    /// As [`Self::cancel_backup`], for the error of a call that has the desk.
    pub(super) fn cancel_locked(&self, desk: &mut Option<Session>, error: JetError) {
        self.finish_backup(desk, Ending::Failed(error));
    }

    fn finish_backup(&self, desk: &mut Option<Session>, ending: Ending) {
        let Some(mut session) = desk.take() else { return };
        session.slot = None;
        self.backup.set_stop(false);
        let Some(log) = self.log() else { return };
        let about = (session.method(), scope_of(session.extent));
        let step = |phase| {
            if let Err(error) = journal::note(log, phase, about, journal::at(self.now())) {
                tracing::warn!(?phase, "a step of the backup is not in the log: {error}");
            }
        };
        if let Ending::Normal(options) = ending {
            if !options.contains(EndOptions::NO_HEADER_UPDATE) {
                self.update_headers(log, &session, options.contains(EndOptions::TRUNCATE_DONE));
            }
        } else {
            step(BackupPhase::ABORT);
        }
        self.tell_end(&session, ending);
        step(BackupPhase::STOP);
        if matches!(ending, Ending::Normal(_)) && session.holder == BackupHolder::Local {
            self.write_backup_position();
        }
        if self.settings().rollover == Rollover::Aggressive
            && let Err(error) = self.roll_if_asked(log)
        {
            tracing::warn!("the log did not roll behind the backup: {error}");
        }
    }

    fn tell_end(&self, session: &Session, ending: Ending) {
        let instance = &self.settings().name;
        let copy = session.purpose == Purpose::InternalCopy;
        match ending {
            Ending::Normal(_) if copy => tracing::info!(event = 243, %instance, "the internal copy is made"),
            Ending::Normal(_) => tracing::info!(event = 213, %instance, "the backup is complete"),
            Ending::Failed(error) if copy => {
                tracing::error!(event = 244, %instance, %error, "the internal copy failed");
            }
            Ending::Failed(error) => tracing::error!(event = 214, %instance, %error, "the backup failed"),
            Ending::Abort | Ending::Premature if copy => {
                tracing::info!(event = 245, %instance, "the internal copy was ended by its caller");
            }
            Ending::Abort | Ending::Premature => {
                tracing::info!(event = 215, %instance, "the backup was ended by its caller");
            }
            Ending::Stopped if copy => {
                tracing::info!(event = 256, %instance, "the internal copy was ended by the engine");
            }
            Ending::Stopped => tracing::info!(event = 226, %instance, "the backup was ended by the engine"),
        }
    }

    /// Every database of the session takes note, then all headers are written. A header that cannot be written is told
    /// of, and the backup stands.
    fn update_headers(&self, log: &Log, session: &Session, truncate_done: bool) {
        let truncated = truncate_done || session.logs_truncated;
        let scope = match (session.extent, truncated) {
            (Extent::Full, true) => BackupScope::FULL,
            (Extent::Full, false) => BackupScope::COPY,
            (Extent::LogsOnly, true) => BackupScope::INCREMENTAL,
            (Extent::LogsOnly, false) => BackupScope::DIFFERENTIAL,
        };
        let noted: Vec<_> = session
            .parts
            .iter()
            .filter(|part| part.in_session)
            .filter_map(|part| Some((&part.database, info_of(session, part.streamed)?)))
            .collect();
        for (database, info) in noted {
            let note = HeaderNote { method: session.method(), scope, info };
            if let Err(error) = self.note_in_header(log, database, note) {
                let path = shown(database.path());
                tracing::warn!(event = 219, %path, %error, "a header does not know of the backup");
            }
        }
    }

    /// Logs that a header takes note of a backup, and writes it.
    pub(crate) fn note_in_header(
        &self,
        log: &Log,
        database: &Arc<AttachedDatabase>,
        note: HeaderNote,
    ) -> Result<()> {
        let record =
            journal::record(BackupPhase::UPDATE, note.method, note.scope, database.dbid(), note.info)?;
        log.append(&[&record])?;
        database.change_header(|fields| {
            note.apply(fields);
        })
    }
}

/// What the header of a database of the session is told; nothing of one that was not read to its end.
fn info_of(session: &Session, streamed: Option<BackupInfo>) -> Option<BackupInfo> {
    let (low, high, info) = match (session.holder, session.extent) {
        (BackupHolder::Local, Extent::Full) => {
            let trailer = streamed?;
            (trailer.generation_low.get(), session.copy.end.saturating_sub(1).unsigned_abs(), trailer)
        }
        (BackupHolder::Local, Extent::LogsOnly) => (
            session.copy.start.unsigned_abs(),
            session.copy.end.saturating_sub(1).unsigned_abs(),
            session.prepared?,
        ),
        // The generations of the others come with both ends.
        (_, Extent::Full) => {
            (session.copy.start.unsigned_abs(), session.copy.end.unsigned_abs(), session.mark)
        }
        (_, Extent::LogsOnly) => {
            (session.copy.start.unsigned_abs(), session.copy.end.unsigned_abs(), session.prepared?)
        }
    };
    Some(BackupInfo { generation_low: low.into(), generation_high: high.into(), ..info })
}
