//! `backup`: a backup set of databases that no other process has open, made by the calls that a backup client makes in the
//! process that has them open (spec 07 §3, §14).
//!
//! The databases' own log stream is started in this process, brought to what was committed if it was not closed, and streamed; then it
//! is closed again. So the copies carry the mark of a backup, logs are truncated by the same rules as online, and
//! incremental backups go on where the last one ended.
//!
//! Invariants: nothing is begun while the target could refuse the files; a database of another log stream is never attached to
//! one by mistake; a failed backup leaves an empty folder, and headers and logs as they were.

mod sink;
mod stream_files;
pub(crate) mod tar;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ese_engine::backup::{BackupKind, BackupReport, LogTruncation, StreamRequest};
use ese_engine::error::Error;
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, DATABASES_MAX, Instance, InstanceSettings, StartRequest, TermKind, Writability,
};
use ese_engine::io::Host;
use ese_engine::log::Circular;
use ese_engine::recovery::{MapEntry, MapOptions, RecoveryOptions};
use ese_format::error::JetError;
use ese_format::log::names::GenerationDigits;
use serde_json::json;

use crate::command_line::Settings;
use crate::command_line::backup_restore::{BackupExtent, BackupOptions, BackupPlace};
use crate::failure::{CommandResult, Failure};
use crate::interruption::{BACKUP_ENDS_WITH, RECOVERY_ENDS_WITH, UntilInterrupted};
use crate::output::{Output, ProgressStyle};
use crate::progress::Progress;
use crate::source_file::SourceFile;
use sink::Sink;
use stream_files::StreamFiles;

/// What to do about a database that somebody has open.
pub(crate) const LOCKED: &str = "is in use by another process, which has it locked. Stop that process to work on the file from \
                                 outside; to back it up while it runs, that process itself calls JetBeginExternalBackupInstance \
                                 (examples-c/backup.c is a complete client)";

/// Takes a backup.
///
/// # Errors
/// JET_errFileAccessDenied for a database that is in use; JET_errMissingFullBackup, JET_errInvalidBackup and the others of
/// JetBeginExternalBackup; those of starting the instance.
pub fn run(options: &BackupOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let started = Instant::now();
    let databases = find_databases(&options.databases)?;
    let stream = StreamFiles::find(options, &databases)?;
    let folder = match &options.place {
        BackupPlace::Folder(folder) => Some(prepare_folder(folder, &databases, &stream)?),
        BackupPlace::Stream => None,
    };
    let instance = start(&databases, &stream, settings, out)
        .inspect_err(|_| leave_no_empty_folder(folder.as_deref()))?;
    let before = stream.logs_now();
    let made = attach_all(&instance, &databases).and_then(|_session| {
        let mut sink = Sink::new(folder.as_deref(), bar(&databases, &stream, options, out)?, out);
        let made = instance.stream_backup(request_of(options.extent), &mut sink);
        match made {
            Ok(report) => {
                sink.finish()?;
                Ok((report, sink.files_json()))
            }
            Err(error) => {
                sink.abandon()?;
                Err(match sink.interruption() {
                    Some(interruption) => Failure::interrupted(interruption, BACKUP_ENDS_WITH),
                    None => backup_failure(&error, options.extent, stream.log_folder()),
                })
            }
        }
    });
    let stopped =
        instance.stop(TermKind::Complete).map_err(|error| Failure::of_engine(&error, stream.log_folder()));
    let (report, files) = match made {
        Ok(made) => made,
        Err(failure) => {
            leave_no_empty_folder(folder.as_deref());
            return Err(failure);
        }
    };
    stopped?;
    let deleted = before.iter().filter(|path| !path.exists()).count();
    out.set("files", files);
    tell(options, &report, deleted, started, out)
}

/// A folder that was made for a set that there is none of is not left behind empty.
fn leave_no_empty_folder(folder: Option<&Path>) {
    let _ = folder.map(fs::remove_dir);
}

