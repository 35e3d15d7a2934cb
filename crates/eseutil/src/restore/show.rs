//! `/cm`: `Restore.env`, line by line as Exchange's tool prints its own (spec 10 §8.1), and as JSON.
//!
//! Differences, by decision: GUIDs are whole (spec 07 §18 D16), times are UTC.

use std::io::{self, Write};
use std::path::Path;

use ese_engine::io::OsFileSystem;
use ese_engine::restore_environment::{
    CircularAtBackup, EnvironmentDatabase, RecoverStatus, RestoreEnvironment, RestoreMode, ctime_text,
    time_text,
};
use ese_format::logtime::Logtime;
use serde_json::{Value, json};

use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Columns of the labels.
const WIDTH: usize = 30;
/// Columns of the labels of a database.
const DATABASE_WIDTH: usize = 38;

/// Shows the `Restore.env` of a folder.
///
/// # Errors
/// Those of reading it.
pub fn run(folder: &Path, out: &mut Output<'_>) -> CommandResult {
    line(WIDTH, "Restore log file", &folder.to_string_lossy(), out)?;
    blank(WIDTH, out)?;
    let environment = load(folder)?;
    out.set("environment", to_json(&environment));
    body(&environment, out)?;
    writeln!(out)?;
    Ok(())
}

/// The `Restore.env` of a folder.
///
/// # Errors
/// JET_errFileNotFound, JET_errFileInvalidType, JET_errInvalidParameter.
pub(super) fn load(folder: &Path) -> CommandResult<RestoreEnvironment> {
    RestoreEnvironment::load(&OsFileSystem, folder).map_err(|error| {
        let file = folder.join(ese_engine::restore_environment::FILE_NAME);
        Failure::from(error.jet()).about(&file).with_detail(reason(&error))
    })
}

/// What an engine's refusal is about, without the code behind it, which the frame says.
pub(super) fn reason(error: &ese_engine::error::Error) -> String {
    match error {
        ese_engine::error::Error::Refused(refusal) => refusal.about.clone(),
        other => other.to_string(),
    }
}

fn line(width: usize, label: &str, value: &str, out: &mut Output<'_>) -> io::Result<()> {
    let label = format!("{label}:");
    writeln!(out, "{label:>width$} {value}")
}

fn blank(width: usize, out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out, "{:width$} ", "")
}

/// Everything behind the name of the folder.
pub(super) fn body(environment: &RestoreEnvironment, out: &mut Output<'_>) -> io::Result<()> {
    line(WIDTH, "Restore Path", &environment.restore_path, out)?;
    line(WIDTH, "Annotation", &environment.annotation, out)?;
    line(WIDTH, "Server", &environment.server_name, out)?;
    line(WIDTH, "Backup Instance", &environment.source_instance, out)?;
    line(WIDTH, "Target Instance", &environment.target_instance, out)?;
    line(WIDTH, "Restore Instance System Path", &environment.restore_instance_system_path, out)?;
    line(WIDTH, "Restore Instance Log Path", &environment.restore_instance_log_path, out)?;
    blank(WIDTH, out)?;
    line(WIDTH, "Databases", &format!("{} database(s)", environment.databases.len()), out)?;
    for database in &environment.databases {
        database_lines(database, out)?;
    }
    blank(WIDTH, out)?;
    blank(WIDTH, out)?;
    line(WIDTH, "Log files range", &range_text(environment), out)?;
    line(WIDTH, "Last Restore Time", &shown_time(&environment.last_restore_time), out)?;
    line(WIDTH, "Recover Status", status_text(environment.recover_status), out)?;
    line(WIDTH, "Recover Error", &format!("0x{:08X}", environment.recover_error), out)?;
    line(WIDTH, "Recover Time", &shown_time(&environment.recover_time), out)
}

fn database_lines(database: &EnvironmentDatabase, out: &mut Output<'_>) -> io::Result<()> {
    line(DATABASE_WIDTH, "Database Name", &database.display_name, out)?;
    line(DATABASE_WIDTH, "GUID", &database.guid.to_string(), out)?;
    let source =
        if database.source_file.is_empty() { String::new() } else { format!("{} ", database.source_file) };
    line(DATABASE_WIDTH, "Source Files", &source, out)?;
    // The line of the destination is ended by the empty field behind it: so it is in the original.
    let destination = format!("{} {:DATABASE_WIDTH$} ", database.destination_file.display(), "");
    line(DATABASE_WIDTH, "Destination Files", &destination, out)?;
    blank(DATABASE_WIDTH, out)
}

fn range_text(environment: &RestoreEnvironment) -> String {
    let RestoreEnvironment { log_base_name: base, low_log, high_log, .. } = environment;
    format!("{base}{low_log:08X}.log - {base}{high_log:08X}.log")
}

/// The C library's text, with the line end that belongs to it.
fn shown_time(time: &Logtime) -> String {
    ctime_text(time).map_or_else(|| "<none>".to_owned(), |text| format!("{text}\n"))
}

fn status_text(status: RecoverStatus) -> &'static str {
    match status {
        RecoverStatus::Invalid => "recoverInvalid",
        RecoverStatus::NotStarted => "recoverNotStarted",
        RecoverStatus::Started => "recoverStarted",
        RecoverStatus::Ended => "recoverEnded",
    }
}

/// The members of the JSON document.
pub(super) fn to_json(environment: &RestoreEnvironment) -> Value {
    let databases: Vec<Value> = environment
        .databases
        .iter()
        .map(|database| {
            json!({
                "display_name": database.display_name,
                "guid": database.guid.to_string(),
                "source_file": database.source_file,
                "destination_file": database.destination_file.to_string_lossy(),
                "signature": database.signature.hexadecimal(),
            })
        })
        .collect();
    let time = |time: &Logtime| if time.is_set() { json!(time_text(time)) } else { Value::Null };
    json!({
        "restore_path": environment.restore_path,
        "annotation": environment.annotation,
        "server_name": environment.server_name,
        "source_instance": environment.source_instance,
        "target_instance": environment.target_instance,
        "restore_instance_system_path": environment.restore_instance_system_path,
        "restore_instance_log_path": environment.restore_instance_log_path,
        "running_log_path": environment.running_log_path,
        "running_system_path": environment.running_system_path,
        "log_base_name": environment.log_base_name,
        "low_log": environment.low_log,
        "high_log": environment.high_log,
        "log_signature": environment.log_signature.hexadecimal(),
        "circular": environment.circular == CircularAtBackup::Yes,
        "mode": match environment.mode {
            RestoreMode::Normal => "normal",
            RestoreMode::Victimized => "victimized",
            RestoreMode::RecoveryGroup => "recovery-group",
        },
        "last_restore_time": time(&environment.last_restore_time),
        "recover_status": status_text(environment.recover_status),
        "recover_error": format!("0x{:08X}", environment.recover_error),
        "recover_time": time(&environment.recover_time),
        "databases": databases,
    })
}
