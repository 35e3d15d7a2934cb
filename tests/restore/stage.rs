//! A backup of two databases on tape, and a folder in which it is restored (the fixtures of spec 07 §17.3).

use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, OnceLock, PoisonError};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::bed::{Bed, Form, Set, generation_of};
use crate::harness::{attach, begin_session, create_instance, init, open, set, set_text, term};

/// A full backup, and what its source went on to.
pub(crate) struct Source {
    pub(crate) set: Set,
    /// Rows of both databases when the backup was taken.
    pub(crate) rows: [u32; 2],
    /// Every archived log of the source at its end.
    pub(crate) archives: BTreeMap<u32, Vec<u8>>,
    /// The last log of an incremental backup behind the full one, and the rows up to there.
    pub(crate) more: (u32, [u32; 2]),
    /// The current log when the source had ended cleanly: its generation, its bytes.
    pub(crate) current: (u32, Vec<u8>),
    /// The rows then.
    pub(crate) rows_at_end: [u32; 2],
    /// Database A, closed.
    pub(crate) closed: Vec<u8>,
}

impl Source {
    fn make() -> Self {
        let mut bed = Bed::new(Form::A);
        // A set of several logs.
        bed.insert(0, 300);
        bed.insert(1, 50);
        let count = |bed: &Bed| [bed.count(0), bed.count(1)];
        // Somebody else is said to have deleted logs: they stay here, and incremental backups may follow.
        let set = bed.full(false, JET_bitBackupEndNormal | JET_bitBackupTruncateDone);
        let rows = count(&bed);
        bed.insert(0, 200);
        bed.insert(1, 100);
        let logs = bed.logs_only(false);
        let more = (logs.high, count(&bed));
        bed.insert(0, 200);
        let rows_at_end = count(&bed);
        let folder = bed.path("");
        let databases = bed.databases.clone();
        assert_eq!(bed.term(JET_bitTermComplete), 0);
        let mut archives = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if let Some(generation) = generation_of(path.file_name().unwrap().to_str().unwrap()) {
                archives.insert(generation, std::fs::read(path).unwrap());
            }
        }
        let bytes = std::fs::read(folder.join("edb.log")).unwrap();
        let generation = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
        let closed = std::fs::read(&databases[0]).unwrap();
        let source = Self { set, rows, archives, more, current: (generation, bytes), rows_at_end, closed };
        assert!(source.set.high >= source.set.low + 3, "a set of some logs");
        assert!(source.set.low > 1 && source.more.0 >= source.set.high + 3, "logs around it");
        assert!(source.archives.contains_key(&(source.set.low - 1)));
        source
    }
}

/// The backup S. Made once, while nobody else has an instance.
pub(crate) fn source() -> &'static Source {
    static SOURCE: OnceLock<Source> = OnceLock::new();
    SOURCE.get_or_init(Source::make)
}

/// The backup S' of another stream.
pub(crate) fn other_source() -> &'static Source {
    static SOURCE: OnceLock<Source> = OnceLock::new();
    SOURCE.get_or_init(Source::make)
}

/// What is given to the call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) system: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) backup: PathBuf,
    pub(crate) low: i32,
    pub(crate) high: i32,
    pub(crate) map: Vec<(Option<String>, Option<String>)>,
    /// Instead of the length of the map.
    pub(crate) count: Option<i32>,
    pub(crate) target: Option<&'static str>,
    pub(crate) target_log: Option<PathBuf>,
    pub(crate) target_system: Option<PathBuf>,
    /// Instead of the size of the structure; 0 for no structure.
    pub(crate) info_size: Option<u32>,
    pub(crate) base_name: [u8; 4],
}

/// What the callback was told: snp, snt, and the parts done where it was progress.
pub(crate) type Told = (u32, u32, Option<u32>);

/// What the callback answers: to this snp and snt, this code.
static ANSWER: Mutex<Option<(u32, u32, i32)>> = Mutex::new(None);
static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

