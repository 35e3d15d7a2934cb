//! From the command table to the command: which function runs, how several files are one run.

use std::path::{Path, PathBuf};

use ese_format::error::JetError;
use serde_json::{Value, json};

use crate::command_line::{Command, Dump, DumpKind, Settings};
use crate::failure::{CommandResult, Failure};
use crate::log_dump::{self, LogDumpOptions};
use crate::output::{Output, Renderer, Report};
use crate::{
    backup, checkpoint_dump, checksum, compact, error_code, export, flush_map_dump, header_dump, info,
    integrity, meta_dump, recovery, restore, space_dump, verify_backup,
};

/// Runs a command.
///
/// # Errors
/// As the command ended; of several files the first failure.
pub fn run(command: &Command, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    match command {
        Command::Dump(dump) => each(&dump.sources, out, |source, out| run_dump(dump, source, settings, out)),
        Command::Checksum(options) => {
            each(&options.sources, out, |source, out| checksum::run(source, options, settings, out))
        }
        Command::Check(options) => {
            each(&options.sources, out, |source, out| integrity::run(source, options, settings, out))
        }
        Command::Compact(options) => compact::run(options, settings, out),
        Command::Export(options) => export::run(options, settings, out),
        Command::Tables(source) => export::list_tables(source, out),
        Command::Info(sources) => each(sources, out, info::run),
        Command::Recover(options) => recovery::run(options, settings, out),
        Command::RestoreShow(folder) => restore::show::run(folder, out),
        Command::RestoreRun(options) => restore::run::run(options, settings, out),
        Command::RestoreSets(options) => restore::sets::run(options, settings, out),
        Command::RestorePending(options) => restore::pending::run(options, settings, out),
        Command::Backup(options) => backup::run(options, settings, out),
        Command::VerifyBackup(folders) => verify_backup::run(folders, out),
        Command::ErrorCodes(codes) => error_code::run(codes, out),
        Command::Unavailable(mode) => unavailable(mode, out),
        Command::ClassicHelp | Command::Help(_) | Command::Version => Ok(()),
    }
}

