//! Databases that go from one instance to the next, in one process and in several, each with its lock around attach and
//! detach as a program would have it, while other threads look at all instances, at the files, take snapshots and back
//! up: an attach directly after a detach never fails because somebody is slow to let go of the file.
//!
//! `ESENT_ATTACH_ROUNDS` says how often each database changes hands (40 in one process, a quarter of it in each of several).

#[path = "behaviour/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of the facts' rows")]
mod harness;

use std::ffi::c_char;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use esent::abi::structs::JET_COLUMNDEF;
use esent::abi::tables::params::JET_paramDatabasePageSize;
use esent::api::*;

use harness::{
    Running, attach, begin, begin_session, close, commit, create_database, detach, end_session, open, set,
    text,
};

/// Instances, each with a thread.
const INSTANCES: usize = 3;
/// Databases that they hand to each other.
const DATABASES: usize = 2;
const BACKUP_IN_PROGRESS: i32 = -505;
const SNAPSHOT_IN_PROGRESS: i32 = -614;
/// The folder of a child process, and which one it is.
const CHILD_FOLDER: &str = "ESENT_ATTACH_CHILD_FOLDER";

fn rounds() -> u64 {
    std::env::var("ESENT_ATTACH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

fn created(path: &Path) {
    let running = Running::started("creates");
    let session = running.session();
    let (dbid, code) = create_database(session, path, 0);
    assert_eq!(code, 0);
    let (mut table, mut column) = (0, 0);
    // SAFETY: the names are NUL-terminated, the structure is of numbers, the places are locals.
    unsafe {
        assert_eq!(JetCreateTableA(session, dbid, c"t".as_ptr(), 1, 90, &raw mut table), 0);
        let mut definition: JET_COLUMNDEF = std::mem::zeroed();
        definition.cbStruct = size_of::<JET_COLUMNDEF>() as u32;
        definition.coltyp = 4;
        let (definition, place) = (&raw const definition, &raw mut column);
        assert_eq!(JetAddColumnA(session, table, c"n".as_ptr(), definition, null(), 0, place), 0);
        assert_eq!(JetCloseTable(session, table), 0);
    }
    assert_eq!(close(session, dbid), 0);
    assert_eq!(detach(session, path, 0), 0);
    assert_eq!(end_session(session), 0);
}

/// A row into the table of the database that is attached.
fn insert(session: usize, path: &Path, number: u32) {
    let (dbid, code) = open(session, path, 0);
    assert_eq!(code, 0, "JetOpenDatabase");
    let (mut table, number) = (0, number.to_le_bytes());
    assert_eq!(begin(session), 0);
    // SAFETY: the name is NUL-terminated, the data have four bytes, the places are locals.
    unsafe {
        assert_eq!(JetOpenTableA(session, dbid, c"t".as_ptr(), null(), 0, 0, &raw mut table), 0);
        assert_eq!(JetPrepareUpdate(session, table, 0), 0);
        assert_eq!(JetSetColumn(session, table, 1, number.as_ptr().cast(), 4, 0, null_mut()), 0);
        assert_eq!(JetUpdate(session, table, null_mut(), 0, null_mut()), 0);
        assert_eq!(JetCloseTable(session, table), 0);
    }
    assert_eq!(commit(session, 1), 0);
    assert_eq!(close(session, dbid), 0);
}

fn rows(path: &Path) -> u64 {
    let database = ese_engine::database::Database::open(path, &ese_engine::database::OpenOptions::default());
    let table = database.expect("it was closed cleanly").open_table("t").expect("the table");
    let mut cursor = table.cursor();
    let mut rows = 0;
    while cursor.move_next().expect("a sound tree") {
        rows += 1;
    }
    rows
}

/// While a backup or a snapshot of the instance runs, nothing is attached or detached: the program calls again.
fn when_no_backup_runs(call: impl Fn() -> i32) -> i32 {
    loop {
        match call() {
            BACKUP_IN_PROGRESS | SNAPSHOT_IN_PROGRESS => std::thread::sleep(Duration::from_micros(100)),
            code => return code,
        }
    }
}

/// One database comes to an instance, gets a row, and goes. The lock that the program has around it is the caller's.
fn round(session: usize, path: &Path, number: u32) {
    assert_eq!(when_no_backup_runs(|| attach(session, path, 0)), 0, "JetAttachDatabase in round {number}");
    insert(session, path, number);
    assert_eq!(when_no_backup_runs(|| detach(session, path, 0)), 0, "JetDetachDatabase in round {number}");
}

/// The lock of a database, for the threads and processes of this test.
struct Turn(File);

impl Turn {
    fn of(path: &Path) -> Self {
        let file = File::create(path.with_extension("turn")).expect("a folder of ours");
        file.lock().expect("a lock");
        Self(file)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.unlock().expect("was locked");
    }
}

fn look_at_instances() {
    let (mut count, mut list) = (0, null_mut());
    // SAFETY: the places are locals; what is listed is given back.
    unsafe {
        assert_eq!(JetGetInstanceInfoA(&raw mut count, &raw mut list), 0);
        if !list.is_null() {
            assert_eq!(JetFreeBuffer(list.cast::<c_char>()), 0);
        }
    }
}

fn look_at_file(path: &Path) {
    let (path, mut size) = (text(path), 0_u64);
    // SAFETY: the text is NUL-terminated, the buffer has eight bytes. 10 is JET_DbInfoFilesize.
    let code = unsafe { JetGetDatabaseFileInfoA(path.as_ptr(), (&raw mut size).cast(), 8, 10) };
    assert_eq!(code, 0, "JetGetDatabaseFileInfo");
    let mut header = [0_u8; 216];
    // SAFETY: the buffer has as many bytes. 14 is JET_DbInfoMisc; what it answers while the header is written is open.
    unsafe { JetGetDatabaseFileInfoA(path.as_ptr(), header.as_mut_ptr().cast(), 216, 14) };
}

fn take_snapshot() {
    let (mut number, mut count, mut list) = (0, 0, null_mut());
    // SAFETY: the places are locals; what is listed is given back.
    unsafe {
        if JetOSSnapshotPrepare(&raw mut number, 0) == 0 {
            if JetOSSnapshotFreezeA(number, &raw mut count, &raw mut list, 0) == 0 {
                JetFreeBuffer(list.cast::<c_char>());
                JetOSSnapshotThaw(number, 0);
            }
            JetOSSnapshotAbort(number, 0);
        }
    }
}

/// Reads a page of the first database of an instance as a backup does, if it has one, and gives up.
fn begin_backup(instance: usize) {
    let (mut names, mut size) = ([0_u8; 4096], 0);
    // SAFETY: the buffer has as many bytes, the name in it is NUL-terminated, the places are locals. 2 is
    // JET_bitBackupEndAbort.
    unsafe {
        if JetBeginExternalBackupInstance(instance, 0) < 0 {
            return;
        }
        let names = names.as_mut_ptr().cast::<c_char>();
        if JetGetAttachInfoInstanceA(instance, names, 4096, &raw mut size) == 0 && size > 2 {
            let (mut handle, mut low, mut high) = (0, 0, 0);
            if JetOpenFileInstanceA(instance, names, &raw mut handle, &raw mut low, &raw mut high) == 0 {
                JetCloseFileInstance(instance, handle);
            }
        }
        JetEndExternalBackupInstance2(instance, 2);
    }
}

/// Calls until the rounds are over, and counts how often.
fn until(over: &AtomicBool, calls: &AtomicU64, pause: Duration, call: impl Fn()) {
    while !over.load(Ordering::SeqCst) {
        call();
        calls.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(pause);
    }
}

/// Instances of this process hand the databases to each other, and to those of other processes; the calls that were made
/// beside it.
fn hand_around(databases: &[PathBuf], rounds: u64) -> u64 {
    assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
    let running: Vec<Running> =
        (0..INSTANCES).map(|number| Running::started(&format!("i{number}"))).collect();
    let (over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| until(&over, &calls, Duration::ZERO, look_at_instances));
        }
        scope.spawn(|| {
            until(&over, &calls, Duration::ZERO, || databases.iter().for_each(|path| look_at_file(path)));
        });
        scope.spawn(|| until(&over, &calls, Duration::from_millis(20), take_snapshot));
        let backed_up = running[0].instance;
        scope.spawn(move || begin_backup(backed_up));
        scope.spawn(|| until(&over, &calls, Duration::from_millis(5), || begin_backup(running[0].instance)));
        let workers: Vec<_> = running
            .iter()
            .map(|running| {
                scope.spawn(move || {
                    let (session, code) = begin_session(running.instance);
                    assert_eq!(code, 0);
                    for number in 0..rounds {
                        let path = &databases[number as usize % databases.len()];
                        let turn = Turn::of(path);
                        round(session, path, number as u32);
                        drop(turn);
                    }
                    assert_eq!(end_session(session), 0);
                })
            })
            .collect();
        let ended: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        over.store(true, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok), "a round failed");
    });
    calls.into_inner()
}

