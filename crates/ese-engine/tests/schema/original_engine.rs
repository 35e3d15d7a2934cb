//! The original engine's catalogs and ours: the same system tables in a new database, and for the same request the same
//! rows, but for numbers and times.

use ese_corpus::report;
use ese_engine::btree::{Tree, TreeKind};
use ese_engine::catalog::{
    ColumnGrbit, IndexGrbit, NewColumn, NewCondition, NewDefault, NewIndex, NewTable, TableSchema,
};
use ese_engine::database::{AcceptedStates, Database, OpenOptions};
use ese_format::catalog::schema::FIRST_USER_OBJID;
use ese_format::catalog::{CatalogRow, IndexFlags, LCMAP_FLAGS_DEFAULT, RowKind, SegmentFlags, TableFlags};
use ese_format::record::ColumnDefinition;

use crate::stage::Stage;

fn open(folder: &str, file: &str) -> Option<(tempfile::TempDir, Database)> {
    let corpus = ese_corpus::corpus()?.join(folder);
    let unpacked = tempfile::tempdir().expect("a folder");
    let path = ese_corpus::file(&corpus, file)?.unpack_into(unpacked.path());
    let options = OpenOptions { states: AcceptedStates::Any, ..OpenOptions::default() };
    let database = Database::open(path, &options).expect("a database of the corpus");
    Some((unpacked, database))
}

/// A row without what differs from one creation to the next.
fn comparable(row: &CatalogRow) -> CatalogRow {
    let mut row = row.clone();
    match &mut row.kind {
        RowKind::Table(table) => table.fdp_last_set_time = None,
        RowKind::Index(index) => index.fdp_last_set_time = None,
        _ => {}
    }
    row
}

fn nodes(database: &Database, root: u32, objid: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut cursor = Tree::open(database.file(), root, objid, TreeKind::Primary).expect("a tree").cursor();
    let mut nodes = Vec::new();
    while cursor.move_next().expect("a sound tree") {
        let node = cursor.node().expect("a sound node").expect("the cursor is on it");
        nodes.push((node.key().to_vec(), node.data.to_vec()));
    }
    nodes
}

#[test]
fn a_new_database_has_the_system_tables_of_the_original_engine() {
    for folder in ["fresh-4k", "fresh-8k", "fresh-16k", "fresh-32k"] {
        let Some((_unpacked, theirs)) = open(&format!("ese/{folder}"), "fresh.edb") else {
            return ese_corpus::skipped("new databases of the original engine");
        };
        let stage = Stage::with_version(theirs.page_size(), theirs.header().version());
        let ours = stage.check();
        let system = |database: &Database| -> Vec<CatalogRow> {
            let rows = database.catalog().rows().expect("a sound catalog");
            rows.iter().filter(|row| row.objid_table < FIRST_USER_OBJID).map(comparable).collect()
        };
        let (expected, found) = (system(&theirs), system(&ours));
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(found, expected, "{folder}");
        }
        assert_eq!(found.len(), expected.len(), "{folder}");
        let first_objids = |nodes: Vec<_>| nodes.into_iter().take(6).collect::<Vec<_>>();
        assert_eq!(
            first_objids(nodes(&ours, 29, 6)),
            first_objids(nodes(&theirs, 29, 6)),
            "{folder}: MSysObjids"
        );
        let schema_values = |database: &Database| -> Vec<_> {
            nodes(database, 30, 7).into_iter().filter(|(key, _)| key[1] == 0x2E).collect()
        };
        assert_eq!(schema_values(&ours), schema_values(&theirs), "{folder}: MSysLocales");
        report!("{folder}, {}: {} system rows equal", theirs.header().version(), found.len());
    }
}

/// Name, type, code page, maximum, grbit and default of a column.
type ColumnFacts = (Vec<u8>, u32, u32, u32, u32, Option<Vec<u8>>);

/// The request that a table answers.
struct Request {
    columns: Vec<ColumnFacts>,
    indexes: Vec<Index>,
}

struct Index {
    name: Vec<u8>,
    key: Vec<u8>,
    grbit: u32,
    density: u32,
    key_most: u32,
    var_seg_mac: u32,
    tuple_limits: Option<[u32; 5]>,
    conditions: Vec<(Vec<u8>, u32)>,
}

impl Request {
    /// Indexes over UTF-16 text are left out.
    fn of(schema: &TableSchema) -> Self {
        let columns = schema.columns().map(|column| {
            (
                column.name.clone(),
                column.column_type.code(),
                ColumnGrbit::of(column).bits(),
                column.bytes_max,
                u32::from(column.code_page.0),
                column.default.clone(),
            )
        });
        let is_unicode = |index: &&ese_format::catalog::IndexDefinition| {
            index.row.flags.contains(IndexFlags::LOCALIZED_TEXT)
                || index.row.lcmap_flags() != LCMAP_FLAGS_DEFAULT
        };
        let indexes = schema.indexes().iter().filter(|index| !is_unicode(index)).map(|index| {
            let told = schema.index_information_named(index.name.as_bytes()).expect("an index of the table");
            let mut grbit = IndexGrbit::of(index);
            let tuples = index.row.tuple_limits;
            grbit.set(IndexGrbit::TUPLE_LIMITS, tuples.is_some());
            let null = |marked| if marked { 1 } else { 2 };
            Index {
                key: told.key_string(),
                grbit: grbit.bits()
                    | u32::from(index.row.flags.contains(IndexFlags::OPTIONALLY_UNIQUE)) << 22,
                density: index.row.density,
                key_most: u32::from(told.key_most),
                var_seg_mac: u32::from(index.row.var_seg_mac.unwrap_or(0)),
                tuple_limits: tuples.map(|limits| {
                    [
                        limits.length_min,
                        limits.length_max,
                        limits.tuples_max,
                        limits.increment(),
                        limits.start(),
                    ]
                }),
                conditions: told
                    .conditions
                    .iter()
                    .map(|condition| (condition.name.clone(), null(condition.is_marked)))
                    .collect(),
                name: told.name,
            }
        });
        Self { columns: columns.collect(), indexes: indexes.collect() }
    }
}

