//! A run of an instance that changes a table, and the look at what is left of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ese_engine::catalog::{NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::{Error, Result};
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind, Writability,
};
use ese_engine::io::{Existing, FileSystem, Host, SimulatedFileSystem};
use ese_engine::log::Circular;
use ese_engine::table::{ColumnChange, Cursor, CursorMode, MakeKeyGrbit, Prepare, SeekGrbit, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::error::JetError;

use crate::model::{Dice, History, Rows};

/// The database of every run.
pub(crate) const DATABASE: &str = "/x/crash.edb";

/// JET_coltypLong, JET_coltypLongBinary.
const LONG: u32 = 4;
const LONG_BINARY: u32 = 11;
/// JET_bitIndexPrimary.
const PRIMARY: u32 = 2;

/// One kind of run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) transactions: u32,
    /// Changes in each transaction at most.
    pub(crate) changes: u32,
    /// Bytes of a value at most.
    pub(crate) bytes: u32,
    pub(crate) circular: Circular,
    pub(crate) cache_pages: usize,
    /// Of ten commits, how many wait for the disk.
    pub(crate) durable_of_ten: u32,
}

impl Workload {
    pub(crate) fn settings(&self, disk: &SimulatedFileSystem) -> InstanceSettings {
        let host = Host::simulated(Arc::new(disk.clone()), self.seed);
        let mut settings = InstanceSettings::in_folder(host, Path::new("/x"));
        settings.log_file_kb = Some(64);
        settings.circular = self.circular;
        settings.cache_bytes = self.cache_pages * 4096;
        settings.checkpoint_depth = 96 << 10;
        settings.extension_pages = 16;
        settings
    }

    /// Runs until the end or until the disk loses its power.
    pub(crate) fn run(&self, disk: &SimulatedFileSystem, history: &mut History) -> Result<()> {
        let instance = Instance::start(self.settings(disk))?;
        let mut session = instance.transactions().begin_session()?;
        let request = CreateRequest {
            path: DATABASE.into(),
            grbit: 0,
            existing: Existing::Keep,
            logging: Logging::On,
            shadow: Shadow::Kept,
            pages_max: 0,
        };
        let database = instance.create_database(&mut session, &request)?;
        history.created = true;
        create_table(&database, &mut session)?;
        let mut dice = Dice::new(self.seed);
        let mut rows = Rows::new();
        {
            let mut table = Table::open(&database, &mut session)?;
            for _ in 0..self.transactions {
                self.transaction(&mut table, &mut session, &mut dice, &mut rows, history)?;
                instance.work_inline()?;
            }
            table.cursor.close(&mut session)?;
        }
        session.end()?;
        drop(database);
        instance.stop(TermKind::Complete)?;
        history.durable = history.states.len();
        Ok(())
    }

    fn transaction(
        &self,
        table: &mut Table,
        session: &mut Session,
        dice: &mut Dice,
        rows: &mut Rows,
        history: &mut History,
    ) -> Result<()> {
        let mut after = rows.clone();
        session.begin(BeginKind::ReadWrite)?;
        for _ in 0..=dice.roll(self.changes) {
            let key = dice.roll(60) as i32;
            let count = dice.roll(self.bytes) as usize + 1;
            let value = dice.bytes(count);
            match (after.contains_key(&key), dice.roll(3)) {
                (false, 0) if !after.is_empty() => {
                    // A copy shares the long value of its original until one of them changes.
                    let place = dice.roll(after.len() as u32) as usize;
                    if let Some((from, value)) =
                        after.iter().nth(place).map(|(from, value)| (*from, value.clone()))
                    {
                        table.copy(session, from, key)?;
                        after.insert(key, value);
                    }
                }
                (false, _) => {
                    table.insert(session, key, &value)?;
                    after.insert(key, value);
                }
                (true, 0) => {
                    table.delete(session, key)?;
                    after.remove(&key);
                }
                (true, _) => {
                    table.replace(session, key, &value)?;
                    after.insert(key, value);
                }
            }
        }
        if dice.roll(6) == 0 {
            session.rollback()?;
            let _ = table.cursor.after_rollback(session, 0);
            return Ok(());
        }
        let durable = dice.roll(10) < self.durable_of_ten;
        history.states.push(after.clone());
        session.commit(if durable { CommitOptions::DURABLE } else { CommitOptions::LAZY })?;
        table.cursor.after_commit(0);
        *rows = after;
        if durable {
            history.durable = history.states.len();
        }
        Ok(())
    }
}

/// The table with its cursor.
pub(crate) struct Table {
    pub(crate) cursor: Cursor,
    key: u32,
    value: u32,
}