unsafe extern "system" fn status(session: usize, snp: u32, snt: u32, pv: *mut c_void) -> i32 {
    let progress = snp == JET_snpRestore && !pv.is_null();
    // SAFETY: progress of a restore comes with a JET_SNPROG.
    let done = progress.then(|| unsafe { pv.cast::<JET_SNPROG>().read_unaligned() });
    assert!(done.is_none_or(|done| done.cbStruct == 12 && done.cunitTotal == 100));
    if snp == JET_snpRecoveryControl {
        // SAFETY: what recovery asks comes with a JET_RECOVERYCONTROL, whose size is its first field.
        assert_eq!(unsafe { pv.cast::<u32>().read_unaligned() }, 64);
    }
    assert_eq!(session, JET_sesidNil);
    let told = (snp, snt, done.map(|done| done.cunitDone));
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    let answer = *ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    answer.filter(|(to_snp, to_snt, _)| (*to_snp, *to_snt) == (snp, snt)).map_or(0, |(_, _, code)| code)
}

/// A folder with the set's logs in `bk`, its copies in `db`; `log` and `sys` are not there yet.
pub(crate) struct Stage {
    pub(crate) form: Form,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) call: Call,
}

impl Stage {
    /// S, all in place.
    pub(crate) fn new(form: Form) -> Self {
        Self::of(form, &source().set)
    }

