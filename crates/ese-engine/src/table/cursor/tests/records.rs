//! Rows 135–177 and 306–323 of facts/behaviour.csv: changing and reading records.

use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::record::ColumnFlags;

use super::bed::{Bed, column, index};
use super::desk::{D, Desk, E, ID, LB, N, S, V, as_number, bed, code};
use crate::table::{
    ColumnRequest, ColumnSelection, Completion, CursorMode, EnumerateGrbit, EscrowGrbit, LockGrbit, Prepare,
    RetrieveGrbit, SeekGrbit, SetGrbit, UpdateGrbit,
};

const OK: JetError = JetError::SUCCESS;
const NULL: JetError = JetError::WRN_COLUMN_NULL;
const NONE: SetGrbit = SetGrbit::empty();

fn with_long_value(desk: &mut Desk, bytes: &[u8]) {
    desk.prepare(Prepare::Replace).unwrap();
    desk.set(LB, bytes).unwrap();
}

#[test]
fn updates_are_prepared_once_and_cancelled_by_moves() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    assert_eq!(code(&desk.set_number(V, 1)), JetError::UPDATE_NOT_PREPARED);
    assert_eq!(code(&desk.prepare(Prepare::Cancel)), JetError::UPDATE_NOT_PREPARED);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(code(&desk.prepare(Prepare::Insert)), JetError::ALREADY_PREPARED);
    desk.prepare(Prepare::Cancel).unwrap();
    for rows in [1, 0] {
        desk.prepare(Prepare::Replace).unwrap();
        desk.step(rows);
        assert_eq!(code(&desk.update()), JetError::UPDATE_NOT_PREPARED);
    }
    let mut session = bed.session();
    let mut reader = bed.cursor_with(&mut session, CursorMode::ReadOnly);
    assert_eq!(code(&reader.prepare(&mut session, Prepare::Insert)), JetError::PERMISSION_DENIED);
    assert_eq!(code(&reader.delete(&mut session)), JetError::PERMISSION_DENIED);
}

#[test]
fn a_refused_insert_can_be_mended_and_leaves_no_trace() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(code(&desk.update()), JetError::NULL_INVALID);
    desk.set_number(ID, 1).unwrap();
    assert_eq!(code(&desk.update()), JetError::KEY_DUPLICATE);
    desk.set_number(ID, 8).unwrap();
    desk.set(S, b"A").unwrap();
    assert_eq!(code(&desk.update()), JetError::KEY_DUPLICATE, "the unique index over s");
    desk.set(S, b"h").unwrap();
    let small = desk.cursor.update(&mut desk.session, Some(2), UpdateGrbit::empty());
    assert_eq!(code(&small), JetError::BUFFER_TOO_SMALL);
    assert_eq!(desk.update().unwrap(), [0x7F, 0x80, 0, 0, 8]);
    assert_eq!(desk.id(), Ok(2), "an insert does not move the cursor");
    let mut ids = Vec::new();
    let mut here = desk.first();
    while here == OK {
        ids.push(desk.id().unwrap());
        here = desk.step(1);
    }
    assert_eq!(ids, [1, 2, 3, 4, 5, 8]);
}

#[test]
fn defaults_old_values_and_new_ones() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(as_number(desk.copy(D)), Ok(7));
    assert_eq!((desk.id(), desk.copy(ID).0), (Ok(1), NULL));
    desk.prepare(Prepare::Cancel).unwrap();
    desk.prepare(Prepare::Replace).unwrap();
    desk.set_number(V, 1).unwrap();
    assert_eq!((desk.number(V), as_number(desk.copy(V))), (Ok(10), Ok(1)));
    desk.prepare(Prepare::Cancel).unwrap();
    assert_eq!(as_number(desk.copy(V)), Ok(10), "without an update the record is read");
    desk.prepare(Prepare::Replace).unwrap();
    desk.set_number(ID, 9).unwrap();
    assert_eq!(code(&desk.update()), JetError::RECORD_PRIMARY_CHANGED);
}

