//! Rows 79–89, 111–134 and 279–301 of facts/behaviour.csv: where a cursor is.

use ese_format::error::JetError;

use super::desk::{Desk, ID, N, V, as_number, bed, empty_bed};
use crate::btree::Bookmark;
use crate::table::{BookmarkGrbit, Completion, RangeGrbit, RetrieveGrbit, SeekGrbit};
use crate::table::{FilterItem, FilterRelation, Prepare};

const NO_RECORD: JetError = JetError::NO_CURRENT_RECORD;
const OK: JetError = JetError::SUCCESS;
const DELETED: JetError = JetError::RECORD_DELETED;

#[test]
fn a_fresh_cursor_is_on_the_first_record_when_asked_and_its_first_step_leads_to_the_second() {
    let bed = bed();
    assert_eq!(Desk::at(&bed).id(), Ok(1));
    let mut desk = Desk::at(&bed);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(2)));
    let desk = Desk::at(&bed);
    assert_eq!(desk.cursor.bookmark().err().map(|error| error.jet()), Some(NO_RECORD));
    let mut desk = Desk::at(&bed);
    assert_eq!(desk.step(-1), NO_RECORD);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(1)));
    let mut desk = Desk::at(&bed);
    assert!(desk.cursor.retrieve_key(&mut desk.session, RetrieveGrbit::empty()).is_ok());
    assert!(desk.cursor.bookmark().is_ok());
    let mut desk = Desk::at(&bed);
    assert_eq!((desk.delete(), desk.step(1), desk.id()), (OK, OK, Ok(2)));
}

#[test]
fn moves_beyond_the_ends_can_be_taken_back() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 5);
    assert_eq!((desk.step(1), desk.step(-1), desk.id()), (NO_RECORD, OK, Ok(5)));
    desk.first();
    assert_eq!((desk.step(3), desk.id()), (OK, Ok(4)));
    assert_eq!(desk.step(2), NO_RECORD);
    assert_eq!(desk.id(), Err(NO_RECORD));
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(5)));
    let mut empty = Desk::at(&empty_bed());
    assert_eq!((empty.first(), empty.last(), empty.step(0)), (NO_RECORD, NO_RECORD, NO_RECORD));
    assert_eq!(empty.id(), Err(NO_RECORD));
}

#[test]
fn a_deleted_record_leaves_its_place() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    assert_eq!(desk.delete(), OK);
    assert_eq!((desk.id(), desk.step(0)), (Err(DELETED), DELETED));
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(3)));
    let bed = super::desk::bed();
    let mut desk = Desk::on(&bed, 2);
    desk.delete();
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(1)));
    let bed = super::desk::bed();
    let mut desk = Desk::on(&bed, 2);
    desk.delete();
    let bookmark = desk.cursor.bookmark().unwrap();
    assert_eq!(bookmark, [0x7F, 0x80, 0, 0, 2]);
    let went = desk.cursor.go_to_bookmark(&mut desk.session, &bookmark);
    assert_eq!(went.err().map(|error| error.jet()), Some(DELETED));
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(3)));
}

#[test]
fn a_delete_by_another_cursor_of_the_session_is_seen_at_once() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.begin();
    let mut other = desk.cursor.duplicate(&mut desk.session);
    other.move_by(&mut desk.session, 1, crate::table::MoveGrbit::empty()).unwrap();
    other.delete(&mut desk.session).unwrap();
    assert_eq!(desk.id(), Err(DELETED));
    other.close(&mut desk.session).unwrap();
    desk.rollback();
    desk.go_to(2);
    assert_eq!(desk.id(), Ok(2));
}

