//! `restore`: from a full backup set, and those that go on behind it, to databases that can be attached.
//!
//! ```text
//! look      headers, line of the logs, every page of the copies; destinations      nothing is changed yet
//! logs      of the sets to the temporary folder; whether those of the log folder go on behind them: if not, no database is touched
//! copy      databases to their places, Restore.env
//! run       as `restore run` of that folder
//! ```
//!
//! Invariants: the sets are only read; a database that is there already is replaced only by a whole copy; a restore that failed
//! leaves the temporary folder, and says what to do with it.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ese_engine::io::{Access, FileSystem, Host, OsFileSystem};
use ese_engine::restore_environment::{
    CircularAtBackup, EnvironmentDatabase, Guid, RestoreEnvironment, RestoreMode,
};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use super::run;
use super::stream::SetFolders;
use crate::backup_set::{BackupSet, Chain, Flaw, Reach, SetDatabase, SetLog, range_text};
use crate::checksum::look_at_pages;
use crate::command_line::Settings;
use crate::command_line::backup_restore::{RestoreRunOptions, RestoreSetsOptions, RollForward};
use crate::failure::{CommandResult, Failure};
use crate::output::{Output, ProgressStyle};
use crate::progress::Progress;
use crate::source_file::SourceFile;

/// The name of the temporary folder.
const WORK_NAME: &str = "restore-in-progress";
/// Bytes that are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Restores sets. A set is a folder, a file with a stream of `backup --stream`, or `-` for such a stream on standard input.
///
/// # Errors
/// JET_errMissingFullBackup, JET_errRequiredLogFilesMissing and the faults of the sets, JET_errFileAlreadyExists,
/// JET_errInvalidPath, before anything is changed; those of the disk and of JetExternalRestore.
pub fn run(options: &RestoreSetsOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let opened = SetFolders::open(&options.sets, &options.to, out)?;
    let mut sets =
        opened.folders.iter().map(|folder| BackupSet::read(folder)).collect::<CommandResult<Vec<_>>>()?;
    let flaws_of_sets: Vec<Flaw> = sets.iter_mut().flat_map(|set| std::mem::take(&mut set.flaws)).collect();
    let mut chain = Chain::default();
    sets.iter().for_each(|set| chain.push(set));
    chain.check_line();
    let planned = plan(options, &chain);
    // What is wrong with a file comes before what is missing because of it.
    if let Some(flaw) = flaws_of_sets.into_iter().chain(chain.flaws).next() {
        return Err(flaw.failure);
    }
    let work = planned?;
    let mut bar = bar(&work, out)?;
    let mut done = 0;
    for part in &work.parts {
        look_at_copy(part.database, &mut done, &mut bar, out)?;
    }
    let roll_forward =
        if options.set_only.is_wanted() { RollForward::FolderAlone } else { RollForward::AsRecorded };
    let logs = copy_logs(&work, &mut done, &mut bar, out);
    if logs.is_ok()
        && let Err(failure) = run::look_behind(&work.folder, &work.environment, &roll_forward, work.page_size)
    {
        give_up_logs(&work);
        return Err(failure);
    }
    let copied = logs.and_then(|()| copy_databases(&work, &mut done, &mut bar, out));
    if let Err(failure) = copied {
        out.complain(format_args!(
            "eseutil: nothing is restored; what was copied so far is in {} and at the destinations: delete it, or run the same \
             command again with --overwrite and --work",
            work.folder.display()
        ))?;
        return Err(failure);
    }
    if let Some(bar) = bar {
        bar.complete(out)?;
    }
    let request = RestoreRunOptions {
        folder: work.folder.clone(),
        roll_forward,
        keep: options.keep,
        ..RestoreRunOptions::default()
    };
    let restored = run::run(&request, settings, out);
    if restored.is_err() {
        out.complain(format_args!(
            "eseutil: the temporary folder {0} is kept; when the cause is mended run the same command again with --overwrite \
             and --work, or `eseutil restore run {0}`",
            work.folder.display()
        ))?;
    }
    restored
}

/// One database and where it goes.
struct Part<'s> {
    database: &'s SetDatabase,
    destination: PathBuf,
    logged: String,
}

/// What is going to be done.
struct Work<'s> {
    parts: Vec<Part<'s>>,
    logs: Vec<&'s SetLog>,
    folder: PathBuf,
    environment: RestoreEnvironment,
    page_size: PageSize,
}

impl Work<'_> {
    /// Where a log of the sets is copied to.
    fn place_of(&self, log: &SetLog) -> PathBuf {
        self.folder.join(log.path.file_name().unwrap_or_default())
    }
}

