//! What is known of the running backup, and who may do what when (spec 07 §3.1, §3.12).
//!
//! Invariants: there is a session from a successful begin to an end, a cancellation or the end of the instance; a stop
//! only raises a flag, so that it waits for nobody; the flag is of the session that runs.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::BackupMethod;
use parking_lot::{Mutex, MutexGuard};

use crate::error::{Error, Result};
use crate::instance::{AttachedDatabase, Instance};
use crate::lock_order::assert_no_leaf_lock;
use crate::log::ArchiveHold;

use super::open_file::Slot;
use super::{BackupHolder, refused};

/// How much a backup takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Databases and logs.
    Full,
    /// Logs.
    LogsOnly,
}

/// What a backup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be kept.
    Backup,
    /// A copy for the application's own use.
    InternalCopy,
}

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// Databases are streamed.
    Databases,
    /// Logs are.
    Logs,
}

/// What a backup did with one database.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) database: Arc<AttachedDatabase>,
    /// Its header hears of the backup.
    pub(super) in_session: bool,
    /// What its trailer said, once all of it was read.
    pub(super) streamed: Option<BackupInfo>,
}

/// A running backup.
#[derive(Debug)]
pub(super) struct Session {
    /// No other session of the process has it.
    pub(super) id: u64,
    pub(super) holder: BackupHolder,
    pub(super) extent: Extent,
    pub(super) purpose: Purpose,
    pub(super) status: Status,
    /// Mark and time of a full backup; generations stay 0.
    pub(super) mark: BackupInfo,
    /// Position and time of the PrepareLogs record, once there is one.
    pub(super) prepared: Option<BackupInfo>,
    pub(super) copy: Range<i32>,
    pub(super) delete: Range<i32>,
    /// Whether the ranges were found out.
    pub(super) ranges_known: bool,
    pub(super) logs_truncated: bool,
    /// Sum of the generations of the logs that were read to their ends.
    pub(super) copied_sum: u64,
    pub(super) slot: Option<Arc<Slot>>,
    pub(super) parts: Vec<Part>,
    pub(super) _hold: ArchiveHold,
}

impl Session {
    /// What the session knows of a database, known from now on.
    pub(super) fn part(&mut self, database: &Arc<AttachedDatabase>) -> &mut Part {
        let place = self.parts.iter().position(|part| Arc::ptr_eq(&part.database, database));
        let place = place.unwrap_or_else(|| {
            let database = Arc::clone(database);
            self.parts.push(Part { database, in_session: false, streamed: None });
            self.parts.len() - 1
        });
        self.parts.get_mut(place).expect("it was found or pushed there")
    }

    /// Whether all of a database was read in this backup.
    pub(super) fn has_streamed(&self, database: &Arc<AttachedDatabase>) -> bool {
        self.parts.iter().any(|part| Arc::ptr_eq(&part.database, database) && part.streamed.is_some())
    }

    /// How its records say it is taken.
    pub(super) fn method(&self) -> BackupMethod {
        method_of(self.holder)
    }
}

pub(super) fn method_of(holder: BackupHolder) -> BackupMethod {
    match holder {
        BackupHolder::Local => BackupMethod::NORMAL,
        BackupHolder::Surrogate => BackupMethod::SURROGATE,
        BackupHolder::Snapshot => BackupMethod::OS_SNAPSHOT,
    }
}

/// Where an instance keeps its backup.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    session: Mutex<Option<Session>>,
    stop: Arc<AtomicBool>,
}

/// The id of the next session.
static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

impl Desk {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        assert_no_leaf_lock();
        self.session.lock()
    }

    pub(super) fn next_id() -> u64 {
        NEXT_SESSION.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn set_stop(&self, stop: bool) {
        self.stop.store(stop, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(super) fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The session of a local backup that was not told to stop: the first two checks of every call between begin and end.
    pub(super) fn local<'s>(&self, session: &'s mut Option<Session>) -> Result<&'s mut Session> {
        let session = local(session)?;
        if self.is_stopped() {
            return refused(JetError::BACKUP_ABORT_BY_SERVER, "the backup was told to stop");
        }
        Ok(session)
    }
}

/// The session of a local backup.
pub(super) fn local(session: &mut Option<Session>) -> Result<&mut Session> {
    session
        .as_mut()
        .filter(|session| session.holder == BackupHolder::Local)
        .ok_or_else(|| Error::refused(JetError::NO_BACKUP, "no external backup was begun"))
}

impl Instance {
    /// Who runs a backup now.
    #[must_use]
    pub fn backup_holder(&self) -> Option<BackupHolder> {
        self.backup.lock().as_ref().map(|session| session.holder)
    }

    /// Whether a call between begin and end may go on.
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`.
    pub fn check_local_backup(&self) -> Result<()> {
        self.backup.local(&mut self.backup.lock()).map(|_| ())
    }

    /// Refuses what cannot be done while a backup runs.
    ///
    /// # Errors
    /// `JET_errBackupInProgress`, `JET_errSurrogateBackupInProgress`.
    pub fn check_no_backup(&self) -> Result<()> {
        match self.backup_holder() {
            None => Ok(()),
            Some(holder) => refused(holder.refusal(), "a backup runs"),
        }
    }

    /// Tells the running backup to stop: its calls fail with `JET_errBackupAbortByServer` until it is ended
    /// (JetStopBackup). Waits for nothing; without a backup nothing happens.
    pub fn stop_backup(&self) {
        self.backup.set_stop(true);
    }
}