#[test]
fn records_inserted_beyond_the_ends_are_found_by_the_next_move() {
    let bed = bed();
    let mut other = Desk::at(&bed);
    let mut desk = Desk::at(&bed);
    desk.last();
    assert_eq!(desk.step(1), NO_RECORD);
    other.insert(9);
    assert_eq!(desk.step(1), NO_RECORD);
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(9)));
    desk.first();
    assert_eq!(desk.step(-1), NO_RECORD);
    other.insert(0);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(0)));
    desk.last();
    other.insert(20);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(20)));
    // Row 285: an entry made at the place of a key that was not found is passed over in both directions.
    for (rows, expected) in [(1, 20), (-1, 9)] {
        desk.key(&10i32.to_le_bytes());
        assert_eq!(desk.seek(SeekGrbit::EQ), JetError::RECORD_NOT_FOUND);
        other.insert(10);
        assert_eq!(desk.step(0), NO_RECORD);
        assert_eq!((desk.step(rows), desk.id()), (OK, Ok(expected)));
        other.go_to(10);
        other.delete();
    }
    // Row 286: the same key again, and the cursor is on a record again.
    desk.go_to(2);
    other.go_to(2);
    other.delete();
    assert_eq!(desk.id(), Err(DELETED));
    other.insert(2);
    assert_eq!((desk.id(), desk.step(1), desk.id()), (Ok(2), OK, Ok(3)));
}

#[test]
fn an_index_range_ends_moves_in_its_direction_only() {
    let bed = bed();
    let upper = RangeGrbit::UPPER_LIMIT;
    let both = upper | RangeGrbit::INCLUSIVE;
    let mut desk = Desk::on(&bed, 2);
    desk.key(&4i32.to_le_bytes());
    assert_eq!(desk.range(both), OK);
    assert_eq!((desk.step(1), desk.id(), desk.step(1), desk.id()), (OK, Ok(3), OK, Ok(4)));
    assert_eq!(desk.step(1), NO_RECORD);
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(5)));
    desk.go_to(2);
    desk.key(&4i32.to_le_bytes());
    assert_eq!((desk.range(upper), desk.step(1), desk.id(), desk.step(1)), (OK, OK, Ok(3), NO_RECORD));
    desk.go_to(5);
    desk.key(&4i32.to_le_bytes());
    assert_eq!((desk.range(upper), desk.id()), (NO_RECORD, Err(NO_RECORD)));
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(5)));
    assert_eq!(desk.range(RangeGrbit::REMOVE), JetError::INVALID_OPERATION);
    desk.go_to(2);
    desk.key(&4i32.to_le_bytes());
    desk.range(both);
    assert_eq!((desk.last(), desk.id()), (OK, Ok(5)));
    assert_eq!(desk.range(RangeGrbit::REMOVE), JetError::INVALID_OPERATION);
    desk.go_to(2);
    desk.key(&4i32.to_le_bytes());
    desk.range(both);
    assert_eq!(desk.cursor.index_record_count(&mut desk.session, 0).unwrap(), 3);
    assert_eq!(desk.id(), Ok(2));
    assert_eq!(desk.range(RangeGrbit::REMOVE), JetError::INVALID_OPERATION);
    desk.first();
    assert_eq!(desk.cursor.index_record_count(&mut desk.session, 2).unwrap(), 2);
    let mut empty = Desk::at(&empty_bed());
    assert_eq!(empty.cursor.index_record_count(&mut empty.session, 0).unwrap(), 0);
}

#[test]
fn ranges_before_the_first_and_over_deleted_places() {
    let bed = bed();
    let both = RangeGrbit::UPPER_LIMIT | RangeGrbit::INCLUSIVE;
    let mut desk = Desk::at(&bed);
    desk.first();
    desk.step(-1);
    desk.key(&2i32.to_le_bytes());
    assert_eq!(desk.range(both), NO_RECORD);
    assert_eq!((desk.step(1), desk.id(), desk.step(1), desk.id()), (OK, Ok(1), OK, Ok(2)));
    assert_eq!(desk.step(1), NO_RECORD);
    desk.go_to(1);
    desk.key(&3i32.to_le_bytes());
    desk.range(both);
    assert_eq!(desk.range(both), JetError::KEY_NOT_MADE);
    assert_eq!((desk.step(2), desk.step(1)), (OK, NO_RECORD));
    desk.go_to(1);
    desk.delete();
    desk.key(&3i32.to_le_bytes());
    assert_eq!(desk.range(both), OK);
    assert_eq!((desk.step(1), desk.id(), desk.step(1), desk.id()), (OK, Ok(2), OK, Ok(3)));
    assert_eq!(desk.step(1), NO_RECORD);
}