fn invalid_path(path: &Path, what: impl Into<String>) -> Failure {
    Failure::of_file(JetError::INVALID_PATH, path).with_detail(what)
}

/// Looks at everything that can be seen beforehand.
fn plan<'s>(options: &RestoreSetsOptions, chain: &Chain<'s>) -> CommandResult<Work<'s>> {
    let to = std::path::absolute(&options.to)?;
    check_folder(&to)?;
    let databases = chosen(options, chain)?;
    let (range, logs) = logs_of(&databases, chain)?;
    let mut parts: Vec<Part<'s>> = Vec::new();
    for database in databases {
        let logged = chain.logged_path(database).unwrap_or_default().to_owned();
        let destination = destination_of(options, &to, database, &logged)?;
        if let Some(other) = parts.iter().find(|part| part.destination == destination) {
            let what = format!("two databases would go there: {} and {}", other.database.name, database.name);
            return Err(invalid_path(&destination, what));
        }
        parts.push(Part { database, destination, logged });
    }
    check_placed(options, &parts)?;
    let folder = options.work.as_deref().map_or_else(|| Ok(to.join(WORK_NAME)), std::path::absolute)?;
    check_apart(chain, &to, &folder, &parts)?;
    check_empty(&folder)?;
    let mut is_victim = false;
    for part in &parts {
        is_victim |= look_at_destination(part, options)?;
    }
    let first = logs.first().ok_or_else(|| Failure::from(JetError::MISSING_FULL_BACKUP))?;
    let absolute = |typed: &str| std::path::absolute(typed).map(|path| path.to_string_lossy().into_owned());
    let base_name = chain.sets.iter().find_map(|set| set.base_name.as_deref()).unwrap_or_default();
    let mut environment = RestoreEnvironment::new(base_name, range, first.stream);
    environment.restore_path = folder.to_string_lossy().into_owned();
    environment.annotation = "eseutil restore".to_owned();
    environment.server_name = run::host_name();
    environment.running_log_path =
        options.logs.as_deref().map_or_else(|| Ok(to.to_string_lossy().into_owned()), absolute)?;
    environment.running_system_path =
        options.system.as_deref().map_or_else(|| Ok(environment.running_log_path.clone()), absolute)?;
    environment.log_extension = chain
        .sets
        .iter()
        .find(|set| set.base_name.is_some())
        .map_or_else(|| environment.log_extension, |set| set.extension);
    environment.mode = if is_victim { RestoreMode::Victimized } else { RestoreMode::Normal };
    let was_circular = options.circular.is_wanted() || logs.iter().any(|log| log.is_circular);
    environment.circular = if was_circular { CircularAtBackup::Yes } else { CircularAtBackup::No };
    environment.last_restore_time = Host::system().clock.logtime();
    environment.databases = parts.iter().map(environment_database).collect();
    // What cannot be written down is told before anything is copied.
    environment.encode().map_err(|error| Failure::of_engine(&error, &folder))?;
    let page_size = parts.first().map_or(PageSize::K4, |part| part.database.page_size);
    Ok(Work { parts, logs, folder, environment, page_size })
}

fn environment_database(part: &Part<'_>) -> EnvironmentDatabase {
    EnvironmentDatabase {
        display_name: part.database.name.clone(),
        guid: Guid::default(),
        source_file: part.logged.clone(),
        destination_file: part.destination.clone(),
        signature: part.database.identity,
        unknown: Vec::new(),
    }
}

/// A folder, or a path at which one can be made.
fn check_folder(folder: &Path) -> CommandResult {
    match folder.ancestors().find(|path| path.exists()) {
        Some(path) if !path.is_dir() => Err(invalid_path(path, "is a file, not a folder")),
        _ => Ok(()),
    }
}

/// The databases that are wanted.
fn chosen<'s>(options: &RestoreSetsOptions, chain: &Chain<'s>) -> CommandResult<Vec<&'s SetDatabase>> {
    if chain.databases.is_empty() {
        let what = "no set has a database: without a full backup its logs restore nothing";
        return Err(Failure::from(JetError::MISSING_FULL_BACKUP).with_detail(what));
    }
    for name in &options.only {
        if !chain.databases.iter().any(|database| database.name == *name) {
            let what = format!("--only: the sets have no database '{name}'");
            return Err(Failure::from(JetError::DATABASE_NOT_FOUND).with_detail(what));
        }
    }
    let is_wanted =
        |database: &&&SetDatabase| options.only.is_empty() || options.only.contains(&database.name);
    Ok(chain.databases.iter().filter(is_wanted).copied().collect())
}

