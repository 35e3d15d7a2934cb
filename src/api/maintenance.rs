//! Defragmentation, compaction, scans, repair tools and the rest of what keeps a database in shape.

use std::ffi::{c_char, c_void};

use ese_engine::instance::Writability;
use ese_format::error::JetError;

use super::argument::{Place, Text};
use super::column::on_definition;
use super::compact::compact_database;
use super::definition::Form;
use super::utilities::Utility;
use super::{always, not_available};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::errors::JET_errInvalidParameter;
use crate::abi::tables::params::JET_paramEnableOnlineDefrag;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_database, with_session};
use crate::runtime::callbacks::Callback;
use crate::runtime::defragmentation::Asked;
use crate::runtime::instance::AfterStop;

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
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    let paths = unsafe { (Text::ansi(szDatabaseSrc), Text::ansi(szDatabaseDest)) };
    compact_database(sesid, paths, pfnStatus, pconvert.cast(), grbit)
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
    // SAFETY: the caller's texts are NULL or NUL-terminated.
    let paths = unsafe { (Text::wide(szDatabaseSrc), Text::wide(szDatabaseDest)) };
    compact_database(sesid, paths, pfnStatus, pconvert.cast(), grbit)
}

/// Recount index statistics.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetComputeStats(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        if call.cursor.has_filter() {
            return Err(JetError::FILTERED_MOVE_NOT_SUPPORTED);
        }
        call.cursor.refresh_schema(call.session)?;
        let table = call.cursor.table().clone();
        call.catalog.compute_statistics(call.session, &table, call.hold)?;
        Ok(Completion::Success)
    })
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
    // SAFETY: the caller's structure is NULL or has the size it says, its texts are NULL or NUL-terminated.
    match unsafe { Utility::ansi(pdbutil) } {
        Ok(utility) => utility.run(),
        Err(error) => error.code(),
    }
}

/// All of eseutil: header dump, repair, integrity, space, logs (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDBUtilitiesW(pdbutil: *mut JET_DBUTIL_W) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or has the size it says, its texts are NULL or NUL-terminated.
    match unsafe { Utility::wide(pdbutil) } {
        Ok(utility) => utility.run(),
        Err(error) => error.code(),
    }
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
    // SAFETY: the caller's name is NULL or ends with a zero, its places are NULL or may be read and written.
    unsafe {
        let limits = Limits { passes: Place::new(pcPasses), seconds: Place::new(pcSeconds) };
        let completion = callback.map(|function| Callback::new(function, std::ptr::null_mut()));
        defragment(sesid, dbid, Form::Ansi, szTableName.cast(), limits, completion, grbit)
    }
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
    // SAFETY: the caller's name is NULL or ends with a zero, its places are NULL or may be read and written.
    unsafe {
        let limits = Limits { passes: Place::new(pcPasses), seconds: Place::new(pcSeconds) };
        let completion = callback.map(|function| Callback::new(function, std::ptr::null_mut()));
        defragment(sesid, dbid, Form::Wide, szTableName.cast(), limits, completion, grbit)
    }
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
    // SAFETY: the caller's name is NULL or ends with a zero, its places are NULL or may be read and written.
    unsafe {
        let limits = Limits { passes: Place::new(pcPasses), seconds: Place::new(pcSeconds) };
        defragment(sesid, dbid, Form::Ansi, szTableName.cast(), limits, None, grbit)
    }
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
    // SAFETY: the caller's name is NULL or ends with a zero, its places are NULL or may be read and written.
    unsafe {
        let limits = Limits { passes: Place::new(pcPasses), seconds: Place::new(pcSeconds) };
        defragment(sesid, dbid, Form::Wide, szTableName.cast(), limits, None, grbit)
    }
}

/// How long a defragmentation may run, and in the end how long it did.
#[derive(Clone, Copy)]
struct Limits {
    passes: Place<u32>,
    seconds: Place<u32>,
}

