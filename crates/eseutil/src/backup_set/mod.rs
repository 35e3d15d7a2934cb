//! A folder with a backup set: which databases and logs are in it, by what their headers say. Reads headers alone and changes nothing.
//!
//! Invariants: files are told apart by their headers, never by trust in their names; a link is not followed out of the folder
//! unless it leads to a regular file, which is only read; what cannot be understood is a [`Flaw`] that names the file.

mod chain;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ese_engine::io::{FileSystem, OsFileSystem};
use ese_format::database_header::DatabaseHeader;
use ese_format::error::{FileKind, JetError};
use ese_format::log::LogHeader;
use ese_format::log::names::{self, LogExtension, LogName};
use ese_format::logtime::Logtime;
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use ese_format::trailer::Trailer;

use crate::failure::{CommandResult, Failure};
use crate::source_file::SourceFile;

pub(crate) use chain::{Chain, Reach};

/// Files of a set that are looked at: more is no backup set.
const FILES_MAX: usize = 1_000_000;
/// Extensions that databases have; a file with one of them that has no sound header is damaged.
const DATABASE_EXTENSIONS: [&str; 6] = ["edb", "dat", "mdb", "sdb", "dit", "vedb"];

/// Something wrong with a set.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// What is wrong, with the file and the place in it.
    pub(crate) failure: Failure,
}

/// What makes a database file a part of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyForm {
    /// As it was streamed, with its trailer.
    Raw,
    /// A restore has begun with it.
    Adopted,
    /// An ordinary database, no backup copy.
    Ordinary,
}

/// A database of a set.
#[derive(Debug)]
pub(crate) struct SetDatabase {
    pub(crate) path: PathBuf,
    /// The file name.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) page_size: PageSize,
    pub(crate) identity: Signature,
    pub(crate) stream: Signature,
    pub(crate) form: CopyForm,
    /// The generations without which it is worthless.
    pub(crate) needed: (i32, i32),
    /// When its backup was begun.
    pub(crate) marked: Logtime,
    /// What is wrong with its trailer.
    pub(crate) is_sound: bool,
}

/// A log of a set.
#[derive(Debug)]
pub(crate) struct SetLog {
    pub(crate) path: PathBuf,
    pub(crate) generation: i32,
    pub(crate) bytes: u64,
    pub(crate) created: Logtime,
    pub(crate) previous_created: Logtime,
    pub(crate) stream: Signature,
    pub(crate) page_size: Option<PageSize>,
    pub(crate) is_circular: bool,
    /// Where each database was when it was attached, and its identity.
    pub(crate) attachments: Vec<(Signature, String)>,
    /// The checksum over all its segments, of one that was read to its end.
    pub(crate) accumulated: Option<u64>,
    /// What that of the log before was when this one was begun; older versions did not write it down.
    pub(crate) previous_accumulated: Option<u64>,
    pub(crate) is_sound: bool,
}

/// What is in a folder.
#[derive(Debug)]
pub(crate) struct BackupSet {
    pub(crate) folder: PathBuf,
    pub(crate) base_name: Option<String>,
    pub(crate) extension: LogExtension,
    pub(crate) databases: Vec<SetDatabase>,
    pub(crate) logs: BTreeMap<i32, SetLog>,
    pub(crate) flaws: Vec<Flaw>,
    /// Files that are no part of a backup.
    pub(crate) other_files: Vec<String>,
}

/// The first and the last of some generations.
pub(crate) fn range_text((low, high): (i32, i32)) -> String {
    format!("0x{low:X}-0x{high:X}")
}

impl BackupSet {
    /// Looks into a folder; where it has no set itself into `new` or `old` in it, where JetBackup leaves one (spec 07 §9.2).
    ///
    /// # Errors
    /// JET_errInvalidPath where there is no folder; those of listing it.
    pub(crate) fn read(folder: &Path) -> CommandResult<Self> {
        let set = Self::read_itself(folder)?;
        if set.has_something() {
            return Ok(set);
        }
        let below = ["new", "old"].map(|name| folder.join(name));
        for folder in below.iter().filter(|folder| folder.is_dir() && !OsFileSystem.leads_out(folder)) {
            let found = Self::read_itself(folder)?;
            if found.has_something() {
                return Ok(found);
            }
        }
        Ok(set)
    }

    fn has_something(&self) -> bool {
        !(self.databases.is_empty() && self.logs.is_empty() && self.flaws.is_empty())
    }

