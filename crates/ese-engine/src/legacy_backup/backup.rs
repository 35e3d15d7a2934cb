//! A backup into a folder in one call (spec 07 §9.1), and truncating logs without one (§9.3).

use std::path::{Path, PathBuf};

use ese_format::error::JetError;

use crate::backup::{BackupFile, BackupKind, BeginOptions, EndOptions, FILE_HANDLE, StreamPart};
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::io::{Access, Existing, FileSystem};
use crate::log::LogFolder;

use super::folder::{Atomicity, MissingFolders, SetFolder};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 1 << 20;
/// Longest path of a folder that a backup goes into, in characters.
const FOLDER_CHARACTERS_MAX: usize = 258;
/// The marker beside a copy: which databases a restore brings back.
const MARKER: &str = "pat";

/// What to back up, and where to.
#[derive(Clone, Debug)]
pub struct FolderBackup {
    /// The folder.
    pub folder: PathBuf,
    /// Databases and logs, or logs only.
    pub kind: BackupKind,
    /// What becomes of the set before.
    pub atomicity: Atomicity,
    /// What happens where the folder is not there.
    pub missing_folders: MissingFolders,
}

/// How far a full backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderBackupStep {
    /// The folder is ready.
    Begins,
    /// All files are written, and logs that nobody needs are deleted.
    Completes,
}

/// Who watches a backup.
pub struct Watcher<'w> {
    /// Told of the steps of a full backup.
    pub told: &'w mut dyn FnMut(FolderBackupStep),
    /// Asked between chunks: why the backup has to end.
    pub ends: &'w dyn Fn() -> Option<JetError>,
}

impl std::fmt::Debug for Watcher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

impl Instance {
    /// Backs up into a folder (JetBackupInstance).
    ///
    /// # Errors
    /// Those of [`Self::begin_external_backup`] and of the calls behind it; `JET_errInvalidPath` for a folder that is not
    /// there or whose path is too long, `JET_errBackupDirectoryNotEmpty`, `JET_errDeleteBackupFileFail`,
    /// `JET_errMakeBackupDirectoryFail`; `JET_errInvalidLogSequence` where logs between the folder's and the instance's are
    /// missing; those of writing. Headers and logs are as they were then.
    pub fn back_up_to_folder(&self, request: &FolderBackup, watcher: &mut Watcher<'_>) -> Result<()> {
        let options = match request.kind {
            BackupKind::Full => BeginOptions::empty(),
            BackupKind::LogsOnly => BeginOptions::INCREMENTAL,
        };
        self.begin_external_backup(options)?;
        match self.write_set(request, watcher) {
            Ok(()) => self.end_external_backup(EndOptions::NORMAL),
            Err(error) => {
                // A call that failed may have ended it.
                match self.end_external_backup(EndOptions::ABORT) {
                    Err(also) if also.jet() != JetError::NO_BACKUP => {
                        tracing::warn!("a failed backup did not end: {also}");
                    }
                    _ => {}
                }
                Err(error)
            }
        }
    }

    fn write_set(&self, request: &FolderBackup, watcher: &mut Watcher<'_>) -> Result<()> {
        let disk = &*self.settings().host.file_system;
        let root = &request.folder;
        if root.to_string_lossy().chars().count() > FOLDER_CHARACTERS_MAX {
            return Err(Error::refused(JetError::INVALID_PATH, "the path of the folder is too long"));
        }
        if request.missing_folders == MissingFolders::Made && !disk.is_folder(root) {
            disk.create_folder(root)
                .map_err(|error| Error::refused(JetError::INVALID_PATH, error.to_string()))?;
        }
        let mut folder = SetFolder::prepare(disk, root, request.kind, request.atomicity)?;
        let written =
            self.write_files(request.kind, &folder.written, watcher).and_then(|()| folder.complete());
        if let Err(error) = written {
            folder.give_up();
            return Err(error);
        }
        self.truncate_logs()?;
        if request.kind == BackupKind::Full {
            (watcher.told)(FolderBackupStep::Completes);
        }
        Ok(())
    }

