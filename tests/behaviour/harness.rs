//! A program's view of the library: calls with plain arguments, and the fixture of spec 09 §15.

use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};

use esent::abi::tables::enums::{JET_instanceNil, JET_sesidNil};
use esent::abi::tables::params::*;
use esent::api::*;

/// A text for a call.
pub(crate) fn text(path: &Path) -> CString {
    CString::new(path.to_str().expect("test paths are text")).expect("test paths have no NUL")
}

/// JetSetSystemParameter for a number.
pub(crate) fn set(instance: Option<usize>, id: u32, number: usize) -> i32 {
    let mut handle = instance.unwrap_or(JET_instanceNil);
    // SAFETY: the handle is a local, the text NULL.
    unsafe { JetSetSystemParameter(&raw mut handle, JET_sesidNil, id, number, std::ptr::null()) }
}

/// JetSetSystemParameter for a text.
pub(crate) fn set_text(instance: Option<usize>, id: u32, value: &Path) -> i32 {
    let (mut handle, value) = (instance.unwrap_or(JET_instanceNil), text(value));
    // SAFETY: the handle is a local, the text NUL-terminated.
    unsafe { JetSetSystemParameter(&raw mut handle, JET_sesidNil, id, 0, value.as_ptr()) }
}

/// JetGetSystemParameter for a number.
pub(crate) fn get(instance: usize, session: usize, id: u32) -> Result<usize, i32> {
    let mut number = 0;
    // SAFETY: the number is a local, the text NULL.
    match unsafe { JetGetSystemParameter(instance, session, id, &raw mut number, std::ptr::null_mut(), 0) } {
        0 => Ok(number),
        code => Err(code),
    }
}

/// JetCreateInstance; the handle, and the code.
pub(crate) fn create_instance(name: Option<&str>) -> (usize, i32) {
    let mut instance = 7;
    let name = name.map(|name| CString::new(name).expect("no NUL"));
    let pointer = name.as_ref().map_or(std::ptr::null(), |name| name.as_ptr());
    // SAFETY: the handle is a local, the text NULL or NUL-terminated.
    let code = unsafe { JetCreateInstance(&raw mut instance, pointer) };
    (instance, code)
}

/// JetInit on a handle; what it becomes, and the code.
pub(crate) fn init(instance: usize) -> (usize, i32) {
    let mut instance = instance;
    // SAFETY: the handle is a local.
    let code = unsafe { JetInit(&raw mut instance) };
    (instance, code)
}

/// JetTerm2.
pub(crate) fn term(instance: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetTerm2(instance, grbit) }
}

/// JetBeginSession; the handle, and the code.
pub(crate) fn begin_session(instance: usize) -> (usize, i32) {
    let mut session = 0;
    // SAFETY: the handle is a local, the texts NULL.
    let code = unsafe { JetBeginSession(instance, &raw mut session, std::ptr::null(), std::ptr::null()) };
    (session, code)
}

/// JetEndSession.
pub(crate) fn end_session(session: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetEndSession(session, 0) }
}

/// JetBeginTransaction.
pub(crate) fn begin(session: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetBeginTransaction(session) }
}

/// JetCommitTransaction.
pub(crate) fn commit(session: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetCommitTransaction(session, grbit) }
}

/// JetRollback.
pub(crate) fn rollback(session: usize, grbit: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetRollback(session, grbit) }
}

/// The level of a session.
pub(crate) fn level(session: usize) -> u32 {
    let mut level = u32::MAX;
    let place = (&raw mut level).cast::<c_void>();
    // SAFETY: the place has the four bytes it says.
    let code = unsafe { JetGetSessionParameter(session, 4099, place, 4, std::ptr::null_mut()) };
    if code == 0 { level } else { u32::MAX }
}

/// JetCreateDatabase; the dbid, and the code.
pub(crate) fn create_database(session: usize, path: &Path, grbit: u32) -> (u32, i32) {
    let (mut dbid, path) = (0, text(path));
    // SAFETY: the text is NUL-terminated, the place a local.
    let code = unsafe { JetCreateDatabase(session, path.as_ptr(), std::ptr::null(), &raw mut dbid, grbit) };
    (dbid, code)
}

