//! Floor 7: hard recovery. The copies of a backup, its logs, and what followed them become databases again
//! (spec 07 §11).
//!
//! ```text
//! look     ranges, paths; the set's logs; the copies; the logs behind the set      nothing is changed yet
//! prepare  stray logs of a folder of fetched files go; the copies learn how far their logs go
//! replay   redo over set, target and log folder; undo; clean headers               recovery
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `given` | the logs of the set: all there, of one stream, without a gap |
//! | `beyond` | the logs behind the set: do they go on where it ends? |
//!
//! Invariants: a request that is refused for what can be seen beforehand has changed no file; the set's logs and anybody
//! else's are never written to; a restore that was interrupted can be begun again with the same copies or with fresh
//! ones, from the same logs.

mod beyond;
mod given;
mod patch_file;

pub use beyond::{Beyond, check_beyond};
pub use given::{GivenLogs, check_no_link};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bitflags::bitflags;
use ese_format::error::JetError;
use ese_format::log::record::{ExternalRestore, Record};
use ese_format::signature::Signature;

use crate::cache::PageCache;
use crate::error::{Error, Result};
use crate::instance::{Instance, InstanceSettings, claim_folders};
use crate::io::{Access, Existing, FileSystem};
use crate::log::{ArchiveHold, Circular, Log, LogFolder};
use crate::recovery::{
    BackupCopy, GenerationRange, MapEntry, MapOptions, RecoveryControl, RecoveryOptions, RecoveryRequest,
    SetReplay, TargetLogs, replay_set,
};
use crate::redo::RedoCounts;
use crate::table::LongValueCounts;
use crate::transaction::Transactions;

/// Databases of a map at most.
pub const MAP_ENTRIES_MAX: usize = 14;

/// What is to be restored.
#[derive(Debug)]
pub struct RestoreRequest<'a> {
    /// The settings of the instance that restores; its log and system folders get the new log and the checkpoint.
    pub settings: InstanceSettings,
    /// The cache its databases share with others.
    pub cache: Arc<PageCache>,
    /// The folder of the logs of the set.
    pub backup_folder: PathBuf,
    /// The logs of the set.
    pub given: GenerationRange,
    /// Where the copies are, by the paths the logs know them by.
    pub map: Vec<MapEntry>,
    /// The running instance whose logs are wanted as well.
    pub target: Option<&'a Instance>,
    /// In which ways it differs from JetExternalRestore.
    pub options: RestoreOptions,
}

bitflags! {
    /// In which ways a restore differs from JetExternalRestore. Without any it does what that does.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RestoreOptions: u32 {
        /// Logs that lie in the folder of the set and are none of its logs stay there: the folder is the backup itself
        /// (JetRestore, spec 07 §9.2, T71). JetExternalRestore has a folder that files were fetched into, and deletes them
        /// (spec 07 §11.4). They are not replayed in either case.
        const KEEP_STRAY_LOGS = 1;
        /// Databases that are in the logs and not in the map may still be attached at their end: they are left out.
        /// JetExternalRestore fails with `JET_errAttachedDatabaseMismatch` there (spec 07 §11.9, T109).
        const LEAVE_OUT_UNMAPPED = 2;
    }
}

/// A restore that succeeded.
#[derive(Clone, Copy, Debug)]
pub struct Restored {
    /// `JET_wrnTargetInstanceRunning` when logs of a running instance were used.
    pub warning: Option<JetError>,
    /// What redo did.
    pub counts: RedoCounts,
    /// The generation of the log that the restore ended.
    pub generation: i32,
}

/// What was looked at and found good.
#[derive(Debug)]
struct Examined {
    logs: GivenLogs,
    copies: Vec<BackupCopy>,
}

