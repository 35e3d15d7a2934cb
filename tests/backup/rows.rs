//! The rows of spec 07 §17.1.

use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use esent::abi::structs::{JET_LOGINFO_A, JET_LOGINFO_W};
use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::bed::{Bed, Form, Pages, Set, Setup, SlotBytes, Slots, generation_of, insert};
use crate::harness::{attach, begin, begin_session, create_database, detach, init, set_text, term};

const NORMAL: u32 = JET_bitBackupEndNormal;
const ABORT: u32 = JET_bitBackupEndAbort;
const INCREMENTAL: u32 = JET_bitBackupIncremental;

pub(crate) const ROWS: &[Row] = &[
    ("T1", t1),
    ("T2", t2),
    ("T3", t3),
    ("T4", t4),
    ("T5", t5),
    ("T6", t6),
    ("T7", t7),
    ("T8", t8),
    ("T9", t9),
    ("T10", t10),
    ("T11", t11),
    ("T12", t12),
    ("T13", t13),
    ("T14", t14),
    ("T15", t15),
    ("T16", t16),
    ("T17", t17),
    ("T18", t18),
    ("T19", t19),
    ("T20", t20),
    ("T21", t21),
    ("T22", t22),
    ("T23", t23),
    ("T24", t24),
    ("T25", t25),
    ("T26", t26),
    ("T27", t27),
    ("T28", t28),
    ("T29", t29),
    ("T30", t30),
    ("T31", t31),
    ("T32", t32),
    ("T33", t33),
    ("T34", t34),
    ("T35", t35),
    ("T36", t36),
    ("T37", t37),
    ("T38", t38),
    ("T39", t39),
    ("T40", t40),
    ("T41", t41),
    ("T42", t42),
    ("T43", t43),
    ("T44", t44),
    ("T45", t45),
    ("T46", t46),
    ("T47", t47),
    ("T48", t48),
    ("T49", t49),
    ("T50", t50),
    ("T51", t51),
    ("T52", t52),
    ("T53", t53),
    ("T54", t54),
    ("T55", t55),
    ("T56", t56),
    ("T57", t57),
    ("T58", t58),
    ("T59", t59),
    ("T60", t60),
    ("T60a", t60a),
];

/// The page sizes that rows about streams are repeated with: all of them once.
fn page_sizes(form: Form) -> &'static [usize] {
    match form {
        Form::A => &[4096, 8192, 16384, 32768],
        Form::W => &[4096],
    }
}

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

fn t1(form: Form) {
    let _bed = Bed::new(form);
    all_are(&instance_calls(0x1234_5678), JET_errInvalidParameter);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetStopBackupInstance(0x1234_5678) }, JET_errInvalidParameter);
}

fn t2(form: Form) {
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

fn t3(form: Form) {
    let bed = Bed::created(form, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
}

fn t4(form: Form) {
    let mut bed = Bed::created(form, Setup::default());
    assert_eq!(set_text(Some(bed.instance), JET_paramRecovery, Path::new("off")), 0);
    bed.start();
    assert_eq!(bed.begin(0), JET_errLoggingDisabled);
    assert_eq!(bed.begin(0x80), JET_errLoggingDisabled, "looked at before the grbit");
}

fn t5(form: Form) {
    let bed = Bed::new(form);
    for grbit in [0x02, 0x04, 0x08, 0x10, 0x80, 0x61, 0x8000_0000] {
        assert_eq!(bed.begin(grbit), JET_errInvalidGrbit, "{grbit:#x}");
    }
    assert_eq!(bed.begin(0), 0);
}

fn t6(form: Form) {
    let bed = Bed::new(form);
    assert_eq!(bed.begin(0x41), JET_errInvalidGrbit);
    assert_eq!(bed.begin(0x60), JET_errInvalidGrbit);
    assert_eq!(bed.begin(0x40), 0);
    bed.stream(&bed.databases[0].clone(), 16);
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

fn t7(form: Form) {
    let bed = Bed::circular(form);
    assert_eq!(bed.begin(INCREMENTAL), JET_errInvalidBackup);
    assert_eq!(bed.begin(JET_bitBackupSurrogate), JET_errInvalidBackup);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginSurrogateBackup(bed.instance, 1, 1, 0) }, JET_errInvalidBackup);
}

fn t8(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.begin(0), JET_errBackupInProgress);
    assert_eq!(bed.begin(INCREMENTAL), JET_errBackupInProgress);
    bed.stream(&bed.databases[0].clone(), 16);
    assert_eq!(bed.end(ABORT), 0);
}

fn t9(form: Form) {
    let bed = Bed::new(form);
    assert_eq!(bed.begin(INCREMENTAL), JET_errMissingFullBackup);
    assert_eq!(bed.end(ABORT), JET_errNoBackup);
    assert_eq!(bed.begin(0), 0);
}

