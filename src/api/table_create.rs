//! Creating tables: the plain form and those with columns and indexes (spec 09 §10.2).

use ese_engine::catalog::{ColumnMaximum, OpenedTable};
use ese_engine::error::Error;
use ese_engine::instance::AttachedDatabase;
use ese_engine::transaction::BeginKind;
use ese_format::error::JetError;

use super::argument::Place;
use super::definition::{Form, IndexGeneration, TableDefinition, TableFields};
use super::table::cursor_over;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_database};
use crate::runtime::callbacks::{StoredCallbacks, resolve};
use crate::runtime::engine::writable_catalog;
use crate::runtime::instance::AfterStop;

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

/// The common part of JetCreateTableA and JetCreateTableW.
///
/// # Safety
/// The name is NULL or ends with a zero of the form; the place is NULL or may be written.
unsafe fn create_plain(
    sesid: JET_SESID,
    dbid: JET_DBID,
    form: Form,
    name: *const std::ffi::c_char,
    size: (u32, u32),
    ptableid: *mut JET_TABLEID,
) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(ptableid) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: told by the caller.
        let name = unsafe { form.name(name) }?;
        let definition = TableDefinition::plain(name, size.0, size.1);
        let (tableid, completion) = create_table(call, database, &definition, |_| ())?;
        place.write(tableid);
        Ok(completion)
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
    // SAFETY: the caller's name is NULL or ends with a zero, its place is NULL or may be written.
    unsafe { create_plain(sesid, dbid, Form::Ansi, szTableName.cast(), (lPages, lDensity), ptableid) }
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
    // SAFETY: the caller's name is NULL or ends with a zero, its place is NULL or may be written.
    unsafe { create_plain(sesid, dbid, Form::Wide, szTableName.cast(), (lPages, lDensity), ptableid) }
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
