//! A running instance with databases A and B, and the backup calls in both forms (the fixtures of spec 07 §17).

use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use esent::abi::structs::{JET_COLUMNDEF, JET_LOGINFO_A, JET_LOGINFO_W};
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::harness::{self, attach, begin_session, create_database, init, open, set, set_text, term};

/// Which form of a call with text is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    A,
    W,
}

/// How an instance is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) page: usize,
    pub(crate) circular: bool,
    pub(crate) databases: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { page: 4096, circular: false, databases: 2 }
    }
}

/// Memory as JetReadFile wants it.
pub(crate) struct Pages {
    memory: Vec<u8>,
    start: usize,
    pub(crate) bytes: usize,
}

impl Pages {
    pub(crate) fn new(bytes: usize) -> Self {
        let memory = vec![0xEE; bytes + 8192];
        let start = memory.as_ptr().align_offset(4096);
        Self { memory, start, bytes }
    }

    pub(crate) fn pointer(&mut self) -> *mut c_void {
        self.memory[self.start..].as_mut_ptr().cast()
    }

    pub(crate) fn read(&self, count: usize) -> &[u8] {
        &self.memory[self.start..self.start + count]
    }
}

/// What opening a file gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub(crate) code: i32,
    pub(crate) handle: usize,
    pub(crate) size: u64,
}

/// A backup as it was read.
#[derive(Debug, Default)]
pub(crate) struct Set {
    pub(crate) databases: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) logs: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// A slot of a header: mark, time, generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotBytes(pub(crate) [u8; 24]);

impl SlotBytes {
    pub(crate) const NONE: Self = Self([0; 24]);

    pub(crate) fn generations(self) -> (u32, u32) {
        let word = |at: usize| u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap());
        (word(16), word(20))
    }

    pub(crate) fn mark(self) -> (i32, u16, u16) {
        let half = |at: usize| u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap());
        (i32::from_le_bytes(self.0[4..8].try_into().unwrap()), half(2), half(0))
    }
}

/// The slots of a header on the disk (spec 07 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) full: SlotBytes,
    pub(crate) incremental: SlotBytes,
    pub(crate) current: SlotBytes,
    pub(crate) copy: SlotBytes,
    pub(crate) differential: SlotBytes,
    pub(crate) full_type: u32,
}

impl Slots {
    pub(crate) const NONE: Self = Self {
        full: SlotBytes::NONE,
        incremental: SlotBytes::NONE,
        current: SlotBytes::NONE,
        copy: SlotBytes::NONE,
        differential: SlotBytes::NONE,
        full_type: 0,
    };

    pub(crate) fn of(header: &[u8]) -> Self {
        let slot = |at: usize| SlotBytes(header[at..at + 24].try_into().unwrap());
        Self {
            full: slot(136),
            incremental: slot(160),
            current: slot(184),
            copy: slot(420),
            differential: slot(444),
            full_type: u32::from_le_bytes(header[356..360].try_into().unwrap()),
        }
    }
}

/// A running instance.
pub(crate) struct Bed {
    pub(crate) form: Form,
    pub(crate) setup: Setup,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) instance: usize,
    pub(crate) session: usize,
    pub(crate) databases: Vec<PathBuf>,
    pub(crate) tables: Vec<usize>,
}

const KEY: u32 = 1;
const VALUE: u32 = 256;

impl Bed {
    /// Fixture I: two databases, some archived logs, the checkpoint not in the first.
    pub(crate) fn new(form: Form) -> Self {
        Self::with(form, Setup::default())
    }

    /// Fixture IC.
    pub(crate) fn circular(form: Form) -> Self {
        Self::with(form, Setup { circular: true, ..Setup::default() })
    }

    /// Fixture F.
    pub(crate) fn in_full(form: Form) -> Self {
        let bed = Self::new(form);
        assert_eq!(bed.begin(0), 0);
        bed
    }

    /// Fixture L.
    pub(crate) fn in_logs(form: Form) -> Self {
        let bed = Self::in_full(form);
        for path in &bed.databases {
            bed.stream(path, 16);
        }
        assert_eq!(bed.log_info().0, 0);
        bed
    }

