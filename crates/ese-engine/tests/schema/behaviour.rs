//! Rows of the behaviour table (facts/behaviour.csv, area DDL) and of spec 09 §5.6, §6.2, §10.

use ese_engine::catalog::{
    ColumnOrder, ColumnScope, ItemOutcome, NewColumn, NewCondition, NewDefault, NewIndex, NewTable,
    RenamedColumn, TableHold,
};
use ese_engine::table::MoveGrbit;
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::stage::{Opened, Stage, jet, long};

const DENY_WRITE: u32 = 1;
const DENY_READ: u32 = 2;
const READ_ONLY: u32 = 4;
const PERMIT_DDL: u32 = 0x10;

fn index<'a>(name: &'a str, key: &'a str, grbit: u32) -> NewIndex<'a> {
    NewIndex { name: name.as_bytes(), key: key.as_bytes(), grbit, ..NewIndex::default() }
}

fn column<'a>(name: &'a str, column_type: u32, grbit: u32) -> NewColumn<'a> {
    NewColumn { name: name.as_bytes(), column_type, grbit, ..NewColumn::default() }
}

/// The table `t` of spec 09 §15: d e id lb n s v; indexes in iv pk us; rows 1 to 5.
fn fixture(stage: &Stage, session: &mut Session) {
    let defaulted = NewColumn { default: NewDefault::Value(&[7, 0, 0, 0]), ..long("d") };
    let escrow = NewColumn { default: NewDefault::Value(&[0; 4]), ..column("e", 4, 0x800) };
    let columns = [
        column("id", 4, 0x4),
        long("v"),
        column("s", 10, 0),
        defaulted,
        escrow,
        column("n", 4, 0x2),
        column("lb", 11, 0),
    ];
    let indexes = [
        index("pk", "+id\0\0", 2),
        index("iv", "+v\0\0", 0),
        index("us", "+s\0\0", 1),
        index("in", "+n\0\0", 8),
    ];
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let mut opened = stage.create(session, &new).expect("the fixture");
    let ids: Vec<ColumnId> =
        ["id", "v", "s"].map(|name| opened.column(session, name).expect("a column")).to_vec();
    for (id, v, s) in [(1, 10, "a"), (2, 20, "b"), (3, 20, "c"), (4, 30, "d"), (5, 40, "e")] {
        let (id, v) = (i32::to_le_bytes(id), i32::to_le_bytes(v));
        opened.insert(session, &[(ids[0], &id), (ids[1], &v), (ids[2], s.as_bytes())]).expect("a new record");
    }
}

struct Scene {
    stage: Stage,
    session: Session,
    second: Session,
}

impl Scene {
    fn new() -> Self {
        let stage = Stage::new(PageSize::K4);
        let (mut session, second) = (stage.session(), stage.session());
        fixture(&stage, &mut session);
        Self { stage, session, second }
    }

    fn open(&mut self, grbit: u32) -> Opened {
        self.stage.open(&mut self.session, "t", grbit).expect("the table is there")
    }

    fn names(&self, session: &Session) -> Vec<String> {
        let objects = self.stage.catalog.objects(session).expect("a sound catalog");
        objects.into_iter().map(|object| String::from_utf8(object.name).expect("ASCII")).collect()
    }
}

#[test]
fn row_178_a_name_is_taken() {
    let mut scene = Scene::new();
    let creation =
        scene.stage.catalog.create_table(&mut scene.session, &NewTable { name: b"T", ..NewTable::default() });
    assert_eq!((jet(creation.table), creation.created), (Some(JetError::TABLE_DUPLICATE), 1));
    scene.stage.check();
}

#[test]
fn row_179_names() {
    let mut scene = Scene::new();
    let long_name = "x".repeat(65);
    let blank = format!("{} ", "y".repeat(64));
    for name in ["", " x", "a.b", &long_name, &blank, "a!b", "a[b", "a]b", "a\u{1}b"] {
        let new = NewTable { name: name.as_bytes(), ..NewTable::default() };
        let creation = scene.stage.catalog.create_table(&mut scene.session, &new);
        assert_eq!((jet(creation.table), creation.created), (Some(JetError::INVALID_NAME), 0), "{name:?}");
    }
    for (name, stored) in [(&b"x "[..], &b"x"[..]), (b"a/b", b"a/b"), (b"\xE4", b"\xE4")] {
        let new = NewTable { name, ..NewTable::default() };
        let opened = scene.stage.create(&mut scene.session, &new).expect("a good name");
        assert_eq!(opened.cursor.table().schema().definition().name.as_bytes(), stored);
    }
}

