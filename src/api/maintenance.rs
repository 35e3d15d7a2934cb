//! Defragmentation, compaction, scans, repair tools and the rest of what keeps a database in shape.

use std::ffi::c_void;

use super::{always, not_available};
use crate::abi::structs::*;
use crate::abi::tables::errors::JET_errInvalidParameter;
use crate::abi::tables::typedefs::*;

/// Start rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginDatabaseIncrementalReseedA(
    instance: JET_INSTANCE,
    szDatabase: JET_PCSTR,
    genFirstDivergedLog: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, genFirstDivergedLog, grbit)
}

/// Start rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetBeginDatabaseIncrementalReseedW(
    instance: JET_INSTANCE,
    szDatabase: JET_PCWSTR,
    genFirstDivergedLog: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, genFirstDivergedLog, grbit)
}

/// Offline defragmentation into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCompactA(
    sesid: JET_SESID,
    szDatabaseSrc: JET_PCSTR,
    szDatabaseDest: JET_PCSTR,
    pfnStatus: JET_PFNSTATUS,
    pconvert: *mut JET_CONVERT_A,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDatabaseSrc, szDatabaseDest, pfnStatus, pconvert, grbit)
}

/// Offline defragmentation into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCompactW(
    sesid: JET_SESID,
    szDatabaseSrc: JET_PCWSTR,
    szDatabaseDest: JET_PCWSTR,
    pfnStatus: JET_PFNSTATUS,
    pconvert: *mut JET_CONVERT_W,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDatabaseSrc, szDatabaseDest, pfnStatus, pconvert, grbit)
}

/// Recount index statistics.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetComputeStats(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    not_available!(sesid, tableid)
}

/// Accept shipped log data (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetConsumeLogData(
    instance: JET_INSTANCE,
    pEmitLogDataCtx: *mut JET_EMITDATACTX,
    pvLogData: *mut c_void,
    cbLogData: u32,
    grbits: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, pEmitLogDataCtx, pvLogData, cbLogData, grbits)
}

/// Schema conversion (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetConvertDDLA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    convtyp: JET_OPDDLCONV,
    pvData: *mut c_void,
    cbData: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, convtyp, pvData, cbData)
}

/// Schema conversion (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetConvertDDLW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    convtyp: JET_OPDDLCONV,
    pvData: *mut c_void,
    cbData: u32,
) -> JET_ERR {
    not_available!(sesid, dbid, convtyp, pvData, cbData)
}

/// All of eseutil: header dump, repair, integrity, space, logs (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDBUtilitiesA(pdbutil: *mut JET_DBUTIL_A) -> JET_ERR {
    not_available!(pdbutil)
}

/// All of eseutil: header dump, repair, integrity, space, logs (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDBUtilitiesW(pdbutil: *mut JET_DBUTIL_W) -> JET_ERR {
    not_available!(pdbutil)
}

/// Checksum scan (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDatabaseScan(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pcSecondsMax: *mut u32,
    cmsecSleep: u32,
    pfnCallback: JET_CALLBACK,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, pcSecondsMax, cmsecSleep, pfnCallback, grbit)
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragment2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    callback: JET_CALLBACK,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pcPasses, pcSeconds, callback, grbit)
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragment2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    callback: JET_CALLBACK,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pcPasses, pcSeconds, callback, grbit)
}

/// Obsolete defrag by database name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragment3A(
    sesid: JET_SESID,
    szDatabaseName: JET_PCSTR,
    szTableName: JET_PCSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    callback: JET_CALLBACK,
    pvContext: *mut c_void,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_errInvalidParameter; sesid, szDatabaseName, szTableName, pcPasses, pcSeconds, callback, pvContext, grbit)
}

/// Obsolete defrag by database name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragment3W(
    sesid: JET_SESID,
    szDatabaseName: JET_PCWSTR,
    szTableName: JET_PCWSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    callback: JET_CALLBACK,
    pvContext: *mut c_void,
    grbit: JET_GRBIT,
) -> JET_ERR {
    always!(JET_errInvalidParameter; sesid, szDatabaseName, szTableName, pcPasses, pcSeconds, callback, pvContext, grbit)
}

/// Online defragmentation of a database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragmentA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pcPasses, pcSeconds, grbit)
}

/// Online defragmentation of a database.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDefragmentW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    pcPasses: *mut u32,
    pcSeconds: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pcPasses, pcSeconds, grbit)
}

