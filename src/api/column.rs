//! Columns: add, delete, rename, default values (spec 09 §10.3, §10.4).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::catalog::{ColumnMaximum, ColumnScope, LiveCatalog, RenamedColumn, TableHold};
use ese_engine::table::Cursor;
use ese_engine::transaction::Session;
use ese_format::error::JetError;

use super::argument::{Place, input};
use super::definition::{ColumnDefinition, Form};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_cursor, with_database};
use crate::runtime::engine::writable_catalog;
use crate::runtime::instance::AfterStop;

/// What a call that changes a table's definition works with.
pub(super) struct DefinitionCall<'c> {
    pub(super) catalog: Arc<LiveCatalog>,
    pub(super) session: &'c mut Session,
    pub(super) cursor: &'c mut Cursor,
    pub(super) hold: &'c TableHold,
}

/// A call that changes the definition of the table of a cursor.
pub(super) fn on_definition(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    call: impl FnOnce(&mut DefinitionCall<'_>) -> CallResult,
) -> JET_ERR {
    with_cursor(sesid, tableid, AfterStop::Refused, |session, context| {
        let body = session.body()?;
        let mut cursor = context.body()?;
        let (cursor, hold) = cursor.over_database(JetError::ILLEGAL_OPERATION)?;
        let catalog = writable_catalog(body.database(context.dbid())?)?;
        call(&mut DefinitionCall { catalog, session: &mut body.engine, cursor, hold })
    })
}

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
    // SAFETY: the caller's places are NULL or may be read and written.
    let (definition, id) = unsafe { (Place::new(pcolumndef.cast_mut()), Place::new(pcolumnid)) };
    on_definition(sesid, tableid, |call| {
        let definition = definition.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if (definition.cbStruct as usize) < size_of::<JET_COLUMNDEF>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's name ends with a zero, and its default has as many bytes as it says.
        let column = unsafe {
            let name = Form::Ansi.name(szColumnName.cast())?;
            ColumnDefinition::of_columndef(Form::Ansi, name, &definition, pvDefault, cbDefault)?
        };
        let table = call.cursor.table().clone();
        let added = call.catalog.add_column(call.session, &table, call.hold, &column.new_column())?;
        call.cursor.after_column_change();
        id.write(added.id.to_api());
        Ok(match added.maximum {
            ColumnMaximum::AsAsked => Completion::Success,
            ColumnMaximum::Cut => Completion::Warning(JetError::WRN_COLUMN_MAX_TRUNCATED),
        })
    })
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
    // SAFETY: the caller's places are NULL or may be read and written.
    let (definition, id) = unsafe { (Place::new(pcolumndef.cast_mut()), Place::new(pcolumnid)) };
    on_definition(sesid, tableid, |call| {
        let definition = definition.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if (definition.cbStruct as usize) < size_of::<JET_COLUMNDEF>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the caller's name ends with a zero, and its default has as many bytes as it says.
        let column = unsafe {
            let name = Form::Wide.name(szColumnName.cast())?;
            ColumnDefinition::of_columndef(Form::Wide, name, &definition, pvDefault, cbDefault)?
        };
        let table = call.cursor.table().clone();
        let added = call.catalog.add_column(call.session, &table, call.hold, &column.new_column())?;
        call.cursor.after_column_change();
        id.write(added.id.to_api());
        Ok(match added.maximum {
            ColumnMaximum::AsAsked => Completion::Success,
            ColumnMaximum::Cut => Completion::Warning(JetError::WRN_COLUMN_MAX_TRUNCATED),
        })
    })
}

/// Deletes a column.
///
/// # Safety
/// The name is NULL or ends with a zero of the form.
unsafe fn delete_column(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    form: Form,
    name: *const c_char,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: told by the caller.
        let name = unsafe { form.name(name) }?;
        let scope = if grbit & JET_bitDeleteColumnIgnoreTemplateColumns != 0 {
            ColumnScope::Own
        } else {
            ColumnScope::All
        };
        call.catalog.delete_column(call.session, call.hold, &name, scope)?;
        call.cursor.after_column_change();
        Ok(Completion::Success)
    })
}

/// Delete a column with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumn2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_column(sesid, tableid, Form::Ansi, szColumnName.cast(), grbit) }
}

/// Delete a column with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumn2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_column(sesid, tableid, Form::Wide, szColumnName.cast(), grbit) }
}

/// Delete a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumnA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_column(sesid, tableid, Form::Ansi, szColumnName.cast(), 0) }
}

/// Delete a column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteColumnW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { delete_column(sesid, tableid, Form::Wide, szColumnName.cast(), 0) }
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
    on_definition(sesid, tableid, |call| {
        if szName.is_null() || szNameNew.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let becomes = match grbit {
            0 => RenamedColumn::Same,
            JET_bitColumnRenameConvertToPrimaryIndexPlaceholder => RenamedColumn::PrimaryIndexPlaceholder,
            _ => return Err(JetError::INVALID_GRBIT),
        };
        // SAFETY: the caller's names end with a zero.
        let (name, new_name) =
            unsafe { (Form::Ansi.name(szName.cast())?, Form::Ansi.name(szNameNew.cast())?) };
        call.catalog.rename_column(call.session, call.hold, &name, &new_name, becomes)?;
        Ok(Completion::Success)
    })
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
    on_definition(sesid, tableid, |call| {
        if szName.is_null() || szNameNew.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let becomes = match grbit {
            0 => RenamedColumn::Same,
            JET_bitColumnRenameConvertToPrimaryIndexPlaceholder => RenamedColumn::PrimaryIndexPlaceholder,
            _ => return Err(JetError::INVALID_GRBIT),
        };
        // SAFETY: the caller's names end with a zero.
        let (name, new_name) =
            unsafe { (Form::Wide.name(szName.cast())?, Form::Wide.name(szNameNew.cast())?) };
        call.catalog.rename_column(call.session, call.hold, &name, &new_name, becomes)?;
        Ok(Completion::Success)
    })
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
    // Its grbit has no bits (spec 09 §10.4).
    let _ = grbit;
    // SAFETY: the caller's default is NULL or has as many bytes as it says.
    let value = unsafe { input(pvData, cbData) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        // SAFETY: the caller's names are NULL or end with a zero.
        let (table, column) =
            unsafe { (Form::Ansi.name(szTableName.cast())?, Form::Ansi.name(szColumnName.cast())?) };
        let catalog = writable_catalog(database)?;
        catalog.set_column_default(&mut call.body()?.engine, &table, &column, value)?;
        Ok(Completion::Success)
    })
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
    // Its grbit has no bits (spec 09 §10.4).
    let _ = grbit;
    // SAFETY: the caller's default is NULL or has as many bytes as it says.
    let value = unsafe { input(pvData, cbData) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        // SAFETY: the caller's names are NULL or end with a zero.
        let (table, column) =
            unsafe { (Form::Wide.name(szTableName.cast())?, Form::Wide.name(szColumnName.cast())?) };
        let catalog = writable_catalog(database)?;
        catalog.set_column_default(&mut call.body()?.engine, &table, &column, value)?;
        Ok(Completion::Success)
    })
}
