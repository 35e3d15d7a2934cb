//! What a recovery is asked for: the grbits of JetInit, the map of moved databases, a place to stop (spec 06 §8.1).

use std::path::PathBuf;

use bitflags::bitflags;
use ese_format::lgpos::Lgpos;

bitflags! {
    /// The grbits of JetInit that are about recovery.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RecoveryOptions: u32 {
        /// JET_bitReplayIgnoreMissingDB: databases that cannot be attached are left behind.
        const IGNORE_MISSING_DATABASES = 0x4;
        /// JET_bitRecoveryWithoutUndo: stop behind redo.
        const WITHOUT_UNDO = 0x8;
        /// JET_bitTruncateLogsAfterRecovery: delete the archived logs afterwards.
        const TRUNCATE_LOGS = 0x10;
        /// JET_bitReplayMissingMapEntryDB: databases that are not in the map stay where the log says.
        const REPLAY_UNMAPPED = 0x20;
        /// JET_bitLogStreamMustExist: no logs at all are an error.
        const STREAM_MUST_EXIST = 0x40;
        /// JET_bitReplayIgnoreLostLogs: commits at the end may be lost.
        const IGNORE_LOST_LOGS = 0x80;
        /// JET_bitAllowMissingCurrentLog.
        const ALLOW_MISSING_CURRENT_LOG = 0x100;
        /// JET_bitAllowSoftRecoveryOnBackup.
        const ALLOW_BACKUP_COPIES = 0x200;
        /// JET_bitSkipLostLogsEvent.
        const SKIP_LOST_LOGS_EVENT = 0x400;
        /// JET_bitExternalRecoveryControl: the application is asked.
        const EXTERNAL_CONTROL = 0x800;
        /// JET_bitKeepDbAttachedAtEndOfRecovery.
        const KEEP_ATTACHED = 0x1000;
        /// JET_bitReplayIgnoreLogRecordsBeforeMinRequiredLog.
        const SKIP_BEFORE_REQUIRED = 0x2000;
        /// JET_bitReplayInferCheckpointFromRstmapDbs: without a checkpoint begin where the mapped databases need it.
        const INFER_CHECKPOINT = 0x4000;
    }
}

impl RecoveryOptions {
    /// The options with what some of them imply.
    #[must_use]
    pub fn with_implied(self) -> Self {
        if self.contains(Self::WITHOUT_UNDO) {
            self | Self::ALLOW_MISSING_CURRENT_LOG | Self::ALLOW_BACKUP_COPIES | Self::SKIP_LOST_LOGS_EVENT
        } else {
            self
        }
    }
}

bitflags! {
    /// What is special about a database of the map (JET_RSTMAP2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MapOptions: u32 {
        /// It may be missing.
        const IGNORE_WHEN_MISSING = 1;
        /// It may not be missing, even if others may.
        const FAIL_WHEN_MISSING = 2;
        /// A CreateDB overwrites what is there.
        const OVERWRITE_ON_CREATE = 4;
    }
}

/// A database that is elsewhere than the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The path in the log; `None` where only the file says which database it is.
    pub logged: Option<String>,
    /// Where it is.
    pub path: PathBuf,
    /// What is special about it.
    pub options: MapOptions,
}

/// Where redo stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopPosition {
    /// Behind this generation.
    AfterGeneration(i32),
    /// In front of the first record at or behind this position.
    Before(Lgpos),
}
