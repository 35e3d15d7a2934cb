//! Every key of UTF-16 text that the corpus has, made again from its row: in the trees of every database whatever its state,
//! and in what the original engine said of them (spec 11 §0).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use ese_engine::database::Database;
use ese_engine::table::Table;
use ese_format::catalog::IndexDefinition;
use ese_format::database_header::{DatabaseState, choose_header};
use ese_format::error::FormatResult;
use ese_format::key::{ComparedText, KeyEnd, TextKey};
use ese_format::sort_key::{IndexText, MadeKey};

use crate::expected::{Line, parse};
use crate::samples::{hex, open_bytes, open_sample, samples};

/// Makes every key and counts them by certainty.
#[derive(Default)]
struct Levels {
    counts: Mutex<[u64; 3]>,
}

impl TextKey for Levels {
    fn append_sort_key(
        &self,
        index: &IndexText,
        text: &[u8],
        room: usize,
        key: &mut Vec<u8>,
    ) -> FormatResult<KeyEnd> {
        let level = match index.rules().make(text, room, &mut Vec::new()) {
            MadeKey::Witnessed(_) => 0,
            MadeKey::Published(_) => 1,
            MadeKey::Uncertain(..) => 2,
        };
        self.counts.lock().unwrap()[level] += 1;
        ComparedText.append_sort_key(index, text, room, key)
    }
}

/// What was found in one part of the corpus.
#[derive(Default)]
struct Found {
    files: BTreeSet<String>,
    indexes: u64,
    /// Keys that are those of their rows.
    equal: u64,
    /// Keys of text by their certainty, in spec 11's levels A, B, C.
    levels: [u64; 3],
    /// Entries that were not compared, by the reason.
    left_out: BTreeMap<String, u64>,
    /// Whole files without entries to compare, by the reason.
    files_left_out: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn report(&self, part: &str) {
        let [a, b, c] = self.levels;
        ese_corpus::report!(
            "{part}: {} files, {} indexes over UTF-16 text, {} keys made again and equal (texts of level A {a}, B {b}, C {c}); entries left out {:?}; files left out {:?}",
            self.files.len(),
            self.indexes,
            self.equal,
            self.left_out,
            self.files_left_out
        );
    }
}

/// The part of the corpus a file is in: `windows`, or a folder of `ese`.
fn part_of(name: &str) -> String {
    let mut words = name.split('/');
    match (words.next(), words.next()) {
        (Some("ese"), Some(folder)) => format!("ese/{folder}"),
        (first, _) => first.unwrap_or_default().to_owned(),
    }
}

fn text_indexes(table: &Table) -> Vec<IndexDefinition> {
    let is_text = |index: &&IndexDefinition| {
        table.index_keys(index, &ComparedText).is_ok_and(|keys| keys.has_unicode_text())
    };
    table.schema().indexes().iter().filter(is_text).cloned().collect()
}

/// The keys of an index as its rows give them: key and bookmark, sorted.
fn computed(table: &Table, index: &IndexDefinition, levels: &Levels) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let keys = table.index_keys(index, levels).ok()?;
    let mut entries = Vec::new();
    let mut rows = table.cursor();
    while rows.move_next().ok()? {
        let row = rows.row().ok()?;
        let bookmark = row.bookmark().to_vec();
        for key in row.keys(&keys).ok()? {
            entries.push((key, bookmark.clone()));
        }
    }
    entries.sort();
    Some(entries)
}

fn stored(table: &Table, index: &IndexDefinition) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut cursor = table.index_cursor(index.name.as_bytes()).ok()?;
    let mut entries = Vec::new();
    while cursor.move_next().ok()? {
        entries.push((cursor.key().ok()?.to_vec(), cursor.bookmark().ok()?.to_vec()));
    }
    Some(entries)
}

fn compare_file(name: &str, database: &Database, state: DatabaseState, found: &mut Found) {
    found.files.insert(name.to_owned());
    let is_clean = state == DatabaseState::CleanShutdown;
    let Ok(tables) = database.tables() else {
        assert!(!is_clean, "{name}: the catalog of a clean database");
        found.files_left_out.entry("not closed, no catalog".to_owned()).or_default().push(name.to_owned());
        return;
    };
    for schema in tables {
        let Ok(table) = database.open_schema(&schema) else { continue };
        for index in text_indexes(&table) {
            let levels = Levels::default();
            let of_rows = computed(&table, &index, &levels);
            let of_tree = stored(&table, &index);
            found.indexes += 1;
            let where_ = format!("{name} {} {}", schema.name(), index.name);
            let (Some(of_rows), Some(of_tree)) = (of_rows, of_tree) else {
                assert!(!is_clean, "{where_}: unreadable");
                *found
                    .left_out
                    .entry("in a database that was not closed, unreadable".to_owned())
                    .or_default() += 1;
                continue;
            };
            if of_rows == of_tree {
                found.equal += of_tree.len() as u64;
                let counts = *levels.counts.lock().unwrap();
                found.levels.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            } else {
                let differing = of_rows.iter().zip(&of_tree).find(|(one, other)| one != other);
                assert!(
                    !is_clean,
                    "{where_}: {} and {} entries, {differing:02X?}",
                    of_rows.len(),
                    of_tree.len()
                );
                // Rows and entries of pages that were written at different times.
                let reason = "in a database that was not closed, of rows it does not have".to_owned();
                *found.left_out.entry(reason).or_default() += of_tree.len() as u64;
            }
        }
    }
}

