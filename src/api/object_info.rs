//! What tables are: JetGetObjectInfo, and JetGetTableInfo and JetSetTableInfo for the table of a cursor
//! (spec 08 §10.2, §10.3, 09 §11).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::btree::TreeKind;
use ese_engine::catalog::{OBJECT_TYPE_TABLE, ObjectInformation, TABLE_INFO_GRBIT};
use ese_engine::space::ListedExtent;
use ese_engine::table::OpenTable;
use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;

use super::about_table::{AboutTable, Pages};
use super::argument::Buffer;
use super::definition::Form;
use super::list_table::{ListColumn, ListValue, open_list};
use super::names::{ansi_of_1252, wide_of_1252};
use super::on_cursor::{CursorCall, on_given_cursor};
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::abi::text::ObjectName;
use crate::runtime::call::{SessionCall, with_database, with_given_cursor};
use crate::runtime::instance::AfterStop;

/// The one container that databases have.
const CONTAINER: &[u8] = b"Tables";

/// Whether counts of records and pages are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Statistics {
    Told,
    LeftOut,
}

/// What JetGetObjectInfo is asked.
struct ObjectQuestion {
    form: Form,
    object_type: JET_OBJTYP,
    container: *const c_char,
    object: *const c_char,
    answer: Buffer,
    level: u32,
}

impl ObjectQuestion {
    /// # Safety
    /// The names are NULL or end with a zero of the form.
    unsafe fn ask(&self, sesid: JET_SESID, dbid: JET_DBID) -> JET_ERR {
        with_database(sesid, dbid, AfterStop::Refused, |call, database| {
            let catalog = database.catalog()?;
            match self.level {
                JET_ObjInfo | JET_ObjInfoNoStats => {
                    self.answer.check_room(size_of::<JET_OBJECTINFO>())?;
                    // SAFETY: told by the caller.
                    unsafe { self.check_container() }?;
                    // SAFETY: told by the caller.
                    let name = ObjectName::from_1252(&unsafe { self.form.name(self.object) }?)?;
                    if !self.wants_tables() {
                        return Err(JetError::OBJECT_NOT_FOUND);
                    }
                    let object = catalog.object(&call.body()?.engine, name.as_bytes())?;
                    let statistics = self.statistics();
                    self.answer.write_value(object_info(&object, statistics))?;
                    Ok(Completion::Success)
                }
                JET_ObjInfoList | JET_ObjInfoListNoStats => {
                    self.answer.check_room(size_of::<JET_OBJECTLIST>())?;
                    // SAFETY: told by the caller.
                    unsafe { self.check_container() }?;
                    let objects =
                        if self.wants_tables() { catalog.objects(&call.body()?.engine)? } else { Vec::new() };
                    self.list(call, &objects)
                }
                level if level < JET_ObjInfoMax => Err(JetError::FEATURE_NOT_AVAILABLE),
                _ => Err(JetError::INVALID_PARAMETER),
            }
        })
    }

    /// # Safety
    /// The name is NULL or ends with a zero of the form.
    unsafe fn check_container(&self) -> Result<(), JetError> {
        // SAFETY: told by the caller.
        let container = unsafe { self.form.optional_name(self.container) }?.unwrap_or_default();
        if container.is_empty() || container.eq_ignore_ascii_case(CONTAINER) {
            Ok(())
        } else {
            Err(JetError::OBJECT_NOT_FOUND)
        }
    }

    fn wants_tables(&self) -> bool {
        matches!(self.object_type, JET_objtypNil | JET_objtypTable)
    }

    fn statistics(&self) -> Statistics {
        match self.level {
            JET_ObjInfo | JET_ObjInfoList => Statistics::Told,
            _ => Statistics::LeftOut,
        }
    }

    fn list(&self, call: &mut SessionCall<'_>, objects: &[ObjectInformation]) -> CallResult {
        const COLUMNS: [ListColumn; 9] = [
            ListColumn::TEXT.key(),
            ListColumn::TEXT.key(),
            ListColumn::LONG,
            ListColumn::DATE_TIME,
            ListColumn::DATE_TIME,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG,
            ListColumn::LONG,
        ];
        let statistics = self.statistics();
        let rows = objects.iter().map(|object| {
            let info = object_info(object, statistics);
            vec![
                ListValue::Name(CONTAINER),
                ListValue::Name(&object.name),
                ListValue::Long(info.objtyp),
                ListValue::Null,
                ListValue::Null,
                ListValue::Long(info.cRecord),
                ListValue::Long(info.cPage),
                ListValue::Long(info.grbit),
                ListValue::Long(info.flags),
            ]
        });
        let list = open_list(call, self.form, &COLUMNS, rows)?;
        self.answer.write_value(JET_OBJECTLIST {
            cbStruct: size_of::<JET_OBJECTLIST>() as u32,
            tableid: list.tableid,
            cRecord: list.rows,
            columnidcontainername: list.id(0),
            columnidobjectname: list.id(1),
            columnidobjtyp: list.id(2),
            columniddtCreate: list.id(3),
            columniddtUpdate: list.id(4),
            columnidgrbit: list.id(7),
            columnidflags: list.id(8),
            columnidcRecord: list.id(5),
            columnidcPage: list.id(6),
        })?;
        Ok(Completion::Success)
    }
}