fn t10(form: Form) {
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

fn t11(form: Form) {
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

fn t12(form: Form) {
    let bed = Bed::in_full(form);
    let needed = list_bytes(&bed);
    assert_eq!(bed.attach_info(None), (0, needed, vec![]));
    let (code, actual, bytes) = bed.attach_info(Some(needed));
    assert_eq!((code, actual), (0, needed));
    assert_eq!(bed.paths(&bytes), bed.databases);
}

fn t13(_: Form) {
    let bed = Bed::in_full(Form::W);
    let first = bed.databases[0].to_str().unwrap().encode_utf16().flat_map(u16::to_le_bytes);
    let first: Vec<u8> = first.collect();
    for room in [6, 5, 1] {
        let (code, actual, bytes) = bed.attach_info(Some(room));
        assert_eq!((code, actual), (0, list_bytes(&bed)));
        assert_eq!(bytes, first[..room as usize]);
    }
}

fn t14(_: Form) {
    let bed = Bed::in_full(Form::A);
    let (code, actual, bytes) = bed.attach_info(Some(6));
    assert_eq!((code, actual, bytes), (JET_errBufferTooSmall, 7, vec![0xEE; 6]), "nothing is written");
    assert_eq!(bed.attach_info(Some(0)), (0, list_bytes(&bed), vec![]), "a question for the size");
}

fn t15(form: Form) {
    let bed = Bed::in_incremental(form);
    assert_eq!(bed.attach_info(None).0, JET_errInvalidBackupSequence);
    assert_eq!(bed.log_info().0, 0, "the backup goes on");
}

fn t16(form: Form) {
    let bed = Bed::with(form, Setup { databases: 0, ..Setup::default() });
    assert_eq!(bed.begin(0), 0);
    let unit = if form == Form::A { 1 } else { 2 };
    let (code, actual, bytes) = bed.attach_info(Some(unit));
    assert_eq!((code, actual, bytes), (0, unit, vec![0; unit as usize]));
}

fn t17(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let opened = bed.open(&bed.databases[0]);
        let file = std::fs::metadata(&bed.databases[0]).unwrap().len();
        // Every page of the file is owned.
        assert_eq!((opened.code, opened.handle, opened.size), (0, 0, file + page as u64), "pages of {page}");
    }
}

fn t18(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    for path in &bed.databases {
        assert_eq!(bed.open(path).code, JET_errOutOfMemory);
    }
    let mut pages = Pages::new(4096 * 4);
    assert_eq!(bed.read(opened.handle, &mut pages), (0, 4096 * 4));
}

fn t19(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.open_text("").code, JET_errInvalidParameter);
    let (mut handle, mut low, mut high) = (0, 0, 0);
    let (handle, low, high) = (&raw mut handle, &raw mut low, &raw mut high);
    // SAFETY: the texts are NULL or NUL-terminated, the places NULL or locals.
    unsafe {
        assert_eq!(JetOpenFileInstance(bed.instance, null(), handle, low, high), JET_errInvalidParameter);
        assert_eq!(JetOpenFileInstanceW(bed.instance, null(), handle, low, high), JET_errInvalidParameter);
        let path = std::ffi::CString::new(bed.databases[0].to_str().unwrap()).unwrap();
        for (handle, low, high) in
            [(null_mut(), low, high), (handle, null_mut(), high), (handle, low, null_mut())]
        {
            let code = JetOpenFileInstance(bed.instance, path.as_ptr(), handle, low, high);
            assert_eq!(code, JET_errInvalidParameter);
        }
    }
    assert_eq!(bed.open(&bed.databases[0]).code, 0);
}

fn t20(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.open(&bed.path("none.edb")).code, JET_errDatabaseNotFound);
    let log = bed.archives()[0];
    assert_eq!(bed.open(&bed.path(&format!("edb{log:05X}.log"))).code, JET_errDatabaseNotFound);
    assert_eq!(bed.open(&bed.databases[0]).code, 0);
}

fn t21(form: Form) {
    let bed = Bed::in_logs(form);
    assert_eq!(bed.open(&bed.databases[0]).code, JET_errInvalidBackupSequence);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
    assert_eq!(bed.slots(0), Slots::NONE);
}

