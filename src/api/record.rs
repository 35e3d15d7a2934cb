//! Records: read, write, measure (spec 09 §8, §9).

use std::ffi::c_void;

use ese_engine::table::{
    AtZero, ColumnChange, ColumnRequest, Cursor, EscrowGrbit, LockGrbit, Prepare, PreparedChange, RecordSize,
    RecordSizeGrbit, RetrieveGrbit, SetGrbit, UpdateGrbit,
};
use ese_engine::temp::TemporaryCall;
use ese_engine::transaction::Session;
use ese_format::error::JetError;

use super::argument::{Buffer, Place, input};
use super::callback::{Around, between_callbacks, finalize};
use super::names::{output, write_prefix};
use super::not_available;
use super::on_cursor::{CursorCall, completed, on_cursor, on_given_cursor, run};
use super::user_default::user_default;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{with_cursor, with_given_cursor};
use crate::runtime::instance::AfterStop;

/// Smallest JET_SETINFO and JET_RETINFO that hold all fields (spec 09 §8.3, §9.1).
const SETINFO_BYTES: u32 = size_of::<JET_SETINFO>() as u32;
const RETINFO_BYTES: u32 = size_of::<JET_RETINFO>() as u32;
/// Bytes of the longest value there can be (spec 09 §8.3).
const VALUE_BYTES_MAX: u32 = 0x7FFF_FFFF;
/// Most items a call takes: no table has more columns, and counters beyond it lie.
const ITEMS_MAX: u32 = 1 << 20;

/// Delete the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDelete(sesid: JET_SESID, tableid: JET_TABLEID) -> JET_ERR {
    with_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let around = Around { before: JET_cbtypBeforeDelete, after: JET_cbtypAfterDelete };
        if cursor.attachments().is_some_and(|attachments| attachments.wants(around.before)) {
            run(call, cursor, |call| call.cursor.check_deletable(call.session))?;
        }
        between_callbacks(call, cursor, around, |call| {
            Ok(call.cursor.admit(call.session, TemporaryCall::Delete)?.delete(call.session)?)
        })?;
        Ok(Completion::Success)
    })
}

/// Add to an escrow column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEscrowUpdate(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pv: *mut c_void,
    cbMax: u32,
    pvOld: *mut c_void,
    cbOldMax: u32,
    pcbOldActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (delta, old, actual) =
        unsafe { (input(pv, cbMax), Buffer::new(pvOld, cbOldMax), Place::new(pcbOldActual)) };
    with_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        if pv.is_null() && cbMax > 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        let grbit = EscrowGrbit::from_bits_retain(grbit);
        let updated = run(call, cursor, |call| {
            let cursor = call.cursor.admit(call.session, TemporaryCall::Delete)?;
            Ok(cursor.escrow_update(call.session, columnid, delta, old.bytes(), grbit)?)
        })?;
        if old.bytes() > 0 {
            old.write(&updated.before)?;
        }
        actual.write(updated.before.len() as u32);
        if updated.at_zero == Some(AtZero::Finalized) {
            finalize(call, cursor)?;
        }
        Ok(Completion::Success)
    })
}

/// Lock the current record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetLock(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        let (cursor, _) = call.cursor.over_database(JetError::ILLEGAL_OPERATION)?;
        cursor.get_lock(call.session, LockGrbit::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}

/// What the current record takes; `filled` puts it into the caller's structure, adding to what is there where that is
/// asked for.
fn record_size<T: Copy>(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    place: Place<T>,
    grbit: JET_GRBIT,
    filled: impl FnOnce(Option<T>, &RecordSize) -> T,
) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        let place = place.required()?;
        let grbit = RecordSizeGrbit::from_bits_retain(grbit);
        let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
        let size = cursor.record_size(call.session, grbit)?;
        let before = if grbit.contains(RecordSizeGrbit::RUNNING_TOTAL) { place.read() } else { None };
        place.write(filled(before, &size));
        Ok(Completion::Success)
    })
}

/// Fills a JET_RECSIZE structure: each field is what was there before plus the figure.
macro_rules! sizes {
    ($kind:ident, $before:expr, $size:expr, { $($field:ident: $figure:ident),* $(,)? }) => {{
        let (before, size): (Option<$kind>, &RecordSize) = ($before, $size);
        $kind { $($field: before.map_or(0, |before| before.$field).wrapping_add(size.$figure)),* }
    }};
}

/// Size of the record.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written.
    let place = unsafe { Place::new(precsize) };
    record_size(sesid, tableid, place, grbit, |before, size| {
        sizes!(JET_RECSIZE, before, size, {
            cbData: data,
            cbLongValueData: long_value_data,
            cbOverhead: overhead,
            cbLongValueOverhead: long_value_overhead,
            cNonTaggedColumns: non_tagged_columns,
            cTaggedColumns: tagged_columns,
            cLongValues: long_values,
            cMultiValues: multi_values,
        })
    })
}

