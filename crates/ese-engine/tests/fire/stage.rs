//! A running instance with its writers, and backups of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ese_engine::backup::{
    BackupFile, BackupKind, BackupReport, BackupSink, FolderSink, LogTruncation, StreamRequest,
};
use ese_engine::catalog::{NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::error::{Error, Result};
use ese_engine::file_map::Logging;
use ese_engine::instance::{AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind};
use ese_engine::io::{Existing, Host, OsFileSystem};
use ese_engine::log::Circular;
use ese_engine::table::{ColumnChange, Cursor, CursorMode, MakeKeyGrbit, Prepare, SeekGrbit, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use tempfile::TempDir;

use crate::model::{Change, Dice, Ending, Player, THREADS};

/// JET_coltypLong, JET_coltypLongBinary.
const LONG: u32 = 4;
const LONG_BINARY: u32 = 11;
/// JET_bitIndexPrimary.
const PRIMARY: u32 = 2;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) databases: usize,
    pub(crate) circular: Circular,
    pub(crate) page_size: PageSize,
}

/// How far each thread is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    acknowledged: [AtomicU64; THREADS],
    asked: [AtomicU64; THREADS],
    stop: AtomicBool,
    pause: AtomicBool,
}

/// Transactions of each thread.
pub(crate) type Point = [u64; THREADS];

impl Progress {
    fn read(counts: &[AtomicU64; THREADS]) -> Point {
        std::array::from_fn(|thread| counts[thread].load(Ordering::SeqCst))
    }

    /// Commits that returned.
    pub(crate) fn acknowledged(&self) -> Point {
        Self::read(&self.acknowledged)
    }

    /// Commits that were asked for.
    pub(crate) fn asked(&self) -> Point {
        Self::read(&self.asked)
    }

    /// The writers wait until the result is dropped: what is done meanwhile has the machine for itself.
    pub(crate) fn pause(&self) -> Paused<'_> {
        self.pause.store(true, Ordering::SeqCst);
        Paused(self)
    }
}

/// The writers wait.
#[derive(Debug)]
pub(crate) struct Paused<'p>(&'p Progress);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.pause.store(false, Ordering::SeqCst);
    }
}

/// Ends the writers, whatever happened.
struct Stopped<'p>(&'p Progress);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

/// A running instance.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) folder: TempDir,
    pub(crate) instance: Arc<Instance>,
    pub(crate) progress: Progress,
    databases: Vec<Arc<AttachedDatabase>>,
}

/// A backup that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) folder: PathBuf,
    pub(crate) report: BackupReport,
    /// What it holds at least and at most.
    pub(crate) least: Point,
    pub(crate) most: Point,
}

pub(crate) fn settings_in(scene: &Scene, folder: &Path) -> InstanceSettings {
    let mut settings = InstanceSettings::in_folder(Host::system(), folder);
    settings.log_file_kb = Some(256);
    settings.page_size = scene.page_size;
    settings.circular = scene.circular;
    settings.cache_bytes = 2 << 20;
    settings.checkpoint_depth = 512 << 10;
    // A thread that gets no turn keeps the versions of all others.
    settings.versions.store_bytes = 256 << 20;
    settings.versions.preferred_bytes = 256 << 20;
    settings
}

impl Stage {
    /// An instance with empty databases.
    pub(crate) fn set(scene: Scene) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let live = folder.path().join("live");
        std::fs::create_dir(&live).expect("an empty folder");
        let instance = Instance::start(settings_in(&scene, &live)).expect("empty folders");
        let mut session = instance.transactions().begin_session().expect("the first session");
        let mut create = |number: usize| {
            let request = CreateRequest {
                path: live.join(database_name(number)),
                grbit: 0,
                existing: Existing::Keep,
                logging: Logging::On,
                shadow: Shadow::Kept,
                pages_max: 0,
            };
            let database = instance.create_database(&mut session, &request).expect("an empty folder");
            create_table(&database, &mut session).expect("an empty database");
            database
        };
        let databases = (0..scene.databases).map(&mut create).collect();
        session.end().expect("it is in no transaction");
        Self { scene, folder, instance, progress: Progress::default(), databases }
    }

    /// The folder of the running instance.
    pub(crate) fn live(&self) -> PathBuf {
        self.folder.path().join("live")
    }

    /// Does something while eight threads write.
    pub(crate) fn under_fire<R>(&self, what: impl FnOnce() -> R) -> R {
        std::thread::scope(|scope| {
            let stopped = Stopped(&self.progress);
            let players = Player::all(self.scene.seed, self.scene.databases).into_iter();
            let writers: Vec<_> = players
                .map(|player| {
                    let session =
                        self.instance.transactions().begin_session().expect("there are numbers left");
                    scope.spawn(move || write(self, session, player))
                })
                .collect();
            let result = what();
            drop(stopped);
            for writer in writers {
                writer.join().expect("no thread panics").expect("no call of a writer fails");
            }
            result
        })
    }

    /// Ends the instance cleanly; its folder stays.
    pub(crate) fn end(self) -> (TempDir, Progress) {
        drop(self.databases);
        self.instance.stop(TermKind::Complete).expect("nothing is in use");
        (self.folder, self.progress)
    }

    /// Takes a backup into a folder of this name.
    pub(crate) fn take(&self, name: &str, kind: BackupKind, truncation: LogTruncation) -> Taken {
        self.try_take(name, kind, truncation).expect("a backup of a sound database")
    }

    pub(crate) fn try_take(&self, name: &str, kind: BackupKind, truncation: LogTruncation) -> Result<Taken> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).expect("the name is new");
        let mut sink = WatchedSink {
            files: FolderSink::new(Arc::new(OsFileSystem), &folder),
            progress: &self.progress,
            least: self.progress.acknowledged(),
            most: None,
        };
        let report = self.instance.stream_backup(StreamRequest { kind, truncation }, &mut sink)?;
        let most = sink.most.expect("a backup has a log at least");
        Ok(Taken { folder, report, least: sink.least, most })
    }
}

