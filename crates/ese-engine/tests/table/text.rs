//! Indexes over UTF-16 text want sort keys that are not made yet: a clear error, and nothing has changed.

use ese_engine::catalog::{IndexGrbit, NewColumn, NewIndex, NewTable};
use ese_engine::table::{ColumnChange, MakeKeyGrbit, Prepare, UpdateGrbit};
use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::stage::Stage;

#[test]
fn a_row_with_text_for_a_utf16_index_is_refused_whole() {
    let stage = Stage::new(PageSize::K8);
    let mut session = stage.session();
    let columns = [
        NewColumn { name: b"id", column_type: ColumnType::Long.code(), ..NewColumn::default() },
        NewColumn {
            name: b"text",
            column_type: ColumnType::Text.code(),
            code_page: 1200,
            ..NewColumn::default()
        },
    ];
    let index = |name: &'static str, key: &'static str, grbit: IndexGrbit| NewIndex {
        name: name.as_bytes(),
        key: key.as_bytes(),
        grbit: grbit.bits(),
        ..NewIndex::default()
    };
    let indexes =
        [index("pk", "+id\0\0", IndexGrbit::PRIMARY), index("it", "+text\0\0", IndexGrbit::empty())];
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let mut opened = stage.create(&mut session, &new).expect("a legal table");
    let ids = ["id", "text"].map(|name| opened.column(&session, name).expect("it was made").to_api());
    let mut insert = |id: i32, text: &[u8]| {
        let cursor = &mut opened.cursor;
        cursor.prepare(&mut session, Prepare::Insert).expect("updatable");
        for (column, data) in [(ids[0], &id.to_le_bytes()[..]), (ids[1], text)] {
            let bytes = data.len() as u32;
            let change = ColumnChange { column, data, bytes, itag: 1, ..ColumnChange::default() };
            let _ = cursor.set_column(&mut session, &change).expect("it fits");
        }
        let updated = cursor.update(&mut session, None, UpdateGrbit::empty());
        if updated.is_err() {
            assert!(cursor.has_prepared_update());
            cursor.prepare(&mut session, Prepare::Cancel).expect("it is prepared");
        }
        updated.err().map(|error| error.jet())
    };
    let not_supported = Some(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED);
    assert_eq!(insert(1, b"a\0b\0"), not_supported);
    assert_eq!(insert(2, b""), None, "NULL needs no sort key");
    let cursor = &mut opened.cursor;
    let start = ese_engine::table::IndexStart::First;
    cursor.set_current_index(&mut session, b"it", start).expect("it is there");
    let made = cursor.make_key(&mut session, b"a\0", MakeKeyGrbit::NEW_KEY);
    assert_eq!(made.err().map(|error| error.jet()), not_supported);
    drop(opened);
    drop(session);
    let database = stage.check();
    let mut rows = database.open_table("t").expect("the table").cursor();
    assert!(rows.move_next().expect("sound") && !rows.move_next().expect("sound"));
}
