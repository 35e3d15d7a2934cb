//! Several threads call the functions of a backup at random through the C interface, on one instance, while others write
//! and one makes whole backups: every answer is one that the documentation knows, nothing hangs or panics, and the backup
//! after it all is whole and restores to what was committed.
//!
//! `ESENT_BACKUP_THREADS_SECONDS` says how long (4), `ESENT_HOSTILE_SEED` with which seed.

#[path = "behaviour/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod harness;

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ese_engine::cache::PageCache;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::instance::InstanceSettings;
use ese_engine::io::Host;
use ese_engine::recovery::{GenerationRange, MapEntry, MapOptions, NoControl};
use ese_engine::restore::{RestoreOptions, RestoreRequest, restore};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::page_size::PageSize;
use esent::abi::structs::{JET_COLUMNDEF, JET_LOGINFO_A};
use esent::abi::tables::params::JET_paramCircularLog;
use esent::api::*;
use parking_lot::Mutex;

use harness::{Running, begin, begin_session, commit, create_database, end_session, init, open, set, term};

const CALLERS: u64 = 4;
const WRITERS: u32 = 3;
/// No call may take longer.
const STANDSTILL: Duration = Duration::from_secs(60);
const BUFFER: usize = 1 << 20;
/// JET_bitBackupEndNormal, JET_bitBackupEndAbort.
const END_NORMAL: u32 = 1;
const END_ABORT: u32 = 2;

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Memory that is aligned as JetReadFile wants it.
struct Pages(*mut u8);

impl Pages {
    fn layout() -> Layout {
        Layout::from_size_align(BUFFER, 65536).expect("a size and a power of two")
    }

    fn new() -> Self {
        // SAFETY: the layout has a size.
        Self(unsafe { alloc_zeroed(Self::layout()) })
    }

    fn first(&self, count: usize) -> &[u8] {
        // SAFETY: it is as long as that, and nobody else has it.
        unsafe { std::slice::from_raw_parts(self.0, count.min(BUFFER)) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.0, Self::layout()) }
    }
}

/// The calls of a backup of an instance.
#[derive(Clone, Copy)]
struct Backup(usize);

