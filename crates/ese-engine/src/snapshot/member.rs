//! What a snapshot does to one instance (spec 07 §10.2).

use std::ops::Range;
use std::sync::{Arc, Weak};

use ese_format::backup_info::BackupInfo;
use ese_format::error::JetError;
use ese_format::log::record::{BackupMethod, BackupPhase, BackupScope};
use ese_format::logtime::Logtime;

use super::{Membership, SnapshotOptions};
use crate::backup::header_note::HeaderNote;
use crate::backup::{Extent, journal};
use crate::error::{Error, Result};
use crate::instance::{Instance, Rollover, Standstill, StoodStill};
use crate::log::{Circular, FreezeAt, Log};

/// Whether an instance counts as being backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// It does.
    Yes,
    /// It does not yet.
    No,
}

/// What was found when the instance was frozen.
#[derive(Clone, Copy, Debug)]
struct Frozen {
    still: StoodStill,
    time: Logtime,
    /// Lowest generation of the set.
    copy_low: i32,
    /// Logs below this one may be deleted.
    delete_end: i32,
}

/// An instance in a session.
#[derive(Debug)]
pub(super) struct Member {
    instance: Weak<Instance>,
    options: SnapshotOptions,
    frozen: Option<Frozen>,
    /// The range was used by a call to truncate.
    is_truncated: bool,
}

impl Member {
    /// Takes an instance into a session.
    ///
    /// # Errors
    /// `JET_errOSSnapshotNotAllowed` for one that is in a session, is being backed up, or keeps no log.
    pub(super) fn join(instance: &Arc<Instance>, options: SnapshotOptions) -> Result<Self> {
        let Some(log) = instance.log().filter(|_| instance.is_running()) else {
            return Err(not_allowed("the instance does not run, or keeps no log"));
        };
        {
            let mut membership = instance.snapshot().lock();
            if *membership != Membership::None {
                return Err(not_allowed("the instance is in a snapshot session"));
            }
            *membership = Membership::Joined;
        }
        let member = Self { instance: Arc::downgrade(instance), options, frozen: None, is_truncated: false };
        member.note(instance, log, BackupPhase::BEGIN, 0..0).inspect_err(|_| member.leave(Claimed::No))?;
        tracing::info!(event = member.prepare_event(), "a snapshot is prepared");
        Ok(member)
    }

    fn prepare_event(&self) -> u32 {
        let (incremental, copy) = (SnapshotOptions::INCREMENTAL, SnapshotOptions::COPY);
        match (self.options.contains(incremental), self.options.contains(copy)) {
            (false, false) => 2005,
            (true, false) => 2008,
            (false, true) => 2009,
            (true, true) => 2010,
        }
    }

    /// The instance, while its program has not ended it.
    pub(super) fn instance(&self) -> Option<Arc<Instance>> {
        self.instance.upgrade().filter(|instance| instance.is_running())
    }

    /// Whether this is its instance.
    pub(super) fn is_of(&self, instance: &Arc<Instance>) -> bool {
        std::ptr::eq(self.instance.as_ptr(), Arc::as_ptr(instance))
    }

    fn extent(&self) -> Extent {
        if self.options.contains(SnapshotOptions::INCREMENTAL) { Extent::LogsOnly } else { Extent::Full }
    }

    fn about(&self) -> (BackupMethod, BackupScope) {
        let scope = match self.extent() {
            Extent::Full => BackupScope::FULL,
            Extent::LogsOnly => BackupScope::INCREMENTAL,
        };
        (BackupMethod::OS_SNAPSHOT, scope)
    }

    fn note(
        &self,
        instance: &Instance,
        log: &Log,
        phase: BackupPhase,
        generations: Range<i32>,
    ) -> Result<()> {
        let info = BackupInfo {
            generation_low: generations.start.unsigned_abs().into(),
            generation_high: generations.end.unsigned_abs().into(),
            ..journal::at(instance.settings().host.clock.logtime())
        };
        journal::note(log, phase, self.about(), info).map(|_| ())
    }

    /// From now on until the end the instance counts as being backed up.
    ///
    /// # Errors
    /// `JET_errOSSnapshotNotAllowed` while it is being backed up in another way, or ends.
    pub(super) fn claim(&self) -> Result<()> {
        let Some(instance) = self.instance() else { return Err(not_allowed("the instance has ended")) };
        match instance.log() {
            Some(log) => instance.begin_snapshot(log, self.extent()),
            None => Err(not_allowed("the instance keeps no log")),
        }
    }

