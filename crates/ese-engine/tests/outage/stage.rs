//! A machine in memory on which a workload runs, whose power can be cut.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ese_engine::catalog::{LiveCatalog, NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind, Writability,
};
use ese_engine::io::{Existing, FileSystem, Host, PowerLoss, SimulatedFileSystem};
use ese_engine::log::Circular;
use ese_engine::table::{
    ColumnChange, ColumnRequest, Cursor, CursorMode, MakeKeyGrbit, MoveGrbit, Prepare, SeekGrbit, UpdateGrbit,
};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::error::JetError;

use crate::workload::{Change, Content, End, Step, Workload};

const FOLDER: &str = "/d";
pub(crate) const DATABASE: &str = "/d/db.edb";
/// JET_coltypLong, JET_coltypBinary, JET_coltypLongBinary.
const LONG: u32 = 4;
const BINARY: u32 = 9;
const LONG_BINARY: u32 = 11;
/// JET_bitIndexPrimary | JET_bitIndexUnique.
const PRIMARY: u32 = 3;
/// The columns: the first fixed, variable and tagged one.
const KEY: u32 = 1;
const SHORT: u32 = 128;
const VALUE: u32 = 256;
/// Bytes of a value that the index sees.
const SHORT_BYTES: usize = 16;
/// A page of 4 KB is whole or not there at all (docs/format/log-tail.md).
const SECTOR_BYTES: usize = 4096;
/// Pages in the cache where a test says nothing else.
const CACHE_PAGES: usize = 64;
/// A key that no workload has.
const KEY_AFTERWARDS: u32 = 1 << 30;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With all transactions and the instance stopped.
    Finished(usize),
    /// In the middle, after this many transactions were acknowledged.
    Died { acknowledged: usize },
}

/// How a run on a failing disk ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survival {
    /// Transactions that were acknowledged.
    pub(crate) acknowledged: usize,
    /// Whether one more may have become durable: its commit failed.
    pub(crate) unsure: bool,
    /// Codes that calls gave.
    pub(crate) errors: Vec<JetError>,
    /// Whether the workload came to its end and the instance stopped cleanly.
    pub(crate) finished: bool,
}

/// Whether somebody makes space on a full disk when a transaction failed for the second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relief {
    Never,
    Space,
}

/// Where a transaction failed.
enum Failed {
    Before(ese_engine::error::Error),
    InCommit(ese_engine::error::Error),
}

/// The machine.
pub(crate) struct Machine {
    disk: SimulatedFileSystem,
    seed: u64,
    cache_pages: usize,
}

/// An instance with its database, a session and the main table.
pub(crate) struct Running {
    pub(crate) instance: Arc<Instance>,
    pub(crate) database: Arc<AttachedDatabase>,
    pub(crate) session: Session,
}

impl Running {
    fn catalog(&self) -> &Arc<LiveCatalog> {
        self.database.catalog().expect("a user database has a catalog")
    }

    fn cursor(&mut self, table: &[u8]) -> Result<(Cursor, ese_engine::catalog::TableHold)> {
        let opened = self.catalog().open_table(&self.session, table, 0)?;
        Ok((Cursor::over(&self.session, opened.table, CursorMode::Updatable), opened.hold))
    }

    fn create_table(&mut self, name: &[u8]) -> Result<()> {
        let columns = [
            NewColumn { name: b"key", column_type: LONG, ..NewColumn::default() },
            NewColumn { name: b"short", column_type: BINARY, bytes_max: 255, ..NewColumn::default() },
            NewColumn { name: b"value", column_type: LONG_BINARY, ..NewColumn::default() },
        ];
        let indexes =
            [NewIndex { name: b"primary", key: b"+key\0\0", grbit: PRIMARY, ..NewIndex::default() }];
        let new = NewTable { name, columns: &columns, indexes: &indexes, ..NewTable::default() };
        let catalog = Arc::clone(self.catalog());
        catalog.create_table(&mut self.session, &new).table.map(drop)
    }