impl Backup {
    fn begin(self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetBeginExternalBackupInstance(self.0, grbit) }
    }

    /// The names that a call lists.
    fn list(call: impl Fn(*mut c_char, u32, *mut u32) -> i32) -> Result<Vec<String>, i32> {
        let (mut bytes, mut size) = (vec![0_u8; 16 << 10], 0);
        let code = call(bytes.as_mut_ptr().cast(), bytes.len() as u32, &raw mut size);
        if code < 0 {
            return Err(code);
        }
        bytes.truncate(size as usize);
        let text = String::from_utf8(bytes).expect("paths of a test are text");
        Ok(text.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    fn databases(self) -> Result<Vec<String>, i32> {
        // SAFETY: the buffer has the bytes it is said to have, the place is a local.
        Self::list(|buffer, bytes, size| unsafe { JetGetAttachInfoInstanceA(self.0, buffer, bytes, size) })
    }

    fn logs(self) -> Result<Vec<String>, i32> {
        // SAFETY: the buffer has the bytes it is said to have, the place is a local.
        Self::list(|buffer, bytes, size| unsafe { JetGetLogInfoInstanceA(self.0, buffer, bytes, size) })
    }

    fn logs_to_truncate(self) -> Result<Vec<String>, i32> {
        // SAFETY: the buffer has the bytes it is said to have, the place is a local.
        Self::list(|buffer, bytes, size| unsafe {
            JetGetTruncateLogInfoInstanceA(self.0, buffer, bytes, size)
        })
    }

    fn range(self) -> Result<GenerationRange, i32> {
        // SAFETY: a structure of numbers.
        let mut info: JET_LOGINFO_A = unsafe { std::mem::zeroed() };
        info.cbSize = size_of::<JET_LOGINFO_A>() as u32;
        let mut size = 0;
        // SAFETY: there is no buffer, and the places are locals.
        let code = unsafe { JetGetLogInfoInstance2A(self.0, null_mut(), 0, &raw mut size, &raw mut info) };
        match code {
            0.. => Ok(GenerationRange { low: info.ulGenLow as i32, high: info.ulGenHigh as i32 }),
            code => Err(code),
        }
    }

    fn open(self, path: &str) -> Result<(usize, u64), i32> {
        let name = CString::new(path).expect("no NUL");
        let (mut handle, mut low, mut high) = (0, 0, 0);
        // SAFETY: the name is NUL-terminated, the places are locals.
        let code = unsafe {
            JetOpenFileInstanceA(self.0, name.as_ptr(), &raw mut handle, &raw mut low, &raw mut high)
        };
        if code < 0 { Err(code) } else { Ok((handle, u64::from(low) | u64::from(high) << 32)) }
    }

    fn read(self, handle: usize, into: &Pages, count: usize) -> Result<usize, i32> {
        let mut actual = 0;
        let buffer: *mut c_void = into.0.cast();
        let count = count.min(BUFFER) as u32;
        // SAFETY: the buffer has as many bytes, the place is a local.
        let code = unsafe { JetReadFileInstance(self.0, handle, buffer, count, &raw mut actual) };
        if code < 0 { Err(code) } else { Ok(actual as usize) }
    }

    fn close(self, handle: usize) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetCloseFileInstance(self.0, handle) }
    }

    fn truncate(self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetTruncateLogInstance(self.0) }
    }

    fn end(self, grbit: u32) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetEndExternalBackupInstance2(self.0, grbit) }
    }

    fn stop(self) -> i32 {
        // SAFETY: any number may be passed.
        unsafe { JetStopBackupInstance(self.0) }
    }

    /// A file, into a folder or nowhere.
    fn copy(self, path: &str, folder: Option<&Path>, buffer: &Pages) -> Result<u64, i32> {
        let (handle, bytes) = self.open(path)?;
        let mut content = Vec::new();
        loop {
            match self.read(handle, buffer, BUFFER)? {
                0 => break,
                count => content.extend_from_slice(buffer.first(count)),
            }
        }
        done(self.close(handle))?;
        if let Some(folder) = folder {
            assert_eq!(content.len() as u64, bytes, "{path}");
            let name = Path::new(path).file_name().expect("a file has a name");
            std::fs::write(folder.join(name), content).expect("a folder of ours");
        }
        Ok(bytes)
    }

    /// A whole full backup; the generations of its logs.
    fn whole(self, folder: Option<&Path>, buffer: &Pages) -> Result<GenerationRange, i32> {
        done(self.begin(0))?;
        for database in self.databases()? {
            self.copy(&database, folder, buffer)?;
        }
        let range = self.range()?;
        for log in self.logs()? {
            self.copy(&log, folder, buffer)?;
        }
        done(self.truncate())?;
        done(self.end(END_NORMAL))?;
        Ok(range)
    }
}

fn done(code: i32) -> Result<(), i32> {
    if code < 0 { Err(code) } else { Ok(()) }
}

fn code_of<T>(result: Result<T, i32>) -> i32 {
    result.err().unwrap_or(0)
}

/// What a call may answer while others make theirs (spec 07 §3.3 to §3.12).
const ANSWERS: [(&str, &[i32]); 13] = [
    ("begin", &[0, -505, -617, -900, -560, -526]),
    ("databases", &[0, -520, -801, -521]),
    ("logs", &[0, -520, -801, -521, -569, -1811]),
    ("logs to truncate", &[0, -520, -801, -521, -569, -1811]),
    ("range", &[0, -520, -801, -521, -569, -1811]),
    ("open", &[0, -520, -801, -1003, -1011, -521, -1203, -569, -1023]),
    ("read", &[0, -520, -801, -1003]),
    ("close", &[0, -520, -1003]),
    ("truncate", &[0, -520, -801, -521, -616]),
    ("end", &[0, -520, -1003, -800, -801, -617]),
    ("end surrogate", &[0, -520, -1003, -800, -801, -505]),
    ("stop", &[0]),
    ("whole", &[0, -505, -617, -520, -521, -569, -616, -800, -801, -1003, -1011, -1203]),
];

