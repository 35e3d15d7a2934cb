//! Tables: create, open, delete, rename, temporary ones included (spec 09 §6.1, §10.2, §10.5, §12.1).

use std::ffi::c_void;

use ese_engine::catalog::{ColumnMaximum, CursorAccess, NewLocale, OpenedTable};
use ese_engine::error::Error;
use ese_engine::instance::AttachedDatabase;
use ese_engine::table::{Cursor, CursorMode};
use ese_engine::temp::{NewTemporaryColumn, NewTemporaryTable, TemporaryTable};
use ese_engine::transaction::BeginKind;
use ese_format::error::JetError;

use super::argument::{Place, Text};
use super::definition::{Form, IndexGeneration, TableDefinition, TableFields};
use super::on_cursor::on_cursor;
use crate::abi::guard::Completion;
use crate::abi::locale;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_cursor, with_database, with_session};
use crate::runtime::callbacks::{StoredCallbacks, resolve};
use crate::runtime::engine::{open_grbit, writable_catalog};
use crate::runtime::engine_cursor::EngineCursor;
use crate::runtime::instance::AfterStop;

/// Columns a temporary table may have: more than any table has.
const TEMPORARY_COLUMNS_MAX: u32 = 1 << 16;
/// Units of the name of a locale that are looked at.
const LOCALE_UNITS_MAX: usize = 255;

/// The cursor over a table that was opened.
fn cursor_over(
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

/// Creates a table, tells the caller what became of it through `answer`, and gives its cursor a handle.
fn create_table(
    call: &mut SessionCall<'_>,
    database: &AttachedDatabase,
    definition: &TableDefinition,
    answer: impl FnOnce(&ese_engine::catalog::TableCreation<OpenedTable>),
) -> Result<(JET_TABLEID, Completion), JetError> {
    let catalog = writable_catalog(database)?;
    if let Some(error) = unresolved(call, definition) {
        // All is done but for the callback, and then taken back (spec 09 §10.2).
        call.body()?.engine.begin(BeginKind::Internal)?;
        let session = &mut call.body()?.engine;
        let mut creation = definition.with_new_table(|new| catalog.create_table(session, new));
        let created = std::mem::replace(&mut creation.table, Err(Error::refused(error, "a callback")));
        creation.created = creation.created.saturating_sub(created.is_ok().into());
        let result = created.map_or_else(|failed| failed.into(), |_| error);
        call.body()?.roll_back_level()?;
        answer(&creation);
        return Err(result);
    }
    let session = &mut call.body()?.engine;
    let creation = definition.with_new_table(|new| catalog.create_table(session, new));
    answer(&creation);
    let completion = match creation.maximum {
        ColumnMaximum::AsAsked => Completion::Success,
        ColumnMaximum::Cut => Completion::Warning(JetError::WRN_COLUMN_MAX_TRUNCATED),
    };
    let opened = creation.table?;
    Ok((cursor_over(call, database, opened)?, completion))
}

/// Why the functions that a definition names cannot be called, where the instance looks for them at once.
fn unresolved(call: &SessionCall<'_>, definition: &TableDefinition) -> Option<JetError> {
    if StoredCallbacks::of(&call.instance().parameters().read()) != StoredCallbacks::Resolved {
        return None;
    }
    definition.callbacks().find_map(|name| resolve(name).err())
}

/// Close a cursor or drop a temp table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCloseTable(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    with_cursor(sesid, tableid, AfterStop::Answered, |call, cursor| {
        call.body()?.close_cursor(cursor);
        Ok(Completion::Success)
    })
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
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Ansi.name(szTableName.cast()) }?;
        let definition = TableDefinition::plain(name, lPages, lDensity);
        let (tableid, completion) = create_table(call, database, &definition, |_| ())?;
        place.write(tableid);
        Ok(completion)
    })
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
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Wide.name(szTableName.cast()) }?;
        let definition = TableDefinition::plain(name, lPages, lDensity);
        let (tableid, completion) = create_table(call, database, &definition, |_| ())?;
        place.write(tableid);
        Ok(completion)
    })
}

