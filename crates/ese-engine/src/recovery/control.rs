//! What recovery tells and asks while it runs (spec 06 §16).

use std::path::{Path, PathBuf};

use ese_format::database_header::DatabaseHeader;
use ese_format::error::JetError;

/// Why a log is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OpenLogReason {
    /// To look at it and put its end right.
    Checking = 1,
    /// To redo it.
    Redo = 2,
    /// To write what undo does.
    Undo = 3,
    /// To go on with ordinary work.
    Do = 4,
}

/// What happens when a missing log is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MissingLogAction {
    /// Nothing but failing.
    MustFail = 1,
    /// The archived logs are redone.
    ContinueToRedo = 2,
    /// The current log is tried.
    ContinueTryCurrentLog = 3,
    /// Redo is over.
    ContinueToUndo = 4,
    /// A new stream begins.
    CreateNewLogStream = 5,
}

/// A database as recovery sees it at the moment.
#[derive(Clone, Debug)]
pub struct RecoveringDatabase {
    /// Where the file is.
    pub path: PathBuf,
    /// Its header.
    pub header: DatabaseHeader,
}

/// A moment at which the application may be asked.
#[derive(Debug)]
pub enum RecoveryEvent<'a> {
    /// A log is about to be opened.
    OpenLog {
        /// Which; 0 where it is not known yet.
        generation: i32,
        /// Whether it is the current log, not an archived one.
        is_current: bool,
        /// Why.
        reason: OpenLogReason,
        /// Its file.
        path: &'a Path,
        /// The databases attached now.
        databases: &'a [RecoveringDatabase],
    },
    /// The checkpoint is about to be read; JET_errFileNotFound as the answer leaves it out.
    OpenCheckpoint {
        /// Its file.
        path: &'a Path,
    },
    /// A log is not there.
    MissingLog {
        /// Which.
        generation: i32,
        /// Whether it is the current log.
        is_current: bool,
        /// What happens if that is accepted.
        next: MissingLogAction,
        /// Its file.
        path: &'a Path,
        /// The databases attached now.
        databases: &'a [RecoveringDatabase],
    },
    /// Redo is over, undo begins.
    BeginUndo {
        /// The databases attached now.
        databases: &'a [RecoveringDatabase],
    },
    /// An event happened that the application may want to report; its answer does not count.
    Notification {
        /// The number of the event.
        event: u32,
    },
    /// Something is about to be an error that the application may accept.
    SignalErrorCondition,
    /// A database can be read: it has everything it had before.
    AttachedDatabase {
        /// Its file.
        path: &'a Path,
    },
    /// A database is about to be closed.
    DetachingDatabase {
        /// Its file.
        path: &'a Path,
    },
    /// Bytes the application attached to a commit.
    CommitContext {
        /// They.
        bytes: &'a [u8],
        /// Whether the commit itself is still to come.
        is_before_commit: bool,
    },
}

/// How far recovery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryProgress {
    /// It begins.
    Begin,
    /// So many of 100 parts of the log are redone.
    Percent(u8),
    /// It is over.
    Complete,
    /// It failed.
    Fail,
}

/// The application's side of a recovery.
pub trait RecoveryControl {
    /// What to do at this moment: the answer is the outcome. `default` is what happens without anybody to ask;
    /// an answer below 0 ends the recovery.
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        let _ = event;
        default
    }

    /// How far it is.
    ///
    /// # Errors
    /// An answer below 0 ends the recovery.
    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        let _ = progress;
        JetError::from_code(0)
    }
}

/// Nobody to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoControl;

impl RecoveryControl for NoControl {}
