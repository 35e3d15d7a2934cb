//! Statistics of indexes, idle work, counts of a thread, and what is in the cache.

use std::ffi::c_void;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::params::JET_paramCacheSize;
use esent::api::*;

use crate::calls::*;
use crate::fixture::{People, TABLE, open_table};
use crate::harness::{begin, commit, get, rollback};

/// JetComputeStats.
fn compute(session: usize, cursor: usize) -> i32 {
    // SAFETY: any numbers may be passed.
    unsafe { JetComputeStats(session, cursor) }
}

#[test]
fn statistics_are_told_until_they_are_computed_again() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, dbid, cursor) = people.handles();
    let counts = || {
        let list = indexes(Form::Ansi, session, Asked::Named(dbid, TABLE), "", JET_IdxInfoList);
        list.into_iter().map(|row| row.counts).collect::<Vec<_>>()
    };
    let object = |level| {
        let (code, answer) = object_info(Form::Wide, session, dbid, ("", TABLE), 40, level);
        let info: JET_OBJECTINFO = value(&answer);
        (code, info.cRecord, info.cPage)
    };
    assert_eq!((counts(), object(JET_ObjInfo)), (vec![[0; 3]; 4], (0, 0, 0)));
    assert_eq!((begin(session), compute(session, cursor)), (0, 0));
    let computed = vec![[3, 5, 1], [5, 5, 1], [5, 5, 1], [5, 5, 1]];
    assert_eq!(counts(), computed);
    assert_eq!((rollback(session, 0), counts()), (0, vec![[0; 3]; 4]), "they are the transaction's");
    let cursor = open_table(session, dbid, TABLE);
    assert_eq!((compute(session, cursor), counts()), (0, computed));
    assert_eq!((object(JET_ObjInfo), object(JET_ObjInfoNoStats)), ((0, 5, 1), (0, 0, 0)));
    let listed = |level| {
        let list = objects(Form::Ansi, session, dbid, level);
        list.into_iter().find(|object| object.name == TABLE).map(|object| (object.records, object.pages))
    };
    assert_eq!((listed(JET_ObjInfoList), listed(JET_ObjInfoListNoStats)), (Some((5, 1)), Some((0, 0))));
    let (code, answer) = table_info(Form::Ansi, session, cursor, 40, JET_TblInfo);
    assert_eq!((code, value::<JET_OBJECTINFO>(&answer).cRecord), (0, 5));
    assert_eq!((compute(session, 0), compute(0, cursor)), (-1310, -1104));
}

#[test]
fn statistics_are_not_computed_through_a_filter() {
    let _alone = crate::alone();
    let people = People::new();
    let (session, _, cursor) = people.handles();
    let age = 20_u32;
    let pv = (&raw const age).cast_mut().cast();
    let mut filter = JET_INDEX_COLUMN { columnid: people.age, relop: JET_relopEquals, pv, cb: 4, grbit: 0 };
    // SAFETY: the filter is a local.
    unsafe {
        assert_eq!(JetSetCursorFilter(session, cursor, &raw mut filter, 1, 0), 0);
        assert_eq!(compute(session, cursor), -1124);
        assert_eq!(JetSetCursorFilter(session, cursor, std::ptr::null_mut(), 0, 0), 0);
    }
    assert_eq!(compute(session, cursor), 0);
}

#[test]
fn idle_work() {
    let _alone = crate::alone();
    let people = People::new();
    let session = people.base.session;
    // SAFETY: any numbers may be passed.
    let idle = |grbit| unsafe { JetIdle(session, grbit) };
    for grbit in [0, JET_bitIdleCompact, JET_bitIdleCompact | JET_bitIdleCompactAsync] {
        assert_eq!(idle(grbit), 1058, "grbit {grbit:#x}");
    }
    for grbit in [JET_bitIdleFlushBuffers, JET_bitIdleCompactAsync] {
        assert_eq!(idle(grbit), -900, "grbit {grbit:#x}");
    }
    for grbit in [JET_bitIdleStatus, JET_bitIdleStatus | JET_bitIdleCompact, 0x8000_0000] {
        assert_eq!(idle(grbit), 0, "grbit {grbit:#x}");
    }
    assert_eq!(idle(JET_bitIdleWaitForAsyncActivity), 0);
    assert_eq!(begin(session), 0);
    // SAFETY: no bookmark is wanted.
    unsafe {
        assert_eq!(JetMove(session, people.cursor, i32::MIN, 0), 0);
        assert_eq!(JetDelete(session, people.cursor), 0);
    }
    assert_eq!(idle(JET_bitIdleWaitForAsyncActivity), 321, "a version remains");
    assert_eq!((commit(session, 0), idle(JET_bitIdleWaitForAsyncActivity)), (0, 0));
    // SAFETY: any numbers may be passed.
    assert_eq!(unsafe { JetIdle(0, 0) }, -1104);
}

fn thread_counts(bytes: u32) -> (i32, JET_THREADSTATS4) {
    // SAFETY: a structure of numbers may be all zero.
    let mut counts: JET_THREADSTATS4 = unsafe { std::mem::zeroed() };
    let place: *mut c_void = (&raw mut counts).cast();
    // SAFETY: the place has no fewer bytes than told.
    let code = unsafe { JetGetThreadStats(place, bytes) };
    (code, counts)
}

#[test]
fn a_thread_is_told_what_was_done_for_it() {
    let _alone = crate::alone();
    for bytes in [32, 44, 48, 64, 128] {
        let (code, counts) = thread_counts(bytes);
        assert_eq!((code, counts.cbStruct), (0, bytes));
    }
    assert_eq!(thread_counts(31).0, -1038);
    // SAFETY: no place for the answer.
    assert_eq!(unsafe { JetGetThreadStats(std::ptr::null_mut(), 128) }, -1003);
    let before = thread_counts(128).1;
    let people = People::new();
    people.write_notes(50_000);
    let after = thread_counts(128).1;
    assert!(after.cPageReferenced > before.cPageReferenced + 50);
    assert!(after.cPageDirtied > before.cPageDirtied && after.cPageRedirtied > before.cPageRedirtied);
    assert!(after.cLogRecord > before.cLogRecord && after.cbLogRecord > before.cbLogRecord + 50_000);
    let (short, idle) = (thread_counts(32).1, std::thread::spawn(|| thread_counts(128).1));
    assert_eq!((short.cLogRecord, short.cusecPageCacheMiss), (after.cLogRecord, 0));
    assert_eq!(idle.join().expect("a thread that asks").cPageReferenced, 0, "others have their own");
}

#[test]
fn the_size_of_the_cache_is_what_it_holds() {
    let _alone = crate::alone();
    let people = People::new();
    people.write_notes(400_000);
    let pages = get(people.base.running.instance, 0, JET_paramCacheSize).expect("a number");
    assert!((50..100_000).contains(&pages), "{pages} pages");
}

#[test]
fn the_version_wants_a_session_where_there_is_an_instance() {
    let _alone = crate::alone();
    let mut version = 0;
    // SAFETY: the place is a local.
    let mut ask = |session| unsafe { JetGetVersion(session, &raw mut version) };
    assert_eq!((ask(0), ask(usize::MAX)), (0, 0), "there is no instance");
    let people = People::new();
    assert_eq!((ask(people.base.session), ask(0), ask(usize::MAX)), (0, -1104, -1104));
    drop(people);
    assert_eq!(version >> 28, 10);
}
