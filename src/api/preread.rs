//! Reading ahead by ranges of an index: JetPrereadIndexRanges (spec 09 §7.7).
//!
//! What a program asks for is checked as the original checks it; that pages are read before they are sought is a hint, and
//! the cache finds runs of pages by itself.

use ese_engine::table::{Cursor, IndexStart, MakeKeyGrbit, RetrieveGrbit};
use ese_engine::transaction::Session;
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;

use super::argument::{Place, input};
use super::not_available;
use super::on_cursor::on_cursor;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;

/// Ranges or columns of a call: more than anybody means.
const ITEMS_MAX: u32 = 1 << 20;
/// Columns of a key at most.
const KEY_COLUMNS_MAX: u32 = 16;

/// Which end of a range a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Start,
    End,
}

/// A range as keys; an end that is not given is open.
struct KeyRange {
    start: Option<Vec<u8>>,
    end: Option<Vec<u8>>,
}

/// Read ahead by ranges.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadIndexRanges(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgIndexRanges: *const JET_INDEX_RANGE,
    cIndexRanges: u32,
    pcRangesPreread: *mut u32,
    rgcolumnidPreread: *const JET_COLUMNID,
    ccolumnidPreread: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let count = unsafe { Place::new(pcRangesPreread) };
    on_cursor(sesid, tableid, |call| {
        count.write(0);
        let known = JET_bitPrereadForward
            | JET_bitPrereadBackward
            | JET_bitPrereadFirstPage
            | JET_bitPrereadNormalizedKey;
        let forward = match grbit & (JET_bitPrereadForward | JET_bitPrereadBackward) {
            JET_bitPrereadForward => true,
            JET_bitPrereadBackward => false,
            _ => return Err(JetError::INVALID_GRBIT),
        };
        if grbit & !known != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        let missing_ranges = rgIndexRanges.is_null() || !(1..=ITEMS_MAX).contains(&cIndexRanges);
        let missing_columns = rgcolumnidPreread.is_null() && ccolumnidPreread > 0;
        if missing_ranges || missing_columns || ccolumnidPreread > ITEMS_MAX {
            return Err(JetError::INVALID_PARAMETER);
        }
        let (cursor, _) = call.cursor.over_database(JetError::ILLEGAL_OPERATION)?;
        cursor.refresh_schema(call.session)?;
        for place in 0..ccolumnidPreread as usize {
            // SAFETY: the caller's list has that many items.
            check_long_value(cursor, unsafe { rgcolumnidPreread.add(place).read_unaligned() })?;
        }
        let primary = cursor.table().schema().definition().objid;
        if ccolumnidPreread > 0 && cursor.current_index().is_some_and(|index| index.objid != primary) {
            return Err(JetError::INVALID_PREREAD);
        }
        let mut keys = key_maker(cursor, call.session)?;
        let mut before: Option<KeyRange> = None;
        for place in 0..cIndexRanges as usize {
            // SAFETY: the caller's list has that many items, whose lists have as many as they say.
            let range = unsafe {
                let range = rgIndexRanges.add(place).read_unaligned();
                key_range(&mut keys, call.session, &range, grbit & JET_bitPrereadNormalizedKey != 0)
            }?;
            check_order(before.as_ref(), &range, forward)?;
            before = Some(range);
        }
        count.write(cIndexRanges);
        Ok(Completion::Success)
    })
}

fn check_long_value(cursor: &Cursor, column: JET_COLUMNID) -> Result<(), JetError> {
    let schema = cursor.table().schema();
    let id = ColumnId::from_api(column).ok_or(JetError::BAD_COLUMN_ID)?;
    let column = schema.column_information_of(id)?;
    if column.column_type.is_long() { Ok(()) } else { Err(JetError::MUST_BE_SEPARATE_LONG_VALUE) }
}

