//! The original engine agrees: every database whose dump there is, read through the whole engine and compared with what
//! Microsoft's engine read: schema, rows in order, bookmarks, raw column bytes, defaults, indexes and all their entries.

use std::collections::BTreeMap;
use std::fmt;

use crate::expected::{ExpectedColumn, ExpectedValue, Line, parse};
use crate::samples::{Sample, hex, open_sample, samples};
use crate::sha256::sha256_hex;
use ese_engine::btree::SeekOutcome;
use ese_engine::cache::{CACHE_PAGES_MIN, PageCache};
use ese_engine::catalog::{ColumnGrbit, IndexGrbit};
use ese_engine::database::Database;
use ese_engine::table::{Row, Table, TableCursor, ValueSource};
use ese_format::catalog::SegmentFlags;
use ese_format::column_type::ColumnClass;
use ese_format::key::{ComparedText, IndexKeys};

/// Values longer than this are in the dumps as a digest.
const INLINE_BYTES_MAX: usize = 300;

#[derive(Default)]
pub(crate) struct Counts {
    tables: usize,
    columns: usize,
    pub(crate) rows: usize,
    values: usize,
    digests: usize,
    defaults: usize,
    indexes: usize,
    entries: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tables, {} columns, {} rows, {} values ({} by digest, {} from defaults), {} indexes, {} entries",
            self.tables,
            self.columns,
            self.rows,
            self.values,
            self.digests,
            self.defaults,
            self.indexes,
            self.entries
        )
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.tables += other.tables;
        self.columns += other.columns;
        self.rows += other.rows;
        self.values += other.values;
        self.digests += other.digests;
        self.defaults += other.defaults;
        self.indexes += other.indexes;
        self.entries += other.entries;
    }
}

/// What the dump is being compared with.
struct Comparison<'d> {
    database: &'d Database,
    table: Option<Table>,
    /// The cursor over the rows or entries that the next lines list.
    cursor: Option<TableCursor>,
    buffer: Vec<u8>,
    counts: Counts,
    listed: Vec<String>,
    listed_indexes: Vec<String>,
}

fn columns_of(table: &Table) -> Vec<ExpectedColumn> {
    let mut columns: Vec<_> = table
        .schema()
        .columns()
        .map(|column| ExpectedColumn {
            name: String::from_utf8_lossy(&column.name).into_owned(),
            id: column.id.to_api(),
            coltyp: column.column_type.code(),
            code_page: column.code_page.0.into(),
            bytes_max: column.bytes_max,
            grbit: ColumnGrbit::of(column).bits(),
        })
        .collect();
    columns.sort_by_key(|column| column.id);
    columns
}

fn values_of(
    row: &Row<'_>,
    buffer: &mut Vec<u8>,
    counts: &mut Counts,
) -> (BTreeMap<String, Vec<ExpectedValue>>, Vec<String>) {
    let (mut values, mut from_default) = (BTreeMap::new(), Vec::new());
    for column in row.columns() {
        let (column, cells) = column.unwrap();
        let name = String::from_utf8_lossy(&column.name).into_owned();
        if cells.source() == ValueSource::Default {
            counts.defaults += 1;
            // The dumps learned of defaults by JET_bitRetrieveIgnoreDefault, which knows tagged columns only (09 §9.2).
            if column.location.class() == ColumnClass::Tagged {
                from_default.push(name.clone());
            }
        }
        let mut read = Vec::new();
        for cell in cells.iter() {
            let cell = cell.unwrap();
            let bytes = cell.read(buffer).unwrap();
            let length = bytes.len();
            counts.values += 1;
            read.push(if length <= INLINE_BYTES_MAX {
                ExpectedValue::Bytes(hex(bytes))
            } else {
                counts.digests += 1;
                ExpectedValue::Digest { length: length as u64, sha256: sha256_hex(bytes) }
            });
            assert_eq!(cell.size().unwrap(), length, "{name}");
        }
        values.insert(name, read);
    }
    (values, from_default)
}

