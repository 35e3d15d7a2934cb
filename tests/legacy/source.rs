//! What is backed up: an instance with the databases A and B, small logs, and rows that say when they were made.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use ese_format::database_header::{DatabaseHeader, choose_header};
use esent::abi::structs::{JET_RSTINFO_A, JET_RSTINFO_W, JET_RSTMAP_A, JET_RSTMAP_W};
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::params::*;
use esent::api::{JetInit3A, JetInit3W};
use widestring::U16CString;

use crate::Form;
use crate::cursor::Cursor;
use crate::fixture::{add_column, create_index, create_table};
use crate::harness::*;

/// Bytes of a page of all databases here.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Whether logs are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circular {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// A database that the session has open.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its number.
    pub(crate) dbid: u32,
}

/// The instance.
#[derive(Debug)]
pub(crate) struct Source {
    /// It, and its folder.
    pub(crate) running: Running,
    /// A session.
    pub(crate) session: usize,
    /// The first database.
    pub(crate) a: Database,
    /// The second one.
    pub(crate) b: Database,
}

/// Small pages, small logs, and a checkpoint that stays near.
pub(crate) fn configure(instance: usize, circular: Circular) {
    assert_eq!(set(Some(instance), JET_paramLogFileSize, 64), 0);
    assert_eq!(set(Some(instance), JET_paramCircularLog, usize::from(circular == Circular::On)), 0);
    assert_eq!(set(Some(instance), JET_paramCheckpointDepthMax, 128 << 10), 0);
}

impl Source {
    /// A fresh one.
    pub(crate) fn new(circular: Circular) -> Self {
        let running = Self::started("source", circular);
        let session = running.session();
        let a = Self::database(session, running.path("a.edb"));
        let b = Self::database(session, running.path("b.edb"));
        let source = Self { running, session, a, b };
        source.insert(&source.a, 0..50);
        source.insert(&source.b, 0..50);
        source
    }

    /// A running instance with an empty folder.
    pub(crate) fn started(name: &str, circular: Circular) -> Running {
        assert_eq!(set(None, JET_paramDatabasePageSize, PAGE_BYTES), 0);
        let mut running = Running::created(name);
        configure(running.instance, circular);
        running.start();
        running
    }

    fn database(session: usize, path: PathBuf) -> Database {
        let (dbid, code) = create_database(session, &path, 0);
        assert_eq!(code, 0, "JetCreateDatabase");
        let (cursor, code) = create_table(session, dbid, c"t");
        assert_eq!(code, 0, "JetCreateTable");
        add_column(cursor, (c"id", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnNotNULL, None));
        add_column(cursor, (c"v", JET_coltypBinary, 255, 0, None));
        assert_eq!(create_index(cursor, c"pk", b"+id\0\0", JET_bitIndexPrimary | JET_bitIndexUnique), 0);
        assert_eq!(cursor.close(), 0);
        Database { path, dbid }
    }

    /// The instance.
    pub(crate) fn instance(&self) -> usize {
        self.running.instance
    }

    /// Inserts rows, each in a transaction of its own.
    pub(crate) fn insert(&self, database: &Database, ids: std::ops::Range<i32>) {
        insert(self.session, database.dbid, ids);
    }

    /// Inserts rows until so many more logs are archived.
    pub(crate) fn fill_logs(&self, database: &Database, logs: usize) {
        let wanted = self.archived().len() + logs;
        let mut next = rows(self.session, database.dbid).last().map_or(0, |last| last + 1);
        for _ in 0..=200 * logs {
            if self.archived().len() >= wanted {
                return;
            }
            self.insert(database, next..next + 20);
            next += 20;
        }
        panic!("{} logs, not {wanted}", self.archived().len());
    }

    /// The generations of the archived logs.
    pub(crate) fn archived(&self) -> Vec<u32> {
        archived_in(self.running.folder.path())
    }

    /// The header of a database as it is on the disk.
    pub(crate) fn header(&self, database: &Database) -> DatabaseHeader {
        header_of(&database.path)
    }
}

