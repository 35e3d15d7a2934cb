//! Floor 7: backups into folders and restores from them (JetBackup, JetRestore; spec 07 §9), made of the calls of
//! [`crate::backup`] and [`crate::restore`].
//!
//! ```text
//! plain    D/a.edb D/a.pat D/edb00000002.log ...
//! atomic   D/temp while it is written -> D/new when it is complete; D/old is the set before
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `folder` | which folder a set is written into, and what happens to the sets before |
//! | `backup` | writing a set |
//! | `restore` | finding a set, bringing its databases to their places, replaying its logs |
//!
//! Invariants: with an atomic full backup there is a complete set at D/new or D/old at every moment once there was one; no
//! log is deleted before every file of the set is durable under its last name; a link is never followed into another
//! folder; sources of a restore are not changed.

mod backup;
mod folder;
mod restore;

pub use backup::{FolderBackup, FolderBackupStep, Watcher};
pub use folder::{Atomicity, MissingFolders};
pub use restore::{FolderRestore, restore_folder};
