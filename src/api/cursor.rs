//! Cursors: keys, seeks, moves, bookmarks (spec 09 §7).

use std::ffi::c_void;

use ese_engine::btree::Bookmark;
use ese_engine::table::{
    BookmarkGrbit, FilterItem, FilterRelation, MakeKeyGrbit, MoveGrbit, RetrieveGrbit, SeekGrbit,
};
use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;
use ese_format::record::index_key_bytes_max;

use super::argument::{Buffer, Place, input, input_key};
use super::names::write_prefix;
use super::on_cursor::{completed, on_cursor, on_given_cursor};
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::with_given_cursor;
use crate::runtime::instance::AfterStop;

/// Most items a list may have: counters beyond it lie.
const ITEMS_MAX: u32 = 1 << 20;

/// Open another cursor on the same table.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetDupCursor(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    ptableid: *mut JET_TABLEID,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // Its grbit has no bits (spec 08).
    let _ = grbit;
    // SAFETY: the caller's place is NULL or may be written.
    let place = unsafe { Place::new(ptableid) };
    with_given_cursor(sesid, tableid, AfterStop::Refused, |call, cursor| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        let duplicate = cursor.body()?.duplicate(&mut call.body()?.engine)?;
        place.write(call.add_cursor(cursor.dbid(), duplicate)?);
        Ok(Completion::Success)
    })
}

/// Primary key bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbMax: u32,
    pcbActual: *mut u32,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (buffer, actual) = unsafe { (Buffer::new(pvBookmark, cbMax), Place::new(pcbActual)) };
    on_given_cursor(sesid, tableid, |call| {
        let bookmark = call.cursor.bookmark(call.session)?;
        if buffer.is_null() && cbMax > 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        actual.write(bookmark.len() as u32);
        if write_prefix(buffer, &bookmark) < bookmark.len() {
            return Err(JetError::BUFFER_TOO_SMALL);
        }
        Ok(Completion::Success)
    })
}

/// Secondary index bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGetSecondaryIndexBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvSecondaryKey: *mut c_void,
    cbSecondaryKeyMax: u32,
    pcbSecondaryKeyActual: *mut u32,
    pvPrimaryBookmark: *mut c_void,
    cbPrimaryBookmarkMax: u32,
    pcbPrimaryBookmarkActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // Its grbit has no bits (spec 08).
    let _ = grbit;
    // SAFETY: the caller's places are NULL or as long as it says.
    let (key, key_actual, primary, primary_actual) = unsafe {
        (
            Buffer::new(pvSecondaryKey, cbSecondaryKeyMax),
            Place::new(pcbSecondaryKeyActual),
            Buffer::new(pvPrimaryBookmark, cbPrimaryBookmarkMax),
            Place::new(pcbPrimaryBookmarkActual),
        )
    };
    on_given_cursor(sesid, tableid, |call| {
        let cursor = call.cursor.admit(call.session, TemporaryCall::Other)?;
        let place = cursor.secondary_bookmark(call.session)?;
        if (key.is_null() && cbSecondaryKeyMax > 0) || (primary.is_null() && cbPrimaryBookmarkMax > 0) {
            return Err(JetError::INVALID_PARAMETER);
        }
        let unique = place.data.is_empty();
        let bookmark = if unique { call.cursor.bookmark(call.session)? } else { place.data };
        key_actual.write(place.key.len() as u32);
        primary_actual.write(bookmark.len() as u32);
        let whole = write_prefix(key, &place.key) == place.key.len();
        if write_prefix(primary, &bookmark) < bookmark.len() || !whole {
            return Err(JetError::BUFFER_TOO_SMALL);
        }
        Ok(Completion::Success)
    })
}

/// Go to a record by bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvBookmark: *mut c_void,
    cbBookmark: u32,
) -> JET_ERR {
    // SAFETY: the caller's bytes are NULL or as many as it says.
    let bookmark = unsafe { input_key(pvBookmark, cbBookmark) };
    on_cursor(sesid, tableid, |call| {
        call.cursor.go_to_bookmark(call.session, bookmark)?;
        Ok(Completion::Success)
    })
}