#[test]
fn lengths_and_nulls_of_short_columns() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.prepare(Prepare::Replace).unwrap();
    assert_eq!(code(&desk.set(V, &[1, 2, 3])), JetError::INVALID_BUFFER_SIZE);
    let truncated = desk.set(S, &[b'x'; 60]).unwrap();
    assert_eq!(truncated, Completion::Warning(JetError::WRN_COLUMN_MAX_TRUNCATED));
    assert_eq!(desk.copy(S).1.len(), 50);
    desk.set_value(S, 1, b"", SetGrbit::ZERO_LENGTH).unwrap();
    assert_eq!(desk.copy(S), (OK, Vec::new()));
    desk.set(S, b"").unwrap();
    assert_eq!(desk.copy(S).0, NULL);
    assert_eq!(code(&desk.set(ID, b"")), JetError::NULL_INVALID);
    assert_eq!(as_number(desk.copy(ID)), Ok(1));
    for (column, expected) in [
        (0, JetError::BAD_COLUMN_ID),
        (0x1_0001, JetError::BAD_COLUMN_ID),
        (300, JetError::COLUMN_NOT_FOUND),
        (65248, JetError::COLUMN_NOT_FOUND),
        (65249, JetError::BAD_COLUMN_ID),
        (0x8000_0001, JetError::COLUMN_NOT_FOUND),
    ] {
        assert_eq!(code(&desk.set_number(column, 1)), expected, "column {column:#x}");
    }
}

#[test]
fn the_largest_size_of_a_value_takes_no_memory() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.begin();
    desk.prepare(Prepare::Replace).unwrap();
    desk.set_size(0x7FFF_FFFF, SetGrbit::SIZE_LV).unwrap();
    assert_eq!(code(&desk.set_part(b"x", 0, SetGrbit::APPEND_LV)), JetError::COLUMN_TOO_BIG);
    desk.set_size(3, SetGrbit::SIZE_LV).unwrap();
    desk.set_part(b"x", 1, SetGrbit::OVERWRITE_LV).unwrap();
    assert_eq!(desk.copy(LB).1, b"\0x\0");
    desk.update().unwrap();
    assert_eq!(desk.get(LB).1, b"\0x\0");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let most: u64 = most.trim().trim_end_matches("kB").trim().parse().unwrap();
    assert!(most < 1 << 20, "{most} KB of memory were in use");
}

#[test]
fn long_values_want_a_transaction_and_can_be_changed_in_parts() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.prepare(Prepare::Replace).unwrap();
    assert_eq!(code(&desk.set(LB, b"x")), JetError::NOT_IN_TRANSACTION);
    assert_eq!(code(&desk.set(LB, b"")), JetError::NOT_IN_TRANSACTION);
    desk.prepare(Prepare::Cancel).unwrap();
    desk.begin();
    desk.prepare(Prepare::Replace).unwrap();
    let part = |desk: &mut Desk, data: &[u8], offset, grbit| code(&desk.set_part(data, offset, grbit));
    part(&mut desk, b"ab", 0, SetGrbit::APPEND_LV);
    part(&mut desk, b"cd", 0, SetGrbit::APPEND_LV);
    assert_eq!(desk.copy(LB).1, b"abcd");
    desk.set_size(10, SetGrbit::SIZE_LV).unwrap();
    assert_eq!(desk.copy(LB).1, b"abcd\0\0\0\0\0\0");
    desk.set_size(4, SetGrbit::SIZE_LV).unwrap();
    assert_eq!(part(&mut desk, b"X", 1, SetGrbit::OVERWRITE_LV), OK);
    assert_eq!(desk.copy(LB).1, b"aXcd");
    assert_eq!(part(&mut desk, b"X", 9, SetGrbit::OVERWRITE_LV), JetError::COLUMN_NO_CHUNK);
    // Row 314.
    desk.set(LB, b"abcd").unwrap();
    part(&mut desk, b"XY", 1, SetGrbit::APPEND_LV | SetGrbit::OVERWRITE_LV);
    assert_eq!(desk.copy(LB).1, b"XY");
    desk.set(LB, b"abcd").unwrap();
    part(&mut desk, b"Q", 1, SetGrbit::OVERWRITE_LV | SetGrbit::SIZE_LV);
    assert_eq!(desk.copy(LB).1, b"aQ");
    // Row 313.
    desk.set_size(0, SetGrbit::SIZE_LV).unwrap();
    assert_eq!(desk.copy(LB).0, NULL);
    desk.set_size(0, SetGrbit::SIZE_LV | SetGrbit::ZERO_LENGTH).unwrap();
    assert_eq!(desk.copy(LB), (OK, Vec::new()));
    desk.set(LB, b"").unwrap();
    part(&mut desk, b"", 0, SetGrbit::APPEND_LV);
    assert_eq!(desk.copy(LB), (OK, Vec::new()));
    // Row 315.
    for grbit in [
        SetGrbit::from_bits_retain(0x8000_0000),
        SetGrbit::from_bits_retain(0x4000_0000),
        SetGrbit::CONTIGUOUS_LV,
        SetGrbit::UNIQUE_MULTI_VALUES | SetGrbit::APPEND_LV,
    ] {
        assert_eq!(part(&mut desk, b"x", 0, grbit), JetError::INVALID_GRBIT);
    }
}

