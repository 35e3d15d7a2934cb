//! The rows of spec 07 §17.4.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::JET_paramOSSnapshotTimeout;
use esent::api::*;

use crate::harness::*;
use crate::snapshot::*;
use crate::source::{Circular, Source, archived_in, configure, init_with_map, insert, rows, rows_of_file};
use crate::{Form, Row};

const CONTINUE: u32 = JET_bitContinueAfterThaw;

pub(crate) const ROWS: &[Row] = &[
    (125, parameters_come_first),
    (126, unknown_numbers),
    (127, nothing_twice),
    (128, nothing_before_its_time),
    (129, a_freeze_ends_by_itself),
    (130, a_backup_is_in_the_way),
    (131, what_logs_only_needs),
    (132, a_full_snapshot),
    (133, a_copy),
    (134, thawing_ends_it),
    (135, what_is_copied_meanwhile_recovers),
];

/// Calls on a session end it, whatever a row did.
struct Ended(usize);

impl Drop for Ended {
    fn drop(&mut self) {
        abort(self.0, 0);
    }
}

fn prepared(grbit: u32) -> (usize, Ended) {
    let (number, code) = prepare(grbit);
    assert_eq!(code, 0, "JetOSSnapshotPrepare");
    (number, Ended(number))
}

fn parameters_come_first(form: Form) {
    let (mut count, mut list) = (0, std::ptr::null_mut());
    assert_eq!(prepare(0).1, JET_errNotInitialized, "no instance");
    let _source = Source::new(Circular::Off);
    assert_eq!(prepare(0x10).1, JET_errInvalidGrbit);
    // SAFETY: NULL is a place that there is not.
    assert_eq!(unsafe { JetOSSnapshotPrepare(std::ptr::null_mut(), 0) }, JET_errInvalidParameter);
    let (number, _ended) = prepared(CONTINUE);
    assert_eq!(freeze(form, number, 1).1, JET_errInvalidGrbit);
    assert_eq!(freeze_info(form, number, 1).1, JET_errInvalidGrbit);
    assert_eq!(thaw(number, 1), JET_errInvalidGrbit);
    assert_eq!(truncate(number, 2), JET_errInvalidGrbit);
    assert_eq!(end(number, 2), JET_errInvalidGrbit);
    assert_eq!(abort(number, 1), JET_errInvalidGrbit);
    // SAFETY: the places are locals or NULL.
    let codes = unsafe {
        let nowhere = std::ptr::null_mut();
        [
            JetOSSnapshotFreezeA(number, std::ptr::null_mut(), &raw mut list, 0),
            JetOSSnapshotFreezeA(number, &raw mut count, std::ptr::null_mut(), 0),
            JetOSSnapshotFreezeW(number, &raw mut count, nowhere, 0),
            JetOSSnapshotGetFreezeInfoA(number, &raw mut count, std::ptr::null_mut(), 0),
            JetOSSnapshotGetFreezeInfoW(number, std::ptr::null_mut(), std::ptr::null_mut(), 0),
        ]
    };
    assert_eq!(codes, [JET_errInvalidParameter; 5]);
    assert_eq!(end(number, 0), 0, "nothing of this touched the session");
}

fn unknown_numbers(form: Form) {
    let source = Source::new(Circular::Off);
    let codes = [
        freeze(form, 99_999, 0).1,
        freeze_info(form, 99_999, 0).1,
        prepare_instance(99_999, source.instance(), 0),
        thaw(99_999, 0),
        truncate(99_999, 0),
        truncate_instance(99_999, source.instance(), 0),
        end(99_999, 0),
        end(99_999, 1),
        abort(99_999, 0),
    ];
    assert_eq!(codes, [JET_errOSSnapshotInvalidSnapId; 9]);
    let (first, _first_ended) = prepared(CONTINUE);
    assert_eq!(end(first, 0), 0);
    assert_eq!(end(first, 0), JET_errOSSnapshotInvalidSnapId, "it has ended");
    let (second, _second_ended) = prepared(CONTINUE);
    assert!(second > first, "numbers do not come again");
}

