//! A snapshot of the volume counts as a backup from freeze to end (spec 07 §10.2 step 1); how it is taken is told in
//! [`crate::snapshot`].

use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::BackupMethod;

use crate::error::Result;
use crate::instance::Instance;
use crate::log::{Circular, Log};

use super::begin::ALL_GENERATIONS;
use super::session::{Desk, Extent, Purpose, Session, Status};
use super::{BackupHolder, refused};

impl Instance {
    /// A snapshot begins: no other backup does until it ends, nobody attaches or detaches, and circular logging keeps its
    /// logs.
    ///
    /// # Errors
    /// `JET_errOSSnapshotNotAllowed` while a backup runs, or the instance ends.
    pub(crate) fn begin_snapshot(&self, log: &Arc<Log>, extent: Extent) -> Result<()> {
        let not_allowed = |about: &str| refused(JetError::OS_SNAPSHOT_NOT_ALLOWED, about);
        let _nobody_attaches = self.administration();
        if !self.is_running() {
            return not_allowed("the instance ends");
        }
        let mut desk = self.backup.lock();
        if desk.is_some() {
            return not_allowed("a backup runs");
        }
        *desk = Some(Session {
            id: Desk::next_id(),
            holder: BackupHolder::Snapshot,
            extent,
            purpose: Purpose::Backup,
            status: Status::Logs,
            mark: BackupInfo::default(),
            prepared: None,
            copy: 0..0,
            delete: 0..0,
            ranges_known: false,
            logs_truncated: false,
            copied_sum: 0,
            slot: None,
            parts: Vec::new(),
            _hold: log.hold_archives(ALL_GENERATIONS),
        });
        Ok(())
    }

    /// The snapshot is over, however it went; nothing is logged here.
    pub(crate) fn end_snapshot(&self) {
        let mut desk = self.backup.lock();
        if desk.as_ref().is_some_and(|session| session.holder == BackupHolder::Snapshot) {
            *desk = None;
        }
    }

    /// What a snapshot of logs only needs: a full one before it, circular logging off, no gap in the logs.
    ///
    /// # Errors
    /// `JET_errMissingFullBackup`, `JET_errInvalidBackup`, `JET_errMissingFileToBackup`, in this order.
    pub(crate) fn check_snapshot_of_logs(&self, log: &Log) -> Result<()> {
        self.check_full_backups(BackupMethod::OS_SNAPSHOT)?;
        if log.settings().circular == Circular::On {
            return refused(JetError::INVALID_BACKUP, "circular logging keeps no logs");
        }
        // Where no log is archived the current one is the lowest that there will be.
        let lowest = match self.lowest_archive() {
            Err(error) if error.jet() == JetError::FILE_NOT_FOUND => log.generation(),
            lowest => lowest?,
        };
        self.check_no_gap(log, lowest)
    }
}