pub(crate) fn database_name(number: usize) -> String {
    format!("fire{number}.edb")
}

/// A random moment passes.
pub(crate) fn wait(dice: &mut Dice) {
    std::thread::sleep(Duration::from_millis(dice.below(60)));
}

/// Takes note of how far the writers are before and after the logs are listed.
#[derive(Debug)]
struct WatchedSink<'p> {
    files: FolderSink,
    progress: &'p Progress,
    least: Point,
    most: Option<Point>,
}

impl BackupSink for WatchedSink<'_> {
    fn begin_file(&mut self, file: BackupFile<'_>, bytes: u64) -> Result<()> {
        if let BackupFile::Log(_) = file
            && self.most.is_none()
        {
            self.most = Some(self.progress.asked());
        }
        self.files.begin_file(file, bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.files.write(bytes)
    }

    fn end_file(&mut self) -> Result<()> {
        self.files.end_file()?;
        if self.most.is_none() {
            self.least = self.progress.acknowledged();
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<()> {
        self.files.complete()
    }
}

fn create_table(database: &Arc<AttachedDatabase>, session: &mut Session) -> Result<()> {
    let column = |name, column_type| NewColumn { name, column_type, ..NewColumn::default() };
    let columns = [column(b"key".as_slice(), LONG), column(b"value".as_slice(), LONG_BINARY)];
    let indexes = [
        NewIndex { name: b"primary", key: b"+key\0\0", grbit: PRIMARY, ..NewIndex::default() },
        NewIndex { name: b"by_value", key: b"-value\0+key\0\0", ..NewIndex::default() },
    ];
    let new = NewTable { name: b"rows", columns: &columns, indexes: &indexes, ..NewTable::default() };
    database.catalog()?.create_table(session, &new).table.map(|_| ())
}

/// A thread's cursor on the rows of a database.
struct Table {
    cursor: Cursor,
    key: u32,
    value: u32,
}

impl Table {
    fn open(database: &Arc<AttachedDatabase>, session: &mut Session) -> Result<Self> {
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
        let bytes = data.len() as u32;
        let change = ColumnChange { column, data, bytes, itag: 1, ..ColumnChange::default() };
        self.cursor.set_column(session, &change).map(|_| ())
    }

    fn put(&mut self, session: &mut Session, key: i32, how: Prepare, value: &[u8]) -> Result<()> {
        if how == Prepare::Replace {
            self.seek(session, key)?;
        }
        self.cursor.prepare(session, how)?;
        if how == Prepare::Insert {
            self.set(session, self.key, &key.to_le_bytes())?;
        }
        self.set(session, self.value, value)?;
        self.cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
    }

    fn change(&mut self, session: &mut Session, key: i32, change: Change) -> Result<()> {
        match change {
            Change::Insert(value) => self.put(session, key, Prepare::Insert, &value.content()),
            Change::Replace(value) => self.put(session, key, Prepare::Replace, &value.content()),
            Change::Delete => {
                self.seek(session, key)?;
                self.cursor.delete(session)
            }
        }
    }
}

/// Plays until it is told to stop. Every committed transaction counts itself in every database.
fn write(stage: &Stage, mut session: Session, mut player: Player) -> Result<()> {
    let thread = player.thread();
    let mut tables = Vec::new();
    for database in &stage.databases {
        tables.push(Table::open(database, &mut session)?);
    }
    let progress = &stage.progress;
    while !progress.stop.load(Ordering::SeqCst) {
        if progress.pause.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        let before = player.committed();
        let transaction = player.play();
        session.begin(BeginKind::ReadWrite)?;
        for (database, key, change) in transaction.changes {
            tables[database].change(&mut session, key, change)?;
        }
        let how = if before == 0 { Prepare::Insert } else { Prepare::Replace };
        for table in &mut tables {
            table.put(&mut session, Player::counter(thread), how, &(before + 1).to_le_bytes())?;
        }
        let options = match transaction.ending {
            Ending::RolledBack => {
                session.rollback()?;
                for table in &mut tables {
                    let _ = table.cursor.after_rollback(&mut session, 0);
                }
                continue;
            }
            Ending::Durable => CommitOptions::DURABLE,
            Ending::Lazy => CommitOptions::LAZY,
        };
        progress.asked[thread].store(before + 1, Ordering::SeqCst);
        session.commit(options)?;
        progress.acknowledged[thread].store(before + 1, Ordering::SeqCst);
        for table in &mut tables {
            table.cursor.after_commit(0);
        }
    }
    for table in tables {
        table.cursor.close(&mut session)?;
    }
    session.end()
}
