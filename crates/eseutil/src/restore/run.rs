//! `/cc`: hard recovery of a folder with `Restore.env`, step by step (spec 07 §14.4, spec 10 §8.2).
//!
//! Invariants: nothing is changed before every destination and every log of the set has been looked at; the status in
//! `Restore.env` says "started" before the first change and how it ended after the last; after a failure nothing is deleted.

use std::io::Write;
use std::path::{Path, PathBuf};

use ese_engine::instance::HeaderFile;
use ese_engine::io::{Access, FileSystem, Host, OsFileSystem};
use ese_engine::log::LogFolder;
use ese_engine::recovery::{GenerationRange, MapEntry, MapOptions};
use ese_engine::restore::{Beyond, GivenLogs, check_beyond};
use ese_engine::restore_environment::{EnvironmentDatabase, RecoverStatus, RestoreEnvironment};
use ese_format::error::JetError;
use ese_format::log::LogHeader;
use ese_format::page_size::PageSize;

use super::clean_up::clean_up;
use super::decision::{Folders, Replay, folders_of, replay_of};
use super::recovery::{Plan, failed, recover};
use super::show;
use crate::backup::LOCKED;
use crate::command_line::Settings;
use crate::command_line::backup_restore::{RestoreRunOptions, RollForward};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::SourceFile;

/// Columns of the labels before the environment.
const WIDTH: usize = 20;

/// Runs hard recovery of a folder.
///
/// # Errors
/// Those of reading `Restore.env`; JET_errMissingRestoreLogFiles, JET_errBadLogSignature, JET_errBadDbSignature,
/// JET_errFileAccessDenied, before anything is changed; those of JetExternalRestore.
pub fn run(options: &RestoreRunOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let folder = std::path::absolute(&options.folder)?;
    let environment = match show::load(&folder) {
        Ok(environment) => environment,
        Err(failure) => {
            say_unusable(&folder, &failure, out)?;
            return Err(failure);
        }
    };
    out.frame(format_args!(
        "Using restore environment \n{:>WIDTH$} {}\n",
        "Restore log file:",
        folder.display()
    ))?;
    out.frame(format_args!("{:WIDTH$} \n", ""))?;
    out.set("environment", show::to_json(&environment));
    if environment.recover_status == RecoverStatus::Ended
        && environment.recover_error == 0
        && !options.again.is_wanted()
    {
        writeln!(out, "Restore already completed.")?;
        out.set("folder_kept", true);
        return Ok(());
    }
    let replay = replay_of(&environment, &options.roll_forward)?;
    let page_size = look(&folder, &environment, &replay, settings, out)?;
    if out.renderer() == crate::output::Renderer::Classic {
        show::body(&environment, out)?;
    }
    out.frame(format_args!("Restoring .... \n"))?;
    let server =
        if environment.server_name.is_empty() { host_name() } else { environment.server_name.clone() };
    out.frame(format_args!("{:>WIDTH$} {server}\n", "Restore to server:"))?;
    let target = match environment.target_instance.as_str() {
        "" => &environment.source_instance,
        target => target,
    };
    out.frame(format_args!("{:>WIDTH$} {target}\n\n", "Target Instance:"))?;
    let run = Run { folder, environment, folders: None, page_size };
    run.carry_out(&replay, options, out)
}

/// The hard recovery of a folder that was looked at.
struct Run {
    folder: PathBuf,
    environment: RestoreEnvironment,
    folders: Option<Folders>,
    page_size: PageSize,
}