fn tell(
    options: &BackupOptions,
    report: &BackupReport,
    deleted: usize,
    started: Instant,
    out: &mut Output<'_>,
) -> CommandResult {
    let seconds = started.elapsed().as_secs_f64();
    let kind = kind_name(options.extent);
    let (low, high) = (report.generations.start, report.generations.end.saturating_sub(1));
    let place = match &options.place {
        BackupPlace::Folder(folder) => folder.display().to_string(),
        BackupPlace::Stream => "standard output".to_owned(),
    };
    let megabytes = report.bytes as f64 / f64::from(1 << 20);
    let rate = megabytes / seconds.max(0.001);
    let count = report.databases.len();
    let sentence = format!(
        "{kind} backup to {place}: {count} database(s), logs 0x{low:X}-0x{high:X} of {}, {megabytes:.1} MB in {seconds:.1} s \
         ({rate:.0} MB/s), {deleted} log(s) deleted.",
        report.base_name
    );
    match &options.place {
        BackupPlace::Folder(_) => writeln!(out, "{sentence}")?,
        // Standard output is the backup.
        BackupPlace::Stream => out.complain(format_args!("eseutil: {sentence}"))?,
    }
    out.set("kind", kind);
    out.set("base_name", report.base_name.as_str());
    out.set("low_log", low);
    out.set("high_log", high);
    out.set(
        "databases",
        json!(report.databases.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>()),
    );
    out.set("bytes", report.bytes);
    out.set("deleted_logs", deleted);
    out.set("seconds", seconds);
    Ok(())
}

fn kind_name(extent: BackupExtent) -> &'static str {
    match extent {
        BackupExtent::Full => "full",
        BackupExtent::Copy => "copy",
        BackupExtent::Incremental => "incremental",
        BackupExtent::Differential => "differential",
    }
}

fn request_of(extent: BackupExtent) -> StreamRequest {
    let kind = match extent {
        BackupExtent::Full | BackupExtent::Copy => BackupKind::Full,
        BackupExtent::Incremental | BackupExtent::Differential => BackupKind::LogsOnly,
    };
    let truncation = match extent {
        BackupExtent::Full | BackupExtent::Incremental => LogTruncation::Deleted,
        BackupExtent::Copy | BackupExtent::Differential => LogTruncation::Kept,
    };
    StreamRequest { kind, truncation }
}

/// The databases by their full paths, each there once and a regular file.
fn find_databases(given: &[PathBuf]) -> CommandResult<Vec<PathBuf>> {
    if given.len() > DATABASES_MAX {
        let what = format!("{} databases are named, one log stream has {DATABASES_MAX} at most", given.len());
        return Err(Failure::from(JetError::TOO_MANY_ATTACHED_DATABASES).with_detail(what));
    }
    let mut databases: Vec<PathBuf> = Vec::new();
    for path in given {
        SourceFile::open(path)?.header().map_err(|failure| failure.about(path))?;
        let full = path.canonicalize().map_err(|error| Failure::of_io(&error, path))?;
        if let Some(other) = databases.iter().find(|known| known.file_name() == full.file_name()) {
            let what = format!("has the same name as {}: in one set each name stands once", other.display());
            return Err(Failure::of_file(JetError::INVALID_PARAMETER, path).with_detail(what));
        }
        databases.push(full);
    }
    Ok(databases)
}

/// The folder of the set: made where it is missing, else empty, and none of the folders that are backed up.
fn prepare_folder(folder: &Path, databases: &[PathBuf], stream: &StreamFiles) -> CommandResult<PathBuf> {
    let of_io = |error: &std::io::Error| Failure::of_io(error, folder);
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::of_file(JetError::INVALID_PATH, folder).with_detail("is a file, not a folder"));
    }
    let is_new = !folder.exists();
    fs::create_dir_all(folder).map_err(|error| of_io(&error))?;
    let full = folder.canonicalize().map_err(|error| of_io(&error))?;
    let sources = databases.iter().filter_map(|path| path.parent()).chain([stream.log_folder()]);
    let is_source = sources.into_iter().any(|source| source == full);
    let is_empty = fs::read_dir(&full).map_err(|error| of_io(&error))?.next().is_none();
    if is_source || !is_empty {
        let what = if is_source {
            "is a folder that is backed up"
        } else {
            "is not empty: each set has a folder of its own"
        };
        return Err(Failure::of_file(JetError::BACKUP_DIRECTORY_NOT_EMPTY, folder).with_detail(what));
    }
    if is_new && let Some(parent) = full.parent() {
        // The folder itself is to outlive a power cut.
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| of_io(&error))?;
    }
    Ok(full)
}