pub(crate) fn create_table(database: &Arc<AttachedDatabase>, session: &mut Session) -> Result<()> {
    let column = |name, column_type| NewColumn { name, column_type, ..NewColumn::default() };
    let columns = [column(b"key".as_slice(), LONG), column(b"value".as_slice(), LONG_BINARY)];
    let indexes = [
        NewIndex { name: b"primary", key: b"+key\0\0", grbit: PRIMARY, ..NewIndex::default() },
        NewIndex { name: b"by_value", key: b"-value\0+key\0\0", ..NewIndex::default() },
    ];
    let new = NewTable { name: b"rows", columns: &columns, indexes: &indexes, ..NewTable::default() };
    database.catalog()?.create_table(session, &new).table.map(|_| ())
}

impl Table {
    pub(crate) fn open(database: &Arc<AttachedDatabase>, session: &mut Session) -> Result<Self> {
        let opened = database.catalog()?.open_table(session, b"rows", 0)?;
        let schema = Arc::clone(opened.table.schema());
        let number = |name: &[u8]| -> Result<u32> {
            let missing = || Error::refused(JetError::COLUMN_NOT_FOUND, "a column of the test");
            Ok(schema.layout().column_named(name).ok_or_else(missing)?.id.to_api())
        };
        let (key, value) = (number(b"key")?, number(b"value")?);
        let source = Arc::clone(opened.table.source());
        let cursor = Cursor::open(session, database.map(), source, schema, CursorMode::Updatable)?;
        Ok(Self { cursor, key, value })
    }

    fn seek(&mut self, session: &mut Session, key: i32) -> Result<()> {
        self.cursor.make_key(session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
        self.cursor.seek(session, SeekGrbit::EQ).map(|_| ())
    }

    fn set(&mut self, session: &mut Session, column: u32, data: &[u8]) -> Result<()> {
        let change =
            ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
        self.cursor.set_column(session, &change).map(|_| ())
    }

    pub(crate) fn insert(&mut self, session: &mut Session, key: i32, value: &[u8]) -> Result<()> {
        self.cursor.prepare(session, Prepare::Insert)?;
        self.set(session, self.key, &key.to_le_bytes())?;
        self.set(session, self.value, value)?;
        self.cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
    }

    pub(crate) fn copy(&mut self, session: &mut Session, from: i32, key: i32) -> Result<()> {
        self.seek(session, from)?;
        self.cursor.prepare(session, Prepare::InsertCopy)?;
        self.set(session, self.key, &key.to_le_bytes())?;
        self.cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
    }

    pub(crate) fn replace(&mut self, session: &mut Session, key: i32, value: &[u8]) -> Result<()> {
        self.seek(session, key)?;
        self.cursor.prepare(session, Prepare::Replace)?;
        self.set(session, self.value, value)?;
        self.cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
    }

    pub(crate) fn delete(&mut self, session: &mut Session, key: i32) -> Result<()> {
        self.seek(session, key)?;
        self.cursor.delete(session)
    }
}

/// The rows of the database in a file that was closed cleanly; `None` without the table. The verifier finds nothing.
pub(crate) fn rows_of(disk: &SimulatedFileSystem) -> Option<Rows> {
    rows_at(Arc::new(disk.clone()), Path::new(DATABASE))
}

/// As [`rows_of`], of any file on any disk.
pub(crate) fn rows_at(file_system: Arc<dyn FileSystem>, path: &Path) -> Option<Rows> {
    let options = OpenOptions { file_system, ..OpenOptions::default() };
    let database = Database::open(path, &options).expect("recovery left a clean database");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| {});
    let orphans = report.findings.iter().filter(|finding| finding.what.contains("orphan")).count();
    assert_eq!((report.errors, orphans), (0, 0), "{:#?}", report.findings);
    let table = match database.open_table("rows") {
        Ok(table) => table,
        Err(error) if error.jet() == JetError::OBJECT_NOT_FOUND => return None,
        Err(error) => panic!("{error}"),
    };
    let layout = table.schema().layout();
    let column = |name: &[u8]| layout.column_named(name).expect("the table was created whole");
    let (key, value) = (column(b"key"), column(b"value"));
    let mut cursor = table.cursor();
    let mut rows = BTreeMap::new();
    let mut buffer = Vec::new();
    while cursor.move_next().expect("a sound tree") {
        let row = cursor.row().expect("a sound record");
        let mut read = |column| {
            let values = row.values(column).expect("a sound record");
            let first = values.iter().next().expect("it was set").expect("sound");
            first.read(&mut buffer).expect("sound").to_vec()
        };
        let number = i32::from_le_bytes(read(key).try_into().expect("four bytes"));
        rows.insert(number, read(value));
    }
    Some(rows)
}

/// Attaches the database once more and closes it: a recovered instance works.
pub(crate) fn attach_again(instance: &Instance, disk: &SimulatedFileSystem) {
    if !disk.is_file(Path::new(DATABASE)) {
        return;
    }
    let session = instance.transactions().begin_session().expect("the first session");
    let request = AttachRequest {
        path: DATABASE.into(),
        writability: Writability::Writable,
        logging: Logging::On,
        pages_max: 0,
    };
    instance.attach_database(&session, &request).expect("recovery left a clean database");
}
