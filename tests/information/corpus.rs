//! Every table, column and index of the corpus, as the original engine describes it.

use std::collections::BTreeMap;

use esent::abi::tables::bits::{JET_bitColumnUpdatable, JET_bitDbReadOnly};
use esent::abi::tables::enums::*;
use esent::abi::tables::params::JET_paramDatabasePageSize;

use crate::calls::*;
use crate::expected::{ExpectedColumn, Line, parse};
use crate::harness::{Running, attach, open, set};
use crate::samples::{Sample, samples};

/// What a dump says of a table.
#[derive(Default)]
struct Described {
    columns: Vec<ExpectedColumn>,
    /// Name, grbit, key columns with their signs.
    indexes: Vec<(String, u32, String)>,
}

fn described(sample: &Sample) -> BTreeMap<String, Described> {
    let mut tables: BTreeMap<String, Described> = BTreeMap::new();
    for dump in &sample.dumps {
        let text = String::from_utf8(dump.bytes()).expect("dumps are text");
        let mut current = String::new();
        // Rows and entries are the most and say nothing here.
        let is_wanted = |line: &&str| line.contains("\"columns\":") || line.contains("\"segs\":");
        for line in text.lines().filter(is_wanted) {
            match parse(line) {
                Line::Table { name, columns } => {
                    tables.entry(name.clone()).or_default().columns = columns;
                    current = name;
                }
                Line::Index { name, grbit, segments } => {
                    let table = tables.get_mut(&current).expect("an index follows its table");
                    table.indexes.push((name, grbit, segments));
                }
                Line::Row { .. } | Line::Entry { .. } => {}
            }
        }
    }
    tables
}

/// Bytes of a database's pages, from its header.
fn page_bytes(sample: &Sample) -> usize {
    let bytes = sample.file.bytes();
    let field: [u8; 4] = bytes[236..240].try_into().expect("four bytes");
    match u32::from_le_bytes(field) {
        0 => 4096,
        size => size as usize,
    }
}

#[derive(Default)]
struct Compared {
    databases: u32,
    tables: u32,
    columns: usize,
    indexes: usize,
}

impl Compared {
    fn compare(&mut self, sample: &Sample) {
        assert_eq!(set(None, JET_paramDatabasePageSize, page_bytes(sample)), 0);
        let mut running = Running::created("corpus");
        running.start();
        let path = sample.file.unpack_into(running.folder.path());
        let session = running.session();
        let code = attach(session, &path, JET_bitDbReadOnly);
        assert!(code >= 0, "{} is attached: {code}", sample.name);
        let (dbid, code) = open(session, &path, JET_bitDbReadOnly);
        assert!(code >= 0, "{} is opened: {code}", sample.name);
        let tables = described(sample);
        let names: Vec<_> = objects(Form::Ansi, session, dbid, JET_ObjInfoList)
            .into_iter()
            .map(|object| object.name)
            .collect();
        let wide = objects(Form::Wide, session, dbid, JET_ObjInfoListNoStats);
        assert_eq!(names, wide.into_iter().map(|object| object.name).collect::<Vec<_>>());
        assert!(names.is_sorted_by_key(|name| name.to_ascii_uppercase()), "{names:?}");
        for name in names.iter().filter(|name| !name.starts_with("MSys")) {
            assert!(tables.contains_key(name), "{name} of {} is in the dump", sample.name);
        }
        for (name, table) in &tables {
            assert!(names.contains(name), "{name} of {}", sample.name);
            self.compare_table(session, Asked::Named(dbid, name), name, table);
        }
        self.databases += 1;
    }

    fn compare_table(&mut self, session: usize, asked: Asked<'_>, name: &str, table: &Described) {
        let by_id = columns(Form::Wide, session, asked, JET_ColInfoListSortColumnid);
        let given: Vec<_> = by_id.iter().map(as_expected).collect();
        assert_eq!(given, table.columns, "columns of {name}");
        let mut by_name = columns(Form::Ansi, session, asked, JET_ColInfoList);
        assert!(by_name.is_sorted_by_key(|column| column.name.to_ascii_uppercase()));
        by_name.sort_by_key(|column| column.id);
        assert_eq!(by_name.iter().map(as_expected).collect::<Vec<_>>(), table.columns, "by name, {name}");
        let compact = columns(Form::Ansi, session, asked, JET_ColInfoListCompact);
        assert_eq!(compact, by_name, "compact, {name}");

        let rows = indexes(Form::Ansi, session, asked, "", JET_IdxInfoList);
        assert_eq!(rows, indexes(Form::Wide, session, asked, "", JET_IdxInfoList), "both forms, {name}");
        let mut given: Vec<(String, u32, String)> = Vec::new();
        for row in &rows {
            let sign = if row.descending == 0 { '+' } else { '-' };
            let segment = format!("{sign}{} ", row.column);
            match given.last_mut().filter(|(index, ..)| *index == row.index) {
                Some((.., segments)) => segments.push_str(&segment),
                None => given.push((row.index.clone(), row.grbit, segment)),
            }
        }
        let mut expected = table.indexes.clone();
        expected.sort_by_key(|(index, ..)| index.to_ascii_uppercase());
        assert_eq!(given, expected, "indexes of {name}");
        self.tables += 1;
        self.columns += by_id.len();
        self.indexes += given.len();
    }
}

fn as_expected(column: &Column) -> ExpectedColumn {
    assert!(column.order.is_none_or(|order| order == column.id));
    ExpectedColumn {
        name: column.name.clone(),
        id: column.id,
        coltyp: column.coltyp,
        code_page: column.code_page,
        bytes_max: column.bytes_max,
        // The dumps leave out what every call reports (spec 09 §10.3).
        grbit: column.grbit - JET_bitColumnUpdatable,
    }
}

#[test]
fn the_databases_of_the_corpus_are_described_as_the_original_engine_describes_them() {
    let _alone = crate::alone();
    let Some(corpus) = ese_corpus::corpus() else { return ese_corpus::skipped("information") };
    let mut compared = Compared::default();
    for sample in samples(&corpus) {
        compared.compare(&sample);
    }
    let Compared { databases, tables, columns, indexes } = compared;
    ese_corpus::report!(
        "information: {databases} databases, {tables} tables, {columns} columns, {indexes} indexes as described"
    );
    assert!(databases > 20 && columns > 1000);
}
