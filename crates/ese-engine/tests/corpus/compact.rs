//! Every clean database of the corpus, compacted: the same tables, columns, records, values and index entries, sound, and
//! no larger than it must be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::catalog::TableSchema;
use ese_engine::compact::{CompactProgress, CompactRequest, compact};
use ese_engine::database::Database;
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachRequest, Instance, InstanceSettings, RecoveryMode, TermKind, Writability};
use ese_engine::io::{Host, SimulatedFileSystem};
use ese_engine::space::TreeSpace;
use ese_engine::table::{Damaged, Row, Table};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::catalog::schema::is_system_table;
use ese_format::database_header::DatabaseState;
use ese_format::page_size::PageSize;
use ese_format::record::ColumnDefinition;
use ese_format::version::EFV_USE_PERSISTED_FORMAT;

use crate::samples::open_bytes;
use crate::verify::clean_databases;

/// Keys with their bookmarks.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What a table holds: its rows in order with their values by column name, and the entries of its indexes.
#[derive(Debug, PartialEq)]
struct Content {
    columns: Vec<(String, String)>,
    rows: Vec<Vec<Vec<Option<Vec<u8>>>>>,
    bookmarks: Vec<Vec<u8>>,
    indexes: BTreeMap<String, (String, Entries)>,
}

fn content(database: &Database, schema: &Arc<TableSchema>) -> Content {
    let table: Table = database.open_table(schema.definition().name.as_bytes()).unwrap();
    let mut columns: Vec<_> = schema.columns().collect();
    columns.sort_by(|left, right| left.name.cmp(&right.name));
    let described = columns
        .iter()
        .map(|column| {
            let about = format!(
                "{:?} {} {:?} {:?} {:?} {:?}",
                column.column_type,
                column.bytes_max,
                column.flags,
                column.code_page,
                column.default,
                column.location.class()
            );
            (String::from_utf8_lossy(&column.name).into_owned(), about)
        })
        .collect();
    let (mut rows, mut bookmarks) = (Vec::new(), Vec::new());
    let mut cursor = table.cursor();
    while cursor.move_next().unwrap() {
        bookmarks.push(cursor.key().unwrap().to_vec());
        let row = cursor.row().unwrap();
        rows.push(columns.iter().map(|column| values(&row, column)).collect());
    }
    let mut indexes = BTreeMap::new();
    for index in schema.indexes().iter().filter(|index| !index.is_primary()) {
        let names = |segments: &[ese_format::catalog::IndexSegment]| {
            let name = |segment: &ese_format::catalog::IndexSegment| {
                let of_template = segment.flags.contains(ese_format::catalog::SegmentFlags::TEMPLATE_COLUMN);
                let column = schema.layout().key_column(segment.fid, of_template).unwrap();
                format!("{:?} {}", segment.flags, String::from_utf8_lossy(&column.name))
            };
            segments.iter().map(name).collect::<Vec<_>>()
        };
        let row = &index.row;
        let about = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            row.flags,
            names(&row.segments),
            names(&row.conditions),
            row.key_most,
            row.var_seg_mac,
            row.tuple_limits,
            row.lcmap_flags,
            row.locale_name,
            row.sort_version,
            row.sort_id,
            row.density,
        );
        let mut entries = Vec::new();
        let mut cursor = table.index_tree(index).unwrap().cursor();
        while cursor.move_next().unwrap() {
            let node = cursor.node().unwrap().unwrap();
            entries.push((node.key().to_vec(), node.data.to_vec()));
        }
        indexes.insert(index.name.to_string(), (about, entries));
    }
    Content { columns: described, rows, bookmarks, indexes }
}

/// Every value of a column, as a reader gets it.
fn values<'c>(row: &Row<'c>, column: &'c ColumnDefinition) -> Vec<Option<Vec<u8>>> {
    let read = |value: ese_engine::table::ColumnValue<'_>| {
        let mut buffer = Vec::new();
        value.read(&mut buffer).ok().map(<[u8]>::to_vec)
    };
    row.values(column).unwrap().iter().map(|value| read(value.unwrap())).collect()
}

/// Pages of the file that are not free.
fn used_pages(database: &Database) -> u64 {
    let space = TreeSpace::read(&database.root_tree().unwrap()).unwrap();
    space.owned_pages() - space.available_pages()
}

fn instance(disk: &SimulatedFileSystem, page_size: PageSize) -> Arc<Instance> {
    let host = Host::simulated(Arc::new(disk.clone()), 1);
    let mut settings = InstanceSettings::in_folder(host, Path::new("/x"));
    settings.recovery = RecoveryMode::Off;
    settings.page_size = page_size;
    settings.engine_format_version = EFV_USE_PERSISTED_FORMAT;
    settings.text.checking = ese_engine::catalog::IndexChecking::Off;
    Instance::start(settings).unwrap()
}