/// The logs that the databases need, and those behind them.
fn logs_of<'s>(
    databases: &[&SetDatabase],
    chain: &Chain<'s>,
) -> CommandResult<((i32, i32), Vec<&'s SetLog>)> {
    let (mut low, mut high) = (i32::MAX, 0);
    for database in databases {
        let failed = |jet, what: String| Failure::of_file(jet, &database.path).with_detail(what);
        match chain.reach(database) {
            Reach::Through { generation, .. } => {
                low = low.min(database.needed.0);
                high = high.max(generation);
            }
            Reach::Missing(generation) => {
                let what = format!(
                    "needs the logs {}, and log 0x{generation:X} is missing",
                    range_text(database.needed)
                );
                return Err(failed(JetError::REQUIRED_LOG_FILES_MISSING, what));
            }
            Reach::NoCopy => {
                let what = "is no backup copy: attach it as it is, or recover it with its own logs";
                return Err(failed(JetError::RESTORE_OF_NON_BACKUP_DATABASE, what.to_owned()));
            }
            Reach::BadCopy => {
                return Err(failed(
                    JetError::BAD_PATCH_PAGE,
                    "has a damaged trailer, or one of another copy".to_owned(),
                ));
            }
        }
    }
    let logs = chain.logs.range(low..=high).map(|(_, log)| *log).collect();
    Ok(((low, high), logs))
}

fn destination_of(
    options: &RestoreSetsOptions,
    to: &Path,
    database: &SetDatabase,
    logged: &str,
) -> CommandResult<PathBuf> {
    let same = |what: &str| {
        what == database.name || what.replace('\\', "/").eq_ignore_ascii_case(&logged.replace('\\', "/"))
    };
    match options.placed.iter().find(|placed| same(&placed.what)) {
        Some(placed) => {
            let path = std::path::absolute(&placed.place)?;
            check_folder(path.parent().unwrap_or(to))?;
            Ok(path)
        }
        None => Ok(to.join(&database.name)),
    }
}

fn check_placed(options: &RestoreSetsOptions, parts: &[Part<'_>]) -> CommandResult {
    for placed in &options.placed {
        if options.placed.iter().filter(|other| other.what == placed.what).count() > 1 {
            let what = format!("--map: '{}' is sent to two places", placed.what);
            return Err(Failure::from(JetError::INVALID_PARAMETER).with_detail(what));
        }
        let place = std::path::absolute(&placed.place)?;
        if !parts.iter().any(|part| part.destination == place) {
            let what = format!("--map: the sets have no database '{}'", placed.what);
            return Err(Failure::from(JetError::DATABASE_NOT_FOUND).with_detail(what));
        }
    }
    Ok(())
}

/// Nothing is written into a set.
fn check_apart(chain: &Chain<'_>, to: &Path, work: &Path, parts: &[Part<'_>]) -> CommandResult {
    let full = |path: &Path| OsFileSystem.full_path(path);
    let sets: Vec<PathBuf> = chain.folders().iter().map(|folder| full(folder)).collect();
    let destinations = parts.iter().filter_map(|part| part.destination.parent());
    for folder in [to, work].into_iter().chain(destinations) {
        if sets.contains(&full(folder)) {
            return Err(invalid_path(folder, "is a folder of the backup: a restore never writes into one"));
        }
    }
    Ok(())
}

fn check_empty(folder: &Path) -> CommandResult {
    check_folder(folder)?;
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::of_io(&error, folder)),
    };
    if !is_empty {
        let what = "the temporary folder is not empty: finish what is in it with `eseutil restore run`, or name another with --work";
        return Err(Failure::of_file(JetError::FILE_ALREADY_EXISTS, folder).with_detail(what));
    }
    Ok(())
}

/// Whether the database that is there is another one than the copy: it has taken the original's place.
fn look_at_destination(part: &Part<'_>, options: &RestoreSetsOptions) -> CommandResult<bool> {
    let path = &part.destination;
    if path.symlink_metadata().is_err() {
        return Ok(false);
    }
    if !options.overwrite.is_wanted() {
        let what = "is there already: restore elsewhere, or replace it with --overwrite";
        return Err(Failure::of_file(JetError::FILE_ALREADY_EXISTS, path).with_detail(what));
    }
    let file = SourceFile::open(path)?;
    drop(OsFileSystem.open(path, Access::ReadWrite).map_err(|error| crate::backup::in_use_or(&error, path))?);
    let is_same = file.header().is_ok_and(|pair| {
        let fields = &pair.header.fields;
        fields.database_signature == part.database.identity && fields.log_signature == part.database.stream
    });
    Ok(!is_same)
}