    /// Fixture N.
    pub(crate) fn in_incremental(form: Form) -> Self {
        let mut bed = Self::new(form);
        bed.full(true, JET_bitBackupEndNormal);
        bed.insert(0, 30);
        assert_eq!(bed.begin(JET_bitBackupIncremental), 0);
        bed
    }

    pub(crate) fn with(form: Form, setup: Setup) -> Self {
        let mut bed = Self::created(form, setup);
        bed.start();
        for index in 0..setup.databases {
            let path = bed.path(&format!("{}.edb", ["a", "b", "c"][index]));
            let (dbid, code) = create_database(bed.session, &path, 0);
            assert_eq!(code, 0, "JetCreateDatabase");
            bed.databases.push(path);
            bed.create_table(dbid);
            bed.insert(index, 150);
        }
        if setup.databases == 0 {
            return bed;
        }
        // A clean end and a new start bring the checkpoint behind the logs so far.
        assert_eq!(bed.term(JET_bitTermComplete), 0);
        bed.restart();
        bed.insert(0, 60);
        bed
    }

    /// Created, its parameters set, not started.
    pub(crate) fn created(form: Form, setup: Setup) -> Self {
        let folder = folder();
        let instance = Self::create_in(folder.path(), setup);
        Self { form, setup, folder, instance, session: 0, databases: Vec::new(), tables: Vec::new() }
    }

    pub(crate) fn create_in(folder: &Path, setup: Setup) -> usize {
        assert_eq!(set(None, JET_paramDatabasePageSize, setup.page), 0, "the page size");
        let (instance, code) = harness::create_instance(Some("backup"));
        assert_eq!(code, 0, "JetCreateInstance");
        for id in [JET_paramSystemPath, JET_paramLogFilePath] {
            assert_eq!(set_text(Some(instance), id, folder), 0);
        }
        assert_eq!(set_text(Some(instance), JET_paramTempPath, &folder.join("tmp.edb")), 0);
        assert_eq!(set(Some(instance), JET_paramLogFileSize, 64 * setup.page / 4096), 0);
        assert_eq!(set(Some(instance), JET_paramCircularLog, setup.circular.into()), 0);
        instance
    }

    pub(crate) fn start(&mut self) {
        let (instance, code) = init(self.instance);
        assert_eq!(code, 0, "JetInit");
        self.instance = instance;
        let (session, code) = begin_session(instance);
        assert_eq!(code, 0, "JetBeginSession");
        self.session = session;
    }

    /// Starts the instance again after it ended, and opens its databases.
    pub(crate) fn restart(&mut self) {
        self.instance = Self::create_in(self.folder.path(), self.setup);
        self.start();
        self.tables.clear();
        for path in self.databases.clone() {
            assert!(attach(self.session, &path, 0) >= 0);
            let (dbid, code) = open(self.session, &path, 0);
            assert_eq!(code, 0);
            let mut table = 0;
            // SAFETY: the name is NUL-terminated, the place a local.
            let code =
                unsafe { JetOpenTable(self.session, dbid, c"t".as_ptr(), null(), 0, 0, &raw mut table) };
            assert_eq!(code, 0);
            self.tables.push(table);
        }
    }

    pub(crate) fn term(&mut self, grbit: u32) -> i32 {
        term(self.instance, grbit)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn create_table(&mut self, dbid: u32) {
        let mut table = 0;
        // SAFETY: the name is NUL-terminated, the place a local.
        assert_eq!(unsafe { JetCreateTable(self.session, dbid, c"t".as_ptr(), 1, 100, &raw mut table) }, 0);
        let column = |coltyp, grbit| JET_COLUMNDEF {
            cbStruct: 32,
            columnid: 0,
            coltyp,
            wCountry: 0,
            langid: 0,
            cp: 1252,
            wCollate: 0,
            cbMax: 0,
            grbit,
        };
        let columns = [
            (c"k", column(JET_coltypLong, JET_bitColumnAutoincrement)),
            (c"v", column(JET_coltypLongBinary, 0)),
        ];
        for (name, definition) in columns {
            let mut id = 0;
            // SAFETY: the name is NUL-terminated, the rest are locals.
            let code = unsafe {
                let definition = &raw const definition;
                JetAddColumn(self.session, table, name.as_ptr(), definition, null(), 0, &raw mut id)
            };
            assert_eq!(code, 0, "JetAddColumn");
            assert_eq!(id, if name == c"k" { KEY } else { VALUE });
        }
        let key = b"+k\0\0";
        // SAFETY: the name is NUL-terminated, the key has as many bytes as are told.
        let code = unsafe {
            let name = c"primary".as_ptr();
            JetCreateIndex(self.session, table, name, JET_bitIndexPrimary, key.as_ptr().cast(), 4, 90)
        };
        assert_eq!(code, 0, "JetCreateIndex");
        self.tables.push(table);
    }

    /// Inserts rows in durable transactions of ten.
    pub(crate) fn insert(&mut self, database: usize, rows: usize) {
        insert(self.session, self.tables[database], rows);
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, database: usize) -> u32 {
        let mut rows = 0;
        // SAFETY: the place is a local.
        unsafe {
            assert_eq!(JetMove(self.session, self.tables[database], JET_MoveFirst, 0), 0);
            assert_eq!(JetIndexRecordCount(self.session, self.tables[database], &raw mut rows, u32::MAX), 0);
        }
        rows
    }

    pub(crate) fn begin(&self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetBeginExternalBackupInstance(self.instance, grbit) }
    }

