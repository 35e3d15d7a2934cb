//! The generations of the stream in their order: which file holds the next one, and whether it follows
//! (spec 06 §9.3).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use ese_format::error::{FormatError, JetError};
use ese_format::log::header::LogHeader;
use ese_format::log::names;
use ese_format::page_size::PageSize;

use super::backup_copy::GenerationRange;
use super::progress::{COARSE_FROM_HARD, COARSE_FROM_SOFT, ProgressMeter};
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
    /// Folders that hold the beginning of the stream, in their order: a restore has its logs from there.
    pub(super) earlier: Vec<EarlierLogs>,
    /// The logs of the set, where a backup is restored.
    pub(super) set: Option<GenerationRange>,
}

/// Whose logs a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EarlierOwner {
    /// A backup's: one behind its last is asked for as well.
    Backup,
    /// A running instance's: one behind the last is none of ours.
    Target,
}

/// A folder with logs of the beginning of the stream.
#[derive(Clone, Debug)]
pub(super) struct EarlierLogs {
    pub(super) path: PathBuf,
    pub(super) folder: LogFolder,
    /// The last generation that is taken from here.
    pub(super) last: i32,
    pub(super) owner: EarlierOwner,
}

impl EarlierLogs {
    /// Whether this generation is looked for here.
    pub(super) fn is_asked_for(&self, generation: i32) -> bool {
        self.owner == EarlierOwner::Backup || generation <= self.last
    }

    /// The file of a generation that is taken from here.
    pub(super) fn holds(&self, generation: i32) -> Option<&PathBuf> {
        self.folder.archives().get(&generation).filter(|_| generation <= self.last)
    }
}

/// A generation that another thread reads.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    reading: Option<(PathBuf, JoinHandle<Result<Generation>>)>,
}

impl Prefetch {
    /// Begins to read a file. Without a thread nothing is lost but time.
    pub(super) fn begin(&mut self, disk: &Arc<dyn FileSystem>, path: &Path) {
        let (disk, file) = (Arc::clone(disk), path.to_owned());
        let thread = std::thread::Builder::new().name("log read-ahead".into());
        let reading = thread.spawn(move || Generation::read(&*disk, &file));
        self.reading = reading.ok().map(|reading| (path.to_owned(), reading));
    }

    /// What was read, where it is this file.
    pub(super) fn take(&mut self, path: &Path) -> Option<Result<Generation>> {
        let (read, thread) = self.reading.take()?;
        // A thread that panicked read nothing.
        if read == path { thread.join().ok() } else { None }
    }
}

/// A generation that is not there at the moment counts as one more than are known.
const UNKNOWN_LAST: i64 = 2;

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
        self.opened(Generation::read(&*self.disk, path)?, file)
    }

    /// Opens an archived generation; its header must be of that generation.
    pub(super) fn open_archive(&self, generation: i32) -> Result<OpenGeneration> {
        let path = self.archive_path(generation);
        self.opened_archive(Generation::read(&*self.disk, &path)?, generation)
    }

    /// An archived generation that was read.
    pub(super) fn opened_archive(&self, read: Generation, generation: i32) -> Result<OpenGeneration> {
        let path = Arc::clone(read.path());
        let opened = self.opened(read, LastFile::Archived)?;
        let stored = opened.header.generation.get();
        if stored != generation {
            let about = format!("{} holds generation {stored:#x}", path.display());
            return Err(Error::refused(JetError::LOG_GENERATION_MISMATCH, about));
        }
        Ok(opened)
    }

    fn opened(&self, generation: Generation, file: LastFile) -> Result<OpenGeneration> {
        let header = Box::new(*generation.log()?.header());
        self.check_page_size(&header, generation.path())?;
        Ok(OpenGeneration { generation, header, file })
    }

    /// The path that an archived generation has, or would have, in a folder with the beginning of the stream.
    pub(super) fn archive_path_in(&self, earlier: &EarlierLogs, generation: i32) -> PathBuf {
        let known = earlier.folder.archives().get(&generation).cloned();
        known.unwrap_or_else(|| {
            let settings = &self.settings;
            let name =
                names::archived_log(&settings.base_name, generation, settings.digits, settings.extension);
            earlier.path.join(name)
        })
    }

    /// The file of an archived generation, looked for from a folder on.
    pub(super) fn archive_from(&self, source: usize, generation: i32) -> Option<&Path> {
        let earlier = self.earlier.get(source..).unwrap_or_default();
        let found = earlier.iter().find_map(|earlier| earlier.holds(generation));
        found.or_else(|| self.folder.archives().get(&generation)).map(PathBuf::as_path)
    }

    /// Measures the way from a generation to the last one that is known.
    pub(super) fn progress_meter(&self, begin: i32) -> ProgressMeter {
        let last_known = self.folder.archives().last_key_value().map(|(generation, _)| *generation);
        let way = |to: i32| i64::from(to.max(begin)) - i64::from(begin);
        match self.set {
            Some(GenerationRange { high, .. }) => {
                let last = high.max(last_known.unwrap_or(high));
                let with_current = i64::from(self.folder.current().is_some());
                ProgressMeter::new(begin, way(last) + 1 + with_current, COARSE_FROM_HARD)
            }
            None => {
                ProgressMeter::new(begin, way(last_known.unwrap_or(begin)) + UNKNOWN_LAST, COARSE_FROM_SOFT)
            }
        }
    }

    fn check_page_size(&self, header: &LogHeader, path: &Path) -> Result<()> {
        if header.page_size() == Some(self.settings.page_size) {
            return Ok(());
        }
        let bytes = header.page_size().map_or(0, PageSize::bytes);
        let about = format!("{} is of pages of {bytes} bytes", path.display());
        Err(Error::refused(JetError::PAGE_SIZE_MISMATCH, about))
    }

    /// Checks that `next` is the generation behind `previous` (spec 05 §4.4). Where the checksum over all segments is another
    /// than `next` has written down, `previous` is the one that changed: the header of `next` has a checksum of its own.
    pub(super) fn check_follows(previous: &OpenGeneration, next: &OpenGeneration) -> Result<()> {
        let failed = |error| Error::format(next.generation.path(), error);
        next.header.check_follows(&previous.header).map_err(failed)?;
        let accumulated = previous.generation.log()?.accumulated_checksum();
        next.header.check_previous_checksum(accumulated).map_err(|error| {
            let (field, offset) = ("accumulated checksum", u64::from(previous.header.sector_bytes.get()));
            let about = FormatError::new(error.kind(), offset, field, error.problem().clone(), error.jet());
            Error::format(previous.generation.path(), about)
        })
    }
}