/// Go to a relative position.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoPosition(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    precpos: *mut JET_RECPOS,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be read; the shorter structure is the beginning of both.
    let place = unsafe { Place::new(precpos) };
    on_cursor(sesid, tableid, |call| {
        let position = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        let (below, total) = match position.cbStruct as usize {
            bytes if bytes == size_of::<JET_RECPOS>() => {
                (u64::from(position.centriesLT), u64::from(position.centriesTotal))
            }
            bytes if bytes == size_of::<JET_RECPOS2>() => {
                // SAFETY: the structure says that it is the longer one.
                let position = unsafe { Place::new(precpos.cast::<JET_RECPOS2>()) }.read();
                let position = position.ok_or(JetError::INVALID_PARAMETER)?;
                (position.centriesLT, position.centriesTotal)
            }
            _ => return Err(JetError::INVALID_PARAMETER),
        };
        let cursor = call.cursor.admit(call.session, TemporaryCall::Other)?;
        cursor.go_to_position(call.session, below, total)?;
        Ok(Completion::Success)
    })
}

/// Go to an index entry by bookmark.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetGotoSecondaryIndexBookmark(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvSecondaryKey: *mut c_void,
    cbSecondaryKey: u32,
    pvPrimaryBookmark: *mut c_void,
    cbPrimaryBookmark: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's bytes are NULL or as many as it says.
    let (key, data) = unsafe {
        (input_key(pvSecondaryKey, cbSecondaryKey), input_key(pvPrimaryBookmark, cbPrimaryBookmark))
    };
    on_cursor(sesid, tableid, |call| {
        let place = Bookmark { key: key.to_vec(), data: data.to_vec() };
        call.cursor.go_to_secondary_bookmark(call.session, &place, BookmarkGrbit::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}

/// Build a search key column by column.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetMakeKey(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvData: *const c_void,
    cbData: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's bytes are NULL or as many as it says.
    let data = unsafe { input(pvData, cbData) };
    on_cursor(sesid, tableid, |call| {
        if pvData.is_null() && cbData > 0 && grbit & JET_bitNormalizedKey != 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        let cursor = call.cursor.admit(call.session, TemporaryCall::MakeKey)?;
        cursor.make_key(call.session, data, MakeKeyGrbit::from_bits_retain(grbit))?;
        Ok(Completion::Success)
    })
}

/// Move by rows.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetMove(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cRow: i32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        match cRow {
            JET_MoveFirst => call.cursor.move_first(call.session)?,
            JET_MoveLast => call.cursor.move_last(call.session)?,
            rows => call.cursor.move_by(call.session, rows, MoveGrbit::from_bits_retain(grbit))?,
        }
        Ok(Completion::Success)
    })
}

/// Read ahead by keys.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetPrereadKeys(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgpvKeys: *mut *const c_void,
    rgcbKeys: *const u32,
    ckeys: i32,
    pckeysPreread: *mut i32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's place is NULL or may be written.
    let count = unsafe { Place::new(pckeysPreread) };
    on_cursor(sesid, tableid, |call| {
        let keys = u32::try_from(ckeys).ok().filter(|keys| (1..=ITEMS_MAX).contains(keys));
        let keys = keys.filter(|_| !rgpvKeys.is_null() && !rgcbKeys.is_null());
        let keys = keys.ok_or(JetError::INVALID_PARAMETER)?;
        let forward = match grbit {
            JET_bitPrereadForward => true,
            JET_bitPrereadBackward => false,
            _ => return Err(JetError::INVALID_GRBIT),
        };
        let longest = index_key_bytes_max(call.cursor.cursor().table().page_size());
        let mut before: Option<&[u8]> = None;
        for index in 0..keys as usize {
            // SAFETY: the caller's arrays have that many items.
            let (start, bytes) =
                unsafe { (rgpvKeys.add(index).read_unaligned(), rgcbKeys.add(index).read_unaligned()) };
            if start.is_null() {
                return Err(JetError::INVALID_PARAMETER);
            }
            if bytes == 0 || bytes > u32::from(longest) {
                return Err(JetError::INVALID_BUFFER_SIZE);
            }
            // SAFETY: the caller's key has that many bytes.
            let key = unsafe { input(start, bytes) };
            let in_order = before.is_none_or(|before| if forward { before <= key } else { before >= key });
            if !in_order {
                return Err(JetError::INVALID_PARAMETER);
            }
            before = Some(key);
        }
        // What is read ahead is a hint; the leaf of a key is read when it is sought.
        count.write(ckeys);
        Ok(Completion::Success)
    })
}

