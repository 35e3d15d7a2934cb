//! JetExternalRestore and JetExternalRestore2: hard recovery of a backup (spec 07 §11).

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use ese_engine::recovery::{GenerationRange, MapEntry, MapOptions};
use ese_engine::restore::MAP_ENTRIES_MAX;
use ese_format::error::JetError;
use widestring::U16String;

use super::argument::Text;
use super::restore_info::restore_control;
use crate::abi::guard::CallResult;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::with_process;
use crate::runtime::process::{self, Mode};
use crate::runtime::restore::{self, LogsWanted, RestoreFolders};

/// Longest name of an instance, and longest path in a log, in units.
const UNITS_MAX: usize = 4096;

/// Restores of this process so far, refused ones included: for the names of their instances.
static RESTORES: AtomicU32 = AtomicU32::new(0);

/// Restore with target instance and log range.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetExternalRestore2A(
    szCheckpointFilePath: JET_PSTR,
    szLogPath: JET_PSTR,
    rgrstmap: *mut JET_RSTMAP_A,
    crstfilemap: i32,
    szBackupLogPath: JET_PSTR,
    pLogInfo: *mut JET_LOGINFO_A,
    szTargetInstanceName: JET_PSTR,
    szTargetInstanceLogPath: JET_PSTR,
    szTargetInstanceCheckpointPath: JET_PSTR,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    with_process(|| {
        // SAFETY: the caller's structure is NULL or readable, its map as long as it says, its texts NULL or NUL-terminated.
        let arguments = unsafe {
            Arguments {
                system: Text::ansi(szCheckpointFilePath),
                log: Text::ansi(szLogPath),
                backup: Text::ansi(szBackupLogPath),
                logs: logs_narrow(pLogInfo)?,
                map: map_narrow(rgrstmap, crstfilemap)?,
                target: Text::ansi(szTargetInstanceName),
                target_log: Text::ansi(szTargetInstanceLogPath),
                target_system: Text::ansi(szTargetInstanceCheckpointPath),
            }
        };
        external_restore(arguments, pfn)
    })
}

/// Restore with target instance and log range.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetExternalRestore2W(
    szCheckpointFilePath: JET_PWSTR,
    szLogPath: JET_PWSTR,
    rgrstmap: *mut JET_RSTMAP_W,
    crstfilemap: i32,
    szBackupLogPath: JET_PWSTR,
    pLogInfo: *mut JET_LOGINFO_W,
    szTargetInstanceName: JET_PWSTR,
    szTargetInstanceLogPath: JET_PWSTR,
    szTargetInstanceCheckpointPath: JET_PWSTR,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    with_process(|| {
        // SAFETY: the caller's structure is NULL or readable, its map as long as it says, its texts NULL or NUL-terminated.
        let arguments = unsafe {
            Arguments {
                system: Text::wide(szCheckpointFilePath),
                log: Text::wide(szLogPath),
                backup: Text::wide(szBackupLogPath),
                logs: logs_wide(pLogInfo)?,
                map: map_wide(rgrstmap, crstfilemap)?,
                target: Text::wide(szTargetInstanceName),
                target_log: Text::wide(szTargetInstanceLogPath),
                target_system: Text::wide(szTargetInstanceCheckpointPath),
            }
        };
        external_restore(arguments, pfn)
    })
}

/// Restore from copied files.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetExternalRestoreA(
    szCheckpointFilePath: JET_PSTR,
    szLogPath: JET_PSTR,
    rgrstmap: *mut JET_RSTMAP_A,
    crstfilemap: i32,
    szBackupLogPath: JET_PSTR,
    genLow: i32,
    genHigh: i32,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    with_process(|| {
        // SAFETY: the caller's map is NULL or as long as it says, its texts NULL or NUL-terminated.
        let arguments = unsafe {
            Arguments {
                system: Text::ansi(szCheckpointFilePath),
                log: Text::ansi(szLogPath),
                backup: Text::ansi(szBackupLogPath),
                logs: LogsOfCall { given: GenerationRange { low: genLow, high: genHigh }, base_name: None },
                map: map_narrow(rgrstmap, crstfilemap)?,
                target: Text::ansi(std::ptr::null()),
                target_log: Text::ansi(std::ptr::null()),
                target_system: Text::ansi(std::ptr::null()),
            }
        };
        external_restore(arguments, pfn)
    })
}

/// Restore from copied files.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetExternalRestoreW(
    szCheckpointFilePath: JET_PWSTR,
    szLogPath: JET_PWSTR,
    rgrstmap: *mut JET_RSTMAP_W,
    crstfilemap: i32,
    szBackupLogPath: JET_PWSTR,
    genLow: i32,
    genHigh: i32,
    pfn: JET_PFNSTATUS,
) -> JET_ERR {
    with_process(|| {
        // SAFETY: the caller's map is NULL or as long as it says, its texts NULL or NUL-terminated.
        let arguments = unsafe {
            Arguments {
                system: Text::wide(szCheckpointFilePath),
                log: Text::wide(szLogPath),
                backup: Text::wide(szBackupLogPath),
                logs: LogsOfCall { given: GenerationRange { low: genLow, high: genHigh }, base_name: None },
                map: map_wide(rgrstmap, crstfilemap)?,
                target: Text::wide(std::ptr::null()),
                target_log: Text::wide(std::ptr::null()),
                target_system: Text::wide(std::ptr::null()),
            }
        };
        external_restore(arguments, pfn)
    })
}

/// Which logs a call gives.
struct LogsOfCall {
    given: GenerationRange,
    /// `None` for the process's own.
    base_name: Option<U16String>,
}

/// The arguments of a call, whatever its form.
struct Arguments {
    system: Text,
    log: Text,
    backup: Text,
    logs: LogsOfCall,
    map: MapOfCall,
    target: Text,
    target_log: Text,
    target_system: Text,
}

