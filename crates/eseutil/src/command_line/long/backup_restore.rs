//! The options of `backup` and of the `restore` family, understood.

use std::path::PathBuf;

use super::super::backup_restore::{
    BackupExtent, BackupOptions, BackupPlace, PendingAction, PendingOptions, Placed, RestoreRunOptions,
    RestoreSetsOptions, RollForward, without_file_name,
};
use super::super::{Command, UsageError};
use super::Given;

fn wrong<T>(sentence: impl Into<String>) -> Result<T, UsageError> {
    Err(UsageError::Long(sentence.into()))
}

/// The last one that was given, where at most one may be.
fn at_most_one<T>(what: &str, given: Vec<T>) -> Result<Option<T>, UsageError> {
    if given.len() > 1 {
        return wrong(format!("only one of {what}"));
    }
    Ok(given.into_iter().next())
}

pub(super) fn build_backup(given: &Given) -> Result<Command, UsageError> {
    let kinds = [
        ("--incremental", BackupExtent::Incremental),
        ("--differential", BackupExtent::Differential),
        ("--copy", BackupExtent::Copy),
    ];
    let kinds = kinds.into_iter().filter(|(name, _)| given.wanted(name).is_wanted()).map(|(_, kind)| kind);
    let extent =
        at_most_one("--incremental, --differential and --copy", kinds.collect())?.unwrap_or_default();
    let place = match (given.text("--to"), given.wanted("--stream").is_wanted()) {
        (Some(folder), false) if !folder.is_empty() => BackupPlace::Folder(PathBuf::from(folder)),
        (None, true) => BackupPlace::Stream,
        (Some(_), true) => return wrong("either --to or --stream"),
        _ => return wrong("where to? --to FOLDER, or --stream for standard output"),
    };
    Ok(Command::Backup(BackupOptions {
        databases: given.files()?,
        extent,
        place,
        logs: given.text("--logs"),
        system: given.text("--system"),
        base: given.text("--base"),
        new_stream: given.wanted("--new-stream"),
    }))
}

pub(super) fn build_restore_run(given: &Given) -> Result<Command, UsageError> {
    let alone = given.wanted("--folder-alone").is_wanted().then_some(RollForward::FolderAlone);
    let instance = given.text("--instance").map(RollForward::Instance);
    let folder = given.text("--run-in").map(RollForward::Folder);
    let given_ways = [alone, instance, folder].into_iter().flatten().collect();
    let roll_forward =
        at_most_one("--folder-alone, --instance and --run-in", given_ways)?.unwrap_or_default();
    Ok(Command::RestoreRun(RestoreRunOptions {
        folder: without_file_name(given.one_file()?),
        roll_forward,
        keep: given.wanted("--keep-logs"),
        again: given.wanted("--again"),
    }))
}

fn placed(given: &Given) -> Result<Vec<Placed>, UsageError> {
    given
        .all("--map")
        .map(|pair| {
            Placed::parse(pair).ok_or_else(|| UsageError::Long(format!("--map: '{pair}' is no pair A=B")))
        })
        .collect()
}

pub(super) fn build_restore_sets(given: &Given) -> Result<Command, UsageError> {
    let Some(to) = given.text("--to").filter(|to| !to.is_empty()) else {
        return wrong("where to? --to FOLDER (`eseutil restore --help` tells more)");
    };
    Ok(Command::RestoreSets(RestoreSetsOptions {
        sets: given.files()?,
        to: PathBuf::from(to),
        logs: given.text("--logs"),
        system: given.text("--system"),
        work: given.text("--work"),
        placed: placed(given)?,
        only: given.all("--only").map(str::to_owned).collect(),
        overwrite: given.wanted("--overwrite"),
        set_only: given.wanted("--set-only"),
        circular: given.wanted("--circular"),
        keep: given.wanted("--keep"),
    }))
}

pub(super) fn build_pending(given: &Given) -> Result<Command, UsageError> {
    let folder = match given.operands.as_slice() {
        [] => PathBuf::from("."),
        [folder] => PathBuf::from(folder),
        _ => return wrong("one folder is enough"),
    };
    let drives = given.all("--drive").map(|pair| {
        let parsed = pair.split_once('=').and_then(|(drive, folder)| {
            let mut letters = drive.trim_end_matches(':').chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) if letter.is_ascii_alphabetic() => Some((letter, PathBuf::from(folder))),
                _ => None,
            }
        });
        parsed.ok_or_else(|| UsageError::Long(format!("--drive: '{pair}' is no pair X=FOLDER")))
    });
    let action = match (given.wanted("--run").is_wanted(), given.wanted("--create").is_wanted()) {
        (true, true) => return wrong("either --run or --create"),
        (true, false) => PendingAction::Run,
        (false, true) => create(given)?,
        (false, false) => PendingAction::Show,
    };
    Ok(Command::RestorePending(PendingOptions { folder, action, drives: drives.collect::<Result<_, _>>()? }))
}

fn create(given: &Given) -> Result<PendingAction, UsageError> {
    let generation = |name: &str| {
        let text = given.text(name).unwrap_or_default();
        i32::from_str_radix(text.trim_start_matches("0x"), 16)
            .ok()
            .filter(|generation| *generation > 0)
            .ok_or_else(|| UsageError::Long(format!("{name}: '{text}' is no generation")))
    };
    let logs = (generation("--low")?, generation("--high")?);
    let Some(backup_logs) = given.text("--backup-logs") else {
        return wrong("--create needs --backup-logs FOLDER");
    };
    let map = placed(given)?;
    if map.is_empty() {
        return wrong("--create needs --map OLD=NEW");
    }
    Ok(PendingAction::Create { logs, backup_logs, log_path: given.text("--logs"), map })
}