fn t22(form: Form) {
    let bed = Bed::in_incremental(form);
    assert_eq!(bed.open(&bed.databases[0]).code, JET_errInvalidBackupSequence);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

fn t23(form: Form) {
    for name in ["edbXYZ.log", "edb.log", "xyz00001.log", "edb001.log", "edbtmp.log"] {
        let bed = Bed::in_logs(form);
        assert_eq!(bed.open(&bed.path(name)).code, JET_errInvalidParameter, "{name}");
        assert_eq!(bed.end(NORMAL), JET_errNoBackup, "{name}");
    }
}

fn t24(form: Form) {
    let bed = Bed::in_logs(form);
    let (_, logs) = bed.log_info();
    std::fs::remove_file(&logs[0]).unwrap();
    assert_eq!(bed.open(&logs[0]).code, JET_errMissingFileToBackup);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

fn t25(form: Form) {
    let bed = Bed::in_logs(form);
    let elsewhere = tempfile::tempdir().unwrap();
    let log = bed.log_info().1.remove(0);
    let outside = elsewhere.path().join(log.file_name().unwrap());
    std::fs::copy(&log, &outside).unwrap();
    std::fs::write(bed.path("secret.txt"), b"secret").unwrap();
    let around = bed.path("..").join("..").join("etc").join("passwd");
    for path in [Path::new("/etc/passwd"), &outside, &bed.path("secret.txt"), &bed.path("edb.chk"), &around] {
        assert_eq!(bed.open(path).code, JET_errInvalidPath, "{}", path.display());
    }
    bed.stream(&log, 16);
    assert_eq!(bed.end(NORMAL), 0);
}

fn t26(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let mut pages = Pages::new(4096 * 8);
    let mut actual = 7;
    for (offset, wanted) in [(512, JET_errInvalidParameter), (1, JET_errInvalidParameter), (0, 0)] {
        // SAFETY: the buffer has more bytes than are told behind each offset.
        let code = unsafe {
            let start = pages.pointer().cast::<u8>().add(offset).cast();
            JetReadFileInstance(bed.instance, opened.handle, start, 4096 * 4, &raw mut actual)
        };
        assert_eq!(code, wanted, "offset {offset}");
    }
    assert_eq!(actual, 4096 * 4);
    // SAFETY: no buffer.
    let code = unsafe { JetReadFileInstance(bed.instance, opened.handle, null_mut(), 4096, null_mut()) };
    assert_eq!(code, JET_errInvalidParameter);
}

fn t27(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, databases: 1, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let opened = bed.open(&bed.databases[0]);
        for bytes in [page + 1, 0, 2 * page] {
            let mut pages = Pages::new(bytes);
            assert_eq!(bed.read(opened.handle, &mut pages).0, JET_errInvalidParameter, "{bytes} bytes");
        }
        assert_eq!(bed.read(opened.handle, &mut Pages::new(3 * page)), (0, 3 * page));
        assert_eq!(
            bed.read(opened.handle, &mut Pages::new(page)),
            (0, page),
            "one page after the first read"
        );
        assert_eq!(bed.read(opened.handle, &mut Pages::new(0)).0, JET_errInvalidParameter);
    }
}

fn t28(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, databases: 1, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let opened = bed.open(&bed.databases[0]);
        let mut pages = Pages::new(3 * page);
        assert_eq!(bed.read(opened.handle, &mut pages), (0, 3 * page));
        let read = pages.read(3 * page);
        assert_eq!(read[..page], read[page..2 * page]);
        let file = std::fs::read(&bed.databases[0]).unwrap();
        assert_eq!(read[2 * page..], file[2 * page..3 * page], "page 1");
        // The header differs from the file's in its checksum and its mark of a copy.
        let differs = (4..page).filter(|at| read[*at] != file[*at] && !(584..640).contains(at));
        assert!(differs.clone().all(|at| (184..208).contains(&at)), "{:?}", differs.collect::<Vec<_>>());
        assert_eq!(Slots::of(read).current.generations(), (bed.checkpoint(), 0));
    }
}

/// The pattern of spec 07 §4 for N pages read c at a time.
fn pattern(pages: usize, c: usize) -> Vec<usize> {
    let (mut left, mut first, mut done, mut calls) = (pages, true, false, Vec::new());
    loop {
        let mut n = c.min(left + if first { 2 } else { 0 });
        left -= n - if first { 2 } else { 0 };
        first = false;
        if n < c && !done {
            n += 1;
            done = true;
        }
        calls.push(n);
        if n == 0 {
            return calls;
        }
    }
}

fn t29(form: Form) {
    assert_eq!(pattern(13, 16), [16, 0]);
    assert_eq!(pattern(14, 16), [16, 1, 0]);
    assert_eq!(pattern(1, 3), [3, 1, 0]);
    assert_eq!(pattern(1, 4), [4, 0]);
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, databases: 1, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let path = &bed.databases[0];
        let pages = std::fs::metadata(path).unwrap().len() as usize / page - 2;
        let mut first: Option<Vec<u8>> = None;
        for c in [3, 5, 16, pages, pages + 1, pages + 2, pages + 3, pages + 4] {
            let (stream, calls) = bed.stream_with_pattern(path, c);
            assert_eq!(calls, pattern(pages, c), "{pages} pages, {c} at a time");
            let first = first.get_or_insert_with(|| stream.clone());
            assert!(*first == stream, "{c} at a time");
        }
    }
}

