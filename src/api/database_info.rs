//! What programs ask about databases: attached ones by number, files by name (spec 08 §10.1, 09 §11.2).

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::instance::AttachedDatabase;
use ese_format::database_header::{DatabaseHeader, PROBE_BYTES, choose_header};
use ese_format::error::JetError;
use ese_format::file_type::FileType;
use widestring::U16String;

use super::answer::{DATABASE_HEADER_SIZES, bytes_of, database_header};
use super::argument::{Buffer, Text};
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::tables::bits::JET_bitDbExclusive;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::abi::text::{AnsiCodePage, ansi_of_wide};
use crate::runtime::call::with_database;
use crate::runtime::instance::AfterStop;
use crate::runtime::process;

/// The country, locale and code page of every database.
const COUNTRY: u32 = 1;
const LCID: u32 = 0x0409;
const CODE_PAGE: u32 = 1252;
/// Levels a transaction may nest.
const TRANSACTION_LEVELS: u32 = 7;
/// The format version of every database since Windows Vista.
const FORMAT_VERSION: u32 = 0x620;
/// The unit in which the operating system counts the blocks of a file.
const BLOCK_BYTES: u64 = 512;

/// In which form a name is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameForm {
    /// In bytes of code page 1252, as the original does here.
    Ansi,
    /// In UTF-16.
    Wide,
}

/// Writes a number into a buffer of exactly its size.
fn exactly(buffer: Buffer, value: u32, otherwise: JetError) -> CallResult {
    if buffer.bytes() != size_of::<u32>() {
        return Err(otherwise);
    }
    buffer.write(&value.to_ne_bytes()).map(|()| Completion::Success)
}

/// Writes the header's summary in the structure of the buffer's size.
fn header_summary(buffer: Buffer, header: &DatabaseHeader) -> CallResult {
    let bytes = DATABASE_HEADER_SIZES.iter().find(|bytes| **bytes == buffer.bytes());
    let bytes = bytes.ok_or(JetError::INVALID_BUFFER_SIZE)?;
    let info = database_header(header);
    let summary = bytes_of(&info).get(..*bytes).ok_or(JetError::INVALID_BUFFER_SIZE)?;
    buffer.write(summary).map(|()| Completion::Success)
}

/// JetGetDatabaseInfo.
pub(super) fn by_number(
    session: JET_SESID,
    dbid: JET_DBID,
    buffer: Buffer,
    level: u32,
    form: NameForm,
) -> JET_ERR {
    with_database(session, dbid, AfterStop::Refused, |call, database| {
        let session = call.session.handle() as u64;
        of_attached(database, session, buffer, level & !JET_DbInfoUseCachedResult, form)
    })
}

fn of_attached(
    database: &Arc<AttachedDatabase>,
    session: u64,
    buffer: Buffer,
    level: u32,
    form: NameForm,
) -> CallResult {
    let number = |value| exactly(buffer, value, JetError::INVALID_BUFFER_SIZE);
    match level {
        JET_DbInfoFilename => file_name(database.path(), buffer, form),
        JET_DbInfoConnect => match form {
            NameForm::Ansi => buffer.write(&[0]).map(|()| Completion::Success),
            NameForm::Wide => buffer.write(&[0, 0]).map(|()| Completion::Success),
        },
        JET_DbInfoCountry => number(COUNTRY),
        JET_DbInfoLCID => number(LCID),
        JET_DbInfoCp => number(CODE_PAGE),
        JET_DbInfoCollate => number(0),
        JET_DbInfoOptions => number(if database.is_exclusive_of(session) { JET_bitDbExclusive } else { 0 }),
        JET_DbInfoTransactions => number(TRANSACTION_LEVELS),
        JET_DbInfoVersion => number(FORMAT_VERSION),
        JET_DbInfoFilesize => number(database.sizes()?.file),
        JET_DbInfoFilesizeOnDisk => {
            let page_bytes = database.file().page_size().bytes() as u64;
            let bytes = metadata_of(database.path())?.blocks() * BLOCK_BYTES;
            number(u32::try_from(bytes / page_bytes).unwrap_or(u32::MAX))
        }
        JET_DbInfoSpaceOwned => number(database.sizes()?.owned),
        JET_DbInfoSpaceAvailable => number(database.sizes()?.available),
        JET_DbInfoMisc => header_summary(buffer, &database.header()),
        JET_DbInfoPageSize => {
            exactly(buffer, database.file().page_size().bytes() as u32, JetError::BUFFER_TOO_SMALL)
        }
        JET_DbInfoIsam => Err(JetError::FEATURE_NOT_AVAILABLE),
        _ => Err(JetError::INVALID_PARAMETER),
    }
}