/// Starts the stream; a database that was not closed is brought to what was committed.
fn start(
    databases: &[PathBuf],
    stream: &StreamFiles,
    settings: &Settings,
    out: &Output<'_>,
) -> CommandResult<Arc<Instance>> {
    let mut instance = InstanceSettings::in_folder(Host::system(), stream.log_folder());
    instance.system_folder = stream.system_folder().to_owned();
    instance.temporary_path = stream.system_folder().join(format!("tmp{}.edb", std::process::id()));
    instance.base_name = stream.base_name().to_owned();
    instance.extension = stream.extension();
    instance.digits =
        if stream.has_eight_digits() { GenerationDigits::Eight } else { GenerationDigits::FiveThenEight };
    instance.page_size = settings.page_size.unwrap_or(stream.page_size());
    instance.circular = if stream.is_circular() { Circular::On } else { Circular::Off };
    let mut request = StartRequest::new(instance);
    request.options = RecoveryOptions::REPLAY_UNMAPPED;
    let entry = |path: &PathBuf| MapEntry { logged: None, path: path.clone(), options: MapOptions::empty() };
    request.map = Some(databases.iter().map(entry).collect());
    Instance::start_recovering(request, &mut UntilInterrupted(out.interruptions()))
        .map(|started| started.instance)
        .map_err(|error| match out.interruption() {
            Some(interruption) if error.jet() == RECOVERY_ENDS_WITH => {
                Failure::interrupted(interruption, RECOVERY_ENDS_WITH)
            }
            _ => in_use_or(&error, stream.log_folder()),
        })
}

/// Attaches every database.
fn attach_all(
    instance: &Arc<Instance>,
    databases: &[PathBuf],
) -> CommandResult<ese_engine::transaction::Session> {
    let first = databases.first().map_or(Path::new(""), PathBuf::as_path);
    let session =
        instance.transactions().begin_session().map_err(|error| Failure::of_engine(&error, first))?;
    for path in databases {
        let request = AttachRequest {
            path: path.clone(),
            writability: Writability::Writable,
            logging: Logging::On,
            pages_max: 0,
        };
        instance.attach_database(&session, &request).map_err(|error| in_use_or(&error, path))?;
    }
    Ok(session)
}

/// What the engine says; of a lock that is in the way, what to do about it.
pub(crate) fn in_use_or(error: &Error, file: &Path) -> Failure {
    match error {
        Error::Io(failure) if failure.source.kind() == std::io::ErrorKind::WouldBlock => {
            Failure::of_file(error.jet(), &failure.path).with_detail(LOCKED)
        }
        _ => Failure::of_engine(error, file),
    }
}

fn backup_failure(error: &Error, extent: BackupExtent, logs: &Path) -> Failure {
    let failure = Failure::of_engine(error, logs);
    match error.jet() {
        JetError::MISSING_FULL_BACKUP => failure.with_detail(format!(
            "there is no {} backup without a full one: take one first, with log deletion (`eseutil backup DATABASE --to FOLDER`)",
            kind_name(extent)
        )),
        JetError::INVALID_BACKUP => failure.with_detail("circular logging is on: the logs since the last full backup are gone; take a full one"),
        _ => failure,
    }
}

/// A bar over all bytes that are expected, for whoever watches.
fn bar(
    databases: &[PathBuf],
    stream: &StreamFiles,
    options: &BackupOptions,
    out: &mut Output<'_>,
) -> CommandResult<Option<Progress>> {
    if out.progress() != ProgressStyle::Live {
        return Ok(None);
    }
    let bytes = |path: &PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let logs: u64 = stream.logs_now().iter().map(bytes).sum();
    let pages: u64 = match request_of(options.extent).kind {
        BackupKind::Full => databases.iter().map(bytes).sum(),
        BackupKind::LogsOnly => 0,
    };
    Ok(Some(Progress::begin("Backup", pages.saturating_add(logs), out)?))
}