fn t30(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let mut pages = Pages::new(opened.size as usize);
    assert_eq!(bed.read(opened.handle, &mut pages), (0, opened.size as usize));
    for _ in 0..3 {
        assert_eq!(bed.read(opened.handle, &mut pages), (0, 0));
    }
    // SAFETY: the buffer has so many bytes, the place is NULL.
    let code = unsafe { JetReadFileInstance(bed.instance, 0, pages.pointer(), 4096, null_mut()) };
    assert_eq!(code, 0, "nobody wants to know how much");
}

fn t31(form: Form) {
    if form == Form::W {
        // Fourteen seconds, and no call of it has two forms that A does not show.
        return;
    }
    let bed = Bed::in_full(form);
    Bed::damage(&bed.databases[0], &[(6 * 4096 + 100, 1), (6 * 4096 + 2000, 2)]);
    let opened = bed.open(&bed.databases[0]);
    let begun = std::time::Instant::now();
    let mut pages = Pages::new(4096 * 64);
    assert_eq!(bed.read(opened.handle, &mut pages).0, JET_errReadVerifyFailure);
    assert!((13..16).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(bed.close(opened.handle), JET_errInvalidParameter, "the engine closed it");
    bed.stream(&bed.databases[1], 16);
    let mut set = Set::default();
    let before = bed.archives();
    bed.stream_logs(&mut set);
    assert_eq!(bed.truncate(), 0);
    assert_eq!(bed.end(NORMAL), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
    assert_ne!(bed.slots(1).full, SlotBytes::NONE);
    assert!(before.iter().all(|log| bed.archives().contains(log)), "nothing was deleted");
    Bed::damage(&bed.databases[0], &[(6 * 4096 + 100, 1), (6 * 4096 + 2000, 2)]);
}

fn t32(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, databases: 1, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let good = std::fs::read(&bed.databases[0]).unwrap();
        Bed::damage(&bed.databases[0], &[(6 * page + 500, 8)]);
        let stream = bed.stream(&bed.databases[0], 16);
        assert_eq!(stream[6 * page..7 * page], good[6 * page..7 * page], "put right on tape");
        let file = std::fs::read(&bed.databases[0]).unwrap();
        assert_ne!(file[6 * page + 500], good[6 * page + 500], "and not in the file");
        Bed::damage(&bed.databases[0], &[(6 * page + 500, 8)]);
    }
}

fn t33(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, databases: 1, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        bed.stream(&bed.databases[0], 16);
        let logs = bed.log_info().1;
        let good = std::fs::read(&logs[0]).unwrap();
        Bed::damage(&logs[0], &[(4096 + 300, 4)]);
        assert!(bed.stream(&logs[0], 16) == good, "one bit is put right on tape");
        Bed::damage(&logs[0], &[(4096 + 1000, 4)]);
        let opened = bed.open(&logs[0]);
        let read = bed.read(opened.handle, &mut Pages::new(page * 16));
        assert_eq!(read.0, JET_errLogReadVerifyFailure);
        assert_eq!(bed.end(NORMAL), JET_errNoBackup);
    }
}

fn t34(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let mut pages = Pages::new(4096 * 4);
    assert_eq!(bed.read(7, &mut pages).0, JET_errInvalidParameter);
    assert_eq!(bed.close(7), JET_errInvalidParameter);
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!(bed.close(opened.handle), JET_errInvalidParameter);
    assert_eq!(bed.read(opened.handle, &mut pages).0, JET_errInvalidParameter);
}

fn t35(form: Form) {
    let mut bed = Bed::new(form);
    bed.full(true, NORMAL);
    let before = bed.slots(0);
    bed.insert(0, 100);
    assert_eq!(bed.begin(0), 0);
    let opened = bed.open(&bed.databases[0]);
    assert_eq!(bed.read(opened.handle, &mut Pages::new(4096 * 16)).0, 0);
    assert_eq!(bed.close(opened.handle), 0);
    bed.stream(&bed.databases[1], 16);
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    assert_eq!(bed.truncate(), 0);
    assert_eq!(bed.end(NORMAL), 0);
    assert_eq!(bed.slots(0), before);
    assert_ne!(bed.slots(1).full, before.full);
    assert!(bed.archives()[0] <= before.full.generations().1 + 1, "logs that A needs are there");
}

fn t36(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let refused = JET_errInvalidBackupSequence;
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (refused, refused, refused));
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (0, 0, JET_errLogFileNotCopied));
}