impl Comparison<'_> {
    fn finish_list(&mut self) {
        if let Some(mut cursor) = self.cursor.take() {
            assert!(!cursor.move_next().unwrap(), "the list is shorter than what the cursor finds");
        }
    }

    fn finish_table(&mut self) {
        self.finish_list();
        if let Some(table) = self.table.take() {
            let indexes = table.schema().indexes().len();
            assert_eq!(
                self.listed_indexes.len(),
                indexes,
                "{}: {:?}",
                table.schema().name(),
                self.listed_indexes
            );
        }
        self.listed_indexes.clear();
    }

    fn check(&mut self, line: Line) {
        match line {
            Line::Table { name, columns } => {
                self.finish_table();
                let table = self.database.open_table(&name).unwrap();
                assert_eq!(columns_of(&table), columns, "columns of {name}");
                self.counts.tables += 1;
                self.counts.columns += columns.len();
                self.cursor = Some(table.cursor());
                self.table = Some(table);
                self.listed.push(name);
            }
            Line::Row { bookmark, values, mut from_default } => {
                let cursor = self.cursor.as_mut().expect("rows follow their table");
                assert!(cursor.move_next().unwrap(), "no row {bookmark}");
                let row = cursor.row().unwrap();
                assert_eq!(hex(&row.bookmark().to_vec()), bookmark);
                let (read, mut defaults) = values_of(&row, &mut self.buffer, &mut self.counts);
                assert_eq!(read, values.into_iter().collect(), "row {bookmark}");
                from_default.sort();
                defaults.sort();
                assert_eq!(defaults, from_default, "defaults of row {bookmark}");
                self.counts.rows += 1;
            }
            Line::Index { name, grbit, segments } => {
                self.finish_list();
                let table = self.table.as_ref().expect("indexes follow their table");
                let cursor = table.index_cursor(&name).unwrap();
                let definition =
                    table.schema().indexes().iter().find(|index| index.name.is(name.as_bytes())).unwrap();
                assert_eq!(IndexGrbit::of(definition).bits(), grbit, "grbit of {name}");
                let mut found = String::new();
                for segment in &definition.row.segments {
                    let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
                    let column = table.schema().layout().key_column(segment.fid, of_template).unwrap();
                    let sign = if segment.flags.contains(SegmentFlags::DESCENDING) { '-' } else { '+' };
                    found += &format!("{sign}{} ", String::from_utf8_lossy(&column.name));
                }
                assert_eq!(found, segments, "segments of {name}");
                self.cursor = cursor.index().is_some().then_some(cursor);
                self.counts.indexes += 1;
                self.listed_indexes.push(name);
            }
            Line::Entry { index, key, bookmark } => {
                let cursor = self.cursor.as_mut().expect("entries follow their index");
                assert!(cursor.move_next().unwrap(), "{index}: no entry {key}");
                assert_eq!(hex(&cursor.key().unwrap().to_vec()), key, "{index}");
                assert_eq!(hex(&cursor.bookmark().unwrap().to_vec()), bookmark, "{index}");
                self.counts.entries += 1;
            }
        }
    }
}

pub(crate) fn compare(sample: &Sample, database: &Database) -> Counts {
    let mut counts = Counts::default();
    for dump in &sample.dumps {
        let text = String::from_utf8(dump.bytes()).unwrap();
        let mut comparison = Comparison {
            database,
            table: None,
            cursor: None,
            buffer: Vec::new(),
            counts: Counts::default(),
            listed: Vec::new(),
            listed_indexes: Vec::new(),
        };
        for line in text.lines() {
            comparison.check(parse(line));
        }
        comparison.finish_table();
        if !dump.name.contains("expected-sys") {
            let user_tables =
                database.tables().unwrap().iter().filter(|table| !table.name().starts_with("MSys")).count();
            assert_eq!(comparison.listed.len(), user_tables, "{}", dump.name);
        }
        counts.add(&comparison.counts);
    }
    counts
}