/// What a thread has called last, and when.
type Busy = Mutex<Option<(&'static str, Instant)>>;
type Counts = BTreeMap<(&'static str, i32), u64>;

struct Caller<'a> {
    backup: Backup,
    dice: Dice,
    buffer: Pages,
    files: Vec<String>,
    busy: &'a Busy,
    counts: Counts,
}

impl Caller<'_> {
    fn call(&mut self, name: &'static str, call: impl FnOnce(&mut Self) -> i32) -> i32 {
        *self.busy.lock() = Some((name, Instant::now()));
        let code = call(self);
        let known = ANSWERS.iter().find(|(known, _)| *known == name).expect("a call of the test");
        assert!(known.1.contains(&code), "{name}: {code}");
        *self.counts.entry((name, code)).or_default() += 1;
        code
    }

    fn listed(&mut self, list: Result<Vec<String>, i32>) -> i32 {
        let (code, names) = match list {
            Ok(names) => (0, names),
            Err(code) => (code, Vec::new()),
        };
        for name in names {
            if !self.files.contains(&name) {
                self.files.push(name);
            }
        }
        // Old logs are gone; some of them are asked for all the same.
        if self.files.len() > 40 {
            self.files.drain(3..20);
        }
        code
    }

    fn any(&mut self) {
        let backup = self.backup;
        match self.dice.below(26) {
            0..=2 => self.call("begin", |me| backup.begin(me.dice.of(&[0, 0, 0, 0, 1, 1, 0x40, 0x20, 4]))),
            3..=4 => self.call("databases", |me| me.listed(backup.databases())),
            5..=9 => self.call("open", |me| {
                let files = me.files.len();
                let path = me.files[me.dice.below(files)].clone();
                code_of(backup.open(&path))
            }),
            10..=15 => self.call("read", |me| {
                let count = me.dice.of(&[0, 4096, 4096 * 3, 8192 * 4, BUFFER, BUFFER, 100]);
                code_of(backup.read(me.dice.of(&[0, 0, 0, 1, 7]), &me.buffer, count))
            }),
            16..=18 => self.call("close", |me| backup.close(me.dice.of(&[0, 0, 0, 1, usize::MAX]))),
            19 => self.call("logs", |me| me.listed(backup.logs())),
            20 => self.call("range", |_| code_of(backup.range())),
            21 => self.call("logs to truncate", |_| code_of(backup.logs_to_truncate())),
            22 => self.call("truncate", |_| backup.truncate()),
            23 => self.call("end", |me| backup.end(me.dice.of(&[1, 1, 2, 0x201, 0, 3]))),
            24 => self.call("end surrogate", |me| {
                let grbit = me.dice.of(&[1, 2]);
                // SAFETY: any number may be passed.
                unsafe { JetEndSurrogateBackup(backup.0, grbit) }
            }),
            _ if self.dice.below(4) > 0 => 0,
            _ => self.call("stop", |_| backup.stop()),
        };
    }
}

/// The table of the writers: a number, and a value of some length.
fn create_table(session: usize, dbid: u32) {
    let mut table = 0;
    // SAFETY: the names are NUL-terminated, the key has the bytes it is said to have, the structure is of numbers, the
    // places are locals.
    unsafe {
        assert_eq!(JetCreateTableA(session, dbid, c"t".as_ptr(), 4, 90, &raw mut table), 0);
        for (name, coltyp) in [(c"number", 4), (c"value", 11)] {
            let mut definition: JET_COLUMNDEF = std::mem::zeroed();
            definition.cbStruct = size_of::<JET_COLUMNDEF>() as u32;
            definition.coltyp = coltyp;
            let mut column = 0;
            let added = JetAddColumnA(
                session,
                table,
                name.as_ptr(),
                &raw const definition,
                null(),
                0,
                &raw mut column,
            );
            assert_eq!(added, 0);
        }
        let key = b"+number\0\0";
        let bytes = key.len() as u32;
        assert_eq!(JetCreateIndexA(session, table, c"i".as_ptr(), 2, key.as_ptr().cast(), bytes, 90), 0);
        assert_eq!(JetCloseTable(session, table), 0);
    }
}

