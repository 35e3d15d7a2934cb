//! The results of JetBeginExternalBackup(Instance) that its documentation lists, a test for each (spec 07 §3.3).

use std::sync::Mutex;

use esent::abi::structs::JET_RSTINFO_A;
use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::bed::{Bed, Form, Setup};
use crate::harness::set_text;
use crate::one_at_a_time;

#[test]
fn begin_external_backup_jet_err_success() {
    let _turn = one_at_a_time();
    let mut bed = Bed::new(Form::A);
    assert_eq!(bed.begin(0), JET_errSuccess);
    assert_eq!(bed.end(JET_bitBackupEndAbort), JET_errSuccess);
    bed.full(true, JET_bitBackupEndNormal);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errSuccess);
}

#[test]
fn begin_external_backup_jet_err_backup_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::in_full(Form::A);
    assert_eq!(bed.begin(0), JET_errBackupInProgress);
}

#[test]
fn begin_external_backup_jet_err_surrogate_backup_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupSurrogate), JET_errSuccess);
    assert_eq!(bed.begin(0), JET_errSurrogateBackupInProgress);
}

#[test]
fn begin_external_backup_jet_err_backup_not_allowed_yet() {
    let _turn = one_at_a_time();
    // An instance that nobody starts is not initialized (spec 07 §3.2); one that has ended says it to Rust programs.
    let bed = Bed::created(Form::A, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
    drop(bed);
    let folder = tempfile::tempdir().unwrap();
    let host = ese_engine::io::Host::system();
    let settings = ese_engine::instance::InstanceSettings::in_folder(host, folder.path());
    let instance = ese_engine::instance::Instance::start(settings).unwrap();
    instance.stop(ese_engine::instance::TermKind::Complete).unwrap();
    let error = instance.begin_external_backup(ese_engine::backup::BeginOptions::empty()).unwrap_err();
    assert_eq!(error.jet().code(), JET_errBackupNotAllowedYet);
}

#[test]
fn begin_external_backup_jet_err_client_request_to_stop_jet_service() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetStopServiceInstance(bed.instance) }, 0);
    assert_eq!(bed.begin(0), JET_errClientRequestToStopJetService);
}

#[test]
fn begin_external_backup_jet_err_instance_unavailable() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // The log takes nothing more: every call gets the error that the instance failed with.
    // SAFETY: any number may be passed.
    unsafe { JetStopServiceInstance2(bed.instance, JET_bitStopServiceStopAndEmitLog) };
    let given = bed.begin(0);
    assert!([JET_errInstanceUnavailable, JET_errLogWriteFail].contains(&given), "{given}");
}

#[test]
fn begin_external_backup_jet_err_invalid_backup() {
    let _turn = one_at_a_time();
    let bed = Bed::circular(Form::A);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errInvalidBackup);
}

#[test]
fn begin_external_backup_jet_err_invalid_grbit() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupAtomic), JET_errInvalidGrbit);
}

#[test]
fn begin_external_backup_jet_err_invalid_parameter() {
    let _turn = one_at_a_time();
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginExternalBackup(0), JET_errInvalidParameter);
        let _bed = Bed::new(Form::A);
        assert_eq!(JetBeginExternalBackupInstance(77, 0), JET_errInvalidParameter);
    }
}

#[test]
fn begin_external_backup_jet_err_logging_disabled() {
    let _turn = one_at_a_time();
    let mut bed = Bed::created(Form::A, Setup::default());
    assert_eq!(set_text(Some(bed.instance), JET_paramRecovery, "off".as_ref()), 0);
    bed.start();
    assert_eq!(bed.begin(0), JET_errLoggingDisabled);
}

#[test]
fn begin_external_backup_jet_err_missing_full_backup() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errMissingFullBackup);
}

#[test]
fn begin_external_backup_jet_err_not_initialized() {
    let _turn = one_at_a_time();
    let bed = Bed::created(Form::A, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
}

#[test]
fn begin_external_backup_jet_err_running_in_multi_instance_mode() {
    let _turn = one_at_a_time();
    let _bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginExternalBackup(0) }, JET_errRunningInMultiInstanceMode);
}

#[test]
fn begin_external_backup_jet_err_checkpoint_file_not_found() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let checkpoint = bed.path("edb.chk");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    assert_eq!(bed.begin(0), JET_errCheckpointFileNotFound);
    std::fs::write(&checkpoint, content).unwrap();
}

#[test]
fn begin_external_backup_jet_err_checkpoint_corrupt() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let checkpoint = bed.path("edb.chk");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, vec![7; content.len()]).unwrap();
    assert_eq!(bed.begin(0), JET_errCheckpointCorrupt);
    std::fs::write(&checkpoint, content).unwrap();
}