/// The common part of the JetCreateTableColumnIndex functions. `fields` reads a structure, `answered` writes into it.
///
/// # Safety
/// `place` is NULL or one structure whose pointers are NULL or valid as it says.
unsafe fn create_table_column_index<T: Copy>(
    sesid: JET_SESID,
    dbid: JET_DBID,
    place: *mut T,
    sizes: Sizes,
    fields: impl FnOnce(&T) -> (u32, TableFields),
    answered: impl Fn(&mut T, JET_TABLEID, u32),
) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(place) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let mut create = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        let (bytes, fields) = fields(&create);
        if sizes == Sizes::Exact && bytes as usize != size_of::<T>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: told by the caller.
        let definition = unsafe { fields.read() }?;
        answered(&mut create, JET_tableidNil, 0);
        place.write(create);
        let mut created = 0;
        let made = create_table(call, database, &definition, |creation| {
            created = creation.created;
            // SAFETY: told by the caller.
            unsafe { fields.answer(&creation.columns, &creation.column_ids, &creation.indexes) };
        });
        let (tableid, completion) = match made {
            Ok((tableid, completion)) => (tableid, Ok(completion)),
            Err(error) => (JET_tableidNil, Err(error)),
        };
        let immutable = fields.grbit & JET_bitTableCreateImmutableStructure != 0;
        if immutable && tableid != JET_tableidNil {
            // Such a table is closed at once (spec 09 §10.2).
            close(call, tableid)?;
        }
        answered(&mut create, if immutable { JET_tableidNil } else { tableid }, created);
        place.write(create);
        completion
    })
}

/// Closes a cursor that was just given its handle.
fn close(call: &mut SessionCall<'_>, tableid: JET_TABLEID) -> Result<(), JetError> {
    let body = call.body()?;
    let cursor = body.cursors.values().find(|cursor| cursor.handle() == tableid).cloned();
    if let Some(cursor) = cursor {
        body.close_cursor(&cursor);
    }
    Ok(())
}