/// Every file that begins as a database does.
fn every_database(corpus: &Path) -> Vec<(String, Vec<u8>, DatabaseState)> {
    let mut databases = Vec::new();
    for file in ese_corpus::files(corpus) {
        // Dumps, logs, checkpoints and maps of pages are no databases.
        const OTHERS: [&str; 12] = [
            ".jsonl", ".txt", ".md", ".log", ".jtx", ".chk", ".jfm", ".jrs", ".csv", ".json", ".RAW", ".env",
        ];
        if OTHERS.iter().any(|ending| file.name.ends_with(ending)) {
            continue;
        }
        let bytes = file.bytes();
        let Ok(header) = choose_header(&bytes) else { continue };
        let Some(state) = header.header.state() else { continue };
        databases.push((file.name.clone(), bytes, state));
    }
    databases
}

#[test]
fn every_stored_key_of_text_is_the_one_that_its_row_gives() {
    let test = "every_stored_key_of_text_is_the_one_that_its_row_gives";
    let Some(corpus) = ese_corpus::corpus() else { return ese_corpus::skipped(test) };
    let mut parts: BTreeMap<String, Found> = BTreeMap::new();
    for (name, bytes, state) in every_database(&corpus) {
        let found = parts.entry(part_of(&name)).or_default();
        match open_bytes(bytes, None) {
            Ok(database) => compare_file(&name, &database, state, found),
            Err(error) => {
                assert_ne!(state, DatabaseState::CleanShutdown, "{name}: {error}");
                found.files_left_out.entry(format!("{error:?}")).or_default().push(name);
            }
        }
    }
    for (part, found) in &parts {
        found.report(part);
    }
    let equal = |part: &str| parts.get(part).map_or(0, |found| found.equal);
    let all: u64 = parts.values().map(|found| found.equal).sum();
    let uncertain: u64 = parts.values().map(|found| found.levels[2]).sum();
    ese_corpus::report!(
        "{all} stored keys of text made again in all, {uncertain} texts of level C among them"
    );
    assert!(equal("windows") > 20 && equal("ese/indexes") > 500, "{all}");
}

#[test]
fn every_key_of_text_in_the_dumps_is_the_one_that_its_row_gives() {
    let test = "every_key_of_text_in_the_dumps_is_the_one_that_its_row_gives";
    let Some(corpus) = ese_corpus::corpus() else { return ese_corpus::skipped(test) };
    let mut parts: BTreeMap<String, Found> = BTreeMap::new();
    for sample in &samples(&corpus) {
        let database = open_sample(sample, None);
        for dump in &sample.dumps {
            let part = parts.entry(part_of(&dump.name)).or_default();
            part.files.insert(dump.name.clone());
            let listed = entries_by_index(&String::from_utf8(dump.bytes()).expect("dumps are text"));
            for schema in database.tables().unwrap() {
                let Some(listed) = listed.get(&schema.name().to_string()) else { continue };
                let table = database.open_schema(&schema).unwrap();
                for index in text_indexes(&table) {
                    if index.is_primary() {
                        continue;
                    }
                    let levels = Levels::default();
                    let of_rows = computed(&table, &index, &levels).expect("a clean database");
                    let of_rows: Vec<_> =
                        of_rows.into_iter().map(|(key, bookmark)| (hex(&key), hex(&bookmark))).collect();
                    let of_dump = listed.get(&index.name.to_string()).cloned().unwrap_or_default();
                    assert_eq!(of_rows, of_dump, "{} {} {}", dump.name, schema.name(), index.name);
                    part.indexes += 1;
                    part.equal += of_dump.len() as u64;
                    let counts = *levels.counts.lock().unwrap();
                    part.levels.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                }
            }
        }
    }
    for (part, found) in &parts {
        found.report(&format!("dumps of {part}"));
    }
    let equal = |part: &str| parts.get(part).map_or(0, |found| found.equal);
    assert!(equal("windows-dumps") > 20 && equal("indexes") > 500);
}

/// The entries that a dump lists: by table, by index, key and bookmark.
fn entries_by_index(text: &str) -> BTreeMap<String, BTreeMap<String, Vec<(String, String)>>> {
    let mut tables: BTreeMap<String, BTreeMap<String, Vec<(String, String)>>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines().filter(|line| line.contains("\"columns\":") || line.contains("\"i\":")) {
        match parse(line) {
            Line::Table { name, .. } => {
                table.clone_from(&name);
                tables.entry(name).or_default();
            }
            Line::Entry { index, key, bookmark } => {
                let entries = tables.entry(table.clone()).or_default();
                entries.entry(index).or_default().push((key, bookmark));
            }
            Line::Row { .. } | Line::Index { .. } => {}
        }
    }
    tables
}
