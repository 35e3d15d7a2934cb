//! Replaying the logs of a backup over its copies: the phases of a hard recovery (spec 07 §11.8 to §11.11). What has to
//! be checked before is the restore's.
//!
//! Invariants: nothing but the set's own logs and what follows them without a gap is replayed; the checkpoint in the
//! system folder is not read; the copies stay backup copies until the log says that the restore is over.

use std::path::PathBuf;
use std::sync::Arc;

use ese_format::checkpoint::Checkpoint;
use ese_format::database_header::DatabaseState;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::names::{GenerationDigits, LogExtension};
use ese_format::signature::Signature;

use super::backup_copy::{GenerationRange, forget_backups};
use super::control::{RecoveryControl, RecoveryProgress};
use super::driver::{RedoStart, answered};
use super::plan::Found;
use super::stream::{EarlierLogs, EarlierOwner, Stream};
use super::{RecoveryRequest, recover};
use crate::error::{Error, Result};
use crate::instance::HeaderFile;
use crate::io::Access;
use crate::log::LogFolder;
use crate::redo::RedoCounts;

/// The logs that a backup is restored from.
#[derive(Clone, Debug)]
pub struct SetLogs {
    /// The folder they are in.
    pub path: PathBuf,
    /// What is in it.
    pub folder: LogFolder,
    /// The generations of the set.
    pub given: GenerationRange,
    /// Identity of their stream.
    pub stream: Signature,
    /// The extension that all of the stream have.
    pub extension: LogExtension,
}

/// The logs of a running instance.
#[derive(Clone, Debug)]
pub struct TargetLogs {
    /// The folder they are in.
    pub path: PathBuf,
    /// The last one that is not written to any more.
    pub high: i32,
}

/// What is replayed over what.
#[derive(Clone, Debug)]
pub struct SetReplay {
    /// The logs of the set.
    pub logs: SetLogs,
    /// The logs behind them that a running instance has.
    pub target: Option<TargetLogs>,
    /// The copies, by the identity of their databases.
    pub copies: Vec<(Signature, PathBuf)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct SetReplayed {
    /// What redo did.
    pub counts: RedoCounts,
    /// The generation of the log that the restore ended.
    pub generation: i32,
}

/// Brings the copies to where the logs end, and closes them: redo, undo, clean headers, a log and a checkpoint that an
/// instance can start with. `request.map` has the copies by their logged paths.
///
/// # Errors
/// Spec 07 §11.8 to §11.12: -515, -536, -543, -570, -571, -573, -574, -582, -590, -1216 and those of spec 06 §8.4.
pub fn replay_set(
    request: &RecoveryRequest<'_>,
    replay: &SetReplay,
    control: &mut dyn RecoveryControl,
) -> Result<SetReplayed> {
    let stream = stream_of(request, replay)?;
    answered(control.progress(RecoveryProgress::Begin), "the progress callback")?;
    let given = replay.logs.given;
    let missing =
        || Error::refused(JetError::FILE_NOT_FOUND, format!("generation {:#x} of the set", given.low));
    let first = stream.archive_from(0, given.low).ok_or_else(missing)?;
    let first = stream.opened_archive(crate::log::Generation::read(&*stream.disk, first)?, given.low)?;
    let attachments = Box::new(first.header.attach_list);
    let found = Found {
        start: RedoStart { first, from: Lgpos::NULL },
        attachments,
        signature: replay.logs.stream,
        checkpoint: Box::new(Checkpoint::zeroed()),
    };
    let recovered = recover(request, request.options, &stream, found, &replay.copies, control)?;
    finish_copies(request, replay)?;
    answered(control.progress(RecoveryProgress::Complete), "the progress callback")?;
    Ok(SetReplayed { counts: recovered.counts, generation: recovered.log.generation() })
}

/// The stream in its folders: the set's, the target's, the restore's own.
fn stream_of(request: &RecoveryRequest<'_>, replay: &SetReplay) -> Result<Stream> {
    let settings = request.settings;
    let disk = Arc::clone(&settings.host.file_system);
    let set = &replay.logs;
    let mut log_settings = settings.log_settings()?;
    log_settings.extension = set.extension;
    log_settings.reserve_files = 0;
    log_settings.digits =
        if set.folder.has_five_digits() { GenerationDigits::FiveThenEight } else { GenerationDigits::Eight };
    let scan = |path| LogFolder::scan_only(&*disk, path, &settings.base_name, set.extension);
    let folder = scan(&settings.log_folder)?;
    let same = |left: &PathBuf, right: &PathBuf| disk.full_path(left) == disk.full_path(right);
    let mut earlier = Vec::new();
    let backup = |last| EarlierLogs {
        path: set.path.clone(),
        folder: set.folder.clone(),
        last,
        owner: EarlierOwner::Backup,
    };
    match &replay.target {
        Some(target) if same(&target.path, &set.path) => earlier.push(backup(target.high)),
        Some(target) => {
            earlier.push(backup(set.given.high));
            let (path, folder) = (target.path.clone(), scan(&target.path)?);
            earlier.push(EarlierLogs { path, folder, last: target.high, owner: EarlierOwner::Target });
        }
        None if same(&settings.log_folder, &set.path) => {}
        None => earlier.push(backup(set.given.high)),
    }
    Ok(Stream { disk, settings: log_settings, folder, earlier, set: Some(set.given) })
}

/// The restore is over: the copies are databases like others, without a history of backups.
fn finish_copies(request: &RecoveryRequest<'_>, replay: &SetReplay) -> Result<()> {
    let host = &request.settings.host;
    for (_, path) in &replay.copies {
        let mut header = HeaderFile::read(host.file_system.open(path, Access::ReadWrite)?)?;
        if header.header().state() != Some(DatabaseState::CleanShutdown) {
            let about = format!("{} was never attached in the logs of the set", path.display());
            return Err(Error::refused(JetError::ATTACHED_DATABASE_MISMATCH, about));
        }
        forget_backups(&mut header);
        header.write(host)?;
    }
    Ok(())
}
