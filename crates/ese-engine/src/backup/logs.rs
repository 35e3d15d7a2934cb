//! Which logs belong to a backup, which go, and the roll between them (spec 07 §6).

use std::path::PathBuf;
use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::BackupPhase;

use crate::error::Result;
use crate::instance::Instance;
use crate::log::{Circular, Log, LogFolder};

use super::begin::scope_of;
use super::session::{Desk, Extent, Session, Status};
use super::{BackupLogs, journal, refused, shown};

impl Instance {
    /// The logs of the backup. The first call ends the current generation, so that the last log that is needed is an
    /// archived one; later ones only list again (JetGetLogInfo).
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`, `JET_errInvalidBackupSequence` while a file is open;
    /// `JET_errMissingFileToBackup` when logs behind the last backup are gone, `JET_errFileNotFound` without an archived
    /// log, those of the log and of the checkpoint. The backup goes on.
    pub fn backup_logs(&self) -> Result<BackupLogs> {
        let mut desk = self.backup.lock();
        let session = self.logs_of_backup(&self.backup, &mut desk)?;
        let listed = self.list(session.copy.clone());
        if let (Some(first), Some(last)) = (listed.paths.first(), listed.paths.last()) {
            tracing::info!(event = 223, first = %shown(first), last = %shown(last), "logs are backed up");
        }
        Ok(listed)
    }

    /// The logs that may go once the backup is complete (JetGetTruncateLogInfo).
    ///
    /// # Errors
    /// As [`Self::backup_logs`].
    pub fn logs_to_truncate(&self) -> Result<BackupLogs> {
        let mut desk = self.backup.lock();
        let session = self.logs_of_backup(&self.backup, &mut desk)?;
        Ok(self.list(session.delete.clone()))
    }

    fn list(&self, generations: std::ops::Range<i32>) -> BackupLogs {
        let path = |generation| self.log().map(|log| log.archive_path(generation)).unwrap_or_default();
        let disk = &self.settings().host.file_system;
        let full = |path: PathBuf| disk.full_path(&path);
        BackupLogs {
            paths: generations.clone().map(path).map(full).collect(),
            base_name: self.settings().base_name.clone(),
            generations,
        }
    }

    /// The session with its ranges found out.
    fn logs_of_backup<'s>(&self, desk: &Desk, session: &'s mut Option<Session>) -> Result<&'s mut Session> {
        let session = desk.local(session)?;
        session.check_nothing_open()?;
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        self.prepare_logs(log, session)?;
        session.status = Status::Logs;
        Ok(session)
    }

    fn prepare_logs(&self, log: &Arc<Log>, session: &mut Session) -> Result<()> {
        let first_time = !session.ranges_known;
        if session.prepared.is_none() {
            let time = self.now();
            let scope = scope_of(session.extent);
            let info = journal::at(time);
            let record = journal::record(BackupPhase::PREPARE_LOGS, session.method(), scope, 0, info)?;
            let mark = log.roll_with(&record)?;
            session.prepared = Some(BackupInfo { mark, ..info });
            session.copy.end = mark.generation.get();
            self.note_backup_position(session.extent, mark, time);
        }
        self.find_ranges(log, session)?;
        session.ranges_known = true;
        if first_time {
            let (copy, delete) = (&session.copy, &session.delete);
            let text = format!(
                "BACKUP PREPARE LOGS (copy 0x{:05X}-0x{:05X}, delete 0x{:05X}-0x{:05X})",
                copy.start,
                copy.end - 1,
                delete.start,
                delete.end
            );
            journal::trace(log, self.now(), &text);
        }
        Ok(())
    }

    /// Steps 3 to 7. What may be deleted moves on with the checkpoint.
    fn find_ranges(&self, log: &Log, session: &mut Session) -> Result<()> {
        let lowest = self.lowest_archive()?;
        if session.extent == Extent::LogsOnly {
            self.check_no_gap(log, lowest)?;
            if !session.ranges_known {
                session.copy.start = lowest;
            }
        }
        let mut end = self.stored_checkpoint_generation()?.min(session.copy.end);
        if session.extent == Extent::Full {
            for database in self.databases_to_back_up() {
                if !session.has_streamed(&database) {
                    let saved = database.header().fields.backup_full_previous.generation_high.get();
                    end = end.min(i32::try_from(saved).unwrap_or(i32::MAX));
                }
            }
        }
        if log.settings().circular == Circular::On {
            end = 0;
        }
        session.delete = lowest.min(end)..end;
        Ok(())
    }

    /// The lowest archived generation in the folder.
    pub(crate) fn lowest_archive(&self) -> Result<i32> {
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        let settings = log.settings();
        let disk = &*settings.host.file_system;
        let folder = LogFolder::scan(disk, &settings.folder, &settings.base_name, settings.extension)?;
        match folder.archives().first_key_value() {
            Some((generation, _)) => Ok(*generation),
            None => refused(JetError::FILE_NOT_FOUND, "there is no archived log"),
        }
    }

    /// Every log behind the last backup of every database is still there (spec 07 §6 step 4).
    pub(super) fn check_no_gap(&self, log: &Log, lowest: i32) -> Result<()> {
        let saved_through = |database: &Arc<crate::instance::AttachedDatabase>| {
            let fields = database.header().fields;
            let full = fields.backup_full_previous.generation_high.get();
            full.max(fields.backup_incremental_previous.generation_high.get())
        };
        let wanted = self.databases_to_back_up().iter().map(saved_through).min();
        let Some(wanted) =
            wanted.and_then(|saved| i32::try_from(saved).ok()).map(|saved| saved.saturating_add(1))
        else {
            return Ok(());
        };
        if lowest <= wanted {
            return Ok(());
        }
        let path = log.archive_path(wanted);
        tracing::error!(event = 459, path = %shown(&path), "a log that the backup needs is missing");
        refused(JetError::MISSING_FILE_TO_BACKUP, format!("{} is missing", path.display()))
    }

    /// Deletes the logs below the checkpoint, whatever was saved (JetBackup without a folder, spec 07 §9.3). The backup
    /// can be ended as if its logs had been listed.
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`; those of the log, of the checkpoint and of deleting.
    pub(crate) fn truncate_to_checkpoint(&self) -> Result<()> {
        let mut desk = self.backup.lock();
        let session = self.backup.local(&mut desk)?;
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        session.status = Status::Logs;
        if log.settings().circular == Circular::Off {
            let end = self.stored_checkpoint_generation()?;
            // Without an archived log there is nothing to delete.
            session.delete = match self.lowest_archive() {
                Err(error) if error.jet() == JetError::FILE_NOT_FOUND => end..end,
                lowest => lowest?.min(end)..end,
            };
        }
        self.delete_logs(log, session)
    }

