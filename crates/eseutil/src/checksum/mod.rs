//! `/k`: every checksum of a database, a log, a set of logs, a checkpoint or a flush map (spec 10 §4.5).
//!
//! The kind is told by a sound header; a file without one is refused before anything is read, unless the page size was
//! given. A name of three characters that no file has is the base name of a log set.

mod database;
mod flush_map;
mod pages;

pub(crate) use database::look_at_pages;

use std::path::Path;
use std::process;

use ese_format::error::{FileKind, JetError};
use ese_format::page_size::PageSize;

use crate::command_line::{ChecksumOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::log_dump::{self, LogDumpOptions};
use crate::output::Output;
use crate::source_file::{self, SourceFile};

const START_LINE: &str = "Initiating CHECKSUM mode...\n";

/// Checks one file.
///
/// # Errors
/// JET_errDatabaseCorrupted when a page is bad; whatever keeps the file from being read.
pub fn run(
    source: &Path,
    options: &ChecksumOptions,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult {
    let name = source.display();
    let file = match SourceFile::open(source) {
        Ok(file) => file,
        Err(failure) if is_log_set(source, &failure) => {
            // The original says so, too, before it looks for the set (k-belka-set.txt).
            source_file::access_error(failure, source, settings, out)?;
            out.frame(format_args!("{START_LINE}"))?;
            out.set("kind", "log set");
            return log_dump::run(&LogDumpOptions::of_checksum(source), out);
        }
        Err(failure) => return Err(source_file::access_error(failure, source, settings, out)?),
    };
    let kind = match (file.kind()?, settings.page_size) {
        (Some(kind), _) => kind,
        (None, Some(_)) => FileKind::Database,
        (None, None) => {
            let failure = match file.header() {
                Ok(_) => Failure::of_file(JetError::DATABASE_CORRUPTED, source),
                Err(failure) => failure,
            };
            return Err(source_file::access_error(failure, source, settings, out)?);
        }
    };
    out.frame(format_args!("{START_LINE}"))?;
    out.set("kind", kind.to_string());
    match kind {
        FileKind::Log => {
            out.frame(format_args!("      Log File: {name}\n"))?;
            log_dump::run(&LogDumpOptions::of_checksum(source), out)
        }
        FileKind::FlushMap => {
            out.frame(format_args!("      Flush Map File: {name}\n"))?;
            flush_map::run(&file, out)
        }
        FileKind::Checkpoint => {
            out.frame(format_args!(" Checkpoint File: {name}\n\n"))?;
            database::run(&file, PageSize::K4, kind, options, out)
        }
        FileKind::Database | FileKind::ReserveLog | FileKind::Patch => {
            let size = match settings.page_size {
                Some(size) => size,
                None => file.header()?.header.page_size(),
            };
            out.frame(format_args!("        Database: {name}\n"))?;
            let temporary = match &options.temporary {
                Some(temporary) => temporary.display().to_string(),
                None => format!("TEMPCHKSUM{}.EDB", process::id()),
            };
            out.frame(format_args!("  Temp. Database: {temporary}\n\n"))?;
            database::run(&file, size, kind, options, out)
        }
    }
}

/// Whether a missing file is the base name of a log set: three characters, no extension.
fn is_log_set(source: &Path, failure: &Failure) -> bool {
    let missing = matches!(failure, Failure::Jet(failure) if failure.error == JetError::FILE_NOT_FOUND);
    let name = source.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    missing && name.chars().count() == 3 && !name.contains('.')
}
