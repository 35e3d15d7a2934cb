//! Runs of the engine, backups, and notes for readers (spec 05 §9, §12).
//!
//! ```text
//! Init  1 DBMS_PARAM (567)                    Init2 adds LOGTIME @568
//! Term  1 lgpos, 9 lgposRedoFrom, 17 u8 hard  Term2 adds LOGTIME @18; RecoveryQuit the same
//! Trace 1 procid, 3 u16 cb, 5 text            Checksum 1 u32 back, 5 forward, 9 next, 13 sum, 17 short, 21 u8 flag
//! ```

use crate::attach_list::{PathEncoding, StoredPath};
use crate::backup_info::BackupInfo;
use crate::lgpos::Lgpos;
use crate::log::header::LogParameters;
use crate::logtime::Logtime;

use super::layout::{field_group, record_layout, stored_enum};

record_layout! {
    /// A record that is nothing but its type: End, ShutDownMark, RecoveryUndo.
    pub struct Mark {
        fields {}
    }
}

record_layout! {
    /// A run of the engine starts, old form.
    pub struct Init<'a> {
        fields {
            /// The parameters of the run.
            parameters: &'a LogParameters,
        }
    }
}

record_layout! {
    /// A run of the engine starts.
    pub struct Init2<'a> {
        fields {
            /// The parameters of the run.
            parameters: &'a LogParameters,
            /// When.
            time: Logtime,
        }
    }
}

field_group! {
    /// What the end of a run says of its beginning.
    pub struct RunFields {
        /// Term: where the run's Init is. RecoveryQuit: where the RecoveryUndo is.
        begun: Lgpos,
        /// RecoveryQuit: where redo began. Term: none.
        redo_from: Lgpos,
        /// 1 after a hard restore.
        hard: u8,
    }
}

record_layout! {
    /// A run or a recovery ends, old form: Term, RecoveryQuit.
    pub struct RunEnd {
        fields {
            /// Where it began.
            run: RunFields,
        }
    }
}

record_layout! {
    /// A run or a recovery ends: Term2, RecoveryQuit2, RecoveryQuitKeepAttachments.
    pub struct RunEnd2 {
        fields {
            /// Where it began.
            run: RunFields,
            /// When it ended.
            time: Logtime,
        }
    }
}

record_layout! {
    /// Redo is over, undo starts.
    pub struct RecoveryUndo2 {
        fields {
            /// When.
            time: Logtime,
        }
    }
}

record_layout! {
    /// A text for whoever reads the log: Trace, and the reason of a ForceLogRollover.
    pub struct Trace<'a> {
        fields {
            /// Session number, 0xFFFF for none.
            procid: u16,
        }
        lengths { text: u16 }
        tail {
            /// The text, its terminator included.
            text,
        }
    }
}

record_layout! {
    /// A call that changes nothing, in debug builds.
    pub struct JetOperation {
        fields {
            /// Session number.
            procid: u16,
            /// Number of the call.
            operation: u8,
        }
    }
}

record_layout! {
    /// Zeros that fill the segment (framed).
    pub struct Nop2<'a> {
        fields {}
        rest {
            /// The zeros.
            fill
        }
    }
}

record_layout! {
    /// The mark of a flush over several sectors; older than any stream that is read.
    pub struct MultiSectorFlush {
        fields {
            /// Byte offset of the next mark.
            forward_ib: u16,
            /// Check value of the sectors.
            checksum: u32,
            /// Sector of the next mark.
            forward_isec: u16,
        }
    }
}

record_layout! {
    /// A range checksum of a version-7 stream (spec 05 §12).
    pub struct RangeChecksum {
        fields {
            /// Bytes in front of this record that it covers.
            bytes_before: u32,
            /// Bytes behind this record that it covers.
            bytes_after: u32,
            /// Distance from the end of this record to the next range checksum; 0 for the last.
            next: u32,
            /// Checksum of the range.
            checksum: u32,
            /// Checksum of the record's own sector, 0 if unused.
            short_checksum: u32,
            /// [`Self::SHORT_USED`] or [`Self::SHORT_UNUSED`].
            short_flag: u8,
        }
    }
}