#[test]
fn another_index_is_followed_from_its_first_entry_or_from_the_same_record() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 3);
    assert_eq!((desk.index("iv"), desk.id()), (OK, Ok(5)));
    desk.index("");
    desk.go_to(3);
    assert_eq!((desk.index_here("iv", 0), desk.id()), (OK, Ok(3)));
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(4)));
    assert_eq!((desk.index_here("", 0), desk.id()), (OK, Ok(4)));
    desk.go_to(3);
    assert_eq!(desk.index_here("in", 0), NO_RECORD);
    assert_eq!(desk.cursor.current_index().unwrap().name.to_string(), "in");
    assert_eq!((desk.id(), desk.step(0)), (Ok(3), NO_RECORD));
    let mut desk = Desk::on(&bed, 1);
    assert_eq!(desk.index_here("in", 2), OK);
    assert_eq!(as_number(desk.get_with(N, 1, RetrieveGrbit::FROM_INDEX)), Ok(6));
    let mut desk = Desk::on(&bed, 1);
    assert_eq!(desk.index_here("in", 3), JetError::BAD_ITAG_SEQUENCE);
    assert_eq!((desk.id(), desk.step(0)), (Ok(1), NO_RECORD));
    let mut desk = Desk::on(&bed, 1);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!((desk.index("nope"), desk.id()), (JetError::INDEX_NOT_FOUND, Ok(1)));
    assert!(!desk.cursor.has_prepared_update());
    desk.delete();
    assert_eq!(desk.index_here("iv", 0), DELETED);
    assert_eq!((desk.step(0), desk.step(1), desk.id()), (NO_RECORD, OK, Ok(5)));
    desk.last();
    desk.step(1);
    assert_eq!(desk.index_here("", 0), NO_RECORD);
    assert_eq!(desk.cursor.current_index().unwrap().name.to_string(), "iv");
}

#[test]
fn the_key_of_the_same_index_survives_its_selection() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    desk.index("iv");
    desk.key(&20i32.to_le_bytes());
    assert_eq!((desk.index("iv"), desk.seek(SeekGrbit::EQ), desk.id()), (OK, OK, Ok(2)));
    desk.key(&20i32.to_le_bytes());
    assert_eq!((desk.index(""), desk.seek(SeekGrbit::EQ)), (OK, JetError::KEY_NOT_MADE));
}

#[test]
fn a_replace_that_changes_the_current_key_leaves_the_cursor_at_the_old_one() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.index_here("iv", 0);
    desk.prepare(Prepare::Replace).unwrap();
    desk.set_number(V, 40).unwrap();
    desk.update().unwrap();
    assert_eq!((desk.id(), desk.number(V)), (Ok(2), Ok(40)));
    assert_eq!(as_number(desk.get_with(V, 1, RetrieveGrbit::FROM_INDEX)), Ok(20));
    assert_eq!(desk.step(0), DELETED);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(3)));
}

#[test]
fn bookmarks_lead_back() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 3);
    let bookmark = desk.cursor.bookmark().unwrap();
    desk.first();
    desk.cursor.go_to_bookmark(&mut desk.session, &bookmark).unwrap();
    assert_eq!(desk.id(), Ok(3));
    let went = desk.cursor.go_to_bookmark(&mut desk.session, &[]);
    assert_eq!(went.err().map(|error| error.jet()), Some(JetError::INVALID_BOOKMARK));
    assert_eq!(desk.id(), Ok(3));
    let none = desk.cursor.secondary_bookmark(&mut desk.session);
    assert_eq!(none.err().map(|error| error.jet()), Some(JetError::NO_CURRENT_INDEX));
    desk.go_to(5);
    let missing = [0x7F, 0x80, 0, 0, 77];
    let went = desk.cursor.go_to_bookmark(&mut desk.session, &missing);
    assert_eq!(went.err().map(|error| error.jet()), Some(DELETED));
    assert_eq!((desk.id(), desk.step(1)), (Ok(5), NO_RECORD));
}