fn file_name(path: &Path, buffer: Buffer, form: NameForm) -> CallResult {
    let mut name = U16String::from_str(&path.to_string_lossy());
    match form {
        NameForm::Ansi => {
            let mut bytes = ansi_of_wide(&name, AnsiCodePage::Windows1252)?;
            bytes.push(0);
            buffer.write(&bytes)?;
        }
        NameForm::Wide => {
            name.push_slice([0]);
            let bytes: Vec<u8> = name.as_slice().iter().flat_map(|unit| unit.to_ne_bytes()).collect();
            buffer.write(&bytes)?;
        }
    }
    Ok(Completion::Success)
}

/// JetGetDatabaseFileInfo.
pub(super) fn by_name(path: Text, buffer: Buffer, level: u32) -> JET_ERR {
    guard_process(|| of_file(&path.required_path()?, buffer, level & !JET_DbInfoUseCachedResult))
}

fn of_file(path: &Path, buffer: Buffer, level: u32) -> CallResult {
    let wide_number = |value: u64| {
        if buffer.bytes() != size_of::<u64>() {
            return Err(JetError::INVALID_BUFFER_SIZE);
        }
        buffer.write(&value.to_ne_bytes()).map(|()| Completion::Success)
    };
    let metadata = metadata_of(path)?;
    match level {
        JET_DbInfoFilesize => wide_number(metadata.len()),
        JET_DbInfoFilesizeOnDisk => wide_number(metadata.blocks() * BLOCK_BYTES),
        JET_DbInfoMisc => header_summary(buffer, &header_of(path)?),
        JET_DbInfoPageSize => {
            let page_bytes = header_of(path)?.page_size().bytes() as u32;
            exactly(buffer, page_bytes, JetError::INVALID_BUFFER_SIZE)
        }
        JET_DbInfoDBInUse => {
            exactly(buffer, attached_at(path).is_some().into(), JetError::INVALID_BUFFER_SIZE)
        }
        JET_DbInfoFileType => {
            let raw = FileType::raw_in(&first_bytes(path)?).and_then(FileType::from_raw);
            exactly(buffer, raw.map_or(0, FileType::raw), JetError::INVALID_BUFFER_SIZE)
        }
        JET_DbInfoUpgrade => Err(JetError::FEATURE_NOT_AVAILABLE),
        _ => Err(JetError::INVALID_PARAMETER),
    }
}

fn metadata_of(path: &Path) -> Result<std::fs::Metadata, JetError> {
    let metadata = std::fs::metadata(path).map_err(|error| jet_of(&error))?;
    if metadata.is_dir() { Err(JetError::FILE_ACCESS_DENIED) } else { Ok(metadata) }
}

fn jet_of(error: &std::io::Error) -> JetError {
    match error.kind() {
        std::io::ErrorKind::NotFound => JetError::FILE_NOT_FOUND,
        std::io::ErrorKind::PermissionDenied => JetError::FILE_ACCESS_DENIED,
        _ => JetError::DISK_IO,
    }
}

/// The first bytes of a file, which somebody may have open for writing.
fn first_bytes(path: &Path) -> Result<Vec<u8>, JetError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| jet_of(&error))?;
    file.take(PROBE_BYTES as u64).read_to_end(&mut bytes).map_err(|error| jet_of(&error))?;
    Ok(bytes)
}

/// The header of a file; of one that is attached here as it is known, for another thread may be writing it.
fn header_of(path: &Path) -> Result<DatabaseHeader, JetError> {
    if let Some(database) = attached_at(path) {
        return Ok(database.header());
    }
    let pair = choose_header(&first_bytes(path)?).map_err(|_| JetError::READ_VERIFY_FAILURE)?;
    Ok(pair.header)
}

/// The database at a path, where an instance of this process has it attached.
pub(super) fn attached_at(path: &Path) -> Option<Arc<AttachedDatabase>> {
    let path: PathBuf = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let engines = process::instances().into_iter().filter_map(|instance| instance.engine().ok());
    engines.flat_map(|engine| engine.databases()).find(|database| {
        let other = std::fs::canonicalize(&**database.path());
        other.is_ok_and(|other| other == path)
    })
}
