//! Rows 90–110, 290, 300–303 of facts/behaviour.csv: search keys and seeks.

use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use super::bed::{Bed, column, index};
use super::desk::{Desk, ID, bed, code};
use crate::table::{MakeKeyGrbit, Prepare, RangeGrbit, RetrieveGrbit, SeekGrbit};

const OK: JetError = JetError::SUCCESS;
const NOT_FOUND: JetError = JetError::RECORD_NOT_FOUND;
const NOT_EQUAL: JetError = JetError::WRN_SEEK_NOT_EQUAL;
const NO_RECORD: JetError = JetError::NO_CURRENT_RECORD;

fn sought(desk: &mut Desk, key: i32, grbit: SeekGrbit) -> (JetError, Result<i32, JetError>) {
    desk.key(&key.to_le_bytes());
    (desk.seek(grbit), desk.id())
}

#[test]
fn a_seek_wants_a_direction_and_a_key_that_it_uses_up() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(desk.seek(SeekGrbit::EQ), JetError::KEY_NOT_MADE);
    assert!(desk.cursor.has_prepared_update());
    desk.key(&3i32.to_le_bytes());
    assert_eq!(desk.seek(SeekGrbit::empty()), JetError::INVALID_PARAMETER);
    assert_eq!(desk.seek(SeekGrbit::GE | SeekGrbit::LE), JetError::INVALID_GRBIT);
    assert!(desk.cursor.has_prepared_update());
    assert_eq!((desk.seek(SeekGrbit::EQ), desk.id()), (OK, Ok(3)));
    assert!(!desk.cursor.has_prepared_update());
    assert_eq!(desk.seek(SeekGrbit::EQ), JetError::KEY_NOT_MADE);
    let kept = desk.cursor.retrieve_key(&mut desk.session, RetrieveGrbit::COPY).unwrap();
    assert_eq!(kept, [0x7F, 0x80, 0, 0, 3]);
}

#[test]
fn seeks_in_a_unique_index_land_as_the_table_says() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    for grbit in [SeekGrbit::EQ, SeekGrbit::GE, SeekGrbit::GT] {
        assert_eq!(sought(&mut desk, 9, grbit), (NOT_FOUND, Err(NO_RECORD)));
        assert_eq!((desk.step(-1), desk.id()), (OK, Ok(5)));
    }
    assert_eq!(sought(&mut desk, 9, SeekGrbit::LE), (NOT_EQUAL, Ok(5)));
    assert_eq!(sought(&mut desk, 9, SeekGrbit::LT), (OK, Ok(5)));
    assert_eq!(sought(&mut desk, 0, SeekGrbit::GE), (NOT_EQUAL, Ok(1)));
    assert_eq!(sought(&mut desk, 0, SeekGrbit::GT), (OK, Ok(1)));
    assert_eq!(sought(&mut desk, 0, SeekGrbit::LE), (NOT_FOUND, Err(NO_RECORD)));
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(1)));
    desk.go_to(3);
    desk.delete();
    for (rows, expected) in [(1, 4), (-1, 2)] {
        assert_eq!(sought(&mut desk, 3, SeekGrbit::EQ), (NOT_FOUND, Err(NO_RECORD)));
        assert_eq!((desk.step(rows), desk.id()), (OK, Ok(expected)));
    }
}