#[test]
fn bookmarks_of_entries_name_key_and_record() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.index_here("iv", 0);
    let right = desk.cursor.secondary_bookmark(&mut desk.session).unwrap();
    let wrong = Bookmark { data: vec![0x7F, 0x80, 0, 0, 9], ..right.clone() };
    desk.first();
    let go = |desk: &mut Desk, place: &Bookmark, grbit| {
        let went = desk.cursor.go_to_secondary_bookmark(&mut desk.session, place, grbit);
        super::desk::code(&went)
    };
    assert_eq!((go(&mut desk, &right, BookmarkGrbit::empty()), desk.id()), (OK, Ok(2)));
    assert_eq!((go(&mut desk, &wrong, BookmarkGrbit::empty()), desk.id()), (DELETED, Ok(2)));
    assert_eq!(go(&mut desk, &wrong, BookmarkGrbit::PERMIT_VIRTUAL_CURRENCY), DELETED);
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(4)));
    go(&mut desk, &wrong, BookmarkGrbit::PERMIT_VIRTUAL_CURRENCY);
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(3)));
    desk.index("");
    desk.go_to(2);
    desk.index_here("us", 0);
    let other = Bookmark { data: wrong.data, ..desk.cursor.secondary_bookmark(&mut desk.session).unwrap() };
    desk.first();
    assert_eq!((go(&mut desk, &other, BookmarkGrbit::empty()), desk.id()), (DELETED, Ok(2)));
}

#[test]
fn moves_to_another_key_go_to_its_near_end() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.index_here("iv", 0);
    assert_eq!((desk.step_key(1), desk.id()), (OK, Ok(4)));
    assert_eq!((desk.step_key(-1), desk.id()), (OK, Ok(3)));
    assert_eq!((desk.step_key(-1), desk.id()), (OK, Ok(1)));
}

#[test]
fn a_position_is_a_fraction() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    let go = |desk: &mut Desk, below, total| {
        super::desk::code(&desk.cursor.go_to_position(&mut desk.session, below, total))
    };
    for (below, total, id) in [(0, 1, 1), (1, 1, 5), (1, 2, 3), (0, 0, 1)] {
        assert_eq!((go(&mut desk, below, total), desk.id()), (OK, Ok(id)));
    }
    assert_eq!(go(&mut desk, 2, 1), JetError::INVALID_PARAMETER);
    for id in 1..=5 {
        desk.go_to(id);
        let place = desk.cursor.record_position(&mut desk.session).unwrap();
        assert_eq!((place.below, place.here, place.total), (id as u64 - 1, 1, 5));
    }
}

