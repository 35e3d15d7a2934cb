//! Where a cursor is, whether its record is somebody else's, which records lie in several ranges, and reading ahead.

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::calls::*;
use crate::fixture::{People, TABLE, make_key, open_table, seek, set_index};
use crate::harness::{begin, commit, open, rollback};

fn position(session: usize, cursor: usize, bytes: u32) -> (i32, JET_RECPOS2) {
    // SAFETY: a structure of numbers may be all zero.
    let mut place: JET_RECPOS2 = unsafe { std::mem::zeroed() };
    // SAFETY: the place has no fewer bytes than told.
    let code = unsafe { JetGetRecordPosition(session, cursor, (&raw mut place).cast(), bytes) };
    (code, place)
}

#[test]
fn the_place_of_a_record_is_told_and_gone_to() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, _) = people.handles();
    let cursor = open_table(session, dbid, TABLE);
    for below in 0..5_u32 {
        let (code, place) = position(session, cursor, 32);
        assert_eq!((code, place.cbStruct, place.centriesLT, place.centriesTotal), (0, 32, below.into(), 5));
        let short =
            (place.centriesLTDeprecated, place.centriesInRangeDeprecated, place.centriesTotalDeprecated);
        assert_eq!(short, (below, 1, 5));
        let (code, place) = position(session, cursor, 31);
        assert_eq!(
            (code, place.cbStruct, place.centriesLTDeprecated, place.centriesTotal),
            (0, 16, below, 0)
        );
        let next = if below < 4 { 0 } else { -1603 };
        assert_eq!(move_by(session, cursor, 1), next);
    }
    assert_eq!(position(session, cursor, 32).0, -1603, "behind the last");
    assert_eq!(position(session, cursor, 15).0, -1003);
    assert_eq!(position(session, 0, 32).0, -1310);
    // SAFETY: no place for the answer.
    assert_eq!(unsafe { JetGetRecordPosition(session, cursor, std::ptr::null_mut(), 16) }, -1003);
    let mut place = JET_RECPOS { cbStruct: 16, centriesLT: 1, centriesInRange: 0, centriesTotal: 2 };
    // SAFETY: the place is a local.
    assert_eq!(unsafe { JetGotoPosition(session, cursor, &raw mut place) }, 0);
    assert_eq!(retrieve(session, cursor, people.id), Some(3_u32.to_le_bytes().to_vec()));
}

/// JetGetCursorInfo.
fn cursor_info(session: usize, cursor: usize, bytes: u32, level: u32) -> i32 {
    // SAFETY: there is no answer but the code.
    unsafe { JetGetCursorInfo(session, cursor, std::ptr::null_mut(), bytes, level) }
}

#[test]
fn a_record_that_another_session_is_changing_is_told() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, first) = people.handles();
    assert_eq!(close_table(session, first), 0);
    let cursor = open_table(session, dbid, TABLE);
    assert_eq!(cursor_info(session, cursor, 0, 0), -1603, "the move to the first record is still to be made");
    assert_eq!((begin(session), move_by(session, cursor, i32::MIN)), (0, 0));
    assert_eq!(cursor_info(session, cursor, 0, 0), 0);
    assert_eq!(cursor_info(session, cursor, 1, 0), -1003);
    assert_eq!(cursor_info(session, cursor, 0, 1), -1003);

    let other = people.base.running.session();
    assert_eq!(open(other, &people.base.database, 0).1, 0);
    let theirs = open_table(other, dbid, TABLE);
    assert_eq!((begin(other), move_by(other, theirs, i32::MIN)), (0, 0));
    // SAFETY: the value is a local, no bookmark is wanted.
    unsafe {
        let (age, none) = (99_u32, std::ptr::null_mut::<std::ffi::c_void>());
        assert_eq!(JetPrepareUpdate(other, theirs, JET_prepReplace), 0);
        let value = (&raw const age).cast();
        assert_eq!(JetSetColumn(other, theirs, people.age, value, 4, 0, none.cast()), 0);
        assert_eq!(JetUpdate(other, theirs, none, 0, none.cast()), 0);
    }
    assert_eq!(cursor_info(session, cursor, 0, 0), -1102, "their change is not committed");
    assert_eq!(cursor_info(other, theirs, 0, 0), 0, "it is no conflict to who made it");
    assert_eq!((move_by(session, cursor, 1), cursor_info(session, cursor, 0, 0)), (0, 0));
    assert_eq!((rollback(other, 0), move_by(session, cursor, -1)), (0, 0));
    assert_eq!((cursor_info(session, cursor, 0, 0), commit(session, 0)), (0, 0));
}