/// Restores.
///
/// # Errors
/// Spec 07 §11: -1003, -1023, -1083 to -1085, -1204, -1222; -1811, -501, -514, -530, -541, -556, -1213 of the given logs;
/// -535, -552, -553, -554, -615, -1206 of the copies; -557, -565, -610, -611 of the logs behind; those of
/// [`replay_set`].
pub fn restore(request: &RestoreRequest<'_>, control: &mut dyn RecoveryControl) -> Result<Restored> {
    restore_set(request, control).inspect_err(
        |error| tracing::error!(event = 454, code = error.jet().code(), %error, "the restore failed"),
    )
}

fn restore_set(request: &RestoreRequest<'_>, control: &mut dyn RecoveryControl) -> Result<Restored> {
    let settings = &request.settings;
    let host = &settings.host;
    let _claims = claim_folders(settings)?;
    check_request(request)?;
    let examined = examine(request)?;
    let target = request.target.and_then(Instance::log).filter(|log| is_archiving(log));
    let target = match target {
        Some(log) => Some(join_target(request, log, &examined.logs)?),
        None => None,
    };
    let logs = &examined.logs;
    let target_logs = target.as_ref().map(|(logs, _hold)| logs);
    check_behind(request, logs, target_logs)?;
    make_folders(settings)?;
    if !request.options.contains(RestoreOptions::KEEP_STRAY_LOGS) {
        remove_strays(request, logs, target_logs)?;
    }
    remove_checkpoint(settings, logs)?;
    let copies = adopt(request, examined.copies)?;
    tracing::info!(
        event = 204,
        backup = %request.backup_folder.display(),
        logs = %settings.log_folder.display(),
        "a restore begins"
    );
    let transactions = Transactions::new(host.clone(), settings.versions);
    transactions.set_count_hook(Arc::new(LongValueCounts));
    let leaves_out = request.options.contains(RestoreOptions::LEAVE_OUT_UNMAPPED);
    let options =
        if leaves_out { RecoveryOptions::IGNORE_MISSING_DATABASES } else { RecoveryOptions::empty() };
    let recovery = RecoveryRequest {
        settings,
        cache: &request.cache,
        transactions: &transactions,
        options,
        map: Some(map_of(request)),
        stop: None,
    };
    let logs = examined.logs.set().clone();
    let replay = SetReplay { logs, target: target_logs.cloned(), copies };
    let replayed = replay_set(&recovery, &replay, control);
    tracing::info!(event = 205, "a restore ended");
    let replayed = replayed?;
    Ok(Restored {
        warning: target.is_some().then_some(JetError::WRN_TARGET_INSTANCE_RUNNING),
        counts: replayed.counts,
        generation: replayed.generation,
    })
}

/// The map for recovery. Where databases may be left out, those of the map may not.
fn map_of(request: &RestoreRequest<'_>) -> Vec<MapEntry> {
    let mut map = request.map.clone();
    if request.options.contains(RestoreOptions::LEAVE_OUT_UNMAPPED) {
        map.iter_mut().for_each(|entry| entry.options |= MapOptions::FAIL_WHEN_MISSING);
    }
    map
}

/// Rows 13 to 16 of spec 07 §11.2, and folders that are none.
fn check_request(request: &RestoreRequest<'_>) -> Result<()> {
    let GenerationRange { low, high } = request.given;
    if low < 1 || low > high {
        return Err(Error::refused(JetError::INVALID_PARAMETER, format!("the logs {}", request.given)));
    }
    let entries = request.map.len();
    if entries == 0 || entries > MAP_ENTRIES_MAX {
        return Err(Error::refused(JetError::INVALID_PARAMETER, format!("a map of {entries} databases")));
    }
    if request.map.iter().any(|entry| entry.path.as_os_str().is_empty()) {
        return Err(Error::refused(JetError::DATABASE_INVALID_NAME, "a database without a place"));
    }
    let disk = &*request.settings.host.file_system;
    if !disk.is_folder(&request.backup_folder) {
        let about = format!("{}: there is no such folder", request.backup_folder.display());
        return Err(Error::refused(JetError::INVALID_PATH, about));
    }
    own_folders(&request.settings).into_iter().try_for_each(|folder| check_may_be_folder(disk, &folder))?;
    let settings = &request.settings;
    let logs = settings.log_settings()?;
    let written =
        [logs.current_path(), logs.temporary_path(), logs.checkpoint_path(), settings.temporary_file()];
    written.iter().try_for_each(|path| check_no_link(disk, path))
}

