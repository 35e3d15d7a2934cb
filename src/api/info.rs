//! What the engine tells of itself: its version, its errors, what it did for a thread.

use std::ffi::{c_char, c_void};

use super::argument::{Buffer, Place};
use crate::abi::guard::{Completion, guard_process};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::errors::ERRORS;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::with_session;
use crate::runtime::instance::AfterStop;
use crate::runtime::process::{self, Mode};
use ese_engine::thread_statistics;
use ese_format::error::JetError;

/// The Windows whose engine this one answers as: 10.0, build 26100 (spec 08 §10.8). Bits 28 to 31 are the major version,
/// 24 to 27 the minor, 8 to 23 the build, 0 to 7 the service pack.
const VERSION: u32 = 10 << 28 | 26100 << 8;

/// Version of the engine (session needed).
///
/// Without an instance it may be asked for as well: there is no session then.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetVersion(sesid: JET_SESID, pwVersion: *mut u32) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pwVersion) };
    let answer = || {
        place.required()?.write(VERSION);
        Ok(Completion::Success)
    };
    if process::mode() == Mode::None {
        return guard_process(answer);
    }
    with_session(sesid, AfterStop::Refused, |_| answer())
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

/// Per-thread performance counters.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetThreadStats(pvResult: *mut c_void, cbMax: u32) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or may be written in its length.
    let buffer = unsafe { Buffer::new(pvResult, cbMax) };
    guard_process(|| {
        buffer.check_room(size_of::<JET_THREADSTATS>())?;
        let bytes = buffer.bytes().min(size_of::<JET_THREADSTATS4>());
        let counts = thread_statistics::of_this_thread();
        let answer = JET_THREADSTATS4 {
            cbStruct: bytes as u32,
            cPageReferenced: counts.pages_referenced,
            cPageRead: counts.pages_read,
            cPagePreread: counts.pages_read_ahead,
            cPageDirtied: counts.pages_dirtied,
            cPageRedirtied: counts.pages_redirtied,
            cLogRecord: counts.log_records,
            cbLogRecord: counts.log_bytes,
            cusecPageCacheMiss: counts.read_microseconds,
            cPageCacheMiss: counts.pages_read,
            cDatabaseReads: counts.pages_read,
            // SAFETY: a structure of numbers may be all zero.
            ..unsafe { std::mem::zeroed() }
        };
        buffer.write_beginning(answer, size_of::<JET_THREADSTATS>())?;
        Ok(Completion::Success)
    })
}

/// The version of libesent itself, as `MAJOR.MINOR.PATCH`, NUL-terminated, for the life of the process.
#[unsafe(no_mangle)]
pub extern "system" fn libesent_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
