//! An index and its column deleted in one transaction, while others write the table: the index is kept up as it was.

use ese_engine::catalog::{ColumnScope, NewColumn, NewIndex, NewTable};
use ese_engine::transaction::{BeginKind, CommitOptions};
use ese_format::page_size::PageSize;

use crate::stage::{Stage, long};

const GUID: u32 = 16;
const BINARY: u32 = 9;
const LONG_BINARY: u32 = 11;

/// What others write after the index and its column were deleted, the deletions being taken back.
fn others_write_while_an_indexed_column_is_deleted(column_type: u32) {
    let stage = Stage::new(PageSize::K4);
    let (mut dropper, mut writer) = (stage.session(), stage.session());
    let columns = [
        NewColumn { grbit: 4, ..long("id") },
        NewColumn { name: b"value", column_type, ..NewColumn::default() },
    ];
    let index =
        |name: &'static [u8], key: &'static [u8], grbit| NewIndex { name, key, grbit, ..NewIndex::default() };
    let indexes = [index(b"primary", b"+id\0\0", 2), index(b"by_value", b"-value\0\0", 0)];
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    drop(stage.create(&mut dropper, &new).expect("a new table"));
    let mine = stage.open(&mut dropper, "t", 0).expect("the table");
    let mut other = stage.open(&mut writer, "t", 0).expect("not exclusive");
    let [id, value] = ["id", "value"].map(|name| other.column(&writer, name).expect("a column"));
    let mut insert = |number: u8, bytes: &[u8], meanwhile: &mut dyn FnMut()| {
        writer.begin(BeginKind::ReadWrite).expect("level 1");
        other.insert(&mut writer, &[(id, &[number, 0, 0, 0]), (value, bytes)]).expect("a record");
        meanwhile();
        writer.commit(CommitOptions::DURABLE).expect("a commit");
    };
    insert(1, &[1; 16], &mut || ());

    dropper.begin(BeginKind::ReadWrite).expect("level 1");
    stage.catalog.delete_index(&mut dropper, &mine.hold, b"by_value").expect("nobody uses it");
    stage
        .catalog
        .delete_column(&mut dropper, &mine.hold, b"value", ColumnScope::All)
        .expect("no index of this session uses it");
    let bytes: Vec<u8> = (1..=16).collect();
    insert(2, &bytes, &mut || ());
    insert(3, &[3; 16], &mut || dropper.rollback().expect("a rollback"));
    insert(4, &[4; 16], &mut || ());
    drop((mine, other));
    stage.check();
}

#[test]
fn of_a_fixed_column() {
    others_write_while_an_indexed_column_is_deleted(GUID);
}

#[test]
fn of_a_variable_column() {
    others_write_while_an_indexed_column_is_deleted(BINARY);
}

#[test]
fn of_a_tagged_column() {
    others_write_while_an_indexed_column_is_deleted(LONG_BINARY);
}
