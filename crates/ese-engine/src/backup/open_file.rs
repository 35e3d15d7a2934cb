//! The one file that a backup has open (spec 07 §3.5–§3.7).
//!
//! Invariants: the desk is never locked while bytes are read, so that a stop, or the refusal of a second backup, waits for
//! no disk; what a read finds out about the backup it does to the session that the file belongs to, or to none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::JetError;
use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::instance::{AttachedDatabase, Instance};
use crate::io::{Access, File};
use crate::log::Log;
use ese_format::log::names::{self, LogName};

use super::database_stream::DatabaseStream;
use super::log_stream::LogStream;
use super::session::{Extent, Session, Status, local};
use super::{BackupHolder, refused, shown};

/// The handle of the file that is open: its slot among one.
pub const FILE_HANDLE: usize = 0;

/// A file that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedFile {
    /// What calls name it by.
    pub handle: usize,
    /// Bytes of the whole stream.
    pub bytes: u64,
}

/// Which part of a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamPart {
    /// All of it.
    Whole,
    /// What begins at this byte of the stream (JetOpenFileSectionInstance): of a database, pages without the headers.
    From(u64),
}

/// Where the bytes of an open file come from.
#[derive(Debug)]
enum Source {
    Database(Box<DatabaseStream>),
    Log(LogStream),
    /// A patch file, whose bytes are given out as they are.
    Patch {
        file: Arc<dyn File>,
        offset: u64,
    },
}

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    source: Source,
    /// Bytes of the whole stream.
    bytes: u64,
    /// Bytes that were read.
    read: u64,
}

/// An open file and the session it belongs to.
#[derive(Debug)]
pub(super) struct Slot {
    session: u64,
    file: Mutex<OpenFile>,
}

/// Pages that the first read of a database, and of a log, takes at least.
const FIRST_DATABASE_PAGES: usize = 3;
const FIRST_LOG_PAGES: usize = 2;