/// End rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndDatabaseIncrementalReseedA(
    instance: JET_INSTANCE,
    szDatabase: JET_PCSTR,
    genMinRequired: u32,
    genFirstDivergedLog: u32,
    genMaxRequired: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, genMinRequired, genFirstDivergedLog, genMaxRequired, grbit)
}

/// End rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEndDatabaseIncrementalReseedW(
    instance: JET_INSTANCE,
    szDatabase: JET_PCWSTR,
    genMinRequired: u32,
    genFirstDivergedLog: u32,
    genMaxRequired: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, genMinRequired, genFirstDivergedLog, genMaxRequired, grbit)
}

/// Read a counter (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCounter(
    sesid: JET_SESID,
    CounterType: i32,
    plValue: *mut i32,
) -> JET_ERR {
    not_available!(sesid, CounterType, plValue)
}

/// Read page images (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetDatabasePages(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pgnoStart: u32,
    cpg: u32,
    pv: *mut c_void,
    cb: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, pgnoStart, cpg, pv, cb, pcbActual, grbit)
}

/// Facts of a log file by name (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogFileInfoA(
    szLog: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szLog, pvResult, cbMax, InfoLevel)
}

/// Facts of a log file by name (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLogFileInfoW(
    szLog: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(szLog, pvResult, cbMax, InfoLevel)
}

/// Checksum facts of page images (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetPageInfo(
    pvPages: *mut c_void,
    cbData: u32,
    rgPageInfo: *mut JET_PAGEINFO,
    cbPageInfo: u32,
    grbit: JET_GRBIT,
    ulInfoLevel: u32,
) -> JET_ERR {
    not_available!(pvPages, cbData, rgPageInfo, cbPageInfo, grbit, ulInfoLevel)
}

/// As before by level (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetPageInfo2(
    pvPages: *mut c_void,
    cbData: u32,
    rgPageInfo: *mut c_void,
    cbPageInfo: u32,
    grbit: JET_GRBIT,
    ulInfoLevel: u32,
) -> JET_ERR {
    not_available!(pvPages, cbData, rgPageInfo, cbPageInfo, grbit, ulInfoLevel)
}

/// Do idle work or query it.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIdle(sesid: JET_SESID, grbit: JET_GRBIT) -> JET_ERR {
    not_available!(sesid, grbit)
}

/// Replace a damaged page (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOnlinePatchDatabasePage(
    sesid: JET_SESID,
    dbid: JET_DBID,
    pgno: u32,
    pvToken: *const c_void,
    cbToken: u32,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, pgno, pvToken, cbToken, pvData, cbData, grbit)
}

/// Write pages while rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPatchDatabasePagesA(
    instance: JET_INSTANCE,
    szDatabase: JET_PCSTR,
    pgnoStart: u32,
    cpg: u32,
    pv: *const c_void,
    cb: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, pgnoStart, cpg, pv, cb, grbit)
}

/// Write pages while rebuilding (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPatchDatabasePagesW(
    instance: JET_INSTANCE,
    szDatabase: JET_PCWSTR,
    pgnoStart: u32,
    cpg: u32,
    pv: *const c_void,
    cb: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(instance, szDatabase, pgnoStart, cpg, pv, cb, grbit)
}

/// Remove a log from the required range (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRemoveLogfileA(
    szDatabase: JET_PCSTR,
    szLogfile: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(szDatabase, szLogfile, grbit)
}

/// Remove a log from the required range (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRemoveLogfileW(
    wszDatabase: JET_PCWSTR,
    wszLogfile: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(wszDatabase, wszLogfile, grbit)
}

/// Reset a counter (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResetCounter(sesid: JET_SESID, CounterType: i32) -> JET_ERR {
    not_available!(sesid, CounterType)
}

/// Test entry (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTestHook(opcode: TESTHOOK_OP, pv: *mut c_void) -> JET_ERR {
    not_available!(opcode, pv)
}

/// Trace control (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetTracing(
    traceop: JET_TRACEOP,
    tracetag: JET_TRACETAG,
    ul: JET_API_PTR,
) -> JET_ERR {
    not_available!(traceop, tracetag, ul)
}

/// Upgrade an old format (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpgradeDatabaseA(
    sesid: JET_SESID,
    szDbFileName: JET_PCSTR,
    szSLVFileName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, grbit)
}

/// Upgrade an old format (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpgradeDatabaseW(
    sesid: JET_SESID,
    szDbFileName: JET_PCWSTR,
    szSLVFileName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, szDbFileName, szSLVFileName, grbit)
}
