//! Databases made here, and `eseutil` run on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ese_engine::catalog::{NewColumn, NewIndex, NewTable, Shadow};
use ese_engine::file_map::Logging;
use ese_engine::instance::{
    AttachRequest, Attached, AttachedDatabase, CreateRequest, Instance, InstanceSettings, TermKind,
    Writability,
};
use ese_engine::io::{Existing, Host};
use ese_engine::log::Circular;
use ese_engine::table::{ColumnChange, Cursor, CursorMode, Prepare, UpdateGrbit};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::error::JetError;
use serde_json::Value;
use tempfile::TempDir;

/// JET_coltypLong, JET_coltypLongBinary, JET_bitIndexPrimary.
const LONG: u32 = 4;
const LONG_BINARY: u32 = 11;
const PRIMARY: u32 = 2;

/// What `eseutil` said.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) text: String,
    pub(crate) errors: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("it was not killed"),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// That it succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.text, self.errors);
        self
    }

    /// That it ended with this JET code.
    #[track_caller]
    pub(crate) fn failed_with(self, code: i32) -> Self {
        let said = format!("{}\n{}", self.text, self.errors);
        assert!(
            said.contains(&format!("({code})")) || said.contains(&format!("error {code} ")),
            "{code}: {said}"
        );
        assert_ne!(self.status, 0);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Held while a child is made, and while an instance is started. Between its two halves a child has the files that are open
/// here, and their locks, whichever test opened them.
static CHILDREN: Mutex<()> = Mutex::new(());

fn no_child_is_being_made() -> MutexGuard<'static, ()> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a command.
pub(crate) fn spawned(command: &mut Command) -> Child {
    let _alone = no_child_is_being_made();
    command.spawn().expect("the program can be started")
}

/// Runs a command to its end.
pub(crate) fn finished(command: &mut Command) -> Output {
    spawned(command.stdin(Stdio::null())).wait_with_output().expect("it ends")
}

/// Runs a command that reads a file.
pub(crate) fn fed(command: &mut Command, input: fs::File) -> Output {
    let command = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawned(command).wait_with_output().expect("it ends")
}

/// Runs `eseutil`.
pub(crate) fn eseutil<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eseutil"));
    command.args(arguments).current_dir(std::env::temp_dir());
    Said::of(finished(command.stdout(Stdio::piped()).stderr(Stdio::piped())))
}

/// A path as an argument.
pub(crate) fn shown(path: &Path) -> String {
    path.to_str().expect("test folders have plain names").to_owned()
}

/// Every file below a folder with its bytes.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a listed entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                files.insert(path, bytes);
            }
        }
    }
    files
}

/// Copies the files of a folder.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let path = entry.expect("a listed entry").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a file has a name")))
                .expect("a file can be copied");
        }
    }
}

/// A folder with databases of one stream, run by the engine in this process.
pub(crate) struct Stage {
    folder: TempDir,
    settings: InstanceSettings,
    databases: Vec<PathBuf>,
    next_key: i32,
}

