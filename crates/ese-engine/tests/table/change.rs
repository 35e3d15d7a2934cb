//! What is done to the databases of others: in every table rows are taken out and put back as they were, replaced with
//! other values, copied, and such changes rolled back, those of tables with indexes over UTF-16 text too.
//!
//! Used by the tests and by the example `change_databases`, which does it on a disk for other readers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Instance, InstanceSettings, TermKind, Writability};
use ese_engine::io::Host;
use ese_engine::table::{
    ColumnChange, Cursor, CursorMode, EnumerateGrbit, MoveGrbit, Prepare, SetGrbit, UpdateGrbit,
};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::catalog::schema::is_system_table;
use ese_format::catalog::{IndexDefinition, ObjectName};
use ese_format::column_type::{CodePage, ColumnId, ColumnType};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::record::{ColumnDefinition, ColumnFlags};

/// What was done, all together.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) databases: usize,
    pub(crate) tables: usize,
    pub(crate) unicode_tables: usize,
    pub(crate) deleted: usize,
    pub(crate) inserted: usize,
    pub(crate) copied: usize,
    pub(crate) replaced: usize,
    pub(crate) rolled_back: usize,
    pub(crate) long_values: usize,
    pub(crate) replaced_beside_text: usize,
}

/// The values of a record by column.
pub(crate) type Values = BTreeMap<u32, Vec<Vec<u8>>>;
/// Records by bookmark.
pub(crate) type Rows = BTreeMap<Vec<u8>, Values>;

/// Attaches the database at `path`, changes `rows` rows of each table, detaches it, and gives what must be in it now, by
/// table.
pub(crate) fn change_database(
    host: Host,
    path: &Path,
    page_size: PageSize,
    rows: usize,
    done: &mut Done,
) -> BTreeMap<String, Rows> {
    let folder = path.parent().expect("a file in a folder");
    let mut settings = InstanceSettings::in_folder(host, folder);
    settings.page_size = page_size;
    settings.log_file_kb = Some(256);
    settings.circular = ese_engine::log::Circular::On;
    let instance = Instance::start(settings).expect("an instance on a sound disk");
    let mut session = instance.transactions().begin_session().expect("the first session");
    let request = AttachRequest {
        path: path.to_owned(),
        writability: Writability::Writable,
        logging: Logging::On,
        pages_max: 0,
    };
    let attached = instance.attach_database(&session, &request).expect("a database that was closed cleanly");
    let catalog = Arc::clone(attached.database().catalog().expect("a database with a catalog"));
    let mut expected = BTreeMap::new();
    let objects = catalog.objects(&session).expect("a sound catalog");
    for object in objects {
        let name = ObjectName::from_catalog(&object.name).expect("a name of the catalog");
        if is_system_table(&name) || !name.to_string().is_ascii() {
            continue;
        }
        let opened = catalog.open_table(&session, name.as_bytes(), 0).expect("the table is there");
        let mut cursor = Cursor::over(&session, opened.table, CursorMode::Updatable);
        *if has_unicode_index(&cursor) { &mut done.unicode_tables } else { &mut done.tables } += 1;
        let mut changed = change_table(&mut cursor, &mut session, rows, done);
        changed.extend(replace_values(&mut cursor, &mut session, rows, done));
        expected.insert(name.to_string(), changed);
        cursor.close(&mut session).expect("nothing is prepared");
        drop(opened.hold);
    }
    drop((catalog, attached));
    instance.detach_database(&session, path).expect("nobody uses it");
    session.end().expect("nothing is open");
    instance.stop(TermKind::Complete).expect("a sound disk");
    done.databases += 1;
    expected
}

fn column_of(cursor: &Cursor, column: u32) -> ColumnDefinition {
    let id = ColumnId::from_api(column).expect("enumerated");
    cursor.table().schema().layout().column(id).expect("enumerated").clone()
}

/// Every value of the current record, explicit NULLs as columns without values.
fn values(cursor: &mut Cursor, session: &mut Session) -> Values {
    let grbit = EnumerateGrbit::IGNORE_USER_DEFINED_DEFAULT;
    let (columns, _) = cursor.enumerate_columns(session, None, usize::MAX, grbit).expect("a sound record");
    columns
        .into_iter()
        .map(|column| (column.column, column.values.into_iter().map(|value| value.data).collect()))
        .collect()
}

