//! What the engine tells of versions, errors, objects, columns and indexes.

use std::ffi::{c_char, c_void};

use super::not_available;
use crate::abi::guard::{Completion, guard_process};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::errors::ERRORS;
use crate::abi::tables::typedefs::*;
use ese_format::error::JetError;

/// The Windows whose engine this one answers as: 10.0, build 26100 (spec 08 §10.8). Bits 28 to 31 are the major version,
/// 24 to 27 the minor, 8 to 23 the build, 0 to 7 the service pack.
const VERSION: u32 = 10 << 28 | 26100 << 8;

/// Version of the engine (session needed).
///
/// The session is not looked at while there are none.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetVersion(sesid: JET_SESID, pwVersion: *mut u32) -> JET_ERR {
    let _ = sesid;
    guard_process(|| {
        if pwVersion.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's number may be written.
        unsafe { pwVersion.write_unaligned(VERSION) };
        Ok(Completion::Success)
    })
}

/// Category of an error code.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetErrorInfoW(
    pvContext: *mut c_void,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    guard_process(|| {
        if InfoLevel != JET_ErrorInfoSpecificErr || pvContext.is_null() || pvResult.is_null() || grbit != 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        if (cbMax as usize) < size_of::<JET_ERRINFOBASIC_W>() {
            return Err(JetError::INVALID_BUFFER_SIZE);
        }
        // SAFETY: the caller's context holds a JET_ERR.
        let code = unsafe { pvContext.cast::<JET_ERR>().read_unaligned() };
        let info = error_info(code)?;
        // SAFETY: the caller's buffer has room for it.
        unsafe { pvResult.cast::<JET_ERRINFOBASIC_W>().write_unaligned(info) };
        Ok(Completion::Success)
    })
}

/// What is told of a code: its category and the path to it from the root (spec 08 §8).
fn error_info(code: JET_ERR) -> Result<JET_ERRINFOBASIC_W, JetError> {
    let known = ERRORS.iter().find(|error| error.value == code && !error.category_path.is_empty());
    let error = known.ok_or(JetError::INVALID_PARAMETER)?;
    let path: Vec<JET_ERRCAT> = error.category_path.split('>').filter_map(category).collect();
    let mut hierarchy = [0; 8];
    for (step, category) in hierarchy.iter_mut().zip(&path) {
        *step = u8::try_from(*category).map_err(|_| JetError::INTERNAL_ERROR)?;
    }
    Ok(JET_ERRINFOBASIC_W {
        cbStruct: size_of::<JET_ERRINFOBASIC_W>() as u32,
        errValue: code,
        errcatMostSpecific: path.last().copied().unwrap_or(JET_errcatUnknown),
        rgCategoricalHierarchy: hierarchy,
        lSourceLine: 0,
        rgszSourceFile: [0; 64],
    })
}

fn category(name: &str) -> Option<JET_ERRCAT> {
    Some(match name {
        "unknown" => JET_errcatUnknown,
        "error" => JET_errcatError,
        "operation" => JET_errcatOperation,
        "fatal" => JET_errcatFatal,
        "io" => JET_errcatIO,
        "resource" => JET_errcatResource,
        "memory" => JET_errcatMemory,
        "quota" => JET_errcatQuota,
        "disk" => JET_errcatDisk,
        "data" => JET_errcatData,
        "corruption" => JET_errcatCorruption,
        "inconsistent" => JET_errcatInconsistent,
        "fragmentation" => JET_errcatFragmentation,
        "api" => JET_errcatApi,
        "usage" => JET_errcatUsage,
        "state" => JET_errcatState,
        "obsolete" => JET_errcatObsolete,
        _ => return None,
    })
}

/// Check for conflicting updates of the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCursorInfo(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvResult, cbMax, InfoLevel)
}

/// Table list or facts of one table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetObjectInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    objtyp: JET_OBJTYP,
    szContainerName: JET_PCSTR,
    szObjectName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, objtyp, szContainerName, szObjectName, pvResult, cbMax, InfoLevel)
}

/// Table list or facts of one table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetObjectInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    objtyp: JET_OBJTYP,
    szContainerName: JET_PCWSTR,
    szObjectName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, objtyp, szContainerName, szObjectName, pvResult, cbMax, InfoLevel)
}

/// Estimate the record's relative position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordPosition(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precpos: *mut JET_RECPOS,
    cbRecpos: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, precpos, cbRecpos)
}

/// Facts of an open table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvResult, cbMax, InfoLevel)
}

/// Facts of an open table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvResult, cbMax, InfoLevel)
}

/// Per-thread performance counters.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetThreadStats(pvResult: *mut c_void, cbMax: u32) -> JET_ERR {
    not_available!(pvResult, cbMax)
}

/// The version of libesent itself, as `MAJOR.MINOR.PATCH`, NUL-terminated, for the life of the process.
#[unsafe(no_mangle)]
pub extern "system" fn libesent_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
