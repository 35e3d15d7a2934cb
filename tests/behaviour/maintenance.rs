//! Maintenance, callbacks, local storage and the rest (spec 09 §13, §15.6).

use std::ffi::{CStr, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::cursor::Cursor;
use crate::define::*;
use crate::fixture::ID;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (213, || {
        let fixture = Fixture::new();
        // SAFETY: any numbers may be passed.
        [0, JET_bitIdleFlushBuffers, 0x12, 0x40]
            .map(|grbit| unsafe { JetIdle(fixture.session, grbit) })
            .to_vec()
    }),
    (214, || {
        let fixture = Fixture::new();
        let defragment = |grbit| {
            let (name, numbers) = (std::ptr::null(), null_mut());
            // SAFETY: no names and no numbers are passed.
            unsafe { JetDefragment2(fixture.session, fixture.dbid, name, numbers, numbers, None, grbit) }
        };
        let (start, stop) = (JET_bitDefragmentBatchStart, JET_bitDefragmentBatchStop);
        let codes = vec![defragment(stop), defragment(start), defragment(start)];
        assert_eq!(each(&[defragment(stop), 0]), 0);
        codes
    }),
    (215, || {
        let fixture = Fixture::new();
        let mut value = 0;
        // SAFETY: the place is a local.
        vec![unsafe { JetGetCounter(fixture.session, 0, &raw mut value) }]
    }),
    (216, || {
        let f = Scene::new();
        // SAFETY: any numbers may be passed.
        vec![unsafe { JetSetLS(f.s(), f.c.table, 5, JET_bitLSCursor) }]
    }),
    (217, || {
        let f = Scene::new();
        let mut value = 0;
        // SAFETY: the place is a local.
        vec![unsafe { JetGetLS(f.s(), f.c.table, &raw mut value, JET_bitLSCursor) }]
    }),
    (218, || {
        static ANSWER: AtomicI32 = AtomicI32::new(0);
        unsafe extern "system" fn before_insert(
            _: usize,
            _: u32,
            _: usize,
            _: u32,
            _: *mut c_void,
            _: *mut c_void,
            _: *mut c_void,
            _: usize,
        ) -> i32 {
            ANSWER.load(Ordering::SeqCst)
        }
        let f = Scene::new();
        let mut handle = 0;
        // SAFETY: the function is that of the interface, the place a local.
        let registered = unsafe {
            JetRegisterCallback(
                f.s(),
                f.c.table,
                JET_cbtypBeforeInsert,
                Some(before_insert),
                null_mut(),
                &raw mut handle,
            )
        };
        assert_eq!(registered, 0);
        ANSWER.store(-1, Ordering::SeqCst);
        let f = f.inserting();
        f.c.set_long(ID, 6);
        let refused = f.c.update();
        ANSWER.store(0, Ordering::SeqCst);
        assert_eq!(f.c.update(), 0);
        assert_eq!(f.c.ids(), [1, 2, 3, 4, 5, 6]);
        vec![refused]
    }),
    (346, || {
        let f = Scene::new();
        let (source, target) = (&f.f.database, &f.f.running.path("compacted.edb"));
        let open_by_us = compact(f.s(), source, target);
        assert_eq!(each(&[f.c.close(), close(f.s(), f.dbid())]), 0);
        begin(f.s());
        let inside = compact(f.s(), source, target);
        rollback(f.s(), 0);
        let done = compact(f.s(), source, target);
        let there = compact(f.s(), source, target);
        assert_eq!(detach(f.s(), source, 0), 0);
        let other = &f.f.running.path("other.edb");
        let detached = compact(f.s(), source, other);
        assert_eq!(attach(f.s(), target, 0), 0);
        let (dbid, opened) = open(f.s(), target, 0);
        let (c, there_too) = Cursor::open(f.s(), dbid, c"t", 0);
        assert_eq!((opened, there_too, c.ids()), (0, 0, vec![1, 2, 3, 4, 5]));
        vec![open_by_us, done, there, detached, inside]
    }),
    (347, || {
        let ask = |error: i32, bytes, level| {
            let (mut error, mut info) = (error, zeroed::<JET_ERRINFOBASIC_W>());
            let (error, info) = ((&raw mut error).cast(), (&raw mut info).cast());
            // SAFETY: the structure has 152 bytes, which is as many as are told at most.
            unsafe { JetGetErrorInfoW(error, info, bytes, level, 0) }
        };
        vec![ask(12_345, 152, 1), ask(JET_errKeyDuplicate, 151, 1), ask(JET_errKeyDuplicate, 152, 0)]
    }),
    (348, || {
        static FLUSHED: AtomicI64 = AtomicI64::new(0);
        unsafe extern "system" fn durable(_: usize, seen: *mut JET_COMMIT_ID, _: u32) -> i32 {
            // SAFETY: the interface passes an id.
            FLUSHED.fetch_max(unsafe { (*seen).commitId }, Ordering::SeqCst);
            0
        }
        let mut running = Running::created("durable");
        let function = durable as *const () as usize;
        assert_eq!(set(Some(running.instance), JET_paramDurableCommitCallback, function), 0);
        running.start();
        let session = running.session();
        let (dbid, code) = create_database(session, &running.path("d.edb"), 0);
        assert_eq!(code, 0);
        let (c, ids) = table(c"u", &[long(c"a")], &[]).made(session, dbid);
        let codes = [begin(session), c.prepare(JET_prepInsert), c.set_long(ids[0], 1), c.update()];
        assert_eq!(each(&codes), 0);
        let mut id = zeroed::<JET_COMMIT_ID>();
        // SAFETY: the place is a local.
        let code = unsafe { JetCommitTransaction2(session, JET_bitCommitLazyFlush, 50, &raw mut id) };
        let start = Instant::now();
        while FLUSHED.load(Ordering::SeqCst) < id.commitId && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(FLUSHED.load(Ordering::SeqCst) >= id.commitId && id.commitId != 0, "told that it is durable");
        vec![code]
    }),
];

/// JetCompact.
fn compact(session: usize, source: &Path, target: &Path) -> i32 {
    let (source, target) = (text(source), text(target));
    let (source, target): (&CStr, &CStr) = (&source, &target);
    // SAFETY: the texts end with a zero.
    unsafe { JetCompact(session, source.as_ptr(), target.as_ptr(), None, null_mut(), 0) }
}