    pub(crate) fn of(form: Form, set: &Set) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().unwrap();
        for name in ["bk", "db"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let mut map = Vec::new();
        for (path, bytes) in &set.databases {
            let now = root.join("db").join(path.file_name().unwrap());
            std::fs::write(&now, bytes).unwrap();
            map.push((Some(words(path)), Some(words(&now))));
        }
        for (path, bytes) in &set.logs {
            std::fs::write(root.join("bk").join(path.file_name().unwrap()), bytes).unwrap();
        }
        let call = Call {
            system: root.join("sys"),
            log: root.join("log"),
            backup: root.join("bk"),
            low: set.low as i32,
            high: set.high as i32,
            map,
            count: None,
            target: None,
            target_log: None,
            target_system: None,
            info_size: None,
            base_name: *b"edb\0",
        };
        Self { form, folder, call }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// The file of a log in a folder.
    pub(crate) fn log_in(&self, folder: &str, generation: u32) -> PathBuf {
        let name = generation_name(generation);
        let known = self.path(folder).join(name);
        std::fs::create_dir_all(known.parent().unwrap()).unwrap();
        known
    }

    /// Puts a log of S's source into a folder.
    pub(crate) fn put_log(&self, folder: &str, generation: u32) {
        std::fs::write(self.log_in(folder, generation), &source().archives[&generation]).unwrap();
    }

    /// Puts the last log of S's source into a folder, as the current one.
    pub(crate) fn put_current(&self, folder: &str) {
        std::fs::create_dir_all(self.path(folder)).unwrap();
        std::fs::write(self.path(folder).join("edb.log"), &source().current.1).unwrap();
    }

    pub(crate) fn copy_of_a(&self) -> PathBuf {
        self.path("db/a.edb")
    }

    pub(crate) fn copy_of_b(&self) -> PathBuf {
        self.path("db/b.edb")
    }

    /// Everything there is, by path.
    pub(crate) fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for name in ["bk", "db", "log", "sys"] {
            let Ok(entries) = std::fs::read_dir(self.path(name)) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
                files.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
        files
    }

    /// JetExternalRestore with a callback.
    pub(crate) fn restore(&self) -> i32 {
        self.restore_answering(None).0
    }

    /// As [`Self::restore`]; nothing may have changed afterwards.
    pub(crate) fn refused(&self) -> i32 {
        let before = self.content();
        let code = self.restore();
        assert!(self.content() == before, "a refused restore changed files");
        code
    }

    /// JetExternalRestore2.
    pub(crate) fn restore2(&self) -> i32 {
        *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match self.form {
            Form::A => self.call_a(true),
            Form::W => self.call_w(true),
        }
    }

    /// JetExternalRestore, its callback giving this answer; what it was told.
    pub(crate) fn restore_answering(&self, answer: Option<(u32, u32, i32)>) -> (i32, Vec<Told>) {
        *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let code = match self.form {
            Form::A => self.call_a(false),
            Form::W => self.call_w(false),
        };
        let told = std::mem::take(&mut *TOLD.lock().unwrap_or_else(PoisonError::into_inner));
        (code, told)
    }

    fn call_a(&self, second: bool) -> i32 {
        let call = &self.call;
        let text = |text: &str| CString::new(text).unwrap();
        let path = |path: &Path| text(path.to_str().unwrap());
        let (mut system, mut log, mut backup) = (path(&call.system), path(&call.log), path(&call.backup));
        let _ = (&mut system, &mut log, &mut backup);
        let texts: Vec<_> =
            call.map.iter().map(|(old, new)| (old.as_deref().map(text), new.as_deref().map(text))).collect();
        let pointer =
            |text: &Option<CString>| text.as_ref().map_or(null_mut(), |text| text.as_ptr().cast_mut());
        let mut map: Vec<_> = texts
            .iter()
            .map(|(old, new)| JET_RSTMAP_A { szDatabaseName: pointer(old), szNewDatabaseName: pointer(new) })
            .collect();
        let count = call.count.unwrap_or(map.len() as i32);
        let entries = if map.is_empty() { null_mut() } else { map.as_mut_ptr() };
        let target = call.target.map(text);
        let (target_log, target_system) =
            (call.target_log.as_deref().map(path), call.target_system.as_deref().map(path));
        let (pointers, sys, log, bk) = (
            [&target, &target_log, &target_system].map(pointer),
            system.as_ptr(),
            log.as_ptr(),
            backup.as_ptr(),
        );
        if !second {
            // SAFETY: the texts are NUL-terminated, the map has as many entries as are told, or too many are told to be
            // looked at.
            return unsafe {
                JetExternalRestoreA(
                    sys.cast_mut(),
                    log.cast_mut(),
                    entries,
                    count,
                    bk.cast_mut(),
                    call.low,
                    call.high,
                    Some(status),
                )
            };
        }
        let mut info = JET_LOGINFO_A {
            cbSize: call.info_size.unwrap_or(16),
            ulGenLow: call.low as u32,
            ulGenHigh: call.high as u32,
            szBaseName: call.base_name.map(|byte| byte as _),
        };
        let info = if call.info_size == Some(0) { null_mut() } else { &raw mut info };
        // SAFETY: as above; the structure is NULL or a local.
        unsafe {
            JetExternalRestore2A(
                sys.cast_mut(),
                log.cast_mut(),
                entries,
                count,
                bk.cast_mut(),
                info,
                pointers[0],
                pointers[1],
                pointers[2],
                Some(status),
            )
        }
    }

    fn call_w(&self, second: bool) -> i32 {
        let call = &self.call;
        let text = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
        let path = |path: &Path| text(path.to_str().unwrap());
        let (mut sys, mut log, mut bk) = (path(&call.system), path(&call.log), path(&call.backup));
        let mut texts: Vec<_> =
            call.map.iter().map(|(old, new)| (old.as_deref().map(text), new.as_deref().map(text))).collect();
        let pointer =
            |text: &mut Option<Vec<u16>>| text.as_mut().map_or(null_mut(), |text| text.as_mut_ptr());
        let mut map: Vec<_> = texts
            .iter_mut()
            .map(|(old, new)| JET_RSTMAP_W { szDatabaseName: pointer(old), szNewDatabaseName: pointer(new) })
            .collect();
        let count = call.count.unwrap_or(map.len() as i32);
        let entries = if map.is_empty() { null_mut() } else { map.as_mut_ptr() };
        let mut target = call.target.map(text);
        let (mut target_log, mut target_system) =
            (call.target_log.as_deref().map(path), call.target_system.as_deref().map(path));
        if !second {
            // SAFETY: the texts are NUL-terminated, the map has as many entries as are told, or too many are told to be
            // looked at.
            return unsafe {
                JetExternalRestoreW(
                    sys.as_mut_ptr(),
                    log.as_mut_ptr(),
                    entries,
                    count,
                    bk.as_mut_ptr(),
                    call.low,
                    call.high,
                    Some(status),
                )
            };
        }
        let mut info = JET_LOGINFO_W {
            cbSize: call.info_size.unwrap_or(20),
            ulGenLow: call.low as u32,
            ulGenHigh: call.high as u32,
            szBaseName: call.base_name.map(u16::from),
        };
        let info = if call.info_size == Some(0) { null_mut() } else { &raw mut info };
        // SAFETY: as above; the structure is NULL or a local.
        unsafe {
            JetExternalRestore2W(
                sys.as_mut_ptr(),
                log.as_mut_ptr(),
                entries,
                count,
                bk.as_mut_ptr(),
                info,
                pointer(&mut target),
                pointer(&mut target_log),
                pointer(&mut target_system),
                Some(status),
            )
        }
    }

    /// An instance on what the restore left, both databases attached.
    pub(crate) fn restored(&self) -> Restored {
        Restored::start(&self.call.system, &self.call.log, &[self.copy_of_a(), self.copy_of_b()])
    }

    /// Rows of both databases, after a restore.
    pub(crate) fn rows(&self) -> [u32; 2] {
        let restored = self.restored();
        [restored.count(0), restored.count(1)]
    }
}

/// The name of an archived log as the sources have it.
pub(crate) fn generation_name(generation: u32) -> String {
    let with_eight = source().set.logs[0].0.file_name().unwrap().len() == "edb00000001.log".len();
    if with_eight { format!("edb{generation:08X}.log") } else { format!("edb{generation:05X}.log") }
}

pub(crate) fn words(path: &Path) -> String {
    path.to_str().expect("paths of the test are text").to_owned()
}

/// An instance on restored databases.
pub(crate) struct Restored {
    pub(crate) instance: usize,
    session: usize,
    databases: Vec<u32>,
}

impl Restored {
    pub(crate) fn create(system: &Path, log: &Path) -> usize {
        let (instance, code) = create_instance(Some("restored"));
        assert_eq!(code, 0, "JetCreateInstance");
        assert_eq!(set_text(Some(instance), JET_paramSystemPath, system), 0);
        assert_eq!(set_text(Some(instance), JET_paramLogFilePath, log), 0);
        assert_eq!(set_text(Some(instance), JET_paramTempPath, &system.join("tmp.edb")), 0);
        assert_eq!(set(Some(instance), JET_paramLogFileSize, 64), 0);
        instance
    }

