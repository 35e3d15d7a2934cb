//! Streaming and file backup, in the forms with and without an instance.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupA(
    szBackupPath: JET_PCSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    not_available!(szBackupPath, grbit, pfnStatus)
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupInstanceA(
    instance: JET_INSTANCE,
    szBackupPath: JET_PCSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    not_available!(instance, szBackupPath, grbit, pfnStatus)
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupInstanceW(
    instance: JET_INSTANCE,
    szBackupPath: JET_PCWSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    not_available!(instance, szBackupPath, grbit, pfnStatus)
}

/// Streaming backup to a folder.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBackupW(
    szBackupPath: JET_PCWSTR,
    grbit: JET_GRBIT,
    pfnStatus: JET_PFNSTATUS,
) -> JET_ERR {
    not_available!(szBackupPath, grbit, pfnStatus)
}

/// Start an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginExternalBackup(grbit: JET_GRBIT) -> JET_ERR {
    not_available!(grbit)
}

/// Start an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginExternalBackupInstance(
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, grbit)
}

/// Start a surrogate backup (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSurrogateBackup(
    instance: JET_INSTANCE,
    lgenFirst: u32,
    lgenLast: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, lgenFirst, lgenLast, grbit)
}

/// Close a backup file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseFile(hfFile: JET_HANDLE) -> JET_ERR {
    not_available!(hfFile)
}

/// Close a backup file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseFileInstance(instance: JET_INSTANCE, hfFile: JET_HANDLE) -> JET_ERR {
    not_available!(instance, hfFile)
}

/// End an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackup() -> JET_ERR {
    not_available!()
}

/// End an external backup successfully.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackupInstance(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}

/// End with result flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackupInstance2(
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, grbit)
}

/// End a surrogate backup (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndSurrogateBackup(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(instance, grbit)
}

/// Database files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoA(
    szzDatabases: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(szzDatabases, cbMax, pcbActual)
}

/// Database files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoInstanceA(
    instance: JET_INSTANCE,
    szzDatabases: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, szzDatabases, cbMax, pcbActual)
}

/// Database files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoInstanceW(
    instance: JET_INSTANCE,
    szzDatabases: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, szzDatabases, cbMax, pcbActual)
}

/// Database files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoW(
    wszzDatabases: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(wszzDatabases, cbMax, pcbActual)
}

/// Log files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoA(szzLogs: JET_PSTR, cbMax: u32, pcbActual: *mut u32) -> JET_ERR {
    not_available!(szzLogs, cbMax, pcbActual)
}

/// As before with generation range.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstance2A(
    instance: JET_INSTANCE,
    szzLogs: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
    pLogInfo: *mut JET_LOGINFO_A,
) -> JET_ERR {
    not_available!(instance, szzLogs, cbMax, pcbActual, pLogInfo)
}

/// As before with generation range.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstance2W(
    instance: JET_INSTANCE,
    wszzLogs: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
    pLogInfo: *mut JET_LOGINFO_W,
) -> JET_ERR {
    not_available!(instance, wszzLogs, cbMax, pcbActual, pLogInfo)
}

/// Log files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstanceA(
    instance: JET_INSTANCE,
    szzLogs: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, szzLogs, cbMax, pcbActual)
}

/// Log files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstanceW(
    instance: JET_INSTANCE,
    wszzLogs: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, wszzLogs, cbMax, pcbActual)
}

/// Log files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoW(szzLogs: JET_PWSTR, cbMax: u32, pcbActual: *mut u32) -> JET_ERR {
    not_available!(szzLogs, cbMax, pcbActual)
}

/// Log files that may be deleted.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTruncateLogInfoInstanceA(
    instance: JET_INSTANCE,
    szzLogs: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, szzLogs, cbMax, pcbActual)
}

/// Log files that may be deleted.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTruncateLogInfoInstanceW(
    instance: JET_INSTANCE,
    wszzLogs: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, wszzLogs, cbMax, pcbActual)
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileA(
    szFileName: JET_PCSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    not_available!(szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh)
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileInstanceA(
    instance: JET_INSTANCE,
    szFileName: JET_PCSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    not_available!(instance, szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh)
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileInstanceW(
    instance: JET_INSTANCE,
    szFileName: JET_PCWSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    not_available!(instance, szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh)
}

/// Sectioned open (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileSectionInstanceA(
    instance: JET_INSTANCE,
    szFile: JET_PSTR,
    phFile: *mut JET_HANDLE,
    iSection: i32,
    cSections: i32,
    ibRead: u64,
    pulSectionSizeLow: *mut u32,
    plSectionSizeHigh: *mut i32,
) -> JET_ERR {
    not_available!(
        instance,
        szFile,
        phFile,
        iSection,
        cSections,
        ibRead,
        pulSectionSizeLow,
        plSectionSizeHigh
    )
}

/// Sectioned open (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileSectionInstanceW(
    instance: JET_INSTANCE,
    szFile: JET_PWSTR,
    phFile: *mut JET_HANDLE,
    iSection: i32,
    cSections: i32,
    ibRead: u64,
    pulSectionSizeLow: *mut u32,
    plSectionSizeHigh: *mut i32,
) -> JET_ERR {
    not_available!(
        instance,
        szFile,
        phFile,
        iSection,
        cSections,
        ibRead,
        pulSectionSizeLow,
        plSectionSizeHigh
    )
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileW(
    szFileName: JET_PCWSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    not_available!(szFileName, phfFile, pulFileSizeLow, pulFileSizeHigh)
}

/// Read backup data.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetReadFile(
    hfFile: JET_HANDLE,
    pv: *mut c_void,
    cb: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(hfFile, pv, cb, pcbActual)
}

/// Read backup data.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetReadFileInstance(
    instance: JET_INSTANCE,
    hfFile: JET_HANDLE,
    pv: *mut c_void,
    cb: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(instance, hfFile, pv, cb, pcbActual)
}

/// End a running backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopBackup() -> JET_ERR {
    not_available!()
}

/// End a running backup of an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopBackupInstance(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}

/// Delete logs no longer needed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTruncateLog() -> JET_ERR {
    not_available!()
}

/// Delete logs no longer needed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTruncateLogInstance(instance: JET_INSTANCE) -> JET_ERR {
    not_available!(instance)
}