#[test]
fn multi_values_are_numbered_without_holes() {
    let bed = bed();
    let values = |desk: &mut Desk| {
        (1..)
            .map_while(|itag| as_number(desk.get_with(N, itag, RetrieveGrbit::COPY)).ok())
            .collect::<Vec<_>>()
    };
    let mut desk = Desk::on(&bed, 1);
    desk.prepare(Prepare::Replace).unwrap();
    desk.set_value(N, 0, &7i32.to_le_bytes(), NONE).unwrap();
    desk.set_value(N, 1, b"", NONE).unwrap();
    assert_eq!(values(&mut desk), [6, 7]);
    desk.set_value(N, 9, &8i32.to_le_bytes(), NONE).unwrap();
    assert_eq!(values(&mut desk), [6, 7, 8]);
    let duplicate = desk.set_value(N, 0, &8i32.to_le_bytes(), SetGrbit::UNIQUE_MULTI_VALUES);
    assert_eq!(code(&duplicate), JetError::MULTI_VALUED_DUPLICATE);
    let normalized = SetGrbit::UNIQUE_NORMALIZED_MULTI_VALUES;
    let duplicate = desk.set_value(N, 0, &8i32.to_le_bytes(), normalized);
    assert_eq!(code(&duplicate), JetError::MULTI_VALUED_DUPLICATE);
    assert_eq!(code(&desk.set_value(N, 3, &8i32.to_le_bytes(), normalized)), OK);
    desk.update().unwrap();
    desk.index("in");
    for value in [6, 7, 8] {
        desk.key(&i32::to_le_bytes(value));
        assert_eq!((desk.seek(SeekGrbit::EQ), desk.id()), (OK, Ok(1)));
    }
    desk.key(&5i32.to_le_bytes());
    assert_eq!(desk.seek(SeekGrbit::EQ), JetError::RECORD_NOT_FOUND);
}

#[test]
fn counts_and_absent_values() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    assert_eq!(desk.get_with(N, 3, RetrieveGrbit::empty()), (NULL, Vec::new()));
    assert_eq!(desk.get_with(N, 0, RetrieveGrbit::empty()).0, JetError::BAD_ITAG_SEQUENCE);
    let mut count = |column| {
        let request = ColumnRequest { column, ..ColumnRequest::default() };
        desk.cursor.retrieve_item(&mut desk.session, &request, &mut []).unwrap().itag
    };
    assert_eq!((count(N), count(LB), count(V), count(D), count(0)), (2, 0, 1, 1, 2));
    desk.go_to(2);
    assert_eq!(desk.get(N), (NULL, Vec::new()));
    assert_eq!(desk.get(500).0, JetError::COLUMN_NOT_FOUND);
}

#[test]
fn long_values_are_read_in_parts() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.begin();
    let bytes: Vec<u8> = (0..1000).map(|byte| byte as u8).collect();
    with_long_value(&mut desk, &bytes);
    desk.update().unwrap();
    let mut read = |offset, room: usize| {
        let request = ColumnRequest { column: LB, itag: 1, offset, ..ColumnRequest::default() };
        let mut buffer = vec![0; room];
        let got = desk.cursor.retrieve_column(&mut desk.session, &request, &mut buffer).unwrap();
        (got.completion, got.actual, buffer)
    };
    let truncated = Completion::Warning(JetError::WRN_BUFFER_TRUNCATED);
    assert_eq!(read(0, 10), (truncated, 1000, bytes[..10].to_vec()));
    assert_eq!(read(0, 0), (truncated, 1000, Vec::new()));
    assert_eq!(read(990, 20).1, 10);
    assert_eq!((read(1000, 5).0, read(1000, 5).1), (Completion::Success, 0));
    assert_eq!((read(2000, 5).0, read(2000, 5).1), (Completion::Success, 0));
}

