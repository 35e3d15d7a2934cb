//! A hostile program: threads that call every function of tiers 1 to 3 with whatever C allows, under a seed. Nothing
//! crashes, hangs or writes beyond what it was given; no call panics; handles do not leak; another instance of the process
//! works on, and what the hostile ones leave behind is sound.
//!
//! `ESENT_HOSTILE_SECONDS` says how long (six), `ESENT_HOSTILE_SEED` with which seed.

mod calls;
mod hand;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};
use esent::abi::structs::JET_COLUMNDEF;
use esent::abi::tables::errors::{
    JET_errBackupInProgress, JET_errClientRequestToStopJetService, JET_errInstanceUnavailable,
    JET_errInternalError, JET_errInvalidSesid, JET_errLogWriteFail, JET_errNotInitialized,
    JET_errTermInProgress, JET_errTooManyActiveUsers, JET_errTooManyInstances,
};
use esent::abi::tables::functions::FUNCTIONS;
use esent::runtime::process::{self, CURSORS, INSTANCES, SESSIONS};
use parking_lot::Mutex;

use calls::{CALLS, Call};
use hand::{Hand, Home, Seen};

const THREADS: u64 = 4;
const SECONDS_DEFAULT: u64 = 6;
/// No call may take longer.
const STANDSTILL: Duration = Duration::from_secs(60);
/// JET_paramSystemPath, JET_paramTempPath, JET_paramLogFilePath, JET_paramLogFileSize, JET_paramCircularLog.
const SYSTEM_PATH: u32 = 0;
const TEMPORARY_PATH: u32 = 1;
const LOG_PATH: u32 = 2;
const LOG_FILE_KB: u32 = 11;
const CIRCULAR: u32 = 17;
/// JET_paramOSSnapshotTimeout: how long one call of a thread keeps all the others waiting, in milliseconds.
const FREEZE_MOST: (u32, u64) = (82, 20);
/// Bytes of the largest file: hostile sizes of databases and logs end there as on a full disk.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// JET_bitTermDirty.
const TERM_DIRTY: u64 = 8;
/// A complete end that ends a backup, too.
const TERM_STOPS_BACKUPS: u64 = 1 | 4;

/// The codes of a session that is no more, or whose instance is not.
const HOMELESS: [i32; 6] = [
    JET_errInvalidSesid,
    JET_errNotInitialized,
    JET_errTermInProgress,
    JET_errClientRequestToStopJetService,
    JET_errInstanceUnavailable,
    JET_errLogWriteFail,
];

/// What is called often, seldom and hardly ever; the rest in between.
const OFTEN: [&str; 22] = [
    "JetMove",
    "JetSeek",
    "JetMakeKey",
    "JetPrepareUpdate",
    "JetSetColumn",
    "JetSetColumns",
    "JetUpdate",
    "JetUpdate2",
    "JetRetrieveColumn",
    "JetRetrieveColumns",
    "JetDelete",
    "JetBeginTransaction",
    "JetCommitTransaction",
    "JetRollback",
    "JetGetBookmark",
    "JetGotoBookmark",
    "JetOpenTableA",
    "JetDupCursor",
    "JetSetCurrentIndexA",
    "JetEnumerateColumns",
    "JetRetrieveKey",
    "JetSetIndexRange",
];
const SELDOM: [&str; 9] = [
    "EndSession",
    "Database",
    "CreateInstance",
    "Backup",
    "Restore",
    "OSSnapshot",
    "DeleteTable",
    "Compact",
    "Defragment",
];
const HARDLY: [&str; 7] = [
    "JetInit",
    "JetTerm",
    "JetStopService",
    "JetRestore",
    "JetExternalRestore",
    "JetSetSystemParameter",
    "JetEnableMulti",
];

fn weight(name: &str) -> usize {
    match name {
        _ if OFTEN.contains(&name) => 300,
        _ if HARDLY.iter().any(|part| name.starts_with(part)) => 1,
        _ if SELDOM.iter().any(|part| name.contains(part)) => 6,
        _ => 20,
    }
}