/// Size incl. compression.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE2,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written.
    let place = unsafe { Place::new(precsize) };
    record_size(sesid, tableid, place, grbit, |before, size| {
        sizes!(JET_RECSIZE2, before, size, {
            cbData: data,
            cbLongValueData: long_value_data,
            cbOverhead: overhead,
            cbLongValueOverhead: long_value_overhead,
            cNonTaggedColumns: non_tagged_columns,
            cTaggedColumns: tagged_columns,
            cLongValues: long_values,
            cMultiValues: multi_values,
            cCompressedColumns: compressed_columns,
            cbDataCompressed: data_compressed,
            cbLongValueDataCompressed: long_value_data_compressed,
        })
    })
}

/// Size incl. intrinsic long values (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetRecordSize3(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precsize: *mut JET_RECSIZE3,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read and written.
    let place = unsafe { Place::new(precsize) };
    record_size(sesid, tableid, place, grbit, |before, size| {
        sizes!(JET_RECSIZE3, before, size, {
            cbData: data,
            cbLongValueData: long_value_data,
            cbOverhead: overhead,
            cbLongValueOverhead: long_value_overhead,
            cNonTaggedColumns: non_tagged_columns,
            cTaggedColumns: tagged_columns,
            cLongValues: long_values,
            cMultiValues: multi_values,
            cCompressedColumns: compressed_columns,
            cbDataCompressed: data_compressed,
            cbLongValueDataCompressed: long_value_data_compressed,
            cbIntrinsicLongValueData: intrinsic_long_value_data,
            cbIntrinsicLongValueDataCompressed: intrinsic_long_value_data_compressed,
            cIntrinsicLongValues: intrinsic_long_values,
            cbKey: key,
        })
    })
}

/// Start an update (JET\_prep\*).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrepareUpdate(sesid: JET_SESID, tableid: JET_TABLEID, prep: u32) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        let kind = Prepare::from_code(prep).ok_or(JetError::INVALID_PARAMETER)?;
        call.cursor.admit(call.session, TemporaryCall::Prepare(kind))?.prepare(call.session, kind)?;
        Ok(Completion::Success)
    })
}

/// Read ahead by reference (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadColumnsByReference(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgpvReferences: *const *const c_void,
    rgcbReferences: *const u32,
    cReferences: u32,
    cPageCacheMin: u32,
    cPageCacheMax: u32,
    pcReferencesPreread: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(
        sesid,
        tableid,
        rgpvReferences,
        rgcbReferences,
        cReferences,
        cPageCacheMin,
        cPageCacheMax,
        pcReferencesPreread,
        grbit
    )
}

/// Read one column value.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumn(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
    pretinfo: *mut JET_RETINFO,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (buffer, actual, info) =
        unsafe { (output(pvData, cbData), Place::new(pcbActual), Place::new(pretinfo)) };
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let mut request = ColumnRequest {
            column: columnid,
            grbit: RetrieveGrbit::from_bits_retain(grbit),
            offset: 0,
            itag: 1,
        };
        let before = info.read();
        if let Some(info) = before {
            if info.cbStruct < RETINFO_BYTES {
                return Err(JetError::INVALID_PARAMETER);
            }
            (request.offset, request.itag) = (info.ibLongValue, info.itagSequence);
        }
        let retrieved = run(call, cursor, |call| {
            let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
            Ok(cursor.retrieve_column(call.session, &request, buffer)?)
        });
        let retrieved = match retrieved {
            Err(JetError::CALLBACK_FAILED) => {
                let value = user_default(call, cursor, columnid, buffer)?;
                actual.required()?.write(value.actual as u32);
                return Ok(completed(value.completion));
            }
            retrieved => retrieved?,
        };
        actual.write(retrieved.actual as u32);
        if let Some(mut answer) = before {
            answer.columnidNextTagged = retrieved.column;
            if request.grbit.contains(RetrieveGrbit::TAG) {
                answer.itagSequence = retrieved.itag;
            }
            info.write(answer);
        }
        Ok(completed(retrieved.completion))
    })
}

/// Read by reference (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumnByReference(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvReference: *const c_void,
    cbReference: u32,
    ibData: u32,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, pvReference, cbReference, ibData, pvData, cbData, pcbActual, grbit)
}

/// Parse a record stream (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumnFromRecordStream(
    pvData: *mut c_void,
    cbData: u32,
    piRecord: *mut u32,
    pcolumnid: *mut JET_COLUMNID,
    pitagSequence: *mut u32,
    pibValue: *mut u32,
    pcbValue: *mut u32,
) -> JET_ERR {
    not_available!(pvData, cbData, piRecord, pcolumnid, pitagSequence, pibValue, pcbValue)
}

