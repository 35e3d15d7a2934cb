//! A whole backup in one call, for programs in Rust: the same calls that a backup client in C makes, in their order
//! (spec 07 §3.14).

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::JetError;

use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::io::{Existing, File, FileSystem};

use super::{BeginOptions, EndOptions, FILE_HANDLE, StreamPart, refused};

/// Bytes that are read at once: few enough to be in the processor's cache still when the sink takes them.
const CHUNK_BYTES: usize = 256 << 10;

/// What a backup takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKind {
    /// Databases, and the logs that make them whole.
    Full,
    /// The logs that are there.
    LogsOnly,
}

/// What becomes of logs that nobody needs once the backup is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTruncation {
    /// They are deleted: a full or an incremental backup.
    Deleted,
    /// They stay: a copy or a differential backup.
    Kept,
}

/// What backup to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamRequest {
    /// Databases too, or logs only.
    pub kind: BackupKind,
    /// What becomes of logs.
    pub truncation: LogTruncation,
}

/// A file of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupFile<'p> {
    /// A database, by where it is.
    Database(&'p Path),
    /// A log, by where it is.
    Log(&'p Path),
}

impl<'p> BackupFile<'p> {
    /// Where the instance has it.
    #[must_use]
    pub fn path(self) -> &'p Path {
        match self {
            Self::Database(path) | Self::Log(path) => path,
        }
    }
}

/// Takes the bytes of a backup. An error ends the backup, and nothing is truncated.
pub trait BackupSink: fmt::Debug {
    /// A file of this length begins.
    ///
    /// # Errors
    /// End the backup.
    fn begin_file(&mut self, file: BackupFile<'_>, bytes: u64) -> Result<()>;

    /// Its next bytes.
    ///
    /// # Errors
    /// End the backup.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// It is complete.
    ///
    /// # Errors
    /// End the backup.
    fn end_file(&mut self) -> Result<()>;

    /// All files are: what was written is durable when this returns. Logs are truncated behind it.
    ///
    /// # Errors
    /// End the backup.
    fn complete(&mut self) -> Result<()>;
}

/// What a backup took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The databases.
    pub databases: Vec<PathBuf>,
    /// The generations of the logs, the upper end not among them.
    pub generations: Range<i32>,
    /// The base name of the logs.
    pub base_name: String,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Instance {
    /// Makes a backup. When it fails it is ended as aborted, and headers and logs are as they were.
    ///
    /// # Errors
    /// Those of the calls it is made of, and of the sink.
    pub fn stream_backup(&self, request: StreamRequest, sink: &mut dyn BackupSink) -> Result<BackupReport> {
        let options = match request.kind {
            BackupKind::Full => BeginOptions::empty(),
            BackupKind::LogsOnly => BeginOptions::INCREMENTAL,
        };
        self.begin_external_backup(options)?;
        let made = self.stream_files(request, sink).and_then(|report| {
            self.end_external_backup(EndOptions::NORMAL)?;
            Ok(report)
        });
        if made.is_err()
            && let Err(error) = self.end_external_backup(EndOptions::ABORT)
            && error.jet() != JetError::NO_BACKUP
        {
            tracing::warn!("a failed backup did not end: {error}");
        }
        made
    }

    fn stream_files(&self, request: StreamRequest, sink: &mut dyn BackupSink) -> Result<BackupReport> {
        let mut buffer = vec![0; CHUNK_BYTES.max(3 * self.settings().page_size.bytes())];
        let mut bytes = 0;
        let databases = match request.kind {
            BackupKind::Full => self.backup_databases()?,
            BackupKind::LogsOnly => Vec::new(),
        };
        for path in &databases {
            bytes += self.stream_file(BackupFile::Database(path), sink, &mut buffer)?;
        }
        let logs = self.backup_logs()?;
        for path in &logs.paths {
            bytes += self.stream_file(BackupFile::Log(path), sink, &mut buffer)?;
        }
        sink.complete()?;
        if request.truncation == LogTruncation::Deleted {
            self.truncate_logs()?;
        }
        Ok(BackupReport { databases, generations: logs.generations, base_name: logs.base_name, bytes })
    }

    fn stream_file(&self, file: BackupFile<'_>, sink: &mut dyn BackupSink, buffer: &mut [u8]) -> Result<u64> {
        let opened = self.open_backup_file(Ok(Some(file.path().to_owned())), StreamPart::Whole)?;
        sink.begin_file(file, opened.bytes)?;
        loop {
            let count = self.read_backup_file(FILE_HANDLE, buffer)?;
            if count == 0 {
                break;
            }
            sink.write(buffer.get(..count).unwrap_or_default())?;
        }
        self.close_backup_file(FILE_HANDLE)?;
        sink.end_file()?;
        Ok(opened.bytes)
    }
}

/// Writes a backup into a folder, each file under its own name; two files of one name are an error.
#[derive(Debug)]
pub struct FolderSink {
    disk: Arc<dyn FileSystem>,
    folder: PathBuf,
    file: Option<(Arc<dyn File>, u64)>,
}

impl FolderSink {
    /// A sink for this folder, which is there and holds none of the files.
    #[must_use]
    pub fn new(disk: Arc<dyn FileSystem>, folder: impl Into<PathBuf>) -> Self {
        Self { disk, folder: folder.into(), file: None }
    }

    fn file(&mut self) -> Result<&mut (Arc<dyn File>, u64)> {
        let none = || Error::refused(JetError::INTERNAL_ERROR, "bytes of a backup without a file");
        self.file.as_mut().ok_or_else(none)
    }
}

impl BackupSink for FolderSink {
    fn begin_file(&mut self, file: BackupFile<'_>, _bytes: u64) -> Result<()> {
        let path = file.path();
        let Some(name) = path.file_name() else {
            return refused(JetError::INVALID_PATH, format!("{} has no name", path.display()));
        };
        self.file = Some((self.disk.create(&self.folder.join(name), Existing::Keep)?, 0));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (file, offset) = self.file()?;
        file.write_at(bytes, *offset)?;
        *offset += bytes.len() as u64;
        Ok(())
    }

    fn end_file(&mut self) -> Result<()> {
        self.file()?.0.sync()?;
        self.file = None;
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        Ok(())
    }
}