/// Runs one file after the other; a failure of one does not keep the next from being looked at.
fn each(
    sources: &[PathBuf],
    out: &mut Output<'_>,
    mut command: impl FnMut(&Path, &mut Output<'_>) -> CommandResult,
) -> CommandResult {
    if let [source] = sources {
        return command(source, out).map_err(|failure| failure.about(source));
    }
    let mut first_failure = None;
    let (mut files, mut all_damage) = (Vec::new(), Vec::new());
    for source in sources {
        let result = command(source, out).map_err(|failure| failure.about(source));
        let Report { result: members, warnings, damage } = std::mem::take(&mut out.report);
        all_damage.extend(damage.iter().cloned());
        let mut entry = json!({
            "source": source.to_string_lossy(),
            "result": members,
            "error": null,
            "damage": damage,
            "warnings": warnings,
        });
        match result {
            Ok(()) => {}
            Err(Failure::Jet(failure)) => {
                entry["error"] = failure.to_json();
                if first_failure.is_none() {
                    first_failure = Some(failure);
                } else if out.renderer() == Renderer::Plain {
                    out.complain(format_args!("eseutil: {failure}"))?;
                }
            }
            Err(Failure::Output(error)) => return Err(error.into()),
        }
        files.push(entry);
    }
    out.set("files", Value::Array(files));
    out.report.damage = all_damage;
    first_failure.map_or(Ok(()), |failure| Err(Failure::Jet(failure)))
}

fn run_dump(dump: &Dump, source: &Path, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    out.frame(format_args!("Initiating FILE DUMP mode...\n"))?;
    match dump.kind {
        DumpKind::Header => header_dump::run(source, &dump.options, settings, out),
        DumpKind::Checkpoint => checkpoint_dump::run(source, out),
        DumpKind::FlushMap => flush_map_dump::run(source, &dump.options, out),
        DumpKind::Log => {
            let options = LogDumpOptions::of_dump(source, &dump.options);
            log_dump::run(&LogDumpOptions { csv_encoding: settings.csv_encoding, ..options }, out)
        }
        DumpKind::MetaData => meta_dump::run(source, &dump.options, settings, out),
        DumpKind::Space => space_dump::run(source, &dump.options, settings, out),
        DumpKind::SpaceCategory => unavailable("Space category dump (/mc)", out),
        DumpKind::Nodes => unavailable("Node dump (/mn)", out),
        DumpKind::Page => unavailable("Page dump (/m /p)", out),
        DumpKind::Node => unavailable("Node dump (/m /n)", out),
        DumpKind::Tag => unavailable("Tag dump (/m /i)", out),
        DumpKind::Seek => unavailable("Bookmark dump (/m /k)", out),
        DumpKind::RevertSnapshot => unavailable("Revert snapshot dump (/mr)", out),
        DumpKind::TraceLog => unavailable("Trace log dump (/mt)", out),
        DumpKind::CacheFile => unavailable("Cache file dump (/mb)", out),
    }
}

/// Says that this version does not have a mode (spec 10 §6.10: JET_errFeatureNotAvailable).
fn unavailable(mode: &str, out: &mut Output<'_>) -> CommandResult {
    out.frame(format_args!("Error: {mode} is not available in this version.\n\n"))?;
    let failure = Failure::from(JetError::FEATURE_NOT_AVAILABLE);
    Err(if out.renderer() == Renderer::Classic {
        failure
    } else {
        failure.with_detail(format!("{mode} is not available in this version"))
    })
}

/// Whether a command writes into what others keep, and so ends in order when a signal asks for its end.
#[must_use]
pub fn ends_in_order(command: &Command) -> bool {
    matches!(
        command,
        Command::Backup(_) | Command::RestoreRun(_) | Command::RestoreSets(_) | Command::RestorePending(_)
    )
}

/// The name of a command in the JSON document.
#[must_use]
pub fn name(command: &Command) -> &'static str {
    match command {
        Command::Dump(dump) => match dump.kind {
            DumpKind::Header => "dump header",
            DumpKind::Checkpoint => "dump checkpoint",
            DumpKind::Log => "dump log",
            DumpKind::MetaData => "dump meta",
            DumpKind::Space => "dump space",
            DumpKind::SpaceCategory => "dump pages",
            DumpKind::Nodes => "dump tree",
            DumpKind::FlushMap => "dump flushmap",
            DumpKind::Page => "dump page",
            DumpKind::Node | DumpKind::Tag | DumpKind::Seek => "dump node",
            DumpKind::RevertSnapshot => "dump snapshot",
            DumpKind::TraceLog => "dump trace",
            DumpKind::CacheFile => "dump cache",
        },
        Command::Checksum(_) => "checksum",
        Command::Check(_) => "check",
        Command::Compact(_) => "compact",
        Command::Export(_) => "export",
        Command::Tables(_) => "tables",
        Command::Info(_) => "info",
        Command::Recover(_) => "recover",
        Command::RestoreShow(_) => "restore show",
        Command::RestoreRun(_) => "restore run",
        Command::RestoreSets(_) => "restore",
        Command::RestorePending(_) => "restore pending",
        Command::Backup(_) => "backup",
        Command::VerifyBackup(_) => "verify-backup",
        Command::ErrorCodes(_) => "error",
        Command::Unavailable(mode) => mode,
        Command::ClassicHelp | Command::Help(_) => "help",
        Command::Version => "version",
    }
}

/// The files a command is about.
#[must_use]
pub fn sources(command: &Command) -> Vec<String> {
    let files: &[PathBuf] = match command {
        Command::Dump(dump) => &dump.sources,
        Command::Checksum(options) => &options.sources,
        Command::Check(options) => &options.sources,
        Command::Info(sources) => sources,
        Command::Compact(options) => std::slice::from_ref(&options.source),
        Command::Export(options) => std::slice::from_ref(&options.source),
        Command::Tables(source) => std::slice::from_ref(source),
        Command::RestoreShow(folder) => std::slice::from_ref(folder),
        Command::RestoreRun(options) => std::slice::from_ref(&options.folder),
        Command::RestoreSets(options) => &options.sets,
        Command::RestorePending(options) => std::slice::from_ref(&options.folder),
        Command::Backup(options) => &options.databases,
        Command::VerifyBackup(folders) => folders,
        _ => &[],
    };
    files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
}