fn nothing_twice(form: Form) {
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(CONTINUE);
    let (listed, code) = freeze(form, number, 0);
    assert_eq!(code, 0);
    let databases = vec![source.a.path.clone(), source.b.path.clone()];
    assert_eq!(listed, [Listed { instance: source.instance(), name: "source".into(), databases }]);
    assert_eq!(freeze_info(form, number, 0), (listed, 0));
    assert_eq!(freeze(form, number, 0).1, JET_errOSSnapshotInvalidSequence);
    assert_eq!(prepare_instance(number, source.instance(), 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(truncate(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(truncate_instance(number, source.instance(), 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(number, 1), 0, "aborting thaws");
    source.insert(&source.a, 50..60);
    assert_eq!(source.header(&source.a).fields.backup_full_previous.generation_low.get(), 0);
}

fn nothing_before_its_time(form: Form) {
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(CONTINUE);
    assert_eq!(thaw(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(truncate(number, 1), JET_errOSSnapshotInvalidSequence);
    let (other, _other_ended) = prepared(CONTINUE);
    assert_eq!(
        prepare_instance(other, source.instance(), 0),
        JET_errOSSnapshotNotAllowed,
        "it is in the first"
    );
    assert_eq!(freeze(form, other, 0), (vec![], 0), "nobody is in the second");
    assert_eq!(thaw(other, 0), 0);
    assert_eq!(end(other, 0), 0);
    assert_eq!(end(number, 0), 0);
    // Named ones only.
    let (number, _ended) = prepared(CONTINUE | JET_bitExplicitPrepare);
    assert_eq!(freeze_info(form, number, 0), (vec![], 0));
    assert_eq!(prepare_instance(number, 12_345, 0), JET_errInvalidParameter);
    assert_eq!(prepare_instance(number, source.instance(), 1), JET_errInvalidGrbit);
    assert_eq!(prepare_instance(number, source.instance(), 0), 0);
    assert_eq!(prepare_instance(number, source.instance(), 0), JET_errOSSnapshotNotAllowed);
    assert_eq!(freeze(form, number, 0).0.len(), 1);
    assert_eq!(thaw(number, 0), 0);
    assert_eq!(thaw(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(freeze(form, number, 0).1, JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(number, 0), 0);
}

/// Milliseconds of a freeze, until dropped.
struct TimeOut;

impl TimeOut {
    fn of(milliseconds: usize) -> Self {
        assert_eq!(set(None, JET_paramOSSnapshotTimeout, milliseconds), 0);
        Self
    }
}

impl Drop for TimeOut {
    fn drop(&mut self) {
        set(None, JET_paramOSSnapshotTimeout, 70_000);
    }
}

fn a_freeze_ends_by_itself(form: Form) {
    let _time_out = TimeOut::of(500);
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(CONTINUE);
    assert_eq!(freeze(form, number, 0).1, 0);
    let begun = Instant::now();
    // Its own log must take them: they are committed durably.
    let (session, dbid) = (source.session, source.a.dbid);
    insert(session, dbid, 50..51);
    assert_eq!(begin(session), 0);
    assert_eq!(commit(session, 0), 0);
    source.fill_logs(&source.a, 1);
    let waited = begun.elapsed();
    assert!(
        waited >= Duration::from_millis(400),
        "an update that rolls the log went through after {waited:?}"
    );
    assert_eq!(thaw(number, 0), JET_errOSSnapshotTimeOut);
    assert_eq!(truncate(number, 1), JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(freeze_info(form, number, 0).0.len(), 1);
    assert_eq!(end(number, 1), 0);
    assert_eq!(source.header(&source.a).fields.backup_full_previous.generation_low.get(), 0);
    let (number, _ended) = prepared(0);
    assert_eq!(freeze(form, number, 0).1, 0);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(thaw(number, 0), JET_errOSSnapshotTimeOut);
    assert_eq!(end(number, 1), JET_errOSSnapshotInvalidSnapId, "thawing ended it");
}

fn a_backup_is_in_the_way(form: Form) {
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(CONTINUE);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginExternalBackupInstance(source.instance(), 0) }, 0);
    assert_eq!(freeze(form, number, 0).1, JET_errOSSnapshotNotAllowed);
    assert_eq!(thaw(number, 0), JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(number, 1), 0);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetEndExternalBackupInstance2(source.instance(), JET_bitBackupEndAbort) }, 0);
    let (number, _ended) = prepared(CONTINUE);
    assert_eq!(freeze(form, number, 0).1, 0, "it is no more");
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginExternalBackupInstance(source.instance(), 0) }, JET_errBackupInProgress);
    assert_eq!(thaw(number, 0), 0);
    assert_eq!(end(number, 0), 0);
}

fn what_logs_only_needs(form: Form) {
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(JET_bitIncrementalSnapshot | CONTINUE);
    assert_eq!(freeze(form, number, 0).1, JET_errMissingFullBackup);
    assert_eq!(freeze(form, number, 0), (vec![], 0), "its instances have left it");
    assert_eq!(end(number, 1), 0);
    whole(form, JET_bitContinueAfterThaw, |number| assert_eq!(truncate(number, 1), 0));
    let full = source.header(&source.a).fields.backup_full_previous;
    source.fill_logs(&source.a, 2);
    whole(form, JET_bitIncrementalSnapshot | CONTINUE, |number| assert_eq!(truncate(number, 1), 0));
    let fields = source.header(&source.a).fields;
    assert_eq!(fields.backup_full_previous, full);
    assert_eq!(fields.backup_type_incremental_previous.get(), 1);
    assert!(fields.backup_incremental_previous.generation_high.get() > full.generation_high.get());
    whole(form, JET_bitIncrementalSnapshot | JET_bitCopySnapshot | CONTINUE, |_| ());
    let fields = source.header(&source.a).fields;
    assert_eq!(fields.backup_type_differential_previous.get(), 1);
    // A log that the last backup did not take is gone.
    source.fill_logs(&source.a, 3);
    let high = fields.backup_incremental_previous.generation_high.get();
    for generation in source.archived().into_iter().filter(|generation| *generation <= high + 1) {
        std::fs::remove_file(source.running.path(&format!("edb{generation:05X}.log"))).unwrap();
    }
    drop(source);
    let circular = Source::new(Circular::On);
    let (number, _ended) = prepared(JET_bitIncrementalSnapshot | CONTINUE);
    assert_eq!(freeze(form, number, 0).1, JET_errMissingFullBackup, "that comes first");
    assert_eq!(end(number, 1), 0);
    whole(form, CONTINUE, |_| ());
    let fields = circular.header(&circular.a).fields;
    assert_eq!(fields.backup_type_full_previous.get(), 1, "a full one can be taken");
    let (number, _ended) = prepared(JET_bitIncrementalSnapshot | CONTINUE);
    assert_eq!(freeze(form, number, 0).1, JET_errInvalidBackup);
    assert_eq!(end(number, 1), 0);
}

/// A snapshot from begin to end; `thawed` is what happens after the thaw.
fn whole(form: Form, grbit: u32, thawed: impl FnOnce(usize)) {
    let (number, _ended) = prepared(grbit);
    assert_eq!(freeze(form, number, 0).1, 0, "JetOSSnapshotFreeze");
    assert_eq!(thaw(number, 0), 0, "JetOSSnapshotThaw");
    thawed(number);
    assert_eq!(end(number, 0), 0, "JetOSSnapshotEnd");
}

fn a_full_snapshot(form: Form) {
    let source = Source::new(Circular::Off);
    source.fill_logs(&source.a, 6);
    std::thread::sleep(Duration::from_millis(1500));
    let mut kept = Vec::new();
    whole(form, CONTINUE, |number| {
        let before = source.archived();
        assert_eq!(truncate(number, 1), 0);
        kept = source.archived();
        assert!(kept.len() < before.len(), "of {before:?} {kept:?} are left");
        assert_eq!(truncate(number, 1), 0, "again");
        assert_eq!(truncate_instance(number, source.instance(), 1), 0);
        assert_eq!(source.archived(), kept, "the range was used up");
    });
    for database in [&source.a, &source.b] {
        let fields = source.header(database).fields;
        let info = fields.backup_full_previous;
        assert_eq!(fields.backup_type_full_previous.get(), 1);
        assert_eq!(info.generation_low.get(), kept[0], "the lowest log that is left is the checkpoint's");
        assert_eq!(info.generation_high.get(), *kept.last().unwrap());
        assert_eq!(info.mark.generation.get().unsigned_abs(), info.generation_high.get() + 1);
        assert_eq!((info.mark.isec.get(), info.mark.ib.get()), (1, 0), "the first record of the new log");
        assert_eq!(fields.backup_full_current.generation_low.get(), 0);
    }
    // Without the bit nothing goes, then or later.
    source.fill_logs(&source.a, 4);
    std::thread::sleep(Duration::from_millis(1500));
    whole(form, CONTINUE, |number| {
        let before = source.archived();
        assert_eq!(truncate(number, 0), 0);
        assert_eq!(truncate(number, 1), 0);
        assert_eq!(source.archived(), before);
    });
}

fn a_copy(form: Form) {
    let source = Source::new(Circular::Off);
    source.fill_logs(&source.a, 4);
    let before = source.archived();
    whole(form, JET_bitCopySnapshot | CONTINUE, |number| {
        assert_eq!(truncate(number, 1), JET_errOSSnapshotInvalidSequence);
        assert_eq!(truncate(number, 0), JET_errOSSnapshotInvalidSequence);
    });
    let fields = source.header(&source.b).fields;
    assert_eq!(fields.backup_type_copy_previous.get(), 1);
    assert_ne!(fields.backup_copy_previous.generation_low.get(), 0);
    assert_eq!(fields.backup_full_previous.generation_low.get(), 0);
    assert!(before.iter().all(|log| source.archived().contains(log)));
}

fn thawing_ends_it(form: Form) {
    let source = Source::new(Circular::Off);
    let (number, _ended) = prepared(0);
    assert_eq!(freeze(form, number, 0).1, 0);
    assert_eq!(thaw(number, 0), 0);
    assert_eq!(end(number, 0), JET_errOSSnapshotInvalidSnapId);
    assert_eq!(abort(number, 0), JET_errOSSnapshotInvalidSnapId);
    let fields = source.header(&source.a).fields;
    assert_eq!(fields.backup_type_full_previous.get(), 1);
    assert_ne!(fields.backup_full_previous.generation_high.get(), 0);
    let (other, _ended) = prepared(CONTINUE | JET_bitExplicitPrepare);
    assert_eq!(prepare_instance(other, source.instance(), 0), 0, "it is free again");
    assert_eq!(truncate_instance(other, source.instance(), 1), JET_errOSSnapshotInvalidSequence);
    assert_eq!(end(other, 0), 0);
}

/// Every file of a folder.
fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

fn what_is_copied_meanwhile_recovers(form: Form) {
    for circular in [Circular::Off, Circular::On] {
        let source = Source::new(circular);
        source.fill_logs(&source.a, if circular == Circular::Off { 2 } else { 0 });
        let (last, stop) = (AtomicI32::new(0), AtomicBool::new(false));
        let copy = tempfile::tempdir().unwrap();
        let promised = std::thread::scope(|scope| {
            let (instance, path) = (source.instance(), source.b.path.clone());
            scope.spawn({
                let (last, stop) = (&last, &stop);
                move || {
                    let (session, code) = begin_session(instance);
                    assert_eq!(code, 0);
                    let (dbid, code) = open(session, &path, 0);
                    assert_eq!(code, 0);
                    let mut id = 1000;
                    while !stop.load(Ordering::Acquire) {
                        insert(session, dbid, id..id + 5);
                        assert_eq!(begin(session), 0);
                        // Durable now.
                        assert_eq!(commit(session, 0), 0);
                        assert_eq!(flush(session), 0);
                        id += 5;
                        last.store(id, Ordering::Release);
                    }
                    assert_eq!(end_session(session), 0);
                }
            });
            std::thread::sleep(Duration::from_millis(200));
            let (number, _ended) = prepared(0);
            let acknowledged = last.load(Ordering::Acquire);
            assert_eq!(freeze(form, number, 0).1, 0);
            let files = files_of(source.running.folder.path());
            std::thread::sleep(Duration::from_millis(150));
            let again = files_of(source.running.folder.path());
            let temporary = source.running.path("tmp.edb");
            for (path, bytes) in files.iter().filter(|(path, _)| **path != temporary) {
                assert_eq!(again.get(path), Some(bytes), "{} changed", path.display());
                std::fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
            }
            let has = |name: &str| files.contains_key(&source.running.path(name));
            let expected = if circular == Circular::Off { (false, true) } else { (true, false) };
            assert_eq!((has("edb.log"), has("edbtmp.log")), expected);
            assert_eq!(thaw(number, 0), 0);
            stop.store(true, Ordering::Release);
            acknowledged
        });
        let rows_at_source = rows(source.session, source.b.dbid);
        let old = source.running.folder.path().to_path_buf();
        drop(source);
        recovers(form, &old, copy.path(), promised, &rows_at_source);
    }
}

/// A durable point for everything before it.
fn flush(session: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetCommitTransaction(session, JET_bitWaitLastLevel0Commit) }
}

fn recovers(form: Form, old: &Path, copy: &Path, promised: i32, rows_at_source: &[i32]) {
    let instance = Running::create_in(copy, "copy");
    configure(instance, Circular::Off);
    // The paths in the logs are the source's: they are mapped.
    let map = ["a.edb", "b.edb"].map(|name| (old.join(name), copy.join(name)));
    let (instance, code) = init_with_map(form, instance, &map, 0);
    assert_eq!(code, 0, "recovery of the copy");
    let (session, code) = begin_session(instance);
    assert_eq!(code, 0);
    let found = rows_of_file(session, &copy.join("b.edb"));
    assert_eq!(found, rows_at_source[..found.len()], "rows of the source, without a gap");
    assert!(
        promised < 1000 || found.last().is_some_and(|last| *last >= promised - 1),
        "{found:?} {promised}"
    );
    assert_eq!(rows_of_file(session, &copy.join("a.edb")).first(), Some(&0));
    assert_eq!(end_session(session), 0);
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    assert!(!archived_in(copy).is_empty() || copy.join("edb.log").exists());
}
