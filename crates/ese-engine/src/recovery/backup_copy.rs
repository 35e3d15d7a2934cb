//! A database as a backup left it: the file that was written from its stream (spec 07 §2.2, §4, §11.6, §11.7).
//!
//! ```text
//! (0, 0)       no backup copy
//! (low, 0)     raw: as streamed, the trailer in its last page
//! (low, high)  adopted: a restore knows how far its logs go, the trailer is zeroed
//! ```
//!
//! Invariants: looking changes nothing; adopting writes the header, both copies one behind the other, before the trailer
//! is zeroed, so that a crash in between leaves a copy that is raw or adopted.

use std::path::Path;
use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::{DatabaseHeader, HeaderExpectation, StateRule};
use ese_format::error::{FormatError, JetError};
use ese_format::logtime::Logtime;
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use ese_format::trailer::Trailer;

use crate::error::{Error, Result};
use crate::instance::HeaderFile;
use crate::io::{Access, File, FileSystem, Host};

/// Pages in front of the trailer of the smallest database: two headers and a page.
const PAGES_MIN: u64 = 3;

/// The first and the last generation of a set of logs, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationRange {
    /// The first.
    pub low: i32,
    /// The last.
    pub high: i32,
}

impl std::fmt::Display for GenerationRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x} to {:#x}", self.low, self.high)
    }
}

/// A backup copy that was looked at.
#[derive(Debug)]
pub struct BackupCopy {
    header: HeaderFile,
    /// The trailer of a raw copy.
    trailer: Option<Trailer>,
    needed: GenerationRange,
}

impl BackupCopy {
    /// Looks at a file: is it a database, of this page size, and a backup copy? (spec 07 §11.6, rows 1 to 7.)
    ///
    /// # Errors
    /// `JET_errFileNotFound`, `JET_errInvalidPath` (no such folder), `JET_errFileAccessDenied`; `JET_errDatabaseCorrupted`,
    /// `JET_errPageSizeMismatch`, `JET_errRestoreOfNonBackupDatabase`, `JET_errBadPatchPage`.
    pub fn examine(
        disk: &dyn FileSystem,
        path: &Path,
        access: Access,
        page_size: Option<PageSize>,
    ) -> Result<Self> {
        let file = disk.open(path, access).map_err(|error| not_there(disk, path, error))?;
        let header = HeaderFile::read(file)?;
        let about = Arc::clone(header.file().path());
        check_is_database(header.header(), page_size).map_err(|error| Error::format(&about, error))?;
        let fields = &header.header().fields;
        let info = fields.backup_full_current;
        if info.generation_low.get() == 0 && fields.backup_snapshot_current.mark.is_null() {
            let about = format!("{} is no backup copy", about.display());
            return Err(Error::refused(JetError::RESTORE_OF_NON_BACKUP_DATABASE, about));
        }
        let (trailer, info) = if !fields.backup_snapshot_current.mark.is_null() {
            (None, fields.backup_snapshot_current)
        } else if info.generation_high.get() != 0 {
            (None, info)
        } else {
            let trailer = read_trailer(header.file(), header.header().page_size())?;
            (Some(trailer), trailer.backup)
        };
        Ok(Self { trailer, needed: range_of(&info), header })
    }

    /// Whether it belongs to a stream and finds the logs it needs in this range (rows 8 to 10).
    ///
    /// # Errors
    /// `JET_errDatabasePatchFileMismatch`, `JET_errStartingRestoreLogTooHigh`, `JET_errEndingRestoreLogTooLow`.
    pub fn check_set(&self, stream: &Signature, given: GenerationRange) -> Result<()> {
        let path = self.header.file().path();
        let header = self.header.header();
        if let Some(trailer) = &self.trailer {
            trailer.check_belongs_to(header).map_err(|error| Error::format(path, error))?;
        }
        // An adopted copy is compared with its logs by redo.
        let compares = self.trailer.is_some() || !header.fields.backup_snapshot_current.mark.is_null();
        if compares && header.fields.log_signature != *stream {
            let about = format!("{} belongs to another stream than the logs", path.display());
            return Err(Error::refused(JetError::DATABASE_PATCH_FILE_MISMATCH, about));
        }
        let about = || format!("{} needs the logs {}, given are {given}", path.display(), self.needed);
        if self.needed.low < given.low {
            return Err(Error::refused(JetError::STARTING_RESTORE_LOG_TOO_HIGH, about()));
        }
        if self.needed.high > given.high {
            return Err(Error::refused(JetError::ENDING_RESTORE_LOG_TOO_LOW, about()));
        }
        Ok(())
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &DatabaseHeader {
        self.header.header()
    }

    /// The trailer of a raw copy.
    #[must_use]
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// The logs without which it is worthless.
    #[must_use]
    pub fn needed(&self) -> GenerationRange {
        self.needed
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.header.file().path()
    }

    /// Makes it the copy of a set whose last log is `high`: all logs up to there are required (spec 07 §11.7). The file
    /// was opened for writing.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn adopt(mut self, high: i32, host: &Host) -> Result<()> {
        let high = high.unsigned_abs();
        let fields = &mut self.header.header_mut().fields;
        fields.backup_full_current.generation_high = high.into();
        if high > fields.generation_max_committed.get() {
            fields.generation_max_committed = high.into();
            fields.time_generation_max_create = Logtime::default();
        }
        if high > fields.generation_max_required.get() {
            fields.generation_max_required = high.into();
            fields.time_generation_max_required = Logtime::default();
        }
        self.header.write(host)?;
        clear_trailer(&self.header)
    }
}

