//! Floor 7: external backup - a running instance gives out its databases and logs as streams (spec 07 §3–§8).
//!
//! ```text
//! begin -> mark, copyMic := checkpoint        Backup2/Begin
//! databases, one file at a time               header twice, pages, trailer
//! logs listed -> the log rolls, copyMac       Backup2/PrepareLogs
//! logs, one file at a time -> truncated       Backup2/Truncate
//! end -> slots of the headers                 Backup2/Update for each database, Backup2/Stop
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `session` | what is known of the running backup, and who may do what when |
//! | `begin`, `open_file`, `logs`, `end` | the calls |
//! | `database_stream`, `log_stream` | the bytes that a file's reader gets |
//! | [`header_note`] | what a backup leaves in a header, in do and in redo |
//! | `snapshot` | what a snapshot of the volume shares with these backups |
//! | [`stream`] | a whole backup in one call |
//!
//! Invariants: one backup at a time; a page goes out as some complete version of it that the file held while it was read;
//! no log from copyMic on is deleted or used again while the backup runs, but by its own truncation, and that only below
//! the checkpoint; nothing is truncated that a database which was not streamed now still needs for its incremental backups;
//! a backup that fails or ends early leaves headers and logs as they were; locks: `administration`, then the desk's, then
//! the checkpoint's and a header's. The lock of an open file is never waited for with the desk locked.

mod begin;
mod database_stream;
mod end;
pub mod header_note;
pub(crate) mod journal;
mod log_stream;
mod logs;
mod open_file;
mod session;
mod snapshot;
pub mod stream;

use std::ops::Range;
use std::path::PathBuf;

use bitflags::bitflags;
use ese_format::error::JetError;

use crate::error::{Error, Result};

pub use open_file::{FILE_HANDLE, OpenedFile, StreamPart};
pub(crate) use session::{Desk, Extent};
pub use stream::{
    BackupFile, BackupKind, BackupReport, BackupSink, FolderSink, LogTruncation, StreamRequest,
};

bitflags! {
    /// What JetBeginExternalBackup takes; every other bit is `JET_errInvalidGrbit`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BeginOptions: u32 {
        /// Logs only (JET_bitBackupIncremental).
        const INCREMENTAL = 0x1;
        /// The files travel by another engine's hands (JET_bitBackupSurrogate).
        const SURROGATE = 0x20;
        /// A copy for the application's own use (JET_bitInternalCopy).
        const INTERNAL_COPY = 0x40;
    }
}

bitflags! {
    /// What JetEndExternalBackupInstance2 takes. Other bits have no effect, as in the original.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EndOptions: u32 {
        /// The backup succeeded (JET_bitBackupEndNormal).
        const NORMAL = 0x1;
        /// It did not (JET_bitBackupEndAbort).
        const ABORT = 0x2;
        /// Logs were truncated by somebody else (JET_bitBackupTruncateDone).
        const TRUNCATE_DONE = 0x100;
        /// No header is to know of it (JET_bitBackupNoDbHeaderUpdate).
        const NO_HEADER_UPDATE = 0x200;
    }
}

/// Who runs a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupHolder {
    /// This engine streams the files.
    Local,
    /// Another engine does, on its behalf.
    Surrogate,
    /// The operating system takes a snapshot (JetOSSnapshotFreeze).
    Snapshot,
}

impl BackupHolder {
    /// What another backup, an attach, a detach or a termination gets while this one runs (spec 07 §3.12).
    #[must_use]
    pub fn refusal(self) -> JetError {
        match self {
            Self::Local | Self::Snapshot => JetError::BACKUP_IN_PROGRESS,
            Self::Surrogate => JetError::SURROGATE_BACKUP_IN_PROGRESS,
        }
    }
}

/// The logs of a list (spec 07 §3.8, §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupLogs {
    /// Their generations, the upper end not among them.
    pub generations: Range<i32>,
    /// Their files, ascending.
    pub paths: Vec<PathBuf>,
    /// The base name of the stream.
    pub base_name: String,
}

/// Whether ending a stopped or unfinished backup as if it had succeeded is told as an error (spec 07 §18 D3); the original
/// says success.
const PREMATURE_END_IS_AN_ERROR: bool = true;
/// Whether ending a backup as one of the other kind is refused (spec 07 §18 D12); the original ends it and says success.
const END_OF_ANOTHER_KIND_IS_REFUSED: bool = true;

fn refused<T>(jet: JetError, about: impl Into<String>) -> Result<T> {
    Err(Error::refused(jet, about))
}

/// The file name of a path, for events.
fn shown(path: &std::path::Path) -> std::path::Display<'_> {
    path.display()
}
