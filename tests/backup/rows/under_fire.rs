//! Rows T57 to T60a: readers and writers go on while files are read.

use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use super::{ABORT, NORMAL, page_sizes};
use crate::bed::{Bed, Form, Pages, Set, Setup, SlotBytes, Slots, insert};
use crate::harness::{begin_session, create_database, term};

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

pub(super) fn t57(form: Form) {
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

pub(super) fn t58(form: Form) {
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

pub(super) fn t59(form: Form) {
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

pub(super) fn t60(form: Form) {
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

pub(super) fn t60a(form: Form) {
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