/// Read several column values.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pretrievecolumn: *mut JET_RETRIEVECOLUMN,
    cretrievecolumn: u32,
) -> JET_ERR {
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        if cretrievecolumn > ITEMS_MAX || (pretrievecolumn.is_null() && cretrievecolumn > 0) {
            return Err(JetError::INVALID_PARAMETER);
        }
        let mut result = Completion::Success;
        let mut next = 0..cretrievecolumn as usize;
        // SAFETY: the caller has that many items at an address that is not NULL.
        let place_of = |index| unsafe { Place::new(pretrievecolumn.add(index)) };
        loop {
            // With the cursor in hand as far as nobody has to be asked.
            let asked = run(call, cursor, |call| {
                let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
                for index in next.by_ref() {
                    match retrieve_item(cursor, call.session, place_of(index)) {
                        Err(JetError::CALLBACK_FAILED) => return Ok(Some(index)),
                        warning => note_truncation(&mut result, warning?),
                    }
                }
                Ok(None)
            })?;
            let Some(index) = asked else { return Ok(result) };
            let place = place_of(index);
            let mut item = place.read().ok_or(JetError::INVALID_PARAMETER)?;
            // SAFETY: the item's buffer is NULL or as long as the item says.
            let buffer = unsafe { output(item.pvData, item.cbData) };
            let value = user_default(call, cursor, item.columnid, buffer)?;
            let warning = value.completion.warning();
            (item.cbActual, item.columnidNextTagged) = (value.actual as u32, item.columnid);
            item.err = warning.map_or(0, JetError::code);
            place.write(item);
            note_truncation(&mut result, warning);
        }
    })
}

fn note_truncation(result: &mut Completion, warning: Option<JetError>) {
    if warning == Some(JetError::WRN_BUFFER_TRUNCATED) {
        *result = Completion::Warning(JetError::WRN_BUFFER_TRUNCATED);
    }
}

/// One item of JetRetrieveColumns; gives its warning.
fn retrieve_item(
    cursor: &mut Cursor,
    session: &mut Session,
    place: Place<JET_RETRIEVECOLUMN>,
) -> Result<Option<JetError>, JetError> {
    let mut item = place.read().ok_or(JetError::INVALID_PARAMETER)?;
    let request = ColumnRequest {
        column: item.columnid,
        grbit: RetrieveGrbit::from_bits_retain(item.grbit),
        offset: item.ibLongValue,
        itag: item.itagSequence,
    };
    // SAFETY: the item's buffer is NULL or as long as the item says.
    let buffer = unsafe { output(item.pvData, item.cbData) };
    let retrieved = cursor.retrieve_item(session, &request, buffer)?;
    let warning = retrieved.completion.warning();
    item.cbActual = retrieved.actual as u32;
    item.columnidNextTagged = retrieved.column;
    item.err = warning.map_or(0, JetError::code);
    if request.itag == 0 || request.grbit.contains(RetrieveGrbit::TAG) {
        item.itagSequence = retrieved.itag;
    }
    place.write(item);
    Ok(warning)
}

/// List tagged columns (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveTaggedColumnList(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pcColumns: *mut u32,
    pvData: *mut c_void,
    cbData: u32,
    columnidStart: JET_COLUMNID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (count, buffer) = unsafe { (Place::new(pcColumns), output(pvData, cbData)) };
    on_given_cursor(sesid, tableid, |call| {
        let count = count.required()?;
        let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
        let grbit = RetrieveGrbit::from_bits_retain(grbit);
        let list = cursor.tagged_column_list(call.session, columnidStart, grbit)?;
        if buffer.is_empty() {
            count.write(list.len() as u32);
            return Ok(Completion::Success);
        }
        let mut written = 0;
        for (summary, entry) in list.iter().zip(buffer.chunks_exact_mut(8)) {
            let fields = [
                summary.column.to_le_bytes(),
                (u32::from(summary.count) | u32::from(summary.flags.bits()) << 16).to_le_bytes(),
            ];
            entry.copy_from_slice(fields.as_flattened());
            written += 1;
        }
        count.write(written);
        Ok(Completion::Success)
    })
}

/// A caller's value to set, and whether there is a pointer at all.
struct Set<'a> {
    columnid: JET_COLUMNID,
    data: &'a [u8],
    bytes: u32,
    grbit: JET_GRBIT,
    offset: u32,
    itag: u32,
}

impl<'a> Set<'a> {
    fn change(&self) -> ColumnChange<'a> {
        ColumnChange {
            column: self.columnid,
            data: self.data,
            bytes: self.bytes,
            grbit: SetGrbit::from_bits_retain(self.grbit),
            offset: self.offset,
            itag: self.itag,
        }
    }
}