fn range(cursor: usize) -> JET_INDEXRANGE {
    JET_INDEXRANGE { cbStruct: 24, tableid: cursor, grbit: JET_bitRecordInIndex }
}

fn intersect(session: usize, ranges: &mut [JET_INDEXRANGE]) -> (i32, JET_RECORDLIST) {
    // SAFETY: a structure of numbers may be all zero.
    let mut list: JET_RECORDLIST = unsafe { std::mem::zeroed() };
    // SAFETY: the list has its length, the place is a local.
    let code =
        unsafe { JetIntersectIndexes(session, ranges.as_mut_ptr(), ranges.len() as u32, &raw mut list, 0) };
    (code, list)
}

/// A cursor on the entries of an index from a key up to one, inclusive.
fn ranged(people: &People, index: &str, from: &[u8], to: &[u8]) -> usize {
    let (session, dbid, _) = people.handles();
    let cursor = open_table(session, dbid, TABLE);
    assert_eq!(set_index(session, cursor, index), 0);
    let code = seek(session, cursor, from, JET_bitSeekGE);
    assert!(code >= 0, "JetSeek gives {code}");
    make_key(session, cursor, to);
    // SAFETY: any numbers may be passed.
    let code = unsafe { JetSetIndexRange(session, cursor, JET_bitRangeInclusive | JET_bitRangeUpperLimit) };
    assert_eq!(code, 0, "JetSetIndexRange");
    cursor
}

#[test]
fn records_of_several_ranges_are_listed_by_their_bookmarks() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let thirty = 30_u32.to_le_bytes();
    // Names go down: from Dan to Bob there are Dan, Cid, Bob; of thirty years are Ann and Dan.
    let ages = ranged(&people, "ages", &thirty, &thirty);
    let names = open_table(session, dbid, TABLE);
    assert_eq!((set_index(session, names, "Names"), move_by(session, names, i32::MIN)), (0, 0));
    assert_eq!(move_by(session, names, 1), 0, "from Dan on, and no end");
    let (code, list) = intersect(session, &mut [range(ages), range(names)]);
    assert_eq!((code, list.cbStruct, list.cRecord), (0, 24, 2));
    let bookmarks = rows(session, list.tableid, &[list.columnidBookmark]);
    assert_eq!(bookmarks.len(), 2);
    for (bookmark, id) in bookmarks.iter().zip([3_u32, 4]) {
        let bytes = bookmark[0].clone().expect("a bookmark");
        // SAFETY: the bookmark has its length.
        let code =
            unsafe { JetGotoBookmark(session, cursor, bytes.as_ptr().cast_mut().cast(), bytes.len() as u32) };
        assert_eq!((code, retrieve(session, cursor, people.id)), (0, Some(id.to_le_bytes().to_vec())));
    }
    let ages = ranged(&people, "ages", &40_u32.to_le_bytes(), &40_u32.to_le_bytes());
    let names = open_table(session, dbid, TABLE);
    assert_eq!((set_index(session, names, "Names"), move_by(session, names, i32::MAX)), (0, 0));
    let (code, list) = intersect(session, &mut [range(names), range(ages)]);
    assert_eq!((code, list.cRecord), (0, 0), "Ann is not forty");
    assert_eq!((move_by(session, list.tableid, i32::MIN), close_table(session, list.tableid)), (-1603, 0));
    let ages = ranged(&people, "ages", &20_u32.to_le_bytes(), &30_u32.to_le_bytes());
    let (code, list) = intersect(session, &mut [range(ages)]);
    assert_eq!((code, list.cRecord, close_table(session, list.tableid)), (0, 4, 0), "one range will do");
}

