//! Databases of others, changed by us: in every table whose indexes need no sort keys of UTF-16 text, rows are taken out,
//! put back as they were, changed and copied; the verifier finds nothing, and the rows are those they should be.

use std::collections::BTreeMap;

use ese_engine::database::Database;
use ese_engine::table::{ColumnChange, Cursor, EnumerateGrbit, MoveGrbit, Prepare, SetGrbit, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::catalog::schema::is_system_table;
use ese_format::database_header::{DatabaseState, MAGIC, PROBE_BYTES, choose_header};
use ese_format::error::JetError;
use ese_format::record::ColumnFlags;

use crate::attached::Attached;

/// Rows changed in each table.
const ROWS: usize = 12;
/// Larger files are left to the slower tests.
const BYTES_MAX: usize = 40 << 20;

/// What was done, all together.
#[derive(Debug, Default)]
struct Done {
    databases: usize,
    tables: usize,
    unicode_tables: usize,
    deleted: usize,
    inserted: usize,
    replaced: usize,
    rolled_back: usize,
    long_values: usize,
    refused_for_text: usize,
}

type Values = BTreeMap<u32, Vec<Vec<u8>>>;

/// Every value of the current record, explicit NULLs as columns without values.
fn values(cursor: &mut Cursor, session: &mut Session) -> Values {
    let grbit = EnumerateGrbit::IGNORE_USER_DEFINED_DEFAULT;
    let (columns, _) = cursor.enumerate_columns(session, None, usize::MAX, grbit).expect("a sound record");
    columns
        .into_iter()
        .map(|column| (column.column, column.values.into_iter().map(|value| value.data).collect()))
        .collect()
}

fn set_all(cursor: &mut Cursor, session: &mut Session, values: &Values) -> Result<(), JetError> {
    for (column, values) in values {
        let id = ese_format::column_type::ColumnId::from_api(*column).expect("enumerated");
        let schema = std::sync::Arc::clone(cursor.table().schema());
        let definition = schema.layout().column(id).expect("enumerated");
        let engine = ColumnFlags::AUTO_INCREMENT | ColumnFlags::VERSION;
        if definition.flags.intersects(engine) {
            continue;
        }
        for (place, data) in values.iter().enumerate() {
            let change = ColumnChange {
                column: *column,
                data,
                bytes: data.len() as u32,
                grbit: if data.is_empty() { SetGrbit::ZERO_LENGTH } else { SetGrbit::empty() },
                itag: place as u32 + 1,
                ..ColumnChange::default()
            };
            let _ = cursor.set_column(session, &change).map_err(|error| error.jet())?;
        }
    }
    Ok(())
}

fn has_unicode_index(cursor: &Cursor) -> bool {
    let schema = cursor.table().schema();
    schema.indexes().iter().any(|index| {
        index.row.segments.iter().any(|segment| {
            let column = schema.layout().key_column(segment.fid, false);
            column.is_some_and(ese_format::record::ColumnDefinition::is_unicode_text)
        })
    })
}

/// Rows with text in a UTF-16 index can be neither deleted nor put back until there are sort keys: a clear error, and
/// nothing has changed, as the verifier sees.
fn refuse_text_rows(cursor: &mut Cursor, session: &mut Session, done: &mut Done) {
    for bookmark in bookmarks(cursor, session, ROWS) {
        cursor.go_to_bookmark(session, &bookmark).expect("it was there");
        let before = values(cursor, session);
        session.begin(BeginKind::ReadWrite).expect("level 1");
        let deleted = cursor.delete(session).map_err(|error| error.jet());
        if deleted.is_err() {
            assert_eq!(deleted, Err(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED));
            assert_eq!(values(cursor, session), before);
            done.refused_for_text += 1;
            session.commit(CommitOptions::DURABLE).expect("nothing to commit");
        } else {
            session.rollback().expect("nothing fails here");
        }
    }
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
fn change_table(cursor: &mut Cursor, session: &mut Session, done: &mut Done) -> BTreeMap<Vec<u8>, Values> {
    let has_primary = cursor.current_index().is_some();
    let mut expected = BTreeMap::new();
    for (place, bookmark) in bookmarks(cursor, session, ROWS).into_iter().enumerate() {
        cursor.go_to_bookmark(session, &bookmark).expect("it was there");
        let before = values(cursor, session);
        done.long_values += before.values().flatten().filter(|value| value.len() > 1023).count();
        let rolled_back = place % 3 == 2;
        session.begin(BeginKind::ReadWrite).expect("level 1");
        cursor.prepare(session, Prepare::Replace).expect("nobody else is there");
        let settable: Values = before.clone();
        set_all(cursor, session, &settable).expect("the values it has");
        cursor.update(session, None, UpdateGrbit::empty()).expect("a row replaced by itself");
        cursor.delete(session).expect("a row of a sound table");
        cursor.prepare(session, Prepare::Insert).expect("an updatable cursor");
        set_all(cursor, session, &before).expect("the values it had");
        let inserted =
            cursor.update(session, None, UpdateGrbit::empty()).expect("the row that was deleted").bookmark;
        if rolled_back {
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
        let numbered = cursor
            .table()
            .schema()
            .columns()
            .any(|column| column.flags.contains(ColumnFlags::AUTO_INCREMENT));
        if has_primary && !numbered {
            assert_eq!(inserted, bookmark, "the same values give the same key");
        }
        cursor.go_to_bookmark(session, &inserted).expect("it was inserted");
        let after = values(cursor, session);
        if !numbered {
            assert_eq!(without_version(cursor, after.clone()), without_version(cursor, before));
        }
        expected.insert(inserted, after);
    }
    expected
}

/// The version column begins anew.
fn without_version(cursor: &Cursor, mut values: Values) -> Values {
    let schema = cursor.table().schema();
    values.retain(|column, _| {
        let id = ese_format::column_type::ColumnId::from_api(*column).expect("enumerated");
        schema.layout().column(id).is_none_or(|column| !column.flags.contains(ColumnFlags::VERSION))
    });
    values
}

fn check(name: &str, database: &Database, expected: &BTreeMap<String, BTreeMap<Vec<u8>, Values>>) {
    let report = verify(database, &VerifyOptions::default(), &mut |_| {});
    let damage: Vec<String> = report.damage().map(|finding| format!("{finding}")).collect();
    assert!(report.is_sound(), "{name}: {damage:#?}");
    for (table, rows) in expected {
        let table = database.open_table(table.as_bytes()).expect("it is still there");
        let mut cursor = table.cursor();
        let mut buffer = Vec::new();
        for (bookmark, expected) in rows {
            assert!(cursor.go_to_bookmark(bookmark).expect("a sound tree"), "{name}: a row is missing");
            let row = cursor.row().expect("a sound record");
            for (column, expected) in expected {
                let id = ese_format::column_type::ColumnId::from_api(*column).expect("enumerated");
                let column = table.schema().layout().column(id).expect("enumerated");
                let found: Vec<Vec<u8>> = row
                    .values(column)
                    .expect("a sound record")
                    .iter()
                    .map(|value| value.expect("sound").read(&mut buffer).expect("sound").to_vec())
                    .collect();
                assert_eq!(&found, expected, "{name}: column {id:?}");
            }
        }
    }
}

fn change_database(name: &str, bytes: Vec<u8>, done: &mut Done) {
    let attached = Attached::new(bytes);
    let mut session = attached.session();
    let mut expected = BTreeMap::new();
    let names: Vec<_> = {
        let objects = attached.catalog.objects(&session).expect("a sound catalog");
        objects.into_iter().map(|object| object.name).collect::<Vec<_>>()
    };
    for table in names {
        let name = ese_format::catalog::ObjectName::from_catalog(&table).expect("a name of the catalog");
        if is_system_table(&name) || !name.to_string().is_ascii() {
            continue;
        }
        let mut cursor = attached.cursor(&mut session, &name.to_string());
        if has_unicode_index(&cursor) {
            done.unicode_tables += 1;
            refuse_text_rows(&mut cursor, &mut session, done);
            cursor.close(&mut session).expect("nothing is prepared");
            continue;
        }
        done.tables += 1;
        let rows = change_table(&mut cursor, &mut session, done);
        expected.insert(name.to_string(), rows);
        cursor.close(&mut session).expect("nothing is prepared");
    }
    drop(session);
    done.databases += 1;
    check(name, &attached.detached(), &expected);
}

#[test]
fn databases_of_others_are_sound_after_we_changed_them() {
    let Some(corpus) = ese_corpus::corpus() else {
        ese_corpus::skipped("databases_of_others_are_sound_after_we_changed_them");
        return;
    };
    let mut done = Done::default();
    for file in ese_corpus::files(&corpus) {
        let bytes = file.bytes();
        let Ok(pair) = choose_header(bytes.get(..PROBE_BYTES).unwrap_or(&bytes)) else { continue };
        let is_clean = pair.header.fields.magic.get() == MAGIC
            && pair.header.state() == Some(DatabaseState::CleanShutdown);
        if is_clean && bytes.len() <= BYTES_MAX {
            change_database(&file.name, bytes, &mut done);
        }
    }
    ese_corpus::report!("databases of others, changed by us: {done:?}");
    assert!(done.databases > 10 && done.inserted > 100 && done.refused_for_text > 0);
}
