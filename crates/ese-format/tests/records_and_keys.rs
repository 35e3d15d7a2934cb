//! Records, catalog rows, long values, compressed values and index keys of every clean database of the corpus.

mod trees;

use std::collections::{BTreeMap, HashMap};

use ese_format::catalog::schema::{CatalogGeneration, new_database_rows};
use ese_format::catalog::{CatalogRow, RowKind};
use ese_format::compression::{self, Compressed, CompressionPolicy, Scheme};
use ese_format::key::{ComparedText, IndexKeys, RecordSource};
use ese_format::long_value::{self, ChunkForm, LongValueId, LongValueKey, LongValueRoot};
use ese_format::record::{
    ColumnLocation, NULL_SLOT_FILL, NewValue, RecordBuilder, RecordView, TableLayout, Value,
};

use trees::{Database, databases};

/// Runs `body` for every database, or says that there are none.
macro_rules! for_each_database {
    ($test:literal, |$database:ident| $body:block) => {
        let Some(databases) = databases() else { return ese_corpus::skipped($test) };
        for $database in databases $body
    };
}

/// Every record of every table, the catalog's included, with its layout.
fn for_each_record(database: &Database, mut visit: impl FnMut(&TableLayout, &[u8], RecordView<'_>)) {
    for table in &database.tables {
        for node in database.records(table) {
            let view = RecordView::parse(&node.data, database.format);
            let view = view.unwrap_or_else(|error| panic!("{} {}: {error}", database.name, table.name));
            visit(&table.layout, &node.data, view);
        }
    }
}

#[test]
fn every_record_keeps_the_rules_and_is_rebuilt_to_identical_bytes() {
    let (mut records, mut columns) = (0u64, 0u64);
    for_each_database!("every_record_is_rebuilt", |database| {
        for_each_record(database, |_, bytes, view| {
            view.check().unwrap_or_else(|error| panic!("{}: {error}", database.name));
            let rebuilt =
                RecordBuilder::from_view(&view, database.format).and_then(|record| record.to_bytes());
            assert_eq!(rebuilt.expect("it was read").as_slice(), bytes, "{}", database.name);
            records += 1;
            columns += u64::from(view.fixed_last()) + u64::from(view.variable_last() - 127);
            columns += view.tagged_area().iter().count() as u64;
        });
    });
    ese_corpus::report!("{records} records with {columns} columns rebuilt to identical bytes");
    assert!(records > 100_000);
}

/// Sets every value the record holds in a record that starts from nothing, in column order. `None` where that cannot
/// give the same bytes: a column that was deleted since, or a NULL slot that still holds what was there before.
fn record_set_anew(layout: &TableLayout, view: &RecordView<'_>, database: &Database) -> Option<Vec<u8>> {
    let mut record = RecordBuilder::new(database.format);
    for column in layout.columns() {
        let values = view.values(column.location).expect("checked");
        if values.get(1) == Ok(Value::Absent) {
            continue;
        }
        if column.is_deleted() {
            return None;
        }
        if let ColumnLocation::Fixed { fid, offset, size } = column.location {
            let slot = view.fixed_slot(fid, offset, size).expect("checked").expect("not absent");
            if slot.is_null && slot.bytes.iter().any(|byte| *byte != NULL_SLOT_FILL) {
                return None;
            }
        }
        for itag in 1..=values.count().max(1) {
            let value = match values.get(itag).expect("checked") {
                Value::Inline(bytes) => NewValue::Inline(bytes),
                Value::Compressed(bytes) => NewValue::Compressed(bytes),
                Value::Encrypted(bytes) => NewValue::Encrypted(bytes),
                Value::Separated(id) => NewValue::Separated(id),
                Value::Null | Value::Absent => NewValue::Null,
            };
            record
                .set(layout, column, itag, value)
                .unwrap_or_else(|error| panic!("{}: {error}", database.name));
        }
    }
    Some(record.to_bytes().expect("it was a record"))
}

#[test]
fn records_set_anew_column_by_column_are_what_windows_wrote() {
    let (mut same, mut stale, mut other) = (0u64, 0u64, 0u64);
    for_each_database!("records_set_anew", |database| {
        for_each_record(database, |layout, bytes, view| match record_set_anew(layout, &view, database) {
            None => stale += 1,
            Some(built) if built == bytes => same += 1,
            Some(built) => {
                ese_corpus::report!("{}: {bytes:02x?}\n   built {built:02x?}", database.name);
                other += 1;
            }
        });
    });
    ese_corpus::report!(
        "{same} records set anew to identical bytes; {stale} with bytes of deleted or NULL columns left out"
    );
    assert!(same > 100_000);
    assert_eq!(other, 0);
}

#[test]
fn every_catalog_row_is_decoded_and_encoded_to_identical_bytes() {
    let mut counts = HashMap::new();
    for_each_database!("every_catalog_row", |database| {
        for node in database.catalog.iter().chain(&database.tree(24)) {
            let row = database.catalog_row(node);
            let encoded = row.encode(database.format).expect("it was a row");
            assert_eq!(encoded, node.data, "{}: {row:?}", database.name);
            *counts.entry(row.row_type()).or_insert(0u64) += 1;
        }
    });
    ese_corpus::report!("catalog rows encoded to identical bytes: {counts:?}");
    assert!(counts.values().sum::<u64>() > 100_000);
    assert!(counts.len() >= 4);
}

#[test]
fn every_long_value_has_its_chunks_and_as_many_references_as_its_root_says() {
    let (mut nodes, mut roots, mut raw, mut compressed) = (0u64, 0u64, 0u64, 0u64);
    for_each_database!("every_long_value", |database| {
        for table in &database.tables {
            let Some((_, row)) = &table.long_values else { continue };
            for node in database.tree(row.fdp_page) {
                let mut encoded = Vec::new();
                let key = LongValueKey::decode(&node.key).expect("a long-value key");
                key.encode(&mut encoded);
                assert_eq!(encoded, node.key);
                if let LongValueKey::Root(_) = key {
                    encoded.clear();
                    LongValueRoot::decode(&node.data).expect("a root").encode(&mut encoded);
                    assert_eq!(encoded, node.data);
                }
                nodes += 1;
            }
            let values = database.long_values(table);
            let references = references(database, table);
            for (id, root) in &values.roots {
                let context = format!("{} {} {id:?}", database.name, table.name);
                assert_eq!(references.get(id).copied().unwrap_or(0), root.reference_count, "{context}");
                let mut end = 0;
                for (offset, stored) in values.chunks.get(id).into_iter().flatten() {
                    assert_eq!(*offset, end, "{context}");
                    let expected = long_value::chunk_expected_bytes(root.size, values.chunk_bytes, *offset);
                    let expected = expected.unwrap_or_else(|error| panic!("{context}: {error}"));
                    let mut plain = Vec::new();
                    long_value::append_chunk(stored, expected, &mut plain)
                        .unwrap_or_else(|error| panic!("{context}: {error}"));
                    assert_eq!(plain.len() as u64, u64::from(expected), "{context}");
                    end += expected;
                    match ChunkForm::of(stored.len(), expected).expect("appended before") {
                        ChunkForm::Raw => raw += 1,
                        ChunkForm::Compressed => compressed += 1,
                    }
                }
                assert_eq!(end, root.size, "{context}");
                roots += 1;
            }
            assert!(
                references.keys().all(|id| values.roots.contains_key(id)),
                "{}: an orphan",
                database.name
            );
        }
    });
    ese_corpus::report!(
        "{nodes} long-value nodes; {roots} values, {raw} raw and {compressed} compressed chunks"
    );
    assert!(roots > 100 && raw > 0 && compressed > 0);
}

fn references(
    database: &Database,
    table: &ese_format::catalog::TableDefinition,
) -> HashMap<LongValueId, u32> {
    let mut references = HashMap::new();
    for node in database.records(table) {
        let view = RecordView::parse(&node.data, database.format).expect("a record");
        for column in view.tagged_area().iter() {
            for value in column.expect("checked").iter() {
                if let Value::Separated(id) = value.expect("checked") {
                    *references.entry(id).or_insert(0) += 1;
                }
            }
        }
    }
    references
}

#[test]
fn every_compressed_value_inflates_and_ours_inflates_to_the_same() {
    let mut stored_values: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for_each_database!("every_compressed_value", |database| {
        for_each_record(database, |_, _, view| {
            for column in view.tagged_area().iter() {
                for value in column.expect("checked").iter() {
                    if let Value::Compressed(stored) = value.expect("checked") {
                        let mut plain = Vec::new();
                        compression::decompress(stored, 65_535, &mut plain).expect("a compressed value");
                        stored_values.push((stored.to_vec(), plain));
                    }
                }
            }
        });
        for table in &database.tables {
            let values = database.long_values(table);
            for (id, chunks) in &values.chunks {
                for (offset, stored) in chunks {
                    let size = values.roots[id].size;
                    let expected =
                        long_value::chunk_expected_bytes(size, values.chunk_bytes, *offset).expect("checked");
                    if ChunkForm::of(stored.len(), expected) == Ok(ChunkForm::Compressed) {
                        let mut plain = Vec::new();
                        long_value::append_chunk(stored, expected, &mut plain).expect("checked");
                        stored_values.push((stored.clone(), plain));
                    }
                }
            }
        }
    });
    let mut counts: HashMap<String, (u64, u64)> = HashMap::new();
    for (stored, plain) in &stored_values {
        let scheme = Scheme::of(stored).expect("inflated before");
        let mut ours = Vec::new();
        assert_eq!(compression::compress(plain, CompressionPolicy::default(), &mut ours), Compressed::Yes);
        let mut again = Vec::new();
        compression::decompress(&ours, plain.len(), &mut again).expect("our own");
        assert_eq!(&again, plain);
        assert!(ours.len() <= stored.len(), "{scheme:?}: {} stored, {} ours", stored.len(), ours.len());
        if scheme != Scheme::Xpress {
            assert_eq!(&ours, stored, "7-bit packing has one result");
        }
        let count = counts.entry(format!("{scheme:?}")).or_default();
        count.0 += 1;
        count.1 += u64::from(ours == *stored);
    }
    ese_corpus::report!("compressed values inflated (of them equal to ours byte for byte): {counts:?}");
    assert!(stored_values.len() > 50 && counts.len() == 3);
}

#[test]
fn every_key_is_computed_from_its_record() {
    let (mut primary, mut secondary, mut indexes) = (0u64, 0u64, 0u64);
    // Indexes over UTF-16 text and their entries, by the version of their sort keys.
    let mut unicode: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut differences = Vec::new();
    for_each_database!("every_key", |database| {
        for table in &database.tables {
            let records = database.records(table);
            let long_values = database.long_values(table);
            for index in &table.indexes {
                let keys = IndexKeys::new(&index.row, &table.layout, &ComparedText).expect("an index");
                indexes += 1;
                let mut computed = Vec::new();
                for node in &records {
                    let record = RecordView::parse(&node.data, database.format).expect("a record");
                    let source = RecordSource { record, long_values: &long_values };
                    if index.is_primary() {
                        let mut key = Vec::new();
                        keys.primary_key(&source, &mut key).expect("a primary key");
                        assert_eq!(key, node.key, "{} {} {}", database.name, table.name, index.name);
                        primary += 1;
                    } else {
                        let found = keys.keys(&source, 1 << 20).expect("keys");
                        computed.extend(found.into_iter().map(|key| (key, node.key.clone())));
                    }
                }
                if !index.is_primary() {
                    computed.sort();
                    let tree = database.tree(index.row.fdp_page);
                    let stored: Vec<_> = tree.into_iter().map(|node| (node.key, node.data)).collect();
                    secondary += stored.len() as u64;
                    if keys.has_unicode_text() {
                        let version = format!("{:?}", index.row.sort_version);
                        let count = unicode.entry(version).or_default();
                        count.0 += 1;
                        count.1 += stored.len() as u64;
                    }
                    if computed != stored {
                        differences.push(format!(
                            "{} {} {}: {} computed, {} stored, first differing {:?}",
                            database.name,
                            table.name,
                            index.name,
                            computed.len(),
                            stored.len(),
                            computed.iter().zip(&stored).find(|(left, right)| left != right)
                        ));
                    }
                }
            }
        }
    });
    ese_corpus::report!(
        "{primary} primary keys, {secondary} secondary entries of {indexes} indexes; of them over UTF-16 text, by sort version (indexes, entries): {unicode:?}"
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(primary > 100_000 && secondary > 50_000);
    let texts: u64 = unicode.values().map(|(_, entries)| entries).sum();
    assert!(texts > 1_000, "{texts}");
}
#[test]
fn the_catalog_of_a_new_database_is_the_one_windows_writes() {
    let mut compared = 0;
    for_each_database!("the_catalog_of_a_new_database", |database| {
        let stored: Vec<CatalogRow> =
            database.catalog.iter().map(|node| database.catalog_row(node)).collect();
        let stored: Vec<CatalogRow> = stored.into_iter().filter(|row| row.objid_table <= 7).collect();
        let set_times: Vec<u64> = stored.iter().filter_map(set_time).collect();
        let generation = match stored.len() {
            72 => CatalogGeneration::Windows10,
            76 => CatalogGeneration::Windows11 { created: 0 },
            _ => continue,
        };
        let mut built = new_database_rows(generation, database.page_size);
        built.sort_by_key(|row| (row.objid_table, row.row_type(), row.id));
        let mut times = set_times.into_iter();
        for (stored, mut built) in stored.iter().zip(built) {
            if set_time(&built).is_some() {
                stamp(&mut built, times.next());
            }
            assert_eq!(&built, stored, "{}", database.name);
        }
        compared += 1;
    });
    ese_corpus::report!("the system tables of {compared} databases are the ones a new database gets");
    assert!(compared >= 10);
}

fn set_time(row: &CatalogRow) -> Option<u64> {
    match &row.kind {
        RowKind::Table(table) => table.fdp_last_set_time,
        RowKind::Index(index) => index.fdp_last_set_time,
        _ => None,
    }
}

fn stamp(row: &mut CatalogRow, time: Option<u64>) {
    match &mut row.kind {
        RowKind::Table(table) => table.fdp_last_set_time = time,
        RowKind::Index(index) => index.fdp_last_set_time = time,
        _ => {}
    }
}
