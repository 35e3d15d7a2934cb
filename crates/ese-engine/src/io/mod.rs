//! Floor 1: files. Everything the engine asks of a disk goes through [`FileSystem`] and [`File`], so that a whole
//! instance can run on the [`simulated`] disk, where power fails on demand.
//!
//! Invariants:
//! - positions are explicit: there is no file pointer, and any number of threads may read one file;
//! - a write is durable after [`File::sync`] returned, not before;
//! - [`FileSystem::create`], [`FileSystem::rename`] and [`FileSystem::remove`] are durable when they return: the folder
//!   was synced too;
//! - a file opened [`Access::ReadWrite`] is locked against every other opener, one opened [`Access::Read`] against writers,
//!   until it is closed or [`File::let_go`] was called.

mod host;
mod os;
mod simulated;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use host::{Background, Clock, Entropy, Host, SeededEntropy, SystemClock, SystemEntropy, TickingClock};
pub use os::OsFileSystem;
pub use simulated::{PowerLoss, SimulatedFileSystem};

use crate::error::Result;

/// What a file is opened for, and so whom its lock keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading; other readers are welcome, writers are kept out.
    Read,
    /// Reading and writing; nobody else may open the file.
    ReadWrite,
}

/// What [`FileSystem::create`] does about a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// The call fails with `JET_errFileAlreadyExists`.
    Keep,
    /// It is cut to length 0 and used.
    Replace,
}

/// A disk.
pub trait FileSystem: fmt::Debug + Send + Sync {
    /// Opens an existing file.
    ///
    /// # Errors
    /// `JET_errFileNotFound`; `JET_errFileAccessDenied` for a folder, without permission, or when a lock is in the way.
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>>;

    /// Creates a file of length 0 for reading and writing.
    ///
    /// # Errors
    /// As [`Self::open`], and `JET_errFileAlreadyExists`.
    fn create(&self, path: &Path, existing: Existing) -> Result<Arc<dyn File>>;

    /// Renames a file, replacing `to` where it exists.
    ///
    /// # Errors
    /// `JET_errFileNotFound`, `JET_errFileAccessDenied`, `JET_errDiskIO`.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Deletes a file.
    ///
    /// # Errors
    /// `JET_errFileNotFound`, `JET_errFileAccessDenied`, `JET_errDiskIO`.
    fn remove(&self, path: &Path) -> Result<()>;

    /// The paths of the files in a folder, in the order of their names.
    ///
    /// # Errors
    /// `JET_errFileNotFound`, `JET_errFileAccessDenied`, `JET_errDiskIO`.
    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>>;

    /// The folders in a folder, in the order of their names; links to folders are none.
    ///
    /// # Errors
    /// As [`Self::list`].
    fn list_folders(&self, folder: &Path) -> Result<Vec<PathBuf>>;

    /// Deletes an empty folder.
    ///
    /// # Errors
    /// `JET_errFileNotFound`, `JET_errFileAccessDenied`, and `JET_errDiskIO` for one that is not empty.
    fn remove_folder(&self, folder: &Path) -> Result<()>;

    /// Whether there is a file at `path`.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether there is a folder at `path`.
    fn is_folder(&self, path: &Path) -> bool;

    /// Creates a folder, and those above it that are missing. One that is there already is no error.
    ///
    /// # Errors
    /// `JET_errFileAccessDenied` without permission or where a file is in the way, `JET_errDiskIO`.
    fn create_folder(&self, folder: &Path) -> Result<()>;

    /// The one name of a file or folder that may have several: absolute, with links in its folder followed. It need not
    /// exist.
    fn full_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// Whether what is at `path` is a link that leads out of the folder it is in, or to nothing.
    fn leads_out(&self, path: &Path) -> bool {
        let _ = path;
        false
    }

    /// Tells disks apart: one path is one file where this number is the same. The disk of the operating system has 0.
    fn identity(&self) -> usize {
        0
    }
}

/// An open file.
pub trait File: fmt::Debug + Send + Sync {
    /// Where it is, as it was opened.
    fn path(&self) -> &Arc<Path>;

    /// Reads into `buffer` from `offset` on; fewer bytes only at the end of the file.
    ///
    /// # Errors
    /// `JET_errDiskIO`.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes all of `bytes` at `offset`, extending the file where it ends before that.
    ///
    /// # Errors
    /// `JET_errDiskFull`, `JET_errDiskIO`, `JET_errFileAccessDenied` on a file opened for reading.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()>;

    /// Length in bytes.
    ///
    /// # Errors
    /// `JET_errDiskIO`.
    fn length(&self) -> Result<u64>;

    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// As [`Self::write_at`].
    fn set_length(&self, length: u64) -> Result<()>;

    /// Makes every write before this call durable.
    ///
    /// # Errors
    /// `JET_errDiskIO`.
    fn sync(&self) -> Result<()>;

    /// Gives the file to others while somebody may still read from it: the lock is gone, and every later change fails with
    /// `JET_errFileAccessDenied`. No change may be on its way.
    fn let_go(&self);
}