fn object_info(object: &ObjectInformation, statistics: Statistics) -> JET_OBJECTINFO {
    let told = |count| if statistics == Statistics::Told { count } else { 0 };
    JET_OBJECTINFO {
        cbStruct: size_of::<JET_OBJECTINFO>() as u32,
        objtyp: OBJECT_TYPE_TABLE,
        dtCreate: 0.0,
        dtUpdate: 0.0,
        grbit: TABLE_INFO_GRBIT,
        flags: object.flags,
        cRecord: told(object.records),
        cPage: told(object.pages),
    }
}

/// Table list or facts of one table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetObjectInfoA(
    sesid: JET_SESID,
    dbid: JET_DBID,
    objtyp: JET_OBJTYP,
    szContainerName: JET_PCSTR,
    szObjectName: JET_PCSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let question = ObjectQuestion {
            form: Form::Ansi,
            object_type: objtyp,
            container: szContainerName,
            object: szObjectName,
            answer: Buffer::new(pvResult, cbMax),
            level: InfoLevel,
        };
        question.ask(sesid, dbid)
    }
}

/// Table list or facts of one table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetObjectInfoW(
    sesid: JET_SESID,
    dbid: JET_DBID,
    objtyp: JET_OBJTYP,
    szContainerName: JET_PCWSTR,
    szObjectName: JET_PCWSTR,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's pointers are NULL or valid as the level says.
    unsafe {
        let question = ObjectQuestion {
            form: Form::Wide,
            object_type: objtyp,
            container: szContainerName.cast(),
            object: szObjectName.cast(),
            answer: Buffer::new(pvResult, cbMax),
            level: InfoLevel,
        };
        question.ask(sesid, dbid)
    }
}

/// JetGetTableInfo in either form.
fn table_info(form: Form, sesid: JET_SESID, tableid: JET_TABLEID, answer: Buffer, level: u32) -> JET_ERR {
    if level == JET_TblInfoDbid {
        return with_given_cursor(sesid, tableid, AfterStop::Refused, |call, context| {
            context.body()?.admit(&mut call.body()?.engine, TemporaryCall::CatalogInformation)?;
            answer.write_value(context.dbid())?;
            Ok(Completion::Success)
        });
    }
    on_given_cursor(sesid, tableid, |call| {
        match level {
            JET_TblInfo => {
                let info = whole_info(call)?;
                answer.write_value(info)?;
            }
            JET_TblInfoName | JET_TblInfoTemplateTableName => {
                let table = table_of(call, TemporaryCall::CatalogInformation)?;
                let schema = table.schema();
                if level == JET_TblInfoName {
                    write_name(form, answer, schema.definition().name.as_bytes(), 0)?;
                } else {
                    write_name(form, answer, schema.template_name(), TEMPLATE_NAME_BYTES_MIN)?;
                }
            }
            JET_TblInfoRetrieveAndReserveAutoIncrement => reserve_auto_increment(call, answer)?,
            _ => number_info(&table_of(call, TemporaryCall::OtherInformation)?, answer, level)?,
        }
        Ok(Completion::Success)
    })
}

/// A buffer for the name of a template has more than a name's 64 bytes (spec 09 §11.2).
const TEMPLATE_NAME_BYTES_MIN: usize = 65;

/// The table of a cursor, with what the session sees of it.
fn table_of(call: &mut CursorCall<'_>, kind: TemporaryCall) -> Result<OpenTable, JetError> {
    let cursor = call.cursor.admit(call.session, kind)?;
    cursor.refresh_schema(call.session)?;
    Ok(cursor.table().clone())
}

fn whole_info(call: &mut CursorCall<'_>) -> Result<JET_OBJECTINFO, JetError> {
    let table = table_of(call, TemporaryCall::ObjectInformation)?;
    let mut info = object_info(&table.schema().object_information(), Statistics::Told);
    if let Some(temporary) = call.cursor.temporary() {
        info.cRecord = temporary.rows();
    }
    Ok(info)
}

/// Writes a name with its zero.
fn write_name(form: Form, answer: Buffer, name: &[u8], bytes_min: usize) -> Result<(), JetError> {
    let mut bytes = match form {
        Form::Ansi => ansi_of_1252(name)?,
        Form::Wide => wide_of_1252(name).as_slice().iter().flat_map(|unit| unit.to_ne_bytes()).collect(),
    };
    bytes.resize(bytes.len() + if form == Form::Wide { size_of::<WCHAR>() } else { 1 }, 0);
    answer.check_room(bytes.len().max(bytes_min))?;
    answer.write(&bytes)
}

fn reserve_auto_increment(call: &mut CursorCall<'_>, answer: Buffer) -> Result<(), JetError> {
    let cursor = call.cursor.admit(call.session, TemporaryCall::OtherInformation)?;
    let bytes = cursor.auto_increment_bytes(call.session)?.ok_or(JetError::INVALID_OPERATION)?;
    if answer.is_null() {
        return Err(JetError::INVALID_PARAMETER);
    }
    if answer.bytes() != bytes {
        return Err(JetError::INVALID_BUFFER_SIZE);
    }
    let value = cursor.reserve_auto_increment(call.session)?.to_ne_bytes();
    answer.write(value.get(..bytes).unwrap_or(&value))
}

