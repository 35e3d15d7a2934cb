//! `restore pending`: the "Restore in Progress" record of a system folder, shown and checked, written, or carried out as a service
//! does at its start (spec 07 §15, spec 10 §8.3).

use std::io::Write;
use std::path::Path;

use ese_engine::io::{FileSystem, OsFileSystem};
use ese_engine::recovery::{MapEntry, MapOptions};
use ese_engine::restore_environment::RestoreEnvironment;
use ese_engine::restore_in_progress::{RecordState, RecordedDatabase, RestoreInProgress, local_path};
use ese_format::error::JetError;
use ese_format::log::names::{self, LogExtension, LogName};
use serde_json::{Value, json};

use super::recovery::{Plan, recover};
use super::show::reason;
use crate::command_line::Settings;
use crate::command_line::backup_restore::{PendingAction, PendingOptions};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::SourceFile;

/// Does with the record what was asked for.
///
/// # Errors
/// Those of reading or writing it; with `--run` those of hard recovery.
pub fn run(options: &PendingOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let failed = |error: ese_engine::error::Error| {
        let file = options.folder.join(ese_engine::restore_in_progress::FILE_NAME);
        Failure::from(error.jet()).about(&file).with_detail(reason(&error))
    };
    match &options.action {
        PendingAction::Show => {
            let record = RestoreInProgress::load(&OsFileSystem, &options.folder).map_err(failed)?;
            show(record.as_ref(), out)
        }
        PendingAction::Run => carry_out(options, settings, out),
        PendingAction::Create { logs, backup_logs, log_path, map } => {
            let absolute =
                |path: &str| std::path::absolute(path).map(|path| path.to_string_lossy().into_owned());
            let backup_log_path = absolute(backup_logs)?;
            let pairs = map.iter().map(|pair| {
                // What is no absolute path of either kind is one of this machine.
                let new =
                    if is_windows_path(&pair.place) { pair.place.clone() } else { absolute(&pair.place)? };
                Ok(RecordedDatabase { old: pair.what.clone(), new })
            });
            let record = RestoreInProgress {
                low_log: logs.0,
                high_log: logs.1,
                map: pairs.collect::<std::io::Result<_>>()?,
                log_path: log_path.as_deref().map_or_else(|| Ok(backup_log_path.clone()), absolute)?,
                backup_log_path,
                checkpoint_path: absolute(&options.folder.to_string_lossy())?,
                state: RecordState::Pending,
            };
            record.save(&OsFileSystem, &options.folder).map_err(failed)?;
            show(Some(&record), out)
        }
    }
}

/// Does what the record asks for. A record whose logs have been replayed is deleted; `Restore.env` in the folder of the restored logs
/// has the same to say, or neither is obeyed.
fn carry_out(options: &PendingOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let file = options.folder.join(ese_engine::restore_in_progress::FILE_NAME);
    let failed =
        |error: ese_engine::error::Error| Failure::from(error.jet()).about(&file).with_detail(reason(&error));
    let record = RestoreInProgress::load(&OsFileSystem, &options.folder).map_err(failed)?;
    let Some(mut record) = record else { return show(None, out) };
    if record.state == RecordState::Recovered {
        RestoreInProgress::delete(&OsFileSystem, &options.folder).map_err(failed)?;
        out.set("done", "deleted");
        writeln!(out, "The logs have been replayed already: the record is deleted, nothing else is done.")?;
        return Ok(());
    }
    let local = |path: &String| local_path(path, &options.drives).map_err(failed);
    let backup_folder = local(&record.backup_log_path)?;
    let mut map = Vec::new();
    for database in &record.map {
        let path = local(&database.new)?;
        map.push(MapEntry { logged: Some(database.old.clone()), path, options: MapOptions::empty() });
    }
    if RestoreEnvironment::load(&OsFileSystem, &backup_folder)
        .is_ok_and(|environment| !agrees(&environment, &record, &map))
    {
        let what = format!("says something else than Restore.env in {}", backup_folder.display());
        return Err(Failure::of_file(JetError::INVALID_PARAMETER, &file).with_detail(what));
    }
    let first = map.first().map(|entry| entry.path.clone()).unwrap_or_default();
    let page_size = match settings.page_size {
        Some(size) => size,
        None => {
            SourceFile::open(&first)?.header().map_err(|failure| failure.about(&first))?.header.page_size()
        }
    };
    let (base_name, extension) = logs_in(&backup_folder, record.low_log)?;
    show(Some(&record), out)?;
    let plan = Plan {
        backup_folder,
        given: (record.low_log, record.high_log),
        base_name,
        extension,
        page_size,
        log_folder: local(&record.log_path)?,
        system_folder: local(&record.checkpoint_path)?,
        map,
    };
    recover(plan, out)?;
    // Before anybody attaches the databases: a next start must not replay anything again.
    record.state = RecordState::Recovered;
    record.save(&OsFileSystem, &options.folder).map_err(failed)?;
    out.set("done", "recovered");
    writeln!(out, "Hard recovery succeeded; the next run deletes the record.")?;
    Ok(())
}

