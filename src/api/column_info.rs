//! What columns are: JetGetColumnInfo and JetGetTableColumnInfo (spec 09 §11).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::catalog::{ColumnInformation, TableSchema};
use ese_engine::temp::TemporaryCall;
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;

use super::argument::Buffer;
use super::definition::Form;
use super::names::{ansi_of_1252, wide_of_1252, write_value};
use super::on_cursor::on_given_cursor;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::with_database;
use crate::runtime::instance::AfterStop;

/// How a caller names a column, and what it wants to know.
struct Question {
    form: Form,
    /// A name, or for some levels the place of a column id.
    column: *const c_char,
    answer: Buffer,
    level: u32,
}

impl Question {
    /// Answers it from a table's schema.
    ///
    /// # Safety
    /// The column's name ends with a zero of the form, or is a column id where the level says so.
    unsafe fn answer(&self, schema: &Arc<TableSchema>) -> CallResult {
        match self.level {
            JET_ColInfo | JET_ColInfoByColid => {
                // SAFETY: told by the caller.
                self.put(definition(&unsafe { self.column(schema, self.level == JET_ColInfoByColid) }?))
            }
            JET_ColInfoBase | JET_ColInfoBaseByColid => {
                // SAFETY: told by the caller.
                let column = unsafe { self.column(schema, self.level == JET_ColInfoBaseByColid) }?;
                match self.form {
                    Form::Ansi => self.put(base_ansi(&column)?),
                    Form::Wide => self.put(base_wide(&column)),
                }
            }
            _ => Err(JetError::FEATURE_NOT_AVAILABLE),
        }
    }

    /// # Safety
    /// As [`Self::answer`].
    unsafe fn column(&self, schema: &Arc<TableSchema>, by_id: bool) -> Result<ColumnInformation, JetError> {
        if by_id {
            if self.column.is_null() {
                return Err(JetError::INVALID_PARAMETER);
            }
            // SAFETY: told by the caller.
            let id = unsafe { self.column.cast::<JET_COLUMNID>().read_unaligned() };
            let id = ColumnId::from_api(id).ok_or(JetError::COLUMN_NOT_FOUND)?;
            return Ok(schema.column_information_of(id)?);
        }
        // SAFETY: told by the caller.
        let name = unsafe { self.form.optional_name(self.column) }?.unwrap_or_default();
        Ok(schema.column_information_named(&name)?)
    }

    /// Writes a structure into the caller's buffer, which has to hold it.
    fn put<T: Copy>(&self, value: T) -> CallResult {
        write_value(self.answer, value)?;
        Ok(Completion::Success)
    }
}

fn code_page(column: &ColumnInformation) -> u16 {
    column.code_page.0
}

fn definition(column: &ColumnInformation) -> JET_COLUMNDEF {
    JET_COLUMNDEF {
        cbStruct: size_of::<JET_COLUMNDEF>() as u32,
        columnid: column.id.to_api(),
        coltyp: column.column_type.code(),
        wCountry: 0,
        langid: 0,
        cp: code_page(column),
        wCollate: 0,
        cbMax: column.bytes_max,
        grbit: column.grbit.bits(),
    }
}

fn base_ansi(column: &ColumnInformation) -> Result<JET_COLUMNBASE_A, JetError> {
    let text = |name: &[u8]| {
        let mut field = [0 as c_char; 256];
        for (place, byte) in field.iter_mut().take(255).zip(ansi_of_1252(name)?) {
            *place = byte as c_char;
        }
        Ok::<_, JetError>(field)
    };
    let definition = definition(column);
    Ok(JET_COLUMNBASE_A {
        cbStruct: size_of::<JET_COLUMNBASE_A>() as u32,
        columnid: definition.columnid,
        coltyp: definition.coltyp,
        wCountry: 0,
        langid: 0,
        cp: definition.cp,
        wFiller: 0,
        cbMax: definition.cbMax,
        grbit: definition.grbit,
        szBaseTableName: text(&column.base_table)?,
        szBaseColumnName: text(&column.base_column)?,
    })
}

fn base_wide(column: &ColumnInformation) -> JET_COLUMNBASE_W {
    let text = |name: &[u8]| {
        let mut field = [0; 256];
        for (place, unit) in field.iter_mut().take(255).zip(wide_of_1252(name).as_slice()) {
            *place = *unit;
        }
        field
    };
    let definition = definition(column);
    JET_COLUMNBASE_W {
        cbStruct: size_of::<JET_COLUMNBASE_W>() as u32,
        columnid: definition.columnid,
        coltyp: definition.coltyp,
        wCountry: 0,
        langid: 0,
        cp: definition.cp,
        wFiller: 0,
        cbMax: definition.cbMax,
        grbit: definition.grbit,
        szBaseTableName: text(&column.base_table),
        szBaseColumnName: text(&column.base_column),
    }
}

/// # Safety
/// The names end with a zero of the form; the column's may be an id where the level says so.
unsafe fn of_named_table(
    sesid: JET_SESID,
    dbid: JET_DBID,
    table: *const c_char,
    question: &Question,
) -> JET_ERR {
    with_database(sesid, dbid, AfterStop::Refused, |call, database| {
        // SAFETY: told by the caller.
        let table = unsafe { question.form.name(table) }?;
        let schema = database.catalog()?.schema_named(&call.body()?.engine, &table)?;
        // SAFETY: told by the caller.
        unsafe { question.answer(&schema) }
    })
}

/// # Safety
/// The name ends with a zero of the form, or is an id where the level says so.
unsafe fn of_cursors_table(sesid: JET_SESID, tableid: JET_TABLEID, question: &Question) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        let cursor = call.cursor.admit(call.session, TemporaryCall::OtherInformation)?;
        cursor.refresh_schema(call.session)?;
        let schema = Arc::clone(cursor.table().schema());
        // SAFETY: told by the caller.
        unsafe { question.answer(&schema) }
    })
}

/// Column facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetColumnInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    pColumnNameOrId: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbMax);
        let question = Question { form: Form::Ansi, column: pColumnNameOrId, answer, level: InfoLevel };
        of_named_table(sesid, dbid, szTableName, &question)
    }
}

/// Column facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetColumnInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    pwColumnNameOrId: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbMax);
        let column = pwColumnNameOrId.cast();
        let question = Question { form: Form::Wide, column, answer, level: InfoLevel };
        of_named_table(sesid, dbid, szTableName.cast(), &question)
    }
}

/// Column facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableColumnInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbMax);
        let question = Question { form: Form::Ansi, column: szColumnName, answer, level: InfoLevel };
        of_cursors_table(sesid, tableid, &question)
    }
}

/// Column facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableColumnInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szColumnName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbMax);
        let question = Question { form: Form::Wide, column: szColumnName.cast(), answer, level: InfoLevel };
        of_cursors_table(sesid, tableid, &question)
    }
}