/// What must be equal of two schemas made by one request: everything but object ids, pages and times, and what only a
/// creation after the table's writes (spec 03 §9.3).
fn rows_of(schema: &TableSchema) -> (Vec<String>, Vec<String>) {
    let columns = schema.columns().map(|column| format!("{column:?}"));
    let indexes = schema.indexes().iter().map(|index| {
        let mut row = index.row.clone();
        row.fdp_page = 0;
        row.fdp_last_set_time = None;
        row.stats = None;
        row.key_most = row.key_most.filter(|most| *most >= 255);
        // An index whose creator named the default locale says so.
        row.flags -= IndexFlags::LOCALE_SET;
        let segments = row.segments.iter().map(|segment| segment.flags.contains(SegmentFlags::DESCENDING));
        format!("{} {:?} {row:?}", index.name, segments.collect::<Vec<_>>())
    });
    let mut indexes: Vec<String> = indexes.collect();
    indexes.sort();
    (columns.collect(), indexes)
}

#[test]
fn the_same_request_gives_the_same_rows() {
    let mut counts = [0; 3];
    for (folder, file) in [
        ("ese/types", "types.edb"),
        ("ese/types-32k", "types.edb"),
        ("ese/indexes", "indexes.edb"),
        ("ese/big", "big.edb"),
    ] {
        let Some((_unpacked, theirs)) = open(folder, file) else {
            return ese_corpus::skipped("tables of the original engine, made again");
        };
        let stage = Stage::with_version(theirs.page_size(), theirs.header().version());
        let mut session = stage.session();
        for schema in theirs.tables().expect("a sound catalog") {
            let flags = schema.definition().table.flags;
            let was_changed = schema.layout().columns().iter().any(ColumnDefinition::is_deleted);
            if flags.intersects(TableFlags::SYSTEM | TableFlags::DERIVED) || was_changed {
                continue;
            }
            let request = Request::of(&schema);
            let columns: Vec<NewColumn<'_>> = request
                .columns
                .iter()
                .map(|(name, column_type, grbit, bytes_max, code_page, default)| NewColumn {
                    name,
                    column_type: *column_type,
                    grbit: *grbit,
                    bytes_max: *bytes_max,
                    code_page: *code_page,
                    default: default.as_deref().map_or(NewDefault::None, NewDefault::Value),
                })
                .collect();
            let conditions: Vec<Vec<NewCondition<'_>>> = request
                .indexes
                .iter()
                .map(|index| {
                    index
                        .conditions
                        .iter()
                        .map(|(column, grbit)| NewCondition { column, grbit: *grbit })
                        .collect()
                })
                .collect();
            let indexes: Vec<NewIndex<'_>> = request
                .indexes
                .iter()
                .zip(&conditions)
                .map(|(index, conditions)| NewIndex {
                    name: &index.name,
                    key: &index.key,
                    grbit: index.grbit,
                    density: index.density,
                    key_most: index.key_most,
                    var_seg_mac: index.var_seg_mac,
                    locale: None,
                    tuple_limits: index.tuple_limits,
                    conditions,
                    space_hints: None,
                })
                .collect();
            let grbit = u32::from(flags.contains(TableFlags::FIXED_DDL))
                | u32::from(flags.contains(TableFlags::TEMPLATE)) << 1;
            let new = NewTable {
                name: schema.definition().name.as_bytes(),
                density: schema.definition().table.density,
                columns: &columns,
                indexes: &indexes,
                grbit,
                ..NewTable::default()
            };
            let made = stage.create(&mut session, &new).unwrap_or_else(|error| panic!("{folder}: {error}"));
            let ours = rows_of(made.cursor.table().schema());
            let mut expected = rows_of(&schema);
            let known: Vec<String> = request
                .indexes
                .iter()
                .map(|index| String::from_utf8_lossy(&index.name).into_owned())
                .collect();
            expected.1.retain(|row| known.iter().any(|name| row.starts_with(&format!("{name} "))));
            assert_eq!(ours.0, expected.0, "{folder}, columns of {}", schema.name());
            assert_eq!(ours.1, expected.1, "{folder}, indexes of {}", schema.name());
            counts[0] += 1;
            counts[1] += ours.0.len();
            counts[2] += ours.1.len();
        }
        drop(session);
        stage.check();
    }
    let [tables, columns, indexes] = counts;
    assert!(tables > 0 && columns > 0 && indexes > 0);
    report!(
        "made again: {tables} tables, {columns} columns, {indexes} indexes, rows equal to the original engine's"
    );
}