#[test]
fn begin_external_backup_jet_err_log_write_fail() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    unsafe { JetStopServiceInstance2(bed.instance, JET_bitStopServiceStopAndEmitLog) };
    assert_eq!(bed.begin(0), JET_errLogWriteFail);
}

/// What a call gave that a callback had another thread make.
static MEANWHILE: Mutex<Vec<i32>> = Mutex::new(Vec::new());
/// The instance that it is about, and whether its end is waited for.
static WHOSE: Mutex<(usize, bool)> = Mutex::new((0, false));

/// Begins a backup from another thread. A thread inside a callback may not wait for itself.
fn begun_elsewhere(instance: usize) -> i32 {
    // SAFETY: any number may be passed.
    std::thread::spawn(move || unsafe { JetBeginExternalBackupInstance(instance, 0) }).join().unwrap()
}

/// A status callback: somebody begins a backup meanwhile.
extern "system" fn meanwhile(_: usize, _: u32, _: u32, _: *mut std::ffi::c_void) -> i32 {
    let (instance, until_it_ends) = *WHOSE.lock().unwrap();
    let mut code = begun_elsewhere(instance);
    for _ in 0..1000 {
        if !until_it_ends || code == JET_errTermInProgress {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
        code = begun_elsewhere(instance);
    }
    MEANWHILE.lock().unwrap().push(code);
    0
}

fn watch(instance: usize, until_it_ends: bool) {
    MEANWHILE.lock().unwrap().clear();
    *WHOSE.lock().unwrap() = (instance, until_it_ends);
}

fn seen() -> Vec<i32> {
    std::mem::take(&mut *MEANWHILE.lock().unwrap())
}

#[test]
fn begin_external_backup_jet_err_backup_not_allowed_yet_while_jet_init_is_at_work() {
    let _turn = one_at_a_time();
    let mut bed = Bed::new(Form::A);
    assert_eq!(bed.term(JET_bitTermDirty), JET_errDirtyShutdown);
    let folder = bed.folder.path().to_path_buf();
    let mut instance = Bed::create_in(&folder, bed.setup);
    watch(instance, false);
    let mut info = JET_RSTINFO_A {
        cbStruct: size_of::<JET_RSTINFO_A>() as u32,
        pfnStatus: Some(meanwhile),
        // SAFETY: zero is a value of every field: no map, no place to stop.
        ..unsafe { std::mem::zeroed() }
    };
    // SAFETY: the structure has its length.
    assert_eq!(unsafe { JetInit3A(&raw mut instance, &raw mut info, 0) }, 0);
    let codes = seen();
    assert!(codes.len() >= 2 && codes.iter().all(|code| *code == JET_errBackupNotAllowedYet), "{codes:?}");
    bed.instance = instance;
    assert_eq!(bed.begin(0), 0, "now it is");
}

#[test]
fn begin_external_backup_jet_err_restore_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let place = tempfile::tempdir().unwrap();
    let folders = ["set", "to", "home"].map(|name| place.path().join(name));
    folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let [set, to, home] = folders.each_ref().map(|folder| crate::harness::text(folder));
    // SAFETY: the text ends with a zero.
    assert_eq!(unsafe { JetBackupInstanceA(bed.instance, set.as_ptr(), 0, None) }, 0);
    let (restoring, code) = crate::harness::create_instance(Some("restoring"));
    assert_eq!(code, 0);
    for id in [JET_paramSystemPath, JET_paramLogFilePath, JET_paramTempPath] {
        assert_eq!(set_text(Some(restoring), id, &folders[2]), 0);
    }
    drop(home);
    watch(restoring, false);
    // SAFETY: the texts end with a zero, the callback takes what it is told.
    let restored = unsafe { JetRestoreInstanceA(restoring, set.as_ptr(), to.as_ptr(), Some(meanwhile)) };
    assert_eq!(restored, 0);
    let codes = seen();
    assert!(codes.len() >= 2 && codes.iter().all(|code| *code == JET_errRestoreInProgress), "{codes:?}");
    assert_eq!(begun_elsewhere(restoring), JET_errNotInitialized);
    crate::harness::term(restoring, 0);
}