/// A bar over reading every copy once and copying everything, for whoever watches.
fn bar(work: &Work<'_>, out: &mut Output<'_>) -> CommandResult<Option<Progress>> {
    if out.progress() != ProgressStyle::Live {
        return Ok(None);
    }
    let databases: u64 = work.parts.iter().map(|part| part.database.bytes).sum();
    let logs: u64 = work.logs.iter().map(|log| log.bytes).sum();
    Ok(Some(Progress::begin("Restore", databases.saturating_mul(2).saturating_add(logs), out)?))
}

/// Reads every page of a copy: one that is damaged is not restored.
fn look_at_copy(
    database: &SetDatabase,
    done: &mut u64,
    bar: &mut Option<Progress>,
    out: &mut Output<'_>,
) -> CommandResult {
    let file = SourceFile::open(&database.path)?;
    let before = *done;
    let report = look_at_pages(&file, database.page_size, |bytes| {
        out.go_on()?;
        if let Some(bar) = bar {
            bar.advance(before.saturating_add(bytes), out)?;
        }
        Ok(())
    })?;
    *done = before.saturating_add(database.bytes);
    match report.failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// What tells how many bytes more were copied.
fn advance<'p>(
    done: &'p mut u64,
    bar: &'p mut Option<Progress>,
) -> impl FnMut(u64, &mut Output<'_>) -> CommandResult + 'p {
    move |bytes, out| {
        out.go_on()?;
        *done = done.saturating_add(bytes);
        if let Some(bar) = bar {
            bar.advance(*done, out)?;
        }
        Ok(())
    }
}

/// Copies the logs into the temporary folder.
fn copy_logs(
    work: &Work<'_>,
    done: &mut u64,
    bar: &mut Option<Progress>,
    out: &mut Output<'_>,
) -> CommandResult {
    let folder = &work.folder;
    fs::create_dir_all(folder).map_err(|error| Failure::of_io(&error, folder))?;
    let mut advance = advance(done, bar);
    work.logs.iter().try_for_each(|log| copy(&log.path, &work.place_of(log), &mut advance, out))
}

/// Takes the logs out of the temporary folder, and the folder where it is empty then: as it was before the restore.
fn give_up_logs(work: &Work<'_>) {
    // What cannot be deleted is in nobody's way: the failure to tell is another one.
    for log in &work.logs {
        let _ = fs::remove_file(work.place_of(log));
    }
    let _ = fs::remove_dir(&work.folder);
}

/// Copies the databases to their places, and writes `Restore.env`.
fn copy_databases(
    work: &Work<'_>,
    done: &mut u64,
    bar: &mut Option<Progress>,
    out: &mut Output<'_>,
) -> CommandResult {
    for folder in work.parts.iter().filter_map(|part| part.destination.parent()) {
        fs::create_dir_all(folder).map_err(|error| Failure::of_io(&error, folder))?;
    }
    let mut advance = advance(done, bar);
    for part in &work.parts {
        copy(&part.database.path, &part.destination, &mut advance, out)?;
    }
    work.environment
        .save(&OsFileSystem, &work.folder)
        .map_err(|error| Failure::of_engine(&error, &work.folder))
}

/// Copies a file under another name, and gives it its own when it is whole and durable.
fn copy(
    from: &Path,
    to: &Path,
    advance: &mut dyn FnMut(u64, &mut Output<'_>) -> CommandResult,
    out: &mut Output<'_>,
) -> CommandResult {
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let copied = copy_bytes(from, &part, advance, out)
        .and_then(|()| OsFileSystem.rename(&part, to).map_err(|error| Failure::of_engine(&error, to)));
    if copied.is_err() {
        // The first failure is the one to tell.
        let _ = fs::remove_file(&part);
    }
    copied
}

fn copy_bytes(
    from: &Path,
    part: &Path,
    advance: &mut dyn FnMut(u64, &mut Output<'_>) -> CommandResult,
    out: &mut Output<'_>,
) -> CommandResult {
    let mut source = fs::File::open(from).map_err(|error| Failure::of_io(&error, from))?;
    ese_engine::small_file::remove_if_there(&OsFileSystem, part)
        .map_err(|error| Failure::of_engine(&error, part))?;
    let mut target = fs::File::create_new(part).map_err(|error| Failure::of_io(&error, part))?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::of_io(&error, from)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        target.write_all(bytes).map_err(|error| Failure::of_io(&error, part))?;
        advance(count as u64, out)?;
    }
    target.sync_all().map_err(|error| Failure::of_io(&error, part))
}