/// The folders that a restore writes to, besides those of the databases.
fn own_folders(settings: &InstanceSettings) -> Vec<PathBuf> {
    let temporary = settings.temporary_file().parent().map(Path::to_path_buf);
    [Some(settings.log_folder.clone()), Some(settings.system_folder.clone()), temporary]
        .into_iter()
        .flatten()
        .collect()
}

/// A folder, or a path at which one can be made: none of what is above it is a file.
fn check_may_be_folder(disk: &dyn FileSystem, folder: &Path) -> Result<()> {
    match folder.ancestors().find(|path| disk.is_file(path)) {
        None => Ok(()),
        Some(file) => {
            let about = format!("{}: {} is a file", folder.display(), file.display());
            Err(Error::refused(JetError::INVALID_PATH, about))
        }
    }
}

/// Looks at the logs of the set and at every copy; changes nothing.
fn examine(request: &RestoreRequest<'_>) -> Result<Examined> {
    let settings = &request.settings;
    let disk = &*settings.host.file_system;
    let logs = GivenLogs::examine(
        disk,
        &request.backup_folder,
        &settings.base_name,
        settings.extension,
        request.given,
        settings.page_size,
    )?;
    let mut copies: Vec<BackupCopy> = Vec::new();
    let mut seen: Vec<(PathBuf, Signature)> = Vec::new();
    for entry in &request.map {
        let path = disk.full_path(&entry.path);
        let twice = || {
            let about = format!("{} is the copy of a database that is in the map already", path.display());
            Error::refused(JetError::DATABASE_SIGN_IN_USE, about)
        };
        if seen.iter().any(|(known, _)| *known == path) {
            return Err(twice());
        }
        check_no_link(disk, &entry.path)?;
        let copy = BackupCopy::examine(disk, &entry.path, Access::ReadWrite, Some(settings.page_size))?;
        copy.check_set(&logs.set().stream, request.given)?;
        let identity = copy.header().fields.database_signature;
        if seen.iter().any(|(_, known)| *known == identity) {
            return Err(twice());
        }
        patch_file::check(disk, &copy, &request.backup_folder)?;
        seen.push((path, identity));
        copies.push(copy);
    }
    Ok(Examined { logs, copies })
}

/// An instance with circular logging has no logs that anybody could count on.
fn is_archiving(log: &Arc<Log>) -> bool {
    log.settings().circular == Circular::Off
}

/// Says in the log of a running instance that its logs are used, and ends its current generation so that all before are
/// whole. The hold keeps them.
fn join_target(
    request: &RestoreRequest<'_>,
    log: &Arc<Log>,
    given: &GivenLogs,
) -> Result<(TargetLogs, ArchiveHold)> {
    let hold = log.hold_archives(given.set().given.low);
    let path = log.settings().folder.clone();
    // What can be seen to be wrong is told before anything is written into its log.
    let known = LogFolder::scan_only(
        &*request.settings.host.file_system,
        &path,
        &request.settings.base_name,
        given.set().extension,
    )?;
    if let Some((high, _)) = known.archives().last_key_value() {
        let so_far = TargetLogs { path: path.clone(), high: *high };
        check_behind(request, given, Some(&so_far))?;
    }
    let name = request.target.map(|target| target.settings().name.clone()).unwrap_or_default();
    let mut folder = path.to_string_lossy().into_owned();
    if !folder.ends_with('/') {
        folder.push('/');
    }
    let terminated = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
    let names: Vec<u8> =
        [terminated(&folder), terminated(&name)].concat().into_iter().flat_map(u16::to_le_bytes).collect();
    let record = Record::ExtRestore2(ExternalRestore { names: &names })
        .encode()
        .map_err(|error| Error::refused(error.jet(), error.to_string()))?;
    let position = log.roll_with(&record)?;
    log.flush(position)?;
    Ok((TargetLogs { path, high: position.generation.get().saturating_sub(1) }, hold))
}