#[test]
fn begin_external_backup_jet_err_term_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let place = tempfile::tempdir().unwrap();
    let set = crate::harness::text(place.path());
    watch(bed.instance, true);
    let instance = bed.instance;
    let ends = std::thread::spawn(move || {
        while MEANWHILE.lock().unwrap().is_empty() && begun_elsewhere(instance) != JET_errBackupInProgress {
            // The backup into the folder has not begun yet.
            // SAFETY: any number may be passed.
            unsafe { JetEndExternalBackupInstance2(instance, JET_bitBackupEndAbort) };
        }
        crate::harness::term(instance, JET_bitTermAbrupt)
    });
    let mut backed_up = JET_errBackupInProgress;
    while backed_up == JET_errBackupInProgress {
        // SAFETY: the text ends with a zero, the callback takes what it is told.
        backed_up = unsafe { JetBackupInstanceA(instance, set.as_ptr(), 0, Some(meanwhile)) };
    }
    assert_eq!(ends.join().unwrap(), 0, "JetTerm2");
    assert_eq!(seen().first(), Some(&JET_errTermInProgress));
    assert_eq!(backed_up, JET_errTermInProgress, "the backup into the folder ends, too");
}

/// Where the child of the next test finds its disk.
const SMALL_DISK: &str = "ESENT_SMALL_DISK";

/// A child of this test has a disk of its own of three megabytes, and fills it.
#[test]
fn begin_external_backup_jet_err_log_disk_full() {
    if std::env::var_os(SMALL_DISK).is_some() {
        return on_a_full_disk();
    }
    let place = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=3m none \"$0\" || exit 77; exec \"$1\" --exact \"$2\"";
    let child = std::process::Command::new("unshare")
        .args(["-Urm", "sh", "-c", script])
        .arg(place.path())
        .arg(std::env::current_exe().unwrap())
        .arg("results::begin_external_backup_jet_err_log_disk_full")
        .env(SMALL_DISK, place.path())
        .env("TMPDIR", place.path())
        .output();
    match child.map(|child| (child.status.code(), child.stdout, child.stderr)) {
        Ok((Some(0), said, _)) => {
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok((Some(101), said, errors)) => {
            panic!("{}{}", String::from_utf8_lossy(&said), String::from_utf8_lossy(&errors))
        }
        // Not everybody may have a disk of their own.
        _ => ese_corpus::skipped("begin_external_backup_jet_err_log_disk_full"),
    }
}

fn on_a_full_disk() {
    let mut bed = Bed::with(Form::A, Setup { databases: 0, ..Setup::default() });
    let disk = std::env::var_os(SMALL_DISK).unwrap();
    assert!(bed.folder.path().starts_with(&disk), "{} is not on the small disk", bed.folder.path().display());
    let filler = bed.folder.path().join("filler");
    // Never more than the disk of the child has: a larger one is somebody else's.
    let mut rest = std::fs::File::create(&filler).unwrap();
    let blocks = 3 * 1024 * 1024 / 4096;
    let written =
        (0..=blocks).take_while(|_| std::io::Write::write_all(&mut rest, &[1; 4096]).is_ok()).count();
    drop(rest);
    if written > blocks {
        std::fs::remove_file(&filler).unwrap();
        panic!("the disk is not the small one");
    }
    let mut code = 0;
    // Each backup ends a log; the next one can be had from the reserve only.
    for _ in 0..10 {
        code = bed.begin(0);
        if code != 0 {
            break;
        }
        let _ = bed.log_info();
        bed.end(JET_bitBackupEndAbort);
    }
    assert_eq!(code, JET_errLogDiskFull);
    assert_eq!(bed.end(JET_bitBackupEndAbort), JET_errNoBackup, "it has not begun");
    // There is room again: a new start makes the reserve again, and backups go on.
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(bed.term(JET_bitTermComplete), 0);
    bed.restart();
    assert_eq!(bed.begin(0), 0);
}

/// The highest generation that a stream has (spec 05 §1).
const LAST_GENERATION: u32 = 0x7FFF_F800;

#[test]
fn begin_external_backup_jet_err_log_sequence_end() {
    let _turn = one_at_a_time();
    let mut bed = Bed::with(Form::A, Setup { databases: 0, ..Setup::default() });
    assert_eq!(bed.term(JET_bitTermComplete), 0);
    // A stream whose only log is the last that there can be: as it was made, without a record.
    let path = bed.path("edb.log");
    let bytes = std::fs::read(&path).unwrap();
    let mut header = *ese_format::log::LogHeader::read(&bytes).unwrap();
    header.generation = (LAST_GENERATION as i32).into();
    header.seal();
    let mut last = header.bytes().to_vec();
    last.resize(bytes.len(), 0);
    for entry in std::fs::read_dir(bed.folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    std::fs::write(&path, last).unwrap();
    bed.restart();
    assert_eq!(bed.begin(0), JET_errLogSequenceEnd);
    assert_eq!(bed.begin(0), JET_errLogSequenceEnd);
    assert_eq!(bed.end(JET_bitBackupEndAbort), JET_errNoBackup);
}
