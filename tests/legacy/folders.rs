//! The rows of spec 07 §17.2.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ese_format::backup_info::BackupInfo;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::folder::*;
use crate::harness::*;
use crate::source::*;
use crate::{Form, Row};

const FULL: u32 = 0;
const INCREMENTAL: u32 = JET_bitBackupIncremental;
const ATOMIC: u32 = JET_bitBackupAtomic;

pub(crate) const ROWS: &[Row] = &[
    (61, a_folder_has_to_be_empty),
    (62, logs_do_not_go_beside_atomic_sets),
    (63, an_atomic_set_takes_the_place_of_the_last),
    (64, what_is_called_temp),
    (65, a_long_path),
    (66, no_folder_truncates),
    (67, an_empty_source),
    (68, a_source_without_markers),
    (69, a_running_instance_restores_nothing),
    (70, two_modes),
    (71, there_and_back),
    (72, calls_that_do_nothing),
];

pub(crate) fn folder(path: PathBuf) -> PathBuf {
    std::fs::create_dir(&path).unwrap();
    path
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = names(folder).into_iter().filter(|name| folder.join(name).is_file());
    files.map(|name| (name.clone(), std::fs::read(folder.join(&name)).unwrap())).collect()
}

/// No header knows of a backup, and none runs.
fn assert_untouched(source: &Source) {
    let fields = source.header(&source.a).fields;
    let slots = [
        fields.backup_full_previous,
        fields.backup_incremental_previous,
        fields.backup_copy_previous,
        fields.backup_differential_previous,
    ];
    assert_eq!(slots, [BackupInfo::default(); 4]);
    // SAFETY: any number may be passed.
    let code = unsafe { JetEndExternalBackupInstance2(source.instance(), JET_bitBackupEndAbort) };
    assert_eq!(code, JET_errNoBackup, "none runs");
}

fn a_folder_has_to_be_empty(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    std::fs::write(bk.join("x"), b"x").unwrap();
    let (heard, code) = told(|callback| back_up(form, Some(source.instance()), Some(&bk), FULL, callback));
    assert_eq!((code, heard), (JET_errBackupDirectoryNotEmpty, vec![]));
    std::fs::remove_file(bk.join("x")).unwrap();
    folder(bk.join("x"));
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL, None), JET_errBackupDirectoryNotEmpty);
    assert_untouched(&source);
    let missing = source.running.path("missing");
    assert_eq!(back_up(form, Some(source.instance()), Some(&missing), FULL, None), JET_errInvalidPath);
    let file = source.running.path("file");
    std::fs::write(&file, b"").unwrap();
    assert_eq!(back_up(form, Some(source.instance()), Some(&file), FULL, None), JET_errInvalidPath);
    assert_untouched(&source);
    assert_eq!(set(Some(source.instance()), JET_paramCreatePathIfNotExist, 1), 0);
    assert_eq!(back_up(form, Some(source.instance()), Some(&missing), FULL, None), 0, "it is made");
    let set = names(&missing);
    assert_eq!(set[..2], ["a.edb", "a.pat"]);
    assert!(set.contains(&"b.pat".to_owned()) && set.iter().any(|name| name.ends_with(".log")), "{set:?}");
    assert_eq!(std::fs::read(missing.join("a.pat")).unwrap(), b"");
    assert!(!source.running.path("a.pat").exists(), "no marker beside the database");
}

fn logs_do_not_go_beside_atomic_sets(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    assert_eq!(
        back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL, None),
        JET_errMissingFullBackup
    );
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None), 0);
    assert_eq!(
        back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL, None),
        JET_errBackupDirectoryNotEmpty
    );
    std::fs::rename(bk.join("new"), bk.join("old")).unwrap();
    assert_eq!(
        back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL, None),
        JET_errBackupDirectoryNotEmpty
    );
    let before = archived_in(&bk.join("old"));
    source.insert(&source.a, 50..60);
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL | ATOMIC, None), 0);
    assert!(archived_in(&bk.join("old")).len() > before.len(), "the logs went to the set");
    // Logs that follow nothing in the folder.
    let other = folder(source.running.path("other"));
    std::fs::write(other.join("edb00001.log"), b"").unwrap();
    source.fill_logs(&source.a, 4);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL | ATOMIC, None), 0);
    assert!(source.archived()[0] > 2, "{:?}", source.archived());
    assert_eq!(
        back_up(form, Some(source.instance()), Some(&other), INCREMENTAL, None),
        JET_errInvalidLogSequence
    );
    drop(source);
    let circular = Source::new(Circular::On);
    let bk = folder(circular.running.path("bk"));
    assert_eq!(back_up(form, Some(circular.instance()), Some(&bk), INCREMENTAL, None), JET_errInvalidBackup);
    assert_eq!(back_up(form, Some(circular.instance()), Some(&bk), FULL, None), 0, "a full one can be");
}