#[test]
fn columns_out_of_keys() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 2);
    desk.index_here("iv", 0);
    assert_eq!(as_number(desk.get_with(V, 1, RetrieveGrbit::FROM_INDEX)), Ok(20));
    assert_eq!(desk.get_with(S, 1, RetrieveGrbit::FROM_INDEX).0, JetError::COLUMN_NOT_FOUND);
    let both = RetrieveGrbit::FROM_INDEX | RetrieveGrbit::FROM_PRIMARY_BOOKMARK;
    assert_eq!(desk.get_with(V, 1, both).0, JetError::INVALID_GRBIT);
    assert_eq!(as_number(desk.get_with(ID, 1, RetrieveGrbit::FROM_PRIMARY_BOOKMARK)), Ok(2));
    desk.index_here("us", 0);
    assert_eq!(desk.get_with(S, 1, RetrieveGrbit::FROM_INDEX), (OK, b"b".to_vec()));
    desk.index("");
    desk.go_to(1);
    desk.index_here("in", 2);
    let request = ColumnRequest {
        column: N,
        grbit: RetrieveGrbit::FROM_INDEX | RetrieveGrbit::TAG,
        itag: 1,
        ..ColumnRequest::default()
    };
    let got = desk.cursor.retrieve_column(&mut desk.session, &request, &mut [0; 4]).unwrap();
    assert_eq!(got.itag, 2);
}

fn escrow(desk: &mut Desk, column: u32, delta: i32, grbit: EscrowGrbit) -> Result<i32, JetError> {
    let old = desk.cursor.escrow_update(&mut desk.session, column, &delta.to_le_bytes(), 4, grbit);
    old.map(|updated| i32::from_le_bytes(updated.before.try_into().unwrap())).map_err(|error| error.jet())
}

#[test]
fn escrow_updates_of_several_sessions_add_up() {
    let bed = bed();
    let none = EscrowGrbit::empty();
    let (mut one, mut two) = (Desk::on(&bed, 1), Desk::on(&bed, 1));
    assert_eq!(escrow(&mut one, E, 3, none), Err(JetError::NOT_IN_TRANSACTION));
    one.begin();
    two.begin();
    assert_eq!(escrow(&mut one, V, 3, none), Err(JetError::INVALID_OPERATION));
    assert_eq!(escrow(&mut one, N, 3, none), Err(JetError::INVALID_BUFFER_SIZE));
    assert_eq!(escrow(&mut one, E, 3, none), Ok(0));
    assert_eq!(escrow(&mut two, E, 4, none), Ok(3));
    assert_eq!((one.number(E), two.number(E)), (Ok(3), Ok(4)));
    assert_eq!(code(&two.prepare(Prepare::Replace)), JetError::WRITE_CONFLICT);
    one.commit();
    two.commit();
    assert_eq!(one.number(E), Ok(7));
    // Row 319.
    one.begin();
    assert_eq!(escrow(&mut one, E, 5, EscrowGrbit::NO_ROLLBACK), Ok(7));
    assert_eq!(escrow(&mut one, E, 5, none), Ok(12));
    one.rollback();
    one.go_to(1);
    assert_eq!(one.number(E), Ok(12));
    // Row 306.
    one.begin();
    one.last();
    one.step(1);
    assert_eq!(escrow(&mut one, E, 1, none), Err(JetError::NO_CURRENT_RECORD));
}

#[test]
fn copies_of_records() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    for kind in [Prepare::InsertCopy, Prepare::ReadOnlyCopy] {
        assert_eq!(code(&desk.prepare(kind)), JetError::NOT_IN_TRANSACTION);
    }
    desk.begin();
    desk.prepare(Prepare::InsertCopy).unwrap();
    desk.set_number(ID, 6).unwrap();
    desk.set(S, b"z").unwrap();
    desk.update().unwrap();
    assert_eq!(desk.id(), Ok(1));
    desk.go_to(6);
    assert_eq!(desk.number(V), Ok(10));
    assert_eq!(as_number(desk.get_with(N, 2, RetrieveGrbit::empty())), Ok(6));
    desk.commit();
    desk.go_to(1);
    desk.prepare(Prepare::InsertCopyReplaceOriginal).unwrap();
    assert_eq!(desk.delete(), JetError::ALREADY_PREPARED);
    desk.set_number(ID, 8).unwrap();
    desk.update().unwrap();
    assert_eq!(desk.id(), Err(JetError::RECORD_DELETED));
    assert_eq!((desk.step(1), desk.id()), (OK, Ok(2)));
    desk.go_to(8);
    assert_eq!(desk.number(V), Ok(10));
    desk.begin();
    desk.prepare(Prepare::ReadOnlyCopy).unwrap();
    assert_eq!(code(&desk.set_number(V, 1)), JetError::UPDATE_NOT_PREPARED);
    assert_eq!(as_number(desk.copy(V)), Ok(10));
    assert_eq!(code(&desk.update()), JetError::UPDATE_NOT_PREPARED);
}