#[test]
fn every_table_row_and_index_entry_is_what_the_original_engine_reads() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_table_row_and_index_entry_is_what_the_original_engine_reads");
    };
    let mut total = Counts::default();
    let samples = samples(&corpus);
    for sample in &samples {
        let database = open_sample(sample, None);
        let counts = compare(sample, &database);
        ese_corpus::report!("{}: {counts}", sample.name);
        total.add(&counts);
    }
    ese_corpus::report!("{} databases: {total}", samples.len());
    assert!(samples.len() >= 27, "the corpus has more databases than the {} found", samples.len());
    assert!(total.rows > 60_000 && total.entries > 150_000 && total.digests > 100, "{total}");
}

#[test]
fn a_cache_of_sixteen_pages_reads_every_database_the_same_and_stays_that_small() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped(
            "a_cache_of_sixteen_pages_reads_every_database_the_same_and_stays_that_small",
        );
    };
    let mut evictions = 0;
    let samples = samples(&corpus);
    for sample in
        samples.iter().filter(|sample| !sample.name.contains("srum") && !sample.name.contains("big"))
    {
        let cache = PageCache::new(0);
        let database = open_sample(sample, Some(std::sync::Arc::clone(&cache)));
        compare(sample, &database);
        let statistics = cache.statistics();
        // Cursors are closed by now: nothing is latched, the capacity holds.
        assert!(statistics.bytes <= CACHE_PAGES_MIN * database.page_size().bytes(), "{statistics:?}");
        evictions += statistics.evictions;
    }
    ese_corpus::report!("{evictions} pages given up to make room");
    assert!(evictions > 1000, "{evictions}");
}

#[test]
fn readers_in_eight_threads_with_a_small_cache_read_the_same() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("readers_in_eight_threads_with_a_small_cache_read_the_same");
    };
    let samples = samples(&corpus);
    let sample = samples.iter().find(|sample| sample.name.ends_with("types/types.edb")).unwrap();
    let cache = PageCache::new(64 * 4096);
    let database = open_sample(sample, Some(cache));
    let rows: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(|| compare(sample, &database).rows)).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    ese_corpus::report!("8 threads read {} rows each", rows[0]);
    assert!(rows.iter().all(|count| *count == rows[0] && *count > 300), "{rows:?}");
}

#[test]
fn every_row_is_found_again_by_its_bookmark_and_backwards_is_forwards_reversed() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped(
            "every_row_is_found_again_by_its_bookmark_and_backwards_is_forwards_reversed",
        );
    };
    let (mut rows, mut entries) = (0, 0);
    for sample in samples(&corpus).iter().filter(|sample| !sample.name.contains("big")) {
        let database = open_sample(sample, None);
        for schema in database.tables().unwrap() {
            let table = database.open_schema(&schema).unwrap();
            let forward = keys_of(&mut table.cursor());
            let mut cursor = table.cursor();
            for (key, _) in &forward {
                assert!(cursor.go_to_bookmark(key).unwrap());
                cursor.release().unwrap();
                assert!(cursor.resume().unwrap());
                assert_eq!(cursor.row().unwrap().bookmark().to_vec(), *key);
            }
            rows += forward.len();
            for index in schema.indexes() {
                entries += keys_of(&mut table.index_cursor(index.name.as_bytes()).unwrap()).len();
            }
        }
    }
    ese_corpus::report!("{rows} rows, {entries} entries walked both ways");
    assert!(rows > 30_000 && entries > 100_000, "{rows} {entries}");
}