fn an_atomic_set_takes_the_place_of_the_last(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    let steps = vec![(JET_snpBackup, JET_sntBegin, 0, 100), (JET_snpBackup, JET_sntComplete, 100, 100)];
    let mut sets = Vec::new();
    for round in 0..2 {
        source.insert(&source.a, 100 * round + 100..100 * round + 150);
        let (heard, code) =
            told(|callback| back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, callback));
        assert_eq!((code, &heard), (0, &steps));
        assert_eq!(names(&bk), ["new"]);
        sets.push(content(&bk.join("new")));
    }
    assert_ne!(sets[0], sets[1]);
    let high = archived_in(&bk.join("new")).pop().unwrap();
    let fields = source.header(&source.a).fields;
    assert_eq!(fields.backup_full_previous.generation_high.get(), high);
    assert_eq!(fields.backup_type_full_previous.get(), 0);
    // What a crash left.
    folder(bk.join("temp"));
    std::fs::write(bk.join("temp").join("a.edb"), b"half").unwrap();
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None), 0);
    assert_eq!(names(&bk), ["new"]);
}

fn what_is_called_temp(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    folder(folder(bk.join("temp")).join("inner"));
    let refused = back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None);
    assert_eq!(refused, JET_errDeleteBackupFileFail, "it cannot be deleted");
    std::fs::remove_dir_all(bk.join("temp")).unwrap();
    std::fs::write(bk.join("temp"), b"").unwrap();
    let refused = back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None);
    assert_eq!(refused, JET_errMakeBackupDirectoryFail, "a file is in the way");
    std::fs::remove_file(bk.join("temp")).unwrap();
    // A link leads elsewhere: nothing is written or deleted there.
    let elsewhere = folder(source.running.path("elsewhere"));
    std::fs::write(elsewhere.join("mine"), b"mine").unwrap();
    std::os::unix::fs::symlink(&elsewhere, bk.join("temp")).unwrap();
    let refused = back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None);
    assert_eq!(refused, JET_errMakeBackupDirectoryFail);
    assert_eq!(names(&elsewhere), ["mine"]);
    std::fs::remove_file(bk.join("temp")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, bk.join("new")).unwrap();
    let refused = back_up(form, Some(source.instance()), Some(&bk), FULL | ATOMIC, None);
    assert!(refused < 0, "a link is no set");
    assert_eq!(names(&elsewhere), ["mine"]);
    assert_untouched(&source);
}

fn a_long_path(form: Form) {
    let source = Source::new(Circular::Off);
    for characters in [259, 260, 4000] {
        let mut path = source.running.folder.path().to_str().unwrap().to_owned();
        while path.len() < characters {
            path.push_str(if (path.len() % 100) == 99 { "/" } else { "x" });
        }
        let code = back_up(form, Some(source.instance()), Some(Path::new(&path)), FULL, None);
        assert_eq!(code, JET_errInvalidPath, "{characters} characters");
    }
    assert_untouched(&source);
}

fn no_folder_truncates(form: Form) {
    for empty in [false, true] {
        let source = Source::new(Circular::Off);
        source.fill_logs(&source.a, 5);
        std::thread::sleep(Duration::from_millis(1500));
        let before = source.archived();
        let nothing = Path::new("");
        let folder = empty.then_some(nothing);
        assert_eq!(back_up(form, Some(source.instance()), folder, FULL, None), 0);
        let after = source.archived();
        assert!(after.len() < before.len() && !after.is_empty(), "of {before:?} {after:?} are left");
        assert_eq!(after, before[before.len() - after.len()..], "the lowest went");
        assert_untouched(&source);
        source.insert(&source.a, 5000..5010);
        // A crash now: what is left is enough.
        assert_eq!(term(source.instance(), JET_bitTermDirty), JET_errDirtyShutdown);
        let instance = Running::create_in(source.running.folder.path(), "again");
        configure(instance, Circular::Off);
        let (instance, code) = init(instance);
        assert_eq!(code, 0, "recovery");
        assert_eq!(term(instance, JET_bitTermComplete), 0);
    }
    let circular = Source::new(Circular::On);
    let before = circular.archived();
    assert_eq!(back_up(form, Some(circular.instance()), None, FULL, None), 0);
    let after = circular.archived();
    assert!(after.starts_with(&before), "circular logging sees to its logs itself: {before:?}, {after:?}");
}

/// An instance that is not started, with folders of its own.
pub(crate) fn restorer(name: &str) -> Running {
    assert_eq!(set(None, JET_paramDatabasePageSize, PAGE_BYTES), 0);
    let running = Running::created(name);
    configure(running.instance, Circular::Off);
    running
}