impl Instance {
    /// Opens a database or a log of the running backup (JetOpenFileInstance). `name` is the path that the caller gave,
    /// `None` for none, or why it is no path.
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`; `JET_errInvalidParameter` without a name, for an offset that
    /// divides a page or lies in the headers, and, ending the backup, for a log that is none of this stream;
    /// `JET_errOutOfMemory` while a file is open; `JET_errInvalidPath` for a file that is not the instance's;
    /// `JET_errInvalidBackupSequence` for a database when it is the logs' turn, ending the backup;
    /// `JET_errDatabaseNotFound`; `JET_errMissingFileToBackup` and those of opening a log, ending the backup.
    pub fn open_backup_file(&self, name: Result<Option<PathBuf>>, part: StreamPart) -> Result<OpenedFile> {
        let mut desk = self.backup.lock();
        let session = self.backup.local(&mut desk)?;
        if matches!(name, Ok(None)) {
            return refused(JetError::INVALID_PARAMETER, "no name");
        }
        if session.slot.is_some() {
            return refused(JetError::OUT_OF_MEMORY, "a file of the backup is open already");
        }
        let invalid = |_| Error::refused(JetError::INVALID_PATH, "the name is no path");
        let path = name.map_err(invalid)?.unwrap_or_default();
        let path = self.settings().host.file_system.full_path(&path);
        let opened = match self.database_at(&path) {
            Some(database) if database.is_logged() && database.catalog().is_ok() => {
                self.open_database(session, &database, part)
            }
            _ => self.open_other(session, &path, part),
        };
        match opened {
            Ok(file) => {
                let opened = OpenedFile { handle: FILE_HANDLE, bytes: file.bytes };
                session.slot = Some(Arc::new(Slot { session: session.id, file: Mutex::new(file) }));
                Ok(opened)
            }
            Err(Refused::GoesOn(error)) => Err(error),
            Err(Refused::Cancels(error)) => {
                self.cancel_locked(&mut desk, error.jet());
                Err(error)
            }
        }
    }

    fn open_database(
        &self,
        session: &mut Session,
        database: &Arc<AttachedDatabase>,
        part: StreamPart,
    ) -> std::result::Result<OpenFile, Refused> {
        let path = database.path().to_path_buf();
        if session.extent == Extent::LogsOnly || session.status == Status::Logs {
            let about = format!("{}: it is the logs' turn", path.display());
            return Err(Refused::Cancels(Error::refused(JetError::INVALID_BACKUP_SEQUENCE, about)));
        }
        let Some(log) = self.log() else {
            return Err(Refused::GoesOn(Error::refused(JetError::LOGGING_DISABLED, "no log")));
        };
        let stream = DatabaseStream::open(database, log, session.mark, session.copy.start, part)
            .map_err(Refused::GoesOn)?;
        let part = session.part(database);
        part.in_session = true;
        part.streamed = None;
        let bytes = stream.bytes();
        let megabytes = bytes >> 20;
        tracing::info!(event = 220, path = %shown(&path), megabytes, "a file is backed up");
        let text = format!("Start backup file {}, size {megabytes} Mb", path.display());
        super::journal::trace(log, self.now(), &text);
        let read = stream.offset();
        Ok(OpenFile { path, source: Source::Database(Box::new(stream)), bytes, read })
    }

    /// A log or a patch file.
    fn open_other(
        &self,
        session: &Session,
        path: &Path,
        part: StreamPart,
    ) -> std::result::Result<OpenFile, Refused> {
        if session.status == Status::Databases {
            let about = format!("{} is not attached", path.display());
            return Err(Refused::GoesOn(Error::refused(JetError::DATABASE_NOT_FOUND, about)));
        }
        let Some(log) = self.log() else {
            return Err(Refused::GoesOn(Error::refused(JetError::LOGGING_DISABLED, "no log")));
        };
        let disk = &self.settings().host.file_system;
        let offset = match part {
            StreamPart::Whole => 0,
            StreamPart::From(offset) => offset,
        };
        if self.is_patch_file(path) {
            let file = disk.open(path, Access::Read).map_err(|error| missing(path, error))?;
            let bytes = file.length().map_err(Refused::Cancels)?;
            let source = Source::Patch { file, offset };
            return Ok(OpenFile { path: path.to_owned(), source, bytes, read: offset });
        }
        let generation = self.log_of_stream(log, path)?;
        let file = disk.open(path, Access::Read).map_err(|error| missing(path, error))?;
        let stream = LogStream::open(file, generation, offset).map_err(Refused::Cancels)?;
        let bytes = stream.bytes();
        Ok(OpenFile { path: path.to_owned(), source: Source::Log(stream), bytes, read: offset })
    }

    /// The generation of an archived log by its path (spec 07 §3.5 row 9, and §18 D11: nothing else is opened).
    fn log_of_stream(&self, log: &Log, path: &Path) -> std::result::Result<i32, Refused> {
        let disk = &self.settings().host.file_system;
        let folder = disk.full_path(&log.settings().folder);
        let name = path.file_name().and_then(|name| name.to_str());
        let is_log = path.extension().is_some_and(|extension| {
            extension.to_str().is_some_and(|text| text.eq_ignore_ascii_case(log.settings().extension.log()))
        });
        if path.parent() != Some(&*folder) || !is_log {
            let about = format!("{} is no file of the instance", path.display());
            return Err(Refused::GoesOn(Error::refused(JetError::INVALID_PATH, about)));
        }
        match name.and_then(|name| names::parse(&log.settings().base_name, name)) {
            Some(LogName::Archived { generation, .. }) => Ok(generation),
            _ => {
                let about = format!("{} is no archived log of the instance", path.display());
                Err(Refused::Cancels(Error::refused(JetError::INVALID_PARAMETER, about)))
            }
        }
    }

    fn is_patch_file(&self, path: &Path) -> bool {
        self.databases_to_back_up().iter().any(|database| {
            path.extension().is_some_and(|extension| extension == "pat")
                && database.path().with_extension("pat") == *path
        })
    }

    /// Reads on in the open file, as many bytes as there are, and no more than `buffer` holds; 0 behind its end
    /// (JetReadFileInstance). A page with one wrong bit is put right in the buffer.
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errBackupAbortByServer`; `JET_errInvalidParameter` for a handle that is not open, a buffer
    /// that is no number of pages, an empty one, or one that is too small for the first read. A damaged page gives its own
    /// error (`JET_errReadVerifyFailure`), and its database leaves the backup; a damaged log
    /// (`JET_errLogReadVerifyFailure`) ends it.
    pub fn read_backup_file(&self, handle: usize, buffer: &mut [u8]) -> Result<usize> {
        let slot = self.slot_of(handle)?;
        let page_bytes = self.settings().page_size.bytes();
        let mut file = slot.file.lock();
        let file = &mut *file;
        let pages = buffer.len() / page_bytes;
        let first = file.read == 0;
        let least = match &file.source {
            Source::Database(_) if first => FIRST_DATABASE_PAGES,
            Source::Log(_) if first => FIRST_LOG_PAGES,
            _ => 1,
        };
        if !buffer.len().is_multiple_of(page_bytes) || pages < least {
            return refused(JetError::INVALID_PARAMETER, format!("a buffer of {} bytes", buffer.len()));
        }
        let read = match &mut file.source {
            Source::Database(stream) => stream.read(buffer, &self.backup.stop_flag()),
            Source::Log(stream) => stream.read(buffer),
            Source::Patch { file, offset } => file.read_at(buffer, *offset).inspect(|count| {
                *offset = offset.saturating_add(*count as u64);
            }),
        };
        match read {
            Ok(count) => {
                file.read = file.read.saturating_add(count as u64);
                Ok(count)
            }
            Err(error) => {
                let is_database = matches!(file.source, Source::Database(_));
                self.reading_failed(&slot, &file.path, is_database, error)
            }
        }
    }