impl Stage {
    /// Databases of these names with a table each.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::with(names, Circular::Off)
    }

    pub(crate) fn with(names: &[&str], circular: Circular) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let live = folder.path().join("live");
        fs::create_dir(&live).expect("a folder can be made");
        let mut settings = InstanceSettings::in_folder(Host::system(), &live);
        settings.log_file_kb = Some(128);
        settings.circular = circular;
        settings.checkpoint_depth = 256 << 10;
        let databases: Vec<PathBuf> = names.iter().map(|name| live.join(name)).collect();
        let stage = Self { folder, settings, databases, next_key: 0 };
        let instance = Instance::start(stage.settings.clone()).expect("a new stream");
        let mut session = instance.transactions().begin_session().expect("the first session");
        for path in &stage.databases {
            let request = CreateRequest {
                path: path.clone(),
                grbit: 0,
                existing: Existing::Keep,
                logging: Logging::On,
                shadow: Shadow::Kept,
                pages_max: 0,
            };
            let database = instance.create_database(&mut session, &request).expect("a new database");
            make_table(&database, &mut session);
        }
        session.end().expect("nothing is open");
        instance.stop(TermKind::Complete).expect("it stops");
        stage
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.folder.path().join("live")
    }

    pub(crate) fn database(&self) -> &Path {
        &self.databases[0]
    }

    /// An instance with every database attached.
    pub(crate) fn running(&self) -> (Arc<Instance>, Session, Vec<Arc<AttachedDatabase>>) {
        let alone = no_child_is_being_made();
        let instance = Instance::start(self.settings.clone()).expect("the stream starts");
        drop(alone);
        let session = instance.transactions().begin_session().expect("the first session");
        let attach = |path: &PathBuf| {
            let request = AttachRequest {
                path: path.clone(),
                writability: Writability::Writable,
                logging: Logging::On,
                pages_max: 0,
            };
            match instance.attach_database(&session, &request).expect("a clean database") {
                Attached::New(database) | Attached::Already(database) => database,
            }
        };
        let databases = self.databases.iter().map(attach).collect();
        (instance, session, databases)
    }

    /// Inserts rows into every database, and closes it all.
    pub(crate) fn insert(&mut self, rows: i32) {
        self.insert_and_stop(rows, TermKind::Complete);
    }

    /// Inserts rows, and leaves the databases as a killed process does.
    pub(crate) fn insert_and_crash(&mut self, rows: i32) {
        self.insert_and_stop(rows, TermKind::Dirty);
    }

    fn insert_and_stop(&mut self, rows: i32, kind: TermKind) {
        let (instance, mut session, databases) = self.running();
        for database in &databases {
            insert_rows(database, &mut session, self.next_key, rows);
        }
        session.end().expect("nothing is open");
        drop(databases);
        let stopped = instance.stop(kind).map_err(|error| error.jet());
        // A dirty end says so.
        let expected = if kind == TermKind::Dirty { Err(JetError::DIRTY_SHUTDOWN) } else { Ok(()) };
        assert_eq!(stopped, expected);
        self.next_key += rows;
    }

    /// The number of rows in each database so far.
    pub(crate) fn rows(&self) -> usize {
        self.next_key as usize
    }

    /// A folder beside the live one.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A backup with `eseutil backup`.
    #[track_caller]
    pub(crate) fn backup(&self, to: &str, options: &[&str]) -> PathBuf {
        let folder = self.place(to);
        let mut arguments = vec!["backup".to_owned()];
        arguments.extend(self.databases.iter().map(|path| shown(path)));
        arguments.extend(["--to".to_owned(), shown(&folder)]);
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        eseutil(arguments).succeeded();
        folder
    }
}

fn make_table(database: &Arc<AttachedDatabase>, session: &mut Session) {
    let column = |name, column_type| NewColumn { name, column_type, ..NewColumn::default() };
    let columns = [column(b"key".as_slice(), LONG), column(b"value".as_slice(), LONG_BINARY)];
    let indexes = [
        NewIndex { name: b"primary", key: b"+key\0\0", grbit: PRIMARY, ..NewIndex::default() },
        NewIndex { name: b"by_value", key: b"-value\0+key\0\0", ..NewIndex::default() },
    ];
    let new = NewTable { name: b"rows", columns: &columns, indexes: &indexes, ..NewTable::default() };
    database.catalog().expect("a catalog").create_table(session, &new).table.expect("a new table");
}

fn insert_rows(database: &Arc<AttachedDatabase>, session: &mut Session, first: i32, rows: i32) {
    let opened = database.catalog().expect("a catalog").open_table(session, b"rows", 0).expect("the table");
    let schema = Arc::clone(opened.table.schema());
    let number = |name: &[u8]| schema.layout().column_named(name).expect("a column of the table").id.to_api();
    let (key, value) = (number(b"key"), number(b"value"));
    let source = Arc::clone(opened.table.source());
    let mut cursor =
        Cursor::open(session, database.map(), source, Arc::clone(&schema), CursorMode::Updatable)
            .expect("a cursor");
    for row in first..first + rows {
        session.begin(BeginKind::ReadWrite).expect("a transaction");
        cursor.prepare(session, Prepare::Insert).expect("a new row");
        let text = vec![row as u8; 40 + (row % 700) as usize];
        for (column, data) in [(key, row.to_le_bytes().as_slice()), (value, text.as_slice())] {
            let change =
                ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
            cursor.set_column(session, &change).expect("a value");
        }
        cursor.update(session, None, UpdateGrbit::empty()).expect("an update");
        session.commit(CommitOptions::LAZY).expect("a commit");
        cursor.after_commit(0);
    }
    cursor.close(session).expect("nothing is pending");
}

/// The rows of a database, by `eseutil export`, one line each.
#[track_caller]
pub(crate) fn rows_of(database: &Path) -> Vec<String> {
    let said = eseutil(["export", &shown(database), "rows"]).succeeded();
    said.text.lines().map(str::to_owned).collect()
}

/// That a database is sound.
#[track_caller]
pub(crate) fn assert_sound(database: &Path) {
    eseutil(["check", &shown(database)]).succeeded();
    eseutil(["checksum", &shown(database)]).succeeded();
}
