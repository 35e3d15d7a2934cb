//! `/d` and `compact`: a database is compacted into a new file, which takes its place (spec 10 §4.1).
//!
//! The source is attached read-only by an instance without a log, compacted, and let go; then [`swap`] puts the new file
//! where the old one was. Without `/t` the new file begins in the folder of the source, so that this is one rename.
//!
//! Invariants: nobody changes the source from its first page that is read until the new file has its place, it is locked for
//! so long; of a link, the file that it leads to is compacted, and the link stays.

mod swap;

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

use ese_engine::catalog::IndexChecking;
use ese_engine::compact::{CompactRequest, CompactStatistics, compact};
use ese_engine::error::Error;
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Instance, InstanceSettings, RecoveryMode, TermKind, Writability};
use ese_engine::io::Host;
use ese_engine::table::Damaged;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::version::EFV_USE_PERSISTED_FORMAT;

use crate::command_line::{CompactOptions, Settings};
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, Renderer};
use crate::progress::Progress;
use crate::source_file::{self, SourceFile};

use swap::{NoWatch, Swap};

/// Units of the bar.
const BAR_UNITS: u64 = 100;
/// The file of the statistics, in the current folder.
const STATISTICS_FILE: &str = "DFRGINFO.TXT";
/// Who may read and write the new file until it has the rights of the old one.
const OWNER_ONLY: u32 = 0o600;

/// Compacts one database.
///
/// # Errors
/// JET_errInvalidDatabase when source and new file are one; JET_errDatabaseDirtyShutdown for a source that is not clean;
/// JET_errFileAccessDenied when a file cannot be moved; those of the engine.
pub fn run(options: &CompactOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let source = leads_to(&options.source);
    let source = source.as_path();
    let opened = SourceFile::open(source).and_then(|file| Ok((file.header()?.header, file.length())));
    let (header, length) = match opened {
        Ok(opened) => opened,
        Err(failure) => return Err(source_file::access_error_line(failure, source, out)?),
    };
    let target = options.target.clone().unwrap_or_else(|| temporary_beside(source));
    if is_same_file(source, &target) {
        out.frame(format_args!(
            "Error: Source database '{}' cannot be the same as temporary database.\n\n",
            source.display()
        ))?;
        return Err(Failure::of_file(JetError::INVALID_DATABASE, source));
    }
    out.frame(format_args!("Initiating DEFRAGMENTATION mode...\n"))?;
    out.frame(format_args!("            Database: {}\n\n", source.display()))?;
    if options.replaces_target.is_wanted() || options.target.is_none() {
        remove_old_target(&target)?;
    }
    let page_size = settings.page_size.unwrap_or_else(|| header.page_size());
    let (statistics, _held) = copy(options, page_size, (source, &target), out)?;
    out.frame(format_args!("\n"))?;
    Swap { source, target: &target, backup: None }.prepare().map_err(|error| {
        Failure::of_file(JetError::FILE_ACCESS_DENIED, &target).with_detail(error.to_string())
    })?;
    if !options.keeps_source.is_wanted() {
        swap_files(options, (source, &target), out)?;
    }
    tell(options, &statistics, length, &target, out)
}

/// The file that a link leads to: a rename to the link's own name would leave that file as it was.
fn leads_to(source: &Path) -> PathBuf {
    let whole = if source.is_symlink() { fs::canonicalize(source).ok() } else { None };
    whole.unwrap_or_else(|| source.to_owned())
}

/// Keeps writers out of a file that is attached for reading, when it is attached no more.
fn hold(source: &Path) -> CommandResult<File> {
    let of_io = |error: &std::io::Error| Failure::of_io(error, source);
    let file = File::open(source).map_err(|error| of_io(&error))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        // A file system that knows no locks has nobody to keep out.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => Ok(file),
        Err(error) => Err(of_io(&error.into())),
    }
}

/// The new file's first name: in the folder of the source.
fn temporary_beside(source: &Path) -> PathBuf {
    source.with_file_name(format!("TEMPDFRG{}.EDB", process::id()))
}

fn is_same_file(left: &Path, right: &Path) -> bool {
    left == right
        || fs::canonicalize(left).ok().zip(fs::canonicalize(right).ok()).is_some_and(|(l, r)| l == r)
}

/// What an earlier run left under the name of the new file goes (spec 10 §3).
fn remove_old_target(target: &Path) -> CommandResult {
    match fs::symlink_metadata(target) {
        Ok(known) if known.is_file() => {
            fs::remove_file(target).map_err(|error| Failure::of_io(&error, target))
        }
        _ => Ok(()),
    }
}