    /// Deletes the logs that nobody needs once this backup is kept (JetTruncateLog).
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`; `JET_errInvalidBackupSequence` while a file is open and before the
    /// logs were listed; `JET_errLogFileNotCopied` when not all of them were read; those of deleting: logs from there on
    /// are still there.
    pub fn truncate_logs(&self) -> Result<()> {
        let mut desk = self.backup.lock();
        let session = self.backup.local(&mut desk)?;
        session.check_nothing_open()?;
        if !session.ranges_known {
            return refused(JetError::INVALID_BACKUP_SEQUENCE, "the logs were not listed yet");
        }
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        session.status = Status::Logs;
        let wanted: u64 = session.copy.clone().map(|generation| u64::from(generation.unsigned_abs())).sum();
        if session.copied_sum < wanted {
            tracing::warn!(event = 520, "a log that the backup needs was not read");
            return refused(JetError::LOG_FILE_NOT_COPIED, "not every log of the backup was read");
        }
        session.logs_truncated = true;
        self.delete_logs(log, session)
    }

    /// Logs which logs go, and deletes them.
    fn delete_logs(&self, log: &Log, session: &Session) -> Result<()> {
        let delete = session.delete.clone();
        let info = BackupInfo {
            generation_low: delete.start.unsigned_abs().into(),
            generation_high: delete.end.unsigned_abs().into(),
            ..journal::at(self.now())
        };
        let about = (session.method(), scope_of(session.extent));
        journal::note(log, BackupPhase::TRUNCATE, about, info)?;
        if delete.is_empty() {
            tracing::info!(event = 225, "no log can be deleted");
            return Ok(());
        }
        let (low, high) = (delete.start, delete.end - 1);
        tracing::info!(event = 224, low, high, "logs are deleted");
        let done = log.delete_archives(delete)?;
        if done.missing > 0 {
            tracing::warn!(event = 227, missing = done.missing, "logs to delete were not there");
        }
        Ok(())
    }
}
