//! Temporary tables against spec 09 §12 and the rows of the behaviour table.

use std::sync::Arc;

use ese_engine::cache::{OpenGate, PageCache};
use ese_engine::error::Result;
use ese_engine::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use ese_engine::io::{Access, FileSystem, Host, SimulatedFileSystem};
use ese_engine::space::create_root;
use ese_engine::table::{
    ColumnChange, ColumnRequest, MakeKeyGrbit, MoveGrbit, Prepare, RangeGrbit, SeekGrbit, UpdateGrbit,
};
use ese_engine::temp::{
    NewTemporaryColumn, NewTemporaryTable, TemporaryCall, TemporaryTable, TemporaryTables,
};
use ese_engine::transaction::{BeginKind, CommitOptions, Session, Transactions, VersionLimits};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;

use crate::stage::jet;

const KEY: u32 = 0x40;
const DESCENDING: u32 = 0x80;
const INDEXED: u32 = 0x1;
const UNIQUE: u32 = 0x2;
const UPDATABLE: u32 = 0x4;
const SCROLLABLE: u32 = 0x8;
const NULLS_HIGH: u32 = 0x10;
const FORCE: u32 = 0x20;
const FORWARD_ONLY: u32 = 0x40;
const INTRINSIC: u32 = 0x80;

struct Scene {
    keeper: Arc<TemporaryTables>,
    transactions: Arc<Transactions>,
    session: Session,
}

impl Scene {
    fn new(tables_max: u32) -> Self {
        let file_system = SimulatedFileSystem::default();
        let path = std::path::Path::new("/temp.edb");
        file_system.put(path, vec![0; 2 * PageSize::K8.bytes()]);
        let file = file_system.open(path, Access::ReadWrite).expect("the file was put there");
        let file = PageCache::new(16 << 20).attach(file, PageSize::K8).expect("a new file");
        file.set_gate(Arc::new(OpenGate));
        let version = DatabaseVersion::new(300, 620);
        let start = FileMapStart {
            dbid: 0,
            logging: Logging::Off,
            features: FileFeatures::of(version, 4),
            dbtime: 0x40,
            objid_last: 0,
            extension_pages: 256,
        };
        let map = FileMap::new(file, start);
        let host = Host::simulated(Arc::new(file_system), 7);
        let transactions = Transactions::new(host, VersionLimits::default());
        let mut session = transactions.begin_session().expect("the first session");
        session.begin(BeginKind::ReadWrite).expect("level 1");
        create_root(&map, &mut session, 64).expect("a root");
        session.commit(CommitOptions::LAZY).expect("a commit");
        let keeper = TemporaryTables::new(&map, &transactions, version, tables_max);
        Self { keeper, transactions, session }
    }

    fn open(&mut self, columns: &[NewTemporaryColumn], grbit: u32) -> Result<TemporaryTable> {
        let new = NewTemporaryTable { columns, grbit, ..NewTemporaryTable::default() };
        TemporaryTable::open(&self.keeper, &mut self.session, &new)
    }

    fn insert(&mut self, table: &mut TemporaryTable, values: &[Option<i32>]) -> Result<()> {
        table.admit(&mut self.session, TemporaryCall::Prepare(Prepare::Insert))?;
        table.cursor().prepare(&mut self.session, Prepare::Insert)?;
        let ids: Vec<u32> = table.column_ids().iter().map(|id| id.to_api()).collect();
        for (column, value) in ids.into_iter().zip(values) {
            let Some(value) = value else { continue };
            let data = value.to_le_bytes();
            let change = ColumnChange { column, data: &data, bytes: 4, itag: 1, ..ColumnChange::default() };
            table.cursor().set_column(&mut self.session, &change)?;
        }
        let updated = table.update(&mut self.session, None, UpdateGrbit::empty());
        if updated.is_err() {
            table.cursor().prepare(&mut self.session, Prepare::Cancel)?;
        }
        updated.map(|_| ())
    }

    fn fill(&mut self, table: &mut TemporaryTable, keys: &[i32]) {
        for (place, key) in keys.iter().enumerate() {
            let place = i32::try_from(place).expect("few rows");
            self.insert(table, &[Some(*key), Some(place)]).expect("a row");
        }
    }

