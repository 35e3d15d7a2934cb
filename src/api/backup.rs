//! Streaming and file backup, in the forms with and without an instance (spec 07 §3).

use std::ffi::c_void;
use std::sync::Arc;

use ese_engine::backup::{BackupLogs, BeginOptions, EndOptions, StreamPart};
use ese_engine::error::Error;
use ese_engine::instance::Instance;
use ese_format::error::JetError;

use super::argument::{Buffer, Place, Text};
use super::path_list::{NarrowList, Told, WideList};
use crate::abi::guard::{CallResult, Completion, guard_process};
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_instance, with_only_instance};
use crate::runtime::instance::AfterStop;
use crate::runtime::process;

/// What the buffers of JetReadFile are aligned to: the unit in which the original's operating system gives out memory.
const BUFFER_ALIGNMENT: usize = 4096;

/// Start an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginExternalBackup(grbit: JET_GRBIT) -> JET_ERR {
    begin(Of::OnlyOne, grbit)
}

/// Start an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginExternalBackupInstance(
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    begin(Of::Named(instance), grbit)
}

/// Start a surrogate backup (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginSurrogateBackup(
    instance: JET_INSTANCE,
    lgenFirst: u32,
    lgenLast: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on(Of::Named(instance), |engine| {
        engine.begin_surrogate_backup(lgenFirst, lgenLast, BeginOptions::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}

/// Close a backup file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseFile(hfFile: JET_HANDLE) -> JET_ERR {
    on(Of::OnlyOne, |engine| close(engine, hfFile))
}

/// Close a backup file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseFileInstance(instance: JET_INSTANCE, hfFile: JET_HANDLE) -> JET_ERR {
    on(Of::Named(instance), |engine| close(engine, hfFile))
}

/// End an external backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackup() -> JET_ERR {
    on(Of::OnlyOne, |engine| end(engine, EndOptions::NORMAL))
}

/// End an external backup successfully.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackupInstance(instance: JET_INSTANCE) -> JET_ERR {
    on(Of::Named(instance), |engine| end(engine, EndOptions::NORMAL))
}

/// End with result flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndExternalBackupInstance2(
    instance: JET_INSTANCE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on(Of::Named(instance), |engine| end(engine, EndOptions::from_bits_retain(grbit)))
}

