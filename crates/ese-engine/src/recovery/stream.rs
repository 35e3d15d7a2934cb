//! The generations of the stream in their order: which file holds the next one, and whether it follows
//! (spec 06 §9.3).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::log::header::LogHeader;

use crate::error::{Error, Result};
use crate::io::FileSystem;
use crate::log::{Generation, LastFile, LogFolder, LogSettings};

/// A generation that is redone.
#[derive(Debug)]
pub(super) struct OpenGeneration {
    pub(super) generation: Generation,
    pub(super) header: Box<LogHeader>,
    pub(super) file: LastFile,
}

/// The files of the stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) disk: Arc<dyn FileSystem>,
    pub(super) settings: LogSettings,
    pub(super) folder: LogFolder,
}

/// What is behind a generation.
#[derive(Debug)]
pub(super) enum Next {
    /// This one.
    Generation(Box<OpenGeneration>),
    /// Nothing: it was the current log.
    End,
    /// No file, though the current log was not met.
    Missing,
}

impl Stream {
    /// The path an archived generation has, or would have.
    pub(super) fn archive_path(&self, generation: i32) -> PathBuf {
        let known = self.folder.archives().get(&generation).cloned();
        known.unwrap_or_else(|| self.settings.archived_path(generation))
    }

    /// The path the current log has, or would have.
    pub(super) fn current_path(&self) -> PathBuf {
        self.folder.current().map_or_else(|| self.settings.current_path(), Path::to_owned)
    }

    /// Opens a file of the stream.
    pub(super) fn open(&self, path: &Path, file: LastFile) -> Result<OpenGeneration> {
        let generation = Generation::read(&*self.disk, path)?;
        let header = Box::new(*generation.log()?.header());
        self.check_page_size(&header, path)?;
        Ok(OpenGeneration { generation, header, file })
    }

    /// Opens an archived generation; its header must be of that generation.
    pub(super) fn open_archive(&self, generation: i32) -> Result<OpenGeneration> {
        let path = self.archive_path(generation);
        let opened = self.open(&path, LastFile::Archived)?;
        let stored = opened.header.generation.get();
        if stored != generation {
            let about = format!("{} holds generation {stored:#x}", path.display());
            return Err(Error::refused(JetError::LOG_GENERATION_MISMATCH, about));
        }
        Ok(opened)
    }

    fn check_page_size(&self, header: &LogHeader, path: &Path) -> Result<()> {
        if header.page_size() == Some(self.settings.page_size) {
            return Ok(());
        }
        let about = format!("{} is of pages of {:?}", path.display(), header.page_size());
        Err(Error::refused(JetError::PAGE_SIZE_MISMATCH, about))
    }

    /// Checks that `next` is the generation behind `previous` (spec 05 §4.4).
    pub(super) fn check_follows(previous: &OpenGeneration, next: &OpenGeneration) -> Result<()> {
        let failed = |error| Error::format(next.generation.path(), error);
        next.header.check_follows(&previous.header).map_err(failed)?;
        let accumulated = previous.generation.log()?.accumulated_checksum();
        next.header.check_previous_checksum(accumulated).map_err(failed)
    }
}