    fn row(&mut self, table: &mut TemporaryTable) -> Result<Vec<Option<i32>>> {
        table.admit(&mut self.session, TemporaryCall::Retrieve)?;
        let ids: Vec<u32> = table.column_ids().iter().map(|id| id.to_api()).collect();
        ids.into_iter()
            .map(|column| {
                let request = ColumnRequest { column, itag: 1, ..ColumnRequest::default() };
                let mut value = [0; 4];
                let got = table.cursor().retrieve_column(&mut self.session, &request, &mut value)?;
                Ok(got.completion.warning().is_none().then(|| i32::from_le_bytes(value)))
            })
            .collect()
    }

    fn rows(&mut self, table: &mut TemporaryTable) -> Vec<Vec<Option<i32>>> {
        let mut rows = Vec::new();
        let mut moved = table.move_first(&mut self.session);
        while moved.is_ok() {
            rows.push(self.row(table).expect("a row"));
            moved = table.move_by(&mut self.session, 1, MoveGrbit::empty());
        }
        assert_eq!(jet(moved), Some(JetError::NO_CURRENT_RECORD));
        rows
    }

    fn keys(&mut self, table: &mut TemporaryTable) -> Vec<i32> {
        self.rows(table).iter().map(|row| row[0].expect("a key")).collect()
    }