    /// Runs `meanwhile` while the instance stands still, and keeps what the end needs. `Frozen` is known before
    /// `meanwhile` runs.
    pub(super) fn freeze(&mut self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let Some(instance) = self.instance() else { return Err(not_allowed("the instance has ended")) };
        let Some(log) = instance.log() else { return Err(not_allowed("the instance keeps no log")) };
        let extent = self.extent();
        if extent == Extent::LogsOnly {
            instance.check_snapshot_of_logs(log)?;
        }
        let time = instance.settings().host.clock.logtime();
        let (method, scope) = self.about();
        let record = journal::record(BackupPhase::PREPARE_LOGS, method, scope, 0, journal::at(time))?;
        let at = match log.settings().circular {
            Circular::Off => FreezeAt::NextGeneration(&record),
            Circular::On => FreezeAt::Record(&record),
        };
        let frozen = &mut self.frozen;
        let name = &instance.settings().name;
        instance.stand_still(log, Standstill { at, time, extent }, &mut |still| {
            let lowest = still.lowest_archive.unwrap_or(1);
            *frozen = Some(Frozen {
                still,
                time,
                copy_low: if extent == Extent::LogsOnly { lowest } else { still.checkpoint },
                delete_end: still.last_generation.min(still.checkpoint),
            });
            tracing::info!(event = 2001, instance = %name, "the instance stands still");
            meanwhile()
        })?;
        tracing::info!(event = 2003, instance = %name, "the instance goes on");
        let (low, high) =
            self.frozen.map_or((0, 0), |frozen| (frozen.copy_low, frozen.still.last_generation));
        let text = format!("OSSnapshot Resume (copy 0x{low:05X}-0x{high:05X})");
        journal::trace(log, instance.settings().host.clock.logtime(), &text);
        Ok(())
    }

    /// Deletes logs that the snapshot and the checkpoint make superfluous; the range is used up by the first call.
    ///
    /// # Errors
    /// `JET_errRequiredLogFilesMissing` when more is gone than may go; those of the log and the disk.
    pub(super) fn truncate(&mut self, deletes: bool) -> Result<()> {
        let Some(instance) = self.instance() else { return Ok(()) };
        let (Some(log), Some(frozen)) = (instance.log(), self.frozen) else { return Ok(()) };
        let used = std::mem::replace(&mut self.is_truncated, true);
        let mut range = 0..0;
        if deletes && !used && log.settings().circular == Circular::Off {
            let lowest = log.lowest_archive().unwrap_or(frozen.delete_end);
            if lowest > frozen.delete_end {
                let about = format!("log {:#x} is gone", frozen.delete_end);
                return Err(Error::refused(JetError::REQUIRED_LOG_FILES_MISSING, about));
            }
            range = lowest..frozen.delete_end;
        }
        self.note(&instance, log, BackupPhase::TRUNCATE, range.clone())?;
        if range.is_empty() {
            tracing::info!(event = 225, "no log is deleted");
            return Ok(());
        }
        tracing::info!(event = 224, first = range.start, last = range.end - 1, "logs are deleted");
        let done = log.delete_archives(range)?;
        if done.missing > 0 {
            tracing::warn!(event = 227, missing = done.missing, "logs to be deleted are gone already");
        }
        Ok(())
    }

    /// The session ends: where it froze and all went well the headers are told, and the instance is free again.
    pub(super) fn end(&self, is_normal: bool) -> Result<()> {
        let Some(instance) = self.instance() else { return Ok(()) };
        let outcome = self.end_running(&instance, is_normal);
        instance.end_snapshot();
        *instance.snapshot().lock() = Membership::None;
        outcome
    }

    fn end_running(&self, instance: &Instance, is_normal: bool) -> Result<()> {
        let Some(log) = instance.log() else { return Ok(()) };
        if let Some(frozen) = self.frozen.filter(|_| is_normal) {
            self.update_headers(instance, log, &frozen);
        }
        self.note(instance, log, BackupPhase::STOP, 0..0)?;
        if instance.settings().rollover == Rollover::Aggressive {
            log.roll()?;
        }
        Ok(())
    }

    /// Spec 07 §8. That a header cannot be written is told and no more: the snapshot stands.
    fn update_headers(&self, instance: &Instance, log: &Log, frozen: &Frozen) {
        let copies = self.options.contains(SnapshotOptions::COPY);
        let scope = match (self.extent(), copies) {
            (Extent::Full, false) => BackupScope::FULL,
            (Extent::Full, true) => BackupScope::COPY,
            (Extent::LogsOnly, false) => BackupScope::INCREMENTAL,
            (Extent::LogsOnly, true) => BackupScope::DIFFERENTIAL,
        };
        let info = BackupInfo {
            mark: frozen.still.record,
            time: frozen.time,
            generation_low: frozen.copy_low.unsigned_abs().into(),
            generation_high: frozen.still.last_generation.unsigned_abs().into(),
        };
        for database in instance.databases_to_back_up() {
            let note = HeaderNote { method: BackupMethod::OS_SNAPSHOT, scope, info };
            if let Err(error) = instance.note_in_header(log, &database, note) {
                let path = database.path().display();
                tracing::warn!(event = 219, %path, %error, "a header does not know of the snapshot");
            }
        }
        instance.write_backup_position();
    }

    /// The instance went on by itself: it counts as being backed up no more, but stays in the session.
    pub(super) fn give_up(&self) {
        if let Some(instance) = self.instance() {
            instance.end_snapshot();
        }
    }

    /// The freeze failed: the instance leaves the session.
    pub(super) fn leave(&self, claimed: Claimed) {
        let Some(instance) = self.instance() else { return };
        *instance.snapshot().lock() = Membership::None;
        if claimed == Claimed::No {
            return;
        }
        instance.end_snapshot();
        if let Some(log) = instance.log()
            && let Err(error) = self.note(&instance, log, BackupPhase::STOP, 0..0)
        {
            tracing::warn!("the end of a snapshot is not logged: {error}");
        }
    }
}

fn not_allowed(about: &str) -> Error {
    Error::refused(JetError::OS_SNAPSHOT_NOT_ALLOWED, about)
}
