//! Rows T1 to T14: modes and handles, the beginning of a backup, the databases that it lists.

use std::path::Path;
use std::ptr::null_mut;

use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use super::{ABORT, INCREMENTAL, NORMAL};
use crate::bed::{Bed, Form, Pages, Setup, SlotBytes, Slots};
use crate::harness::{init, set_text, term};

/// Every call that names an instance, with this one; no call reads what it points to.
fn instance_calls(instance: usize) -> Vec<(&'static str, i32)> {
    let (mut handle, mut low, mut high) = (0, 0, 0);
    let (handle, low, high) = (&raw mut handle, &raw mut low, &raw mut high);
    let mut pages = Pages::new(4096 * 16);
    let wide: Vec<u16> = "/x\0".encode_utf16().collect();
    // SAFETY: the texts are NUL-terminated, the places locals, the buffer as long as is told.
    unsafe {
        vec![
            ("Begin", JetBeginExternalBackupInstance(instance, 0)),
            ("BeginSurrogate", JetBeginSurrogateBackup(instance, 1, 1, 0)),
            ("GetAttachInfo", JetGetAttachInfoInstance(instance, null_mut(), 0, null_mut())),
            ("GetAttachInfoW", JetGetAttachInfoInstanceW(instance, null_mut(), 0, null_mut())),
            ("OpenFile", JetOpenFileInstance(instance, c"/x".as_ptr(), handle, low, high)),
            ("OpenFileW", JetOpenFileInstanceW(instance, wide.as_ptr(), handle, low, high)),
            ("ReadFile", JetReadFileInstance(instance, 0, pages.pointer(), 4096 * 16, null_mut())),
            ("CloseFile", JetCloseFileInstance(instance, 0)),
            ("GetLogInfo", JetGetLogInfoInstance(instance, null_mut(), 0, null_mut())),
            ("GetLogInfoW", JetGetLogInfoInstanceW(instance, null_mut(), 0, null_mut())),
            ("GetLogInfo2", JetGetLogInfoInstance2(instance, null_mut(), 0, null_mut(), null_mut())),
            ("GetLogInfo2W", JetGetLogInfoInstance2W(instance, null_mut(), 0, null_mut(), null_mut())),
            ("GetTruncateLogInfo", JetGetTruncateLogInfoInstance(instance, null_mut(), 0, null_mut())),
            ("GetTruncateLogInfoW", JetGetTruncateLogInfoInstanceW(instance, null_mut(), 0, null_mut())),
            ("TruncateLog", JetTruncateLogInstance(instance)),
            ("End", JetEndExternalBackupInstance(instance)),
            ("End2", JetEndExternalBackupInstance2(instance, NORMAL)),
            ("EndSurrogate", JetEndSurrogateBackup(instance, NORMAL)),
        ]
    }
}

/// Every call that names no instance.
fn legacy_calls() -> Vec<(&'static str, i32)> {
    let (mut handle, mut low, mut high) = (0, 0, 0);
    let (handle, low, high) = (&raw mut handle, &raw mut low, &raw mut high);
    let mut pages = Pages::new(4096 * 16);
    let wide: Vec<u16> = "/x\0".encode_utf16().collect();
    // SAFETY: as above.
    unsafe {
        vec![
            ("Begin", JetBeginExternalBackup(0)),
            ("GetAttachInfo", JetGetAttachInfo(null_mut(), 0, null_mut())),
            ("GetAttachInfoW", JetGetAttachInfoW(null_mut(), 0, null_mut())),
            ("OpenFile", JetOpenFile(c"/x".as_ptr(), handle, low, high)),
            ("OpenFileW", JetOpenFileW(wide.as_ptr(), handle, low, high)),
            ("ReadFile", JetReadFile(0, pages.pointer(), 4096 * 16, null_mut())),
            ("CloseFile", JetCloseFile(0)),
            ("GetLogInfo", JetGetLogInfo(null_mut(), 0, null_mut())),
            ("GetLogInfoW", JetGetLogInfoW(null_mut(), 0, null_mut())),
            ("TruncateLog", JetTruncateLog()),
            ("End", JetEndExternalBackup()),
            ("StopBackup", JetStopBackup()),
        ]
    }
}

fn all_are(calls: &[(&str, i32)], code: i32) {
    for (name, given) in calls {
        assert_eq!(*given, code, "{name}");
    }
}

pub(super) fn t1(form: Form) {
    let _bed = Bed::new(form);
    all_are(&instance_calls(0x1234_5678), JET_errInvalidParameter);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetStopBackupInstance(0x1234_5678) }, JET_errInvalidParameter);
}

pub(super) fn t2(form: Form) {
    all_are(&legacy_calls(), JET_errInvalidParameter);
    let bed = Bed::new(form);
    all_are(&legacy_calls(), JET_errRunningInMultiInstanceMode);
    drop(bed);
    // The forms without an instance act on the only one.
    let folder = tempfile::tempdir().unwrap();
    for id in [JET_paramSystemPath, JET_paramLogFilePath] {
        assert_eq!(set_text(None, id, folder.path()), 0);
    }
    assert_eq!(set_text(None, JET_paramTempPath, &folder.path().join("tmp.edb")), 0);
    let (instance, code) = init(0);
    assert_eq!(code, 0);
    let only: Vec<_> = legacy_calls().into_iter().map(|(_, code)| code).collect();
    let (refused, none) = (JET_errDatabaseNotFound, JET_errInvalidParameter);
    assert_eq!(only[..3], [0, 0, 0], "begin and lists");
    assert_eq!(only[3..7], [refused, refused, none, none], "no such file, none open");
    assert_eq!((only[7], only[8], only[10]), (0, 0, 0), "logs and end");
    assert_eq!(only[9], JET_errLogFileNotCopied);
    assert_eq!(term(instance, JET_bitTermAbrupt), 0);
}

