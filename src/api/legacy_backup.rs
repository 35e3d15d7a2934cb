//! Backups into folders and restores from them (spec 07 §9).

use std::path::PathBuf;
use std::sync::Arc;

use ese_engine::backup::BackupKind;
use ese_engine::legacy_backup::{Atomicity, FolderBackup, FolderBackupStep, MissingFolders, Watcher};
use ese_format::error::JetError;

use super::argument::Text;
use super::restore_info::restore_control;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::params::JET_paramCreatePathIfNotExist;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_instance, with_only_instance, with_process};
use crate::runtime::instance::{AfterStop, InstanceContext, InstancePhase};
use crate::runtime::legacy_restore::{self, Restorer};

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupA(
    szBackupPath: JET_PCSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let folder = unsafe { Text::ansi(szBackupPath) };
    with_only_instance(AfterStop::Refused, |instance| back_up(instance, folder, grbit, pfnStatus))
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupInstanceA(
    instance: JET_INSTANCE,
    szBackupPath: JET_PCSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let folder = unsafe { Text::ansi(szBackupPath) };
    with_instance(instance, JetError::INVALID_PARAMETER, AfterStop::Refused, |instance| {
        back_up(instance, folder, grbit, pfnStatus)
    })
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupInstanceW(
    instance: JET_INSTANCE,
    szBackupPath: JET_PCWSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let folder = unsafe { Text::wide(szBackupPath) };
    with_instance(instance, JetError::INVALID_PARAMETER, AfterStop::Refused, |instance| {
        back_up(instance, folder, grbit, pfnStatus)
    })
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupW(
    szBackupPath: JET_PCWSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    let folder = unsafe { Text::wide(szBackupPath) };
    with_only_instance(AfterStop::Refused, |instance| back_up(instance, folder, grbit, pfnStatus))
}

/// Restore to another folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestore2A(sz: JET_PCSTR, szDest: JET_PCSTR, pfn: JET_PFNSTATUS) -> JET_ERR {
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    unsafe { restore(Restorer::Only, Text::ansi(sz), Text::ansi(szDest), pfn) }
}

/// Restore to another folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestore2W(
    sz: JET_PCWSTR,
    szDest: JET_PCWSTR,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    unsafe { restore(Restorer::Only, Text::wide(sz), Text::wide(szDest), pfn) }
}

/// Restore a folder backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestoreA(szSource: JET_PCSTR, pfn: JET_PFNSTATUS) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    unsafe { restore(Restorer::Only, Text::ansi(szSource), Text::ansi(std::ptr::null()), pfn) }
}

/// Restore a folder backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestoreInstanceA(
    instance: JET_INSTANCE,
    sz: JET_PCSTR,
    szDest: JET_PCSTR,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    unsafe { restore(Restorer::Named(instance), Text::ansi(sz), Text::ansi(szDest), pfn) }
}

/// Restore a folder backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestoreInstanceW(
    instance: JET_INSTANCE,
    sz: JET_PCWSTR,
    szDest: JET_PCWSTR,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    unsafe { restore(Restorer::Named(instance), Text::wide(sz), Text::wide(szDest), pfn) }
}

/// Restore a folder backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRestoreW(szSource: JET_PCWSTR, pfn: JET_PFNSTATUS) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated.
    unsafe { restore(Restorer::Only, Text::wide(szSource), Text::wide(std::ptr::null()), pfn) }
}

/// A folder that a program names; none for NULL and for an empty text.
fn folder_of(text: Text) -> Result<Option<PathBuf>, JetError> {
    text.path().map_err(|error| match error {
        JetError::DATABASE_INVALID_PATH => JetError::INVALID_PATH,
        other => other,
    })
}

/// Tells a program how far a full backup is: 0 or 100 of 100. What it answers has no effect.
fn tell(callback: JET_PFNSTATUS, step: FolderBackupStep) {
    let Some(callback) = callback else { return };
    let (snt, done) = match step {
        FolderBackupStep::Begins => (JET_sntBegin, 0),
        FolderBackupStep::Completes => (JET_sntComplete, 100),
    };
    let mut progress =
        JET_SNPROG { cbStruct: size_of::<JET_SNPROG>() as u32, cunitDone: done, cunitTotal: 100 };
    // SAFETY: the program gave the function for this; the structure is a local and has the length it says.
    let _ = unsafe { callback(JET_sesidNil, JET_snpBackup, snt, (&raw mut progress).cast()) };
}

fn back_up(
    instance: &Arc<InstanceContext>,
    folder: Text,
    grbit: JET_GRBIT,
    callback: JET_PFNSTATUS,
) -> CallResult {
    let engine = instance.engine()?;
    let Some(folder) = folder_of(folder)? else {
        engine.truncate_without_backup()?;
        return Ok(Completion::Success);
    };
    let has = |bit| grbit & bit != 0;
    let makes_folders = instance.parameters().read().number(JET_paramCreatePathIfNotExist) != 0;
    let request = FolderBackup {
        folder,
        kind: if has(JET_bitBackupIncremental) { BackupKind::LogsOnly } else { BackupKind::Full },
        atomicity: if has(JET_bitBackupAtomic) { Atomicity::Atomic } else { Atomicity::Plain },
        missing_folders: if makes_folders { MissingFolders::Made } else { MissingFolders::Refused },
    };
    let ends = || (instance.phase() != InstancePhase::Running).then_some(JetError::TERM_IN_PROGRESS);
    let mut told = |step| tell(callback, step);
    engine.back_up_to_folder(&request, &mut Watcher { told: &mut told, ends: &ends })?;
    Ok(Completion::Success)
}

/// Restores from a folder.
///
/// # Safety
/// The callback may be called as its type says.
unsafe fn restore(restorer: Restorer, source: Text, destination: Text, callback: JET_PFNSTATUS) -> JET_ERR {
    with_process(|| {
        let source = folder_of(source)?.ok_or(JetError::INVALID_PATH)?;
        let destination = folder_of(destination)?;
        let prepared = legacy_restore::prepare(restorer)?;
        let mut control = restore_control(callback, prepared.handle());
        prepared.run(source, destination, &mut control)
    })
}