/// Step B (spec 07 §11.4), without its deletions.
fn check_behind(request: &RestoreRequest<'_>, given: &GivenLogs, target: Option<&TargetLogs>) -> Result<()> {
    let settings = &request.settings;
    let disk = &*settings.host.file_system;
    let folder = target.map_or(&settings.log_folder, |target| &target.path);
    let set = given.set();
    let is_backup_folder = disk.full_path(folder) == disk.full_path(&set.path);
    if target.is_none() && !disk.is_folder(folder) {
        return Ok(());
    }
    let logs = LogFolder::scan_only(disk, folder, &settings.base_name, set.extension)?;
    let beyond = Beyond { folder: &logs, is_backup_folder, target_high: target.map(|target| target.high) };
    check_beyond(disk, given, &beyond)?;
    if target.is_some() || settings.delete_out_of_range_logs {
        return Ok(());
    }
    beyond::check_current_follows(disk, given, &logs)
}

/// Makes the folders that are missing, and finds out whether the one for the logs can be written to.
fn make_folders(settings: &InstanceSettings) -> Result<()> {
    let disk = &settings.host.file_system;
    for folder in own_folders(settings) {
        if !disk.is_folder(&folder) {
            disk.create_folder(&folder).map_err(|error| {
                Error::refused(JetError::INVALID_PATH, format!("{}: {error}", folder.display()))
            })?;
        }
    }
    // The log under construction: its content never means anything.
    let probe = settings.log_settings()?.temporary_path();
    drop(disk.create(&probe, Existing::Replace)?);
    disk.remove(&probe)
}

/// Logs that are in the folder of the set and not of it are not replayed: they go (spec 07 §11.4).
fn remove_strays(request: &RestoreRequest<'_>, given: &GivenLogs, target: Option<&TargetLogs>) -> Result<()> {
    let disk = &*request.settings.host.file_system;
    let set = given.set();
    let folder = target.map_or(&request.settings.log_folder, |target| &target.path);
    if disk.full_path(folder) == disk.full_path(&set.path) {
        return Ok(());
    }
    let is_stray = |generation: i32| generation < set.given.low || generation > set.given.high;
    let archives = set.folder.archives().iter();
    let strays = archives.filter(|(generation, _)| is_stray(**generation)).map(|(_, path)| path.as_path());
    for path in strays.chain(set.folder.current()) {
        tracing::warn!("{} is not of the set that is restored and goes", path.display());
        disk.remove(path)?;
    }
    Ok(())
}

/// The checkpoint of whatever was before is worthless.
fn remove_checkpoint(settings: &InstanceSettings, given: &GivenLogs) -> Result<()> {
    let mut log_settings = settings.log_settings()?;
    log_settings.extension = given.set().extension;
    let path = log_settings.checkpoint_path();
    let disk = &settings.host.file_system;
    if disk.is_file(&path) { disk.remove(&path) } else { Ok(()) }
}

/// Step E, for all copies.
fn adopt(request: &RestoreRequest<'_>, copies: Vec<BackupCopy>) -> Result<Vec<(Signature, PathBuf)>> {
    let mut adopted = Vec::new();
    for copy in copies {
        let identity = copy.header().fields.database_signature;
        let path = copy.path().to_path_buf();
        copy.adopt(request.given.high, &request.settings.host)?;
        adopted.push((identity, path));
    }
    Ok(adopted)
}
