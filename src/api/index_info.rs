//! What indexes are: JetGetIndexInfo and JetGetTableIndexInfo (spec 08 §10.3, 09 §11).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::btree::TreeKind;
use ese_engine::catalog::{IndexInformation, LANGUAGE_EN_US, TableSchema};
use ese_format::column_type::CodePage;
use ese_format::error::JetError;

use super::about_table::{AboutTable, Pages, of_cursors_table, of_named_table};
use super::argument::Buffer;
use super::definition::{Form, IndexGeneration};
use super::index_create_info;
use super::list_table::{ListColumn, ListValue, open_list};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::locale;
use crate::abi::structs::*;
use crate::abi::tables::bits::JET_bitKeyDescending;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::SessionCall;

/// A buffer for the name of a locale: 85 units.
const LOCALE_NAME_BYTES: usize = 170;
/// A JET_INDEXLIST without its last field, which old programs do not have.
const INDEX_LIST_BYTES_MIN: usize = size_of::<JET_INDEXLIST>() - size_of::<JET_COLUMNID>();

/// How a caller names an index, and what it wants to know.
struct Question {
    form: Form,
    index: *const c_char,
    answer: Buffer,
    level: u32,
}

impl Question {
    /// Answers it from a table's schema.
    ///
    /// # Safety
    /// The name is NULL or ends with a zero of the form.
    unsafe fn answer(&self, call: &mut SessionCall<'_>, table: &AboutTable) -> CallResult {
        let schema = &table.schema;
        let answer = self.answer;
        match self.level {
            JET_IdxInfo | JET_IdxInfoList => {
                answer.check_room(INDEX_LIST_BYTES_MIN)?;
                // SAFETY: told by the caller.
                let indexes = unsafe { self.indexes(schema) }?;
                self.list(call, &indexes)?;
            }
            JET_IdxInfoSysTabCursor | JET_IdxInfoOLC | JET_IdxInfoResetOLC => {
                return Err(JetError::FEATURE_NOT_AVAILABLE);
            }
            JET_IdxInfoCount => answer.write_value(schema.index_count())?,
            JET_IdxInfoSpaceAlloc..=JET_IdxInfoSpaceAvailable => {
                // SAFETY: told by the caller.
                let name = unsafe { self.form.optional_name(self.index) }?.unwrap_or_default();
                self.about(table, &schema.index_information_named(&name)?)?;
            }
            _ => return Err(JetError::INVALID_PARAMETER),
        }
        Ok(Completion::Success)
    }

    /// The index that was named, or all of them.
    ///
    /// # Safety
    /// The name is NULL or ends with a zero of the form.
    unsafe fn indexes(&self, schema: &Arc<TableSchema>) -> Result<Vec<IndexInformation>, JetError> {
        // SAFETY: told by the caller.
        let name = unsafe { self.form.optional_name(self.index) }?.unwrap_or_default();
        if name.is_empty() {
            return Ok(schema.index_information());
        }
        Ok(vec![schema.index_information_named(&name)?])
    }

    /// The levels about one index.
    fn about(&self, table: &AboutTable, index: &IndexInformation) -> Result<(), JetError> {
        let answer = self.answer;
        let create_index = |generation| index_create_info::write(self.form, generation, answer, index);
        match self.level {
            JET_IdxInfoSpaceAlloc => answer.write_value(index.space.initial_density),
            JET_IdxInfoLCID if answer.bytes() < size_of::<u32>() => answer.write_value(langid(index)),
            JET_IdxInfoLCID => answer.write_value(lcid(index)),
            JET_IdxInfoVarSegMac => answer.write_value(index.var_seg_mac),
            JET_IdxInfoIndexId => answer.write_value(write_index_id(index.objid)),
            JET_IdxInfoKeyMost => answer.write_value(index.key_most),
            JET_IdxInfoCreateIndex => create_index(IndexGeneration::First),
            JET_IdxInfoCreateIndex2 => create_index(IndexGeneration::Second),
            JET_IdxInfoCreateIndex3 => create_index(IndexGeneration::Third),
            JET_IdxInfoLocaleName => {
                answer.check_room(LOCALE_NAME_BYTES)?;
                let mut name = [0_u16; LOCALE_NAME_BYTES / size_of::<u16>()];
                let room = name.len() - 1;
                for (place, unit) in name.iter_mut().take(room).zip(index.locale.encode_utf16()) {
                    *place = unit;
                }
                answer.write_value(name)
            }
            JET_IdxInfoSortVersion => answer.write_value(sort_versions(index).0),
            JET_IdxInfoDefinedSortVersion => answer.write_value(sort_versions(index).1),
            JET_IdxInfoSortId => answer.write_value(index.sort_id.unwrap_or_default()),
            JET_IdxInfoSpaceOwned => {
                answer.check_room(size_of::<u32>())?;
                answer.write_value(pages(table, index)?.owned)
            }
            JET_IdxInfoSpaceAvailable => {
                answer.check_room(size_of::<u32>())?;
                answer.write_value(pages(table, index)?.available)
            }
            _ => Err(JetError::INVALID_PARAMETER),
        }
    }