#[test]
fn seeks_find_the_first_equal_entry_the_next_greater_one_or_the_end() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("seeks_find_the_first_equal_entry_the_next_greater_one_or_the_end");
    };
    let mut seeks = 0;
    for name in ["ese/indexes/indexes.edb", "ese/types/types.edb", "windows/ual/Current.mdb"] {
        let samples = samples(&corpus);
        let database = open_sample(samples.iter().find(|sample| sample.name == name).unwrap(), None);
        for schema in database.tables().unwrap() {
            let table = database.open_schema(&schema).unwrap();
            for index in schema.indexes() {
                let mut cursor = table.index_cursor(index.name.as_bytes()).unwrap();
                let entries = keys_of(&mut cursor);
                let first_at = |key: &[u8]| entries.partition_point(|(other, _)| other.as_slice() < key);
                for (key, _) in &entries {
                    let behind = [key.as_slice(), &[0]].concat();
                    for sought in [key, &behind] {
                        let place = first_at(sought);
                        let found = cursor.seek(sought).unwrap();
                        let expected = match entries.get(place) {
                            None => SeekOutcome::Nothing,
                            Some((other, _)) if other == sought => SeekOutcome::Equal,
                            Some(_) => SeekOutcome::Greater,
                        };
                        assert_eq!(found, expected, "{name} {} {}", schema.name(), index.name);
                        if let Some((key, bookmark)) = entries.get(place) {
                            assert_eq!(cursor.key().unwrap().to_vec(), *key);
                            assert_eq!(cursor.bookmark().unwrap().to_vec(), *bookmark);
                        }
                        // The last entry below what was sought is one step back, also from the end.
                        assert_eq!(cursor.move_previous().unwrap(), place > 0);
                        assert_eq!(cursor.is_on_entry(), place > 0);
                        seeks += 1;
                    }
                }
            }
        }
    }
    ese_corpus::report!("{seeks} seeks");
    assert!(seeks > 100_000, "{seeks}");
}

#[test]
fn every_index_entry_is_what_its_row_says_and_every_row_has_its_entries() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_index_entry_is_what_its_row_says_and_every_row_has_its_entries");
    };
    let (mut primary, mut secondary, mut indexes, mut unicode) = (0, 0, 0, 0);
    for sample in &samples(&corpus) {
        let database = open_sample(sample, None);
        for schema in database.tables().unwrap() {
            let table = database.open_schema(&schema).unwrap();
            for index in schema.indexes() {
                let keys = table.index_keys(index, &ComparedText).unwrap();
                let name = format!("{} {} {}", sample.name, schema.name(), index.name);
                let computed = computed_entries(&table, &keys);
                let mut stored = Vec::new();
                let mut cursor = table.index_cursor(index.name.as_bytes()).unwrap();
                while cursor.move_next().unwrap() {
                    stored.push((cursor.key().unwrap().to_vec(), cursor.bookmark().unwrap().to_vec()));
                }
                assert_eq!(computed, stored, "{name}");
                indexes += 1;
                unicode += if keys.has_unicode_text() { stored.len() } else { 0 };
                *if index.is_primary() { &mut primary } else { &mut secondary } += stored.len();
            }
        }
    }
    ese_corpus::report!(
        "{primary} primary keys, {secondary} secondary entries of {indexes} indexes, computed and equal; {unicode} of them over UTF-16 text"
    );
    assert!(primary > 100_000 && secondary > 180_000 && unicode > 1_000, "{primary} {secondary} {unicode}");
}

/// Key and bookmark of every entry that the rows of a table say there must be, in index order.
fn computed_entries(table: &Table, keys: &IndexKeys<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    let mut cursor = table.cursor();
    while cursor.move_next().unwrap() {
        let row = cursor.row().unwrap();
        let bookmark = row.bookmark().to_vec();
        entries.extend(row.keys(keys).unwrap().into_iter().map(|key| (key, bookmark.clone())));
    }
    entries.sort();
    entries
}

/// Key and bookmark of every entry, forwards, after checking that backwards gives the same.
fn keys_of(cursor: &mut TableCursor) -> Vec<(Vec<u8>, Vec<u8>)> {
    let here = |cursor: &TableCursor| (cursor.key().unwrap().to_vec(), cursor.bookmark().unwrap().to_vec());
    let mut forward = Vec::new();
    while cursor.move_next().unwrap() {
        forward.push(here(cursor));
    }
    let mut backward = Vec::new();
    while cursor.move_previous().unwrap() {
        backward.push(here(cursor));
    }
    backward.reverse();
    assert_eq!(forward, backward);
    forward
}