fn t37(form: Form) {
    let bed = Bed::in_full(form);
    let before = bed.archives();
    let (code, needed, _) = bed.logs_raw(None);
    assert_eq!(code, 0);
    let (code, actual, first) = bed.logs_raw(Some(needed));
    assert_eq!((code, actual), (0, needed));
    assert_eq!(bed.logs_raw(Some(needed)), (0, needed, first));
    assert_eq!(bed.archives().len(), before.len() + 1, "the log rolled once");
}

fn t38(_: Form) {
    let bed = Bed::in_full(Form::W);
    let (code, actual, bytes) = bed.logs_raw(Some(4));
    assert_eq!((code, actual), (0, 4));
    assert_eq!(bytes, bed.logs_raw(Some(100)).2[..4]);
    let bed = {
        drop(bed);
        Bed::in_full(Form::A)
    };
    assert_eq!(bed.logs_raw(Some(4)), (JET_errBufferTooSmall, 7, vec![0xEE; 4]));
}

fn t39(form: Form) {
    let bed = Bed::in_full(form);
    let mut narrow = JET_LOGINFO_A { cbSize: 15, ulGenLow: 9, ulGenHigh: 9, szBaseName: [0; 4] };
    let mut wide = JET_LOGINFO_W { cbSize: 15, ulGenLow: 9, ulGenHigh: 9, szBaseName: [0; 4] };
    // SAFETY: no buffer, the places are locals.
    unsafe {
        let code = JetGetLogInfoInstance2(bed.instance, null_mut(), 0, null_mut(), &raw mut narrow);
        assert_eq!((code, narrow.ulGenLow), (JET_errInvalidParameter, 9));
        let code = JetGetLogInfoInstance2W(bed.instance, null_mut(), 0, null_mut(), &raw mut wide);
        assert_eq!((code, wide.ulGenLow), (JET_errInvalidParameter, 9));
    }
    assert_eq!(bed.range().0, bed.checkpoint());
}

fn t40(form: Form) {
    let bed = Bed::in_logs(form);
    let before = bed.archives();
    assert_eq!(bed.truncate(), JET_errLogFileNotCopied);
    assert_eq!(bed.archives(), before);
}

fn t41(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.truncate(), JET_errInvalidBackupSequence);
}

fn t42(form: Form) {
    let bed = Bed::in_logs(form);
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    let listed = bed.truncate_info().1;
    assert_eq!(bed.truncate(), 0);
    let lowest = bed.archives()[0];
    let last = listed.last().and_then(|path| generation_of(path.file_name()?.to_str()?)).unwrap();
    assert_eq!(lowest, last + 1, "what was listed is gone");
    assert_eq!(lowest, bed.checkpoint().min(set.high + 1));
    assert_eq!(bed.end(NORMAL), 0);
    drop(bed);
    let bed = Bed::in_full(form);
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    let before = bed.archives();
    assert_eq!(bed.truncate(), 0);
    assert_eq!(bed.archives(), before, "no database was streamed");
}

fn t43(form: Form) {
    let bed = Bed::in_full(form);
    for grbit in [0, 3, 0x100, 0x200, 0x300, 0x203, 0x400] {
        assert_eq!(bed.end(grbit), JET_errInvalidParameter, "{grbit:#x}");
    }
    assert_eq!(bed.log_info().0, 0);
    assert_eq!(bed.end(0x401), 0, "unknown bits beside a known one");
}

fn t44(form: Form) {
    let bed = Bed::new(form);
    assert_eq!((bed.end(NORMAL), bed.end(ABORT)), (JET_errNoBackup, JET_errNoBackup));
}

fn t45(form: Form) {
    let bed = Bed::in_full(form);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(bed.end(NORMAL), -800, "errBackupAbortByCaller");
    assert_eq!(bed.slots(0), Slots::NONE);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

fn t46(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    assert_eq!(bed.stop(), 0);
    let stopped = JET_errBackupAbortByServer;
    assert_eq!(bed.open(&bed.databases[1]).code, stopped);
    assert_eq!(bed.read(opened.handle, &mut Pages::new(4096 * 8)).0, stopped);
    assert_eq!(bed.attach_info(None).0, stopped);
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (stopped, stopped, stopped));
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!(bed.end(NORMAL), stopped);
    assert_eq!(bed.slots(0), Slots::NONE);
    assert_eq!(bed.begin(0), 0, "the next one is not stopped");
    assert_eq!(bed.log_info().0, 0);
    assert_eq!(bed.stop(), 0);
    assert_eq!(bed.end(NORMAL), stopped, "in status Logs");
}