/// A soft recovery takes a raw copy in, as far as the copy itself says that its logs go (spec 07 §11.7, the last
/// sentence); an adopted one stays what it is. A trailer that is still there goes in any case.
///
/// # Errors
/// `JET_errBadPatchPage`, `JET_errDatabasePatchFileMismatch`; those of the disk.
pub(super) fn adopt_by_itself(header: &mut HeaderFile, host: &Host) -> Result<()> {
    if header.header().needs_trailer() {
        let trailer = read_trailer(header.file(), header.header().page_size())?;
        let path = Arc::clone(header.file().path());
        trailer.check_belongs_to(header.header()).map_err(|error| Error::format(&path, error))?;
        let fields = &mut header.header_mut().fields;
        fields.backup_full_current.generation_high = trailer.backup.generation_high;
        if trailer.has_generations() {
            let min = trailer.generation_min_required.get().min(fields.generation_min_required.get());
            fields.generation_min_required = min.into();
            fields.generation_min_consistent = min.into();
            fields.generation_max_required = trailer.generation_max_required;
            fields.time_generation_max_required = trailer.time_generation_max_required;
            fields.generation_max_committed = trailer.generation_max_committed;
            fields.time_generation_max_create = trailer.time_generation_max_committed;
            fields.generation_pre_redo_min_consistent = 0.into();
            fields.generation_pre_redo_min_required = 0.into();
        }
        header.write(host)?;
    }
    clear_trailer(header)
}

/// What a restored database remembers of backups: nothing (spec 07 §8, §11.11).
pub(super) fn forget_backups(header: &mut HeaderFile) {
    let fields = &mut header.header_mut().fields;
    fields.backup_full_previous = BackupInfo::default();
    fields.backup_incremental_previous = BackupInfo::default();
    fields.backup_copy_previous = BackupInfo::default();
    fields.backup_differential_previous = BackupInfo::default();
    fields.backup_full_current = BackupInfo::default();
    fields.backup_snapshot_current = BackupInfo::default();
    fields.backup_type_full_previous = 0.into();
    fields.backup_type_incremental_previous = 0.into();
    fields.backup_type_copy_previous = 0.into();
    fields.backup_type_differential_previous = 0.into();
}

fn range_of(info: &BackupInfo) -> GenerationRange {
    let generation = |stored: u32| i32::try_from(stored).unwrap_or(i32::MAX);
    GenerationRange {
        low: generation(info.generation_low.get()),
        high: generation(info.generation_high.get()),
    }
}

/// A missing folder is told apart from a missing file.
fn not_there(disk: &dyn FileSystem, path: &Path, error: Error) -> Error {
    let folder_is_there = path.parent().is_some_and(|folder| disk.is_folder(folder));
    if error.jet() == JetError::FILE_NOT_FOUND && !folder_is_there {
        return Error::refused(
            JetError::INVALID_PATH,
            format!("{}: there is no such folder", path.display()),
        );
    }
    error
}

fn check_is_database(
    header: &DatabaseHeader,
    page_size: Option<PageSize>,
) -> std::result::Result<(), FormatError> {
    header.check(HeaderExpectation { page_size, state: StateRule::Any }).map_err(|error| {
        // What is no database of ours is damaged for a restore; of another page size it is another's.
        if error.jet() == JetError::PAGE_SIZE_MISMATCH {
            error
        } else {
            error.with_jet(JetError::DATABASE_CORRUPTED)
        }
    })
}

/// Reads the last page of the file as a trailer.
fn read_trailer(file: &Arc<dyn File>, size: PageSize) -> Result<Trailer> {
    let page_bytes = size.bytes() as u64;
    let pages = file.length()? / page_bytes;
    if pages < PAGES_MIN {
        let about = format!("{} has {pages} pages", file.path().display());
        return Err(Error::refused(JetError::DATABASE_CORRUPTED, about));
    }
    let mut page = vec![0; size.bytes()];
    let count = file.read_at(&mut page, (pages - 1) * page_bytes)?;
    page.truncate(count);
    Trailer::decode(&page, size).map_err(|error| Error::format(file.path(), error))
}

/// Puts zeros in the place of a trailer.
fn clear_trailer(header: &HeaderFile) -> Result<()> {
    let (file, size) = (header.file(), header.header().page_size());
    let page_bytes = size.bytes() as u64;
    let Some(last) = (file.length()? / page_bytes).checked_sub(1).filter(|last| *last >= PAGES_MIN) else {
        return Ok(());
    };
    let mut page = vec![0; size.bytes()];
    let count = file.read_at(&mut page, last * page_bytes)?;
    page.truncate(count);
    if ese_format::trailer::looks_like_trailer(&page) && Trailer::decode(&page, size).is_ok() {
        file.write_at(&vec![0; size.bytes()], last * page_bytes)?;
        file.sync()?;
    }
    Ok(())
}