/// End a surrogate backup (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndSurrogateBackup(instance: JET_INSTANCE, grbit: JET_GRBIT) -> JET_ERR {
    on(Of::Named(instance), |engine| {
        engine.end_surrogate_backup(EndOptions::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}

/// Database files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoA(
    szzDatabases: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { NarrowList::new(Buffer::new(szzDatabases.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::OnlyOne, |engine| list.answer(&engine.backup_databases()?))
}

/// Database files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoInstanceA(
    instance: JET_INSTANCE,
    szzDatabases: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { NarrowList::new(Buffer::new(szzDatabases.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.backup_databases()?))
}

/// Database files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoInstanceW(
    instance: JET_INSTANCE,
    szzDatabases: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { WideList::new(Buffer::new(szzDatabases.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.backup_databases()?, Told::Needed))
}

/// Database files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetAttachInfoW(
    wszzDatabases: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { WideList::new(Buffer::new(wszzDatabases.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::OnlyOne, |engine| list.answer(&engine.backup_databases()?, Told::Needed))
}

/// Log files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoA(szzLogs: JET_PSTR, cbMax: u32, pcbActual: *mut u32) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { NarrowList::new(Buffer::new(szzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::OnlyOne, |engine| list.answer(&engine.backup_logs()?.paths))
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
    // SAFETY: the caller's buffer is NULL or writable in its length, its places NULL or may be read and written.
    let (list, info) = unsafe {
        let list = NarrowList::new(Buffer::new(szzLogs.cast(), cbMax), Place::new(pcbActual));
        (list, Place::new(pLogInfo))
    };
    on(Of::Named(instance), |engine| {
        let size = info.read().map(|info| info.cbSize);
        check_size(engine, size, size_of::<JET_LOGINFO_A>())?;
        let logs = engine.backup_logs()?;
        let answered = list.answer(&logs.paths)?;
        let (ulGenLow, ulGenHigh) = generations(&logs);
        let szBaseName = base_name(&logs, |byte| byte.cast_signed());
        info.write(JET_LOGINFO_A {
            cbSize: size_of::<JET_LOGINFO_A>() as u32,
            ulGenLow,
            ulGenHigh,
            szBaseName,
        });
        Ok(answered)
    })
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
    // SAFETY: the caller's buffer is NULL or writable in its length, its places NULL or may be read and written.
    let (list, info) = unsafe {
        let list = WideList::new(Buffer::new(wszzLogs.cast(), cbMax), Place::new(pcbActual));
        (list, Place::new(pLogInfo))
    };
    on(Of::Named(instance), |engine| {
        let size = info.read().map(|info| info.cbSize);
        check_size(engine, size, size_of::<JET_LOGINFO_W>())?;
        let logs = engine.backup_logs()?;
        let answered = list.answer(&logs.paths, Told::Copied)?;
        let (ulGenLow, ulGenHigh) = generations(&logs);
        let szBaseName = base_name(&logs, u16::from);
        info.write(JET_LOGINFO_W {
            cbSize: size_of::<JET_LOGINFO_W>() as u32,
            ulGenLow,
            ulGenHigh,
            szBaseName,
        });
        Ok(answered)
    })
}

/// Log files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstanceA(
    instance: JET_INSTANCE,
    szzLogs: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { NarrowList::new(Buffer::new(szzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.backup_logs()?.paths))
}

/// Log files to copy (double-NUL list).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoInstanceW(
    instance: JET_INSTANCE,
    wszzLogs: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { WideList::new(Buffer::new(wszzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.backup_logs()?.paths, Told::Copied))
}

/// Log files to copy.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogInfoW(szzLogs: JET_PWSTR, cbMax: u32, pcbActual: *mut u32) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { WideList::new(Buffer::new(szzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::OnlyOne, |engine| list.answer(&engine.backup_logs()?.paths, Told::Copied))
}

/// Log files that may be deleted.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTruncateLogInfoInstanceA(
    instance: JET_INSTANCE,
    szzLogs: JET_PSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { NarrowList::new(Buffer::new(szzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.logs_to_truncate()?.paths))
}

/// Log files that may be deleted.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTruncateLogInfoInstanceW(
    instance: JET_INSTANCE,
    wszzLogs: JET_PWSTR,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    let list = unsafe { WideList::new(Buffer::new(wszzLogs.cast(), cbMax), Place::new(pcbActual)) };
    on(Of::Named(instance), |engine| list.answer(&engine.logs_to_truncate()?.paths, Told::Copied))
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileA(
    szFileName: JET_PCSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) =
        unsafe { (Text::ansi(szFileName), OpenedPlaces::new(phfFile, pulFileSizeLow, pulFileSizeHigh)) };
    on(Of::OnlyOne, |engine| open(engine, name, StreamPart::Whole, places))
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) =
        unsafe { (Text::ansi(szFileName), OpenedPlaces::new(phfFile, pulFileSizeLow, pulFileSizeHigh)) };
    on(Of::Named(instance), |engine| open(engine, name, StreamPart::Whole, places))
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
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) =
        unsafe { (Text::wide(szFileName), OpenedPlaces::new(phfFile, pulFileSizeLow, pulFileSizeHigh)) };
    on(Of::Named(instance), |engine| open(engine, name, StreamPart::Whole, places))
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
    let _ = iSection;
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) = unsafe {
        let places = OpenedPlaces::new(phFile, pulSectionSizeLow, plSectionSizeHigh.cast());
        (Text::ansi(szFile), places)
    };
    on(Of::Named(instance), |engine| open_section(engine, name, cSections, ibRead, places))
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
    let _ = iSection;
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) = unsafe {
        let places = OpenedPlaces::new(phFile, pulSectionSizeLow, plSectionSizeHigh.cast());
        (Text::wide(szFile), places)
    };
    on(Of::Named(instance), |engine| open_section(engine, name, cSections, ibRead, places))
}

/// Open a file for backup reading.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenFileW(
    szFileName: JET_PCWSTR,
    phfFile: *mut JET_HANDLE,
    pulFileSizeLow: *mut u32,
    pulFileSizeHigh: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's text is NULL or NUL-terminated, its places NULL or may be written.
    let (name, places) =
        unsafe { (Text::wide(szFileName), OpenedPlaces::new(phfFile, pulFileSizeLow, pulFileSizeHigh)) };
    on(Of::OnlyOne, |engine| open(engine, name, StreamPart::Whole, places))
}

/// Read backup data.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetReadFile(
    hfFile: JET_HANDLE,
    pv: *mut c_void,
    cb: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    on(Of::OnlyOne, |engine| unsafe { read(engine, hfFile, pv, cb, pcbActual) })
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
    // SAFETY: the caller's buffer is NULL or writable in its length, its place NULL or may be written.
    on(Of::Named(instance), |engine| unsafe { read(engine, hfFile, pv, cb, pcbActual) })
}

/// End a running backup.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopBackup() -> JET_ERR {
    stop(Of::OnlyOne)
}

/// End a running backup of an instance.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStopBackupInstance(instance: JET_INSTANCE) -> JET_ERR {
    stop(Of::Named(instance))
}

/// Delete logs no longer needed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTruncateLog() -> JET_ERR {
    on(Of::OnlyOne, |engine| truncate(engine))
}

/// Delete logs no longer needed.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTruncateLogInstance(instance: JET_INSTANCE) -> JET_ERR {
    on(Of::Named(instance), |engine| truncate(engine))
}

/// Which instance a call is about.
#[derive(Clone, Copy)]
enum Of {
    /// The one it names.
    Named(JET_INSTANCE),
    /// The only one that there is.
    OnlyOne,
}