#[test]
fn seeks_among_equal_keys_land_on_the_lowest() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    desk.index("iv");
    for (grbit, expected) in
        [(SeekGrbit::EQ, 2), (SeekGrbit::LE, 2), (SeekGrbit::GE, 2), (SeekGrbit::GT, 4), (SeekGrbit::LT, 1)]
    {
        assert_eq!(sought(&mut desk, 20, grbit), (OK, Ok(expected)));
    }
    assert_eq!(sought(&mut desk, 20, SeekGrbit::EQ | SeekGrbit::SET_INDEX_RANGE), (OK, Ok(2)));
    assert_eq!((desk.step(1), desk.id(), desk.step(1)), (OK, Ok(3), NO_RECORD));
    assert_eq!((desk.step(-1), desk.id()), (OK, Ok(4)));
    desk.key(&[]);
    assert_eq!((desk.seek(SeekGrbit::EQ), desk.id()), (OK, Ok(5)));
    // Row 290.
    let check = SeekGrbit::EQ | SeekGrbit::CHECK_UNIQUENESS;
    assert_eq!(sought(&mut desk, 10, check), (JetError::WRN_UNIQUE_KEY, Ok(1)));
    assert_eq!(sought(&mut desk, 20, check), (OK, Ok(2)));
    assert_eq!(sought(&mut desk, 30, check), (JetError::WRN_UNIQUE_KEY, Ok(4)));
    // Row 291: the range bit means nothing with other seeks.
    assert_eq!(sought(&mut desk, 20, SeekGrbit::GE | SeekGrbit::SET_INDEX_RANGE), (OK, Ok(2)));
    assert_eq!((desk.step(1), desk.step(1), desk.id(), desk.step(1)), (OK, OK, Ok(4), NO_RECORD));
    desk.index("us");
    desk.key(b"b");
    assert_eq!(desk.seek(check | SeekGrbit::SET_INDEX_RANGE), JetError::WRN_UNIQUE_KEY);
    assert_eq!((desk.id(), desk.step(1), desk.id()), (Ok(2), OK, Ok(3)));
}

#[test]
fn parts_of_keys_are_checked() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    let none = MakeKeyGrbit::empty();
    let new = MakeKeyGrbit::NEW_KEY;
    let two = 2i32.to_le_bytes();
    assert_eq!(code(&desk.make_key(&two, none)), JetError::KEY_NOT_MADE);
    desk.key(&two);
    assert_eq!(code(&desk.make_key(&two, none)), JetError::KEY_IS_MADE);
    assert_eq!((desk.seek(SeekGrbit::EQ), desk.id()), (OK, Ok(2)));
    desk.key(&two);
    assert_eq!(code(&desk.make_key(&two[..2], new)), JetError::INVALID_BUFFER_SIZE);
    assert_eq!(desk.seek(SeekGrbit::EQ), JetError::KEY_NOT_MADE);
    assert_eq!(
        code(&desk.make_key(&[], new | MakeKeyGrbit::KEY_DATA_ZERO_LENGTH)),
        JetError::INVALID_BUFFER_SIZE
    );
    desk.index("iv");
    let partial = MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT;
    assert_eq!(code(&desk.make_key(&two, new | partial)), JetError::INVALID_GRBIT);
    desk.index("us");
    let both = MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT | partial;
    assert_eq!(code(&desk.make_key(b"b", new | both)), JetError::INVALID_GRBIT);
    // Row 303.
    assert_eq!(code(&desk.make_key(&[1; 256], MakeKeyGrbit::NORMALIZED_KEY)), OK);
    assert_eq!(code(&desk.make_key(&[1; 257], MakeKeyGrbit::NORMALIZED_KEY)), JetError::INVALID_PARAMETER);
    assert_eq!(code(&desk.make_key(&[], MakeKeyGrbit::NORMALIZED_KEY)), OK);
}

#[test]
fn limits_shape_the_key_as_the_engine_does() {
    let bed = bed();
    let mut desk = Desk::at(&bed);
    desk.index("us");
    let mut shaped = |grbit: MakeKeyGrbit| {
        desk.make_key(b"b", MakeKeyGrbit::NEW_KEY | grbit).unwrap();
        desk.cursor.retrieve_key(&mut desk.session, RetrieveGrbit::COPY).unwrap()
    };
    let filled = |start: &[u8]| {
        let mut key = start.to_vec();
        key.resize(256, 0xFF);
        key
    };
    assert_eq!(shaped(MakeKeyGrbit::empty()), [0x7F, 0x42, 0]);
    assert_eq!(shaped(MakeKeyGrbit::FULL_COLUMN_START_LIMIT), [0x7F, 0x42, 0]);
    assert_eq!(shaped(MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT), [0x7F, 0x42]);
    assert_eq!(shaped(MakeKeyGrbit::FULL_COLUMN_END_LIMIT), filled(&[0x7F, 0x42, 0]));
    assert_eq!(shaped(MakeKeyGrbit::STR_LIMIT), filled(&[0x7F, 0x42, 0]));
    assert_eq!(shaped(MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT), filled(&[0x7F, 0x42]));
    assert_eq!(shaped(MakeKeyGrbit::SUB_STR_LIMIT), filled(&[0x7F, 0x42]));
    assert_eq!(shaped(MakeKeyGrbit::STR_LIMIT | MakeKeyGrbit::SUB_STR_LIMIT), filled(&[0x7F, 0x42]));
}

