//! Tables: open, close, delete, rename (spec 09 §6.1, §10.5).

use std::ffi::c_void;

use ese_engine::catalog::{CursorAccess, OpenedTable};
use ese_engine::instance::AttachedDatabase;
use ese_engine::table::{Cursor, CursorMode};
use ese_format::error::JetError;

use super::argument::Place;
use super::definition::Form;
use super::on_cursor::on_cursor;
use crate::abi::guard::Completion;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_cursor, with_database};
use crate::runtime::engine::{open_grbit, writable_catalog};
use crate::runtime::engine_cursor::EngineCursor;
use crate::runtime::instance::AfterStop;

/// The cursor over a table that was opened.
pub(super) fn cursor_over(
    call: &mut SessionCall<'_>,
    database: &AttachedDatabase,
    opened: OpenedTable,
) -> Result<JET_TABLEID, JetError> {
    let mode = match opened.hold.access() {
        CursorAccess::ReadOnly => CursorMode::ReadOnly,
        CursorAccess::ReadWrite => CursorMode::Updatable,
    };
    let cursor = Cursor::over(&call.body()?.engine, opened.table, mode);
    call.add_cursor(database.dbid().into(), EngineCursor::over_table(cursor, opened.hold))
}

/// A call that takes a table's name and answers with a cursor: the place is looked at before the name, and has no cursor
/// when the call fails.
///
/// # Safety
/// The name is NULL or ends with a zero of the form; the place is NULL or may be written.
pub(super) unsafe fn open_by_name(
    sesid: JET_SESID,
    dbid: JET_DBID,
    form: Form,
    name: *const std::ffi::c_char,
    ptableid: *mut JET_TABLEID,
    open: impl FnOnce(
        &mut SessionCall<'_>,
        &AttachedDatabase,
        Vec<u8>,
    ) -> Result<(JET_TABLEID, Completion), JetError>,
) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: told by the caller.
        let name = unsafe { form.name(name) }?;
        let (tableid, completion) = open(call, database, name)?;
        place.write(tableid);
        Ok(completion)
    })
}

/// Close a cursor or drop a temp table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseTable(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    with_cursor(sesid, tableid, AfterStop::Answered, |call, cursor| {
        call.body()?.close_cursor(cursor);
        Ok(Completion::Success)
    })
}

/// Deletes a table.
///
/// # Safety
/// The name is NULL or ends with a zero of the form.
unsafe fn delete_table(
    sesid: JET_SESID,
    dbid: JET_DBID,
    form: Form,
    name: *const std::ffi::c_char,
    grbit: JET_GRBIT,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        if grbit != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        // SAFETY: told by the caller.
        let name = unsafe { form.name(name) }?;
        let catalog = writable_catalog(database)?;
        let session = &mut call.body()?.engine;
        let objid = catalog.schema_named(session, &name).map(|schema| schema.definition().objid);
        catalog.delete_table(session, &name)?;
        if let Ok(objid) = objid {
            let freed = call.instance().tables().remove_table(database.dbid().into(), objid);
            call.session.freed().add(freed);
        }
        Ok(Completion::Success)
    })
}

/// Delete with flags (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTable2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_table(sesid, dbid, Form::Ansi, szTableName.cast(), grbit) }
}

/// Delete with flags (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTable2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    wszTableName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_table(sesid, dbid, Form::Wide, wszTableName.cast(), grbit) }
}

/// Delete a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_table(sesid, dbid, Form::Ansi, szTableName.cast(), 0) }
}

/// Delete a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_table(sesid, dbid, Form::Wide, szTableName.cast(), 0) }
}

/// The common part of JetOpenTableA and JetOpenTableW.
///
/// # Safety
/// The name is NULL or ends with a zero of the form; the place is NULL or may be written.
unsafe fn open_table(
    sesid: JET_SESID,
    dbid: JET_DBID,
    form: Form,
    name: *const std::ffi::c_char,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    // SAFETY: told by the caller.
    unsafe {
        open_by_name(sesid, dbid, form, name, ptableid, |call, database, name| {
            let engine = &call.body()?.engine;
            let opened = database.catalog()?.open_table(engine, &name, open_grbit(database, grbit))?;
            let completion = opened.out_of_date.map_or(Completion::Success, Completion::Warning);
            Ok((cursor_over(call, database, opened)?, completion))
        })
    }
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
    // Parameters were for something that was never made (spec 09 §1.4).
    let _ = (pvParameters, cbParameters);
    // SAFETY: the caller's name is NULL or ends with a zero, its place is NULL or may be written.
    unsafe { open_table(sesid, dbid, Form::Ansi, szTableName.cast(), grbit, ptableid) }
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
    // Parameters were for something that was never made (spec 09 §1.4).
    let _ = (pvParameters, cbParameters);
    // SAFETY: the caller's name is NULL or ends with a zero, its place is NULL or may be written.
    unsafe { open_table(sesid, dbid, Form::Wide, szTableName.cast(), grbit, ptableid) }
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
    // What is read ahead is a hint.
    let _ = (rgwszTables, cwszTables, grbit);
    with_database(sesid, dbid, AfterStop::Refused, |_, _| Ok(Completion::Success))
}

/// Rename a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameTableA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szName: JET_PCSTR,
    szNameNew: JET_PCSTR,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        if szName.is_null() || szNameNew.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's names end with a zero.
        let (name, new_name) =
            unsafe { (Form::Ansi.name(szName.cast())?, Form::Ansi.name(szNameNew.cast())?) };
        let catalog = writable_catalog(database)?;
        catalog.rename_table(&mut call.body()?.engine, &name, &new_name)?;
        Ok(Completion::Success)
    })
}

/// Rename a table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRenameTableW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szName: JET_PCWSTR,
    szNameNew: JET_PCWSTR,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        if szName.is_null() || szNameNew.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's names end with a zero.
        let (name, new_name) =
            unsafe { (Form::Wide.name(szName.cast())?, Form::Wide.name(szNameNew.cast())?) };
        let catalog = writable_catalog(database)?;
        catalog.rename_table(&mut call.body()?.engine, &name, &new_name)?;
        Ok(Completion::Success)
    })
}

/// The hints about the order in which a table is read: there is nothing to do with them, read-ahead finds out by itself.
fn sequential_hint(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    on_cursor(sesid, tableid, |_| Ok(Completion::Success))
}

/// End of the scan hint.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetResetTableSequential(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    let _ = grbit;
    sequential_hint(sesid, tableid)
}

/// Hint: scan follows.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetTableSequential(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    let _ = grbit;
    sequential_hint(sesid, tableid)
}
