//! Indexes: create, delete, choose, count, ranges (spec 09 §7.3, §7.5, §7.7, §10.6).

use std::ffi::c_char;

use ese_engine::table::{IndexStart, RangeGrbit};
use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;

use super::argument::Place;
use super::column::on_definition;
use super::definition::{Form, IndexDefinition, IndexGeneration, IndexList, with_new_indexes};
use super::names::{ansi_of_1252, wide_of_1252};
use super::on_cursor::{CursorCall, on_cursor, on_given_cursor};
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::typedefs::*;
use crate::abi::text::{write_ansi, write_wide};
use crate::runtime::engine_cursor::EngineCursor;

/// Creates the indexes of a list.
///
/// # Safety
/// The list is NULL or valid as it says.
unsafe fn create_indexes(sesid: JET_SESID, tableid: JET_TABLEID, list: IndexList) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: told by the caller.
        let definitions = unsafe { list.read() }?;
        let table = call.cursor.table().clone();
        let creation = with_new_indexes(&definitions, |indexes| {
            call.catalog.create_indexes(call.session, &table, call.hold, indexes)
        });
        // SAFETY: told by the caller, and the list was read.
        unsafe { list.answer(&creation.indexes) };
        creation.result?;
        call.cursor.refresh_schema(call.session)?;
        Ok(Completion::Success)
    })
}

/// Create several indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE_A,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Ansi, IndexGeneration::First, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// Create several indexes.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE_W,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Wide, IndexGeneration::First, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex3A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE2_A,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Ansi, IndexGeneration::Second, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// As before with space hints.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex3W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE2_W,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Wide, IndexGeneration::Second, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex4A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE3_A,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Ansi, IndexGeneration::Third, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// As before with locale names.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndex4W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pindexcreate: *mut JET_INDEXCREATE3_W,
    cIndexCreate: u32,
) -> JET_ERR {
    let list = IndexList::new(Form::Wide, IndexGeneration::Third, pindexcreate, cIndexCreate);
    // SAFETY: the caller's list is NULL or valid as it says.
    unsafe { create_indexes(sesid, tableid, list) }
}

/// Create an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
    szKey: *const c_char,
    cbKey: u32,
    lDensity: u32,
) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: the caller's name ends with a zero, and its key has as many bytes as it says.
        let definition = unsafe {
            let name = Form::Ansi.name(szIndexName.cast())?;
            IndexDefinition::simple(Form::Ansi, name, grbit, szKey.cast(), cbKey, lDensity)?
        };
        let table = call.cursor.table().clone();
        let creation = with_new_indexes(&[definition], |indexes| {
            call.catalog.create_indexes(call.session, &table, call.hold, indexes)
        });
        creation.result?;
        call.cursor.refresh_schema(call.session)?;
        Ok(Completion::Success)
    })
}

/// Create an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetCreateIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
    szKey: *const WCHAR,
    cbKey: u32,
    lDensity: u32,
) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: the caller's name ends with a zero, and its key has as many bytes as it says.
        let definition = unsafe {
            let name = Form::Wide.name(szIndexName.cast())?;
            IndexDefinition::simple(Form::Wide, name, grbit, szKey.cast(), cbKey, lDensity)?
        };
        let table = call.cursor.table().clone();
        let creation = with_new_indexes(&[definition], |indexes| {
            call.catalog.create_indexes(call.session, &table, call.hold, indexes)
        });
        creation.result?;
        call.cursor.refresh_schema(call.session)?;
        Ok(Completion::Success)
    })
}

/// Delete an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Ansi.name(szIndexName.cast()) }?;
        call.catalog.delete_index(call.session, call.hold, &name)?;
        call.cursor.refresh_schema(call.session)?;
        Ok(Completion::Success)
    })
}

/// Delete an index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDeleteIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
) -> JET_ERR {
    on_definition(sesid, tableid, |call| {
        // SAFETY: the caller's name is NULL or ends with a zero.
        let name = unsafe { Form::Wide.name(szIndexName.cast()) }?;
        call.catalog.delete_index(call.session, call.hold, &name)?;
        call.cursor.refresh_schema(call.session)?;
        Ok(Completion::Success)
    })
}

/// Bytes a caller's buffer for an index's name must have at least.
fn has_room(bytes: u32) -> Option<Completion> {
    (bytes == 0).then_some(Completion::Warning(JetError::WRN_BUFFER_TRUNCATED))
}

/// The name of the current index; empty where the table has no primary one.
fn current_index_name(call: &mut CursorCall<'_>) -> Result<Vec<u8>, JetError> {
    let cursor = call.cursor.admit(call.session, TemporaryCall::Other)?;
    Ok(cursor.current_index().map(|index| index.name.as_bytes().to_vec()).unwrap_or_default())
}

/// Name of the current index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCurrentIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PSTR,
    cbIndexName: u32,
) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        let current = current_index_name(call)?;
        if let Some(short) = has_room(cbIndexName) {
            return Ok(short);
        }
        if szIndexName.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let name = ansi_of_1252(&current)?;
        let room = cbIndexName as usize - 1;
        let cut = name.get(..name.len().min(room)).unwrap_or_default();
        // SAFETY: the caller's buffer has as many bytes as it says, and the name was cut to them.
        unsafe { write_ansi(szIndexName, cbIndexName as usize, cut) }?;
        Ok(Completion::Success)
    })
}