fn set_value(
    cursor: &mut Cursor,
    session: &mut Session,
    column: u32,
    itag: u32,
    data: &[u8],
) -> Result<(), JetError> {
    let change = ColumnChange {
        column,
        data,
        bytes: data.len() as u32,
        grbit: if data.is_empty() { SetGrbit::ZERO_LENGTH } else { SetGrbit::empty() },
        itag,
        ..ColumnChange::default()
    };
    cursor.set_column(session, &change).map(drop).map_err(|error| error.jet())
}

fn set_all(cursor: &mut Cursor, session: &mut Session, values: &Values) -> Result<(), JetError> {
    for (column, values) in values {
        if is_of_the_engine(&column_of(cursor, *column)) {
            continue;
        }
        for (place, data) in values.iter().enumerate() {
            set_value(cursor, session, *column, place as u32 + 1, data)?;
        }
    }
    Ok(())
}

/// Whether only the engine gives a column its values.
fn is_of_the_engine(column: &ColumnDefinition) -> bool {
    column.flags.intersects(ColumnFlags::AUTO_INCREMENT | ColumnFlags::VERSION)
}

fn has_unicode_segment(cursor: &Cursor, index: &IndexDefinition) -> bool {
    index.row.segments.iter().any(|segment| {
        let column = cursor.table().schema().layout().key_column(segment.fid, false);
        column.is_some_and(ColumnDefinition::is_unicode_text)
    })
}

fn has_unicode_index(cursor: &Cursor) -> bool {
    cursor.table().schema().indexes().iter().any(|index| has_unicode_segment(cursor, index))
}

fn bookmarks(cursor: &mut Cursor, session: &mut Session, count: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut here = cursor.move_first(session);
    while all.len() < count && here.is_ok() {
        all.push(cursor.bookmark().expect("on a record"));
        here = cursor.move_by(session, 1, MoveGrbit::empty());
    }
    all
}

/// Deletes rows, inserts them again with the same values, replaces them by themselves, and rolls such changes back.
fn change_table(cursor: &mut Cursor, session: &mut Session, count: usize, done: &mut Done) -> Rows {
    let has_primary = cursor.current_index().is_some();
    let numbered =
        cursor.table().schema().columns().any(|column| column.flags.contains(ColumnFlags::AUTO_INCREMENT));
    let mut expected = BTreeMap::new();
    for (place, bookmark) in bookmarks(cursor, session, count).into_iter().enumerate() {
        cursor.go_to_bookmark(session, &bookmark).expect("it was there");
        let before = values(cursor, session);
        done.long_values += before.values().flatten().filter(|value| value.len() > 1023).count();
        session.begin(BeginKind::ReadWrite).expect("level 1");
        cursor.prepare(session, Prepare::Replace).expect("nobody else is there");
        set_all(cursor, session, &before).expect("the values it has");
        cursor.update(session, None, UpdateGrbit::empty()).expect("a row replaced by itself");
        cursor.delete(session).expect("a row of a sound table");
        cursor.prepare(session, Prepare::Insert).expect("an updatable cursor");
        set_all(cursor, session, &before).expect("the values it had");
        let inserted =
            cursor.update(session, None, UpdateGrbit::empty()).expect("the row that was deleted").bookmark;
        if place % 3 == 2 {
            session.rollback().expect("nothing fails here");
            let _ = cursor.after_rollback(session, 0);
            done.rolled_back += 1;
            expected.insert(bookmark, before);
            continue;
        }
        session.commit(CommitOptions::DURABLE).expect("nothing fails here");
        cursor.after_commit(0);
        done.replaced += 1;
        done.deleted += 1;
        done.inserted += 1;
        if has_primary && !numbered {
            assert_eq!(inserted, bookmark, "the same values give the same key");
        }
        cursor.go_to_bookmark(session, &inserted).expect("it was inserted");
        let after = values(cursor, session);
        if !numbered {
            assert_eq!(without_version(cursor, after.clone()), without_version(cursor, before));
        }
        expected.insert(inserted, after);
        copy(cursor, session, has_primary, done, &mut expected);
    }
    expected
}