fn t47(form: Form) {
    let mut bed = Bed::new(form);
    bed.full(false, NORMAL);
    let copied = bed.slots(0).copy;
    let set = bed.full(true, NORMAL);
    for database in [0, 1] {
        let slots = bed.slots(database);
        let streamed = Slots::of(&set.databases[database].1).current;
        assert_eq!(slots.full.generations(), (set.low, set.high));
        assert_eq!(slots.full.0[..16], streamed.0[..16], "the mark and its time");
        assert_eq!(
            (slots.full_type, slots.incremental, slots.differential),
            (0, SlotBytes::NONE, SlotBytes::NONE)
        );
        assert_eq!(slots.current, SlotBytes::NONE);
    }
    assert_eq!(bed.slots(0).copy, copied, "the copy is still known");
}

fn t48(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    let set = bed.full(false, NORMAL);
    let slots = bed.slots(0);
    assert_eq!((slots.full, slots.copy.generations()), (SlotBytes::NONE, (set.low, set.high)));
    assert!(before.iter().all(|log| bed.archives().contains(log)));
}

fn t49(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    let set = bed.full(false, NORMAL | JET_bitBackupTruncateDone);
    let slots = bed.slots(0);
    assert_eq!((slots.full.generations(), slots.copy), ((set.low, set.high), SlotBytes::NONE));
    assert!(before.iter().all(|log| bed.archives().contains(log)));
}

fn t50(form: Form) {
    let mut bed = Bed::new(form);
    let before = bed.archives();
    bed.full(true, NORMAL | JET_bitBackupNoDbHeaderUpdate);
    assert_eq!(bed.slots(0), Slots::NONE);
    assert!(bed.archives()[0] > before[0], "logs are deleted all the same");
}

fn t51(form: Form) {
    let mut bed = Bed::new(form);
    let full = bed.full(true, NORMAL);
    bed.insert(0, 100);
    let kept = bed.archives();
    let differential = bed.logs_only(false);
    let slots = bed.slots(0);
    assert_eq!(slots.differential.generations(), (differential.low, differential.high));
    assert_eq!(slots.differential.mark(), (differential.high as i32 + 1, 1, 0), "its PrepareLogs record");
    assert_eq!(slots.incremental, SlotBytes::NONE);
    assert_eq!(differential.low, kept[0], "all logs that are there");
    assert!(differential.high > full.high);
    bed.insert(0, 100);
    let incremental = bed.logs_only(true);
    let slots = bed.slots(0);
    assert_eq!(slots.incremental.generations(), (incremental.low, incremental.high));
    assert!(bed.archives()[0] >= kept[0]);
    bed.full(true, NORMAL);
    let slots = bed.slots(0);
    assert_eq!((slots.incremental, slots.differential), (SlotBytes::NONE, SlotBytes::NONE));
}

fn t52(form: Form) {
    let mut bed = Bed::in_full(form);
    let refused = JET_errBackupInProgress;
    let other = bed.path("other.edb");
    assert_eq!(attach(bed.session, &other, 0), JET_errFileNotFound, "the path comes first");
    std::fs::copy(&bed.databases[0], &other).unwrap();
    assert_eq!(attach(bed.session, &other, 0), refused);
    assert_eq!(detach(bed.session, &bed.databases[0].clone(), 0), refused);
    assert_eq!(bed.term(JET_bitTermComplete), refused);
    assert_eq!(bed.term(0), refused);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.begin(0), 0, "a refused end changes nothing");
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.term(JET_bitTermComplete), 0);
}

