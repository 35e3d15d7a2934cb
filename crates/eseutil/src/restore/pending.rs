//! `restore pending`: the "Restore in Progress" record of a system folder, shown and checked, written, or carried out as a service
//! does at its start (spec 07 §15, spec 10 §8.3).

use std::io::Write;

use ese_engine::io::OsFileSystem;
use ese_engine::restore_in_progress::{RecordState, RecordedDatabase, RestoreInProgress};
use serde_json::{Value, json};

use super::show::reason;
use crate::command_line::Settings;
use crate::command_line::backup_restore::{PendingAction, PendingOptions};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

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
        PendingAction::Run => super::pending_run::run(options, settings, out),
        PendingAction::Create { logs, backup_logs, log_path, map } => {
            let absolute = |path: &str| std::path::absolute(path).map(|path| path.to_string_lossy().into_owned());
            let backup_log_path = absolute(backup_logs)?;
            let pairs = map.iter().map(|pair| {
                // What is no absolute path of either kind is one of this machine.
                let new = if is_windows_path(&pair.place) { pair.place.clone() } else { absolute(&pair.place)? };
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