    fn seek(&mut self, table: &mut TemporaryTable, key: i32, grbit: SeekGrbit) -> Result<Option<JetError>> {
        table.admit(&mut self.session, TemporaryCall::MakeKey)?;
        table.cursor().make_key(&mut self.session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
        table.seek(&mut self.session, grbit).map(|completion| completion.warning())
    }
}

fn column(grbit: u32) -> NewTemporaryColumn {
    NewTemporaryColumn { column_type: 4, grbit, ..NewTemporaryColumn::default() }
}

fn long_value() -> NewTemporaryColumn {
    NewTemporaryColumn { column_type: 11, ..NewTemporaryColumn::default() }
}

#[test]
fn row_206_of_equal_keys_the_first_row_is_kept() {
    let mut scene = Scene::new(10);
    for grbit in [UNIQUE, 0, SCROLLABLE, UPDATABLE, UPDATABLE | INDEXED] {
        let mut table = scene.open(&[column(KEY), column(0)], grbit).expect("a sort");
        scene.fill(&mut table, &[3, 1, 3]);
        let rows = scene.rows(&mut table);
        assert_eq!(rows, [[Some(1), Some(1)], [Some(3), Some(0)]], "grbit {grbit:#x}");
        table.close(&mut scene.session).expect("nothing is prepared");
    }
    let mut table = scene.open(&[column(KEY), column(0)], FORWARD_ONLY).expect("a sort");
    scene.fill(&mut table, &[3, 1, 3]);
    assert_eq!(scene.keys(&mut table), [1, 3, 3]);
    let mut table = scene.open(&[column(KEY), column(0)], FORWARD_ONLY | UNIQUE).expect("a sort");
    scene.fill(&mut table, &[3, 1, 3]);
    assert_eq!(scene.keys(&mut table), [1, 3]);
}

#[test]
fn rows_207_208_and_211_phases() {
    let mut scene = Scene::new(10);
    let mut table = scene.open(&[column(KEY)], 0).expect("a sort");
    let illegal = Some(JetError::ILLEGAL_OPERATION);
    assert_eq!(jet(table.bookmark(&mut scene.session)), illegal);
    assert_eq!(jet(scene.row(&mut table)), illegal);
    assert_eq!(jet(table.duplicate(&mut scene.session)), illegal);
    assert_eq!(jet(table.admit(&mut scene.session, TemporaryCall::ObjectInformation)), illegal);
    let replace = table.admit(&mut scene.session, TemporaryCall::Prepare(Prepare::Replace));
    assert_eq!(jet(replace), Some(JetError::NO_CURRENT_RECORD));
    assert_eq!(jet(table.move_by(&mut scene.session, -1, MoveGrbit::empty())), illegal);
    assert_eq!(jet(table.move_first(&mut scene.session)), Some(JetError::NO_CURRENT_RECORD));
    let mut table = scene.open(&[column(KEY)], 0).expect("a sort");
    scene.fill(&mut table, &[5, 4]);
    table.cursor().prepare(&mut scene.session, Prepare::Insert).expect("an insert");
    table.move_by(&mut scene.session, 1, MoveGrbit::empty()).expect("counted from before the first");
    assert_eq!(scene.row(&mut table).expect("a row"), [Some(4)]);
    assert_eq!(jet(table.update(&mut scene.session, None, UpdateGrbit::empty())), illegal);
    assert_eq!(jet(table.move_by(&mut scene.session, -1, MoveGrbit::empty())), illegal);
    let seek = scene.seek(&mut table, 4, SeekGrbit::EQ);
    assert_eq!(jet(seek), illegal);
    let bookmark = table.bookmark(&mut scene.session).expect("a row");
    assert_eq!(bookmark.len(), 4);
    table.move_last(&mut scene.session).expect("rows");
    assert_eq!(scene.row(&mut table).expect("a row"), [Some(5)]);
    table.go_to_bookmark(&mut scene.session, &bookmark).expect("a bookmark of this table");
    assert_eq!(scene.row(&mut table).expect("a row"), [Some(4)]);
    let odd = table.go_to_bookmark(&mut scene.session, &[1, 2, 3, 4, 5]);
    assert_eq!(jet(odd), Some(JetError::INVALID_BOOKMARK));
    let mut other = table.duplicate(&mut scene.session).expect("a second cursor");
    table.close(&mut scene.session).expect("nothing is prepared");
    assert_eq!(scene.keys(&mut other), [4, 5]);
}

#[test]
fn rows_209_and_section_12_1_opening() {
    let mut scene = Scene::new(3);
    let impossible = Some(JetError::CANNOT_MATERIALIZE_FORWARD_ONLY_SORT);
    for other in [INDEXED, UPDATABLE, SCROLLABLE, FORCE] {
        assert_eq!(jet(scene.open(&[column(KEY)], FORWARD_ONLY | other)), impossible);
    }
    assert_eq!(jet(scene.open(&[column(0)], FORWARD_ONLY)), impossible);
    assert_eq!(jet(scene.open(&[column(KEY), long_value()], FORWARD_ONLY)), impossible);
    let odd = NewTemporaryColumn { column_type: 99, ..column(KEY) };
    assert_eq!(jet(scene.open(&[odd], 0)), Some(JetError::INVALID_COLUMN_TYPE));
    let odd = NewTemporaryColumn { column_type: 10, code_page: 437, ..column(KEY) };
    assert_eq!(jet(scene.open(&[odd], 0)), Some(JetError::INVALID_CODE_PAGE));
    assert_eq!(jet(scene.open(&[column(KEY); 128], 0)), Some(JetError::TOO_MANY_COLUMNS));
    let fixed = NewTemporaryColumn { column_type: 9, grbit: 1, ..NewTemporaryColumn::default() };
    assert_eq!(jet(scene.open(&[fixed; 40], 0)), Some(JetError::RECORD_TOO_BIG));
    for (key_most, var_seg_mac) in [(254, 0), (2001, 0), (255, 256)] {
        let columns = [column(KEY)];
        let new =
            NewTemporaryTable { columns: &columns, key_most, var_seg_mac, ..NewTemporaryTable::default() };
        let refused = TemporaryTable::open(&scene.keeper, &mut scene.session, &new);
        assert_eq!(jet(refused), Some(JetError::INVALID_PARAMETER));
    }
    let ids = [column(0), NewTemporaryColumn { column_type: 9, ..column(KEY) }, long_value(), column(0)];
    let first = scene.open(&ids, 0x8000_0200).expect("unknown bits are accepted");
    let ids: Vec<u32> = first.column_ids().iter().map(|id| id.to_api()).collect();
    assert_eq!(ids, [1, 128, 256, 2]);
    let second = scene.open(&[], 0).expect("no columns");
    let third = scene.open(&[column(KEY)], 0).expect("the last one");
    assert_eq!(jet(scene.open(&[column(KEY)], 0)), Some(JetError::TOO_MANY_SORTS));
    drop((first, second, third));
    scene.open(&[column(KEY)], 0).expect("there is room again");
}

#[test]
fn row_210_and_344_materialized_tables() {
    let mut scene = Scene::new(10);
    let mut table = scene.open(&[column(KEY), column(0)], FORCE).expect("a table");
    scene.fill(&mut table, &[3, 1]);
    assert_eq!(jet(scene.insert(&mut table, &[Some(3), None])), Some(JetError::KEY_DUPLICATE));
    assert_eq!(scene.keys(&mut table), [1, 3]);
    let illegal = table.admit(&mut scene.session, TemporaryCall::Other);
    assert_eq!(jet(illegal), Some(JetError::ILLEGAL_OPERATION));
    let name = table.admit(&mut scene.session, TemporaryCall::CatalogInformation);
    assert_eq!(jet(name), Some(JetError::INVALID_OPERATION));
    assert_eq!(
        table.bookmark(&mut scene.session).err().map(|error| error.jet()),
        Some(JetError::NO_CURRENT_RECORD)
    );
    table.move_first(&mut scene.session).expect("rows");
    assert_eq!(table.bookmark(&mut scene.session).expect("a row").len(), 5);
    table.admit(&mut scene.session, TemporaryCall::Delete).expect("tables are changed");
    table.cursor().delete(&mut scene.session).expect("a row");
    assert_eq!(scene.keys(&mut table), [3]);
}

#[test]
fn row_342_updatable_sorts() {
    let mut scene = Scene::new(10);
    let mut table = scene.open(&[column(KEY), column(0)], UPDATABLE).expect("a sort");
    scene.fill(&mut table, &[5, 3]);
    assert_eq!(scene.keys(&mut table), [3, 5]);
    for key in [4, 1, 3] {
        scene.insert(&mut table, &[Some(key), None]).expect("the table has no key any more");
    }
    assert_eq!(scene.keys(&mut table), [3, 5, 4, 1, 3]);
    let seek = scene.seek(&mut table, 4, SeekGrbit::EQ);
    assert_eq!(jet(seek), Some(JetError::NO_CURRENT_INDEX));
    table.move_first(&mut scene.session).expect("rows");
    assert_eq!(table.bookmark(&mut scene.session).expect("a row").len(), 4);
    let mut table = scene.open(&[column(KEY), column(0)], UPDATABLE | INDEXED).expect("a sort");
    scene.fill(&mut table, &[5, 3]);
    assert_eq!(scene.keys(&mut table), [3, 5]);
    scene.insert(&mut table, &[Some(4), None]).expect("a new key");
    scene.insert(&mut table, &[Some(1), None]).expect("a new key");
    assert_eq!(jet(scene.insert(&mut table, &[Some(3), None])), Some(JetError::KEY_DUPLICATE));
    assert_eq!(scene.keys(&mut table), [1, 3, 4, 5]);
}

#[test]
fn row_343_seeks_in_sorts() {
    let mut scene = Scene::new(10);
    let mut table = scene.open(&[column(KEY), column(0)], SCROLLABLE | INDEXED).expect("a sort");
    scene.fill(&mut table, &[5, 1, 3]);
    assert_eq!(scene.seek(&mut table, 2, SeekGrbit::GE).expect("3 is above"), None, "no warning");
    assert_eq!(scene.row(&mut table).expect("a row")[0], Some(3));
    assert_eq!(scene.seek(&mut table, 2, SeekGrbit::LE).expect("1 is below"), None, "no warning");
    assert_eq!(scene.row(&mut table).expect("a row")[0], Some(1));
    assert_eq!(jet(scene.seek(&mut table, 2, SeekGrbit::EQ)), Some(JetError::RECORD_NOT_FOUND));
    table.move_last(&mut scene.session).expect("rows");
    table.move_by(&mut scene.session, -1, MoveGrbit::empty()).expect("scrollable");
    assert_eq!(scene.row(&mut table).expect("a row")[0], Some(3));
    table.move_first(&mut scene.session).expect("rows");
    table.admit(&mut scene.session, TemporaryCall::SetIndexRange).expect("indexed");
    let limit = 3_i32.to_le_bytes();
    table.cursor().make_key(&mut scene.session, &limit, MakeKeyGrbit::NEW_KEY).expect("a key");
    let range = RangeGrbit::INCLUSIVE | RangeGrbit::UPPER_LIMIT;
    table.cursor().set_index_range(&mut scene.session, range).expect("1 is inside");
    table.move_by(&mut scene.session, 1, MoveGrbit::empty()).expect("3 is inside");
    let outside = table.move_by(&mut scene.session, 1, MoveGrbit::empty());
    assert_eq!(jet(outside), Some(JetError::NO_CURRENT_RECORD));
    table.move_by(&mut scene.session, -1, MoveGrbit::empty()).expect("the last row of the table");
    assert_eq!(scene.row(&mut table).expect("a row")[0], Some(5));
}

#[test]
fn row_345_descending_keys_and_nulls() {
    let mut scene = Scene::new(10);
    let rows = [[Some(1), Some(2)], [None, Some(5)], [Some(2), Some(1)], [Some(1), Some(1)], [Some(2), None]];
    let low = [[Some(2), None], [Some(2), Some(1)], [Some(1), Some(1)], [Some(1), Some(2)], [None, Some(5)]];
    let high = [[None, Some(5)], [Some(2), Some(1)], [Some(2), None], [Some(1), Some(1)], [Some(1), Some(2)]];
    for (grbit, expected) in [(0, low), (NULLS_HIGH, high)] {
        let mut table = scene.open(&[column(KEY | DESCENDING), column(KEY)], grbit).expect("a sort");
        for row in &rows {
            scene.insert(&mut table, row).expect("a row");
        }
        assert_eq!(scene.rows(&mut table), expected);
    }
}

#[test]
fn materialized_rows_go_with_their_transaction_and_sorted_ones_stay() {
    let mut scene = Scene::new(10);
    let mut table = scene.open(&[column(KEY), column(0)], FORCE).expect("a table");
    scene.fill(&mut table, &[1]);
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    scene.fill(&mut table, &[2]);
    scene.session.rollback().expect("a rollback");
    let _ = table.cursor().after_rollback(&mut scene.session, 0);
    assert_eq!(scene.keys(&mut table), [1]);
    let mut table = scene.open(&[column(KEY), column(0)], 0).expect("a sort");
    scene.fill(&mut table, &[1]);
    scene.session.begin(BeginKind::ReadWrite).expect("level 1");
    scene.fill(&mut table, &[2]);
    scene.session.rollback().expect("a rollback");
    assert_eq!(scene.keys(&mut table), [1, 2]);
}

#[test]
fn long_values_of_sorts_and_tables() {
    let mut scene = Scene::new(10);
    for grbit in [0, INTRINSIC, INTRINSIC | UPDATABLE] {
        let mut table = scene.open(&[column(KEY), long_value()], grbit).expect("a table");
        scene.session.begin(BeginKind::ReadWrite).expect("level 1");
        let ids: Vec<u32> = table.column_ids().iter().map(|id| id.to_api()).collect();
        for (key, length) in [(2_i32, 100_u32), (1, 20_000)] {
            table.cursor().prepare(&mut scene.session, Prepare::Insert).expect("an insert");
            let (key, long) = (key.to_le_bytes(), vec![7; length as usize]);
            for (column, data) in [(ids[0], &key[..]), (ids[1], &long)] {
                let bytes = u32::try_from(data.len()).expect("short values");
                let change = ColumnChange { column, data, bytes, itag: 1, ..ColumnChange::default() };
                table.cursor().set_column(&mut scene.session, &change).expect("a value");
            }
            table.update(&mut scene.session, None, UpdateGrbit::empty()).expect("a row");
        }
        scene.session.commit(CommitOptions::LAZY).expect("a commit");
        table.move_first(&mut scene.session).expect("rows");
        let request = ColumnRequest { column: ids[1], itag: 1, ..ColumnRequest::default() };
        let mut value = vec![0; 30_000];
        let got = table.cursor().retrieve_column(&mut scene.session, &request, &mut value).expect("a value");
        assert_eq!((got.actual, value[19_999]), (20_000, 7), "grbit {grbit:#x}");
        table.close(&mut scene.session).expect("nothing is prepared");
    }
}

#[test]
fn closed_tables_give_their_pages_back() {
    let mut scene = Scene::new(10);
    let mut pages = Vec::new();
    for round in 0..6 {
        let mut table = scene.open(&[column(KEY), column(0)], SCROLLABLE).expect("a sort");
        let keys: Vec<i32> = (0..3000).map(|key: i32| key.wrapping_mul(1_103_515_245) >> 4).collect();
        scene.fill(&mut table, &keys);
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(scene.keys(&mut table), sorted);
        table.close(&mut scene.session).expect("nothing is prepared");
        scene.transactions.clean().expect("nothing is in the way");
        pages.push(scene.keeper.pages());
        assert_eq!(pages.last(), pages.first(), "round {round}: the file does not grow for ever");
    }
    ese_corpus::report!("temporary tables: 6 rounds of 3000 rows in a file of {:?} pages", pages.last());
}