/// Current key or search key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetRetrieveKey(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    pvKey: *mut c_void,
    cbMax: u32,
    pcbActual: *mut u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or as long as it says.
    let (buffer, actual) = unsafe { (Buffer::new(pvKey, cbMax), Place::new(pcbActual)) };
    on_given_cursor(sesid, tableid, |call| {
        let grbit = RetrieveGrbit::from_bits_retain(grbit);
        let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
        let key = cursor.retrieve_key(call.session, grbit)?;
        actual.write(key.len() as u32);
        let whole = write_prefix(buffer, &key) == key.len();
        // The search key is cut in silence (spec 09 §1.3).
        Ok(if whole || grbit.contains(RetrieveGrbit::COPY) {
            Completion::Success
        } else {
            Completion::Warning(JetError::WRN_BUFFER_TRUNCATED)
        })
    })
}

/// Find a key.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSeek(sesid: JET_SESID, tableid: JET_TABLEID, grbit: JET_GRBIT) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        Ok(completed(call.cursor.seek(call.session, SeekGrbit::from_bits_retain(grbit))?))
    })
}

/// The relation with this number.
fn relation(code: JET_RELOP) -> Result<FilterRelation, JetError> {
    Ok(match code {
        JET_relopEquals => FilterRelation::Equals,
        JET_relopPrefixEquals => FilterRelation::PrefixEquals,
        JET_relopNotEquals => FilterRelation::NotEquals,
        JET_relopLessThanOrEqual => FilterRelation::LessThanOrEqual,
        JET_relopLessThan => FilterRelation::LessThan,
        JET_relopGreaterThanOrEqual => FilterRelation::GreaterThanOrEqual,
        JET_relopGreaterThan => FilterRelation::GreaterThan,
        JET_relopBitmaskEqualsZero => FilterRelation::BitmaskEqualsZero,
        JET_relopBitmaskNotEqualsZero => FilterRelation::BitmaskNotEqualsZero,
        _ => return Err(JetError::INVALID_PARAMETER),
    })
}

/// One test of a filter, from the caller's.
///
/// # Safety
/// The item's value is NULL or as long as it says.
unsafe fn filter_item(item: &JET_INDEX_COLUMN) -> Result<FilterItem, JetError> {
    let zero_length = item.grbit & JET_bitZeroLength != 0;
    if (item.cb > 0 && (item.pv.is_null() || zero_length)) || (item.grbit & !JET_bitZeroLength) != 0 {
        return Err(JetError::INVALID_PARAMETER);
    }
    // SAFETY: told by the caller.
    let value = unsafe { input(item.pv, item.cb) };
    let value = (item.cb > 0 || zero_length).then(|| value.to_vec());
    Ok(FilterItem { column: item.columnid, relation: relation(item.relop)?, value })
}

/// Filter rows while moving.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetSetCursorFilter(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    rgColumnFilters: *mut JET_INDEX_COLUMN,
    cColumnFilters: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    on_cursor(sesid, tableid, |call| {
        if grbit != 0 {
            return Err(JetError::INVALID_GRBIT);
        }
        if cColumnFilters > ITEMS_MAX || (rgColumnFilters.is_null() && cColumnFilters > 0) {
            return Err(JetError::INVALID_PARAMETER);
        }
        let (cursor, _) = call.cursor.over_database(JetError::FILTERED_MOVE_NOT_SUPPORTED)?;
        let mut items = Vec::new();
        for index in 0..cColumnFilters as usize {
            // SAFETY: the caller has that many items, whose values are NULL or as long as they say.
            items.push(unsafe { filter_item(&rgColumnFilters.add(index).read_unaligned()) }?);
        }
        cursor.set_filter(call.session, items)?;
        Ok(Completion::Success)
    })
}
