//! Every way a call into the engine fails, and the one place where a failure becomes a JET code.
//!
//! Invariants: an error from bytes names file, page, offset and field; an error from the operating system names the
//! operation, the path and the offset; [`Error::jet`] is total. Two words wide, so that results stay cheap on hot paths.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::{FormatError, JetError};

/// The result of a call into the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed call into the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system (or the simulated one) refused an operation on a file.
    #[error(transparent)]
    Io(Box<IoFailure>),
    /// Bytes of a file are not what the format says.
    #[error(transparent)]
    Format(Box<FormatFailure>),
    /// A call that the engine refuses, or whose object is not there.
    #[error(transparent)]
    Refused(Box<Refusal>),
}

/// What was asked of a file when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoOperation {
    /// Opening an existing file.
    Open,
    /// Creating a file.
    Create,
    /// Taking the lock that keeps other processes out.
    Lock,
    /// Reading at an offset.
    Read,
    /// Writing at an offset.
    Write,
    /// Asking for or changing the length.
    Resize,
    /// Making writes durable.
    Sync,
    /// Renaming a file.
    Rename,
    /// Deleting a file.
    Remove,
    /// Listing a folder.
    List,
}

impl fmt::Display for IoOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::Lock => "lock",
            Self::Read => "read",
            Self::Write => "write",
            Self::Resize => "resize",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::List => "list",
        })
    }
}

/// An operation on a file that the operating system refused.
#[derive(Debug)]
pub struct IoFailure {
    /// What was asked.
    pub operation: IoOperation,
    /// Of which file or folder.
    pub path: PathBuf,
    /// At which byte of the file, for reads and writes.
    pub offset: Option<u64>,
    /// What the operating system said.
    pub source: io::Error,
}

impl fmt::Display for IoFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}", self.operation, self.path.display())?;
        if let Some(offset) = self.offset {
            write!(f, " at offset {offset:#x}")?;
        }
        write!(f, ": {}", self.source)
    }
}

impl std::error::Error for IoFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl IoFailure {
    /// The JET code of the failure (spec 09 §4.2 for opening; the rest as Windows maps its own codes).
    #[must_use]
    pub fn jet(&self) -> JetError {
        match self.source.kind() {
            io::ErrorKind::NotFound => JetError::FILE_NOT_FOUND,
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::ReadOnlyFilesystem => JetError::FILE_ACCESS_DENIED,
            io::ErrorKind::AlreadyExists => JetError::FILE_ALREADY_EXISTS,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                JetError::DISK_FULL
            }
            io::ErrorKind::OutOfMemory => JetError::OUT_OF_MEMORY,
            _ => JetError::DISK_IO,
        }
    }
}

/// Bytes that are not what the format says, with the file they are in.
#[derive(Debug)]
pub struct FormatFailure {
    /// The file.
    pub path: Arc<Path>,
    /// Page, offset, field and what is wrong.
    pub error: FormatError,
}

impl fmt::Display for FormatFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for FormatFailure {}

/// A call that the engine refuses, and about what.
#[derive(Debug)]
pub struct Refusal {
    /// The JET code.
    pub jet: JetError,
    /// The object or the reason, for a person.
    pub about: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.jet)
    }
}

impl std::error::Error for Refusal {}

impl From<Error> for JetError {
    fn from(error: Error) -> Self {
        error.jet()
    }
}

impl Error {
    /// The JET code that crosses the C ABI.
    #[must_use]
    pub fn jet(&self) -> JetError {
        match self {
            Self::Io(failure) => failure.jet(),
            Self::Format(failure) => failure.error.jet(),
            Self::Refused(refusal) => refusal.jet,
        }
    }

    /// An operation on a file that failed.
    #[must_use]
    pub fn io(operation: IoOperation, path: &Path, offset: Option<u64>, source: io::Error) -> Self {
        Self::Io(Box::new(IoFailure { operation, path: path.to_owned(), offset, source }))
    }

    /// Bytes of `path` that are not what the format says.
    #[must_use]
    pub fn format(path: &Arc<Path>, error: FormatError) -> Self {
        Self::Format(Box::new(FormatFailure { path: Arc::clone(path), error }))
    }

    /// A refused call.
    #[must_use]
    pub fn refused(jet: JetError, about: impl Into<String>) -> Self {
        Self::Refused(Box::new(Refusal { jet, about: about.into() }))
    }

    /// The format error inside, where the failure is one of bytes.
    #[must_use]
    pub fn format_error(&self) -> Option<&FormatError> {
        match self {
            Self::Format(failure) => Some(&failure.error),
            _ => None,
        }
    }
}