#[test]
fn ranges_that_are_none() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let all = 0_u32.to_le_bytes();
    let ages = ranged(&people, "ages", &all, &99_u32.to_le_bytes());
    let again = ranged(&people, "ages", &all, &99_u32.to_le_bytes());
    assert_eq!(intersect(session, &mut [range(cursor)]).0, -1003, "the primary order");
    assert_eq!(intersect(session, &mut [range(ages), range(again)]).0, -1003, "one index twice");
    assert_eq!(intersect(session, &mut []).0, -1003);
    assert_eq!(intersect(session, &mut [range(ages); 65]).0, -1003);
    assert_eq!(intersect(session, &mut [JET_INDEXRANGE { cbStruct: 23, ..range(ages) }]).0, -1003);
    for grbit in [0, 2, 3] {
        assert_eq!(intersect(session, &mut [JET_INDEXRANGE { grbit, ..range(ages) }]).0, -900);
    }
    assert_eq!(intersect(session, &mut [range(0)]).0, -1310);
    assert_eq!(intersect(0, &mut [range(ages)]).0, -1104);
    let other = people.base.running.session();
    assert_eq!(intersect(other, &mut [range(ages)]).0, -1114);
    let objects = open_table(session, dbid, "MSysObjects");
    assert_eq!(set_index(session, objects, "RootObjects"), 0);
    assert_eq!(intersect(session, &mut [range(ages), range(objects)]).0, -1003, "two tables");
    // SAFETY: nothing where something has to be.
    unsafe {
        let (mut list, none) = (range(ages), std::ptr::null_mut());
        assert_eq!(JetIntersectIndexes(session, &raw mut list, 1, none, 0), -1003);
        let mut answer: JET_RECORDLIST = std::mem::zeroed();
        assert_eq!(JetIntersectIndexes(session, std::ptr::null_mut(), 1, &raw mut answer, 0), -1003);
    }
}

fn key_column(column: u32, value: &u32) -> JET_INDEX_COLUMN {
    let pv = std::ptr::from_ref(value).cast_mut().cast();
    JET_INDEX_COLUMN { columnid: column, relop: JET_relopEquals, pv, cb: 4, grbit: 0 }
}

fn preread(people: &People, ranges: &[JET_INDEX_RANGE], columns: &[u32], grbit: u32) -> (i32, u32) {
    let (session, _, cursor) = people.handles();
    let mut count = 77;
    // SAFETY: the lists have their lengths, the place is a local.
    let code = unsafe {
        JetPrereadIndexRanges(
            session,
            cursor,
            ranges.as_ptr(),
            ranges.len() as u32,
            &raw mut count,
            columns.as_ptr(),
            columns.len() as u32,
            grbit,
        )
    };
    (code, count)
}

#[test]
fn what_is_to_be_read_ahead_is_checked() {
    let _alone = crate::alone();
    let people = People::new();
    let numbers = [1_u32, 2, 3, 4];
    let columns: Vec<_> = numbers.iter().map(|number| key_column(people.id, number)).collect();
    let range = |from: usize, to: usize| JET_INDEX_RANGE {
        rgStartColumns: (&raw const columns[from]).cast_mut(),
        cStartColumns: 1,
        rgEndColumns: (&raw const columns[to]).cast_mut(),
        cEndColumns: 1,
    };
    let (forward, backward) = (JET_bitPrereadForward, JET_bitPrereadBackward);
    assert_eq!(preread(&people, &[range(0, 1), range(2, 3)], &[people.notes], forward), (0, 2));
    assert_eq!(preread(&people, &[range(3, 2), range(1, 0)], &[], backward), (0, 2));
    for grbit in [0, forward | backward, forward | 0x10] {
        assert_eq!(preread(&people, &[range(0, 1)], &[], grbit), (-900, 0));
    }
    assert_eq!(preread(&people, &[], &[], forward), (-1003, 0));
    assert_eq!(preread(&people, &[range(0, 1)], &[people.age], forward), (-423, 0));
    assert_eq!(preread(&people, &[range(0, 2), range(1, 3)], &[], forward), (-424, 0), "they overlap");
    assert_eq!(preread(&people, &[range(2, 3), range(0, 1)], &[], forward), (-424, 0), "the other way");
    assert_eq!(preread(&people, &[range(1, 0)], &[], forward), (-424, 0), "its end comes first");
    let less = JET_INDEX_COLUMN { relop: JET_relopLessThan, ..columns[0] };
    let wrong = JET_INDEX_RANGE { rgStartColumns: (&raw const less).cast_mut(), ..range(0, 1) };
    assert_eq!(preread(&people, &[wrong], &[], forward), (-1003, 0));
    let (session, _, cursor) = people.handles();
    assert_eq!(set_index(session, cursor, "ages"), 0);
    assert_eq!(preread(&people, &[range(0, 1)], &[people.notes], forward), (-424, 0));
    assert_eq!(preread(&people, &[range(0, 1)], &[], forward), (0, 1));
}