    pub(crate) fn end(&self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetEndExternalBackupInstance2(self.instance, grbit) }
    }

    pub(crate) fn truncate(&self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetTruncateLogInstance(self.instance) }
    }

    pub(crate) fn stop(&self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetStopBackupInstance(self.instance) }
    }

    /// JetGetAttachInfoInstance with a buffer of so many bytes, `None` for none: the code, *pcbActual (7 where it was not
    /// written), the buffer.
    pub(crate) fn attach_info(&self, room: Option<u32>) -> (i32, u32, Vec<u8>) {
        self.list(room, |instance, form, buffer, room, actual| match form {
            // SAFETY: the buffer has so many bytes, the place is a local.
            Form::A => unsafe { JetGetAttachInfoInstance(instance, buffer.cast(), room, actual) },
            // SAFETY: as above.
            Form::W => unsafe { JetGetAttachInfoInstanceW(instance, buffer.cast(), room, actual) },
        })
    }

    pub(crate) fn list(
        &self,
        room: Option<u32>,
        call: impl Fn(usize, Form, *mut c_void, u32, *mut u32) -> i32,
    ) -> (i32, u32, Vec<u8>) {
        let mut buffer = vec![0xEE; room.unwrap_or(0) as usize + 1];
        let pointer = if room.is_some() { buffer.as_mut_ptr().cast() } else { null_mut() };
        let mut actual = 7;
        let code = call(self.instance, self.form, pointer, room.unwrap_or(0), &raw mut actual);
        buffer.pop();
        (code, actual, buffer)
    }

    /// The raw list of logs.
    pub(crate) fn logs_raw(&self, room: Option<u32>) -> (i32, u32, Vec<u8>) {
        self.list(room, |instance, form, buffer, room, actual| match form {
            // SAFETY: the buffer has so many bytes, the place is a local.
            Form::A => unsafe { JetGetLogInfoInstance(instance, buffer.cast(), room, actual) },
            // SAFETY: as above.
            Form::W => unsafe { JetGetLogInfoInstanceW(instance, buffer.cast(), room, actual) },
        })
    }

    fn truncate_raw(&self, room: Option<u32>) -> (i32, u32, Vec<u8>) {
        self.list(room, |instance, form, buffer, room, actual| match form {
            // SAFETY: the buffer has so many bytes, the place is a local.
            Form::A => unsafe { JetGetTruncateLogInfoInstance(instance, buffer.cast(), room, actual) },
            // SAFETY: as above.
            Form::W => unsafe { JetGetTruncateLogInfoInstanceW(instance, buffer.cast(), room, actual) },
        })
    }

    pub(crate) fn paths(&self, bytes: &[u8]) -> Vec<PathBuf> {
        let text = match self.form {
            Form::A => String::from_utf8(bytes.to_vec()).expect("paths of the test are ASCII"),
            Form::W => {
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).expect("paths of the test are text")
            }
        };
        assert!(text.ends_with('\0'));
        text.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect()
    }

    /// Code and list of the logs to copy.
    pub(crate) fn log_info(&self) -> (i32, Vec<PathBuf>) {
        let (code, needed, _) = self.logs_raw(None);
        if code != 0 {
            return (code, Vec::new());
        }
        let (code, actual, bytes) = self.logs_raw(Some(needed));
        assert_eq!((code, actual), (0, needed));
        (code, self.paths(&bytes))
    }

    /// Code and list of the logs to delete.
    pub(crate) fn truncate_info(&self) -> (i32, Vec<PathBuf>) {
        let (code, needed, _) = self.truncate_raw(None);
        if code != 0 {
            return (code, Vec::new());
        }
        let (code, _, bytes) = self.truncate_raw(Some(needed));
        (code, self.paths(&bytes))
    }

    /// First and last generation of the backup.
    pub(crate) fn range(&self) -> (u32, u32) {
        match self.form {
            Form::A => {
                let mut info = JET_LOGINFO_A { cbSize: 16, ulGenLow: 0, ulGenHigh: 0, szBaseName: [0; 4] };
                // SAFETY: no buffer, the place is a local.
                let code = unsafe {
                    JetGetLogInfoInstance2(self.instance, null_mut(), 0, null_mut(), &raw mut info)
                };
                assert_eq!((code, info.szBaseName.map(|unit| unit as u8)), (0, *b"edb\0"));
                (info.ulGenLow, info.ulGenHigh)
            }
            Form::W => {
                let mut info = JET_LOGINFO_W { cbSize: 20, ulGenLow: 0, ulGenHigh: 0, szBaseName: [0; 4] };
                // SAFETY: as above.
                let code = unsafe {
                    JetGetLogInfoInstance2W(self.instance, null_mut(), 0, null_mut(), &raw mut info)
                };
                assert_eq!((code, info.szBaseName), (0, [b'e', b'd', b'b', 0].map(u16::from)));
                (info.ulGenLow, info.ulGenHigh)
            }
        }
    }

    pub(crate) fn open(&self, path: &Path) -> Opened {
        self.open_text(path.to_str().expect("paths of the test are text"))
    }

    pub(crate) fn open_text(&self, path: &str) -> Opened {
        let (mut handle, mut low, mut high) = (77, 78, 79);
        let (handle_at, low_at, high_at) = (&raw mut handle, &raw mut low, &raw mut high);
        let code = match self.form {
            Form::A => {
                let path = CString::new(path).unwrap();
                // SAFETY: the text is NUL-terminated, the places are locals.
                unsafe { JetOpenFileInstance(self.instance, path.as_ptr(), handle_at, low_at, high_at) }
            }
            Form::W => {
                let path: Vec<u16> = path.encode_utf16().chain([0]).collect();
                // SAFETY: as above.
                unsafe { JetOpenFileInstanceW(self.instance, path.as_ptr(), handle_at, low_at, high_at) }
            }
        };
        if code != 0 {
            assert_eq!((handle, low, high), (77, 78, 79), "nothing is written by a call that fails");
        }
        Opened { code, handle, size: u64::from(high) << 32 | u64::from(low) }
    }

    /// JetReadFileInstance: the code, and the bytes that were read.
    pub(crate) fn read(&self, handle: usize, pages: &mut Pages) -> (i32, usize) {
        let mut actual = 0;
        // SAFETY: the buffer has so many bytes, the place is a local.
        let code = unsafe {
            JetReadFileInstance(self.instance, handle, pages.pointer(), pages.bytes as u32, &raw mut actual)
        };
        (code, actual as usize)
    }

    pub(crate) fn close(&self, handle: usize) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetCloseFileInstance(self.instance, handle) }
    }

    /// A whole file in reads of so many pages; the sizes of the reads.
    pub(crate) fn stream_with_pattern(&self, path: &Path, pages: usize) -> (Vec<u8>, Vec<usize>) {
        let opened = self.open(path);
        assert_eq!(opened.code, 0, "{}", path.display());
        let mut buffer = Pages::new(pages * self.setup.page);
        let (mut stream, mut pattern) = (Vec::new(), Vec::new());
        loop {
            let (code, count) = self.read(opened.handle, &mut buffer);
            assert_eq!(code, 0, "{}", path.display());
            pattern.push(count / self.setup.page);
            if count == 0 {
                break;
            }
            stream.extend_from_slice(buffer.read(count));
        }
        assert_eq!(stream.len() as u64, opened.size);
        assert_eq!(self.close(opened.handle), 0);
        (stream, pattern)
    }

    pub(crate) fn stream(&self, path: &Path, pages: usize) -> Vec<u8> {
        self.stream_with_pattern(path, pages).0
    }

    /// The logs of the running backup.
    pub(crate) fn stream_logs(&self, set: &mut Set) {
        let (code, logs) = self.log_info();
        assert_eq!(code, 0);
        (set.low, set.high) = self.range();
        assert_eq!(logs.len() as u32, set.high - set.low + 1);
        for path in logs {
            let stream = self.stream(&path, 16);
            set.logs.push((path, stream));
        }
    }

    /// A full backup with this end.
    pub(crate) fn full(&mut self, truncate: bool, end: u32) -> Set {
        let mut set = Set::default();
        assert_eq!(self.begin(0), 0, "JetBeginExternalBackup");
        for path in &self.databases {
            set.databases.push((path.clone(), self.stream(path, 16)));
        }
        self.stream_logs(&mut set);
        if truncate {
            assert_eq!(self.truncate(), 0, "JetTruncateLog");
        }
        assert_eq!(self.end(end), 0, "JetEndExternalBackup");
        set
    }

    /// A backup of logs.
    pub(crate) fn logs_only(&mut self, truncate: bool) -> Set {
        let mut set = Set::default();
        assert_eq!(self.begin(JET_bitBackupIncremental), 0, "JetBeginExternalBackup");
        self.stream_logs(&mut set);
        if truncate {
            assert_eq!(self.truncate(), 0, "JetTruncateLog");
        }
        assert_eq!(self.end(JET_bitBackupEndNormal), 0, "JetEndExternalBackup");
        set
    }

    /// What the header of a database on the disk says of backups.
    pub(crate) fn slots(&self, database: usize) -> Slots {
        Slots::of(&std::fs::read(&self.databases[database]).unwrap())
    }

    /// Archived generations in the folder.
    pub(crate) fn archives(&self) -> Vec<u32> {
        let names = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut found: Vec<u32> = names.filter_map(|name| generation_of(name.to_str()?)).collect();
        found.sort_unstable();
        found
    }

    /// Generation of the checkpoint in its file.
    pub(crate) fn checkpoint(&self) -> u32 {
        let bytes = std::fs::read(self.path("edb.chk")).unwrap();
        u32::from_le_bytes(bytes[16..20].try_into().unwrap())
    }

    /// Flips bits of a file.
    pub(crate) fn damage(path: &Path, bits: &[(usize, u8)]) {
        let mut bytes = std::fs::read(path).unwrap();
        for (at, mask) in bits {
            bytes[*at] ^= mask;
        }
        // In place: the engine has the file open.
        use std::os::unix::fs::FileExt;
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        for (at, _) in bits {
            file.write_all_at(&bytes[*at..=*at], *at as u64).unwrap();
        }
    }
}