#[test]
fn an_update_prepared_outside_of_its_transaction_finds_changes_of_others() {
    let bed = bed();
    for (kind, value, expected) in [
        (Prepare::Replace, Some(11), JetError::WRITE_CONFLICT),
        (Prepare::ReplaceNoLock, Some(2), JetError::WRITE_CONFLICT),
        (Prepare::Replace, None, JetError::RECORD_DELETED),
    ] {
        let (mut one, mut two) = (Desk::on(&bed, 1), Desk::on(&bed, 1));
        one.prepare(kind).unwrap();
        one.set_number(D, 1).unwrap();
        match value {
            Some(value) => {
                two.prepare(Prepare::Replace).unwrap();
                two.set_number(V, value).unwrap();
                two.update().unwrap();
            }
            None => assert_eq!(two.delete(), OK),
        }
        assert_eq!(code(&one.update()), expected);
        assert!(one.cursor.has_prepared_update());
    }
    let (mut one, mut two) = (Desk::on(&bed, 2), Desk::on(&bed, 2));
    one.begin();
    one.prepare(Prepare::Replace).unwrap();
    one.set_number(V, 5).unwrap();
    one.commit();
    two.prepare(Prepare::Replace).unwrap();
    two.set_number(D, 5).unwrap();
    two.update().unwrap();
    assert_eq!(code(&one.update()), JetError::WRITE_CONFLICT);
    one.prepare(Prepare::Cancel).unwrap();
    // One session, two cursors.
    one.prepare(Prepare::Replace).unwrap();
    let mut other = one.cursor.duplicate(&mut one.session);
    other.go_to_bookmark(&mut one.session, &[0x7F, 0x80, 0, 0, 2]).unwrap();
    assert_eq!(code(&other.prepare(&mut one.session, Prepare::Replace)), JetError::SESSION_WRITE_CONFLICT);
    one.prepare(Prepare::Cancel).unwrap();
    assert_eq!(code(&other.prepare(&mut one.session, Prepare::Replace)), OK);
}

#[test]
fn locks_keep_others_from_writing() {
    let bed = bed();
    let (mut one, mut two) = (Desk::on(&bed, 1), Desk::on(&bed, 1));
    let lock = |desk: &mut Desk, grbit| code(&desk.cursor.get_lock(&mut desk.session, grbit));
    assert_eq!(lock(&mut one, LockGrbit::READ), JetError::NOT_IN_TRANSACTION);
    one.begin();
    two.begin();
    assert_eq!(lock(&mut one, LockGrbit::READ | LockGrbit::WRITE), JetError::INVALID_GRBIT);
    assert_eq!((lock(&mut one, LockGrbit::READ), lock(&mut two, LockGrbit::READ)), (OK, OK));
    assert_eq!(lock(&mut one, LockGrbit::WRITE), JetError::WRITE_CONFLICT);
    assert_eq!(code(&one.prepare(Prepare::Replace)), JetError::WRITE_CONFLICT);
    two.rollback();
    assert_eq!(lock(&mut one, LockGrbit::WRITE), OK);
    two.begin();
    two.go_to(1);
    assert_eq!(two.delete(), JetError::WRITE_CONFLICT);
    one.commit();
    assert_eq!(two.delete(), JetError::WRITE_CONFLICT, "until the transaction ends");
    two.commit();
    assert_eq!(two.delete(), OK);
}