fn an_empty_source(form: Form) {
    let running = restorer("restorer");
    let (source, destination) = (folder(running.path("bk")), folder(running.path("to")));
    let instance = Some(running.instance);
    assert_eq!(restore(form, instance, &source, Some(&destination), None), JET_errFileNotFound);
    assert_eq!(restore(form, instance, &running.path("none"), Some(&destination), None), JET_errFileNotFound);
    folder(source.join("new"));
    assert_eq!(restore(form, instance, &source, Some(&destination), None), JET_errFileNotFound);
    assert_eq!(names(&destination), Vec::<String>::new());
}

/// A full set of an instance that is gone, and the paths of its databases.
fn a_set(form: Form, into: &Path) -> [PathBuf; 2] {
    let source = Source::new(Circular::Off);
    assert_eq!(back_up(form, Some(source.instance()), Some(into), FULL, None), 0);
    [source.a.path.clone(), source.b.path.clone()]
}

fn a_source_without_markers(form: Form) {
    let place = tempfile::tempdir().unwrap();
    let bk = folder(place.path().join("bk"));
    a_set(form, &bk);
    for name in ["a.pat", "b.pat"] {
        std::fs::remove_file(bk.join(name)).unwrap();
    }
    let running = restorer("restorer");
    let destination = folder(running.path("to"));
    let instance = Some(running.instance);
    assert_eq!(restore(form, instance, &bk, Some(&destination), None), JET_errPatchFileMissing);
    assert_eq!(names(&destination), Vec::<String>::new());
    assert_eq!(set_text(instance, JET_paramSystemPath, &running.path("nowhere")), 0);
    assert_eq!(
        restore(form, instance, &bk, Some(&destination), None),
        JET_errInvalidPath,
        "that comes first"
    );
    // A log is missing, or of nobody.
    assert_eq!(set_text(instance, JET_paramSystemPath, running.folder.path()), 0);
    std::fs::write(bk.join("a.pat"), b"").unwrap();
    let logs = archived_in(&bk);
    let first = bk.join(format!("edb{:05X}.log", logs[0]));
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, vec![7; bytes.len()]).unwrap();
    assert!(restore(form, instance, &bk, Some(&destination), None) < 0);
    assert_eq!(names(&destination), Vec::<String>::new(), "nothing half-done");
}

fn a_running_instance_restores_nothing(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL, None), 0);
    let code = restore(form, Some(source.instance()), &bk, None, None);
    assert_eq!(code, JET_errAlreadyInitialized);
    assert_eq!(restore(form, Some(77_777), &bk, None, None), JET_errInvalidParameter);
    source.insert(&source.a, 50..60);
}

fn two_modes(form: Form) {
    let source = Source::new(Circular::Off);
    let bk = folder(source.running.path("bk"));
    assert_eq!(back_up(form, None, Some(&bk), FULL, None), JET_errRunningInMultiInstanceMode);
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL, None), 0);
    let destination = folder(source.running.path("to"));
    let codes = [None, Some(destination.as_path())].map(|to| restore(form, None, &bk, to, None));
    assert_eq!(codes, [JET_errRunningInMultiInstanceMode; 2]);
}