fn named(folder: &Path) -> Vec<PathBuf> {
    (0..DATABASES).map(|number| folder.join(format!("d{number}.edb"))).collect()
}

/// What a process of the second half of the test below does; alone it is nothing.
#[test]
fn a_process_of_several() {
    if let Some(folder) = std::env::var_os(CHILD_FOLDER) {
        hand_around(&named(Path::new(&folder)), rounds());
    }
}

#[test]
fn databases_go_from_hand_to_hand() {
    if std::env::var_os(CHILD_FOLDER).is_some() {
        return;
    }
    const PROCESSES: u64 = 3;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let databases = named(folder.path());
    assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
    databases.iter().for_each(|path| created(path));
    let instances = INSTANCES as u64;

    let calls = hand_around(&databases, rounds());
    let found: u64 = databases.iter().map(|path| rows(path)).sum();
    assert_eq!(found, instances * rounds());
    println!(
        "one process: {found} attaches of {DATABASES} databases by {INSTANCES} instances, {calls} calls beside"
    );

    let of_each = rounds().div_ceil(4);
    let program = std::env::current_exe().expect("this test");
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(&program)
                .args(["--exact", "a_process_of_several", "--nocapture"])
                .env(CHILD_FOLDER, folder.path())
                .env("ESENT_ATTACH_ROUNDS", of_each.to_string())
                .spawn()
                .expect("this test once more")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("a child of ours").success(), "a process failed");
    }
    let attaches = PROCESSES * instances * of_each;
    assert_eq!(databases.iter().map(|path| rows(path)).sum::<u64>(), found + attaches);
    println!("{PROCESSES} processes: {attaches} attaches");
}
