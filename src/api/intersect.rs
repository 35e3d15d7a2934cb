//! JetIntersectIndexes: the records that lie in several index ranges of one table (spec 09 §7.7).
//!
//! Every range but the last makes a sorted set of bookmarks in the temporary database, of those that the set before has
//! too: what is held in memory does not grow with the ranges.

use std::sync::Arc;

use ese_engine::table::{MakeKeyGrbit, MoveGrbit, SeekGrbit};
use ese_engine::temp::TemporaryTable;
use ese_engine::transaction::Session;
use ese_format::error::JetError;
use ese_format::record::index_key_bytes_max;

use super::argument::Place;
use super::list_table::{give_out, insert, open_bookmark_set};
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::bits::JET_bitRecordInIndex;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_session};
use crate::runtime::cursor::CursorContext;
use crate::runtime::engine_cursor::EngineCursor;
use crate::runtime::instance::AfterStop;
use crate::runtime::process::CURSORS;

/// Ranges of one call at most.
const RANGES_MAX: u32 = 64;

/// Records common to several ranges.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetIntersectIndexes(
    sesid: JET_SESID,
    rgindexrange: *mut JET_INDEXRANGE,
    cindexrange: u32,
    precordlist: *mut JET_RECORDLIST,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // The call's own grbit has no bits.
    let _ = grbit;
    // SAFETY: the caller's place is NULL or may be written.
    let answer = unsafe { Place::new(precordlist) };
    with_session(sesid, AfterStop::Refused, |call| {
        let answer = answer.required()?;
        if rgindexrange.is_null() || cindexrange == 0 || cindexrange > RANGES_MAX {
            return Err(JetError::INVALID_PARAMETER);
        }
        let mut cursors = Vec::new();
        for place in 0..cindexrange as usize {
            // SAFETY: the caller's list has that many items.
            let range = unsafe { rgindexrange.add(place).read_unaligned() };
            cursors.push(cursor_of(call, &range)?);
        }
        check_indexes(&cursors)?;
        answer.write(intersect(call, &cursors)?);
        Ok(Completion::Success)
    })
}

/// The cursor of a range.
fn cursor_of(call: &SessionCall<'_>, range: &JET_INDEXRANGE) -> Result<Arc<CursorContext>, JetError> {
    if range.cbStruct as usize != size_of::<JET_INDEXRANGE>() {
        return Err(JetError::INVALID_PARAMETER);
    }
    let cursor = CURSORS.get(range.tableid)?;
    if cursor.session() != call.session.handle() {
        return Err(JetError::SESID_TABLE_ID_MISMATCH);
    }
    if cursor.is_in_callback() {
        return Err(JetError::ILLEGAL_OPERATION);
    }
    if range.grbit != JET_bitRecordInIndex {
        return Err(JetError::INVALID_GRBIT);
    }
    Ok(cursor)
}

/// All cursors follow secondary indexes of one table, each another one.
fn check_indexes(cursors: &[Arc<CursorContext>]) -> Result<(), JetError> {
    let mut seen: Vec<(u32, u32, u32)> = Vec::new();
    for context in cursors {
        let mut cursor = context.body()?;
        let (cursor, _) = cursor.over_database(JetError::INVALID_PARAMETER)?;
        let table = cursor.table().schema().definition().objid;
        let index = cursor.current_index().map(|index| index.objid);
        let index = index.filter(|objid| *objid != table).ok_or(JetError::INVALID_PARAMETER)?;
        let fits = seen.iter().all(|(dbid, other_table, other_index)| {
            *dbid == context.dbid() && *other_table == table && *other_index != index
        });
        if !fits {
            return Err(JetError::INVALID_PARAMETER);
        }
        seen.push((context.dbid(), table, index));
    }
    Ok(())
}

fn intersect(call: &mut SessionCall<'_>, cursors: &[Arc<CursorContext>]) -> Result<JET_RECORDLIST, JetError> {
    let mut before: Option<TemporaryTable> = None;
    let mut columnid = 0;
    let mut count = 0;
    for context in cursors {
        let mut cursor = context.body()?;
        let key_most = index_key_bytes_max(cursor.cursor().table().page_size());
        let (mut set, id) = open_bookmark_set(call, key_most)?;
        let session = &mut call.body()?.engine;
        let collected = collect(session, &mut cursor, before.as_mut(), &mut set, id);
        if let Some(before) = before.take() {
            // A set that is no longer wanted is gone whatever its end says.
            let _ = before.close(session);
        }
        count = match collected {
            Ok(count) => count,
            Err(error) => {
                let _ = set.close(session);
                return Err(error);
            }
        };
        (before, columnid) = (Some(set), id);
    }
    let list = before.ok_or(JetError::INVALID_PARAMETER)?;
    let tableid = give_out(call, list)?;
    Ok(JET_RECORDLIST {
        cbStruct: size_of::<JET_RECORDLIST>() as u32,
        tableid,
        cRecord: count,
        columnidBookmark: columnid,
    })
}

/// Puts the bookmarks of a range into a set, those only that `among` has, and goes to the set's first; says how many it
/// has.
fn collect(
    session: &mut Session,
    cursor: &mut EngineCursor,
    mut among: Option<&mut TemporaryTable>,
    set: &mut TemporaryTable,
    column: JET_COLUMNID,
) -> Result<u32, JetError> {
    let mut there = first_of_range(session, cursor)?;
    while there {
        let bookmark = cursor.bookmark(session)?;
        let wanted = match among.as_deref_mut() {
            Some(among) => has(session, among, &bookmark)?,
            None => true,
        };
        if wanted {
            insert(set, session, std::iter::once((column, Some(bookmark.as_slice()))))?;
        }
        there = is_there(cursor.move_by(session, 1, MoveGrbit::empty()))?;
    }
    // Several entries of one record are one bookmark: what is in the set is counted.
    let mut count = 0_u32;
    let mut there = is_there(set.move_first(session).map_err(JetError::from))?;
    while there {
        count = count.saturating_add(1);
        there = is_there(set.move_by(session, 1, MoveGrbit::empty()).map_err(JetError::from))?;
    }
    is_there(set.move_first(session).map_err(JetError::from))?;
    Ok(count)
}

/// Stays on the entry the cursor is on, or goes to the next one where that is gone.
fn first_of_range(session: &mut Session, cursor: &mut EngineCursor) -> Result<bool, JetError> {
    let table = cursor.cursor();
    match table.retrieve_key(session, ese_engine::table::RetrieveGrbit::empty()).map_err(JetError::from) {
        Ok(_) => Ok(true),
        Err(JetError::RECORD_DELETED) => is_there(cursor.move_by(session, 1, MoveGrbit::empty())),
        Err(JetError::NO_CURRENT_RECORD) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_there(moved: Result<(), JetError>) -> Result<bool, JetError> {
    match moved {
        Ok(()) => Ok(true),
        Err(JetError::NO_CURRENT_RECORD) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a set has a bookmark.
fn has(session: &mut Session, set: &mut TemporaryTable, bookmark: &[u8]) -> Result<bool, JetError> {
    set.cursor().make_key(session, bookmark, MakeKeyGrbit::NEW_KEY)?;
    match set.seek(session, SeekGrbit::EQ).map_err(JetError::from) {
        Ok(_) => Ok(true),
        Err(JetError::RECORD_NOT_FOUND) => Ok(false),
        Err(error) => Err(error),
    }
}