    fn read_itself(folder: &Path) -> CommandResult<Self> {
        if !folder.is_dir() {
            let what = if folder.exists() { "is no folder" } else { "there is no such folder" };
            return Err(Failure::of_file(JetError::INVALID_PATH, folder).with_detail(what));
        }
        let mut set = Self {
            folder: folder.to_owned(),
            base_name: None,
            extension: LogExtension::Log,
            databases: Vec::new(),
            logs: BTreeMap::new(),
            flaws: Vec::new(),
            other_files: Vec::new(),
        };
        for path in files_of(folder)? {
            set.add(&path);
        }
        set.check_one_stream();
        Ok(set)
    }

    fn flaw(&mut self, failure: Failure) {
        self.flaws.push(Flaw { failure });
    }

    fn add(&mut self, path: &Path) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let looked = SourceFile::open(path).and_then(|file| Ok((file.kind()?, file)));
        let (kind, file) = match looked {
            Ok(looked) => looked,
            Err(failure) => return self.flaw(failure.about(path)),
        };
        let stem_and_log = base_of(&name);
        match kind {
            Some(FileKind::Database) if !is_flush_map_or_patch(&name) => match read_database(&file, &name) {
                Ok((database, flaw)) => {
                    self.databases.push(database);
                    self.flaws.extend(flaw.map(|failure| Flaw { failure }));
                }
                Err(failure) => self.flaw(failure.about(path)),
            },
            Some(FileKind::Log) => match stem_and_log {
                Some((base, LogName::Archived { generation, extension, .. })) => {
                    self.add_log(&file, &base, generation, extension);
                }
                _ => self.other_files.push(name),
            },
            _ => match stem_and_log {
                Some((_, LogName::Archived { .. })) => {
                    let failure = LogHeader::read(&file.probe().unwrap_or_default()).err().map_or_else(
                        || Failure::of_file(JetError::LOG_FILE_CORRUPT, path).with_detail("is no log"),
                        |error| Failure::of_format(error, path),
                    );
                    self.flaw(failure);
                }
                _ if has_database_extension(&name) => {
                    let failure = file.header().err().unwrap_or_else(|| {
                        Failure::of_file(JetError::DATABASE_CORRUPTED, path)
                            .with_detail("has no sound header")
                    });
                    self.flaw(failure.about(path));
                }
                _ => self.other_files.push(name),
            },
        }
    }

    fn add_log(&mut self, file: &SourceFile, base: &str, generation: i32, extension: LogExtension) {
        let path = file.path();
        let known = self.base_name.get_or_insert_with(|| base.to_owned());
        if !known.eq_ignore_ascii_case(base) {
            let what = format!("is a log of base name {base}, the set has logs of base name {known}");
            return self.flaw(Failure::of_file(JetError::INVALID_PARAMETER, path).with_detail(what));
        }
        self.extension = extension;
        let log = match read_log(file, generation) {
            Ok(log) => log,
            Err(failure) => return self.flaw(failure.about(path)),
        };
        if self.logs.insert(generation, log).is_some() {
            let what = format!("generation 0x{generation:X} is there twice");
            self.flaw(Failure::of_file(JetError::INVALID_LOG_SEQUENCE, path).with_detail(what));
        }
    }

    /// Logs of a set are of one stream and one size, and follow one another.
    fn check_one_stream(&mut self) {
        let mut wrong = Vec::new();
        let logs: Vec<&SetLog> = self.logs.values().collect();
        for pair in logs.windows(2) {
            let [before, log] = pair else { continue };
            let failed = |jet, what: String| Failure::of_file(jet, &log.path).with_detail(what);
            if log.stream != before.stream {
                wrong.push(failed(
                    JetError::BAD_LOG_SIGNATURE,
                    "is of another log stream than the log before".into(),
                ));
            } else if log.generation != before.generation.saturating_add(1) {
                let gap = (before.generation.saturating_add(1), log.generation.saturating_sub(1));
                let what = format!("logs {} before it are missing", range_text(gap));
                wrong.push(failed(JetError::MISSING_RESTORE_LOG_FILES, what));
            } else if log.previous_created != before.created {
                let what = "does not follow the log before: it names another creation time".into();
                wrong.push(failed(JetError::GIVEN_LOG_FILE_IS_NOT_CONTIGUOUS, what));
            } else if log.bytes != before.bytes {
                wrong.push(failed(
                    JetError::LOG_FILE_SIZE_MISMATCH,
                    "has another size than the log before".into(),
                ));
            }
        }
        self.flaws.extend(wrong.into_iter().map(|failure| Flaw { failure }));
    }

    /// The first and the last log.
    pub(crate) fn range(&self) -> Option<(i32, i32)> {
        Some((*self.logs.first_key_value()?.0, *self.logs.last_key_value()?.0))
    }
}

