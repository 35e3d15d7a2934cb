//! The folder of a backup (spec 07 §9.1 step 4 and 7).
//!
//! Invariant: what is in the way is found before anything but `temp` is touched.

use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::backup::BackupKind;
use crate::error::{Error, Result};
use crate::io::FileSystem;

/// Where an atomic backup is written.
const TEMPORARY: &str = "temp";
/// The newest complete set.
const NEW: &str = "new";
/// The set before, until the newest is complete.
const OLD: &str = "old";

/// Whether the set before stays until the new one is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// It does, in a folder of its own (JET_bitBackupAtomic).
    Atomic,
    /// There is none: the folder has to be empty.
    Plain,
}

/// What happens about folders that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingFolders {
    /// They are made (JET_paramCreatePathIfNotExist).
    Made,
    /// They are an error.
    Refused,
}

/// The folder, while a set is written into it.
#[derive(Debug)]
pub(super) struct SetFolder<'d> {
    disk: &'d dyn FileSystem,
    root: PathBuf,
    /// Where files are written.
    pub(super) written: PathBuf,
}

impl<'d> SetFolder<'d> {
    /// Makes the folder ready.
    ///
    /// # Errors
    /// `JET_errInvalidPath` where there is no such folder; `JET_errDeleteBackupFileFail`,
    /// `JET_errMakeBackupDirectoryFail`, `JET_errBackupDirectoryNotEmpty`; those of renaming.
    pub(super) fn prepare(
        disk: &'d dyn FileSystem,
        root: &Path,
        kind: BackupKind,
        atomicity: Atomicity,
    ) -> Result<Self> {
        if !disk.is_folder(root) {
            return Err(Error::refused(JetError::INVALID_PATH, format!("{}: no folder", root.display())));
        }
        let mut folder = Self { disk, root: root.to_owned(), written: root.to_owned() };
        folder.remove_set(TEMPORARY).map_err(|error| {
            Error::refused(JetError::DELETE_BACKUP_FILE_FAIL, format!("an unfinished backup stays: {error}"))
        })?;
        match (atomicity, kind) {
            (Atomicity::Plain, BackupKind::Full) => folder.check_is_empty()?,
            (Atomicity::Plain, BackupKind::LogsOnly) => {
                if folder.has(NEW)? || folder.has(OLD)? {
                    return Err(folder.not_empty("it holds the sets of atomic backups"));
                }
            }
            (Atomicity::Atomic, _) => folder.prepare_atomic(kind)?,
        }
        Ok(folder)
    }

    fn prepare_atomic(&mut self, kind: BackupKind) -> Result<()> {
        // Files, and links to folders.
        let files = self.disk.list(&self.root)?;
        if [NEW, OLD].iter().any(|name| files.contains(&self.root.join(name))) {
            return Err(self.not_empty("what is called like a set is none"));
        }
        if self.has(NEW)? {
            self.remove_set(OLD)?;
            self.disk.rename(&self.root.join(NEW), &self.root.join(OLD))?;
        }
        if kind == BackupKind::LogsOnly {
            self.written = self.root.join(OLD);
            return if self.has(OLD)? {
                Ok(())
            } else {
                let about = format!("{}: there is no set to add to", self.root.display());
                Err(Error::refused(JetError::INVALID_PATH, about))
            };
        }
        self.written = self.root.join(TEMPORARY);
        let failed = |about: String| Err(Error::refused(JetError::MAKE_BACKUP_DIRECTORY_FAIL, about));
        // A link to a folder is none of ours.
        if self.disk.list(&self.root)?.contains(&self.written) {
            return failed(format!("{} is in the way", self.written.display()));
        }
        self.disk.create_folder(&self.written).or_else(|error| failed(error.to_string()))
    }

    fn has(&self, name: &str) -> Result<bool> {
        Ok(self.disk.list_folders(&self.root)?.contains(&self.root.join(name)))
    }

    fn check_is_empty(&self) -> Result<()> {
        if self.disk.list(&self.root)?.is_empty() && self.disk.list_folders(&self.root)?.is_empty() {
            return Ok(());
        }
        Err(self.not_empty("it is not empty"))
    }

    fn not_empty(&self, about: &str) -> Error {
        Error::refused(JetError::BACKUP_DIRECTORY_NOT_EMPTY, format!("{}: {about}", self.root.display()))
    }

    /// Deletes the files of a set, and its folder.
    fn remove_set(&self, name: &str) -> Result<()> {
        if !self.has(name)? {
            return Ok(());
        }
        let folder = self.root.join(name);
        for path in self.disk.list(&folder)? {
            self.disk.remove(&path)?;
        }
        self.disk.remove_folder(&folder)
    }

    fn is_unfinished(&self) -> bool {
        self.written == self.root.join(TEMPORARY)
    }

    /// Every file is written: the set gets its last name, and the one before goes.
    ///
    /// # Errors
    /// Those of renaming. That the set before cannot be deleted is no error.
    pub(super) fn complete(&mut self) -> Result<()> {
        if !self.is_unfinished() {
            return Ok(());
        }
        let complete = self.root.join(NEW);
        self.disk.rename(&self.written, &complete)?;
        self.written = complete;
        if let Err(error) = self.remove_set(OLD) {
            tracing::warn!("the set before stays: {error}");
        }
        Ok(())
    }

    /// The backup failed: what is unfinished goes.
    pub(super) fn give_up(&self) {
        if self.is_unfinished()
            && let Err(error) = self.remove_set(TEMPORARY)
        {
            tracing::warn!("an unfinished backup stays: {error}");
        }
    }
}

/// The folders in which a set may be, the likeliest first.
pub(super) fn sets_in(root: &Path) -> [PathBuf; 3] {
    [root.to_owned(), root.join(NEW), root.join(OLD)]
}