/// Inserts rows of its own until it is told to stop; how many are committed is told after each.
fn write(instance: usize, path: &Path, number: u32, stop: &AtomicBool, committed: &AtomicU32) {
    let (session, code) = begin_session(instance);
    assert_eq!(code, 0);
    let (dbid, code) = open(session, path, 0);
    assert_eq!(code, 0);
    let mut table = 0;
    // SAFETY: the name is NUL-terminated, the place a local.
    let code = unsafe { JetOpenTableA(session, dbid, c"t".as_ptr(), null(), 0, 0, &raw mut table) };
    assert_eq!(code, 0);
    let value = vec![number as u8; 700];
    let mut row = 0_u32;
    while !stop.load(Ordering::SeqCst) {
        let key = (number * 10_000_000 + row).to_le_bytes();
        assert_eq!(begin(session), 0);
        // SAFETY: the data have the bytes they are said to have; the rest are numbers. 1 is the first fixed column, 256
        // the first tagged one.
        unsafe {
            assert_eq!(JetPrepareUpdate(session, table, 0), 0);
            assert_eq!(JetSetColumn(session, table, 1, key.as_ptr().cast(), 4, 0, null_mut()), 0);
            let bytes = 50 + row % 650;
            assert_eq!(JetSetColumn(session, table, 256, value.as_ptr().cast(), bytes, 0, null_mut()), 0);
            assert_eq!(JetUpdate(session, table, null_mut(), 0, null_mut()), 0);
        }
        assert_eq!(commit(session, 1), 0);
        row += 1;
        committed.store(row, Ordering::SeqCst);
        if row.is_multiple_of(16) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(end_session(session), 0);
}

/// The rows of a database that was closed cleanly, which the verifier finds sound.
fn rows_in(path: &Path) -> u64 {
    let database = Database::open(path, &OpenOptions::default()).expect("it was closed cleanly");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound(), "{:?}", report.damage().collect::<Vec<_>>());
    let table = database.open_table("t").expect("the table of the writers");
    let mut cursor = table.cursor();
    let mut rows = 0;
    while cursor.move_next().expect("a sound tree") {
        rows += 1;
    }
    rows
}

fn restored(set: &Path, range: GenerationRange, logged: &Path, to: &Path) -> PathBuf {
    for name in ["logs", "system"] {
        std::fs::create_dir_all(to.join(name)).expect("an empty folder");
    }
    let path = to.join("restored.edb");
    std::fs::copy(set.join("f.edb"), &path).expect("it was backed up");
    let mut settings = InstanceSettings::in_folder(Host::system(), &to.join("system"));
    settings.log_folder = to.join("logs");
    settings.page_size = PageSize::K8;
    settings.log_file_kb = Some(512);
    let map = MapEntry {
        logged: Some(logged.to_string_lossy().into_owned()),
        path: path.clone(),
        options: MapOptions::empty(),
    };
    let request = RestoreRequest {
        settings,
        cache: PageCache::new(4 << 20),
        backup_folder: set.to_owned(),
        given: range,
        map: vec![map],
        target: None,
        options: RestoreOptions::empty(),
    };
    restore(&request, &mut NoControl).expect("the backup after it all is whole");
    path
}