/// A cursor on the same index whose search key is nobody's.
fn key_maker(cursor: &Cursor, session: &mut Session) -> Result<Cursor, JetError> {
    let name = cursor.current_index().map(|index| index.name.as_bytes().to_vec());
    let mut keys = cursor.duplicate(session);
    keys.set_current_index(session, &name.unwrap_or_default(), IndexStart::First)?;
    Ok(keys)
}

/// # Safety
/// The range's lists are NULL or have as many items as it says, whose values are NULL or as long as they say.
unsafe fn key_range(
    keys: &mut Cursor,
    session: &mut Session,
    range: &JET_INDEX_RANGE,
    normalized: bool,
) -> Result<KeyRange, JetError> {
    // SAFETY: told by the caller.
    let (start, end) = unsafe {
        (
            key(keys, session, range.rgStartColumns, range.cStartColumns, End::Start, normalized)?,
            key(keys, session, range.rgEndColumns, range.cEndColumns, End::End, normalized)?,
        )
    };
    Ok(KeyRange { start, end })
}

/// # Safety
/// The list is NULL or has that many items, whose values are NULL or as long as they say.
unsafe fn key(
    keys: &mut Cursor,
    session: &mut Session,
    columns: *const JET_INDEX_COLUMN,
    count: u32,
    end: End,
    normalized: bool,
) -> Result<Option<Vec<u8>>, JetError> {
    if count == 0 {
        return Ok(None);
    }
    if columns.is_null() || count > KEY_COLUMNS_MAX || (normalized && count != 1) {
        return Err(JetError::INVALID_PARAMETER);
    }
    for place in 0..count as usize {
        // SAFETY: told by the caller.
        let column = unsafe { columns.add(place).read_unaligned() };
        let is_last = place + 1 == count as usize;
        if (column.pv.is_null() && column.cb > 0) || column.grbit & !JET_bitZeroLength != 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        let mut grbit = match (column.relop, end) {
            _ if normalized => MakeKeyGrbit::NORMALIZED_KEY,
            (JET_relopEquals, _) if !is_last => MakeKeyGrbit::empty(),
            (JET_relopEquals, End::Start) => MakeKeyGrbit::FULL_COLUMN_START_LIMIT,
            (JET_relopEquals, End::End) => MakeKeyGrbit::FULL_COLUMN_END_LIMIT,
            (JET_relopPrefixEquals, End::Start) if is_last => MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT,
            (JET_relopPrefixEquals, End::End) if is_last => MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT,
            _ => return Err(JetError::INVALID_PARAMETER),
        };
        grbit.set(MakeKeyGrbit::NEW_KEY, place == 0 && !normalized);
        grbit.set(MakeKeyGrbit::KEY_DATA_ZERO_LENGTH, column.grbit & JET_bitZeroLength != 0);
        // SAFETY: told by the caller.
        keys.make_key(session, unsafe { input(column.pv, column.cb) }, grbit)?;
    }
    Ok(Some(keys.retrieve_key(session, RetrieveGrbit::COPY)?))
}

/// Ranges follow one another in the direction they are read in, and do not overlap.
fn check_order(before: Option<&KeyRange>, range: &KeyRange, forward: bool) -> Result<(), JetError> {
    let (low, high) = if forward { (&range.start, &range.end) } else { (&range.end, &range.start) };
    let reversed = low.as_ref().zip(high.as_ref()).is_some_and(|(low, high)| low > high);
    let overlaps = before.is_some_and(|before| match (before.end.as_ref(), range.start.as_ref()) {
        (Some(end), Some(start)) if forward => end > start,
        (Some(end), Some(start)) => end < start,
        _ => true,
    });
    if reversed || overlaps { Err(JetError::INVALID_PREREAD) } else { Ok(()) }
}

/// Read one range ahead (private).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadIndexRange(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pIndexRange: *const JET_INDEX_RANGE,
    cPageCacheMin: u32,
    cPageCacheMax: u32,
    grbit: JET_GRBIT,
    pcPageCacheActual: *mut u32,
) -> JET_ERR {
    not_available!(sesid, tableid, pIndexRange, cPageCacheMin, cPageCacheMax, grbit, pcPageCacheActual)
}