/// Name of the current index.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetCurrentIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PWSTR,
    cbIndexName: u32,
) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        let current = current_index_name(call)?;
        if let Some(short) = has_room(cbIndexName) {
            return Ok(short);
        }
        if szIndexName.is_null() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let name = wide_of_1252(&current);
        let room = (cbIndexName as usize / size_of::<WCHAR>()).saturating_sub(1);
        let cut = name.get(..name.len().min(room)).unwrap_or_default();
        // SAFETY: the caller's buffer has as many bytes as it says, and the name was cut to them.
        unsafe { write_wide(szIndexName, cbIndexName as usize, cut) }?;
        Ok(Completion::Success)
    })
}

/// Counts entries from the current one on.
fn count(
    cursor: &mut EngineCursor,
    session: &mut ese_engine::transaction::Session,
    max: u64,
) -> Result<u64, JetError> {
    Ok(cursor.admit(session, TemporaryCall::Other)?.index_record_count(session, max)?)
}

/// Count entries up to a limit.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIndexRecordCount(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcrec: *mut u32,
    crecMax: u32,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pcrec) };
    on_cursor(sesid, tableid, |call| {
        let place = place.required()?;
        place.write(0);
        let records = count(call.cursor, call.session, u64::from(crecMax))?;
        place.write(u32::try_from(records).map_err(|_| JetError::TOO_MANY_RECORDS)?);
        Ok(Completion::Success)
    })
}

/// Count with 64 bits (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIndexRecordCount2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcrec: *mut u64,
    crecMax: u64,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(pcrec) };
    on_cursor(sesid, tableid, |call| {
        let place = place.required()?;
        place.write(0);
        place.write(count(call.cursor, call.session, crecMax)?);
        Ok(Completion::Success)
    })
}

/// Chooses the index of a cursor.
///
/// # Safety
/// The name is NULL or ends with a zero of the form; the id is NULL or may be read.
unsafe fn set_current_index(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    form: Form,
    name: *const c_char,
    id: *const JET_INDEXID,
    grbit: JET_GRBIT,
    itag: u32,
) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        let start = match grbit {
            JET_bitMoveFirst => IndexStart::First,
            JET_bitNoMove => IndexStart::SameRecord { itag },
            _ => return Err(JetError::INVALID_GRBIT),
        };
        // SAFETY: told by the caller.
        let name = match unsafe { Place::new(id.cast_mut()) }.read() {
            Some(id) => index_with_id(call.cursor, &id)?,
            // SAFETY: told by the caller.
            None => unsafe { form.optional_name(name) }?.unwrap_or_default(),
        };
        call.cursor.set_current_index(call.session, &name, start)?;
        Ok(Completion::Success)
    })
}

/// The name of the index that an id from JetGetTableIndexInfo stands for.
fn index_with_id(cursor: &mut EngineCursor, id: &JET_INDEXID) -> Result<Vec<u8>, JetError> {
    let objid = super::index_info::read_index_id(id).ok_or(JetError::INVALID_INDEX_ID)?;
    let indexes = cursor.cursor().table().schema().indexes();
    let index = indexes.iter().find(|index| index.objid == objid);
    index.map(|index| index.name.as_bytes().to_vec()).ok_or(JetError::INVALID_INDEX_ID)
}

/// Choose an index by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndexA(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(
            sesid,
            tableid,
            Form::Ansi,
            szIndexName.cast(),
            std::ptr::null(),
            JET_bitMoveFirst,
            1,
        )
    }
}

/// Choose with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex2A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { set_current_index(sesid, tableid, Form::Ansi, szIndexName.cast(), std::ptr::null(), grbit, 1) }
}

/// Choose with value number.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex3A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(
            sesid,
            tableid,
            Form::Ansi,
            szIndexName.cast(),
            std::ptr::null(),
            grbit,
            itagSequence,
        )
    }
}

/// Choose by JET\_INDEXID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex4A(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCSTR,
    pindexid: *mut JET_INDEXID,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(sesid, tableid, Form::Ansi, szIndexName.cast(), pindexid, grbit, itagSequence)
    }
}

/// Choose an index by name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndexW(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(
            sesid,
            tableid,
            Form::Wide,
            szIndexName.cast(),
            std::ptr::null(),
            JET_bitMoveFirst,
            1,
        )
    }
}

/// Choose with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex2W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe { set_current_index(sesid, tableid, Form::Wide, szIndexName.cast(), std::ptr::null(), grbit, 1) }
}

/// Choose with value number.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex3W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(
            sesid,
            tableid,
            Form::Wide,
            szIndexName.cast(),
            std::ptr::null(),
            grbit,
            itagSequence,
        )
    }
}

/// Choose by JET\_INDEXID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCurrentIndex4W(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    szIndexName: JET_PCWSTR,
    pindexid: *mut JET_INDEXID,
    grbit: JET_GRBIT,
    itagSequence: u32,
) -> JET_ERR {
    // SAFETY: the caller's name is NULL or ends with a zero.
    unsafe {
        set_current_index(sesid, tableid, Form::Wide, szIndexName.cast(), pindexid, grbit, itagSequence)
    }
}

/// Limit moves by the current key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetIndexRange(
    sesid: JET_SESID,
    tableidSrc: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on_cursor(sesid, tableidSrc, |call| {
        let cursor = call.cursor.admit(call.session, TemporaryCall::SetIndexRange)?;
        cursor.set_index_range(call.session, RangeGrbit::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}