/// A folder in memory where there is one: these tests are about calls, and wait for thousands of syncs.
fn folder() -> tempfile::TempDir {
    if let Some(disk) = std::env::var_os("ESENT_SMALL_DISK") {
        return tempfile::tempdir_in(disk).expect("a temporary folder");
    }
    let in_memory = tempfile::tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// The generation in the name of an archived log.
pub(crate) fn generation_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("edb")?.strip_suffix(".log")?;
    if digits.len() < 5 { None } else { u32::from_str_radix(digits, 16).ok() }
}

/// Inserts rows in durable transactions of ten.
pub(crate) fn insert(session: usize, table: usize, rows: usize) {
    for row in 0..rows {
        let value = [row as u8 ^ 0x5A; 700];
        // SAFETY: the value is a local as long as is told.
        unsafe {
            if row % 10 == 0 {
                assert_eq!(JetBeginTransaction(session), 0);
            }
            assert_eq!(JetPrepareUpdate(session, table, JET_prepInsert), 0);
            assert_eq!(JetSetColumn(session, table, VALUE, value.as_ptr().cast(), 700, 0, null_mut()), 0);
            assert_eq!(JetUpdate(session, table, null_mut(), 0, null_mut()), 0);
            if row % 10 == 9 || row + 1 == rows {
                assert_eq!(JetCommitTransaction(session, 0), 0);
            }
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if term(self.instance, JET_bitTermAbrupt) == -1059 {
            term(self.instance, JET_bitTermDirty);
        }
    }
}