/// The generations of the archived logs in a folder, the lowest first.
pub(crate) fn archived_in(folder: &Path) -> Vec<u32> {
    let names =
        std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.unwrap().file_name());
    let number = |name: std::ffi::OsString| {
        let name = name.to_str()?.to_owned();
        let digits = name.strip_prefix("edb")?.strip_suffix(".log")?;
        matches!(digits.len(), 5 | 8).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let mut numbers: Vec<_> = names.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// The header of a file.
pub(crate) fn header_of(path: &Path) -> DatabaseHeader {
    let bytes = std::fs::read(path).expect("the file is there");
    choose_header(&bytes[..2 * PAGE_BYTES]).expect("a header is sound").header
}

/// Inserts rows, each in a transaction of its own.
pub(crate) fn insert(session: usize, dbid: u32, ids: std::ops::Range<i32>) {
    let (cursor, code) = Cursor::open(session, dbid, c"t", 0);
    assert_eq!(code, 0, "JetOpenTable");
    for id in ids {
        assert_eq!(begin(session), 0);
        assert_eq!(cursor.prepare(JET_prepInsert), 0);
        assert_eq!(cursor.set_long(1, id), 0);
        assert_eq!(cursor.set(128, &[id as u8; 200]), 0);
        assert_eq!(cursor.update(), 0, "JetUpdate of row {id}");
        assert_eq!(commit(session, JET_bitCommitLazyFlush), 0);
    }
    assert_eq!(cursor.close(), 0);
}

/// The rows of a database.
pub(crate) fn rows(session: usize, dbid: u32) -> Vec<i32> {
    let (cursor, code) = Cursor::open(session, dbid, c"t", 0);
    assert_eq!(code, 0, "JetOpenTable");
    let mut rows = Vec::new();
    let mut id = cursor.first();
    while id >= 0 {
        assert_eq!(cursor.retrieve(128, 255, 0, 0, 1).bytes, [id as u8; 200]);
        rows.push(id);
        id = cursor.next();
    }
    assert_eq!(id, -1603, "the end of the table");
    assert_eq!(cursor.close(), 0);
    rows
}

/// The rows of a database file that an instance attaches.
pub(crate) fn rows_of_file(session: usize, path: &Path) -> Vec<i32> {
    assert_eq!(attach(session, path, 0), 0, "JetAttachDatabase");
    let (dbid, code) = open(session, path, 0);
    assert_eq!(code, 0, "JetOpenDatabase");
    let rows = rows(session, dbid);
    assert_eq!(close(session, dbid), 0);
    rows
}

/// JetInit3 with a restore map of old and new paths; the handle, and the code.
pub(crate) fn init_with_map(
    form: Form,
    instance: usize,
    map: &[(PathBuf, PathBuf)],
    grbit: u32,
) -> (usize, i32) {
    let mut instance = instance;
    let code = match form {
        Form::Ansi => {
            let texts: Vec<_> = map.iter().map(|(old, new)| (text(old), text(new))).collect();
            let entry = |(old, new): &(CString, CString)| JET_RSTMAP_A {
                szDatabaseName: old.as_ptr().cast_mut(),
                szNewDatabaseName: new.as_ptr().cast_mut(),
            };
            let mut entries: Vec<_> = texts.iter().map(entry).collect();
            let mut info = JET_RSTINFO_A {
                cbStruct: size_of::<JET_RSTINFO_A>() as u32,
                rgrstmap: entries.as_mut_ptr(),
                crstmap: entries.len() as i32,
                // SAFETY: zero is a value of every field: no place to stop, no callback.
                ..unsafe { std::mem::zeroed() }
            };
            // SAFETY: the structure has its length, its map its entries, whose texts end with a zero.
            unsafe { JetInit3A(&raw mut instance, &raw mut info, grbit) }
        }
        Form::Wide => {
            let texts: Vec<_> = map.iter().map(|(old, new)| (wide(old), wide(new))).collect();
            let entry = |(old, new): &(U16CString, U16CString)| JET_RSTMAP_W {
                szDatabaseName: old.as_ptr().cast_mut(),
                szNewDatabaseName: new.as_ptr().cast_mut(),
            };
            let mut entries: Vec<_> = texts.iter().map(entry).collect();
            let mut info = JET_RSTINFO_W {
                cbStruct: size_of::<JET_RSTINFO_W>() as u32,
                rgrstmap: entries.as_mut_ptr(),
                crstmap: entries.len() as i32,
                // SAFETY: as above.
                ..unsafe { std::mem::zeroed() }
            };
            // SAFETY: as above.
            unsafe { JetInit3W(&raw mut instance, &raw mut info, grbit) }
        }
    };
    (instance, code)
}

/// A path for a call in the W form.
pub(crate) fn wide(path: &Path) -> U16CString {
    U16CString::from_str(path.to_str().expect("test paths are text")).expect("test paths have no NUL")
}