/// What a defragmentation is asked for, after the checks of spec 09 §13.1.
///
/// # Errors
/// JET_errInvalidGrbit, JET_errInvalidParameter.
fn asked(limits: Limits, completion: Option<Callback>, grbit: JET_GRBIT) -> Result<Asked, JetError> {
    const SPACE_BITS: JET_GRBIT = JET_bitDefragmentAvailSpaceTreesOnly | JET_bitDefragmentNoPartialMerges;
    const TREES_START: JET_GRBIT = JET_bitDefragmentBTreeBatch | JET_bitDefragmentBatchStart;
    match grbit & !SPACE_BITS {
        JET_bitDefragmentBatchStart => {
            // No number, 0 and -1 are no limit.
            let limit = |place: Place<u32>| place.read().filter(|most| *most != 0 && *most != u32::MAX);
            Ok(Asked::Start { passes: limit(limits.passes), seconds: limit(limits.seconds) })
        }
        JET_bitDefragmentBatchStop if grbit & SPACE_BITS == 0 => Ok(Asked::Stop),
        JET_bitDefragmentBTree if grbit == JET_bitDefragmentBTree => {
            if completion.is_some() {
                return Err(JetError::INVALID_PARAMETER);
            }
            Ok(Asked::OneTree)
        }
        TREES_START if grbit == TREES_START => {
            if limits.passes.read().is_some() || limits.seconds.read().is_some() || completion.is_some() {
                return Err(JetError::INVALID_PARAMETER);
            }
            Ok(Asked::AllTrees)
        }
        _ => Err(JetError::INVALID_GRBIT),
    }
}

/// The common part of the JetDefragment functions.
///
/// # Safety
/// The name is NULL or ends with a zero of the form.
unsafe fn defragment(
    sesid: JET_SESID,
    dbid: JET_DBID,
    form: Form,
    table: *const c_char,
    limits: Limits,
    completion: Option<Callback>,
    grbit: JET_GRBIT,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| -> CallResult {
        if database.writability() == Writability::ReadOnly {
            return Err(JetError::DATABASE_FILE_READ_ONLY);
        }
        let session = &call.body()?.engine;
        if session.level() > 0 {
            session.check_may_write()?;
        }
        let asked = asked(limits, completion, grbit)?;
        let instance = std::sync::Arc::clone(call.instance());
        if instance.parameters().read().number(JET_paramEnableOnlineDefrag) == 0 {
            return Ok(Completion::Success);
        }
        if asked == Asked::OneTree {
            // SAFETY: told by the caller.
            let name = unsafe { form.name(table) }?;
            // The tree is there: the pages that can be merged were when they became so.
            database.catalog()?.schema_named(&call.body()?.engine, &name)?;
            return Ok(Completion::Success);
        }
        let runs = instance.defragmentation();
        match asked {
            Asked::Start { passes, seconds } => {
                let Some(before) = runs.start(database, seconds, completion) else {
                    return Ok(Completion::Warning(JetError::WRN_DEFRAG_ALREADY_RUNNING));
                };
                before.tell(call, dbid)?;
                instance.engine()?.transactions().clean()?;
                // One pass is all there is to do: a run of so many passes is over.
                if passes.is_some() {
                    runs.stop(database).1.tell(call, dbid)?;
                }
            }
            Asked::Stop => {
                let (seconds, ended) = runs.stop(database);
                ended.tell(call, dbid)?;
                let Some(seconds) = seconds else {
                    return Ok(Completion::Warning(JetError::WRN_DEFRAG_NOT_RUNNING));
                };
                limits.passes.write(1);
                limits.seconds.write(seconds);
            }
            Asked::OneTree | Asked::AllTrees => {}
        }
        Ok(Completion::Success)
    })
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
    with_session(sesid, AfterStop::Refused, |call| {
        let transactions = call.instance().engine()?.transactions().clone();
        let warning = |warning| Ok(Completion::Warning(warning));
        match grbit {
            0 | JET_bitIdleCompact | COMPACT_IN_BACKGROUND => {
                transactions.clean()?;
                warning(JetError::WRN_NO_IDLE_ACTIVITY)
            }
            JET_bitIdleStatus if transactions.store_use().is_nearly_full => warning(JetError::WRN_IDLE_FULL),
            JET_bitIdleWaitForAsyncActivity => {
                transactions.clean()?;
                if transactions.is_clean() {
                    Ok(Completion::Success)
                } else {
                    warning(JetError::WRN_REMAINING_VERSIONS)
                }
            }
            JET_bitIdleCompactAsync => Err(JetError::INVALID_GRBIT),
            _ if grbit & JET_bitIdleFlushBuffers != 0 => Err(JetError::INVALID_GRBIT),
            _ => Ok(Completion::Success),
        }
    })
}

/// Old versions are cleaned up without waiting for it; here it is waited for.
const COMPACT_IN_BACKGROUND: JET_GRBIT = JET_bitIdleCompact | JET_bitIdleCompactAsync;

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
