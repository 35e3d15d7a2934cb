//! Which files and folders the instances of this process use: two of them must not share one (spec 09 §2.5, §4.1).
//!
//! Other processes are kept out by the locks of open files.
//!
//! Invariant: a path is claimed as long as its [`PathClaim`] lives. One that is being let go of is waited for: a thread of
//! the engine that looks at all databases may hold a detached one a moment longer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

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

static CLAIMED: LazyLock<LeafMutex<BTreeMap<Key, Tenure>>> = LazyLock::new(LeafMutex::default);

/// How long a path is still claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tenure {
    /// As long as its owner likes.
    Kept,
    /// Until the last reader lets go.
    Leaving,
}

/// How long a path that is being let go of is waited for.
const LEAVING_MAX: Duration = Duration::from_secs(2);
/// How often it is looked at.
const LEAVING_STEP: Duration = Duration::from_micros(200);

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
        let until = Instant::now() + LEAVING_MAX;
        loop {
            let mut claimed = CLAIMED.lock();
            let tenure = claimed.get(&key).copied();
            if tenure.is_none() {
                claimed.insert(key.clone(), Tenure::Kept);
                return Ok(Self(key));
            }
            drop(claimed);
            if tenure == Some(Tenure::Kept) || Instant::now() > until {
                let about = format!("{} is used by another instance", path.display());
                return Err(Error::refused(what.error(), about));
            }
            std::thread::sleep(LEAVING_STEP);
        }
    }

    /// Its owner is done with the path: whoever wants it waits until the claim is gone.
    pub(super) fn leave(&self) {
        if let Some(tenure) = CLAIMED.lock().get_mut(&self.0) {
            *tenure = Tenure::Leaving;
        }
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
    #[test]
    fn a_path_that_is_being_let_go_of_is_waited_for() {
        let disk = SimulatedFileSystem::default();
        let path = Path::new("/a/b.edb");
        let claim = PathClaim::new(&disk, path, "", PathUse::Database).unwrap();
        claim.leave();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                drop(claim);
            });
            PathClaim::new(&disk, path, "", PathUse::Database).unwrap();
        });
    }
}