/// A generation as the structures have it; none is as high as one that does not fit.
fn generation(stored: u32) -> i32 {
    i32::try_from(stored).unwrap_or(-1)
}

/// What a JET_LOGINFO_A says.
///
/// # Safety
/// It is NULL, or may be read.
unsafe fn logs_narrow(info: *const JET_LOGINFO_A) -> Result<LogsOfCall, JetError> {
    // SAFETY: the size comes first, and says how much more may be read.
    if info.is_null() || unsafe { info.cast::<u32>().read_unaligned() } as usize != size_of::<JET_LOGINFO_A>()
    {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: it is as long as the structure.
    let info = unsafe { info.read_unaligned() };
    let units = info.szBaseName.map(|unit: c_char| u16::from(unit as u8));
    Ok(logs_of(info.ulGenLow, info.ulGenHigh, &units))
}

/// What a JET_LOGINFO_W says.
///
/// # Safety
/// It is NULL, or may be read.
unsafe fn logs_wide(info: *const JET_LOGINFO_W) -> Result<LogsOfCall, JetError> {
    // SAFETY: the size comes first, and says how much more may be read.
    if info.is_null() || unsafe { info.cast::<u32>().read_unaligned() } as usize != size_of::<JET_LOGINFO_W>()
    {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: it is as long as the structure.
    let info = unsafe { info.read_unaligned() };
    Ok(logs_of(info.ulGenLow, info.ulGenHigh, &info.szBaseName))
}

fn logs_of(low: u32, high: u32, base_name: &[u16]) -> LogsOfCall {
    let given = GenerationRange { low: generation(low), high: generation(high) };
    let name: Vec<u16> = base_name.iter().copied().take_while(|unit| *unit != 0).collect();
    LogsOfCall { given, base_name: Some(U16String::from_vec(name)) }
}

/// A map that was read, or why not; that is said when its turn comes.
type MapOfCall = Result<Vec<MapEntry>, JetError>;

/// How many entries a map has.
///
/// # Errors
/// `JET_errInvalidParameter` for an array without elements or the other way round; inside, for a number that no map has.
fn map_length<T>(map: *const T, count: i32) -> Result<Result<usize, JetError>, JetError> {
    if map.is_null() != (count == 0) {
        return Err(JetError::INVALID_PARAMETER);
    }
    let count = usize::try_from(count).ok().filter(|count| (1..=MAP_ENTRIES_MAX).contains(count));
    Ok(count.ok_or(JetError::INVALID_PARAMETER))
}

/// One database of a map. Without a new path it has none: that is refused when its turn comes.
fn entry(recorded: Text, now: Text) -> Result<MapEntry, JetError> {
    let logged = recorded.read(UNITS_MAX, JetError::DATABASE_INVALID_PATH)?;
    let logged = logged.map(|text| text.to_string_lossy());
    let path = now.path()?.unwrap_or_default();
    Ok(MapEntry { logged, path, options: MapOptions::empty() })
}

/// Makes the reader of a map in one form.
macro_rules! map_reader {
    ($name:ident, $entry:ident, $text:ident) => {
        /// What a map says.
        ///
        /// # Safety
        /// It is NULL or has so many entries, whose texts are NULL or NUL-terminated.
        unsafe fn $name(map: *const $entry, count: i32) -> Result<MapOfCall, JetError> {
            let count = match map_length(map, count)? {
                Ok(count) => count,
                Err(error) => return Ok(Err(error)),
            };
            let one = |index| {
                // SAFETY: the map has more entries than this index, whose texts are NULL or NUL-terminated.
                unsafe {
                    let found = map.add(index).read_unaligned();
                    entry(Text::$text(found.szDatabaseName), Text::$text(found.szNewDatabaseName))
                }
            };
            (0..count).map(one).collect::<Result<_, _>>().map(Ok)
        }
    };
}

map_reader!(map_narrow, JET_RSTMAP_A, ansi);
map_reader!(map_wide, JET_RSTMAP_W, wide);

/// A folder that a call names; `None` for NULL and for an empty text.
fn folder(text: Text) -> Result<Option<PathBuf>, JetError> {
    text.path().map_err(|error| match error {
        JetError::DATABASE_INVALID_PATH => JetError::INVALID_PATH,
        other => other,
    })
}

/// The checks in the order of spec 07 §11.2, then the restore.
fn external_restore(arguments: Arguments, pfn: JET_PFNSTATUS) -> CallResult {
    let number = RESTORES.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    let target_log = folder(arguments.target_log)?;
    let target_system = folder(arguments.target_system)?;
    let target_folders = match (target_log, target_system) {
        (Some(log), Some(system)) => Some(RestoreFolders { log, system }),
        (None, None) => None,
        _ => return Err(JetError::INVALID_PARAMETER),
    };
    let target_name = arguments.target.read(UNITS_MAX, JetError::INVALID_PARAMETER)?;
    let target_name = target_name.filter(|name| !name.is_empty());
    if target_name.is_some() && target_folders.is_some() {
        return Err(JetError::INVALID_PARAMETER);
    }
    if process::mode() == Mode::Single {
        return Err(JetError::RUNNING_IN_ONE_INSTANCE_MODE);
    }
    let wanted = LogsWanted {
        system_folder: folder(arguments.system)?,
        log_folder: folder(arguments.log)?,
        backup_folder: folder(arguments.backup)?,
        given: arguments.logs.given,
        base_name: arguments.logs.base_name,
        target_name,
        target_folders,
    };
    let prepared = restore::prepare(wanted, number)?;
    let mut control = restore_control(pfn, prepared.handle());
    prepared.run(arguments.map?, &mut control)
}
