//! What programs do wrong with JetCompact and JetDBUtilities, and what they are told meanwhile (spec 09 §13.1).

use std::ffi::{CString, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::typedefs::JET_PFNSTATUS;
use esent::api::*;

use crate::Case;
use crate::cursor::Cursor;
use crate::define::*;
use crate::harness::*;

/// The cases.
pub(crate) const CASES: &[Case] = &[
    ("arguments that cannot be", arguments),
    ("progress, and an answer that ends it", progress),
    ("JetDBUtilities", utilities),
];

fn compact(session: usize, source: &Path, target: &Path, callback: JET_PFNSTATUS, grbit: u32) -> i32 {
    let (source, target) = (text(source), text(target));
    // SAFETY: the texts end with a zero.
    unsafe { JetCompactA(session, source.as_ptr(), target.as_ptr(), callback, null_mut(), grbit) }
}

/// The scene with its database attached and closed.
fn closed() -> Scene {
    let scene = Scene::new();
    assert_eq!(each(&[scene.c.close(), close(scene.s(), scene.dbid())]), 0);
    scene
}

fn arguments() {
    let f = closed();
    let (source, target) = (&f.f.database, &f.f.running.path("new.edb"));
    let (from, to) = (text(source), text(target));
    let mut conversion = zeroed::<JET_CONVERT_A>();
    // SAFETY: NULL or texts that end with a zero, NULL or a local.
    let codes = unsafe {
        [
            JetCompactA(f.s(), null(), to.as_ptr(), None, null_mut(), 0),
            JetCompactA(f.s(), from.as_ptr(), null(), None, null_mut(), 0),
            JetCompactA(f.s(), from.as_ptr(), to.as_ptr(), None, &raw mut conversion, 0),
            JetCompactA(f.s() + 1, from.as_ptr(), to.as_ptr(), None, null_mut(), 0),
            JetCompactW(f.s(), null(), null(), None, null_mut(), 0),
        ]
    };
    assert!(codes[0] < 0 && codes[1] < 0 && codes[4] < 0, "{codes:?}");
    assert_eq!(codes[2..4], [JET_errFeatureNotAvailable, JET_errInvalidSesid]);
    assert_eq!(compact(f.s(), source, target, None, 0x8000_0000), JET_errInvalidGrbit);
    assert_eq!(compact(f.s(), source, source, None, 0), JET_errDatabaseDuplicate);
    assert_eq!(compact(f.s(), source, Path::new("/nowhere/new.edb"), None, 0), JET_errInvalidPath);
    assert!(!target.exists());
    assert_eq!(compact(f.s(), source, target, None, JET_bitCompactRepair | 0x100), 0);
}

static CALLS: AtomicU32 = AtomicU32::new(0);
static ANSWER_AT: AtomicI32 = AtomicI32::new(0);
static LAST_DONE: AtomicU32 = AtomicU32::new(0);
static LAST_SNT: AtomicU32 = AtomicU32::new(0);

unsafe extern "system" fn watch(_session: usize, snp: u32, snt: u32, data: *mut c_void) -> i32 {
    // SAFETY: the engine gives a JET_SNPROG with every call of a compaction.
    let told = unsafe { data.cast::<JET_SNPROG>().read_unaligned() };
    let call = CALLS.fetch_add(1, Ordering::SeqCst);
    let is_right = snp == JET_snpCompact
        && told.cbStruct as usize == size_of::<JET_SNPROG>()
        && told.cunitDone <= told.cunitTotal
        && told.cunitDone >= LAST_DONE.load(Ordering::SeqCst)
        && (call > 0 || snt == JET_sntBegin);
    LAST_DONE.store(told.cunitDone, Ordering::SeqCst);
    LAST_SNT.store(snt, Ordering::SeqCst);
    match (is_right, ANSWER_AT.load(Ordering::SeqCst)) {
        (false, _) => JET_errInternalError,
        (true, at) if at >= 0 && at as u32 == call => JET_errOutOfMemory,
        (true, _) => 0,
    }
}

fn progress() {
    let f = closed();
    let (source, target) = (&f.f.database, &f.f.running.path("new.edb"));
    let run = |answer_at| {
        CALLS.store(0, Ordering::SeqCst);
        LAST_DONE.store(0, Ordering::SeqCst);
        ANSWER_AT.store(answer_at, Ordering::SeqCst);
        compact(f.s(), source, target, Some(watch), 0)
    };
    // Every call's answer ends it; nothing is left but after the last one, when the file is complete.
    assert_eq!(run(0), JET_errOutOfMemory);
    assert_eq!(LAST_SNT.load(Ordering::SeqCst), JET_sntFail);
    assert!(!target.exists());
    assert_eq!(run(1), JET_errOutOfMemory);
    assert!(!target.exists());
    assert_eq!(run(-1), 0);
    assert!(CALLS.load(Ordering::SeqCst) >= 3);
    assert_eq!(LAST_SNT.load(Ordering::SeqCst), JET_sntComplete);
    assert_eq!(state_of(target), 3);
    // The source goes on.
    let (dbid, opened) = open(f.s(), source, 0);
    let (c, there) = Cursor::open(f.s(), dbid, c"t", 0);
    assert_eq!((opened, there, c.ids()), (0, 0, vec![1, 2, 3, 4, 5]));
}

fn utilities() {
    let f = closed();
    let (source, target) = (&f.f.database, &f.f.running.path("new.edb"));
    let (from, to): (CString, CString) = (text(source), text(target));
    let call = |operation, options, bytes: usize| {
        let mut given = zeroed::<JET_DBUTIL_A>();
        given.cbStruct = bytes as u32;
        given.sesid = f.s();
        given.op = operation;
        given.grbitOptions = options;
        let mut names = zeroed::<JET_DBUTIL_A__anonymous_48_1>();
        names.szDatabase = from.as_ptr().cast_mut();
        names.szBackup = to.as_ptr().cast_mut();
        given.anonymous_48.anonymous_48_1 = names;
        // SAFETY: the structure and its texts are locals.
        unsafe { JetDBUtilitiesA(&raw mut given) }
    };
    let size = size_of::<JET_DBUTIL_A>();
    // SAFETY: NULL may be passed.
    let of_null = unsafe { (JetDBUtilitiesA(null_mut()), JetDBUtilitiesW(null_mut())) };
    assert_eq!(of_null, (JET_errInvalidParameter, JET_errInvalidParameter));
    assert_eq!(call(opDBUTILDBDefragment, 0, size - 1), JET_errInvalidParameter);
    assert_eq!(call(opDBUTILDumpHeader, 0, size), JET_errFeatureNotAvailable);
    assert_eq!(call(opDBUTILEDBRepair, 0, size), JET_errFeatureNotAvailable);
    assert_eq!(call(opDBUTILDBDefragment, 0, size), 0);
    assert_eq!(call(opDBUTILDBDefragment, 0, size), JET_errDatabaseDuplicate);
    assert_eq!(detach(f.s(), source, 0), 0);
    assert_eq!(call(opDBUTILEDBRepair, JET_bitDBUtilOptionDontRepair, size), 0);
    std::fs::remove_file(target).unwrap();
    assert_eq!(call(opDBUTILDBDefragment, 0, size), 0);
    assert_eq!((state_of(source), state_of(target)), (3, 3));
    // It was attached for that alone.
    assert_eq!(attach(f.s(), source, 0), 0);
}
