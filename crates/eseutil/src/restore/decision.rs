//! Which logs behind a set are replayed, and where the new log and the checkpoint go: the table of spec 07 §14.5, as the
//! folders that §14.4 gives hard recovery.
//!
//! | logs | normal | victimized, `/t` | recovery group |
//! |---|---|---|---|
//! | of the set | replayed | replayed | replayed |
//! | further ones in the folder | never | replayed, or an error where they do not fit | never |
//! | of the running folder | replayed, or an error where they do not fit | not looked at | as normal |
//! | the same, circular logging then or now | not looked at | not looked at | not looked at |

use std::path::{Path, PathBuf};

use ese_engine::io::OsFileSystem;
use ese_engine::log::LogFolder;
use ese_engine::restore_environment::{CircularAtBackup, RestoreEnvironment, RestoreMode};
use ese_format::error::JetError;
use ese_format::log::LogHeader;

use crate::command_line::backup_restore::RollForward;
use crate::failure::{CommandResult, Failure};
use crate::source_file::SourceFile;

/// The name of the folder in the restore folder for a log that nothing is to go on from.
const SCRATCH_NAME: &str = "recovery";
/// Names that are tried for it.
const SCRATCH_NAMES_MAX: u32 = 1000;

/// Where hard recovery looks for further logs and writes its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replay {
    /// In the restore folder: whatever goes on there behind the set is replayed.
    Folder,
    /// In the folders of an instance: logs that go on there are replayed, others are an error.
    Running {
        /// Its logs.
        logs: PathBuf,
        /// Its checkpoint.
        system: PathBuf,
    },
    /// In an empty folder inside the restore folder: the set and nothing else.
    SetAlone,
}

/// Decides for a folder.
///
/// # Errors
/// JET_errBadRestoreTargetInstance for an instance that `Restore.env` does not name.
pub(super) fn replay_of(environment: &RestoreEnvironment, wish: &RollForward) -> CommandResult<Replay> {
    let wanted = match wish {
        RollForward::FolderAlone => Replay::Folder,
        RollForward::Folder(path) => {
            let folder = std::path::absolute(path)?;
            Replay::Running { logs: folder.clone(), system: folder }
        }
        RollForward::Instance(name) => {
            let names = [&environment.source_instance, &environment.target_instance];
            if !names.into_iter().any(|known| known == name) {
                let what = format!(
                    "Restore.env knows no instance '{name}': it is about '{}'",
                    environment.source_instance
                );
                return Err(Failure::from(JetError::BAD_RESTORE_TARGET_INSTANCE).with_detail(what));
            }
            running(environment)
        }
        RollForward::AsRecorded => match environment.mode {
            RestoreMode::Victimized => Replay::Folder,
            RestoreMode::Normal | RestoreMode::RecoveryGroup => running(environment),
        },
    };
    Ok(match wanted {
        Replay::Running { ref logs, .. } if is_circular(environment, logs) => Replay::SetAlone,
        wanted => wanted,
    })
}

/// The folders of the instance that the databases belong to; without them the set stands alone.
fn running(environment: &RestoreEnvironment) -> Replay {
    let RestoreEnvironment { running_log_path: logs, running_system_path: system, .. } = environment;
    if logs.is_empty() {
        return Replay::SetAlone;
    }
    let system = if system.is_empty() { logs } else { system };
    Replay::Running { logs: PathBuf::from(logs), system: PathBuf::from(system) }
}

/// Whether logs were, or are, used again: then those in the running folder cannot be expected to fit.
fn is_circular(environment: &RestoreEnvironment, logs: &Path) -> bool {
    environment.circular == CircularAtBackup::Yes || newest_is_circular(environment, logs).unwrap_or(false)
}

fn newest_is_circular(environment: &RestoreEnvironment, folder: &Path) -> Option<bool> {
    let logs =
        LogFolder::scan(&OsFileSystem, folder, &environment.log_base_name, environment.log_extension).ok()?;
    let newest = logs.current().or_else(|| logs.archives().values().next_back().map(PathBuf::as_path))?;
    let probe = SourceFile::open(newest).ok()?.probe().ok()?;
    LogHeader::read(&probe).ok().map(|header| header.parameters.is_circular())
}

/// The folders of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folders {
    /// Where the new log goes.
    pub(super) logs: PathBuf,
    /// Where the checkpoint goes.
    pub(super) system: PathBuf,
    /// A folder that is made for this and goes afterwards.
    pub(super) scratch: Option<PathBuf>,
}

/// The folders that hard recovery of `folder` is given.
///
/// # Errors
/// JET_errInvalidPath when no name for the empty folder is free.
pub(super) fn folders_of(replay: &Replay, folder: &Path) -> CommandResult<Folders> {
    match replay {
        Replay::Folder => Ok(Folders { logs: folder.to_owned(), system: folder.to_owned(), scratch: None }),
        Replay::Running { logs, system } => {
            Ok(Folders { logs: logs.clone(), system: system.clone(), scratch: None })
        }
        Replay::SetAlone => {
            let name = |number: u32| match number {
                0 => SCRATCH_NAME.to_owned(),
                number => format!("{SCRATCH_NAME}{number}"),
            };
            let mut names = (0..SCRATCH_NAMES_MAX).map(|number| folder.join(name(number)));
            let scratch = names.find(|path| path.symlink_metadata().is_err()).ok_or_else(|| {
                Failure::of_file(JetError::INVALID_PATH, folder)
                    .with_detail("has too many folders of earlier attempts")
            })?;
            Ok(Folders { logs: scratch.clone(), system: scratch.clone(), scratch: Some(scratch) })
        }
    }
}