#[test]
fn enumeration_lists_what_the_record_has() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    let compress = EnumerateGrbit::COMPRESS_OUTPUT;
    let all = |desk: &mut Desk, grbit| {
        desk.cursor.enumerate_columns(&mut desk.session, None, usize::MAX, grbit).unwrap().0
    };
    let listed: Vec<_> = all(&mut desk, compress)
        .into_iter()
        .map(|column| (column.column, column.code, column.values.len()))
        .collect();
    let single = JetError::WRN_COLUMN_SINGLE_VALUE;
    assert_eq!(
        listed,
        [(ID, single, 1), (V, single, 1), (D, single, 1), (E, single, 1), (S, single, 1), (N, OK, 2)]
    );
    desk.go_to(5);
    let v = all(&mut desk, compress).into_iter().find(|column| column.column == V).unwrap();
    assert_eq!(v.code, NULL);
    let list = [LB, 0].map(|column| ColumnSelection { column, itags: Vec::new() });
    let codes = |desk: &mut Desk, list: &[ColumnSelection], grbit| {
        let (columns, failed) =
            desk.cursor.enumerate_columns(&mut desk.session, Some(list), usize::MAX, grbit).unwrap();
        (columns.into_iter().map(|column| column.code).collect::<Vec<_>>(), failed)
    };
    let none = EnumerateGrbit::empty();
    assert_eq!(codes(&mut desk, &list, none), (vec![NULL, JetError::WRN_COLUMN_SKIPPED], None));
    let defaulted = codes(&mut desk, &list, EnumerateGrbit::IGNORE_DEFAULT).0;
    assert_eq!(defaulted[0], JetError::WRN_COLUMN_DEFAULT);
    let unknown = [ColumnSelection { column: 999, itags: Vec::new() }];
    let not_found = JetError::COLUMN_NOT_FOUND;
    assert_eq!(codes(&mut desk, &unknown, none), (vec![not_found], Some(not_found)));
    // Row 323.
    desk.begin();
    with_long_value(&mut desk, &[7; 20_000]);
    desk.update().unwrap();
    let lb = [ColumnSelection { column: LB, itags: Vec::new() }];
    let (columns, _) = desk.cursor.enumerate_columns(&mut desk.session, Some(&lb), 10, compress).unwrap();
    assert_eq!((columns[0].code, columns[0].values[0].code), (OK, JetError::WRN_COLUMN_TRUNCATED));
    assert_eq!(columns[0].values[0].data, [7; 10]);
    let in_record = EnumerateGrbit::IN_RECORD_ONLY;
    let (columns, _) = desk.cursor.enumerate_columns(&mut desk.session, Some(&lb), 10, in_record).unwrap();
    assert_eq!(columns[0].values[0].code, JetError::WRN_COLUMN_NOT_IN_RECORD);
}

#[test]
fn copies_share_long_values_until_one_is_changed() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    desk.begin();
    let bytes: Vec<u8> = (0..20_000u32).map(|byte| (byte % 251) as u8).collect();
    with_long_value(&mut desk, &bytes);
    desk.update().unwrap();
    desk.commit();
    assert_eq!(bed.long_value_trees_made(), 1);
    let references = |desk: &mut Desk| {
        let (code, count) = desk.get_with(LB, 1, RetrieveGrbit::LONG_VALUE_REF_COUNT);
        (code, u32::from_le_bytes(count.try_into().unwrap()))
    };
    let separate = JetError::WRN_SEPARATE_LONG_VALUE;
    assert_eq!(references(&mut desk), (separate, 1));
    desk.begin();
    desk.prepare(Prepare::InsertCopy).unwrap();
    assert_eq!(references(&mut desk), (separate, 2));
    desk.prepare(Prepare::Cancel).unwrap();
    assert_eq!(references(&mut desk), (separate, 1));
    desk.prepare(Prepare::InsertCopy).unwrap();
    desk.set_number(ID, 6).unwrap();
    desk.set(S, b"six").unwrap();
    desk.update().unwrap();
    assert_eq!(references(&mut desk), (separate, 2));
    desk.go_to(6);
    desk.prepare(Prepare::Replace).unwrap();
    let burst = desk.set_part(b"!", 0, SetGrbit::APPEND_LV).unwrap();
    assert_eq!(burst, Completion::Warning(JetError::WRN_COPY_LONG_VALUE));
    desk.update().unwrap();
    assert_eq!((desk.get(LB).1.len(), references(&mut desk)), (20_001, (separate, 1)));
    desk.go_to(1);
    assert_eq!((desk.get(LB).1, references(&mut desk)), (bytes, (separate, 1)));
    desk.commit();
}

