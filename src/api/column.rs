//! Columns: definition.

use std::ffi::c_void;

use super::not_available;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Add a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAddColumnA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
    pcolumndef: *const JET_COLUMNDEF,
    pvDefault: *const c_void,
    cbDefault: u32,
    pcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, pcolumndef, pvDefault, cbDefault, pcolumnid)
}

/// Add a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetAddColumnW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
    pcolumndef: *const JET_COLUMNDEF,
    pvDefault: *const c_void,
    cbDefault: u32,
    pcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, pcolumndef, pvDefault, cbDefault, pcolumnid)
}

/// Delete a column with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumn2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, grbit)
}

/// Delete a column with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumn2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName, grbit)
}

/// Delete a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumnA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName)
}

/// Delete a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumnW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
) -> JET_ERR {
    not_available!(sesid, tableid, szColumnName)
}

/// Rename a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameColumnA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szName: JET_PCSTR,
    szNameNew: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szName, szNameNew, grbit)
}

/// Rename a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameColumnW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szName: JET_PCWSTR,
    szNameNew: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, szName, szNameNew, grbit)
}

/// Change a column's default.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumnDefaultValueA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    szColumnName: JET_PCSTR,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, szColumnName, pvData, cbData, grbit)
}

/// Change a column's default.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumnDefaultValueW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    szColumnName: JET_PCWSTR,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, dbid, szTableName, szColumnName, pvData, cbData, grbit)
}