fn text(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

/// A call of the driver's own.
fn call(name: &str, words: &[u64]) -> i32 {
    let call = CALLS.iter().find(|call| call.name == name).expect("a function of the API");
    // SAFETY: the driver's own calls are right.
    unsafe { (call.run)(words) }
}

fn set(instance: &u64, parameter: u32, number: u64, folder: Option<&CString>) -> i32 {
    let folder = folder.map_or(0, |folder| folder.as_ptr() as u64);
    call(
        "JetSetSystemParameterA",
        &[std::ptr::from_ref(instance) as u64, u64::MAX, parameter.into(), number, folder],
    )
}

/// Starts an instance in a folder. The code of what failed.
fn start(name: &str, folder: &str) -> Result<u64, i32> {
    let (mut instance, name, folder) = (u64::MAX, text(name), text(folder));
    let done = |code: i32| if code < 0 { Err(code) } else { Ok(()) };
    done(call("JetCreateInstanceA", &[std::ptr::from_mut(&mut instance) as u64, name.as_ptr() as u64]))?;
    let set_up = || -> Result<(), i32> {
        for parameter in [SYSTEM_PATH, TEMPORARY_PATH, LOG_PATH] {
            done(set(&instance, parameter, 0, Some(&folder)))?;
        }
        done(set(&instance, LOG_FILE_KB, 256, None))?;
        done(set(&instance, CIRCULAR, 1, None))
    };
    let started = set_up().and_then(|()| done(call("JetInit", &[std::ptr::from_mut(&mut instance) as u64])));
    if started.is_err() {
        // One that did not start is no more; one that could not be set up is.
        let _ = call("JetTerm", &[instance]);
    }
    started.map(|()| instance)
}

fn begin_session(instance: u64) -> Result<u64, i32> {
    let mut session = 0;
    let code = call("JetBeginSessionA", &[instance, std::ptr::from_mut(&mut session) as u64, 0, 0]);
    if code < 0 { Err(code) } else { Ok(session) }
}

/// Tables t1 and t2, with columns of three kinds and two indexes, as far as nobody ends the session meanwhile.
fn create_tables(session: u64, database: u64) {
    for table in ["t1", "t2"] {
        let (name, mut cursor) = (text(table), 0_u64);
        let place = std::ptr::from_mut(&mut cursor) as u64;
        if call("JetCreateTableA", &[session, database, name.as_ptr() as u64, 4, 80, place]) < 0 {
            continue;
        }
        for (column, coltyp) in [("number", 4), ("text", 10), ("long", 11)] {
            let name = text(column);
            // SAFETY: a structure of numbers.
            let mut definition: JET_COLUMNDEF = unsafe { std::mem::zeroed() };
            definition.cbStruct = size_of::<JET_COLUMNDEF>() as u32;
            definition.coltyp = coltyp;
            definition.cp = if coltyp == 10 { 1252 } else { 0 };
            let definition = std::ptr::from_ref(&definition) as u64;
            let _ = call("JetAddColumnA", &[session, cursor, name.as_ptr() as u64, definition, 0, 0, 0]);
        }
        let keys: [(&str, &[u8], u64); 2] = [("primary", b"+number\0\0", 2), ("by_text", b"+text\0\0", 0)];
        for (index, key, grbit) in keys {
            let name = text(index);
            let words =
                [session, cursor, name.as_ptr() as u64, grbit, key.as_ptr() as u64, key.len() as u64, 80];
            let _ = call("JetCreateIndexA", &words);
        }
        let _ = call("JetCloseTable", &[session, cursor]);
    }
}

/// What all threads share.
struct Scene {
    seen: Seen,
    stop: AtomicBool,
    calls: AtomicU64,
    succeeded: AtomicU64,
    /// Functions that succeeded, and the codes that starts gave.
    reached: Mutex<BTreeMap<&'static str, u64>>,
    restarts: Mutex<BTreeMap<i32, u64>>,
    /// The instance the threads are at home in; locked by the one that starts it anew.
    instance: Mutex<u64>,
    neighbour: u64,
}

impl Scene {
    /// Gives a thread a session and a database, starting the instance anew where somebody ended it.
    fn move_in(&self, number: u64) -> Option<Home> {
        let mut instance = self.instance.lock();
        let session = match begin_session(*instance) {
            Ok(session) => session,
            Err(_) => {
                *instance = self.restart(*instance, number)?;
                begin_session(*instance).ok()?
            }
        };
        let path = text("main/a.edb");
        let mut database = 0_u64;
        let place = std::ptr::from_mut(&mut database) as u64;
        let _ = call("JetAttachDatabaseA", &[session, path.as_ptr() as u64, 0]);
        let mut opened = call("JetOpenDatabaseA", &[session, path.as_ptr() as u64, 0, place, 0]);
        if opened < 0 {
            opened = call("JetCreateDatabaseA", &[session, path.as_ptr() as u64, 0, place, 0]);
        }
        if opened >= 0 {
            create_tables(session, database);
        }
        Some(Home { instance: *instance, session, databases: vec![database], ..Home::default() })
    }

    fn restart(&self, old: u64, number: u64) -> Option<u64> {
        let _ = self.end(old);
        let name = format!("main {number} {}", self.calls.load(Ordering::Relaxed));
        match start(&name, "main/") {
            Ok(instance) => {
                *self.restarts.lock().entry(0).or_default() += 1;
                Some(instance)
            }
            Err(code) => {
                *self.restarts.lock().entry(code).or_default() += 1;
                if code == JET_errTooManyInstances {
                    let _ = self.end_all_but(self.neighbour);
                }
                None
            }
        }
    }

    /// Ends an instance and, where they are in its way, its sessions.
    fn end(&self, instance: u64) -> i32 {
        let complete = || match call("JetTerm2", &[instance, 1]) {
            code if code == JET_errBackupInProgress => call("JetTerm2", &[instance, TERM_STOPS_BACKUPS]),
            code => code,
        };
        let code = complete();
        if code != JET_errTooManyActiveUsers {
            return code;
        }
        let sessions = INSTANCES.get(instance as usize).map(|instance| instance.sessions());
        for session in sessions.unwrap_or_default() {
            let _ = call("JetEndSession", &[session as u64, 0]);
        }
        let code = complete();
        if code != JET_errTooManyActiveUsers {
            return code;
        }
        // A transaction of a thread that is no more: nobody can end it.
        call("JetTerm2", &[instance, TERM_DIRTY])
    }

    /// Ends every other instance of the process: that of the threads, and those that hostile calls made. The codes.
    fn end_all_but(&self, kept: u64) -> BTreeMap<i32, u64> {
        let mut codes: BTreeMap<i32, u64> = BTreeMap::new();
        for instance in process::instances() {
            let instance = instance.handle() as u64;
            if instance != kept {
                *codes.entry(self.end(instance)).or_default() += 1;
            }
        }
        codes
    }
}

fn fail(seed: u64, hand_calls: u64, name: &str, words: &[u64], what: &str) -> ! {
    eprintln!("seed {seed}, call {hand_calls}: {name}({words:x?}): {what}");
    std::process::abort()
}

fn hostile(scene: &Scene, seed: u64, busy: &Mutex<Option<(&'static str, Instant)>>) {
    let mut hand = Hand::new(seed, &scene.seen);
    let weighted: Vec<&Call> =
        CALLS.iter().flat_map(|call| std::iter::repeat_n(call, weight(call.name))).collect();
    let parameters: BTreeMap<&str, &'static str> =
        FUNCTIONS.iter().map(|function| (function.name, function.parameters)).collect();
    let mut reached: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut calls, mut succeeded) = (0_u64, 0_u64);
    while !scene.stop.load(Ordering::Relaxed) {
        let lost = calls.is_multiple_of(16)
            && HOMELESS.contains(&call("JetResetSessionContext", &[hand.home.session]));
        if lost || calls.is_multiple_of(8192) {
            *busy.lock() = Some(("moving in", Instant::now()));
            match scene.move_in(seed) {
                Some(home) => hand.home = home,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        let chosen = weighted[hand.below(weighted.len())];
        if weight(chosen.name) == 1 && hand.below(20) != 0 {
            continue;
        }
        let mut words = hand.words(parameters[chosen.name]);
        if chosen.name == "JetFreeBuffer" {
            // Only what the library gave may be freed.
            words[0] = 0;
        }
        *busy.lock() = Some((chosen.name, Instant::now()));
        // SAFETY: numbers of any kind; pointers are NULL or to places of this thread, at least as long as is said.
        let code = unsafe { (chosen.run)(&words) };
        calls += 1;
        succeeded += u64::from(code >= 0);
        if code >= 0 {
            *reached.entry(chosen.name).or_default() += 1;
        }
        if code == JET_errInternalError {
            fail(seed, calls, chosen.name, &words, "it panicked");
        }
        if code >= 0 && (chosen.name.contains("InstanceInfo") || chosen.name.contains("Freeze")) {
            let list = words.iter().rev().map(|word| hand.at(*word)).find(|list| *list > 0xFFFF_FFFF);
            if let Some(list) = list {
                let _ = call("JetFreeBuffer", &[list]);
            }
        }
        if !hand.take(code >= 0) {
            fail(seed, calls, chosen.name, &words, "it wrote beyond what it was given");
        }
        // Cursors and transactions do not pile up.
        if hand.one_in_thousand() {
            let _ = call("JetRollback", &[hand.home.session, 1]);
            for cursor in std::mem::take(&mut hand.home.cursors) {
                let _ = call("JetCloseTable", &[hand.home.session, cursor]);
            }
        }
    }
    *busy.lock() = None;
    scene.calls.fetch_add(calls, Ordering::Relaxed);
    scene.succeeded.fetch_add(succeeded, Ordering::Relaxed);
    let mut all = scene.reached.lock();
    for (name, count) in reached {
        *all.entry(name).or_default() += count;
    }
}

/// Another instance of the process, whose handles nobody else has: rows are inserted and counted.
struct Neighbour {
    folder: &'static str,
    instance: u64,
    session: u64,
    cursor: u64,
    rows: i32,
}

impl Neighbour {
    /// With its logs in this folder, and its database beside it.
    fn new(folder: &'static str) -> Self {
        std::fs::create_dir(folder).expect("an empty folder");
        Self::open(folder)
    }

    fn open(folder: &'static str) -> Self {
        let instance = start(folder, &format!("{folder}/")).expect("its folder is there");
        let session = begin_session(instance).expect("the first session");
        let (path, mut database) = (text(&format!("{folder}.edb")), 0_u64);
        let place = std::ptr::from_mut(&mut database) as u64;
        if Path::new(folder).with_extension("edb").exists() {
            assert_eq!(call("JetAttachDatabaseA", &[session, path.as_ptr() as u64, 0]), 0);
            assert_eq!(call("JetOpenDatabaseA", &[session, path.as_ptr() as u64, 0, place, 0]), 0);
        } else {
            assert_eq!(call("JetCreateDatabaseA", &[session, path.as_ptr() as u64, 0, place, 0]), 0);
            create_tables(session, database);
        }
        let (name, mut cursor) = (text("t1"), 0_u64);
        let place = std::ptr::from_mut(&mut cursor) as u64;
        assert_eq!(call("JetOpenTableA", &[session, database, name.as_ptr() as u64, 0, 0, 0, place]), 0);
        let mut opened = Self { folder, instance, session, cursor, rows: 0 };
        opened.rows = opened.count();
        opened
    }

    /// Inserts a row, durably; the first code that is an error.
    fn try_insert(&self) -> i32 {
        let (session, cursor, row) = (self.session, self.cursor, self.rows);
        let data = std::ptr::from_ref(&row) as u64;
        // The first fixed column.
        let calls: [(&str, &[u64]); 5] = [
            ("JetBeginTransaction", &[session]),
            ("JetPrepareUpdate", &[session, cursor, 0]),
            ("JetSetColumn", &[session, cursor, 1, data, 4, 0, 0]),
            ("JetUpdate", &[session, cursor, 0, 0, 0]),
            ("JetCommitTransaction", &[session, 0]),
        ];
        calls.into_iter().map(|(name, words)| call(name, words)).find(|code| *code < 0).unwrap_or(0)
    }

    fn insert(&mut self) {
        assert_eq!(self.try_insert(), 0);
        self.rows += 1;
    }

    /// Ends it cleanly, and looks at its database.
    fn end(self) {
        assert_eq!(self.count(), self.rows, "rows of {}", self.folder);
        assert_eq!(call("JetEndSession", &[self.session, 0]), 0);
        assert_eq!(call("JetTerm2", &[self.instance, 1]), 0);
        assert!(verify_clean(&Path::new(self.folder).with_extension("edb")));
    }

    fn count(&self) -> i32 {
        let mut count = 0;
        let mut code = call("JetMove", &[self.session, self.cursor, 0x8000_0000, 0]);
        while code == 0 {
            count += 1;
            code = call("JetMove", &[self.session, self.cursor, 1, 0]);
        }
        count
    }
}

/// Keeps the machine's disk: no file of this process grows beyond its limit.
fn limit_files() {
    let limit = libc::rlimit { rlim_cur: FILE_BYTES_MAX, rlim_max: FILE_BYTES_MAX };
    // SAFETY: a structure of two numbers; a signal that is ignored runs no code.
    let done = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    assert_eq!(done, 0, "the size of files can be limited");
}

fn verify_clean(path: &Path) -> bool {
    let Ok(database) = Database::open(path, &OpenOptions::default()) else { return false };
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound(), "{}: {:?}", path.display(), report.damage().collect::<Vec<_>>());
    true
}

/// The folder of the logs goes away under a running instance: the commit that needs the next log fails, every later call
/// gets the same code, the instance ends, and the next start finds every row that was acknowledged (spec 09 §1.1 line 7).
fn a_log_that_cannot_be_written_takes_its_instance_down() {
    let mut broken = Neighbour::new("broken");
    for _ in 0..50 {
        broken.insert();
    }
    std::fs::rename("broken", "away").expect("a folder of our own");
    while broken.try_insert() == 0 {
        broken.rows += 1;
        assert!(broken.rows < 100_000, "nobody needs the log");
    }
    let (session, cursor) = (broken.session, broken.cursor);
    let calls: [(&str, &[u64]); 5] = [
        ("JetBeginTransaction", &[session]),
        ("JetMove", &[session, cursor, 0x8000_0000, 0]),
        ("JetRollback", &[session, 0]),
        ("JetCloseTable", &[session, cursor]),
        ("JetEndSession", &[session, 0]),
    ];
    for (name, words) in calls {
        assert_eq!(call(name, words), JET_errLogWriteFail, "{name}");
    }
    assert!(begin_session(broken.instance).is_err_and(|code| code == JET_errLogWriteFail));
    assert_eq!(call("JetTerm2", &[broken.instance, 1]), JET_errLogWriteFail);
    assert_eq!((INSTANCES.len(), SESSIONS.len(), CURSORS.len()), (0, 0, 0), "handles leaked");
    std::fs::rename("away", "broken").expect("a folder of our own");
    let again = Neighbour::open("broken");
    assert!([0, 1].contains(&(again.rows - broken.rows)), "{} rows of {}", again.rows, broken.rows);
    again.end();
}

#[test]
fn nothing_that_c_allows_breaks_the_library() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = asked("ESENT_HOSTILE_SECONDS").unwrap_or(SECONDS_DEFAULT);
    let seed = asked("ESENT_HOSTILE_SEED").unwrap_or(20_261_121);
    let sandbox = tempfile::tempdir().expect("a temporary folder");
    std::env::set_current_dir(sandbox.path()).expect("it was just made");
    limit_files();
    std::fs::create_dir("main").expect("an empty folder");
    a_log_that_cannot_be_written_takes_its_instance_down();
    assert_eq!(call("JetSetSystemParameterA", &[0, 0, FREEZE_MOST.0.into(), FREEZE_MOST.1, 0]), 0);
    let mut neighbour = Neighbour::new("neighbour");
    let scene = Scene {
        seen: Seen::default(),
        stop: AtomicBool::new(false),
        calls: AtomicU64::new(0),
        succeeded: AtomicU64::new(0),
        reached: Mutex::default(),
        restarts: Mutex::default(),
        instance: Mutex::new(u64::MAX),
        neighbour: neighbour.instance,
    };
    let busy: Vec<_> = (0..THREADS).map(|_| Mutex::new(None)).collect();
    let until = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for (thread, busy) in (0..THREADS).zip(&busy) {
            let scene = &scene;
            scope.spawn(move || hostile(scene, seed.wrapping_add(thread), busy));
        }
        while Instant::now() < until {
            neighbour.insert();
            std::thread::sleep(Duration::from_millis(20));
            for (thread, busy) in busy.iter().enumerate() {
                if let Some((name, since)) = *busy.lock()
                    && since.elapsed() > STANDSTILL
                {
                    eprintln!("seed {seed}, thread {thread}: {name} does not return");
                    std::process::abort();
                }
            }
        }
        scene.stop.store(true, Ordering::Relaxed);
    });
    let rows = neighbour.rows;
    let ended = scene.end_all_but(neighbour.instance);
    // What was left dirty is recovered.
    let recovered = start("recovered", "main/").map(|instance| scene.end(instance));
    assert_eq!(recovered, Ok(0), "after ends that gave {ended:?}");
    neighbour.end();
    let left = (INSTANCES.len(), SESSIONS.len(), CURSORS.len());
    assert_eq!(left, (0, 0, 0), "handles leaked; ends gave {ended:?}, starts {:?}", scene.restarts.lock());
    let files = ["main/a.edb", "main/b.edb", "main/c.edb"];
    let verified = files.iter().filter(|path| verify_clean(Path::new(path))).count();
    let reached = scene.reached.lock();
    let never: Vec<_> =
        CALLS.iter().map(|call| call.name).filter(|name| !reached.contains_key(name)).collect();
    ese_corpus::report!(
        "hostile, seed {seed}: {} calls in {seconds} s, {} succeeded, {} of {} functions at least once; starts {:?}; the ends gave {ended:?}; {verified} databases verified, {} rows of the neighbour; never succeeded: {}",
        scene.calls.load(Ordering::Relaxed),
        scene.succeeded.load(Ordering::Relaxed),
        reached.len(),
        CALLS.len(),
        scene.restarts.lock(),
        rows,
        never.join(" ")
    );
    std::env::set_current_dir("/").expect("the root is there");
}