    pub(crate) fn start(system: &Path, log: &Path, databases: &[PathBuf]) -> Self {
        let (instance, code) = init(Self::create(system, log));
        assert_eq!(code, 0, "JetInit on what the restore left");
        let (session, code) = begin_session(instance);
        assert_eq!(code, 0);
        let mut restored = Self { instance, session, databases: Vec::new() };
        for path in databases {
            let code = attach(session, path, 0);
            assert!(code >= 0, "JetAttachDatabase {code}");
            let (dbid, code) = open(session, path, 0);
            assert_eq!(code, 0, "JetOpenDatabase");
            restored.databases.push(dbid);
        }
        restored
    }

    pub(crate) fn count(&self, database: usize) -> u32 {
        let (mut table, mut rows) = (0, 0);
        // SAFETY: the name is NUL-terminated, the places are locals.
        unsafe {
            let dbid = self.databases[database];
            assert_eq!(JetOpenTable(self.session, dbid, c"t".as_ptr(), null(), 0, 0, &raw mut table), 0);
            assert_eq!(JetMove(self.session, table, JET_MoveFirst, 0), 0);
            assert_eq!(JetIndexRecordCount(self.session, table, &raw mut rows, u32::MAX), 0);
            assert_eq!(JetCloseTable(self.session, table), 0);
        }
        rows
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        term(self.instance, JET_bitTermAbrupt);
    }
}