/// JetAttachDatabase.
pub(crate) fn attach(session: usize, path: &Path, grbit: u32) -> i32 {
    let path = text(path);
    // SAFETY: the text is NUL-terminated.
    unsafe { JetAttachDatabase(session, path.as_ptr(), grbit) }
}

/// JetDetachDatabase2.
pub(crate) fn detach(session: usize, path: &Path, grbit: u32) -> i32 {
    let path = text(path);
    // SAFETY: the text is NUL-terminated.
    unsafe { JetDetachDatabase2(session, path.as_ptr(), grbit) }
}

/// JetOpenDatabase; the dbid, and the code.
pub(crate) fn open(session: usize, path: &Path, grbit: u32) -> (u32, i32) {
    let (mut dbid, path) = (0, text(path));
    // SAFETY: the text is NUL-terminated, the place a local.
    let code = unsafe { JetOpenDatabase(session, path.as_ptr(), std::ptr::null(), &raw mut dbid, grbit) };
    (dbid, code)
}

/// JetCloseDatabase.
pub(crate) fn close(session: usize, dbid: u32) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetCloseDatabase(session, dbid, 0) }
}

/// One code for calls that all gave it; a code that there is not where they differ.
pub(crate) fn each(codes: &[i32]) -> i32 {
    match codes {
        [first, rest @ ..] if rest.iter().all(|code| code == first) => *first,
        _ => {
            eprintln!("not one answer but {codes:?}");
            i32::MIN
        }
    }
}

/// Asserts in a row's way: the code of success, or one that there is not.
pub(crate) fn holds(condition: bool) -> i32 {
    if condition { 0 } else { i32::MIN + 1 }
}

/// The state in the header of a database file.
pub(crate) fn state_of(path: &Path) -> u32 {
    let bytes = std::fs::read(path).unwrap();
    u32::from_le_bytes(bytes[52..56].try_into().unwrap())
}

/// A running instance with folders of its own.
#[derive(Debug)]
pub(crate) struct Running {
    /// Where everything is.
    pub(crate) folder: tempfile::TempDir,
    /// The instance.
    pub(crate) instance: usize,
}

impl Running {
    /// A created instance, its folders set, not started.
    pub(crate) fn created(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let instance = Self::create_in(folder.path(), name);
        Self { folder, instance }
    }

    /// As [`Self::created`], in a folder that is there.
    pub(crate) fn create_in(folder: &Path, name: &str) -> usize {
        let (instance, code) = create_instance(Some(name));
        assert_eq!(code, 0, "JetCreateInstance");
        for id in [JET_paramSystemPath, JET_paramLogFilePath] {
            assert_eq!(set_text(Some(instance), id, folder), 0);
        }
        assert_eq!(set_text(Some(instance), JET_paramTempPath, &folder.join("tmp.edb")), 0);
        assert_eq!(set(Some(instance), JET_paramLogFileSize, 512), 0);
        assert_eq!(set(Some(instance), JET_paramCircularLog, 1), 0);
        assert_eq!(set(Some(instance), JET_paramMaxVerPages, 1024), 0);
        instance
    }

    /// A started instance; pages have 8 KB.
    pub(crate) fn started(name: &str) -> Self {
        assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
        let mut running = Self::created(name);
        running.start();
        running
    }

    /// Starts it.
    pub(crate) fn start(&mut self) {
        let (instance, code) = init(self.instance);
        assert_eq!(code, 0, "JetInit");
        self.instance = instance;
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A session.
    pub(crate) fn session(&self) -> usize {
        let (session, code) = begin_session(self.instance);
        assert_eq!(code, 0, "JetBeginSession");
        session
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whatever the row left: the next one begins without instances.
        if term(self.instance, 2) == -1059 {
            term(self.instance, 8);
        }
    }
}

/// A running instance with a database that a session has open.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The instance.
    pub(crate) running: Running,
    /// The session.
    pub(crate) session: usize,
    /// The database.
    pub(crate) database: PathBuf,
    /// Its number.
    pub(crate) dbid: u32,
}

impl Fixture {
    /// A fresh one.
    pub(crate) fn new() -> Self {
        let running = Running::started("f");
        let session = running.session();
        let database = running.path("f.edb");
        let (dbid, code) = create_database(session, &database, 0);
        assert_eq!(code, 0, "JetCreateDatabase");
        Self { running, session, database, dbid }
    }
}