impl Run {
    fn carry_out(
        mut self,
        replay: &Replay,
        options: &RestoreRunOptions,
        out: &mut Output<'_>,
    ) -> CommandResult {
        out.go_on()?;
        let folders = folders_of(replay, &self.folder)?;
        self.environment.recover_status = RecoverStatus::Started;
        self.save()?;
        let plan = self.plan(&folders);
        self.folders = Some(folders);
        let recovered = recover(plan, out);
        if let Err(Failure::Jet(failure)) = &recovered
            && failure.interruption.is_some()
        {
            // Started, and not ended: the next run begins again.
            out.set("folder_kept", true);
            out.frame(format_args!("\n\n"))?;
            return recovered;
        }
        self.environment.recover_status = RecoverStatus::Ended;
        self.environment.recover_time = Host::system().clock.logtime();
        self.environment.recover_error = match &recovered {
            Ok(()) => 0,
            Err(Failure::Jet(failure)) => failure.error.library_form().unwrap_or(u32::MAX),
            Err(Failure::Output(_)) => JetError::INTERNAL_ERROR.library_form().unwrap_or(u32::MAX),
        };
        let saved = self.save();
        if let (Ok(()), Err(Failure::Jet(failure))) = (&recovered, &saved) {
            let sentence = format!("the restore succeeded, and Restore.env could not be written: {failure}");
            out.complain(format_args!("Warning: {sentence}"))?;
            out.warn(sentence);
        }
        if let Err(failure) = recovered {
            out.set("folder_kept", true);
            let form = self.environment.recover_error;
            out.frame(format_args!("\n\nError returned from hard recovery (0x{form:08X}).\n"))?;
            return Err(failure);
        }
        if !options.keep.is_wanted() {
            let scratch = self.folders.as_ref().and_then(|folders| folders.scratch.as_deref());
            clean_up(&self.folder, &self.environment, scratch, out)?;
        }
        out.frame(format_args!("\n"))?;
        out.set("folder_kept", self.folder.exists());
        for database in &self.environment.databases {
            if out.renderer() == crate::output::Renderer::Plain {
                writeln!(out, "Restored {}.", database.destination_file.display())?;
            }
        }
        Ok(())
    }

    fn save(&self) -> CommandResult {
        self.environment
            .save(&OsFileSystem, &self.folder)
            .map_err(|error| Failure::of_engine(&error, &self.folder.join("Restore.env")))
    }

    fn plan(&self, folders: &Folders) -> Plan {
        let environment = &self.environment;
        let entry = |database: &EnvironmentDatabase| MapEntry {
            logged: Some(database.source_file.clone()).filter(|source| !source.is_empty()),
            path: database.destination_file.clone(),
            options: MapOptions::empty(),
        };
        Plan {
            backup_folder: self.folder.clone(),
            given: (environment.low_log, environment.high_log),
            base_name: environment.log_base_name.clone(),
            extension: environment.log_extension,
            page_size: self.page_size,
            log_folder: folders.logs.clone(),
            system_folder: folders.system.clone(),
            map: environment.databases.iter().map(entry).collect(),
        }
    }
}

fn say_unusable(folder: &Path, failure: &Failure, out: &mut Output<'_>) -> CommandResult {
    let reason = match failure {
        Failure::Jet(failure) => failure.detail.clone().unwrap_or_default(),
        Failure::Output(_) => String::new(),
    };
    let file = folder.join(ese_engine::restore_environment::FILE_NAME);
    out.frame(format_args!("Error: Restore environment '{}' cannot be used: {reason}.\n\n", file.display()))?;
    Ok(())
}

/// Looks at every destination, at the running folder and at every log of the set; the page size of the databases.
fn look(
    folder: &Path,
    environment: &RestoreEnvironment,
    replay: &Replay,
    settings: &Settings,
    out: &mut Output<'_>,
) -> CommandResult<PageSize> {
    let mut page_size = settings.page_size;
    for database in &environment.databases {
        let size = look_at_destination(database, out)?;
        page_size.get_or_insert(size);
    }
    if let Replay::Running { logs, .. } = replay {
        look_at_running(environment, logs)?;
    }
    look_at_logs(folder, environment, out)?;
    page_size
        .ok_or_else(|| Failure::from(JetError::INVALID_PARAMETER).with_detail("Restore.env has no database"))
}