/// Whether a structure's size is looked at: the oldest one's is not (spec 09 §10.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sizes {
    Any,
    Exact,
}

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_A,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE_A| {
        let fields = TableFields {
            form: Form::Ansi,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::First,
            callback: std::ptr::null(),
            callback_types: 0,
            grbit: create.grbit,
            space_hints: std::ptr::null(),
            long_value_hints: std::ptr::null(),
            separate_lv: 0,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE_A, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Any, fields, answered) }
}

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_W,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE_W| {
        let fields = TableFields {
            form: Form::Wide,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::First,
            callback: std::ptr::null(),
            callback_types: 0,
            grbit: create.grbit,
            space_hints: std::ptr::null(),
            long_value_hints: std::ptr::null(),
            separate_lv: 0,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE_W, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Any, fields, answered) }
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_A,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE2_A| {
        let fields = TableFields {
            form: Form::Ansi,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::First,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: std::ptr::null(),
            long_value_hints: std::ptr::null(),
            separate_lv: 0,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE2_A, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_W,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE2_W| {
        let fields = TableFields {
            form: Form::Wide,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::First,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: std::ptr::null(),
            long_value_hints: std::ptr::null(),
            separate_lv: 0,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE2_W, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_A,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE3_A| {
        let fields = TableFields {
            form: Form::Ansi,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Second,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE3_A, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_W,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE3_W| {
        let fields = TableFields {
            form: Form::Wide,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Second,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE3_W, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_A,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE4_A| {
        let fields = TableFields {
            form: Form::Ansi,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Third,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE4_A, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_W,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE4_W| {
        let fields = TableFields {
            form: Form::Wide,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Third,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: 0,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE4_W, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_A,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE5_A| {
        let fields = TableFields {
            form: Form::Ansi,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Third,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: create.cbLVChunkMax,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE5_A, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_W,
) -> JET_ERR {
    let fields = |create: &JET_TABLECREATE5_W| {
        let fields = TableFields {
            form: Form::Wide,
            name: create.szTableName.cast(),
            template: create.szTemplateTableName.cast(),
            pages: create.ulPages,
            density: create.ulDensity,
            columns: create.rgcolumncreate.cast(),
            column_count: create.cColumns,
            indexes: create.rgindexcreate.cast(),
            index_count: create.cIndexes,
            index_generation: IndexGeneration::Third,
            callback: create.szCallback.cast(),
            callback_types: create.cbtyp,
            grbit: create.grbit,
            space_hints: create.pSeqSpacehints,
            long_value_hints: create.pLVSpacehints,
            separate_lv: create.cbSeparateLV,
            lv_chunk_bytes: create.cbLVChunkMax,
        };
        (create.cbStruct, fields)
    };
    let answered = |create: &mut JET_TABLECREATE5_W, tableid, created| {
        (create.tableid, create.cCreated) = (tableid, created);
    };
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate, Sizes::Exact, fields, answered) }
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
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Ansi.name(szTableName.cast()) }?;
        let opened =
            database.catalog()?.open_table(&call.body()?.engine, &name, open_grbit(database, grbit))?;
        let warning = opened.out_of_date;
        place.write(cursor_over(call, database, opened)?);
        Ok(warning.map_or(Completion::Success, Completion::Warning))
    })
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
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Wide.name(szTableName.cast()) }?;
        let opened =
            database.catalog()?.open_table(&call.body()?.engine, &name, open_grbit(database, grbit))?;
        let warning = opened.out_of_date;
        place.write(cursor_over(call, database, opened)?);
        Ok(warning.map_or(Completion::Success, Completion::Warning))
    })
}

/// A temporary table's request, from any of the functions.
struct Temporary {
    columns: *const JET_COLUMNDEF,
    count: u32,
    grbit: JET_GRBIT,
    ids: *mut JET_COLUMNID,
    key_most: u32,
    var_seg_mac: u32,
    locale: Option<NewLocale>,
}

/// The locale of a JET_UNICODEINDEX.
fn locale_of(unicode: &JET_UNICODEINDEX) -> Result<NewLocale, JetError> {
    let name = locale::name_of(unicode.lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
    Ok(NewLocale { name: name.to_owned(), lcmap_flags: unicode.dwMapFlags })
}

impl Temporary {
    /// Opens the table, and writes the ids of its columns.
    ///
    /// # Safety
    /// The lists are NULL or have as many items as there are columns.
    unsafe fn open(&self, call: &mut SessionCall<'_>) -> Result<JET_TABLEID, JetError> {
        let missing = self.count > 0 && (self.columns.is_null() || self.ids.is_null());
        if missing || self.count > TEMPORARY_COLUMNS_MAX {
            return Err(JetError::INVALID_PARAMETER);
        }
        let mut columns = Vec::new();
        for index in 0..self.count as usize {
            // SAFETY: the list has that many items.
            let column = unsafe { self.columns.add(index).read_unaligned() };
            if column.cbStruct as usize != size_of::<JET_COLUMNDEF>() {
                return Err(JetError::INVALID_PARAMETER);
            }
            columns.push(NewTemporaryColumn {
                column_type: column.coltyp,
                code_page: u32::from(column.cp),
                bytes_max: column.cbMax,
                grbit: column.grbit,
            });
        }
        let default = call.instance().engine()?.settings().text.clone();
        let mut locale = self.locale.clone().unwrap_or(NewLocale { name: default.locale, lcmap_flags: 0 });
        if locale.lcmap_flags == 0 {
            locale.lcmap_flags = default.lcmap_flags.bits();
        }
        let new = NewTemporaryTable {
            columns: &columns,
            grbit: self.grbit,
            key_most: self.key_most,
            var_seg_mac: self.var_seg_mac,
            locale: Some(&locale),
            ..NewTemporaryTable::default()
        };
        let keeper = call.instance().engine()?.temporary_tables()?;
        let table = TemporaryTable::open(&keeper, &mut call.body()?.engine, &new)?;
        for (index, id) in table.column_ids().iter().enumerate() {
            // SAFETY: the list has an item for each column.
            unsafe { self.ids.add(index).write_unaligned(id.to_api()) };
        }
        call.add_cursor(0, EngineCursor::over_temporary(table))
    }
}

/// # Safety
/// As [`Temporary::open`], and the place is NULL or may be written.
unsafe fn open_temporary(sesid: JET_SESID, request: &Temporary, place: *mut JET_TABLEID) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(place) };
    with_session(sesid, AfterStop::Refused, |call| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: told by the caller.
        place.write(unsafe { request.open(call) }?);
        Ok(Completion::Success)
    })
}

/// The answer to a request whose locale is none.
fn refused_temporary(sesid: JET_SESID, error: JetError) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |_| Err(error))
}

/// The locale of a JET_UNICODEINDEX2.
///
/// # Safety
/// The pointer is NULL or points to a structure whose name is NULL or ends with a zero.
unsafe fn locale_of_second(unicode: *mut JET_UNICODEINDEX2) -> Result<Option<NewLocale>, JetError> {
    // SAFETY: told by the caller.
    unsafe {
        let Some(unicode) = Place::new(unicode).read() else { return Ok(None) };
        let name = Text::wide(unicode.szLocaleName).read(LOCALE_UNITS_MAX, JetError::INVALID_LANGUAGE_ID)?;
        let name = name.map(|name| name.to_string().map_err(|_| JetError::INVALID_LANGUAGE_ID));
        Ok(Some(NewLocale { name: name.transpose()?.unwrap_or_default(), lcmap_flags: unicode.dwMapFlags }))
    }
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
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale: None,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
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
    let locale = match lcid {
        0 => None,
        lcid => match locale_of(&JET_UNICODEINDEX { lcid, dwMapFlags: 0 }) {
            Ok(locale) => Some(locale),
            Err(error) => return refused_temporary(sesid, error),
        },
    };
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
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
    // SAFETY: the caller's structure is NULL or may be read.
    let unicode = unsafe { Place::new(pidxunicode).read() };
    let locale = match unicode.as_ref().map(locale_of).transpose() {
        Ok(locale) => locale,
        Err(error) => return refused_temporary(sesid, error),
    };
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
}

/// By structure.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or may be read and written.
    let place = unsafe { Place::new(popentemporarytable) };
    with_session(sesid, AfterStop::Refused, |call| {
        let mut open = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if open.cbStruct as usize != size_of::<JET_OPENTEMPORARYTABLE>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        open.tableid = JET_tableidNil;
        place.write(open);
        let request = Temporary {
            columns: open.prgcolumndef,
            count: open.ccolumn,
            grbit: open.grbit,
            ids: open.prgcolumnid,
            key_most: open.cbKeyMost,
            var_seg_mac: open.cbVarSegMac,
            // SAFETY: the structure's pointer is NULL or may be read.
            locale: unsafe { Place::new(open.pidxunicode).read() }.as_ref().map(locale_of).transpose()?,
        };
        // SAFETY: the structure's lists have as many items as it says.
        open.tableid = unsafe { request.open(call) }?;
        place.write(open);
        Ok(Completion::Success)
    })
}

/// By structure with locale name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable2(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE2,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or may be read and written.
    let place = unsafe { Place::new(popentemporarytable) };
    with_session(sesid, AfterStop::Refused, |call| {
        let mut open = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if open.cbStruct as usize != size_of::<JET_OPENTEMPORARYTABLE2>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        open.tableid = JET_tableidNil;
        place.write(open);
        let request = Temporary {
            columns: open.prgcolumndef,
            count: open.ccolumn,
            grbit: open.grbit,
            ids: open.prgcolumnid,
            key_most: open.cbKeyMost,
            var_seg_mac: open.cbVarSegMac,
            // SAFETY: the structure's pointers are NULL or may be read, the name ends with a zero.
            locale: unsafe { locale_of_second(open.pidxunicode) }?,
        };
        // SAFETY: the structure's lists have as many items as it says.
        open.tableid = unsafe { request.open(call) }?;
        place.write(open);
        Ok(Completion::Success)
    })
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