/// Rows (2,1), (1,3), (2,3), (3,1) by an index over both columns.
fn pairs() -> Bed {
    let columns = [
        column("id", 1, ColumnType::Long),
        column("a", 2, ColumnType::Long),
        column("b", 3, ColumnType::Long),
    ];
    let bed = Bed::new(PageSize::K4, &columns, &[index("pk", &[1]).primary(), index("ab", &[2, 3])]);
    let mut desk = Desk::at(&bed);
    for (id, a, b) in [(1, 2, 1), (2, 1, 3), (3, 2, 3), (4, 3, 1)] {
        desk.prepare(Prepare::Insert).unwrap();
        desk.set_number(ID, id).unwrap();
        desk.set_number(2, a).unwrap();
        desk.set_number(3, b).unwrap();
        desk.update().unwrap();
    }
    drop(desk);
    bed
}

#[test]
fn a_key_with_fewer_parts_is_a_prefix() {
    let bed = pairs();
    let mut desk = Desk::at(&bed);
    desk.index("ab");
    let pair = |desk: &mut Desk| (desk.number(2).unwrap(), desk.number(3).unwrap());
    let two = 2i32.to_le_bytes();
    let seek = |desk: &mut Desk, grbit, limit| {
        desk.make_key(&two, MakeKeyGrbit::NEW_KEY | limit).unwrap();
        desk.seek(grbit)
    };
    let none = MakeKeyGrbit::empty();
    assert_eq!(seek(&mut desk, SeekGrbit::EQ, none), NOT_FOUND);
    assert_eq!((seek(&mut desk, SeekGrbit::GE, none), pair(&mut desk)), (NOT_EQUAL, (2, 1)));
    assert_eq!((seek(&mut desk, SeekGrbit::GT, none), pair(&mut desk)), (OK, (2, 1)));
    assert_eq!((seek(&mut desk, SeekGrbit::LE, none), pair(&mut desk)), (NOT_EQUAL, (1, 3)));
    let end = MakeKeyGrbit::FULL_COLUMN_END_LIMIT;
    assert_eq!((seek(&mut desk, SeekGrbit::LE, end), pair(&mut desk)), (NOT_EQUAL, (2, 3)));
    assert_eq!((seek(&mut desk, SeekGrbit::GE, end), pair(&mut desk)), (NOT_EQUAL, (3, 1)));
    seek(&mut desk, SeekGrbit::GE, none);
    desk.make_key(&two, MakeKeyGrbit::NEW_KEY | end).unwrap();
    assert_eq!(desk.range(RangeGrbit::UPPER_LIMIT), OK);
    assert_eq!(desk.cursor.index_record_count(&mut desk.session, 0).unwrap(), 2);
}

#[test]
fn a_table_without_a_primary_index_takes_normalised_keys_only() {
    let bed = Bed::new(PageSize::K4, &[column("v", 1, ColumnType::Long)], &[]);
    let mut desk = Desk::at(&bed);
    for value in [30, 10, 20] {
        desk.prepare(Prepare::Insert).unwrap();
        desk.set_number(1, value).unwrap();
        desk.update().unwrap();
    }
    assert_eq!(code(&desk.make_key(&[0; 4], MakeKeyGrbit::NEW_KEY)), JetError::NO_CURRENT_INDEX);
    desk.make_key(&[0, 0, 0, 2], MakeKeyGrbit::NORMALIZED_KEY).unwrap();
    assert_eq!(desk.range(RangeGrbit::UPPER_LIMIT), JetError::NO_CURRENT_INDEX);
    assert_eq!((desk.seek(SeekGrbit::EQ), desk.number(1)), (OK, Ok(10)));
    assert!(desk.cursor.current_index().is_none());
    assert_eq!(desk.cursor.bookmark().unwrap(), [0, 0, 0, 2]);
}