    fn list(&self, call: &mut SessionCall<'_>, indexes: &[IndexInformation]) -> Result<(), JetError> {
        const COLUMNS: [ListColumn; 16] = [
            ListColumn::TEXT.key(),
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG.key(),
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::SHORT,
            ListColumn::LONG,
            ListColumn::TEXT,
            ListColumn::LONG,
        ];
        let rows = indexes.iter().flat_map(list_rows);
        let list = open_list(call, self.form, &COLUMNS, rows)?;
        let answer = JET_INDEXLIST {
            cbStruct: size_of::<JET_INDEXLIST>().min(self.answer.bytes()) as u32,
            tableid: list.tableid,
            cRecord: list.rows,
            columnidindexname: list.id(0),
            columnidgrbitIndex: list.id(1),
            columnidcKey: list.id(2),
            columnidcEntry: list.id(3),
            columnidcPage: list.id(4),
            columnidcColumn: list.id(5),
            columnidiColumn: list.id(6),
            columnidcolumnid: list.id(7),
            columnidcoltyp: list.id(8),
            columnidCountry: list.id(9),
            columnidLangid: list.id(10),
            columnidCp: list.id(11),
            columnidCollate: list.id(12),
            columnidgrbitColumn: list.id(13),
            columnidcolumnname: list.id(14),
            columnidLCMapFlags: list.id(15),
        };
        self.answer.write_beginning(answer, INDEX_LIST_BYTES_MIN)
    }
}

/// One row for each key column.
fn list_rows(index: &IndexInformation) -> impl Iterator<Item = Vec<ListValue<'_>>> {
    let count = u32::try_from(index.columns.len()).unwrap_or(u32::MAX);
    (0_u32..).zip(&index.columns).map(move |(place, column)| {
        vec![
            ListValue::Name(&index.name),
            ListValue::Long(index.grbit.bits()),
            ListValue::Long(index.keys),
            ListValue::Long(index.entries),
            ListValue::Long(index.pages),
            ListValue::Long(count),
            ListValue::Long(place),
            ListValue::Long(column.id.to_api()),
            ListValue::Long(column.column_type.code()),
            ListValue::Short(0),
            ListValue::Short(langid(index)),
            ListValue::Short(column.code_page.0),
            ListValue::Short(0),
            ListValue::Long(if column.is_marked { JET_bitKeyDescending } else { 0 }),
            ListValue::Name(&column.name),
            ListValue::Long(index.lcmap_flags),
        ]
    })
}

/// The number of an index's locale; the default one's where there is none or none that has a number.
pub(super) fn lcid(index: &IndexInformation) -> u32 {
    if index.locale_id != 0 {
        return index.locale_id;
    }
    let is_unicode = index.columns.iter().any(|column| column.code_page == CodePage::UNICODE);
    let named = if is_unicode || !index.stored_locale.is_empty() {
        locale::number_of(&index.stored_locale)
    } else {
        None
    };
    named.unwrap_or_else(|| u32::from(LANGUAGE_EN_US))
}

/// The language of that locale: the low half of its number.
fn langid(index: &IndexInformation) -> u16 {
    (lcid(index) & 0xFFFF) as u16
}

/// The version of the sort, and of what it defines.
fn sort_versions(index: &IndexInformation) -> (u32, u32) {
    let version = index.sort_version.map_or(0, |version| version.0);
    ((version >> 32) as u32, (version & 0xFFFF_FFFF) as u32)
}

fn pages(table: &AboutTable, index: &IndexInformation) -> Result<Pages, JetError> {
    let definition = table.schema.definition();
    if index.objid == definition.objid {
        return table.pages(definition.objid, definition.table.fdp_page, TreeKind::Primary);
    }
    let of_index = table.schema.indexes().iter().find(|known| known.objid == index.objid);
    let root = of_index.ok_or(JetError::INDEX_NOT_FOUND)?.row.fdp_page;
    table.pages(index.objid, root, TreeKind::Index)
}

/// The object id in an id from JetGetTableIndexInfo, where it is one: its size, eight bytes that say whose it is, the
/// object id, and four bytes that are zero.
pub(super) fn read_index_id(id: &JET_INDEXID) -> Option<u32> {
    let [a, b, c, d, objid @ .., _, _, _, _] = id.rgbIndexId;
    let [_, _, _, _, e, f, g, h] = objid;
    let known = id.cbStruct as usize == size_of::<JET_INDEXID>() && [a, b, c, d] == INDEX_ID_MARK;
    known.then_some(u32::from_le_bytes([e, f, g, h]))
}

/// The id of the index with this object id.
pub(super) fn write_index_id(objid: u32) -> JET_INDEXID {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(INDEX_ID_MARK) {
        *place = byte;
    }
    for (place, byte) in bytes.iter_mut().skip(8).zip(objid.to_le_bytes()) {
        *place = byte;
    }
    JET_INDEXID { cbStruct: size_of::<JET_INDEXID>() as u32, rgbIndexId: bytes }
}

/// What an index id begins with.
const INDEX_ID_MARK: [u8; 4] = *b"idx\0";

/// Index facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetIndexInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCSTR,
    szIndexName: JET_PCSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbResult);
        let question = Question { form: Form::Ansi, index: szIndexName, answer, level: InfoLevel };
        of_named_table(
            sesid,
            dbid,
            || question.form.name(szTableName),
            |call, table| question.answer(call, table),
        )
    }
}

/// Index facts by table name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetIndexInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    szTableName: JET_PCWSTR,
    szIndexName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbResult);
        let question = Question { form: Form::Wide, index: szIndexName.cast(), answer, level: InfoLevel };
        of_named_table(
            sesid,
            dbid,
            || question.form.name(szTableName.cast()),
            |call, table| question.answer(call, table),
        )
    }
}

/// Index facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableIndexInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbResult);
        let question = Question { form: Form::Ansi, index: szIndexName, answer, level: InfoLevel };
        of_cursors_table(sesid, tableid, |call, table| question.answer(call, table))
    }
}

/// Index facts by cursor.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableIndexInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbResult: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let answer = Buffer::new(pvResult, cbResult);
        let question = Question { form: Form::Wide, index: szIndexName.cast(), answer, level: InfoLevel };
        of_cursors_table(sesid, tableid, |call, table| question.answer(call, table))
    }
}
