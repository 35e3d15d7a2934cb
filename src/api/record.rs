//! Records: read, write, measure.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Delete the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDelete(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    not_available!(sesid, tableid)
}

/// List all values of chosen or all columns.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnumerateColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cEnumColumnId: u32,
    rgEnumColumnId: *mut JET_ENUMCOLUMNID,
    pcEnumColumn: *mut u32,
    prgEnumColumn: *mut *mut JET_ENUMCOLUMN,
    pfnRealloc: JET_PFNREALLOC,
    pvReallocContext: *mut c_void,
    cbDataMost: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        cEnumColumnId,
        rgEnumColumnId,
        pcEnumColumn,
        prgEnumColumn,
        pfnRealloc,
        pvReallocContext,
        cbDataMost,
        grbit
    )
}

/// Add to an escrow column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEscrowUpdate(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pv: *mut c_void,
    cbMax: u32,
    pvOld: *mut c_void,
    cbOldMax: u32,
    pcbOldActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, columnid, pv, cbMax, pvOld, cbOldMax, pcbOldActual, grbit)
}

/// Lock the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLock(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, grbit)
}

/// Size of the record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, precsize, grbit)
}

/// Size incl. compression.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE2,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, precsize, grbit)
}

/// Size incl. intrinsic long values (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize3(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE3,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, precsize, grbit)
}

/// Start an update (JET\_prep\*).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrepareUpdate(sesid: JET_SESID, tableid: JET_TABLEID, prep: u32) -> JET_ERR {
    not_available!(sesid, tableid, prep)
}

/// Read ahead by reference (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadColumnsByReference(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgpvReferences: *const *const c_void,
    rgcbReferences: *const u32,
    cReferences: u32,
    cPageCacheMin: u32,
    cPageCacheMax: u32,
    pcReferencesPreread: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        rgpvReferences,
        rgcbReferences,
        cReferences,
        cPageCacheMin,
        cPageCacheMax,
        pcReferencesPreread,
        grbit
    )
}

/// Read one column value.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumn(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
    pretinfo: *mut JET_RETINFO,
) -> JET_ERR {
    not_available!(sesid, tableid, columnid, pvData, cbData, pcbActual, grbit, pretinfo)
}

/// Read by reference (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumnByReference(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvReference: *const c_void,
    cbReference: u32,
    ibData: u32,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pvReference, cbReference, ibData, pvData, cbData, pcbActual, grbit)
}

/// Parse a record stream (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumnFromRecordStream(
    pvData: *mut c_void,
    cbData: u32,
    piRecord: *mut u32,
    pcolumnid: *mut JET_COLUMNID,
    pitagSequence: *mut u32,
    pibValue: *mut u32,
    pcbValue: *mut u32,
) -> JET_ERR {
    not_available!(pvData, cbData, piRecord, pcolumnid, pitagSequence, pibValue, pcbValue)
}

/// Read several column values.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pretrievecolumn: *mut JET_RETRIEVECOLUMN,
    cretrievecolumn: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pretrievecolumn, cretrievecolumn)
}

/// List tagged columns (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveTaggedColumnList(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcColumns: *mut u32,
    pvData: *mut c_void,
    cbData: u32,
    columnidStart: JET_COLUMNID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pcColumns, pvData, cbData, columnidStart, grbit)
}

/// Set one column value.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumn(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
    psetinfo: *mut JET_SETINFO,
) -> JET_ERR {
    not_available!(sesid, tableid, columnid, pvData, cbData, grbit, psetinfo)
}

/// Set several column values.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    psetcolumn: *mut JET_SETCOLUMN,
    csetcolumn: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, psetcolumn, csetcolumn)
}

/// Read many records at once (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStreamRecords(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ccolumnid: u32,
    rgcolumnid: *const JET_COLUMNID,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, ccolumnid, rgcolumnid, pvData, cbData, pcbActual, grbit)
}

/// Finish a prepared update.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpdate(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvBookmark, cbBookmark, pcbActual)
}

/// Finish with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpdate2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pvBookmark, cbBookmark, pcbActual, grbit)
}
