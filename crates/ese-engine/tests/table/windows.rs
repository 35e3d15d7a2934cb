//! Databases of others, changed by us: attached by an instance on a simulated disk, changed in every table, detached. The
//! verifier finds nothing, the rows are those they should be, and the file keeps its format.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::database::{Database, OpenOptions};
use ese_engine::io::{Host, SimulatedFileSystem};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::database_header::{DatabaseHeader, DatabaseState, MAGIC, PROBE_BYTES, choose_header};

use crate::change::{Done, Rows, change_database};

/// Rows changed in each table.
const ROWS: usize = 12;
const PATH: &str = "/copy/copy.edb";

fn check(name: &str, database: &Database, expected: &BTreeMap<String, Rows>) {
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

/// What a header says of the file's format, and whether the file is closed.
fn format(header: &DatabaseHeader) -> (u32, u32, u32, Option<DatabaseState>) {
    let fields = &header.fields;
    (fields.version.get(), fields.update_major.get(), fields.update_minor.get(), header.state())
}

fn header_of(bytes: &[u8]) -> Option<DatabaseHeader> {
    let pair = choose_header(bytes.get(..PROBE_BYTES).unwrap_or(bytes)).ok()?;
    (pair.header.fields.magic.get() == MAGIC).then_some(pair.header)
}

#[test]
fn databases_of_others_are_sound_after_we_changed_them() {
    let Some(corpus) = ese_corpus::corpus() else {
        ese_corpus::skipped("databases_of_others_are_sound_after_we_changed_them");
        return;
    };
    let mut done = Done::default();
    let mut largest = 0;
    for file in ese_corpus::files(&corpus) {
        let bytes = file.bytes();
        let Some(header) = header_of(&bytes) else { continue };
        if header.state() != Some(DatabaseState::CleanShutdown) {
            continue;
        }
        largest = largest.max(bytes.len());
        let disk = SimulatedFileSystem::default();
        disk.put(Path::new(PATH), bytes);
        let host = Host::simulated(Arc::new(disk.clone()), 3);
        let expected = change_database(host, Path::new(PATH), header.page_size(), ROWS, &mut done);
        let after = header_of(&disk.content(Path::new(PATH)).expect("it is there")).expect("a good header");
        assert_eq!(format(&after), format(&header), "{}: the format stays", file.name);
        let options = OpenOptions { file_system: Arc::new(disk), ..OpenOptions::default() };
        check(&file.name, &Database::open(PATH, &options).expect("a database that was closed"), &expected);
    }
    ese_corpus::report!("databases of others, changed by us: {done:?}, the largest of {largest} bytes");
    assert!(done.databases > 20 && done.inserted > 100 && largest > 20 << 20);
    assert!(done.copied > 0 && done.unicode_tables > 0 && done.replaced_beside_text > 0);
}