#[test]
fn a_filter_hides_the_records_that_fail_it() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    let item = |relation, value: Option<i32>| FilterItem {
        column: V,
        relation,
        value: value.map(|value| value.to_le_bytes().to_vec()),
    };
    let mut passing = |relation, value| {
        desk.cursor.set_filter(&mut desk.session, vec![item(relation, value)]).unwrap();
        let mut ids = Vec::new();
        let mut here = desk.first();
        while here == OK {
            ids.push(desk.id().unwrap());
            here = desk.step(1);
        }
        ids
    };
    use FilterRelation as R;
    // Row 304.
    assert_eq!(passing(R::Equals, Some(20)), [2, 3]);
    assert_eq!(passing(R::NotEquals, Some(20)), [1, 4, 5]);
    assert_eq!(passing(R::LessThanOrEqual, Some(20)), [1, 2, 3, 5]);
    assert_eq!(passing(R::LessThan, Some(20)), [1, 5]);
    assert_eq!(passing(R::GreaterThanOrEqual, Some(20)), [2, 3, 4]);
    assert_eq!(passing(R::GreaterThan, Some(20)), [4]);
    assert_eq!(passing(R::BitmaskEqualsZero, Some(20)), [1, 5]);
    assert_eq!(passing(R::BitmaskNotEqualsZero, Some(20)), [2, 3, 4]);
    assert_eq!(passing(R::Equals, None), [5]);
    assert_eq!(desk.step(0), JetError::FILTERED_MOVE_NOT_SUPPORTED);
    assert_eq!(desk.index("iv"), JetError::FILTERED_MOVE_NOT_SUPPORTED);
    desk.key(&2i32.to_le_bytes());
    assert_eq!(desk.seek(SeekGrbit::EQ), JetError::RECORD_NOT_FOUND);
    desk.key(&2i32.to_le_bytes());
    assert_eq!((desk.seek(SeekGrbit::GE), desk.id()), (JetError::WRN_SEEK_NOT_EQUAL, Ok(5)));
    desk.cursor.set_filter(&mut desk.session, Vec::new()).unwrap();
    assert_eq!((desk.first(), desk.id()), (OK, Ok(1)));
}

#[test]
fn a_rollback_puts_cursors_that_moved_before_the_first_record() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 3);
    desk.begin();
    assert_eq!(desk.delete(), OK);
    desk.rollback();
    assert_eq!(desk.id(), Ok(3), "a delete does not navigate");
    desk.begin();
    desk.step(1);
    desk.rollback();
    assert_eq!((desk.id(), desk.step(1), desk.id()), (Err(NO_RECORD), OK, Ok(1)));
    desk.begin();
    desk.step(1);
    desk.begin();
    desk.rollback();
    assert_eq!(desk.id(), Ok(2), "the moves were of the level below");
    desk.commit();
    desk.index("iv");
    desk.step(1);
    desk.begin();
    desk.step(1);
    let id = desk.id();
    desk.rollback();
    assert_eq!(desk.id(), id, "the record can still be read");
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(5)));
    desk.begin();
    desk.index("us");
    desk.rollback();
    assert_eq!(desk.cursor.current_index().unwrap().name.to_string(), "pk");
    desk.begin();
    let mut opened = desk.cursor.duplicate(&mut desk.session);
    desk.session.rollback().unwrap();
    assert_eq!(opened.after_rollback(&mut desk.session, 0), crate::table::AfterRollback::Gone);
}

#[test]
fn a_reader_keeps_the_records_of_its_snapshot() {
    let bed = bed();
    let mut reader = Desk::at(&bed);
    let mut writer = Desk::at(&bed);
    reader.begin();
    writer.go_to(2);
    writer.prepare(Prepare::Replace).unwrap();
    writer.set_number(V, 99).unwrap();
    writer.update().unwrap();
    writer.go_to(3);
    writer.delete();
    writer.insert(6);
    reader.go_to(2);
    assert_eq!(reader.number(V), Ok(20));
    assert_eq!((reader.step(1), reader.id()), (OK, Ok(3)));
    reader.last();
    assert_eq!(reader.id(), Ok(5));
    reader.index("iv");
    reader.key(&20i32.to_le_bytes());
    assert_eq!((reader.seek(SeekGrbit::EQ), reader.id()), (OK, Ok(2)));
    assert_eq!((reader.step(1), reader.id()), (OK, Ok(3)));
    reader.key(&99i32.to_le_bytes());
    assert_eq!(reader.seek(SeekGrbit::EQ), JetError::RECORD_NOT_FOUND);
    reader.commit();
    reader.key(&99i32.to_le_bytes());
    assert_eq!((reader.seek(SeekGrbit::EQ), reader.id()), (OK, Ok(2)));
    let completion: Completion = Completion::Success;
    assert_eq!(completion.warning(), None);
    assert_eq!(as_number(reader.get(ID)), Ok(2));
}