fn look_at_destination(database: &EnvironmentDatabase, out: &mut Output<'_>) -> CommandResult<PageSize> {
    let path = &database.destination_file;
    // Not a pipe, which would keep us waiting.
    SourceFile::open(path)?;
    let file = match OsFileSystem.open(path, Access::ReadWrite) {
        Ok(file) => file,
        Err(error) if error.jet() == JetError::FILE_ACCESS_DENIED => {
            out.frame(format_args!("Error: Database '{}' is in use.\n\n", path.display()))?;
            return Err(crate::backup::in_use_or(&error, path));
        }
        Err(error) => return Err(Failure::of_engine(&error, path)),
    };
    let pair = HeaderFile::read_pair(&*file).map_err(|error| Failure::of_engine(&error, path))?;
    if pair.header.fields.database_signature != database.signature {
        let what = "is another database than the one that was restored there";
        return Err(Failure::of_file(JetError::BAD_DB_SIGNATURE, path).with_detail(what));
    }
    Ok(pair.header.page_size())
}

/// Whether the logs of the running folder, if those are replayed, go on behind the set: what hard recovery would refuse
/// is told while every database is still what it was.
///
/// # Errors
/// JET_errLogFilePathInUse, those of the logs of the set, and -557, -565, -610, -611.
pub(super) fn look_behind(
    folder: &Path,
    environment: &RestoreEnvironment,
    wish: &RollForward,
    page_size: PageSize,
) -> CommandResult {
    let Replay::Running { logs, .. } = replay_of(environment, wish)? else { return Ok(()) };
    if !logs.is_dir() {
        return Ok(());
    }
    look_at_running(environment, &logs)?;
    let (disk, base_name) = (&OsFileSystem, &environment.log_base_name);
    let range = GenerationRange { low: environment.low_log, high: environment.high_log };
    let looked = GivenLogs::examine(disk, folder, base_name, environment.log_extension, range, page_size)
        .and_then(|given| {
            let there = LogFolder::scan_only(disk, &logs, base_name, given.set().extension)?;
            check_beyond(disk, &given, &Beyond { folder: &there, is_backup_folder: false, target_high: None })
        });
    looked.map_err(|error| failed(&error, &logs))
}

/// An instance of another process that has its logs open keeps a restore into its folder out.
fn look_at_running(environment: &RestoreEnvironment, folder: &Path) -> CommandResult {
    if !folder.is_dir() {
        return Ok(());
    }
    let logs = LogFolder::scan(&OsFileSystem, folder, &environment.log_base_name, environment.log_extension)
        .map_err(|error| Failure::of_engine(&error, folder))?;
    let Some(current) = logs.current() else { return Ok(()) };
    match OsFileSystem.open(current, Access::ReadWrite) {
        Err(error) if error.jet() == JetError::FILE_ACCESS_DENIED => {
            let failure = Failure::of_file(JetError::LOG_FILE_PATH_IN_USE, current);
            Err(failure.with_detail(format!("the log folder {LOCKED}")))
        }
        // Whatever else is wrong with it hard recovery says.
        _ => Ok(()),
    }
}

/// Every log of the set is there and of the stream.
fn look_at_logs(folder: &Path, environment: &RestoreEnvironment, out: &mut Output<'_>) -> CommandResult {
    let logs = LogFolder::scan(&OsFileSystem, folder, &environment.log_base_name, environment.log_extension)
        .map_err(|error| Failure::of_engine(&error, folder))?;
    for generation in environment.low_log..=environment.high_log {
        let Some(path) = logs.archives().get(&generation) else {
            let name = format!("{}{generation:08X}.log", environment.log_base_name);
            out.frame(format_args!("Error: Log file '{name}' is missing.\n\n"))?;
            let what = format!("log 0x{generation:X} of the set is missing");
            return Err(Failure::of_file(JetError::MISSING_RESTORE_LOG_FILES, folder).with_detail(what));
        };
        let probe = SourceFile::open(path)?.probe()?;
        let header = LogHeader::read(&probe).map_err(|error| Failure::of_format(error, path))?;
        if header.signature != environment.log_signature {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            out.frame(format_args!("Error: Log file '{name}' has a different signature.\n\n"))?;
            let what = "is of another log stream than Restore.env says";
            return Err(Failure::of_file(JetError::BAD_LOG_SIGNATURE, path).with_detail(what));
        }
    }
    Ok(())
}

/// The name of this machine.
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}