/// A call about the backup of an instance (spec 07 §3.2).
fn on(instance: Of, call: impl FnOnce(&Arc<Instance>) -> CallResult) -> JET_ERR {
    let call = |context: &Arc<crate::runtime::instance::InstanceContext>| call(&context.engine()?);
    match instance {
        Of::Named(instance) => with_instance(instance, JetError::INVALID_PARAMETER, AfterStop::Refused, call),
        Of::OnlyOne => with_only_instance(AfterStop::Refused, call),
    }
}

/// While JetInit is at work there is nothing to back up yet (spec 07 §3.3, check 1).
fn begin(instance: Of, grbit: JET_GRBIT) -> JET_ERR {
    let begun = on(instance, |engine| {
        engine.begin_external_backup(BeginOptions::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    });
    if begun == JetError::INIT_IN_PROGRESS.code() { JetError::BACKUP_NOT_ALLOWED_YET.code() } else { begun }
}

fn end(engine: &Instance, options: EndOptions) -> CallResult {
    engine.end_external_backup(options)?;
    Ok(Completion::Success)
}

fn close(engine: &Instance, handle: JET_HANDLE) -> CallResult {
    engine.close_backup_file(handle)?;
    Ok(Completion::Success)
}

fn truncate(engine: &Instance) -> CallResult {
    engine.truncate_logs()?;
    Ok(Completion::Success)
}

/// Tells a backup to stop, whatever else the instance was told (spec 07 §3.13).
fn stop(instance: Of) -> JET_ERR {
    guard_process(|| {
        let instance = match instance {
            Of::Named(number) => process::instance_of_call(number, JetError::INVALID_PARAMETER)?,
            Of::OnlyOne => process::only_instance()?,
        };
        if let Ok(engine) = instance.engine() {
            engine.stop_backup();
        }
        Ok(Completion::Success)
    })
}

/// Where a call puts what it opened.
#[derive(Clone, Copy)]
struct OpenedPlaces {
    handle: Place<JET_HANDLE>,
    low: Place<u32>,
    high: Place<u32>,
}

impl OpenedPlaces {
    /// # Safety
    /// The places are NULL or may be written for the length of the call.
    unsafe fn new(handle: *mut JET_HANDLE, low: *mut u32, high: *mut u32) -> Self {
        // SAFETY: told by the caller.
        unsafe { Self { handle: Place::new(handle), low: Place::new(low), high: Place::new(high) } }
    }
}

fn open(engine: &Instance, name: Text, part: StreamPart, places: OpenedPlaces) -> CallResult {
    engine.check_local_backup()?;
    let (handle, low, high) = (places.handle.required()?, places.low.required()?, places.high.required()?);
    let name = name.path().map_err(|jet| Error::refused(jet, "the name of a file to back up"));
    let opened = engine.open_backup_file(name, part)?;
    handle.write(opened.handle);
    low.write(opened.bytes as u32);
    high.write((opened.bytes >> 32) as u32);
    Ok(Completion::Success)
}

/// Opens a file at a page of it; to read it in several sections at one time is not there in the original either.
fn open_section(
    engine: &Instance,
    name: Text,
    sections: i32,
    offset: u64,
    places: OpenedPlaces,
) -> CallResult {
    if sections > 1 {
        return Ok(Completion::Warning(JetError::WRN_NYI));
    }
    open(engine, name, StreamPart::From(offset), places)
}

/// # Safety
/// The buffer is NULL or writable in its length, the place NULL or may be written, for the length of the call.
unsafe fn read(
    engine: &Instance,
    handle: JET_HANDLE,
    start: *mut c_void,
    bytes: u32,
    actual: *mut u32,
) -> CallResult {
    engine.check_local_backup()?;
    if start.is_null() || !start.addr().is_multiple_of(BUFFER_ALIGNMENT) {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: it is not NULL, and writable in its length; nobody else has it during the call.
    let (buffer, actual) =
        unsafe { (std::slice::from_raw_parts_mut(start.cast::<u8>(), bytes as usize), Place::new(actual)) };
    let count = engine.read_backup_file(handle, buffer)?;
    actual.write(u32::try_from(count).map_err(|_| JetError::INTERNAL_ERROR)?);
    Ok(Completion::Success)
}

/// Refuses a JET_LOGINFO of another size than it has; the backup has to run all the same.
fn check_size(engine: &Instance, given: Option<u32>, size: usize) -> Result<(), JetError> {
    engine.check_local_backup()?;
    match given {
        Some(given) if given as usize != size => Err(JetError::INVALID_PARAMETER),
        _ => Ok(()),
    }
}

/// First and last generation of a list.
fn generations(logs: &BackupLogs) -> (u32, u32) {
    let range = &logs.generations;
    (range.start.cast_unsigned(), range.end.saturating_sub(1).cast_unsigned())
}

/// The base name with its NUL.
fn base_name<U: Copy + Default>(logs: &BackupLogs, unit: impl Fn(u8) -> U) -> [U; 4] {
    let mut name = [U::default(); 4];
    for (place, byte) in name.iter_mut().take(3).zip(logs.base_name.bytes()) {
        *place = unit(byte);
    }
    name
}