/// Compacts the source into the new file; no writer is let at the source until the file that is given back is closed.
fn copy(
    options: &CompactOptions,
    page_size: PageSize,
    (source, target): (&Path, &Path),
    out: &mut Output<'_>,
) -> CommandResult<(CompactStatistics, File)> {
    let folder = std::env::current_dir()?;
    let (source, target) = (folder.join(source), folder.join(target));
    let failed = |error: Error| Failure::of_engine(&error, &source);
    let instance = match start(options, page_size, &source) {
        Ok(instance) => instance,
        Err(error) => {
            out.frame(format_args!("\n\n\n"))?;
            return Err(failed(error));
        }
    };
    let mut session = instance.transactions().begin_session().map_err(failed)?;
    let attach = AttachRequest {
        path: source.clone(),
        writability: Writability::ReadOnly,
        logging: Logging::Off,
        pages_max: 0,
    };
    if let Err(error) = instance.attach_database(&session, &attach) {
        out.frame(format_args!("\n\n\n"))?;
        return Err(failed(error));
    }
    let held = hold(&source)?;
    let request = CompactRequest {
        source: source.clone(),
        target: target.clone(),
        damaged: Damaged::Refused,
        statistics: options.statistics.is_wanted().then(|| folder.join(STATISTICS_FILE)),
    };
    let mut bar = Progress::begin("Defragmentation Status", BAR_UNITS, out)?;
    let (mut lost, mut is_guarded) = (None, false);
    let compacted = compact(&instance, &mut session, &request, &mut |progress| {
        if !is_guarded {
            // Before any of the source's content is in the file.
            is_guarded = true;
            let _ = fs::set_permissions(&target, fs::Permissions::from_mode(OWNER_ONLY));
        }
        let done = u64::from(progress.done) * BAR_UNITS;
        // Output that went away is told once the work is over.
        if let Err(error) = bar.advance(done.checked_div(progress.total.into()).unwrap_or(BAR_UNITS), out) {
            lost.get_or_insert(error);
        }
        Ok(())
    });
    let ended = session.end().and_then(|()| instance.stop(TermKind::Complete));
    match (compacted, ended) {
        (Ok(statistics), Ok(())) => {
            bar.complete(out)?;
            match lost {
                Some(error) => Err(error.into()),
                None => Ok((statistics, held)),
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            bar.fail(out)?;
            out.frame(format_args!("\n\n\n\n"))?;
            Err(failed(error))
        }
    }
}

/// An instance that reads the source and writes the new file, without a log.
fn start(
    options: &CompactOptions,
    page_size: PageSize,
    source: &Path,
) -> Result<std::sync::Arc<Instance>, Error> {
    let folder = source.parent().unwrap_or(Path::new("/"));
    let mut instance = InstanceSettings::in_folder(Host::system(), folder);
    instance.recovery = RecoveryMode::Off;
    instance.temporary_path = folder.join(format!("TEMPDFRG{}.TMP", process::id()));
    instance.page_size = page_size;
    instance.engine_format_version = EFV_USE_PERSISTED_FORMAT;
    instance.text.checking = IndexChecking::Off;
    if let Some(pages) = options.extension_pages {
        instance.extension_pages = pages;
    }
    if let Some(pages) = options.cache_pages {
        instance.cache_bytes = (pages as usize).saturating_mul(page_size.bytes());
    }
    Instance::start(instance)
}

/// Puts the new file where the old one is.
fn swap_files(
    options: &CompactOptions,
    (source, target): (&Path, &Path),
    out: &mut Output<'_>,
) -> CommandResult {
    let swap = Swap { source, target, backup: options.backup.as_deref() };
    let denied = |error: &std::io::Error, file: &Path| {
        Failure::of_file(JetError::FILE_ACCESS_DENIED, file).with_detail(error.to_string())
    };
    if let Some(backup) = swap.backup {
        out.frame(format_args!("\nMoving '{}' to '{}'... ", source.display(), backup.display()))?;
        if let Err(error) = swap.keep_source(&mut NoWatch) {
            out.frame(format_args!(
                "FAILED!\nError: Could not backup to '{}'.\n\n\n\n\n\n",
                backup.display()
            ))?;
            return Err(denied(&error, backup));
        }
        out.frame(format_args!("DONE!\n"))?;
    }
    out.frame(format_args!("\nMoving '{}' to '{}'... ", target.display(), source.display()))?;
    if let Err(error) = swap.put_in_place(&mut NoWatch) {
        let (source, target) = (source.display(), target.display());
        out.frame(format_args!(
            "FAILED!\nError: Could not re-instate '{source}'.\n\
             The compacted database is complete: copy '{target}' over '{source}' by hand.\n\n\n\n\n\n"
        ))?;
        return Err(denied(&error, swap.source));
    }
    out.frame(format_args!("DONE!\n"))?;
    Ok(())
}

/// The note of the end, and what was done.
fn tell(
    options: &CompactOptions,
    statistics: &CompactStatistics,
    length: u64,
    target: &Path,
    out: &mut Output<'_>,
) -> CommandResult {
    let database = if options.keeps_source.is_wanted() { target } else { options.source.as_path() };
    let now = fs::metadata(database).map(|known| known.len()).unwrap_or_default();
    let records: u64 = statistics.tables.iter().map(|table| table.copied.records).sum();
    out.set("database", database.to_string_lossy());
    out.set("bytes_before", length);
    out.set("bytes_after", now);
    out.set("tables", statistics.tables.len());
    out.set("records", records);
    if out.renderer() == Renderer::Plain {
        use std::io::Write;
        let tables = statistics.tables.len();
        writeln!(
            out,
            "{}: {length} bytes before, {now} now; {tables} tables, {records} records",
            database.display()
        )?;
    }
    out.frame(format_args!(
        "\nNote:\n  \
         Take a full backup of this database now: a backup from before\n  \
         the defragmentation brings back the database as it was then,\n  \
         and the logs written since the defragmentation do not fit it.\n\n"
    ))?;
    Ok(())
}