/// The regular files of a folder, in the order of their names.
fn files_of(folder: &Path) -> CommandResult<Vec<PathBuf>> {
    let of_io = |error: &std::io::Error| Failure::of_io(error, folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| of_io(&error))? {
        let path = entry.map_err(|error| of_io(&error))?.path();
        if OsFileSystem.leads_out(&path) {
            let what = "is a link that leads out of its folder: a set has its files itself";
            return Err(Failure::of_file(JetError::INVALID_PATH, &path).with_detail(what));
        }
        if path.is_file() {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            let what = format!("more than {FILES_MAX} files: no backup set");
            return Err(Failure::of_file(JetError::INVALID_PATH, folder).with_detail(what));
        }
    }
    files.sort();
    Ok(files)
}

/// The base name of a file of a log stream, and which one it is.
fn base_of(name: &str) -> Option<(String, LogName)> {
    let base = name.get(..3)?;
    names::parse(base, name).map(|log| (base.to_owned(), log))
}

fn extension_of(name: &str) -> String {
    Path::new(name)
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

fn has_database_extension(name: &str) -> bool {
    DATABASE_EXTENSIONS.contains(&extension_of(name).as_str())
}

fn is_flush_map_or_patch(name: &str) -> bool {
    ["jfm", "pat"].contains(&extension_of(name).as_str())
}

/// A database, and what is wrong with its trailer.
fn read_database(file: &SourceFile, name: &str) -> CommandResult<(SetDatabase, Option<Failure>)> {
    let header = file.header()?.header;
    let fields = &header.fields;
    let info = fields.backup_full_current;
    let (form, trailer) = if header.needs_trailer() {
        (CopyForm::Raw, Some(trailer_of(file, &header)))
    } else if header.is_backup_copy() {
        (CopyForm::Adopted, None)
    } else {
        (CopyForm::Ordinary, None)
    };
    let (backup, flaw) = match trailer {
        Some(Ok(trailer)) => (trailer.backup, None),
        Some(Err(failure)) => (info, Some(failure)),
        None => (info, None),
    };
    let generation = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let database = SetDatabase {
        path: file.path().to_owned(),
        name: name.to_owned(),
        bytes: file.length(),
        page_size: header.page_size(),
        identity: fields.database_signature,
        stream: fields.log_signature,
        form,
        needed: (generation(backup.generation_low.get()), generation(backup.generation_high.get())),
        marked: info.time,
        is_sound: flaw.is_none(),
    };
    Ok((database, flaw))
}

/// The trailer page of a raw copy, which must be its own.
fn trailer_of(file: &SourceFile, header: &DatabaseHeader) -> CommandResult<Trailer> {
    let size = header.page_size();
    let bytes = size.bytes() as u64;
    let offset = (file.length() / bytes).saturating_sub(1).saturating_mul(bytes);
    let page = file.bytes_at(offset, size.bytes())?;
    Trailer::decode(&page, size)
        .and_then(|trailer| trailer.check_belongs_to(header).map(|()| trailer))
        .map_err(|error| Failure::of_format(error.offset_by(offset), file.path()))
}

fn read_log(file: &SourceFile, named: i32) -> CommandResult<SetLog> {
    let path = file.path();
    let probe = file.probe()?;
    let header = LogHeader::read(&probe).map_err(|error| Failure::of_format(error, path))?;
    let generation = header.generation.get();
    if generation != named {
        let what = format!("is generation 0x{generation:X}, its name says 0x{named:X}");
        return Err(Failure::of_file(JetError::INVALID_LOG_SEQUENCE, path).with_detail(what));
    }
    if file.length() != header.file_bytes() {
        let what = format!("has {} bytes, its header says {}", file.length(), header.file_bytes());
        return Err(Failure::of_file(JetError::LOG_FILE_SIZE_MISMATCH, path).with_detail(what));
    }
    let attachments = header.attachments().filter_map(Result::ok);
    Ok(SetLog {
        path: path.to_owned(),
        generation,
        bytes: file.length(),
        created: header.created,
        previous_created: header.previous_created,
        stream: header.signature,
        page_size: header.page_size(),
        is_circular: header.parameters.is_circular(),
        attachments: attachments
            .map(|attached| (attached.info.database_signature, attached.path.to_text().into_owned()))
            .collect(),
        accumulated: None,
        previous_accumulated: header
            .version()
            .has_accumulated_checksum()
            .then(|| header.previous_accumulated_checksum.get()),
        is_sound: true,
    })
}