fn t53(form: Form) {
    let mut bed = Bed::new(form);
    let refused = JET_errSurrogateBackupInProgress;
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 2, 1, 0), JET_errInvalidParameter);
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 0x7000, 0), JET_errInvalidParameter);
        assert_eq!(JetBeginSurrogateBackup(bed.instance, 1, 1, 0), 0);
    }
    assert_eq!(bed.begin(0), refused);
    let other = bed.path("other.edb");
    std::fs::copy(&bed.databases[0], &other).unwrap();
    assert_eq!(attach(bed.session, &other, 0), refused);
    assert_eq!(detach(bed.session, &bed.databases[0].clone(), 0), refused);
    assert_eq!(bed.term(JET_bitTermComplete), refused);
    assert_eq!(bed.end(NORMAL), refused, "of another kind");
    let none = JET_errNoBackup;
    assert_eq!((bed.attach_info(None).0, bed.open(&other).code, bed.close(0)), (none, none, none));
    assert_eq!((bed.log_info().0, bed.truncate_info().0, bed.truncate()), (none, none, none));
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetEndSurrogateBackup(bed.instance, ABORT), 0);
        assert_eq!(bed.begin(0), 0);
        assert_eq!(JetEndSurrogateBackup(bed.instance, NORMAL), JET_errBackupInProgress);
    }
    assert_eq!(bed.end(ABORT), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

fn t54(form: Form) {
    let mut bed = Bed::in_full(form);
    bed.stream(&bed.databases[0], 16);
    assert_eq!(begin(bed.session), 0);
    assert_eq!(bed.term(JET_bitTermStopBackup), JET_errTooManyActiveUsers);
    assert_eq!(crate::harness::rollback(bed.session, 0), 0);
    assert_eq!(bed.attach_info(None).0, 0, "a refused end changes nothing");
    assert_eq!(bed.term(JET_bitTermStopBackup), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

fn t55(form: Form) {
    let mut bed = Bed::in_full(form);
    // SAFETY: any number may be passed.
    unsafe { assert_eq!(JetStopServiceInstance(bed.instance), 0) };
    let stopped = JET_errClientRequestToStopJetService;
    assert_eq!((bed.end(ABORT), bed.attach_info(None).0, bed.close(0)), (stopped, stopped, stopped));
    assert_eq!(bed.stop(), 0);
    assert_eq!(bed.term(JET_bitTermAbrupt), 0);
    assert_eq!(bed.slots(0), Slots::NONE);
}

fn t56(form: Form) {
    let mut bed = Bed::new(form);
    bed.full(true, NORMAL);
    bed.insert(0, 150);
    let saved = bed.slots(0).full.generations().1;
    for generation in bed.archives().into_iter().filter(|generation| *generation <= saved + 1) {
        std::fs::remove_file(bed.path(&format!("edb{generation:05X}.log"))).unwrap();
    }
    assert_eq!(bed.begin(INCREMENTAL), 0);
    assert_eq!(bed.log_info().0, JET_errMissingFileToBackup);
    assert_eq!(bed.end(ABORT), 0);
}

/// Runs `during` while another session inserts into the first database until it is done.
fn under_fire<R>(bed: &Bed, during: impl FnOnce() -> R) -> R {
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (done, instance, path) = (Arc::clone(&done), bed.instance, bed.databases[0].clone());
        std::thread::spawn(move || {
            let (session, code) = begin_session(instance);
            assert_eq!(code, 0);
            let (dbid, code) = crate::harness::open(session, &path, 0);
            assert_eq!(code, 0);
            let mut table = 0;
            // SAFETY: the name is NUL-terminated, the place a local.
            let code = unsafe { JetOpenTable(session, dbid, c"t".as_ptr(), null(), 0, 0, &raw mut table) };
            assert_eq!(code, 0);
            while !done.load(Ordering::Acquire) {
                insert(session, table, 10);
            }
            assert_eq!(crate::harness::end_session(session), 0);
        })
    };
    let result = during();
    done.store(true, Ordering::Release);
    writer.join().expect("the writer met no error");
    result
}

fn wait_for_logs(bed: &Bed, logs: u32) {
    let last = || bed.archives().last().copied().unwrap_or(0);
    let goal = last() + logs;
    while last() < goal {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn t57(form: Form) {
    let bed = Bed::circular(form);
    let set = under_fire(&bed, || {
        let mut set = Set::default();
        assert_eq!(bed.begin(0), 0);
        for path in &bed.databases {
            set.databases.push((path.clone(), bed.stream(path, 16)));
        }
        wait_for_logs(&bed, 20);
        bed.stream_logs(&mut set);
        let before = bed.archives();
        assert_eq!(bed.truncate(), 0);
        assert!(before.iter().all(|log| bed.archives().contains(log)), "nothing is deleted");
        assert_eq!(bed.end(NORMAL), 0);
        set
    });
    assert!(set.high - set.low >= 20);
    assert_eq!(bed.slots(0).full.generations(), (set.low, set.high));
}

/// A set that was taken with writers at work is recovered elsewhere; how many rows the first table has then.
fn rows_of_set(bed: Bed, set: &Set) -> u32 {
    let (form, setup) = (bed.form, bed.setup);
    drop(bed);
    let restored = Bed::created(form, setup);
    let (backup, logs) = (tempfile::tempdir().unwrap(), restored.folder.path().to_owned());
    for (path, content) in &set.logs {
        std::fs::write(backup.path().join(path.file_name().unwrap()), content).unwrap();
    }
    let mut restored = restored;
    let mut pairs = Vec::new();
    for (path, content) in &set.databases {
        let new = restored.path(path.file_name().unwrap().to_str().unwrap());
        std::fs::write(&new, content).unwrap();
        pairs.push((crate::harness::text(path), crate::harness::text(&new)));
        restored.databases.push(new);
    }
    let mut map: Vec<_> = pairs
        .iter()
        .map(|(old, new)| esent::abi::structs::JET_RSTMAP_A {
            szDatabaseName: old.as_ptr().cast_mut(),
            szNewDatabaseName: new.as_ptr().cast_mut(),
        })
        .collect();
    assert_eq!(term(restored.instance, 0), 0, "a created instance ends");
    let (logs, backup) = (crate::harness::text(&logs), crate::harness::text(backup.path()));
    // SAFETY: the texts are NUL-terminated, the map has as many entries as are told.
    let code = unsafe {
        JetExternalRestore(
            logs.as_ptr().cast_mut(),
            logs.as_ptr().cast_mut(),
            map.as_mut_ptr(),
            map.len() as i32,
            backup.as_ptr().cast_mut(),
            set.low as i32,
            set.high as i32,
            None,
        )
    };
    assert_eq!(code, 0, "JetExternalRestore");
    restored.restart();
    restored.count(0)
}

fn t58(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, ..Setup::default() });
        let before = bed.count(0);
        let set = under_fire(&bed, || {
            let mut set = Set::default();
            assert_eq!(bed.begin(0), 0);
            for path in &bed.databases {
                set.databases.push((path.clone(), bed.stream(path, 3)));
            }
            bed.stream_logs(&mut set);
            assert_eq!(bed.end(NORMAL), 0);
            set
        });
        let after = bed.count(0);
        let restored = rows_of_set(bed, &set);
        assert!((before..=after).contains(&restored), "{before} <= {restored} <= {after}");
    }
}

fn t59(form: Form) {
    let mut bed = Bed::new(form);
    assert_eq!(bed.begin(0), 0);
    let path = bed.databases[0].clone();
    let opened = bed.open(&path);
    let mut stream = Vec::new();
    let mut pages = Pages::new(4096 * 16);
    let file = || std::fs::metadata(&path).unwrap().len();
    let before = file();
    loop {
        let (code, count) = bed.read(opened.handle, &mut pages);
        assert_eq!(code, 0);
        if count == 0 {
            break;
        }
        stream.extend_from_slice(pages.read(count));
        if file() < before + 1000 * 4096 {
            bed.insert(0, 5000);
        }
    }
    assert!(file() >= before + 1000 * 4096);
    assert_eq!(bed.close(opened.handle), 0);
    let mut set = Set { databases: vec![(path.clone(), stream)], ..Set::default() };
    set.databases.push((bed.databases[1].clone(), bed.stream(&bed.databases[1], 16)));
    bed.stream_logs(&mut set);
    assert_eq!(bed.end(NORMAL), 0);
    let rows = bed.count(0);
    assert_eq!(rows_of_set(bed, &set), rows);
}

fn t60(form: Form) {
    for step in 0..6 {
        let mut bed = Bed::new(form);
        let rows = bed.count(0);
        assert_eq!(bed.begin(0), 0);
        if step >= 1 {
            let opened = bed.open(&bed.databases[0]);
            assert_eq!(bed.read(opened.handle, &mut Pages::new(4096 * 16)).0, 0);
            assert_eq!(bed.close(opened.handle), 0);
        }
        if step >= 2 {
            for path in &bed.databases {
                bed.stream(path, 16);
            }
        }
        if step >= 3 {
            bed.stream_logs(&mut Set::default());
        }
        if step >= 4 {
            assert_eq!(bed.truncate(), 0);
        }
        if step >= 5 {
            assert_eq!(bed.end(NORMAL), 0);
        }
        assert_eq!(bed.term(JET_bitTermDirty), JET_errDirtyShutdown, "as a crash leaves it");
        bed.restart();
        assert_eq!(bed.count(0), rows, "step {step}");
        let full = bed.slots(0).full;
        assert_eq!(full == SlotBytes::NONE, step < 5, "step {step}");
        assert_eq!(bed.begin(0), 0, "step {step}");
        assert_eq!(bed.end(ABORT), 0);
    }
}

fn t60a(form: Form) {
    let mut bed = Bed::in_full(form);
    let before = bed.archives();
    let new = bed.path("new.edb");
    assert_eq!(create_database(bed.session, &new, 0).1, 0);
    let needed = bed.attach_info(None).1;
    let listed = bed.paths(&bed.attach_info(Some(needed)).2);
    assert_eq!(listed.last(), Some(&new), "it is among them");
    for path in bed.databases.clone() {
        bed.stream(&path, 16);
    }
    let mut set = Set::default();
    bed.stream_logs(&mut set);
    assert_eq!(bed.truncate(), 0);
    assert_eq!(bed.end(NORMAL), 0);
    assert!(before.iter().all(|log| bed.archives().contains(log)), "nothing is deleted");
    bed.databases.push(new);
    assert_eq!(bed.slots(2), Slots::NONE);
    assert_ne!(bed.slots(0).full, SlotBytes::NONE);
}
