//! Long values and their reference counts: shared by copies of a record, given up with the last of them, brought back by a
//! rollback. After each step the file on disk is what a crash would leave; recovered, it has no orphan and no value too few.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::{NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::file_map::Logging;
use ese_engine::instance::{CreateRequest, Instance, InstanceSettings, TermKind};
use ese_engine::io::{Existing, FileSystem, Host, SimulatedFileSystem};
use ese_engine::table::{ColumnChange, Cursor, CursorMode, MakeKeyGrbit, Prepare, SeekGrbit, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_engine::verify::{VerifyOptions, verify};

const PATH: &str = "/values/values.edb";
const LONG: u32 = 4;
const LONG_BINARY: u32 = 11;

fn settings(disk: &SimulatedFileSystem) -> InstanceSettings {
    let host = Host::simulated(Arc::new(disk.clone()), 17);
    let mut settings = InstanceSettings::in_folder(host, Path::new("/values"));
    settings.log_file_kb = Some(128);
    settings
}

struct Bed {
    disk: SimulatedFileSystem,
    instance: Arc<Instance>,
    session: Session,
    cursor: Cursor,
    id: u32,
    value: u32,
}

/// What a crash now leaves: bytes of the value by row, after recovery, and the number of stored long values.
struct Left {
    rows: BTreeMap<i32, usize>,
    stored: u64,
}

impl Bed {
    fn new() -> Self {
        let disk = SimulatedFileSystem::default();
        let instance = Instance::start(settings(&disk)).unwrap();
        let request = CreateRequest {
            path: PATH.into(),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let mut session = instance.transactions().begin_session().unwrap();
        let database = instance.create_database(&mut session, &request).unwrap();
        let column = |name, column_type| NewColumn { name, column_type, ..NewColumn::default() };
        let columns = [column(b"id".as_slice(), LONG), column(b"value".as_slice(), LONG_BINARY)];
        let indexes = [NewIndex { name: b"primary", key: b"+id\0\0", grbit: 2, ..NewIndex::default() }];
        let new = NewTable { name: b"rows", columns: &columns, indexes: &indexes, ..NewTable::default() };
        let catalog = Arc::clone(database.catalog().unwrap());
        catalog.create_table(&mut session, &new).table.unwrap();
        let opened = catalog.open_table(&session, b"rows", 0).unwrap();
        let schema = Arc::clone(opened.table.schema());
        let number = |name: &[u8]| schema.layout().column_named(name).unwrap().id.to_api();
        let cursor = Cursor::over(&session, opened.table, CursorMode::Updatable);
        Self { disk, instance, session, cursor, id: number(b"id"), value: number(b"value") }
    }

    fn begin(&mut self) {
        self.session.begin(BeginKind::ReadWrite).unwrap();
    }

    fn commit(&mut self) {
        self.session.commit(CommitOptions::DURABLE).unwrap();
        self.cursor.after_commit(0);
    }

    fn rollback(&mut self) {
        self.session.rollback().unwrap();
        let _ = self.cursor.after_rollback(&mut self.session, 0);
    }

    fn set(&mut self, column: u32, data: &[u8]) {
        let change =
            ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
        self.cursor.set_column(&mut self.session, &change).unwrap();
    }

    fn update(&mut self) {
        self.cursor.update(&mut self.session, None, UpdateGrbit::empty()).unwrap();
    }

    fn seek(&mut self, id: i32) {
        self.cursor.make_key(&mut self.session, &id.to_le_bytes(), MakeKeyGrbit::NEW_KEY).unwrap();
        self.cursor.seek(&mut self.session, SeekGrbit::EQ).unwrap();
    }

    fn insert(&mut self, id: i32, bytes: usize) {
        self.cursor.prepare(&mut self.session, Prepare::Insert).unwrap();
        self.set(self.id, &id.to_le_bytes());
        self.set(self.value, &vec![id as u8; bytes]);
        self.update();
    }

    fn copy(&mut self, from: i32, id: i32, kind: Prepare) {
        self.seek(from);
        self.cursor.prepare(&mut self.session, kind).unwrap();
        self.set(self.id, &id.to_le_bytes());
        self.update();
    }

    fn replace(&mut self, id: i32, bytes: usize) {
        self.seek(id);
        self.cursor.prepare(&mut self.session, Prepare::Replace).unwrap();
        self.set(self.value, &vec![id as u8; bytes]);
        self.update();
    }

    fn delete(&mut self, id: i32) {
        self.seek(id);
        self.cursor.delete(&mut self.session).unwrap();
    }

    /// Crashes a copy of the disk, now, and recovers it.
    #[track_caller]
    fn crash(&self) -> Left {
        let disk = SimulatedFileSystem::default();
        for path in self.disk.list(Path::new("/values")).unwrap() {
            let content = self.disk.content(&path).unwrap();
            disk.put(path, content);
        }
        let recovered = Instance::start(settings(&disk)).unwrap();
        recovered.stop(TermKind::Complete).unwrap();
        drop(recovered);
        let options = OpenOptions { file_system: Arc::new(disk), ..OpenOptions::default() };
        let database = Database::open(PATH, &options).unwrap();
        let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
        let orphans = report.findings.iter().filter(|finding| finding.what.contains("orphan")).count();
        assert_eq!((report.errors, orphans), (0, 0), "{:#?}", report.findings);
        let table = database.open_table("rows").unwrap();
        let column = |name: &[u8]| table.schema().layout().column_named(name).unwrap();
        let (mut cursor, mut buffer, mut rows) = (table.cursor(), Vec::new(), BTreeMap::new());
        while cursor.move_next().unwrap() {
            let row = cursor.row().unwrap();
            let id = row.value(column(b"id")).unwrap().unwrap().read(&mut buffer).unwrap().to_vec();
            let value = row.value(column(b"value")).unwrap().map_or(0, |value| value.size().unwrap());
            rows.insert(i32::from_le_bytes(id.try_into().unwrap()), value);
        }
        Left { rows, stored: report.counts.long_values }
    }

    #[track_caller]
    fn expect(&self, rows: &[(i32, usize)], stored: u64) {
        let left = self.crash();
        assert_eq!(left.rows, rows.iter().copied().collect());
        assert_eq!(left.stored, stored, "long values in the file");
    }
}

#[test]
fn copies_share_a_value_until_the_last_is_gone() {
    let mut bed = Bed::new();
    bed.begin();
    bed.insert(1, 100_000);
    bed.commit();
    bed.expect(&[(1, 100_000)], 1);
    bed.begin();
    bed.copy(1, 2, Prepare::InsertCopy);
    bed.copy(2, 3, Prepare::InsertCopy);
    bed.commit();
    bed.expect(&[(1, 100_000), (2, 100_000), (3, 100_000)], 1);
    bed.begin();
    bed.delete(1);
    bed.replace(2, 50_000);
    bed.commit();
    bed.expect(&[(2, 50_000), (3, 100_000)], 2);
    bed.begin();
    bed.copy(3, 4, Prepare::InsertCopyDeleteOriginal);
    bed.commit();
    bed.expect(&[(2, 50_000), (4, 100_000)], 2);
    bed.begin();
    bed.delete(2);
    bed.delete(4);
    bed.commit();
    bed.expect(&[], 0);
}

#[test]
fn what_is_rolled_back_leaves_no_value_and_takes_none() {
    let mut bed = Bed::new();
    bed.begin();
    bed.insert(1, 30_000);
    bed.copy(1, 2, Prepare::InsertCopy);
    bed.commit();
    for level in 1..=2 {
        // With the inner level taken back, and with both.
        bed.begin();
        bed.begin();
        bed.insert(7, 200_000);
        bed.copy(1, 8, Prepare::InsertCopy);
        bed.delete(1);
        bed.replace(2, 77_777);
        bed.crash_in_the_middle();
        bed.rollback();
        if level == 1 {
            bed.commit();
        } else {
            bed.rollback();
        }
        bed.expect(&[(1, 30_000), (2, 30_000)], 1);
    }
    bed.begin();
    bed.replace(1, 40_000);
    bed.rollback();
    bed.begin();
    bed.delete(1);
    bed.commit();
    bed.expect(&[(2, 30_000)], 1);
}

impl Bed {
    /// A crash before the end of a transaction: nothing of it stays, though all of it reached the log.
    #[track_caller]
    fn crash_in_the_middle(&self) {
        self.instance.log().unwrap().flush_all().unwrap();
        let left = self.crash();
        assert_eq!((left.rows, left.stored), (BTreeMap::from([(1, 30_000), (2, 30_000)]), 1));
    }
}

#[test]
fn an_update_that_is_cancelled_leaves_no_value() {
    let mut bed = Bed::new();
    bed.begin();
    bed.insert(1, 10_000);
    bed.commit();
    bed.begin();
    bed.cursor.prepare(&mut bed.session, Prepare::Insert).unwrap();
    bed.set(bed.id, &9i32.to_le_bytes());
    // Large enough to be written before the update.
    bed.set(bed.value, &vec![9; 6 << 20]);
    bed.cursor.prepare(&mut bed.session, Prepare::Cancel).unwrap();
    bed.seek(1);
    bed.cursor.prepare(&mut bed.session, Prepare::Replace).unwrap();
    bed.set(bed.value, &vec![9; 6 << 20]);
    bed.cursor.prepare(&mut bed.session, Prepare::Cancel).unwrap();
    bed.commit();
    bed.expect(&[(1, 10_000)], 1);
}
