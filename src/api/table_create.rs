//! Creating tables: the plain form and those with columns and indexes (spec 09 §10.2).

use ese_engine::catalog::{ColumnMaximum, OpenedTable};
use ese_engine::error::Error;
use ese_engine::instance::AttachedDatabase;
use ese_engine::transaction::BeginKind;
use ese_format::error::JetError;

use super::argument::Place;
use super::definition::{Form, IndexGeneration, TableDefinition, TableFields};
use super::table::{cursor_over, open_by_name};
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
    unsafe {
        open_by_name(sesid, dbid, form, name, ptableid, |call, database, name| {
            create_table(call, database, &TableDefinition::plain(name, size.0, size.1), |_| ())
        })
    }
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

/// Any structure of the JET_TABLECREATE family.
trait TableCreate: Copy {
    /// Whether the size that the structure gives is looked at.
    const SIZES: Sizes;

    /// The size that it gives, in bytes.
    fn bytes(&self) -> u32;
    /// What it asks for.
    fn fields(&self) -> TableFields;
    /// Writes what became of it: the cursor, and the number of objects that were made.
    fn answer(&mut self, tableid: JET_TABLEID, created: u32);
}

/// Whether a structure's size is looked at: the oldest one's is not (spec 09 §10.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sizes {
    Any,
    Exact,
}

/// Makes the two forms of a structure [`TableCreate`]: what all of the family have is taken here, what these have beyond
/// stands behind `create`.
macro_rules! table_create {
    ($ansi:ident, $wide:ident, $generation:ident, $sizes:ident, |$create:ident| { $($beyond:ident: $value:expr),* $(,)? }) => {
        table_create!($ansi as Ansi, $generation, $sizes, |$create| { $($beyond: $value),* });
        table_create!($wide as Wide, $generation, $sizes, |$create| { $($beyond: $value),* });
    };
    ($structure:ident as $form:ident, $generation:ident, $sizes:ident, |$create:ident| { $($beyond:ident: $value:expr),* }) => {
        impl TableCreate for $structure {
            const SIZES: Sizes = Sizes::$sizes;

            fn bytes(&self) -> u32 {
                self.cbStruct
            }

            fn fields(&self) -> TableFields {
                let $create = self;
                TableFields {
                    name: $create.szTableName.cast(),
                    template: $create.szTemplateTableName.cast(),
                    pages: $create.ulPages,
                    density: $create.ulDensity,
                    columns: $create.rgcolumncreate.cast(),
                    column_count: $create.cColumns,
                    indexes: $create.rgindexcreate.cast(),
                    index_count: $create.cIndexes,
                    grbit: $create.grbit,
                    $($beyond: $value,)*
                    ..TableFields::empty(Form::$form, IndexGeneration::$generation)
                }
            }

            fn answer(&mut self, tableid: JET_TABLEID, created: u32) {
                (self.tableid, self.cCreated) = (tableid, created);
            }
        }
    };
}

table_create!(JET_TABLECREATE_A, JET_TABLECREATE_W, First, Any, |create| {});
table_create!(JET_TABLECREATE2_A, JET_TABLECREATE2_W, First, Exact, |create| {
    callback: create.szCallback.cast(),
    callback_types: create.cbtyp,
});
table_create!(JET_TABLECREATE3_A, JET_TABLECREATE3_W, Second, Exact, |create| {
    callback: create.szCallback.cast(),
    callback_types: create.cbtyp,
    space_hints: create.pSeqSpacehints,
    long_value_hints: create.pLVSpacehints,
    separate_lv: create.cbSeparateLV,
});
table_create!(JET_TABLECREATE4_A, JET_TABLECREATE4_W, Third, Exact, |create| {
    callback: create.szCallback.cast(),
    callback_types: create.cbtyp,
    space_hints: create.pSeqSpacehints,
    long_value_hints: create.pLVSpacehints,
    separate_lv: create.cbSeparateLV,
});
table_create!(JET_TABLECREATE5_A, JET_TABLECREATE5_W, Third, Exact, |create| {
    callback: create.szCallback.cast(),
    callback_types: create.cbtyp,
    space_hints: create.pSeqSpacehints,
    long_value_hints: create.pLVSpacehints,
    separate_lv: create.cbSeparateLV,
    lv_chunk_bytes: create.cbLVChunkMax,
});

/// The common part of the JetCreateTableColumnIndex functions.
///
/// # Safety
/// `place` is NULL or one structure whose pointers are NULL or valid as it says.
unsafe fn create_table_column_index<T: TableCreate>(
    sesid: JET_SESID,
    dbid: JET_DBID,
    place: *mut T,
) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(place) };
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        let mut create = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if T::SIZES == Sizes::Exact && create.bytes() as usize != size_of::<T>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let fields = create.fields();
        // SAFETY: told by the caller.
        let definition = unsafe { fields.read() }?;
        create.answer(JET_tableidNil, 0);
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
        create.answer(if immutable { JET_tableidNil } else { tableid }, created);
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

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_A,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// Create a table with columns and indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndexW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE_W,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_A,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with callback.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex2W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE2_W,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_A,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex3W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE3_W,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_A,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex4W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE4_W,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5A(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_A,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}

/// As before with long-value chunk size (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateTableColumnIndex5W(
    sesid: JET_SESID,
    dbid: JET_DBID,
    ptablecreate: *mut JET_TABLECREATE5_W,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { create_table_column_index(sesid, dbid, ptablecreate) }
}