fn there_and_back(form: Form) {
    let place = tempfile::tempdir().unwrap();
    let bk = folder(place.path().join("bk"));
    let source = Source::new(Circular::Off);
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), FULL, None), 0);
    source.insert(&source.a, 50..90);
    assert_eq!(back_up(form, Some(source.instance()), Some(&bk), INCREMENTAL, None), 0);
    let expected = [rows(source.session, source.a.dbid), rows(source.session, source.b.dbid)];
    source.insert(&source.a, 90..99);
    let home = source.running.folder.path().to_path_buf();
    let (a, b) = (source.a.path.clone(), source.b.path.clone());
    assert_eq!(end_session(source.session), 0);
    assert_eq!(term(source.instance(), JET_bitTermComplete), 0);
    let set_before = content(&bk);
    // JetRestoreInstance, elsewhere.
    let running = restorer("restorer");
    let destination = folder(running.path("to"));
    let (heard, code) =
        told(|callback| restore(form, Some(running.instance), &bk, Some(&destination), callback));
    assert_eq!(code, 0, "JetRestoreInstance");
    let progress: Vec<_> = heard.iter().filter(|told| told.0 == JET_snpRestore).collect();
    assert_eq!(progress[0], &(JET_snpRestore, JET_sntBegin, 0, 100));
    assert_eq!(progress[progress.len() - 1], &(JET_snpRestore, JET_sntComplete, 100, 100));
    assert!(progress.windows(2).all(|pair| pair[0].2 <= pair[1].2), "{progress:?}");
    // Each of the two copies is a unit beside the logs.
    let logs = set_before.keys().filter(|name| name.ends_with(".log")).count() as u32;
    let copied = [1, 2].map(|copies| copies * 100 / (logs + 2));
    assert_eq!([progress[1].2, progress[2].2], copied, "{logs} logs: {progress:?}");
    assert_eq!(content(&bk), set_before, "the source is as it was");
    for name in ["a.edb", "b.edb"] {
        let header = header_of(&destination.join(name));
        assert_eq!(header.fields.state.get(), 3, "clean");
        assert_eq!(header.fields.backup_full_previous, BackupInfo::default());
        assert_eq!(header.fields.backup_full_current, BackupInfo::default());
    }
    check_rows(running.instance, &destination, &expected);
    drop(running);
    // JetRestore, to where they were; the process has one instance for it.
    for path in [&a, &b] {
        std::fs::remove_file(path).unwrap();
    }
    let _parameters = ProcessFolders::of(&folder(home.join("logs")));
    assert_eq!(restore(form, None, &bk, None, None), 0, "JetRestore");
    // JetRestore2, and the one instance with its old functions.
    let second = folder(home.join("second"));
    let _other_parameters = ProcessFolders::of(&folder(home.join("others")));
    assert_eq!(restore(form, None, &bk, Some(&second), None), 0, "JetRestore2");
    // SAFETY: the handle is NULL: there is one instance.
    assert_eq!(unsafe { JetInit(std::ptr::null_mut()) }, 0);
    let (session, code) = begin_session(0);
    assert_eq!(code, 0);
    for (folder, note) in [(&home, "JetRestore"), (&second, "JetRestore2")] {
        for (name, expected) in ["a.edb", "b.edb"].into_iter().zip(&expected) {
            let path = folder.join(name);
            assert_eq!(&rows_of_file(session, &path), expected, "{note}");
            assert_eq!(detach(session, &path, 0), 0);
        }
    }
    assert_eq!(back_up(form, None, Some(&folder(home.join("bk2"))), FULL, None), 0, "JetBackup");
    assert_eq!(restore(form, None, &bk, None, None), JET_errAlreadyInitialized);
    assert_eq!(end_session(session), 0);
    assert_eq!(term(0, JET_bitTermComplete), 0);
}

/// The folders and the log size of the process, until dropped.
pub(crate) struct ProcessFolders;

impl ProcessFolders {
    pub(crate) fn of(folder: &Path) -> Self {
        for id in [JET_paramSystemPath, JET_paramLogFilePath] {
            assert_eq!(set_text(None, id, folder), 0);
        }
        assert_eq!(set_text(None, JET_paramTempPath, &folder.join("tmp.edb")), 0);
        assert_eq!(set(None, JET_paramLogFileSize, 64), 0);
        Self
    }
}

impl Drop for ProcessFolders {
    fn drop(&mut self) {
        for id in [JET_paramSystemPath, JET_paramLogFilePath, JET_paramTempPath] {
            set_text(None, id, Path::new("./"));
        }
        set(None, JET_paramLogFileSize, 5120);
    }
}

/// The restored databases hold these rows, and the instance starts over the logs that the restore left.
fn check_rows(instance: usize, folder: &Path, expected: &[Vec<i32>; 2]) {
    let (instance, code) = init(instance);
    assert_eq!(code, 0, "JetInit after the restore");
    let (session, code) = begin_session(instance);
    assert_eq!(code, 0);
    for (name, expected) in ["a.edb", "b.edb"].into_iter().zip(expected) {
        assert_eq!(&rows_of_file(session, &folder.join(name)), expected);
    }
    // SAFETY: any number may be passed.
    let incremental = unsafe { JetBeginExternalBackupInstance(instance, JET_bitBackupIncremental) };
    assert_eq!(incremental, JET_errMissingFullBackup, "there is no history");
    assert_eq!(end_session(session), 0);
    assert_eq!(term(instance, JET_bitTermComplete), 0);
}

fn calls_that_do_nothing(_form: Form) {
    let source = Source::new(Circular::Off);
    let name = text(&source.a.path);
    let wide = wide(&source.a.path);
    // SAFETY: the texts end with a zero, any number may be passed.
    let codes = unsafe {
        [
            JetSnapshotStartA(source.instance(), name.as_ptr().cast_mut(), 0),
            JetSnapshotStartW(source.instance(), wide.as_ptr().cast_mut(), 0),
            JetSnapshotStop(source.instance(), 0),
        ]
    };
    assert_eq!(codes, [JET_wrnNyi; 3]);
}