#[test]
fn clean_databases_compacted_hold_what_they_held() {
    let (mut tables, mut rows, mut entries) = (0, 0, 0);
    let (mut pages_before, mut pages_after) = (0_u64, 0_u64);
    let count = clean_databases(|name, bytes| {
        let before = open_bytes(bytes.clone(), None).unwrap();
        let disk = SimulatedFileSystem::default();
        let (source, target) = (PathBuf::from("/x/source.edb"), PathBuf::from("/x/target.edb"));
        disk.put(&source, bytes.clone());
        let instance = instance(&disk, before.page_size());
        let mut session = instance.transactions().begin_session().unwrap();
        let attach = AttachRequest {
            path: source.clone(),
            writability: Writability::ReadOnly,
            logging: Logging::Off,
            pages_max: 0,
        };
        instance.attach_database(&session, &attach).unwrap_or_else(|error| panic!("{name}: {error}"));
        let request = CompactRequest {
            source: source.clone(),
            target: target.clone(),
            damaged: Damaged::Refused,
            statistics: None,
        };
        let mut told: Vec<CompactProgress> = Vec::new();
        let statistics = compact(&instance, &mut session, &request, &mut |progress| {
            told.push(progress);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(told.windows(2).all(|pair| pair[0].done <= pair[1].done), "{name}: {told:?}");
        assert_eq!(told.last().map(|last| last.done), told.first().map(|first| first.total), "{name}");
        instance.detach_database(&session, &source).unwrap();
        drop(session);
        instance.stop(TermKind::Complete).unwrap();
        drop(instance);
        assert!(disk.content(&source).unwrap() == bytes, "{name}: the source was touched");

        let compacted = disk.content(&target).unwrap();
        let after = open_bytes(compacted, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(after.header().state(), Some(DatabaseState::CleanShutdown), "{name}");
        assert_eq!(after.header().version(), before.header().version().max(after.header().version()));
        let report = verify(&after, &VerifyOptions::default(), &mut |_| {});
        for finding in report.damage() {
            ese_corpus::report!("{name}: {finding}");
        }
        assert!(report.is_sound() && report.counts.leaked_pages == 0, "{name}: not sound");
        let own = |database: &Database| {
            let all = database.tables().unwrap().into_iter();
            let own = all.filter(|schema| !is_system_table(&schema.definition().name));
            own.map(|schema| (schema.name(), schema)).collect::<BTreeMap<_, _>>()
        };
        let (old, new) = (own(&before), own(&after));
        assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>(), "{name}");
        for (table, schema) in &old {
            let expected = content(&before, schema);
            let found = content(&after, &new[table]);
            assert!(expected == found, "{name}, {table}: {}", difference(&expected, &found));
            tables += 1;
            rows += expected.rows.len();
            entries += expected.indexes.values().map(|(_, entries)| entries.len()).sum::<usize>();
        }
        assert_eq!(statistics.tables.len(), old.len(), "{name}");
        pages_before += used_pages(&before);
        pages_after += used_pages(&after);
        assert!(
            used_pages(&after) <= used_pages(&before) + 8,
            "{name}: {} pages in use, {} before",
            used_pages(&after),
            used_pages(&before)
        );
    });
    let Some(count) = count else {
        return ese_corpus::skipped("clean_databases_compacted_hold_what_they_held");
    };
    ese_corpus::report!(
        "{count} databases compacted: {tables} tables, {rows} rows, {entries} index entries equal; {pages_before} pages in \
         use before, {pages_after} after"
    );
    assert!(count >= 20 && tables > 50 && rows > 1000 && entries > 1000);
}

fn difference(expected: &Content, found: &Content) -> String {
    if expected.columns != found.columns {
        return format!("columns {:?} are {:?}", expected.columns, found.columns);
    }
    if expected.bookmarks != found.bookmarks {
        return format!("{} bookmarks, {}", expected.bookmarks.len(), found.bookmarks.len());
    }
    for (place, (old, new)) in expected.rows.iter().zip(&found.rows).enumerate() {
        if old != new {
            return format!("row {place}: {old:?} is {new:?}");
        }
    }
    for (name, index) in &expected.indexes {
        if Some(index) != found.indexes.get(name) {
            let new = found.indexes.get(name);
            return format!("index {name}: {:?} is {:?}", index.0, new.map(|index| &index.0));
        }
    }
    String::from("something else")
}