#[test]
fn row_180_a_new_table_is_its_creators_alone() {
    let mut scene = Scene::new();
    let columns = [long("a"), column("b", 9, 0)];
    let indexes = [index("x", "+a\0\0", 2)];
    let new = NewTable { name: b"u", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let creation = scene.stage.catalog.create_table(&mut scene.session, &new);
    assert_eq!(creation.created, 4);
    assert_eq!(creation.column_ids, [ColumnId::own(1), ColumnId::own(128)]);
    let opened = creation.table.expect("a new table");
    let refused = scene.stage.open(&mut scene.second, "u", 0);
    assert_eq!(jet(refused), Some(JetError::TABLE_LOCKED));
    for grbit in [0, READ_ONLY, DENY_WRITE, DENY_READ] {
        scene.stage.open(&mut scene.session, "u", grbit).expect("the own session opens it in every way");
    }
    drop(opened);
    scene.stage.open(&mut scene.second, "u", 0).expect("it is closed now");
    scene.stage.check();
}

#[test]
fn rows_181_and_332_a_creation_that_fails_leaves_nothing_and_says_how_far_it_came() {
    let mut scene = Scene::new();
    let before = scene.names(&scene.session);
    let (good, bad) = (long("a"), column("b", 99, 0));
    let indexes = [index("x", "+a\0\0", 0)];
    let new = NewTable { name: b"u", columns: &[good, bad], indexes: &indexes, ..NewTable::default() };
    let creation = scene.stage.catalog.create_table(&mut scene.session, &new);
    assert_eq!(jet(creation.table), Some(JetError::INVALID_COLUMN_TYPE));
    assert_eq!(creation.created, 2);
    assert_eq!(creation.columns, [ItemOutcome::Done, ItemOutcome::Failed(JetError::INVALID_COLUMN_TYPE)]);
    assert_eq!(creation.indexes, [ItemOutcome::Untouched]);
    let twice = NewTable { name: b"u", columns: &[long("a"), long("A")], ..NewTable::default() };
    let creation = scene.stage.catalog.create_table(&mut scene.session, &twice);
    assert_eq!((jet(creation.table), creation.created), (Some(JetError::COLUMN_DUPLICATE), 3));
    assert_eq!(creation.columns, [ItemOutcome::Done, ItemOutcome::Done]);
    let nowhere = [index("x", "+q\0\0", 0)];
    let columns = [long("a"), long("b")];
    let new = NewTable { name: b"u", columns: &columns, indexes: &nowhere, ..NewTable::default() };
    let creation = scene.stage.catalog.create_table(&mut scene.session, &new);
    assert_eq!((jet(creation.table), creation.created), (Some(JetError::COLUMN_NOT_FOUND), 3));
    assert_eq!(creation.indexes, [ItemOutcome::Failed(JetError::COLUMN_NOT_FOUND)]);
    assert_eq!(scene.names(&scene.session), before);
    let database = scene.stage.check();
    assert_eq!(database.tables().expect("a sound catalog").len(), 5);
}

#[test]
fn rows_182_to_184_and_the_access_of_cursors() {
    let mut scene = Scene::new();
    let plain = scene.open(0);
    assert_eq!(jet(scene.stage.open(&mut scene.second, "t", DENY_READ)), Some(JetError::TABLE_IN_USE));
    drop(plain);
    let exclusive = scene.open(DENY_READ);
    assert_eq!(jet(scene.stage.open(&mut scene.second, "t", 0)), Some(JetError::TABLE_LOCKED));
    drop(exclusive);
    for grbit in [PERMIT_DDL, DENY_READ | READ_ONLY, READ_ONLY | 8, 0x1000_0000, 0x2000_0000] {
        let refused = scene.stage.open(&mut scene.session, "t", grbit);
        assert_eq!(jet(refused), Some(JetError::INVALID_GRBIT), "{grbit:#x}");
    }
    let missing = scene.stage.open(&mut scene.session, "nowhere", 0);
    assert_eq!(jet(missing), Some(JetError::OBJECT_NOT_FOUND));
}

#[test]
fn row_185_deleting_tables() {
    let mut scene = Scene::new();
    let opened = scene.open(0);
    let catalog = std::sync::Arc::clone(&scene.stage.catalog);
    assert_eq!(jet(catalog.delete_table(&mut scene.session, b"t")), Some(JetError::TABLE_IN_USE));
    assert_eq!(jet(catalog.delete_table(&mut scene.second, b"t")), Some(JetError::TABLE_IN_USE));
    for system in ["MSysObjects", "MSysObjectsShadow", "MSysObjids", "MSysLocales"] {
        let refused = catalog.delete_table(&mut scene.session, system.as_bytes());
        assert_eq!(jet(refused), Some(JetError::CANNOT_DELETE_SYSTEM_TABLE));
    }
    drop(opened);
    catalog.delete_table(&mut scene.session, b"t").expect("nobody has it open");
    assert_eq!(jet(catalog.delete_table(&mut scene.session, b"t")), Some(JetError::OBJECT_NOT_FOUND));
    let database = scene.stage.check();
    let root = ese_engine::space::TreeSpace::read(&database.root_tree().expect("page 1")).expect("space");
    assert_eq!(root.available_pages(), 224, "all pages of the table are free again");
}

#[test]
fn section_5_6_a_deleted_table_until_the_end_of_the_transaction() {
    let mut scene = Scene::new();
    let catalog = std::sync::Arc::clone(&scene.stage.catalog);
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    catalog.delete_table(&mut scene.session, b"t").expect("nobody has it open");
    assert_eq!(jet(scene.stage.open(&mut scene.session, "t", 0)), Some(JetError::OBJECT_NOT_FOUND));
    assert_eq!(jet(scene.stage.open(&mut scene.second, "t", 0)), Some(JetError::TABLE_LOCKED));
    let new = NewTable { name: b"t", ..NewTable::default() };
    assert_eq!(jet(scene.stage.create(&mut scene.second, &new)), Some(JetError::TABLE_DUPLICATE));
    drop(scene.stage.create(&mut scene.session, &new).expect("the deleter may take the name"));
    scene.session.rollback().expect("a rollback");
    let mut opened = scene.stage.open(&mut scene.second, "t", 0).expect("it is back");
    let id = opened.column(&scene.second, "id").expect("a column");
    opened.cursor.move_last(&mut scene.second).expect("five rows");
    assert_eq!(opened.get(&mut scene.second, id).expect("a value"), Some(vec![5, 0, 0, 0]));
    drop(opened);
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    catalog.delete_table(&mut scene.session, b"t").expect("nobody has it open");
    scene.session.commit(CommitOptions::DURABLE).expect("a commit");
    assert_eq!(jet(scene.stage.open(&mut scene.second, "t", 0)), Some(JetError::OBJECT_NOT_FOUND));
    scene.stage.check();
}

#[test]
fn section_5_6_a_created_table_until_the_end_of_the_transaction() {
    let mut scene = Scene::new();
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    let new = NewTable { name: b"u", columns: &[long("a")], ..NewTable::default() };
    drop(scene.stage.create(&mut scene.session, &new).expect("a new name"));
    assert_eq!(jet(scene.stage.open(&mut scene.second, "u", 0)), Some(JetError::OBJECT_NOT_FOUND));
    assert_eq!(jet(scene.stage.create(&mut scene.second, &new)), Some(JetError::TABLE_DUPLICATE));
    drop(scene.stage.open(&mut scene.session, "u", 0).expect("the own session sees it"));
    scene.session.rollback().expect("a rollback");
    assert_eq!(jet(scene.stage.open(&mut scene.session, "u", 0)), Some(JetError::OBJECT_NOT_FOUND));
    drop(scene.stage.create(&mut scene.second, &new).expect("the name is free"));
    // A transaction that began before does not see it.
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    let later = NewTable { name: b"w", ..NewTable::default() };
    drop(scene.stage.create(&mut scene.second, &later).expect("a new name"));
    assert_eq!(jet(scene.stage.open(&mut scene.session, "w", 0)), Some(JetError::OBJECT_NOT_FOUND));
    scene.session.commit(CommitOptions::DURABLE).expect("a commit");
    scene.stage.open(&mut scene.session, "w", 0).expect("it is there now");
    scene.stage.check();
}

#[test]
fn rows_186_to_190_and_324_columns() {
    let mut scene = Scene::new();
    let mut opened = scene.open(0);
    let session = &mut scene.session;
    let stage = &scene.stage;
    opened.cursor.move_first(session).expect("rows");
    let duplicate = opened.add_column(stage, session, &long("V"));
    assert_eq!(jet(duplicate), Some(JetError::COLUMN_DUPLICATE));
    let nine = NewColumn { default: NewDefault::Value(&[9, 0, 0, 0]), ..long("nine") };
    let nine = opened.add_column(stage, session, &nine).expect("a new column");
    opened.cursor.refresh_schema(session).expect("the table is there");
    opened.cursor.move_first(session).expect("rows");
    assert_eq!(opened.get(session, nine).expect("a value"), Some(vec![9, 0, 0, 0]));
    for name in ["v", "s"] {
        let refused = stage.catalog.delete_column(session, &opened.hold, name.as_bytes(), ColumnScope::All);
        assert_eq!(jet(refused), Some(JetError::COLUMN_IN_USE), "{name}");
    }
    let missing = stage.catalog.delete_column(session, &opened.hold, b"q", ColumnScope::All);
    assert_eq!(jet(missing), Some(JetError::COLUMN_NOT_FOUND));
    stage.catalog.delete_column(session, &opened.hold, b"d", ColumnScope::All).expect("nobody uses d");
    assert_eq!(opened.column(session, "d"), None);
    let again = opened.add_column(stage, session, &long("d")).expect("the name is free");
    opened.cursor.refresh_schema(session).expect("the table is there");
    opened.cursor.move_first(session).expect("rows");
    assert_eq!(opened.get(session, again).expect("no value"), None, "never the old data");
    let text = NewColumn { bytes_max: 300, ..column("wide", 10, 0) };
    let table = opened.cursor.table().clone();
    let added = stage.catalog.add_column(session, &table, &opened.hold, &text).expect("a new column");
    assert_eq!(added.maximum, ese_engine::catalog::ColumnMaximum::Cut);
    opened.cursor.refresh_schema(session).expect("the table is there");
    let told = opened.cursor.table().schema().column_information_named(b"wide").expect("it is there");
    assert_eq!(told.bytes_max, 255);
    let refused = opened.add_column(stage, session, &column("z", 4, 3));
    assert_eq!(jet(refused), Some(JetError::INVALID_GRBIT));
    drop(opened);
    stage.check();
}

#[test]
fn section_10_3_what_columns_may_be() {
    let mut scene = Scene::new();
    let mut opened = scene.open(DENY_READ);
    let default = NewDefault::Value(&[1, 0, 0, 0]);
    let long_default = [7; 256];
    let with = |column: NewColumn<'static>, default: NewDefault<'static>| NewColumn { default, ..column };
    let cases = [
        (NewColumn { bytes_max: 0x8000_0000, ..column("x", 11, 0) }, JetError::INVALID_PARAMETER),
        (column("x", 0, 0), JetError::INVALID_COLUMN_TYPE),
        (column("x", 13, 0), JetError::INVALID_COLUMN_TYPE),
        (column("x", 19, 0), JetError::INVALID_COLUMN_TYPE),
        (NewColumn { code_page: 437, ..column("x", 10, 0) }, JetError::INVALID_CODE_PAGE),
        (column("x", 4, 0x8_0000), JetError::COLUMN_CANNOT_BE_COMPRESSED),
        (column("x", 4, 0x10_0000), JetError::COLUMN_CANNOT_BE_ENCRYPTED),
        (column("x", 11, 0x10_0400), JetError::COLUMN_CANNOT_BE_ENCRYPTED),
        (column("x", 11, 0x1), JetError::INVALID_GRBIT),
        (column("x", 4, 0x400), JetError::MULTI_VALUED_COLUMN_MUST_BE_TAGGED),
        (column("x", 4, 0x800), JetError::INVALID_GRBIT),
        (with(column("x", 3, 0x800), default), JetError::INVALID_GRBIT),
        (with(column("x", 4, 0x802), default), JetError::CANNOT_BE_TAGGED),
        (with(column("x", 4, 0x800), default), JetError::TABLE_NOT_EMPTY),
        (with(column("x", 4, 0x2_4800), default), JetError::INVALID_GRBIT),
        (column("x", 4, 0x4000), JetError::INVALID_GRBIT),
        (column("x", 3, 0x10), JetError::INVALID_GRBIT),
        (column("x", 4, 0x18), JetError::INVALID_GRBIT),
        (column("x", 15, 0x8), JetError::INVALID_GRBIT),
        (column("x", 4, 0x12), JetError::CANNOT_BE_TAGGED),
        (column("x", 11, 0x8004), JetError::INVALID_GRBIT),
        (column("x", 11, 0x8000), JetError::INVALID_PARAMETER),
        (with(column("x", 4, 0), NewDefault::Value(&[0; 5])), JetError::DEFAULT_VALUE_TOO_BIG),
        (
            NewColumn { default: NewDefault::Value(&long_default), ..column("x", 11, 0) },
            JetError::DEFAULT_VALUE_TOO_BIG,
        ),
    ];
    for (place, (new, expected)) in cases.iter().enumerate() {
        let refused = opened.add_column(&scene.stage, &mut scene.session, new);
        assert_eq!(jet(refused), Some(*expected), "case {place}: {new:?}");
    }
    let unknown_bits = column("x", 4, 0x8000_0000);
    opened.add_column(&scene.stage, &mut scene.session, &unknown_bits).expect("unknown bits are ignored");
    drop(opened);
    let mut plain = scene.open(0);
    for new in [column("y", 4, 0x10), with(column("y", 4, 0x800), default)] {
        let refused = plain.add_column(&scene.stage, &mut scene.session, &new);
        assert_eq!(jet(refused), Some(JetError::EXCLUSIVE_TABLE_LOCK_REQUIRED));
    }
    drop(plain);
    let two = [column("a", 4, 0x10), column("b", 15, 0x10)];
    let new = NewTable { name: b"u", columns: &two, ..NewTable::default() };
    assert_eq!(jet(scene.stage.create(&mut scene.session, &new)), Some(JetError::COLUMN_REDUNDANT));
    let many: Vec<String> = (0..128).map(|number| format!("c{number}")).collect();
    let many: Vec<NewColumn<'_>> = many.iter().map(|name| column(name, 1, 0)).collect();
    let new = NewTable { name: b"u", columns: &many, ..NewTable::default() };
    assert_eq!(jet(scene.stage.create(&mut scene.session, &new)), Some(JetError::TOO_MANY_COLUMNS));
    let names: Vec<String> = (0..16).map(|number| format!("c{number}")).collect();
    let wide: Vec<NewColumn<'_>> = names.iter().map(|name| column(name, 9, 0x1)).collect();
    let new = NewTable { name: b"u", columns: &wide, ..NewTable::default() };
    assert_eq!(jet(scene.stage.create(&mut scene.session, &new)), Some(JetError::RECORD_TOO_BIG));
    scene.stage.check();
}

#[test]
fn row_331_an_autoincrement_column_numbers_the_records() {
    let mut scene = Scene::new();
    let mut opened = scene.open(DENY_READ);
    let session = &mut scene.session;
    let number = opened.add_column(&scene.stage, session, &column("number", 4, 0x10)).expect("exclusive");
    let id = opened.column(session, "id").expect("a column");
    for expected in 1..=5u8 {
        if expected == 1 {
            opened.cursor.move_first(session).expect("rows");
        } else {
            opened.cursor.move_by(session, 1, MoveGrbit::empty()).expect("rows");
        }
        assert_eq!(opened.get(session, number).expect("a value"), Some(vec![expected, 0, 0, 0]));
    }
    opened.insert(session, &[(id, &[6, 0, 0, 0])]).expect("a new record");
    opened.cursor.move_last(session).expect("rows");
    assert_eq!(opened.get(session, number).expect("a value"), Some(vec![6, 0, 0, 0]));
    drop(opened);
    scene.stage.check();
}

#[test]
fn row_328_another_default() {
    let stage = Stage::new(PageSize::K4);
    let mut session = stage.session();
    let with =
        |name, grbit| NewColumn { default: NewDefault::Value(&[1, 0, 0, 0]), ..column(name, 4, grbit) };
    let variable = NewColumn { default: NewDefault::Value(b"old"), ..column("variable", 10, 0) };
    let columns = [long("id"), with("fixed", 0), variable, with("tagged", 2)];
    let indexes = [index("pk", "+id\0\0", 2)];
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let mut opened = stage.create(&mut session, &new).expect("a new table");
    let id = opened.column(&session, "id").expect("a column");
    opened.insert(&mut session, &[(id, &[1, 0, 0, 0])]).expect("a record");
    let change = |session: &mut Session, name: &[u8], value: &[u8]| {
        stage.catalog.set_column_default(session, b"t", name, value)
    };
    change(&mut session, b"fixed", &[2, 0, 0, 0]).expect("own cursors do not matter");
    change(&mut session, b"variable", b"new").expect("own cursors do not matter");
    change(&mut session, b"tagged", &[2, 0, 0, 0]).expect("own cursors do not matter");
    assert_eq!(jet(change(&mut session, b"fixed", &[1])), Some(JetError::INVALID_BUFFER_SIZE));
    assert_eq!(jet(change(&mut session, b"fixed", &[])), Some(JetError::NULL_INVALID));
    assert_eq!(jet(change(&mut session, b"id", &[1, 0, 0, 0])), Some(JetError::COLUMN_IN_USE));
    assert_eq!(jet(change(&mut session, b"q", &[1, 0, 0, 0])), Some(JetError::COLUMN_NOT_FOUND));
    opened.insert(&mut session, &[(id, &[2, 0, 0, 0])]).expect("a record");
    let mut row = |session: &mut Session| {
        ["fixed", "variable", "tagged"].map(|name| {
            let column = opened.column(session, name).expect("a column");
            opened.get(session, column).expect("a value").expect("not NULL")[0]
        })
    };
    assert_eq!(
        row(&mut session),
        [1, b'o', 2],
        "a record keeps what it was made with, but for tagged columns"
    );
    opened.cursor.move_last(&mut session).expect("rows");
    let mut row = |session: &mut Session| {
        ["fixed", "variable", "tagged"].map(|name| {
            let column = opened.column(session, name).expect("a column");
            opened.get(session, column).expect("a value").expect("not NULL")[0]
        })
    };
    assert_eq!(row(&mut session), [2, b'n', 2]);
    let mut second = stage.session();
    drop(opened);
    let held = stage.open(&mut second, "t", 0).expect("closed");
    assert_eq!(jet(change(&mut session, b"fixed", &[3, 0, 0, 0])), Some(JetError::TABLE_IN_USE));
    drop(held);
    stage.check();
}

#[test]
fn rows_192_to_197_and_334_indexes() {
    let mut scene = Scene::new();
    let mut opened = scene.open(0);
    let session = &mut scene.session;
    let stage = &scene.stage;
    let seventeen = "+v\0".repeat(17) + "\0";
    let sixteen = "+v\0".repeat(16) + "\0";
    let limits = |limits| NewIndex { tuple_limits: Some(limits), ..index("x", "+s\0\0", 0x3000) };
    let condition = [NewCondition { column: b"n", grbit: 1 }];
    let bad_condition = [NewCondition { column: b"n", grbit: 3 }];
    let cases = [
        (index("x", "v\0\0", 0), JetError::INDEX_INVALID_DEF),
        (index("x", "", 0), JetError::INVALID_PARAMETER),
        (index("x", "+v\0", 0), JetError::INDEX_INVALID_DEF),
        (index("x", "+v\0\0\u{9}\u{4}", 0), JetError::INDEX_INVALID_DEF),
        (index("x", "+q\0\0", 0), JetError::COLUMN_NOT_FOUND),
        (index("x", "+\0\0", 0), JetError::COLUMN_NOT_FOUND),
        (index("x", &seventeen, 0), JetError::INDEX_INVALID_DEF),
        (index("x", "+v\0\0", 1), JetError::KEY_DUPLICATE),
        (index("x", "+v\0\0", 2), JetError::INDEX_HAS_PRIMARY),
        (index("x", "+n\0\0", 4), JetError::NULL_KEY_DISALLOWED),
        (index("iv", "+v\0\0", 0), JetError::INDEX_DUPLICATE),
        (index("x", "+e\0\0", 0), JetError::CANNOT_INDEX),
        (index("x", "+v\0\0", 0xA), JetError::INVALID_GRBIT),
        (index("x", "+v\0\0", 0x2_4000), JetError::INVALID_GRBIT),
        (index("x", "+v\0\0", 0x40_0001), JetError::INVALID_GRBIT),
        (
            index("x", "+v\0\0", 0x40_0000),
            JetError::ENGINE_FORMAT_VERSION_PARAM_TOO_LOW_FOR_REQUESTED_FEATURE,
        ),
        (index("x", "+v\0\0", 0x100), JetError::INVALID_GRBIT),
        (index("x", "+d\0\0", 0x120), JetError::INDEX_INVALID_DEF),
        (NewIndex { key_most: 100, ..index("x", "+v\0\0", 0x8000) }, JetError::INDEX_INVALID_DEF),
        (NewIndex { key_most: 1001, ..index("x", "+v\0\0", 0x8000) }, JetError::INDEX_INVALID_DEF),
        (NewIndex { var_seg_mac: 256, ..index("x", "+s\0\0", 0) }, JetError::INDEX_INVALID_DEF),
        (NewIndex { density: 10, ..index("x", "+v\0\0", 0) }, JetError::DENSITY_INVALID),
        (index("x", "+v\0\0", 0x800), JetError::INDEX_INVALID_DEF),
        (index("x", "+v\0\0", 0x1000), JetError::INDEX_TUPLES_TEXT_BINARY_COLUMNS_ONLY),
        (index("x", "+s\0\0", 0x1001), JetError::INDEX_TUPLES_NON_UNIQUE_ONLY),
        (index("x", "+s\0\0", 0x1002), JetError::INDEX_TUPLES_SECONDARY_INDEX_ONLY),
        (
            NewIndex { var_seg_mac: 9, ..index("x", "+s\0\0", 0x1000) },
            JetError::INDEX_TUPLES_VAR_SEG_MAC_NOT_ALLOWED,
        ),
        (limits([1, 10, 5, 1, 0]), JetError::INDEX_TUPLES_INVALID_LIMITS),
        (limits([5, 4, 5, 1, 0]), JetError::INDEX_TUPLES_INVALID_LIMITS),
        (NewIndex { conditions: &bad_condition, ..index("x", "+v\0\0", 0) }, JetError::INVALID_GRBIT),
        (NewIndex { conditions: &condition, ..index("x", "+v\0\0", 2) }, JetError::INDEX_INVALID_DEF),
    ];
    for (place, (new, expected)) in cases.iter().enumerate() {
        let refused = opened.create_index(stage, session, new);
        assert_eq!(jet(refused), Some(*expected), "case {place}: {new:?}");
    }
    opened.create_index(stage, session, &index("sixteen", &sixteen, 0)).expect("16 columns, one of them");
    opened
        .create_index(stage, session, &index("unsigned", "+v\0n\0\0", 0))
        .expect("later names need no sign");
    opened.create_index(stage, session, &index("empty", "+v\0\0", 0x120)).expect("empty and ignoring NULLs");
    opened
        .create_index(
            stage,
            session,
            &NewIndex { conditions: &condition, ..index("conditional", "-v\0\0", 0) },
        )
        .expect("a conditional index");
    let drop_index = |session: &mut Session, opened: &Opened, name: &[u8]| {
        stage.catalog.delete_index(session, &opened.hold, name)
    };
    assert_eq!(jet(drop_index(session, &opened, b"pk")), Some(JetError::INDEX_MUST_STAY));
    assert_eq!(jet(drop_index(session, &opened, b"q")), Some(JetError::INDEX_NOT_FOUND));
    let objid = opened.cursor.table().schema().indexes().iter().find(|index| index.name.is(b"iv"));
    let objid = objid.expect("the index iv").objid;
    let mut other = scene.stage.open(&mut scene.second, "t", 0).expect("not exclusive");
    other.hold.set_current_index(Some(objid));
    assert_eq!(jet(drop_index(session, &opened, b"iv")), Some(JetError::INDEX_IN_USE));
    other.hold.set_current_index(None);
    opened.hold.set_current_index(Some(objid));
    assert_eq!(jet(drop_index(session, &opened, b"iv")), Some(JetError::INDEX_IN_USE));
    opened.hold.set_current_index(None);
    drop_index(session, &opened, b"iv").expect("nobody uses it");
    other.cursor.refresh_schema(&scene.second).expect("the table is there");
    assert!(other.cursor.table().schema().index_information_named(b"iv").is_err());
    drop_index(session, &opened, b"empty").expect("an index that lacks its entries is no verifier's joy");
    drop((opened, other));
    scene.stage.check();
}

#[test]
fn rows_198_and_330_fixed_tables() {
    let mut scene = Scene::new();
    let new = NewTable { name: b"f", columns: &[long("a")], grbit: 1, ..NewTable::default() };
    let mut creating = scene.stage.create(&mut scene.session, &new).expect("a new table");
    creating.add_column(&scene.stage, &mut scene.session, &long("b")).expect("the creating cursor may");
    let deleted =
        scene.stage.catalog.delete_column(&mut scene.session, &creating.hold, b"b", ColumnScope::All);
    assert_eq!(jet(deleted), Some(JetError::FIXED_DDL));
    drop(creating);
    scene.stage.transactions.clean().expect("nothing is in the way");
    let mut plain = scene.stage.open(&mut scene.session, "f", 0).expect("closed");
    let refused = plain.add_column(&scene.stage, &mut scene.session, &long("c"));
    assert_eq!(jet(refused), Some(JetError::FIXED_DDL));
    let refused = plain.create_index(&scene.stage, &mut scene.session, &index("x", "+a\0\0", 0));
    assert_eq!(jet(refused), Some(JetError::FIXED_DDL));
    drop(plain);
    let mut permitted =
        scene.stage.open(&mut scene.session, "f", PERMIT_DDL | DENY_READ).expect("nothing is pending");
    permitted.add_column(&scene.stage, &mut scene.session, &long("c")).expect("permitted");
    permitted.create_index(&scene.stage, &mut scene.session, &index("x", "+a\0\0", 0)).expect("permitted");
    let deleted = scene.stage.catalog.delete_index(&mut scene.session, &permitted.hold, b"x");
    assert_eq!(jet(deleted), Some(JetError::FIXED_DDL));
    let renamed = scene.stage.catalog.rename_table(&mut scene.session, b"f", b"g");
    assert_eq!(jet(renamed), Some(JetError::FIXED_DDL));
    drop(permitted);
    scene.stage.check();
}

#[test]
fn row_199_template_and_derived_tables() {
    let mut scene = Scene::new();
    let session = &mut scene.session;
    let stage = &scene.stage;
    let columns = [long("a"), column("b", 10, 0), column("c", 11, 0)];
    let indexes = [index("pk", "+a\0\0", 2), index("ib", "+b\0\0", 0)];
    let template =
        NewTable { name: b"base", columns: &columns, indexes: &indexes, grbit: 2, ..NewTable::default() };
    drop(stage.create(session, &template).expect("a template"));
    let derived = |name| NewTable { name, template: Some(b"base"), ..NewTable::default() };
    let own = [long("own"), column("tagged", 11, 0)];
    let new = NewTable { columns: &own, ..derived(b"d") };
    let creation = stage.catalog.create_table(session, &new);
    assert_eq!(creation.column_ids, [ColumnId::own(2), ColumnId::own(256)]);
    drop(creation.table.expect("a derived table"));
    let mut opened = stage.open(session, "d", 0).expect("closed");
    let schema = opened.cursor.table().schema();
    let told = schema.column_information(ColumnOrder::Id);
    let ids: Vec<u32> = told.iter().map(|column| column.id.to_api()).collect();
    assert_eq!(ids, [2, 256, 0x8000_0001, 0x8000_0080, 0x8000_0100]);
    assert_eq!(schema.column_information_named(b"a").expect("inherited").base_table, b"base");
    assert_eq!(schema.template_name(), b"base");
    assert_eq!(schema.index_information().len(), 2);
    let refused = stage.catalog.delete_column(session, &opened.hold, b"a", ColumnScope::All);
    assert_eq!(jet(refused), Some(JetError::FIXED_INHERITED_DDL));
    let refused = stage.catalog.delete_column(session, &opened.hold, b"a", ColumnScope::Own);
    assert_eq!(jet(refused), Some(JetError::COLUMN_NOT_FOUND));
    let refused = stage.catalog.delete_index(session, &opened.hold, b"ib");
    assert_eq!(jet(refused), Some(JetError::FIXED_INHERITED_DDL));
    let refused = opened.add_column(stage, session, &long("A"));
    assert_eq!(jet(refused), Some(JetError::COLUMN_DUPLICATE));
    opened.add_column(stage, session, &long("more")).expect("derived tables grow");
    opened.create_index(stage, session, &index("io", "-own\0+b\0\0", 0)).expect("derived tables get indexes");
    let a = opened.column(session, "a").expect("inherited");
    let more = opened.column(session, "more").expect("own");
    opened.insert(session, &[(a, &[1, 0, 0, 0]), (more, &[2, 0, 0, 0])]).expect("a record");
    let refused = stage.catalog.delete_table(session, b"base");
    assert_eq!(jet(refused), Some(JetError::CANNOT_DELETE_TEMPLATE_TABLE));
    assert_eq!(jet(stage.create(session, &derived(b"d"))), Some(JetError::TABLE_DUPLICATE));
    let no_template = NewTable { template: Some(b"t"), ..derived(b"x") };
    assert_eq!(jet(stage.create(session, &no_template)), Some(JetError::DDL_NOT_INHERITABLE));
    let nested = NewTable { grbit: 2, ..derived(b"x") };
    assert_eq!(jet(stage.create(session, &nested)), Some(JetError::CANNOT_NEST_DDL));
    let missing = NewTable { template: Some(b"q"), ..derived(b"x") };
    assert_eq!(jet(stage.create(session, &missing)), Some(JetError::OBJECT_NOT_FOUND));
    let reserved = NewTable { grbit: 4, ..derived(b"x") };
    assert_eq!(jet(stage.create(session, &reserved)), Some(JetError::INVALID_GRBIT));
    drop(opened);
    stage.check();
}

#[test]
fn rows_200_326_and_327_renaming() {
    let mut scene = Scene::new();
    let opened = scene.open(0);
    let catalog = std::sync::Arc::clone(&scene.stage.catalog);
    let rename = |session: &mut Session, name: &[u8], new: &[u8]| {
        catalog.rename_column(session, &opened.hold, name, new, RenamedColumn::Same)
    };
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    assert_eq!(jet(rename(&mut scene.session, b"v", b"w")), Some(JetError::IN_TRANSACTION));
    catalog.rename_table(&mut scene.session, b"t", b"inside").expect("tables are renamed in transactions");
    scene.session.rollback().expect("a rollback");
    assert_eq!(jet(rename(&mut scene.session, b"v", b"id")), Some(JetError::KEY_DUPLICATE));
    assert_eq!(jet(rename(&mut scene.session, b"q", b"w")), Some(JetError::COLUMN_NOT_FOUND));
    assert_eq!(jet(rename(&mut scene.session, b"v", b"")), Some(JetError::INVALID_NAME));
    rename(&mut scene.session, b"v", b"V").expect("another case");
    rename(&mut scene.session, b"V", b"w").expect("indexed columns are renamed too");
    let refused = catalog.rename_table(&mut scene.session, b"t", b"MSysLocales");
    assert_eq!(jet(refused), Some(JetError::KEY_DUPLICATE));
    let refused = catalog.rename_table(&mut scene.session, b"MSysLocales", b"u");
    assert_eq!(jet(refused), Some(JetError::FIXED_DDL));
    catalog.rename_table(&mut scene.session, b"t", b"u").expect("open cursors do not matter");
    catalog.rename_table(&mut scene.second, b"u", b"U").expect("another session, another case");
    assert_eq!(jet(catalog.rename_table(&mut scene.second, b"t", b"x")), Some(JetError::OBJECT_NOT_FOUND));
    let mut opened = opened;
    assert!(opened.column(&scene.session, "w").is_some());
    assert_eq!(opened.cursor.table().schema().name(), "U");
    drop(opened);
    scene.stage.check();
}

#[test]
fn rows_201_to_204_information() {
    let mut scene = Scene::new();
    let opened = scene.open(0);
    let names = scene.names(&scene.session);
    assert_eq!(names, ["MSysLocales", "MSysObjects", "MSysObjectsShadow", "MSysObjids", "t"]);
    let flags: Vec<u32> = scene
        .stage
        .catalog
        .objects(&scene.session)
        .expect("a sound catalog")
        .iter()
        .map(|object| object.flags)
        .collect();
    assert_eq!(flags, [0x8800_0000, 0xC000_0000, 0xC000_0000, 0xC800_0000, 0]);
    let schema = std::sync::Arc::clone(opened.cursor.table().schema());
    let columns: Vec<Vec<u8>> =
        schema.column_information(ColumnOrder::Name).into_iter().map(|column| column.name).collect();
    assert_eq!(columns, [&b"d"[..], b"e", b"id", b"lb", b"n", b"s", b"v"]);
    let told = |schema: &ese_engine::catalog::TableSchema| -> Vec<(String, u32, u32, u32)> {
        let indexes = schema.index_information().into_iter();
        indexes
            .map(|index| {
                (String::from_utf8(index.name).expect("ASCII"), index.grbit.bits(), index.keys, index.entries)
            })
            .collect()
    };
    let row = |name: &str, grbit, keys, entries| (name.to_owned(), grbit, keys, entries);
    let expected = [row("in", 8, 0, 0), row("iv", 0, 0, 0), row("pk", 3, 0, 0), row("us", 1, 0, 0)];
    assert_eq!(told(&schema), expected);
    assert_eq!(schema.index_count(), 4);
    scene
        .stage
        .catalog
        .compute_statistics(&mut scene.session, opened.cursor.table(), &opened.hold)
        .expect("a sound table");
    let schema = scene.stage.catalog.schema_named(&scene.session, b"t").expect("it is there");
    let expected = [row("in", 8, 0, 0), row("iv", 0, 4, 5), row("pk", 3, 5, 5), row("us", 1, 5, 5)];
    assert_eq!(told(&schema), expected);
    assert_eq!(schema.object_information().records, 5);
    drop(opened);
    scene.stage.check();
}

#[test]
fn row_275_a_column_of_an_open_transaction() {
    let mut scene = Scene::new();
    let mut mine = scene.open(0);
    let mut other = scene.stage.open(&mut scene.second, "t", 0).expect("not exclusive");
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    let q = mine.add_column(&scene.stage, &mut scene.session, &column("q", 11, 0)).expect("a new column");
    assert_eq!(q, ColumnId::own(258));
    let refused = other.add_column(&scene.stage, &mut scene.second, &column("q", 11, 0));
    assert_eq!(jet(refused), Some(JetError::COLUMN_DUPLICATE));
    other.add_column(&scene.stage, &mut scene.second, &column("r", 11, 0)).expect("another column");
    assert_eq!(other.column(&scene.second, "q"), None);
    assert_eq!(mine.column(&scene.session, "r"), None, "it began before");
    assert!(mine.column(&scene.session, "q").is_some());
    scene.session.rollback().expect("a rollback");
    assert_eq!(mine.column(&scene.session, "q"), None);
    assert!(mine.column(&scene.session, "r").is_some());
    let again = mine.add_column(&scene.stage, &mut scene.session, &column("q", 11, 0)).expect("free again");
    assert_eq!(again, ColumnId::own(261), "numbers of failed and undone adds are lost");
    drop((mine, other));
    scene.stage.check();
}

#[test]
fn rows_276_and_277_indexes_of_open_transactions() {
    let mut scene = Scene::new();
    let mut mine = scene.open(0);
    let mut other = scene.stage.open(&mut scene.second, "t", 0).expect("not exclusive");
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    mine.create_index(&scene.stage, &mut scene.session, &index("ix", "+d\0\0", 0)).expect("a new index");
    let refused = other.create_index(&scene.stage, &mut scene.second, &index("ix", "+d\0\0", 0));
    assert_eq!(jet(refused), Some(JetError::INDEX_DUPLICATE));
    other.create_index(&scene.stage, &mut scene.second, &index("iy", "-d\0\0", 0)).expect("another index");
    let has = |opened: &mut Opened, session: &mut Session, name: &[u8]| {
        opened.cursor.refresh_schema(session).expect("the table is there");
        opened.cursor.table().schema().index_information_named(name).is_ok()
    };
    assert!(!has(&mut other, &mut scene.second, b"ix"));
    // What others change meanwhile is kept up in it.
    let id = other.column(&scene.second, "id").expect("a column");
    let s = other.column(&scene.second, "s").expect("a column");
    other.insert(&mut scene.second, &[(id, &[6, 0, 0, 0]), (s, b"6")]).expect("a record");
    scene.second.begin(BeginKind::ReadWrite).expect("level 1");
    scene.session.commit(CommitOptions::DURABLE).expect("a commit");
    assert!(!has(&mut other, &mut scene.second, b"ix"), "it began before");
    other.insert(&mut scene.second, &[(id, &[7, 0, 0, 0]), (s, b"7")]).expect("a record");
    scene.second.commit(CommitOptions::DURABLE).expect("a commit");
    assert!(has(&mut other, &mut scene.second, b"ix"));
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    scene.stage.catalog.delete_index(&mut scene.session, &mine.hold, b"ix").expect("nobody uses it");
    other.insert(&mut scene.second, &[(id, &[8, 0, 0, 0]), (s, b"8")]).expect("a record");
    scene.session.rollback().expect("a rollback");
    assert!(has(&mut other, &mut scene.second, b"ix"));
    drop((mine, other));
    scene.stage.check();
}

#[test]
fn row_278_a_deleted_column_is_there_for_older_transactions() {
    let mut scene = Scene::new();
    let mine = scene.open(0);
    let mut other = scene.stage.open(&mut scene.second, "t", 0).expect("not exclusive");
    let d = other.column(&scene.second, "d").expect("a column");
    scene.second.begin(BeginKind::ReadWrite).expect("level 1");
    scene
        .stage
        .catalog
        .delete_column(&mut scene.session, &mine.hold, b"d", ColumnScope::All)
        .expect("nobody uses d");
    other.cursor.move_first(&mut scene.second).expect("rows");
    assert_eq!(other.get(&mut scene.second, d).expect("still there"), Some(vec![7, 0, 0, 0]));
    scene.second.commit(CommitOptions::DURABLE).expect("a commit");
    assert_eq!(jet(other.get(&mut scene.second, d)), Some(JetError::COLUMN_NOT_FOUND));
    drop((mine, other));
    scene.stage.check();
}

#[test]
fn row_336_several_indexes_in_one_call() {
    let mut scene = Scene::new();
    let opened = scene.open(DENY_READ);
    let stage = &scene.stage;
    let table = opened.cursor.table().clone();
    let create = |session: &mut Session, hold: &TableHold, new: &[NewIndex<'_>]| {
        stage.catalog.create_indexes(session, &table, hold, new)
    };
    let good = [index("x", "+v\0\0", 0), index("y", "+d\0\0", 0)];
    create(&mut scene.session, &opened.hold, &good).result.expect("two new indexes");
    let bad = [index("z", "+d\0\0", 0), index("w", "+v\0\0", 1)];
    let creation = create(&mut scene.session, &opened.hold, &bad);
    assert_eq!(jet(creation.result), Some(JetError::KEY_DUPLICATE));
    let schema = stage.catalog.schema_named(&scene.session, b"t").expect("it is there");
    assert!(schema.index_information_named(b"z").is_err(), "none is left");
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    let creation = create(&mut scene.session, &opened.hold, &bad);
    assert_eq!(jet(creation.result), Some(JetError::IN_TRANSACTION));
    scene.session.rollback().expect("a rollback");
    let primary = [index("z", "+d\0\0", 0), index("w", "+v\0\0", 2)];
    let creation = create(&mut scene.session, &opened.hold, &primary);
    assert_eq!(jet(creation.result), Some(JetError::INVALID_GRBIT));
    drop(opened);
    let plain = scene.stage.open(&mut scene.session, "t", 0).expect("closed");
    for count in [0, 2] {
        let creation = create(&mut scene.session, &plain.hold, &bad[..count]);
        assert_eq!(jet(creation.result), Some(JetError::EXCLUSIVE_TABLE_LOCK_REQUIRED));
    }
    drop(plain);
    scene.stage.check();
}

#[test]
fn rows_337_and_338_a_table_without_a_primary_index() {
    let stage = Stage::new(PageSize::K4);
    let mut session = stage.session();
    let new = NewTable { name: b"t", columns: &[long("a")], ..NewTable::default() };
    let mut opened = stage.create(&mut session, &new).expect("a new table");
    let a = opened.column(&session, "a").expect("a column");
    opened.insert(&mut session, &[(a, &[1, 0, 0, 0])]).expect("a record");
    let refused = opened.create_index(&stage, &mut session, &index("pk", "+a\0\0", 2));
    assert_eq!(jet(refused), Some(JetError::TABLE_NOT_EMPTY));
    opened.create_index(&stage, &mut session, &index("ia", "+a\0\0", 0)).expect("a secondary index");
    opened.cursor.refresh_schema(&session).expect("the table is there");
    assert_eq!(opened.cursor.table().schema().index_count(), 2);
    assert_eq!(opened.cursor.table().schema().index_information().len(), 1);
    drop(opened);
    let empty = NewTable { name: b"u", columns: &[long("a")], ..NewTable::default() };
    let mut opened = stage.create(&mut session, &empty).expect("a new table");
    opened.create_index(&stage, &mut session, &index("pk", "+a\0\0", 2)).expect("an empty table");
    opened.cursor.refresh_schema(&session).expect("the table is there");
    let told = opened.cursor.table().schema().index_information_named(b"pk").expect("the index");
    assert_eq!(told.key_most, 5, "what Windows writes for one Long (spec 03 §9.3)");
    let a = opened.column(&session, "a").expect("a column");
    opened.insert(&mut session, &[(a, &[1, 0, 0, 0])]).expect("a record");
    assert_eq!(jet(opened.insert(&mut session, &[(a, &[1, 0, 0, 0])])), Some(JetError::KEY_DUPLICATE));
    drop(opened);
    stage.check();
}

#[test]
fn row_70_a_transaction_that_may_only_read_changes_no_schema() {
    let mut scene = Scene::new();
    let mut opened = scene.open(0);
    scene.session.begin(BeginKind::ReadOnly).expect("level 1");
    let refused = opened.add_column(&scene.stage, &mut scene.session, &long("q"));
    assert_eq!(jet(refused), Some(JetError::TRANS_READ_ONLY));
    let refused = opened.create_index(&scene.stage, &mut scene.session, &index("x", "+d\0\0", 0));
    assert_eq!(jet(refused), Some(JetError::TRANS_READ_ONLY));
    let new = NewTable { name: b"u", ..NewTable::default() };
    assert_eq!(jet(scene.stage.create(&mut scene.session, &new)), Some(JetError::TRANS_READ_ONLY));
    scene.session.rollback().expect("a rollback");
    let refused = opened.create_index(
        &scene.stage,
        &mut scene.session,
        &NewIndex { name: b"x", key: b"+s\0\0", ..NewIndex::default() },
    );
    refused.expect("ASCII text is indexed");
    let wide = NewColumn { code_page: 1200, ..column("w", 10, 0) };
    opened.add_column(&scene.stage, &mut scene.session, &wide).expect("UTF-16 text is stored");
    let created = opened.create_index(&scene.stage, &mut scene.session, &index("iw", "+w\0\0", 0));
    created.expect("UTF-16 text is indexed");
    drop(opened);
    scene.stage.check();
}