#[test]
fn the_version_column_counts_replaces_that_set_something() {
    let columns = [
        column("id", 1, ColumnType::Long).flags(ColumnFlags::NOT_NULL),
        column("version", 2, ColumnType::Long).flags(ColumnFlags::VERSION),
        column("v", 3, ColumnType::Long),
    ];
    let bed = Bed::new(PageSize::K4, &columns, &[index("pk", &[1]).primary()]);
    let mut desk = Desk::at(&bed);
    desk.prepare(Prepare::Insert).unwrap();
    desk.set_number(1, 1).unwrap();
    assert_eq!(desk.copy(2).0, NULL);
    desk.update().unwrap();
    assert_eq!(desk.number(2), Ok(0));
    for (set, expected) in [(false, 0), (true, 1), (true, 2)] {
        desk.prepare(Prepare::Replace).unwrap();
        assert_eq!(code(&desk.set_number(2, 9)), JetError::INVALID_COLUMN_TYPE);
        if set {
            desk.set_number(3, 5).unwrap();
        }
        desk.update().unwrap();
        assert_eq!(desk.number(2), Ok(expected));
    }
}

#[test]
fn autoincrement_values_are_never_given_twice() {
    let columns = [
        column("id", 1, ColumnType::Long).flags(ColumnFlags::AUTO_INCREMENT | ColumnFlags::NOT_NULL),
        column("v", 2, ColumnType::Long),
    ];
    let bed = Bed::new(PageSize::K4, &columns, &[index("pk", &[1]).primary()]);
    let mut desk = Desk::at(&bed);
    let insert = |desk: &mut Desk| {
        desk.prepare(Prepare::Insert).unwrap();
        let value = as_number(desk.copy(1)).unwrap();
        desk.update().unwrap();
        value
    };
    assert_eq!(insert(&mut desk), 1);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(code(&desk.set_number(1, 7)), JetError::INVALID_COLUMN_TYPE);
    desk.prepare(Prepare::Cancel).unwrap();
    desk.begin();
    assert_eq!(insert(&mut desk), 3);
    desk.rollback();
    assert_eq!(insert(&mut desk), 4);
    // Row 320.
    desk.prepare(Prepare::InsertMustSetAutoIncrement).unwrap();
    assert_eq!(code(&desk.update()), JetError::AUTO_INCREMENT_NOT_SET);
    assert_eq!(code(&desk.set_number(1, 0)), JetError::INVALID_PARAMETER);
    assert_eq!(code(&desk.set_number(1, 5)), JetError::SET_AUTO_INCREMENT_TOO_HIGH);
    desk.set_number(1, 2).unwrap();
    desk.update().unwrap();
    assert_eq!(desk.cursor.reserve_auto_increment(&mut desk.session).unwrap(), 5);
    desk.first();
    desk.begin();
    desk.prepare(Prepare::InsertCopy).unwrap();
    assert_eq!(as_number(desk.copy(1)), Ok(6));
    // Another table of the same bed has no such column.
    let plain = super::desk::bed();
    let mut desk = Desk::at(&plain);
    assert_eq!(code(&desk.prepare(Prepare::InsertMustSetAutoIncrement)), JetError::ILLEGAL_OPERATION);
}

#[test]
fn tagged_defaults_show_until_something_is_stored() {
    let columns = [
        column("id", 1, ColumnType::Long),
        column("t", 256, ColumnType::Long).default(&42i32.to_le_bytes()).flags(ColumnFlags::MULTI_VALUED),
    ];
    let bed = Bed::new(PageSize::K16, &columns, &[]);
    let mut desk = Desk::at(&bed);
    desk.prepare(Prepare::Insert).unwrap();
    desk.set_number(1, 1).unwrap();
    desk.update().unwrap();
    let ignore = RetrieveGrbit::IGNORE_DEFAULT;
    assert_eq!(desk.number(256), Ok(42));
    assert_eq!(desk.get_with(256, 1, ignore).0, NULL);
    let replace = |desk: &mut Desk, itag, data: &[u8], grbit| {
        desk.prepare(Prepare::Replace).unwrap();
        desk.set_value(256, itag, data, grbit).unwrap();
        desk.update().unwrap();
    };
    // Row 316.
    replace(&mut desk, 2, &5i32.to_le_bytes(), NONE);
    assert_eq!(desk.number(256), Ok(5));
    replace(&mut desk, 1, b"", NONE);
    assert_eq!(desk.get(256).0, NULL);
    // Row 317.
    let nulls = RetrieveGrbit::NULL;
    assert_eq!(desk.get_with(0, 1, nulls).0, JetError::WRN_COLUMN_SET_NULL);
    assert_eq!(desk.get_with(0, 2, nulls).0, NULL);
    replace(&mut desk, 1, b"", SetGrbit::REVERT_TO_DEFAULT_VALUE);
    assert_eq!(desk.number(256), Ok(42));
}