/// Inserts a copy of the current record, which has a key of its own where the engine numbers the records.
fn copy(cursor: &mut Cursor, session: &mut Session, has_primary: bool, done: &mut Done, rows: &mut Rows) {
    session.begin(BeginKind::ReadWrite).expect("level 1");
    cursor.prepare(session, Prepare::InsertCopy).expect("a copy of the row");
    match cursor.update(session, None, UpdateGrbit::empty()) {
        Ok(updated) => {
            session.commit(CommitOptions::DURABLE).expect("nothing fails here");
            cursor.after_commit(0);
            cursor.go_to_bookmark(session, &updated.bookmark).expect("it was inserted");
            rows.insert(updated.bookmark, values(cursor, session));
            done.copied += 1;
        }
        Err(error) => {
            assert!(has_primary && error.jet() == JetError::KEY_DUPLICATE, "{error}");
            cursor.prepare(session, Prepare::Cancel).expect("the update is still prepared");
            session.rollback().expect("nothing fails here");
            let _ = cursor.after_rollback(session, 0);
        }
    }
}

/// The version column begins anew.
fn without_version(cursor: &Cursor, mut values: Values) -> Values {
    values.retain(|column, _| !column_of(cursor, *column).flags.contains(ColumnFlags::VERSION));
    values
}

/// Gives columns that no index of text concerns other values, in every row.
fn replace_values(cursor: &mut Cursor, session: &mut Session, count: usize, done: &mut Done) -> Rows {
    let schema = Arc::clone(cursor.table().schema());
    let indexed = |column: &ColumnDefinition| {
        let mut segments =
            schema.indexes().iter().flat_map(|index| index.row.segments.iter().chain(&index.row.conditions));
        segments.any(|segment| {
            schema.layout().key_column(segment.fid, false).is_some_and(|key| key.id == column.id)
        })
    };
    let is_unicode = has_unicode_index(cursor);
    let mut rows = Rows::new();
    for bookmark in bookmarks(cursor, session, count) {
        cursor.go_to_bookmark(session, &bookmark).expect("it was there");
        let mut changed = values(cursor, session);
        session.begin(BeginKind::ReadWrite).expect("level 1");
        cursor.prepare(session, Prepare::Replace).expect("nobody else is there");
        let mut columns = 0;
        for (column, values) in &mut changed {
            let definition = column_of(cursor, *column);
            let fixed = ColumnFlags::ESCROW_UPDATE | ColumnFlags::AUTO_INCREMENT | ColumnFlags::VERSION;
            if definition.flags.intersects(fixed) || indexed(&definition) {
                continue;
            }
            for (place, value) in values.iter_mut().enumerate() {
                *value = other_value(&definition, value);
                set_value(cursor, session, *column, place as u32 + 1, value).expect("a value of the type");
            }
            columns += 1;
        }
        cursor.update(session, None, UpdateGrbit::empty()).expect("no key changes");
        session.commit(CommitOptions::DURABLE).expect("nothing fails here");
        cursor.after_commit(0);
        if columns > 0 {
            *if is_unicode { &mut done.replaced_beside_text } else { &mut done.replaced } += 1;
        }
        cursor.go_to_bookmark(session, &bookmark).expect("it is still there");
        let after = values(cursor, session);
        assert_eq!(without_version(cursor, after.clone()), without_version(cursor, changed));
        rows.insert(bookmark, after);
    }
    rows
}

/// Another value of the column's type.
fn other_value(column: &ColumnDefinition, value: &[u8]) -> Vec<u8> {
    let mut other = value.to_vec();
    match column.column_type {
        ColumnType::Bit => other.iter_mut().for_each(|byte| *byte = if *byte == 0 { 0xFF } else { 0 }),
        ColumnType::Text | ColumnType::LongText if column.code_page == CodePage::UNICODE => {
            other.chunks_exact_mut(2).for_each(|unit| unit.swap_with_slice(&mut [b'u', 0]));
        }
        ColumnType::Text | ColumnType::LongText => other.reverse(),
        _ => {
            if let Some(first) = other.first_mut() {
                *first ^= 1;
            }
        }
    }
    other
}
