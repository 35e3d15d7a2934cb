//! Which log stream a database belongs to: folder, base name, and what its logs say about how it is run.
//!
//! Invariant: a stream whose logs carry another signature than the database is never taken for its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ese_engine::io::{FileSystem, OsFileSystem};
use ese_engine::log::LogFolder;
use ese_format::error::JetError;
use ese_format::log::LogHeader;
use ese_format::log::names::{self, LogExtension, LogName};
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;

use crate::command_line::backup_restore::BackupOptions;
use crate::failure::{CommandResult, Failure};
use crate::source_file::SourceFile;

/// The base name of a stream that is begun.
const BASE_NAME_DEFAULT: &str = "edb";

/// The files of a stream.
#[derive(Debug)]
pub(super) struct StreamFiles {
    log_folder: PathBuf,
    system_folder: PathBuf,
    base_name: String,
    extension: LogExtension,
    has_eight_digits: bool,
    is_circular: bool,
    page_size: PageSize,
}

impl StreamFiles {
    /// Finds the stream of databases.
    ///
    /// # Errors
    /// JET_errInvalidPath without the folders, JET_errFileNotFound without logs, JET_errBadLogSignature for those of another stream,
    /// JET_errPageSizeMismatch for databases of several page sizes.
    pub(super) fn find(options: &BackupOptions, databases: &[PathBuf]) -> CommandResult<Self> {
        let first = databases.first().cloned().unwrap_or_default();
        let own_folder = first.parent().map(Path::to_owned).unwrap_or_default();
        let log_folder = folder_or(options.logs.as_deref(), &own_folder)?;
        let system_folder = folder_or(options.system.as_deref(), &log_folder)?;
        let (page_size, stream) = header_facts(&first)?;
        for other in databases {
            let (size, other_stream) = header_facts(other)?;
            if size != page_size {
                let what = format!(
                    "has pages of {} bytes, {} of {}",
                    size.bytes(),
                    first.display(),
                    page_size.bytes()
                );
                return Err(Failure::of_file(JetError::PAGE_SIZE_MISMATCH, other).with_detail(what));
            }
            if other_stream != stream {
                let what =
                    format!("belongs to another log stream than {}: back it up by itself", first.display());
                return Err(Failure::of_file(JetError::BAD_LOG_SIGNATURE, other).with_detail(what));
            }
        }
        let base_name = match &options.base {
            Some(base) => base.clone(),
            None => base_name_in(&log_folder, &stream)?.unwrap_or_else(|| BASE_NAME_DEFAULT.to_owned()),
        };
        let logs = LogFolder::scan(&OsFileSystem, &log_folder, &base_name, LogExtension::Log)
            .map_err(|error| Failure::of_engine(&error, &log_folder))?;
        let newest = logs.current().or_else(|| logs.archives().values().next_back().map(PathBuf::as_path));
        let mut files = Self {
            log_folder,
            system_folder,
            base_name,
            extension: logs.extension(),
            has_eight_digits: !logs.archives().is_empty() && !logs.has_five_digits(),
            is_circular: false,
            page_size,
        };
        match newest {
            Some(newest) => {
                let header = log_header(newest)?;
                if stream.is_set() && header.signature != stream {
                    let what = format!(
                        "belongs to another log stream than {}; where are its logs? (--logs)",
                        newest.display()
                    );
                    return Err(Failure::of_file(JetError::BAD_LOG_SIGNATURE, &first).with_detail(what));
                }
                files.is_circular = header.parameters.is_circular();
            }
            None if options.new_stream.is_wanted() => {}
            None => {
                let what = format!(
                    "there are no logs of {} in {}: name their folder with --logs, or begin new ones with --new-stream",
                    files.base_name,
                    files.log_folder.display()
                );
                return Err(Failure::of_file(JetError::MISSING_LOG_FILE, &first).with_detail(what));
            }
        }
        Ok(files)
    }

    pub(super) fn log_folder(&self) -> &Path {
        &self.log_folder
    }

    pub(super) fn system_folder(&self) -> &Path {
        &self.system_folder
    }

    pub(super) fn base_name(&self) -> &str {
        &self.base_name
    }

    pub(super) fn extension(&self) -> LogExtension {
        self.extension
    }

    pub(super) fn has_eight_digits(&self) -> bool {
        self.has_eight_digits
    }

    pub(super) fn is_circular(&self) -> bool {
        self.is_circular
    }

    pub(super) fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// The archived logs that are there now.
    pub(super) fn logs_now(&self) -> Vec<PathBuf> {
        LogFolder::scan(&OsFileSystem, &self.log_folder, &self.base_name, self.extension)
            .map(|logs| logs.archives().values().cloned().collect())
            .unwrap_or_default()
    }
}

fn folder_or(typed: Option<&str>, otherwise: &Path) -> CommandResult<PathBuf> {
    let folder = typed.map_or_else(|| otherwise.to_owned(), PathBuf::from);
    if !folder.is_dir() {
        return Err(Failure::of_file(JetError::INVALID_PATH, &folder).with_detail("there is no such folder"));
    }
    folder.canonicalize().map_err(|error| Failure::of_io(&error, &folder))
}

/// Page size and log signature of a database.
fn header_facts(path: &Path) -> CommandResult<(PageSize, Signature)> {
    let header = SourceFile::open(path)?.header().map_err(|failure| failure.about(path))?.header;
    Ok((header.page_size(), header.fields.log_signature))
}

fn log_header(path: &Path) -> CommandResult<LogHeader> {
    let probe = SourceFile::open(path)?.probe()?;
    LogHeader::read(&probe).copied().map_err(|error| Failure::of_format(error, path))
}

/// The base name of the logs in a folder: the only one, or that of the stream.
fn base_name_in(folder: &Path, stream: &Signature) -> CommandResult<Option<String>> {
    let paths = OsFileSystem.list(folder).map_err(|error| Failure::of_engine(&error, folder))?;
    let mut bases = BTreeSet::new();
    let mut own = BTreeSet::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(base) = name.get(..3) else { continue };
        if !matches!(names::parse(base, &name), Some(LogName::Current(_) | LogName::Archived { .. })) {
            continue;
        }
        if fs::metadata(&path).is_ok_and(|metadata| metadata.is_file())
            && log_header(&path).is_ok_and(|header| header.signature == *stream)
        {
            own.insert(base.to_owned());
        }
        bases.insert(base.to_owned());
    }
    let found = if own.is_empty() { &bases } else { &own };
    match found.len() {
        0 => Ok(None),
        1 => Ok(found.first().cloned()),
        _ => {
            let names: Vec<_> = found.iter().cloned().collect();
            let what =
                format!("has logs of several base names ({}): say which with --base", names.join(", "));
            Err(Failure::of_file(JetError::INVALID_PARAMETER, folder).with_detail(what))
        }
    }
}
