//! What indexes are: JetGetIndexInfo and JetGetTableIndexInfo, the levels that answer with a number or an id
//! (spec 09 §11.2).

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use ese_engine::catalog::TableSchema;
use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;

use super::argument::Buffer;
use super::definition::Form;
use super::names::write_value;
use super::on_cursor::on_given_cursor;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::with_database;
use crate::runtime::instance::AfterStop;

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
    unsafe fn answer(&self, schema: &Arc<TableSchema>) -> CallResult {
        if self.level == JET_IdxInfoCount {
            write_value(self.answer, schema.index_count())?;
            return Ok(Completion::Success);
        }
        // SAFETY: told by the caller.
        let name = unsafe { self.form.optional_name(self.index) }?.unwrap_or_default();
        let index = schema.index_information_named(&name)?;
        match self.level {
            JET_IdxInfoVarSegMac => write_value(self.answer, index.var_seg_mac)?,
            JET_IdxInfoKeyMost => write_value(self.answer, index.key_most)?,
            JET_IdxInfoIndexId => write_value(self.answer, write_index_id(index.objid))?,
            _ => return Err(JetError::FEATURE_NOT_AVAILABLE),
        }
        Ok(Completion::Success)
    }
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

/// # Safety
/// The names are NULL or end with a zero of the form.
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
/// The name is NULL or ends with a zero of the form.
unsafe fn of_cursors_table(sesid: JET_SESID, tableid: JET_TABLEID, question: &Question) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        let cursor = call.cursor.admit(call.session, TemporaryCall::OtherInformation)?;
        cursor.refresh_schema(call.session)?;
        let schema = Arc::clone(cursor.table().schema());
        // SAFETY: told by the caller.
        unsafe { question.answer(&schema) }
    })
}

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
        of_named_table(sesid, dbid, szTableName, &question)
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
        of_named_table(sesid, dbid, szTableName.cast(), &question)
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
        of_cursors_table(sesid, tableid, &question)
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
        of_cursors_table(sesid, tableid, &question)
    }
}