pub(super) fn t3(form: Form) {
    let bed = Bed::created(form, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
}

pub(super) fn t4(form: Form) {
    let mut bed = Bed::created(form, Setup::default());
    assert_eq!(set_text(Some(bed.instance), JET_paramRecovery, Path::new("off")), 0);
    bed.start();
    assert_eq!(bed.begin(0), JET_errLoggingDisabled);
    assert_eq!(bed.begin(0x80), JET_errLoggingDisabled, "looked at before the grbit");
}

pub(super) fn t5(form: Form) {
    let bed = Bed::new(form);
    for grbit in [0x02, 0x04, 0x08, 0x10, 0x80, 0x61, 0x8000_0000] {
        assert_eq!(bed.begin(grbit), JET_errInvalidGrbit, "{grbit:#x}");
    }
    assert_eq!(bed.begin(0), 0);
}

pub(super) fn t6(form: Form) {
    let bed = Bed::new(form);
    assert_eq!(bed.begin(0x41), JET_errInvalidGrbit);
    assert_eq!(bed.begin(0x60), JET_errInvalidGrbit);
    assert_eq!(bed.begin(0x40), 0);
    bed.stream(&bed.databases[0].clone(), 16);
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

pub(super) fn t7(form: Form) {
    let bed = Bed::circular(form);
    assert_eq!(bed.begin(INCREMENTAL), JET_errInvalidBackup);
    assert_eq!(bed.begin(JET_bitBackupSurrogate), JET_errInvalidBackup);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginSurrogateBackup(bed.instance, 1, 1, 0) }, JET_errInvalidBackup);
}

pub(super) fn t8(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.begin(0), JET_errBackupInProgress);
    assert_eq!(bed.begin(INCREMENTAL), JET_errBackupInProgress);
    bed.stream(&bed.databases[0].clone(), 16);
    assert_eq!(bed.end(ABORT), 0);
}

pub(super) fn t9(form: Form) {
    let bed = Bed::new(form);
    assert_eq!(bed.begin(INCREMENTAL), JET_errMissingFullBackup);
    assert_eq!(bed.end(ABORT), JET_errNoBackup);
    assert_eq!(bed.begin(0), 0);
}

pub(super) fn t10(form: Form) {
    let bed = Bed::new(form);
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 2, 0), 0);
        assert_eq!(JetEndSurrogateBackup(bed.instance, NORMAL | JET_bitBackupTruncateDone), 0);
    }
    let slots = bed.slots(0);
    assert_eq!((slots.full_type, slots.full.generations()), (1, (1, 2)));
    assert_eq!(bed.begin(INCREMENTAL), JET_errMissingFullBackup);
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 2, INCREMENTAL), 0);
        assert_eq!(JetEndSurrogateBackup(bed.instance, NORMAL), 0);
    }
    assert_ne!(bed.slots(0).differential, SlotBytes::NONE);
}

pub(super) fn t11(form: Form) {
    let bed = Bed::new(form);
    let checkpoint = bed.path("edb.chk");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    let missing = bed.begin(0);
    std::fs::write(&checkpoint, vec![0; content.len()]).unwrap();
    let zeroed = bed.begin(0);
    std::fs::write(&checkpoint, content).unwrap();
    assert_eq!((missing, zeroed), (JET_errCheckpointFileNotFound, JET_errCheckpointCorrupt));
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
    assert_eq!(bed.begin(0), 0);
}

/// Bytes of the list of the databases of a bed.
fn list_bytes(bed: &Bed) -> u32 {
    let characters: usize = bed.databases.iter().map(|path| path.to_str().unwrap().len() + 1).sum();
    let unit = if bed.form == Form::A { 1 } else { 2 };
    ((characters + 1) * unit) as u32
}

pub(super) fn t12(form: Form) {
    let bed = Bed::in_full(form);
    let needed = list_bytes(&bed);
    assert_eq!(bed.attach_info(None), (0, needed, vec![]));
    let (code, actual, bytes) = bed.attach_info(Some(needed));
    assert_eq!((code, actual), (0, needed));
    assert_eq!(bed.paths(&bytes), bed.databases);
}

pub(super) fn t13(_: Form) {
    let bed = Bed::in_full(Form::W);
    let first = bed.databases[0].to_str().unwrap().encode_utf16().flat_map(u16::to_le_bytes);
    let first: Vec<u8> = first.collect();
    for room in [6, 5, 1] {
        let (code, actual, bytes) = bed.attach_info(Some(room));
        assert_eq!((code, actual), (0, list_bytes(&bed)));
        assert_eq!(bytes, first[..room as usize]);
    }
}

pub(super) fn t14(_: Form) {
    let bed = Bed::in_full(Form::A);
    let (code, actual, bytes) = bed.attach_info(Some(6));
    assert_eq!((code, actual, bytes), (JET_errBufferTooSmall, 7, vec![0xEE; 6]), "nothing is written");
    assert_eq!(bed.attach_info(Some(0)), (0, list_bytes(&bed), vec![]), "a question for the size");
}
