//! What the engine tells of versions, errors, objects, columns and indexes.

use std::ffi::{c_char, c_void};

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Column facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetColumnInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    pColumnNameOrId: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pColumnNameOrId, pvResult, cbMax, InfoLevel)
}

/// Column facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetColumnInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    pwColumnNameOrId: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pwColumnNameOrId, pvResult, cbMax, InfoLevel)
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

/// Category of an error code.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetErrorInfoW(
    pvContext: *mut c_void,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(pvContext, pvResult, cbMax, InfoLevel, grbit)
}

/// Index facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetIndexInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    szIndexName: JET_PCSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, szIndexName, pvResult, cbResult, InfoLevel)
}

/// Index facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetIndexInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    szIndexName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, szIndexName, pvResult, cbResult, InfoLevel)
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

/// Column facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableColumnInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, pvResult, cbMax, InfoLevel)
}

/// Column facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableColumnInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, pvResult, cbMax, InfoLevel)
}

/// Index facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableIndexInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, pvResult, cbResult, InfoLevel)
}

/// Index facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableIndexInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, szIndexName, pvResult, cbResult, InfoLevel)
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

/// Engine version number.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetVersion(sesid: JET_SESID, pwVersion: *mut u32) -> JET_ERR {
    not_available!(sesid, pwVersion)
}

/// The version of libesent itself, as `MAJOR.MINOR.PATCH`, NUL-terminated, for the life of the process.
#[unsafe(no_mangle)]
pub extern "system" fn libesent_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