/// The levels that answer with numbers about the table's trees.
fn number_info(table: &OpenTable, answer: Buffer, level: u32) -> Result<(), JetError> {
    let about = AboutTable { schema: Arc::clone(table.schema()), map: Arc::clone(table.map()) };
    let definition = about.schema.definition();
    match level {
        JET_TblInfoSpaceUsage => space_usage(&about, answer),
        JET_TblInfoSpaceAlloc => {
            answer.write_value([definition.table.pages.max(1), definition.table.density])
        }
        // Those checks come first that cost nothing.
        JET_TblInfoSpaceOwned => {
            answer.check_room(size_of::<u32>())?;
            answer.write_value(primary_pages(&about)?.owned)
        }
        JET_TblInfoSpaceAvailable => {
            answer.check_room(size_of::<u32>())?;
            answer.write_value(available_pages(&about, table)?)
        }
        JET_TblInfoLVChunkMax => answer.write_value(about.schema.chunk_bytes(table.page_size())),
        JET_TblInfoSpaceOwnedLV => {
            answer.check_room(size_of::<u32>())?;
            answer.write_value(long_value_pages(&about, table)?.owned)
        }
        JET_TblInfoSpaceAvailableLV => {
            answer.check_room(size_of::<u32>())?;
            answer.write_value(long_value_pages(&about, table)?.available)
        }
        JET_TblInfoObjectId => answer.write_value(definition.objid),
        _ => Err(JetError::FEATURE_NOT_AVAILABLE),
    }
}

fn primary_pages(about: &AboutTable) -> Result<Pages, JetError> {
    let definition = about.schema.definition();
    about.pages(definition.objid, definition.table.fdp_page, TreeKind::Primary)
}

fn long_value_pages(about: &AboutTable, table: &OpenTable) -> Result<Pages, JetError> {
    let Some(store) = table.long_values()? else { return Ok(Pages::default()) };
    let tree = store.tree().tree();
    about.pages(tree.objid(), tree.root(), TreeKind::LongValue)
}

/// Free pages of all trees of the table. What it owns its primary tree says alone: the others took theirs from it.
fn available_pages(about: &AboutTable, table: &OpenTable) -> Result<u32, JetError> {
    let mut sum = primary_pages(about)?.available;
    for (index, _) in table.secondary_indexes() {
        let pages = about.pages(index.objid, index.row.fdp_page, TreeKind::Index)?;
        sum = sum.saturating_add(pages.available);
    }
    Ok(sum.saturating_add(long_value_pages(about, table)?.available))
}

/// Pages owned and free, and as far as there is room the extents of each: last page and count, ended by zeros.
fn space_usage(about: &AboutTable, answer: Buffer) -> Result<(), JetError> {
    answer.check_room(2 * size_of::<u32>())?;
    let definition = about.schema.definition();
    let space = about.space(definition.objid, definition.table.fdp_page, TreeKind::Primary)?;
    let count = |pages: u64| u32::try_from(pages).unwrap_or(u32::MAX);
    let mut numbers = vec![count(space.owned_pages()), count(space.available_pages())];
    let extents = |numbers: &mut Vec<u32>, listed: &[ListedExtent]| {
        let extents = listed.iter().map(|listed| listed.node.extent);
        numbers.extend(extents.flat_map(|extent| [extent.last, extent.count]));
        numbers.extend([0, 0]);
    };
    extents(&mut numbers, &space.owned);
    extents(&mut numbers, &space.available);
    // Counts, then extents: pairs that are written whole or not at all.
    let pairs = answer.bytes() / (2 * size_of::<u32>());
    let bytes: Vec<u8> = numbers.iter().take(2 * pairs).flat_map(|number| number.to_ne_bytes()).collect();
    answer.write(&bytes)
}

/// Facts of an open table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableInfoA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or may be written in its length.
    let answer = unsafe { Buffer::new(pvResult, cbMax) };
    table_info(Form::Ansi, sesid, tableid, answer, InfoLevel)
}

/// Facts of an open table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetTableInfoW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvResult: *mut c_void,
    cbMax: u32,
    InfoLevel: u32,
) -> JET_ERR {
    // SAFETY: the caller's buffer is NULL or may be written in its length.
    let answer = unsafe { Buffer::new(pvResult, cbMax) };
    table_info(Form::Wide, sesid, tableid, answer, InfoLevel)
}

/// JetSetTableInfo: the only fact that can be set is the encryption key, and there is no encryption.
fn set_table_info(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    on_given_cursor(sesid, tableid, |_| Err(JetError::FEATURE_NOT_AVAILABLE))
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
    let _ = (pvParam, cbParam, InfoLevel);
    set_table_info(sesid, tableid)
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
    let _ = (pvParam, cbParam, InfoLevel);
    set_table_info(sesid, tableid)
}