/// Whether `Restore.env` and the record ask for the same.
fn agrees(environment: &RestoreEnvironment, record: &RestoreInProgress, map: &[MapEntry]) -> bool {
    let same_logs = (environment.low_log, environment.high_log) == (record.low_log, record.high_log);
    let in_both = |entry: &MapEntry| {
        environment.databases.iter().any(|database| database.destination_file == entry.path)
    };
    same_logs && environment.databases.len() == map.len() && map.iter().all(in_both)
}

/// The base name of the logs in a folder: that of the first log of the range.
fn logs_in(folder: &Path, low_log: i32) -> CommandResult<(String, LogExtension)> {
    let files = OsFileSystem.list(folder).map_err(|error| Failure::of_engine(&error, folder))?;
    let base = files.iter().find_map(|path| {
        let name = path.file_name()?.to_str()?;
        let base = name.get(..3)?;
        match names::parse(base, name)? {
            LogName::Archived { generation, extension, .. } if generation == low_log => {
                Some((base.to_owned(), extension))
            }
            _ => None,
        }
    });
    base.ok_or_else(|| {
        let what = format!("log 0x{low_log:X} of the restored logs is missing");
        Failure::of_file(JetError::FILE_NOT_FOUND, folder).with_detail(what)
    })
}

fn is_windows_path(path: &str) -> bool {
    path.starts_with("\\\\") || path.as_bytes().get(1) == Some(&b':')
}

/// Shows a record, or that there is none.
pub(super) fn show(record: Option<&RestoreInProgress>, out: &mut Output<'_>) -> CommandResult {
    out.set("record", record.map_or(Value::Null, to_json));
    let Some(record) = record else {
        writeln!(out, "No restore is in progress: nothing to do.")?;
        return Ok(());
    };
    let state = match record.state {
        RecordState::Pending => "pending: hard recovery is still to be run",
        RecordState::Recovered => "recovered: the next start deletes the record",
    };
    writeln!(out, "Restore in progress, {state}.")?;
    writeln!(out, "{:>16}: 0x{:X}-0x{:X}", "logs", record.low_log, record.high_log)?;
    writeln!(out, "{:>16}: {}", "restored logs", record.backup_log_path)?;
    writeln!(out, "{:>16}: {}", "log folder", record.log_path)?;
    writeln!(out, "{:>16}: {}", "system folder", record.checkpoint_path)?;
    for database in &record.map {
        writeln!(out, "{:>16}: {} -> {}", "database", database.old, database.new)?;
    }
    Ok(())
}

fn to_json(record: &RestoreInProgress) -> Value {
    let map: Vec<Value> =
        record.map.iter().map(|database| json!({ "old": database.old, "new": database.new })).collect();
    json!({
        "low_log": record.low_log,
        "high_log": record.high_log,
        "map": map,
        "log_path": record.log_path,
        "backup_log_path": record.backup_log_path,
        "checkpoint_path": record.checkpoint_path,
        "state": if record.state == RecordState::Recovered { "recovered" } else { "pending" },
    })
}