    fn slot_of(&self, handle: usize) -> Result<Arc<Slot>> {
        let mut desk = self.backup.lock();
        let session = self.backup.local(&mut desk)?;
        match &session.slot {
            Some(slot) if handle == FILE_HANDLE => Ok(Arc::clone(slot)),
            _ => refused(JetError::INVALID_PARAMETER, format!("no file of the backup has handle {handle}")),
        }
    }

    /// A database that cannot be read leaves the backup; a log that cannot be read ends it (spec 07 §3.6).
    fn reading_failed(&self, slot: &Slot, path: &Path, is_database: bool, error: Error) -> Result<usize> {
        let stopped = error.jet() == JetError::BACKUP_ABORT_BY_SERVER;
        let mut desk = self.backup.lock();
        let Some(session) = desk.as_mut().filter(|session| session.id == slot.session) else {
            return Err(error);
        };
        if stopped {
            return Err(error);
        }
        if is_database {
            tracing::error!(event = 217, path = %shown(path), %error, "a database cannot be backed up");
            session.slot = None;
            if let Some(part) = session.parts.iter_mut().find(|part| **part.database.path() == *path) {
                part.in_session = false;
                part.streamed = None;
            }
        } else {
            tracing::error!(event = 218, path = %shown(path), %error, "a file cannot be backed up");
            self.cancel_locked(&mut desk, error.jet());
        }
        Err(error)
    }

    /// Closes the open file (JetCloseFileInstance). One that was read to its end counts as backed up.
    ///
    /// # Errors
    /// `JET_errNoBackup`, `JET_errInvalidParameter` for a handle that is not open.
    pub fn close_backup_file(&self, handle: usize) -> Result<()> {
        let slot = {
            let mut desk = self.backup.lock();
            let session = local(&mut desk)?;
            let slot = if handle == FILE_HANDLE { session.slot.take() } else { None };
            let about =
                || Error::refused(JetError::INVALID_PARAMETER, format!("handle {handle} is not open"));
            slot.ok_or_else(about)?
        };
        let file = slot.file.lock();
        let mut desk = self.backup.lock();
        let Some(session) = desk.as_mut().filter(|session| session.id == slot.session) else {
            return Ok(());
        };
        if file.read < file.bytes {
            let path = shown(&file.path);
            let (read, bytes) = (file.read, file.bytes);
            tracing::warn!(event = 222, %path, read, bytes, "a file was closed before its end");
            return Ok(());
        }
        match &file.source {
            Source::Database(stream) => {
                session.part(stream.database()).streamed = stream.trailer();
                tracing::info!(event = 221, path = %shown(&file.path), "a file was backed up");
                if let Some(log) = self.log() {
                    let text = format!("Stop backup file {}", file.path.display());
                    super::journal::trace(log, self.now(), &text);
                }
            }
            Source::Log(stream) if session.copy.contains(&stream.generation()) => {
                session.copied_sum =
                    session.copied_sum.saturating_add(stream.generation().unsigned_abs().into());
            }
            Source::Log(_) | Source::Patch { .. } => {}
        }
        Ok(())
    }
}

/// What becomes of the backup after a file could not be opened.
enum Refused {
    GoesOn(Error),
    Cancels(Error),
}

/// A file that is to be backed up and is not there.
fn missing(path: &Path, error: Error) -> Refused {
    if error.jet() != JetError::FILE_NOT_FOUND {
        return Refused::Cancels(error);
    }
    tracing::error!(event = 459, path = %shown(path), "a log that the backup needs is missing");
    let about = format!("{} is missing", path.display());
    Refused::Cancels(Error::refused(JetError::MISSING_FILE_TO_BACKUP, about))
}

impl Session {
    /// Refuses what cannot be done while a file is open.
    pub(super) fn check_nothing_open(&self) -> Result<()> {
        if self.slot.is_some() {
            return refused(JetError::INVALID_BACKUP_SEQUENCE, "a file of the backup is open");
        }
        debug_assert_eq!(self.holder, BackupHolder::Local);
        Ok(())
    }
}
