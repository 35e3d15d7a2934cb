//! A backup begins (spec 07 §3.3).

use std::path::PathBuf;
use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::{BackupMethod, BackupPhase, BackupScope};

use crate::error::{Error, Result};
use crate::instance::{AttachedDatabase, Instance};
use crate::log::{Circular, Log, LogState};

use super::header_note::stored_kind;
use super::session::{Desk, Extent, Part, Purpose, Session, Status, method_of};
use super::{BackupHolder, BeginOptions, journal, refused, shown};

/// Archived logs from this generation on are all there are.
pub(super) const ALL_GENERATIONS: i32 = 0;

impl BeginOptions {
    fn extent(self) -> Extent {
        if self.contains(Self::INCREMENTAL) { Extent::LogsOnly } else { Extent::Full }
    }

    fn holder(self) -> BackupHolder {
        if self.contains(Self::SURROGATE) { BackupHolder::Surrogate } else { BackupHolder::Local }
    }

    fn purpose(self) -> Purpose {
        if self.contains(Self::INTERNAL_COPY) { Purpose::InternalCopy } else { Purpose::Backup }
    }
}

/// The scope that records of these steps carry.
pub(super) fn scope_of(extent: Extent) -> BackupScope {
    match extent {
        Extent::Full => BackupScope::FULL,
        Extent::LogsOnly => BackupScope::INCREMENTAL,
    }
}

impl Instance {
    /// Begins a backup (JetBeginExternalBackupInstance). [`BeginOptions::SURROGATE`] begins one of generations 0 to 0.
    ///
    /// # Errors
    /// In this order: `JET_errBackupNotAllowedYet`, `JET_errLoggingDisabled`, the error of a log that is down,
    /// `JET_errInvalidGrbit`, `JET_errInvalidBackup` with circular logging, `JET_errLogDiskFull`,
    /// `JET_errLogSequenceEnd`, `JET_errBackupInProgress`, `JET_errSurrogateBackupInProgress`;
    /// `JET_errMissingFullBackup`; `JET_errCheckpointFileNotFound`, `JET_errCheckpointCorrupt`. Nothing has begun then, and
    /// a backup that runs is not disturbed.
    pub fn begin_external_backup(&self, options: BeginOptions) -> Result<()> {
        self.begin_backup(options, (0, 0))
    }

    /// Begins a backup whose files another engine streams (JetBeginSurrogateBackup): its logs are the generations from
    /// `first` to `last`.
    ///
    /// # Errors
    /// `JET_errInvalidParameter` for a range that is reversed or beyond the current generation; as
    /// [`Self::begin_external_backup`].
    pub fn begin_surrogate_backup(&self, first: u32, last: u32, options: BeginOptions) -> Result<()> {
        let current = self.log().map_or(0, |log| log.generation());
        let generation = |number: u32| {
            let invalid = || Error::refused(JetError::INVALID_PARAMETER, format!("generation {number:#x}"));
            i32::try_from(number).ok().filter(|number| *number <= current).ok_or_else(invalid)
        };
        if first > last {
            return refused(JetError::INVALID_PARAMETER, format!("generations {first:#x} to {last:#x}"));
        }
        let range = (generation(first)?, generation(last)?);
        self.begin_backup(options | BeginOptions::SURROGATE, range)
    }

    /// The logged, attached databases, by their numbers; those that are being created are not among them.
    pub(crate) fn databases_to_back_up(&self) -> Vec<Arc<AttachedDatabase>> {
        let databases = self.databases().into_iter();
        databases.filter(|database| database.is_logged() && database.catalog().is_ok()).collect()
    }