    fn write_files(&self, kind: BackupKind, folder: &Path, watcher: &mut Watcher<'_>) -> Result<()> {
        let mut copier = Copier {
            instance: self,
            folder,
            buffer: vec![0; CHUNK_BYTES.max(3 * self.settings().page_size.bytes())],
            ends: watcher.ends,
        };
        if kind == BackupKind::Full {
            (watcher.told)(FolderBackupStep::Begins);
            for path in self.backup_databases()? {
                copier.copy(BackupFile::Database(&path), Existing::Keep)?;
                copier.mark(&path)?;
            }
        }
        let logs = self.backup_logs()?;
        if kind == BackupKind::LogsOnly {
            self.check_follows(folder, logs.generations.start)?;
        }
        for path in &logs.paths {
            copier.copy(BackupFile::Log(path), Existing::Replace)?;
        }
        Ok(())
    }

    /// The logs that are backed up go on where those in the folder end.
    fn check_follows(&self, folder: &Path, lowest: i32) -> Result<()> {
        let settings = self.settings();
        let disk = &*settings.host.file_system;
        let found = LogFolder::scan(disk, folder, &settings.base_name, settings.log_settings()?.extension)?;
        let highest = found.archives().last_key_value().map_or(0, |(generation, _)| *generation);
        if lowest > highest.saturating_add(1) {
            let about = format!("{} ends with log {highest:#x}, the next is {lowest:#x}", folder.display());
            return Err(Error::refused(JetError::INVALID_LOG_SEQUENCE, about));
        }
        Ok(())
    }

    /// Deletes the logs below the checkpoint without saving anything (JetBackup without a folder). No header takes note.
    ///
    /// # Errors
    /// Those of [`Self::begin_external_backup`], of the log and of deleting.
    pub fn truncate_without_backup(&self) -> Result<()> {
        self.begin_external_backup(BeginOptions::empty())?;
        let truncated = self.truncate_to_checkpoint();
        let options = match truncated {
            Ok(()) => EndOptions::NORMAL | EndOptions::NO_HEADER_UPDATE,
            Err(_) => EndOptions::ABORT,
        };
        truncated.and(self.end_external_backup(options))
    }
}

/// Writes files of a backup into a folder.
struct Copier<'c> {
    instance: &'c Instance,
    folder: &'c Path,
    buffer: Vec<u8>,
    ends: &'c dyn Fn() -> Option<JetError>,
}

impl Copier<'_> {
    fn disk(&self) -> &dyn FileSystem {
        &*self.instance.settings().host.file_system
    }

    fn place(&self, path: &Path) -> Result<PathBuf> {
        let name = path.file_name().ok_or_else(|| {
            Error::refused(JetError::INVALID_PATH, format!("{} has no name", path.display()))
        })?;
        Ok(self.folder.join(name))
    }

    /// Copies a file; it is durable then.
    fn copy(&mut self, file: BackupFile<'_>, existing: Existing) -> Result<()> {
        let place = self.place(file.path())?;
        self.instance.open_backup_file(Ok(Some(file.path().to_owned())), StreamPart::Whole)?;
        let target = self.disk().create(&place, existing)?;
        let mut offset = 0;
        loop {
            if let Some(jet) = (self.ends)() {
                return Err(Error::refused(jet, "the instance ends"));
            }
            let count = self.instance.read_backup_file(FILE_HANDLE, &mut self.buffer)?;
            if count == 0 {
                break;
            }
            target.write_at(self.buffer.get(..count).unwrap_or_default(), offset)?;
            offset += count as u64;
        }
        target.sync()?;
        self.instance.close_backup_file(FILE_HANDLE)
    }

    /// Leaves the empty marker that a restore looks for.
    fn mark(&self, database: &Path) -> Result<()> {
        let place = self.place(database)?.with_extension(MARKER);
        if !self.disk().is_file(&place) {
            return self.disk().create(&place, Existing::Keep).map(|_| ());
        }
        // Of a database of the same stem; or a database that is called like a marker.
        match self.disk().open(&place, Access::Read)?.length()? {
            0 => Ok(()),
            _ => Err(Error::refused(JetError::FILE_ALREADY_EXISTS, format!("{}", place.display()))),
        }
    }
}
