//! What columns are: JetGetColumnInfo and JetGetTableColumnInfo (spec 08 §10.3, 09 §11).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::catalog::{ColumnInformation, ColumnOrder, TableSchema};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;

use super::about_table::{AboutTable, of_cursors_table, of_named_table};
use super::argument::Buffer;
use super::definition::Form;
use super::list_table::{ListColumn, ListValue, open_list};
use super::names::{ansi_of_1252, wide_of_1252};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::SessionCall;

/// The bits of a level that say how a list is wanted.
const LIST_BITS: u32 = JET_ColInfoGrbitNonDerivedColumnsOnly
    | JET_ColInfoGrbitMinimalInfo
    | JET_ColInfoGrbitSortByColumnid
    | JET_ColInfoGrbitCompacting;

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
    unsafe fn answer(&self, call: &mut SessionCall<'_>, table: &AboutTable) -> CallResult {
        let schema = &table.schema;
        match self.level & !LIST_BITS {
            JET_ColInfo => {
                // SAFETY: told by the caller.
                self.put(definition(&unsafe { self.column_named(schema) }?))
            }
            JET_ColInfoByColid => {
                // SAFETY: told by the caller.
                self.put(definition(&unsafe { self.column_with_id(schema) }?))
            }
            JET_ColInfoBase => {
                // SAFETY: told by the caller.
                self.put_base(&unsafe { self.column_named(schema) }?)
            }
            JET_ColInfoBaseByColid => {
                // SAFETY: told by the caller.
                self.put_base(&unsafe { self.column_with_id(schema) }?)
            }
            JET_ColInfoList => self.list(call, schema, Layout::of_bits(self.level)),
            JET_ColInfoListSortColumnid => self.list(call, schema, Layout::ById),
            JET_ColInfoListCompact => self.list(call, schema, Layout::Compact),
            JET_ColInfoSysTabCursor => Err(JetError::FEATURE_NOT_AVAILABLE),
            _ => Err(JetError::INVALID_PARAMETER),
        }
    }

    /// # Safety
    /// The column is NULL or a name that ends with a zero of the form.
    unsafe fn column_named(&self, schema: &Arc<TableSchema>) -> Result<ColumnInformation, JetError> {
        // SAFETY: told by the caller.
        let name = unsafe { self.form.optional_name(self.column) }?.unwrap_or_default();
        Ok(schema.column_information_named(&name)?)
    }

    /// # Safety
    /// The column is NULL or the place of an id.
    unsafe fn column_with_id(&self, schema: &Arc<TableSchema>) -> Result<ColumnInformation, JetError> {
        if self.column.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: told by the caller.
        let id = unsafe { self.column.cast::<JET_COLUMNID>().read_unaligned() };
        let id = ColumnId::from_api(id).ok_or(JetError::COLUMN_NOT_FOUND)?;
        Ok(schema.column_information_of(id)?)
    }

    /// Writes a structure into the caller's buffer, which has to hold it.
    fn put<T: Copy>(&self, value: T) -> CallResult {
        self.answer.write_value(value)?;
        Ok(Completion::Success)
    }

    fn put_base(&self, column: &ColumnInformation) -> CallResult {
        match self.form {
            Form::Ansi => self.put(base_ansi(column)?),
            Form::Wide => self.put(base_wide(column)),
        }
    }

    fn list(&self, call: &mut SessionCall<'_>, schema: &Arc<TableSchema>, layout: Layout) -> CallResult {
        self.answer.check_room(size_of::<JET_COLUMNLIST>())?;
        let has = |bit| self.level & bit != 0;
        let mut columns = schema.column_information(match layout {
            Layout::ByName => ColumnOrder::Name,
            Layout::ById | Layout::Compact => ColumnOrder::Id,
        });
        if has(JET_ColInfoGrbitNonDerivedColumnsOnly) && schema.template().is_some() {
            columns.retain(|column| !column.id.is_template());
        }
        let detail = if has(JET_ColInfoGrbitMinimalInfo) { Detail::Minimal } else { Detail::Whole };
        let rows = columns.iter().map(|column| list_row(column, layout, detail));
        let list = open_list(call, self.form, &layout.columns(), rows)?;
        self.put(JET_COLUMNLIST {
            cbStruct: size_of::<JET_COLUMNLIST>() as u32,
            tableid: list.tableid,
            cRecord: list.rows,
            columnidPresentationOrder: list.id(0),
            columnidcolumnname: list.id(1),
            columnidcolumnid: list.id(2),
            columnidcoltyp: list.id(3),
            columnidCountry: list.id(4),
            columnidLangid: list.id(5),
            columnidCp: list.id(6),
            columnidCollate: list.id(7),
            columnidcbMax: list.id(8),
            columnidgrbit: list.id(9),
            columnidDefault: list.id(10),
            columnidBaseTableName: list.id(11),
            columnidBaseColumnName: list.id(12),
            columnidDefinitionName: 0,
        })
    }
}

/// The three shapes of a list of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    ByName,
    ById,
    /// By id, without a key.
    Compact,
}

impl Layout {
    fn of_bits(level: u32) -> Self {
        if level & JET_ColInfoGrbitCompacting != 0 {
            Self::Compact
        } else if level & JET_ColInfoGrbitSortByColumnid != 0 {
            Self::ById
        } else {
            Self::ByName
        }
    }

    fn columns(self) -> [ListColumn; 13] {
        let (order, name, default) = match self {
            Self::ByName | Self::ById => {
                (ListColumn::LONG.key(), ListColumn::TEXT.key(), ListColumn::LONG_BINARY)
            }
            Self::Compact => (ListColumn::LONG, ListColumn::TEXT, ListColumn::BINARY),
        };
        [
            order,
            name,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::LONG,
            ListColumn::LONG,
            default,
            ListColumn::TEXT,
            ListColumn::TEXT,
        ]
    }
}

/// How much a list tells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Whole,
    /// Its name and id.
    Minimal,
}

fn list_row(column: &ColumnInformation, layout: Layout, detail: Detail) -> Vec<ListValue<'_>> {
    let id = ListValue::Long(column.id.to_api());
    let order = if layout == Layout::ById { id } else { ListValue::Null };
    let mut row = vec![order, ListValue::Name(&column.name), id];
    if detail == Detail::Minimal {
        return row;
    }
    row.extend([
        ListValue::Long(column.column_type.code()),
        ListValue::Short(0),
        ListValue::Short(0),
        ListValue::Short(code_page(column)),
        ListValue::Short(0),
        ListValue::Long(column.bytes_max),
        ListValue::Long(column.grbit.bits()),
        column.default.as_deref().map_or(ListValue::Null, ListValue::Bytes),
        ListValue::Name(&column.base_table),
        ListValue::Name(&column.base_column),
    ]);
    row
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
        of_named_table(
            sesid,
            dbid,
            || question.form.name(szTableName),
            |call, table| question.answer(call, table),
        )
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
        of_named_table(
            sesid,
            dbid,
            || question.form.name(szTableName.cast()),
            |call, table| question.answer(call, table),
        )
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
        of_cursors_table(sesid, tableid, |call, table| question.answer(call, table))
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
        of_cursors_table(sesid, tableid, |call, table| question.answer(call, table))
    }
}
