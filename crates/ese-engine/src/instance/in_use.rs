//! Which files and folders the instances of this process use: two of them must not share one (spec 09 §2.5, §4.1).
//!
//! Other processes are kept out by the locks of open files.
//!
//! Invariant: a path is claimed as long as its [`PathClaim`] lives. That of a database ends when the instance lets go of
//! it, not when the last thread that looks at it does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::lock_order::LeafMutex;

/// What a path is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathUse {
    /// The file of the temporary database.
    Temporary,
    /// The folder of the checkpoint.
    System,
    /// The folder of the logs.
    Log,
    /// A database.
    Database,
}

impl PathUse {
    fn error(self) -> JetError {
        match self {
            Self::Temporary => JetError::TEMP_PATH_IN_USE,
            Self::System => JetError::SYSTEM_PATH_IN_USE,
            Self::Log => JetError::LOG_FILE_PATH_IN_USE,
            Self::Database => JetError::DATABASE_SHARING_VIOLATION,
        }
    }
}

/// A path on a disk; of one base name where several streams may share a folder.
type Key = (PathUse, usize, PathBuf, String);

static CLAIMED: LazyLock<LeafMutex<BTreeSet<Key>>> = LazyLock::new(LeafMutex::default);

/// A path that is ours.
#[derive(Debug)]
pub(crate) struct PathClaim(Key);

impl PathClaim {
    /// Claims a path. `name` tells streams in one folder apart.
    ///
    /// # Errors
    /// The error of the use when another instance of this process has it.
    pub(super) fn new(disk: &dyn FileSystem, path: &Path, name: &str, what: PathUse) -> Result<Self> {
        let key = (what, disk.identity(), disk.full_path(path), name.to_ascii_lowercase());
        if !CLAIMED.lock().insert(key.clone()) {
            let about = format!("{} is used by another instance", path.display());
            return Err(Error::refused(what.error(), about));
        }
        Ok(Self(key))
    }
}

impl Drop for PathClaim {
    fn drop(&mut self) {
        CLAIMED.lock().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::SimulatedFileSystem;

    #[test]
    fn a_path_is_claimed_once_for_each_use_and_disk() {
        let (disk, other) = (SimulatedFileSystem::default(), SimulatedFileSystem::default());
        let path = Path::new("/a/b.edb");
        let claim = PathClaim::new(&disk, path, "", PathUse::Database).unwrap();
        let second = PathClaim::new(&disk, path, "", PathUse::Database).unwrap_err();
        assert_eq!(second.jet(), JetError::DATABASE_SHARING_VIOLATION);
        let _elsewhere = PathClaim::new(&other, path, "", PathUse::Database).unwrap();
        let _for_logs = PathClaim::new(&disk, path, "edb", PathUse::Log).unwrap();
        drop(claim);
        PathClaim::new(&disk, path, "", PathUse::Database).unwrap();
    }
}