#[test]
fn a_not_null_column_without_a_value_stops_inserts_only() {
    let columns = [
        column("id", 1, ColumnType::Long),
        column("must", 256, ColumnType::Long).flags(ColumnFlags::NOT_NULL),
    ];
    let bed = Bed::new(PageSize::K4, &columns, &[]);
    let mut desk = Desk::at(&bed);
    desk.prepare(Prepare::Insert).unwrap();
    assert_eq!(code(&desk.update()), JetError::NULL_INVALID);
    assert_eq!(code(&desk.set(256, b"")), JetError::NULL_INVALID);
    desk.set_number(256, 1).unwrap();
    desk.update().unwrap();
}

#[test]
fn records_too_big_are_refused_after_long_values_moved_out() {
    let columns: Vec<_> = std::iter::once(column("id", 1, ColumnType::Long))
        .chain((0..20).map(|fid| column("b", 256 + fid, ColumnType::Binary)))
        .chain((0..4).map(|fid| column("lb", 300 + fid, ColumnType::LongBinary)))
        .collect();
    let bed = Bed::new(PageSize::K4, &columns, &[]);
    let mut desk = Desk::at(&bed);
    desk.begin();
    desk.prepare(Prepare::Insert).unwrap();
    for fid in 0..4 {
        desk.set(300 + fid, &[fid as u8; 1000]).unwrap();
    }
    for fid in 0..10 {
        desk.set(256 + fid, &[9; 255]).unwrap();
    }
    desk.update().unwrap();
    assert_eq!(desk.first(), OK);
    for fid in 0..4 {
        assert_eq!(desk.get(300 + fid).1, [fid as u8; 1000]);
    }
    desk.prepare(Prepare::Insert).unwrap();
    let refused = (0..20).map(|fid| code(&desk.set(256 + fid, &[9; 255]))).find(|code| *code != OK);
    assert_eq!(refused, Some(JetError::RECORD_TOO_BIG));
    assert_eq!(code(&desk.update()), OK, "what was set before stays");
}

#[test]
fn a_large_value_set_piece_by_piece_goes_to_the_tree_before_the_update() {
    let bed = bed();
    let mut desk = Desk::on(&bed, 1);
    let piece: Vec<u8> = (0..1_000_000u32).map(|byte| (byte % 241) as u8).collect();
    desk.begin();
    for cancelled in [true, false] {
        desk.prepare(Prepare::Replace).unwrap();
        for _ in 0..11 {
            desk.set_part(&piece, 0, SetGrbit::APPEND_LV).unwrap();
        }
        desk.set_part(b"here", 5_500_000, SetGrbit::OVERWRITE_LV).unwrap();
        let request = ColumnRequest { column: LB, itag: 1, offset: 5_499_999, grbit: RetrieveGrbit::COPY };
        let mut buffer = [0; 6];
        let got = desk.cursor.retrieve_column(&mut desk.session, &request, &mut buffer).unwrap();
        assert_eq!((got.actual, &buffer[1..5]), (11_000_000 - 5_499_999, &b"here"[..]));
        if cancelled {
            desk.prepare(Prepare::Cancel).unwrap();
            assert_eq!(desk.get(LB).0, NULL);
        } else {
            desk.update().unwrap();
        }
    }
    desk.commit();
    let request = ColumnRequest { column: LB, itag: 1, ..ColumnRequest::default() };
    let mut all = vec![0; 11_000_000];
    let got = desk.cursor.retrieve_column(&mut desk.session, &request, &mut all).unwrap();
    assert_eq!(got.actual, all.len());
    let mut expected = piece.repeat(11);
    expected[5_500_000..5_500_004].copy_from_slice(b"here");
    assert!(all == expected);
    let (_, count) = desk.get_with(LB, 1, RetrieveGrbit::LONG_VALUE_REF_COUNT);
    assert_eq!(count, 1u32.to_le_bytes());
    // A rollback of the level in which it was written cancels the update.
    desk.begin();
    desk.go_to(2);
    desk.prepare(Prepare::Replace).unwrap();
    desk.begin();
    for _ in 0..6 {
        desk.set_part(&piece, 0, SetGrbit::APPEND_LV).unwrap();
    }
    assert!(desk.cursor.blocks_commit());
    desk.rollback();
    assert!(!desk.cursor.has_prepared_update());
}