/// A value of `bytes` bytes at `data`; with JET_bitSetSizeLV alone the bytes are a size, and nothing is there.
///
/// # Safety
/// `data` is NULL, or as many bytes may be read there as the call reads.
unsafe fn value_to_set<'a>(data: *const c_void, bytes: u32, grbit: JET_GRBIT) -> &'a [u8] {
    let grbit = SetGrbit::from_bits_retain(grbit);
    let is_size = grbit.contains(SetGrbit::SIZE_LV) && !grbit.contains(SetGrbit::OVERWRITE_LV);
    // A length that no value has is refused later; what it claims to be there is not looked at.
    if is_size || bytes > VALUE_BYTES_MAX {
        return &[];
    }
    // SAFETY: told by the caller.
    unsafe { input(data, bytes) }
}

/// Set one column value.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumn(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    columnid: JET_COLUMNID,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
    psetinfo: *mut JET_SETINFO,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (data, info) = unsafe { (value_to_set(pvData, cbData, grbit), Place::new(psetinfo)) };
    on_given_cursor(sesid, tableid, |call| {
        let mut set = Set { columnid, data, bytes: cbData, grbit, offset: 0, itag: 1 };
        if let Some(info) = info.read() {
            if info.cbStruct < SETINFO_BYTES {
                return Err(JetError::INVALID_PARAMETER);
            }
            (set.offset, set.itag) = (info.ibLongValue, info.itagSequence);
        }
        let cursor = call.cursor.admit(call.session, TemporaryCall::SetColumn)?;
        Ok(completed(cursor.set_column(call.session, &set.change())?))
    })
}

/// Set several column values.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    psetcolumn: *mut JET_SETCOLUMN,
    csetcolumn: u32,
) -> JET_ERR {
    on_given_cursor(sesid, tableid, |call| {
        if csetcolumn > ITEMS_MAX || (psetcolumn.is_null() && csetcolumn > 0) {
            return Err(JetError::INVALID_PARAMETER);
        }
        let cursor = call.cursor.admit(call.session, TemporaryCall::SetColumn)?;
        let mut result = Completion::Success;
        for index in 0..csetcolumn as usize {
            // SAFETY: the caller has that many items at an address that is not NULL.
            let place = unsafe { Place::new(psetcolumn.add(index)) };
            let mut item = place.read().ok_or(JetError::INVALID_PARAMETER)?;
            let set = Set {
                columnid: item.columnid,
                // SAFETY: the item's data is NULL or as long as the item says.
                data: unsafe { value_to_set(item.pvData, item.cbData, item.grbit) },
                bytes: item.cbData,
                grbit: item.grbit,
                offset: item.ibLongValue,
                itag: item.itagSequence,
            };
            let completion = completed(cursor.set_column(call.session, &set.change())?);
            item.err = match completion {
                Completion::Success => 0,
                Completion::Warning(warning) => warning.code(),
            };
            place.write(item);
            if result == Completion::Success {
                result = completion;
            }
        }
        Ok(result)
    })
}

/// Read many records at once (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetStreamRecords(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ccolumnid: u32,
    rgcolumnid: *const JET_COLUMNID,
    pvData: *mut c_void,
    cbData: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    not_available!(sesid, tableid, ccolumnid, rgcolumnid, pvData, cbData, pcbActual, grbit)
}

/// Finish a prepared update.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpdate(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the contract of this function is the other's.
    unsafe { JetUpdate2(sesid, tableid, pvBookmark, cbBookmark, pcbActual, 0) }
}

/// Finish with flags.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetUpdate2(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (buffer, actual) = unsafe { (Buffer::new(pvBookmark, cbBookmark), Place::new(pcbActual)) };
    with_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let room = (!buffer.is_null()).then_some(buffer.bytes());
        let grbit = UpdateGrbit::from_bits_retain(grbit);
        let around = match run(call, cursor, |call| Ok(call.cursor.prepared_change()))? {
            Some(PreparedChange::Insert) => {
                Around { before: JET_cbtypBeforeInsert, after: JET_cbtypAfterInsert }
            }
            Some(PreparedChange::Replace) => {
                Around { before: JET_cbtypBeforeReplace, after: JET_cbtypAfterReplace }
            }
            None => Around { before: JET_cbtypNull, after: JET_cbtypNull },
        };
        let update = |call: &mut CursorCall<'_>| call.cursor.update(call.session, room, grbit);
        let updated = between_callbacks(call, cursor, around, update)?;
        if updated.inserted {
            write_prefix(buffer, &updated.bookmark);
            actual.write(updated.bookmark.len() as u32);
        } else if cbBookmark > 0 {
            // A replace gives as much as fits, and its length only to who asked for the bytes (spec 09 §8.6).
            write_prefix(buffer, &updated.bookmark);
            actual.write(updated.bookmark.len() as u32);
        }
        Ok(Completion::Success)
    })
}
