//! Tables: create, open, delete, rename, temporary ones included.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Close a cursor or drop a temp table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseTable(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    not_available!(sesid, tableid)
}

/// Create a table and open it exclusively.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    lPages: u32,
    lDensity: u32,
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, lPages, lDensity, ptableid)
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_A,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_W,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_A,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_W,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_A,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_W,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_A,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_W,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_A,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_W,
) -> JET_ERR {
    not_available!(sesid, dbid, ptablecreate)
}

/// Create a table and open it exclusively.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    lPages: u32,
    lDensity: u32,
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, lPages, lDensity, ptableid)
}

/// Delete with flags (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTable2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, grbit)
}

/// Delete with flags (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTable2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    wszTableName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, wszTableName, grbit)
}

/// Delete a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName)
}

/// Delete a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName)
}

/// Open a cursor on a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    pvParameters: *const c_void,
    cbParameters: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pvParameters, cbParameters, grbit, ptableid)
}

/// Open a cursor on a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    pvParameters: *const c_void,
    cbParameters: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, pvParameters, cbParameters, grbit, ptableid)
}

/// Create a temporary table (default LCID).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    not_available!(sesid, prgcolumndef, ccolumn, grbit, ptableid, prgcolumnid)
}

/// As before with LCID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable2(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    lcid: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    not_available!(sesid, prgcolumndef, ccolumn, lcid, grbit, ptableid, prgcolumnid)
}

/// As before with JET\_UNICODEINDEX.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable3(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    pidxunicode: *mut JET_UNICODEINDEX,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    not_available!(sesid, prgcolumndef, ccolumn, pidxunicode, grbit, ptableid, prgcolumnid)
}

/// By structure.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE,
) -> JET_ERR {
    not_available!(sesid, popentemporarytable)
}

/// By structure with locale name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable2(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE2,
) -> JET_ERR {
    not_available!(sesid, popentemporarytable)
}

/// Read tables ahead (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadTablesW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    rgwszTables: *mut JET_PCWSTR,
    cwszTables: i32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, rgwszTables, cwszTables, grbit)
}

/// Rename a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szName: JET_PCSTR,
    szNameNew: JET_PCSTR,
) -> JET_ERR {
    not_available!(sesid, dbid, szName, szNameNew)
}

/// Rename a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szName: JET_PCWSTR,
    szNameNew: JET_PCWSTR,
) -> JET_ERR {
    not_available!(sesid, dbid, szName, szNameNew)
}

/// End of the scan hint.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResetTableSequential(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, grbit)
}

/// Set cursor facts such as the encryption key (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetTableInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvParam: *const c_void,
    cbParam: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvParam, cbParam, InfoLevel)
}

/// Set cursor facts such as the encryption key (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetTableInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvParam: *const c_void,
    cbParam: u32,
    InfoLevel: u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pvParam, cbParam, InfoLevel)
}

/// Hint: scan follows.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetTableSequential(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, grbit)
}
