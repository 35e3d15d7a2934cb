//! Rows T15 to T35: files are opened, read and closed.

use std::path::Path;
use std::ptr::{null, null_mut};

use esent::abi::tables::errors::*;
use esent::api::*;

use super::{NORMAL, page_sizes};
use crate::bed::{Bed, Form, Pages, Set, Setup, SlotBytes, Slots};

pub(super) fn t15(form: Form) {
    let bed = Bed::in_incremental(form);
    assert_eq!(bed.attach_info(None).0, JET_errInvalidBackupSequence);
    assert_eq!(bed.log_info().0, 0, "the backup goes on");
}

pub(super) fn t16(form: Form) {
    let bed = Bed::with(form, Setup { databases: 0, ..Setup::default() });
    assert_eq!(bed.begin(0), 0);
    let unit = if form == Form::A { 1 } else { 2 };
    let (code, actual, bytes) = bed.attach_info(Some(unit));
    assert_eq!((code, actual, bytes), (0, unit, vec![0; unit as usize]));
}

pub(super) fn t17(form: Form) {
    for &page in page_sizes(form) {
        let bed = Bed::with(form, Setup { page, ..Setup::default() });
        assert_eq!(bed.begin(0), 0);
        let opened = bed.open(&bed.databases[0]);
        let file = std::fs::metadata(&bed.databases[0]).unwrap().len();
        // Every page of the file is owned.
        assert_eq!((opened.code, opened.handle, opened.size), (0, 0, file + page as u64), "pages of {page}");
    }
}

pub(super) fn t18(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    for path in &bed.databases {
        assert_eq!(bed.open(path).code, JET_errOutOfMemory);
    }
    let mut pages = Pages::new(4096 * 4);
    assert_eq!(bed.read(opened.handle, &mut pages), (0, 4096 * 4));
}

pub(super) fn t19(form: Form) {
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

pub(super) fn t20(form: Form) {
    let bed = Bed::in_full(form);
    assert_eq!(bed.open(&bed.path("none.edb")).code, JET_errDatabaseNotFound);
    let log = bed.archives()[0];
    assert_eq!(bed.open(&bed.path(&format!("edb{log:05X}.log"))).code, JET_errDatabaseNotFound);
    assert_eq!(bed.open(&bed.databases[0]).code, 0);
}

pub(super) fn t21(form: Form) {
    let bed = Bed::in_logs(form);
    assert_eq!(bed.open(&bed.databases[0]).code, JET_errInvalidBackupSequence);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
    assert_eq!(bed.slots(0), Slots::NONE);
}

pub(super) fn t22(form: Form) {
    let bed = Bed::in_incremental(form);
    assert_eq!(bed.open(&bed.databases[0]).code, JET_errInvalidBackupSequence);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

pub(super) fn t23(form: Form) {
    for name in ["edbXYZ.log", "edb.log", "xyz00001.log", "edb001.log", "edbtmp.log"] {
        let bed = Bed::in_logs(form);
        assert_eq!(bed.open(&bed.path(name)).code, JET_errInvalidParameter, "{name}");
        assert_eq!(bed.end(NORMAL), JET_errNoBackup, "{name}");
    }
}

pub(super) fn t24(form: Form) {
    let bed = Bed::in_logs(form);
    let (_, logs) = bed.log_info();
    std::fs::remove_file(&logs[0]).unwrap();
    assert_eq!(bed.open(&logs[0]).code, JET_errMissingFileToBackup);
    assert_eq!(bed.end(NORMAL), JET_errNoBackup);
}

pub(super) fn t25(form: Form) {
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

pub(super) fn t26(form: Form) {
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

pub(super) fn t27(form: Form) {
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

pub(super) fn t28(form: Form) {
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

pub(super) fn t29(form: Form) {
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

pub(super) fn t30(form: Form) {
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

pub(super) fn t31(form: Form) {
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

pub(super) fn t32(form: Form) {
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

pub(super) fn t33(form: Form) {
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

pub(super) fn t34(form: Form) {
    let bed = Bed::in_full(form);
    let opened = bed.open(&bed.databases[0]);
    let mut pages = Pages::new(4096 * 4);
    assert_eq!(bed.read(7, &mut pages).0, JET_errInvalidParameter);
    assert_eq!(bed.close(7), JET_errInvalidParameter);
    assert_eq!(bed.close(opened.handle), 0);
    assert_eq!(bed.close(opened.handle), JET_errInvalidParameter);
    assert_eq!(bed.read(opened.handle, &mut pages).0, JET_errInvalidParameter);
}

pub(super) fn t35(form: Form) {
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