impl RangeChecksum {
    /// The range spans several sectors and the short checksum is in use.
    pub const SHORT_USED: u8 = 0x9A;
    /// The short checksum is not in use.
    pub const SHORT_UNUSED: u8 = 0xD1;
}

record_layout! {
    /// The start of a record that does not fit into its segment.
    pub struct FragmentBegin<'a> {
        fields {
            /// Bytes of the whole record.
            total: u32,
        }
        lengths { piece: u16 }
        tail {
            /// Its first bytes.
            piece,
        }
    }
}

record_layout! {
    /// The next piece of a record begun in the segment before.
    pub struct Fragment<'a> {
        fields {}
        lengths { piece: u16 }
        tail {
            /// The next bytes.
            piece,
        }
    }
}

record_layout! {
    /// A backup began, oldest form: FullBackup, IncBackup.
    pub struct LegacyBackup<'a> {
        fields {}
        lengths { path: u16 }
        tail {
            /// ANSI path.
            path,
        }
    }
}

stored_enum! {
    /// What a Backup record marks.
    pub struct BackupKind(u8) {
        /// A full backup.
        FULL = 0,
        /// An incremental backup.
        INCREMENTAL = 1,
        /// A snapshot starts.
        SNAPSHOT_START = 2,
        /// A snapshot stops.
        SNAPSHOT_STOP = 3,
        /// Logs were truncated.
        TRUNCATE_LOGS = 4,
        /// A snapshot by the operating system.
        OS_SNAPSHOT = 5,
        /// An incremental snapshot by the operating system.
        OS_SNAPSHOT_INCREMENTAL = 6,
    }
}

record_layout! {
    /// A mark of a backup, middle form.
    pub struct Backup<'a> {
        fields {
            /// Of what.
            kind: BackupKind,
            /// Zero.
            reserved: u8,
        }
        lengths { path: u16 }
        tail {
            /// ANSI path.
            path,
        }
    }
}

stored_enum! {
    /// Step of a backup.
    pub struct BackupPhase(u8) {
        /// The backup begins.
        BEGIN = 1,
        /// The logs to copy are fixed.
        PREPARE_LOGS = 2,
        /// Logs are deleted.
        TRUNCATE = 3,
        /// Database headers are updated.
        UPDATE = 4,
        /// The backup was aborted.
        ABORT = 5,
        /// The backup is over.
        STOP = 6,
    }
}

stored_enum! {
    /// How a backup is taken.
    pub struct BackupMethod(u32) {
        /// By the streaming calls.
        NORMAL = 0,
        /// By a snapshot of the operating system.
        OS_SNAPSHOT = 1,
        /// By a snapshot.
        SNAPSHOT = 2,
        /// By another engine on its behalf.
        SURROGATE = 3,
    }
}

stored_enum! {
    /// How much a backup takes.
    pub struct BackupScope(u8) {
        /// Everything.
        FULL = 1,
        /// The logs since the last one.
        INCREMENTAL = 2,
        /// Everything, without truncating.
        COPY = 5,
        /// The logs since the last full one, without truncating.
        DIFFERENTIAL = 6,
    }
}

record_layout! {
    /// A mark of a backup.
    pub struct Backup2<'a> {
        fields {
            /// Which step.
            phase: BackupPhase,
            /// How.
            method: BackupMethod,
            /// How much.
            scope: BackupScope,
            /// Database number, in the update step; else 0.
            dbid: u8,
            /// What goes into the header.
            info: BackupInfo,
            /// Zero.
            reserved: u8,
        }
        lengths { path: u16 }
        tail {
            /// Path; empty in every file seen.
            path,
        }
    }
}

record_layout! {
    /// An external restore began: ExtRestore (ANSI) and ExtRestore2 (UTF-16).
    pub struct ExternalRestore<'a> {
        fields {}
        lengths { names: u16 }
        tail {
            /// Log path and instance name, each terminated.
            names,
        }
    }
}

impl<'a> ExternalRestore<'a> {
    /// Log path and instance name, read in the encoding of the record's type.
    #[must_use]
    pub fn parts(&self, encoding: PathEncoding) -> (StoredPath<'a>, StoredPath<'a>) {
        let log_path = StoredPath::new(self.names, encoding);
        let behind = self.names.get(log_path.terminated_len()..).unwrap_or_default();
        (log_path, StoredPath::new(behind, encoding))
    }
}