#[test]
fn threads_that_back_up_at_random_get_documented_answers() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = asked("ESENT_BACKUP_THREADS_SECONDS").unwrap_or(4);
    let seed = asked("ESENT_HOSTILE_SEED").unwrap_or(5);
    assert_eq!(set(None, esent::abi::tables::params::JET_paramDatabasePageSize, 8192), 0);
    let mut running = Running::created("threads");
    assert_eq!(set(Some(running.instance), JET_paramCircularLog, 0), 0);
    let (instance, code) = init(running.instance);
    assert_eq!(code, 0);
    running.instance = instance;
    let path = running.path("f.edb");
    let session = running.session();
    let (dbid, code) = create_database(session, &path, 0);
    assert_eq!(code, 0);
    create_table(session, dbid);

    let (stop_calls, stop_writers) = (AtomicBool::new(false), AtomicBool::new(false));
    let committed: Vec<AtomicU32> = (0..WRITERS).map(|_| AtomicU32::new(0)).collect();
    let busy: Vec<Busy> = (0..=CALLERS).map(|_| Mutex::new(None)).collect();
    let backup = Backup(instance);
    let folder = running.path("set");
    std::fs::create_dir(&folder).expect("an empty folder");
    let logs =
        ["edb.log", "edb00001.log", "elsewhere/edb00001.log", "tmp.edb"].map(|name| running.path(name));
    let files: Vec<String> =
        [&path, &path].into_iter().chain(&logs).map(|path| path.display().to_string()).collect();
    let (counts, range, least) = std::thread::scope(|scope| {
        for number in 0..WRITERS {
            let (path, stop, committed) = (&path, &stop_writers, &committed[number as usize]);
            scope.spawn(move || write(instance, path, number, stop, committed));
        }
        let callers: Vec<_> = (0..=CALLERS)
            .map(|number| {
                let (busy, stop, files) = (&busy[number as usize], &stop_calls, files.clone());
                scope.spawn(move || {
                    let dice = Dice(seed * 100 + number);
                    let (buffer, counts) = (Pages::new(), Counts::new());
                    let mut caller = Caller { backup, dice, buffer, files, busy, counts };
                    while !stop.load(Ordering::SeqCst) {
                        if number == CALLERS {
                            caller.call("whole", |me| code_of(backup.whole(None, &me.buffer)));
                        } else {
                            caller.any();
                        }
                    }
                    *busy.lock() = None;
                    caller.counts
                })
            })
            .collect();
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until && !callers.iter().any(|caller| caller.is_finished()) {
            std::thread::sleep(Duration::from_millis(50));
        }
        stop_calls.store(true, Ordering::SeqCst);
        let waiting = Instant::now();
        while !callers.iter().all(|caller| caller.is_finished()) {
            if waiting.elapsed() > STANDSTILL {
                let busy: Vec<_> = busy.iter().map(|busy| *busy.lock()).collect();
                eprintln!("seed {seed}: a call hangs: {busy:?}");
                std::process::abort();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut counts = Counts::new();
        let mut failed = None;
        for caller in callers {
            match caller.join() {
                Ok(of_one) => {
                    of_one.into_iter().for_each(|(what, count)| *counts.entry(what).or_default() += count);
                }
                Err(panic) => failed = Some(panic),
            }
        }
        if let Some(panic) = failed {
            stop_writers.store(true, Ordering::SeqCst);
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }

        // Whatever they left: it can be ended, and the next backup is whole while the writers write on.
        for code in [backup.end(END_ABORT), end_surrogate(instance)] {
            assert!([0, -520, -617, -505].contains(&code), "{code}");
        }
        let least: u32 = committed.iter().map(|count| count.load(Ordering::SeqCst)).sum();
        let whole = backup.whole(Some(&folder), &Pages::new());
        stop_writers.store(true, Ordering::SeqCst);
        (counts, whole, least)
    });
    let range = range.unwrap_or_else(|code| panic!("seed {seed}: the next backup: {code}"));
    let most: u32 = committed.iter().map(|count| count.load(Ordering::SeqCst)).sum();
    let found = rows_in(&restored(&folder, range, &path, &running.path("elsewhere")));
    assert!((u64::from(least)..=u64::from(most)).contains(&found), "{found}, not {least} to {most}");
    assert_eq!(end_session(session), 0);
    assert_eq!(term(instance, 1), 0);
    assert_eq!(rows_in(&path), u64::from(most));

    let calls: u64 = counts.values().sum();
    ese_corpus::report!(
        "seed {seed}, {seconds} s: {calls} calls beside {most} commits; restored {found} rows"
    );
    for (name, _) in ANSWERS {
        let answers = counts.iter().filter(|((known, _), _)| *known == name);
        let answers: Vec<String> =
            answers.map(|((_, code), count)| format!("{code} {count} times")).collect();
        ese_corpus::report!("  {name}: {}", answers.join(", "));
    }
}

/// Ends a surrogate backup, if one runs.
fn end_surrogate(instance: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetEndSurrogateBackup(instance, END_ABORT) }
}