    /// The paths of the databases to stream (JetGetAttachInfo).
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`, `JET_errInvalidBackupSequence` in a backup of logs only.
    pub fn backup_databases(&self) -> Result<Vec<PathBuf>> {
        let mut desk = self.backup.lock();
        if self.backup.local(&mut desk)?.extent == Extent::LogsOnly {
            return refused(JetError::INVALID_BACKUP_SEQUENCE, "a backup of logs has no databases");
        }
        Ok(self.databases_to_back_up().iter().map(|database| database.path().to_path_buf()).collect())
    }

    fn begin_backup(&self, options: BeginOptions, given: (i32, i32)) -> Result<()> {
        let log = self.check_backup_request(options)?;
        self.check_no_backup()?;
        let _nobody_attaches = self.administration.lock();
        self.check_backup_allowed()?;
        let mut desk = self.backup.lock();
        if let Some(session) = &*desk {
            return refused(session.holder.refusal(), "a backup runs");
        }
        self.backup.set_stop(false);
        let name = &self.settings().name;
        match options.extent() {
            Extent::Full => tracing::info!(event = 210, instance = %name, "a full backup begins"),
            Extent::LogsOnly => tracing::info!(event = 211, instance = %name, "an incremental backup begins"),
        }
        *desk = Some(self.new_session(log, options, given)?);
        Ok(())
    }

    fn check_backup_allowed(&self) -> Result<()> {
        let jet = JetError::BACKUP_NOT_ALLOWED_YET;
        self.check_runs().map_err(|_| Error::refused(jet, "the instance has been stopped"))
    }

    /// The checks that need no lock, in the order of the chapter.
    fn check_backup_request(&self, options: BeginOptions) -> Result<&Arc<Log>> {
        self.check_backup_allowed()?;
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        if let LogState::Down(jet) = log.state() {
            return refused(jet, "the log is down");
        }
        if !(options - BeginOptions::all()).is_empty() {
            return refused(JetError::INVALID_GRBIT, format!("grbit {:#x}", options.bits()));
        }
        let needs_all_logs = BeginOptions::INCREMENTAL | BeginOptions::SURROGATE;
        if options.intersects(needs_all_logs) && log.settings().circular == Circular::On {
            return refused(JetError::INVALID_BACKUP, "circular logging keeps no logs");
        }
        if options.contains(BeginOptions::INTERNAL_COPY) && options.intersects(needs_all_logs) {
            return refused(JetError::INVALID_GRBIT, format!("grbit {:#x}", options.bits()));
        }
        if log.state() == LogState::Quiesced {
            return refused(JetError::LOG_DISK_FULL, "reserve logs are in use");
        }
        if log.is_at_sequence_end() {
            return refused(JetError::LOG_SEQUENCE_END, "the log is in its last generation");
        }
        Ok(log)
    }

    fn new_session(&self, log: &Arc<Log>, options: BeginOptions, given: (i32, i32)) -> Result<Session> {
        let (extent, holder) = (options.extent(), options.holder());
        let mut hold = log.hold_archives(ALL_GENERATIONS);
        let mut mark = BackupInfo::default();
        let mut copy = 0..0;
        match extent {
            Extent::LogsOnly => self.check_full_backups(method_of(holder))?,
            Extent::Full => {
                mark = BackupInfo { mark: log.last_record(), time: self.now(), ..mark };
                copy.start = self.stored_checkpoint_generation()?;
                hold = log.hold_archives(copy.start);
            }
        }
        let time = self.now();
        let about = (method_of(holder), scope_of(extent));
        let begun = journal::note(log, BackupPhase::BEGIN, about, journal::at(time));
        let mut prepared = None;
        match begun {
            Ok(begun) if holder == BackupHolder::Surrogate && extent == Extent::LogsOnly => {
                prepared = Some(BackupInfo { mark: begun, time, ..BackupInfo::default() });
            }
            Ok(_) => {}
            Err(error) if holder == BackupHolder::Surrogate && extent == Extent::LogsOnly => {
                return Err(error);
            }
            Err(error) => tracing::warn!("the begin of the backup is not in the log: {error}"),
        }
        if holder == BackupHolder::Surrogate {
            copy = given.0..given.1;
        }
        let in_session = extent == Extent::LogsOnly || holder == BackupHolder::Surrogate;
        let databases = self.databases_to_back_up().into_iter();
        Ok(Session {
            id: Desk::next_id(),
            holder,
            extent,
            purpose: options.purpose(),
            status: match extent {
                Extent::Full => Status::Databases,
                Extent::LogsOnly => Status::Logs,
            },
            mark,
            prepared,
            copy,
            delete: 0..0,
            ranges_known: false,
            logs_truncated: false,
            copied_sum: 0,
            slot: None,
            parts: databases.map(|database| Part { database, in_session, streamed: None }).collect(),
            _hold: hold,
        })
    }

    /// Every database has a full backup of the same kind before it (spec 07 §3.3 step 4).
    pub(super) fn check_full_backups(&self, method: BackupMethod) -> Result<()> {
        for database in self.databases_to_back_up() {
            let header = database.header();
            let fields = &header.fields;
            if fields.backup_full_previous.generation_low.get() == 0
                || fields.backup_type_full_previous.get() != stored_kind(method)
            {
                let path = database.path();
                tracing::error!(event = 206, path = %shown(path), "there is no full backup of this kind");
                return refused(JetError::MISSING_FULL_BACKUP, format!("{}", path.display()));
            }
        }
        Ok(())
    }

    /// The generation of the checkpoint in its file: what a restore will begin with.
    pub(crate) fn stored_checkpoint_generation(&self) -> Result<i32> {
        let Some(log) = self.log() else {
            return refused(JetError::LOGGING_DISABLED, "the instance has no log");
        };
        match self.read_checkpoint(log) {
            Ok(checkpoint) => Ok(checkpoint.checkpoint.generation.get()),
            Err(error) if error.jet() == JetError::FILE_NOT_FOUND => {
                refused(JetError::CHECKPOINT_FILE_NOT_FOUND, error.to_string())
            }
            Err(error) => Err(error),
        }
    }
}