    fn put(&mut self, cursor: &mut Cursor, key: u32, value: &[u8]) -> Result<()> {
        let session = &mut self.session;
        cursor.make_key(session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
        let set = |cursor: &mut Cursor, session: &mut Session, column, data: &[u8]| {
            let change =
                ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
            cursor.set_column(session, &change).map(|_| ())
        };
        match cursor.seek(session, SeekGrbit::EQ) {
            Ok(_) => cursor.prepare(session, Prepare::Replace)?,
            Err(error) if error.jet() == JetError::RECORD_NOT_FOUND => {
                cursor.prepare(session, Prepare::Insert)?;
                set(cursor, session, KEY, &key.to_le_bytes())?;
            }
            Err(error) => return Err(error),
        }
        set(cursor, session, SHORT, &value[..value.len().min(SHORT_BYTES)])?;
        set(cursor, session, VALUE, value)?;
        cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
    }

    fn apply(&mut self, cursor: &mut Option<Cursor>, change: &Change) -> Result<()> {
        match change {
            Change::Put { key, value } => {
                let cursor = cursor.as_mut().expect("changes of rows have a cursor");
                self.put(cursor, *key, value)
            }
            Change::Delete { key } => {
                let cursor = cursor.as_mut().expect("changes of rows have a cursor");
                cursor.make_key(&mut self.session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
                let _ = cursor.seek(&mut self.session, SeekGrbit::EQ)?;
                cursor.delete(&mut self.session)
            }
            Change::CreateTable { number, rows } => {
                let name = format!("t{number}");
                self.create_table(name.as_bytes())?;
                let (mut cursor, _hold) = self.cursor(name.as_bytes())?;
                for row in 0..*rows {
                    self.put(&mut cursor, row, &row.to_le_bytes())?;
                }
                cursor.close(&mut self.session)
            }
            Change::DeleteTable { number } => {
                let catalog = Arc::clone(self.catalog());
                catalog.delete_table(&mut self.session, format!("t{number}").as_bytes())
            }
            Change::CreateIndex { number } => {
                let (cursor, hold) = self.cursor(b"rows")?;
                let name = format!("i{number}");
                let index = NewIndex { name: name.as_bytes(), key: b"+short\0\0", ..NewIndex::default() };
                let catalog = Arc::clone(self.catalog());
                let table = cursor.table().clone();
                catalog.create_indexes(&mut self.session, &table, &hold, &[index]).result?;
                cursor.close(&mut self.session)
            }
            Change::DeleteIndex { number } => {
                let (cursor, hold) = self.cursor(b"rows")?;
                let catalog = Arc::clone(self.catalog());
                catalog.delete_index(&mut self.session, &hold, format!("i{number}").as_bytes())?;
                cursor.close(&mut self.session)
            }
        }
    }

    pub(crate) fn transact(&mut self, step: &Step) -> Result<()> {
        self.change(step)?;
        self.end(step)
    }

    fn end(&mut self, step: &Step) -> Result<()> {
        match step.end {
            End::Commit => self.session.commit(CommitOptions::DURABLE).map(|_| ()),
            End::RollBack => self.session.rollback(),
        }
    }

    /// A transaction on a disk that may fail: what fails before the commit is rolled back.
    fn try_transact(&mut self, step: &Step) -> std::result::Result<(), Failed> {
        if let Err(error) = self.change(step) {
            if self.session.level() > 0 {
                self.session.rollback().map_err(Failed::Before)?;
            }
            return Err(Failed::Before(error));
        }
        self.end(step).map_err(|error| match step.end {
            End::Commit => Failed::InCommit(error),
            End::RollBack => Failed::Before(error),
        })
    }

    /// Everything of a transaction but its end.
    fn change(&mut self, step: &Step) -> Result<()> {
        self.session.begin(BeginKind::ReadWrite)?;
        let of_rows = |change: &Change| matches!(change, Change::Put { .. } | Change::Delete { .. });
        let (mut cursor, hold) = match step.changes.iter().any(of_rows) {
            true => self.cursor(b"rows").map(|(cursor, hold)| (Some(cursor), Some(hold)))?,
            false => (None, None),
        };
        for change in &step.changes {
            self.apply(&mut cursor, change)?;
        }
        if let Some(cursor) = cursor {
            cursor.close(&mut self.session)?;
        }
        drop(hold);
        Ok(())
    }

    fn rows_of(&mut self, table: &[u8]) -> Result<Vec<(u32, Vec<u8>)>> {
        let (mut cursor, _hold) = self.cursor(table)?;
        let mut rows = Vec::new();
        let mut moved = cursor.move_first(&mut self.session);
        while moved.is_ok() {
            let mut key = [0; 4];
            let request = |column| ColumnRequest { column, itag: 1, ..ColumnRequest::default() };
            let _ = cursor.retrieve_column(&mut self.session, &request(KEY), &mut key)?;
            let bytes = cursor.retrieve_column(&mut self.session, &request(VALUE), &mut [])?.actual;
            let mut value = vec![0; bytes];
            let _ = cursor.retrieve_column(&mut self.session, &request(VALUE), &mut value)?;
            rows.push((u32::from_le_bytes(key), value));
            moved = cursor.move_by(&mut self.session, 1, MoveGrbit::empty());
        }
        match moved {
            Err(error) if error.jet() != JetError::NO_CURRENT_RECORD => Err(error),
            _ => cursor.close(&mut self.session).map(|()| rows),
        }
    }

    /// What is in the database; nothing where the main table was not made yet.
    pub(crate) fn content(&mut self) -> Result<Content> {
        let mut content = Content::default();
        let names: Vec<_> =
            self.catalog().objects(&self.session)?.into_iter().map(|object| object.name).collect();
        for name in names {
            match name.as_slice() {
                b"rows" => {
                    content.rows = self.rows_of(&name)?.into_iter().collect();
                    let schema = self.catalog().schema_named(&self.session, &name)?;
                    let indexes =
                        schema.indexes().iter().filter_map(|index| number_of(index.name.as_bytes(), b'i'));
                    content.indexes = indexes.map(|number| (number, ())).collect();
                }
                other => {
                    if let Some(number) = number_of(other, b't') {
                        let rows = self.rows_of(&name)?;
                        assert!(
                            rows.iter()
                                .zip(0..)
                                .all(|((key, value), row)| *key == row && *value == row.to_le_bytes())
                        );
                        content.tables.insert(number, rows.len() as u32);
                    }
                }
            }
        }
        Ok(content)
    }
}

/// The number in a name of this kind.
fn number_of(name: &[u8], kind: u8) -> Option<u32> {
    let digits = name.strip_prefix(&[kind])?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Machine {
    pub(crate) fn new(workload: &Workload) -> Self {
        Self {
            disk: SimulatedFileSystem::with_sectors("edb", SECTOR_BYTES),
            seed: workload.steps.len() as u64,
            cache_pages: CACHE_PAGES,
        }
    }

    /// The same machine with a cache of so many pages.
    pub(crate) fn with_cache(self, cache_pages: usize) -> Self {
        Self { cache_pages, ..self }
    }

    pub(crate) fn write_calls(&self) -> u64 {
        self.disk.write_calls()
    }

    /// The disk, to be made worse.
    pub(crate) fn disk(&self) -> &SimulatedFileSystem {
        &self.disk
    }

    /// Runs the workload on a disk that may fail. What fails is rolled back and tried once more; the second failure in
    /// a row ends the run where nobody brings relief, and so does one that leaves the transaction undecided.
    pub(crate) fn survive(&self, workload: &Workload, relief: Relief) -> Survival {
        let mut survival = Survival::default();
        let mut running = match self.begin() {
            Ok(running) => running,
            Err(error) => {
                survival.errors.push(error.jet());
                return survival;
            }
        };
        for step in &workload.steps {
            let mut outcome = running.try_transact(step);
            if let Err(Failed::Before(error)) = &outcome {
                survival.errors.push(error.jet());
                if running.session.level() == 0 {
                    outcome = running.try_transact(step);
                }
            }
            if let (Err(Failed::Before(error)), Relief::Space) = (&outcome, relief) {
                survival.errors.push(error.jet());
                self.disk.set_size(None);
                if running.session.level() == 0 {
                    outcome = running.try_transact(step);
                }
            }
            match outcome {
                Ok(()) => survival.acknowledged += 1,
                Err(failed) => {
                    let (Failed::Before(error) | Failed::InCommit(error)) = &failed;
                    survival.errors.push(error.jet());
                    survival.unsure = matches!(failed, Failed::InCommit(_));
                    return survival;
                }
            }
            if let Err(error) = running.instance.work_inline() {
                survival.errors.push(error.jet());
            }
        }
        let Running { instance, database, session } = running;
        drop((session, database));
        match instance.stop(TermKind::Complete) {
            Ok(()) => survival.finished = true,
            Err(error) => survival.errors.push(error.jet()),
        }
        survival
    }

    pub(crate) fn cut_power_at(&self, calls: u64, loss: PowerLoss) {
        self.disk.cut_power_at(calls, loss);
    }

    pub(crate) fn reboot(&self) {
        self.disk.reboot();
    }

    fn start(&self) -> Result<Arc<Instance>> {
        let host = Host::simulated(Arc::new(self.disk.clone()), self.seed);
        let mut settings = InstanceSettings::in_folder(host, Path::new(FOLDER));
        settings.log_file_kb = Some(64);
        settings.circular = Circular::On;
        settings.extension_pages = 16;
        settings.cache_bytes = self.cache_pages * 4096;
        settings.checkpoint_depth = 128 << 10;
        Instance::start(settings)
    }

    pub(crate) fn begin(&self) -> Result<Running> {
        let instance = self.start()?;
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
        let mut running = Running { instance, database, session };
        running.create_table(b"rows")?;
        Ok(running)
    }

    pub(crate) fn run(&self, workload: &Workload) -> Outcome {
        let mut acknowledged = 0;
        let Ok(mut running) = self.begin() else { return Outcome::Died { acknowledged } };
        for step in &workload.steps {
            if running.transact(step).is_err() {
                return Outcome::Died { acknowledged };
            }
            acknowledged += 1;
        }
        let Running { instance, database, session } = running;
        drop((session, database));
        match instance.stop(TermKind::Complete) {
            Ok(()) => Outcome::Finished(acknowledged),
            Err(_) => Outcome::Died { acknowledged },
        }
    }

    /// Starts and stops an instance. Whether it came through.
    pub(crate) fn recover(&self) -> bool {
        self.start().and_then(|instance| instance.stop(TermKind::Complete)).is_ok()
    }

    /// Recovers, and checks that the content is that after a number of transactions in the range, that the instance can
    /// go on, and that the verifier is content.
    pub(crate) fn check(&self, workload: &Workload, range: RangeInclusive<usize>, when: &str) {
        let name = workload.name;
        let failed =
            |what: &str, error: &dyn std::fmt::Display| -> ! { panic!("{name}, {when}: {what}: {error}") };
        let instance = self.start().unwrap_or_else(|error| failed("recovery", &error));
        let mut session =
            instance.transactions().begin_session().unwrap_or_else(|error| failed("a session", &error));
        if !self.disk.is_file(Path::new(DATABASE)) {
            assert_eq!(*range.start(), 0, "{name}, {when}: the database is gone");
            return;
        }
        let request = AttachRequest {
            path: DATABASE.into(),
            writability: Writability::Writable,
            logging: Logging::On,
            pages_max: 0,
        };
        let attached =
            instance.attach_database(&session, &request).unwrap_or_else(|error| failed("attaching", &error));
        let database = Arc::clone(attached.database());
        session.begin(BeginKind::ReadOnly).unwrap_or_else(|error| failed("a transaction", &error));
        let mut running = Running { instance, database, session };
        let found = running.content().unwrap_or_else(|error| failed("reading", &error));
        running
            .session
            .commit(CommitOptions::DURABLE)
            .unwrap_or_else(|error| failed("the end of reading", &error));
        let most = (*range.end()).min(workload.len());
        let matches = (*range.start()..=most).any(|count| workload.content_after(count) == found);
        assert!(
            matches,
            "{name}, {when}: {} rows, {} tables, {} indexes are not what {range:?} transactions leave",
            found.rows.len(),
            found.tables.len(),
            found.indexes.len()
        );
        if running.catalog().schema_named(&running.session, b"rows").is_ok() {
            let goes_on = Step {
                changes: vec![Change::Put { key: KEY_AFTERWARDS, value: vec![7; 3000] }],
                end: End::Commit,
            };
            running.transact(&goes_on).unwrap_or_else(|error| failed("going on", &error));
        }
        let Running { instance, database, session } = running;
        drop((session, database, attached));
        instance.stop(TermKind::Complete).unwrap_or_else(|error| failed("stopping", &error));
        drop(instance);
        self.verify(&format!("{name}, {when}"));
    }

    /// Starts an instance and attaches the database.
    pub(crate) fn resume(&self) -> Result<Running> {
        let instance = self.start()?;
        let session = instance.transactions().begin_session()?;
        let request = AttachRequest {
            path: DATABASE.into(),
            writability: Writability::Writable,
            logging: Logging::On,
            pages_max: 0,
        };
        let database = Arc::clone(instance.attach_database(&session, &request)?.database());
        Ok(Running { instance, database, session })
    }

    /// A machine whose disk has these files.
    pub(crate) fn with_files(files: &[(PathBuf, Vec<u8>)], seed: u64) -> Self {
        let disk = SimulatedFileSystem::with_sectors("edb", SECTOR_BYTES);
        let machine = Self { disk, seed, cache_pages: CACHE_PAGES };
        for (path, content) in files {
            machine.disk.put(path.clone(), content.clone());
        }
        machine
    }

    /// What is on the disk.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let paths = self.disk.list(Path::new(FOLDER)).expect("the folder is there");
        let content = |path: PathBuf| {
            let content = self.disk.content(&path).expect("it was listed");
            (path, content)
        };
        paths.into_iter().map(content).collect()
    }

    pub(crate) fn verify(&self, when: &str) {
        let options = OpenOptions { file_system: Arc::new(self.disk.clone()), ..OpenOptions::default() };
        let database = Database::open(DATABASE, &options).expect("a stopped instance left it clean");
        let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
        let damage: Vec<_> = report.damage().map(|finding| format!("{finding:?}")).collect();
        assert!(report.is_sound(), "{when}: {}", damage.join("\n"));
    }
}
