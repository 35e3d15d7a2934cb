//! Bad input: handles that are none, closed or of others, NULL pointers, sizes that lie, bits and numbers that nobody
//! defined. Every call answers with the error of spec 09 §1, and the session and its cursor go on as before.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::cursor::{Cursor, is};
use crate::fixture::*;
use crate::harness::*;

/// A call on a cursor, right but for its handles.
type OnCursor = (&'static str, fn(usize, usize) -> i32);

/// A call on a session, right but for its handle.
type OnSession = (&'static str, fn(usize) -> i32);

/// A call on a database, right but for its handles.
type OnDatabase = (&'static str, fn(usize, u32) -> i32);

/// A name in UTF-16.
const WIDE_V: [u16; 2] = [b'v' as u16, 0];
/// Index iv in UTF-16.
const WIDE_IV: [u16; 3] = [b'i' as u16, b'v' as u16, 0];
/// Table t in UTF-16.
const WIDE_T: [u16; 2] = [b't' as u16, 0];
/// A key of index definitions.
const KEY: &[u8] = b"+v\0\0";
/// The same in UTF-16.
const WIDE_KEY: [u16; 4] = [b'+' as u16, b'v' as u16, 0, 0];

/// Bytes that calls may read and write: more than any call here reads of a length that lies.
fn four() -> *mut c_void {
    thread_local! {
        static FOUR: std::cell::UnsafeCell<[u64; 2048]> = const { std::cell::UnsafeCell::new([0; 2048]) };
    }
    FOUR.with(|four| four.get().cast())
}

/// Makes the entries of a table of calls: a name, and the call itself with its handles in place.
macro_rules! calls {
    ($($name:ident($($handle:ident),* ; $($argument:expr),* $(,)?);)*) => {
        &[$((
            stringify!($name),
            // SAFETY: what is passed is NULL, NUL-terminated, or has as many bytes as are told.
            |$($handle),*| unsafe { $name($($handle,)* $($argument),*) },
        )),*]
    };
}

/// Every call on a cursor.
const ON_CURSOR: &[OnCursor] = calls! {
    JetCloseTable(s, t;);
    JetDupCursor(s, t; four().cast(), 0);
    JetMove(s, t; JET_MoveFirst, 0);
    JetSeek(s, t; JET_bitSeekEQ);
    JetMakeKey(s, t; four(), 4, JET_bitNewKey);
    JetSetIndexRange(s, t; JET_bitRangeRemove);
    JetGetBookmark(s, t; four(), 4, null_mut());
    JetGotoBookmark(s, t; four(), 4);
    JetGetSecondaryIndexBookmark(s, t; four(), 4, null_mut(), four(), 4, null_mut(), 0);
    JetGotoSecondaryIndexBookmark(s, t; four(), 4, four(), 4, 0);
    JetGotoPosition(s, t; four().cast());
    JetRetrieveKey(s, t; four(), 4, null_mut(), 0);
    JetIndexRecordCount(s, t; four().cast(), 0);
    JetIndexRecordCount2(s, t; four().cast(), 0);
    JetSetCursorFilter(s, t; null_mut(), 0, 0);
    JetSetTableSequential(s, t; 1);
    JetResetTableSequential(s, t; 0);
    JetPrereadKeys(s, t; null_mut(), null(), 0, null_mut(), 1);
    JetPrereadIndexRanges(s, t; null(), 0, null_mut(), null(), 0, 1);
    JetSetCurrentIndexA(s, t; c"iv".as_ptr());
    JetSetCurrentIndexW(s, t; WIDE_IV.as_ptr());
    JetSetCurrentIndex2A(s, t; c"iv".as_ptr(), 0);
    JetSetCurrentIndex2W(s, t; WIDE_IV.as_ptr(), 0);
    JetSetCurrentIndex3A(s, t; c"iv".as_ptr(), 0, 1);
    JetSetCurrentIndex3W(s, t; WIDE_IV.as_ptr(), 0, 1);
    JetSetCurrentIndex4A(s, t; c"iv".as_ptr(), null_mut(), 0, 1);
    JetSetCurrentIndex4W(s, t; WIDE_IV.as_ptr(), null_mut(), 0, 1);
    JetGetCurrentIndexA(s, t; four().cast(), 65);
    JetGetCurrentIndexW(s, t; four().cast(), 130);
    JetPrepareUpdate(s, t; JET_prepInsert);
    JetSetColumn(s, t; V, four(), 4, 0, null_mut());
    JetSetColumns(s, t; null_mut(), 0);
    JetUpdate(s, t; null_mut(), 0, null_mut());
    JetUpdate2(s, t; null_mut(), 0, null_mut(), 0);
    JetDelete(s, t;);
    JetGetLock(s, t; JET_bitReadLock);
    JetEscrowUpdate(s, t; E, four(), 4, null_mut(), 0, null_mut(), 0);
    JetRetrieveColumn(s, t; V, four(), 4, null_mut(), 0, null_mut());
    JetRetrieveColumns(s, t; null_mut(), 0);
    JetEnumerateColumns(s, t; 0, null_mut(), null_mut(), null_mut(), None, null_mut(), 0, 0);
    JetRetrieveTaggedColumnList(s, t; four().cast(), null_mut(), 0, 1, 0);
    JetGetRecordSize(s, t; four().cast(), 0);
    JetGetRecordSize2(s, t; four().cast(), 0);
    JetGetLS(s, t; four().cast(), 0);
    JetSetLS(s, t; 0, 0);
    JetUnregisterCallback(s, t; 0, 0);
    JetAddColumnA(s, t; c"q".as_ptr(), null(), null(), 0, null_mut());
    JetAddColumnW(s, t; WIDE_V.as_ptr(), null(), null(), 0, null_mut());
    JetDeleteColumnA(s, t; c"q".as_ptr());
    JetDeleteColumnW(s, t; WIDE_V.as_ptr());
    JetDeleteColumn2A(s, t; c"q".as_ptr(), 0);
    JetDeleteColumn2W(s, t; WIDE_V.as_ptr(), 0);
    JetRenameColumnA(s, t; c"q".as_ptr(), c"r".as_ptr(), 0);
    JetRenameColumnW(s, t; WIDE_V.as_ptr(), WIDE_T.as_ptr(), 0);
    JetCreateIndexA(s, t; c"ix".as_ptr(), 0, KEY.as_ptr().cast(), 4, 100);
    JetCreateIndexW(s, t; WIDE_T.as_ptr(), 0, WIDE_KEY.as_ptr(), 8, 100);
    JetCreateIndex2A(s, t; null_mut(), 0);
    JetCreateIndex2W(s, t; null_mut(), 0);
    JetDeleteIndexA(s, t; c"ix".as_ptr());
    JetDeleteIndexW(s, t; WIDE_IV.as_ptr());
    JetGetTableColumnInfoA(s, t; c"v".as_ptr(), four(), 32, JET_ColInfo);
    JetGetTableColumnInfoW(s, t; WIDE_V.as_ptr(), four(), 32, JET_ColInfo);
    JetGetTableIndexInfoA(s, t; c"iv".as_ptr(), four(), 4, JET_IdxInfoCount);
    JetGetTableIndexInfoW(s, t; WIDE_IV.as_ptr(), four(), 4, JET_IdxInfoCount);
    JetGetTableInfoA(s, t; four(), 4, JET_TblInfoDbid);
    JetGetTableInfoW(s, t; four(), 4, JET_TblInfoDbid);
};

/// Every call on a session alone.
const ON_SESSION: &[OnSession] = calls! {
    JetBeginTransaction(s;);
    JetBeginTransaction2(s; 0);
    JetBeginTransaction3(s; 1, 0);
    JetCommitTransaction(s; 0);
    JetCommitTransaction2(s; 0, 0, null_mut());
    JetRollback(s; 0);
    JetEndSession(s; 0);
    JetDupSession(s; four().cast());
    JetSetSessionContext(s; 5);
    JetResetSessionContext(s;);
    JetGetSessionParameter(s; 4099, four(), 4, null_mut());
    JetSetSessionParameter(s; 4097, four(), 4);
    JetGetSessionInfo(s; four(), 16, 0);
    JetIdle(s; 0);
    JetAttachDatabaseA(s; c"x.edb".as_ptr(), 0);
    JetAttachDatabaseW(s; WIDE_V.as_ptr(), 0);
    JetDetachDatabaseA(s; c"x.edb".as_ptr());
    JetDetachDatabase2A(s; c"x.edb".as_ptr(), 0);
    JetDetachDatabase2W(s; WIDE_V.as_ptr(), 0);
    JetCreateDatabaseA(s; c"x.edb".as_ptr(), null(), four().cast(), 0);
    JetCreateDatabaseW(s; WIDE_V.as_ptr(), null(), four().cast(), 0);
    JetOpenDatabaseA(s; c"x.edb".as_ptr(), null(), four().cast(), 0);
    JetOpenDatabaseW(s; WIDE_V.as_ptr(), null(), four().cast(), 0);
    JetOpenTempTable(s; null(), 0, 0, four().cast(), null_mut());
    JetIntersectIndexes(s; null_mut(), 1, four().cast(), 0);
};

/// Every call on a session and a database.
const ON_DATABASE: &[OnDatabase] = calls! {
    JetOpenTableA(s, d; c"t".as_ptr(), null(), 0, 0, four().cast());
    JetOpenTableW(s, d; WIDE_T.as_ptr(), null(), 0, 0, four().cast());
    JetCreateTableA(s, d; c"x".as_ptr(), 1, 100, four().cast());
    JetCreateTableW(s, d; WIDE_V.as_ptr(), 1, 100, four().cast());
    JetDeleteTableA(s, d; c"t".as_ptr());
    JetDeleteTableW(s, d; WIDE_T.as_ptr());
    JetRenameTableA(s, d; c"t".as_ptr(), c"u".as_ptr());
    JetRenameTableW(s, d; WIDE_T.as_ptr(), WIDE_V.as_ptr());
    JetGetDatabaseInfoA(s, d; four(), 4, 17);
    JetGetDatabaseInfoW(s, d; four(), 4, 17);
    JetGetColumnInfoA(s, d; c"t".as_ptr(), c"v".as_ptr(), four(), 32, JET_ColInfo);
    JetGetColumnInfoW(s, d; WIDE_T.as_ptr(), WIDE_V.as_ptr(), four(), 32, JET_ColInfo);
    JetGrowDatabase(s, d; 300, four().cast());
    JetSetMaxDatabaseSize(s, d; 0, 0);
    JetCloseDatabase(s, d; 0);
};

/// Numbers that are no handle of anything.
const NO_HANDLES: [usize; 5] = [0, usize::MAX, 1, 0x1234_5678, 0xDEAD_BEEF_0000_0001];

/// Asserts that every call of a list gives one code.
#[track_caller]
fn all_give<H>(calls: &[(&'static str, H)], wanted: i32, whose: &str, call: impl Fn(&H) -> i32) {
    let given = calls.iter().map(|(name, run)| (*name, call(run)));
    let other: Vec<_> = given.filter(|(_, code)| *code != wanted).collect();
    assert!(other.is_empty(), "{whose}: wanted {wanted}, given {other:?}");
}

#[test]
fn numbers_that_are_no_sessions_and_ended_ones_are_refused_by_every_call() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let (c, ended) = (f.cursor().at(2), f.running.session());
    is(end_session(ended), 0);
    for session in NO_HANDLES.into_iter().chain([ended, c.table]) {
        let (none, whose) = (JET_errInvalidSesid, format!("session {session:#x}"));
        all_give(ON_CURSOR, none, &whose, |call| call(session, c.table));
        all_give(ON_SESSION, none, &whose, |call| call(session));
        all_give(ON_DATABASE, none, &whose, |call| call(session, f.dbid));
    }
    assert_eq!((c.id(), level(f.session)), (2, 0), "nothing moved");
}

#[test]
fn numbers_that_are_no_cursors_and_closed_ones_are_refused_by_every_call() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let closed = f.cursor();
    is(closed.close(), 0);
    begin(f.session);
    let rolled_back = f.cursor();
    rollback(f.session, 0);
    for table in NO_HANDLES.into_iter().chain([closed.table, rolled_back.table, f.session]) {
        let whose = format!("cursor {table:#x}");
        all_give(ON_CURSOR, JET_errInvalidTableId, &whose, |call| call(f.session, table));
    }
}

#[test]
fn cursors_of_other_sessions_and_other_instances_are_refused_by_every_call() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let c = f.cursor().at(2);
    let other = Running::started("other");
    for session in [f.second().session, other.session()] {
        all_give(ON_CURSOR, JET_errSesidTableIdMismatch, "another's", |call| call(session, c.table));
    }
    let foreign = other.session();
    all_give(ON_DATABASE, JET_errInvalidDatabaseId, "of the other instance", |call| call(foreign, f.dbid));
    assert_eq!((c.id(), c.next()), (2, 3), "nothing moved");
}

#[test]
fn cursors_end_with_their_session_and_with_their_instance() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let (c, second) = (f.cursor(), f.second());
    let theirs = second.cursor();
    is(end_session(second.session), 0);
    is(theirs.step(JET_MoveFirst, 0), JET_errInvalidSesid);
    let mine = Cursor { session: f.session, table: theirs.table };
    is(mine.step(JET_MoveFirst, 0), JET_errInvalidTableId);
    is(term(f.running.instance, 2), 0);
    all_give(ON_CURSOR, JET_errNotInitialized, "of an ended instance", |call| call(c.session, c.table));
}

#[test]
fn databases_that_the_session_did_not_open_are_refused_by_every_call() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let session = f.running.session();
    for dbid in [u32::MAX, 77, f.dbid, f.dbid + 1] {
        let whose = format!("database {dbid}");
        all_give(ON_DATABASE, JET_errInvalidDatabaseId, &whose, |call| call(session, dbid));
    }
    is(f.cursor().at(2).id(), 2);
}

#[test]
fn a_transaction_of_another_thread_is_not_touched() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let c = f.cursor();
    begin(f.session);
    is(c.insert(6, "f"), 0);
    let (session, table) = (f.session, c.table);
    let elsewhere = std::thread::spawn(move || {
        let named = ["JetBeginTransaction", "JetBeginTransaction2", "JetBeginTransaction3"];
        let ends = ["JetCommitTransaction", "JetCommitTransaction2", "JetRollback", "JetEndSession"];
        let wanted = |name: &&str| named.contains(name) || ends.contains(name);
        let calls: Vec<_> = ON_SESSION.iter().filter(|(name, _)| wanted(name)).copied().collect();
        assert_eq!(calls.len(), 7);
        let c = Cursor { session, table };
        assert_eq!((c.first(), c.next()), (1, 2), "moves and reading work from any thread");
        all_give(&calls, JET_errSessionSharingViolation, "another thread's", |call| call(session));
    });
    elsewhere.join().expect("what the thread asserts holds");
    assert_eq!(level(f.session), 1);
    is(commit(f.session, 0), 0);
    is(c.at(6).id(), 6);
}

/// A call with one bad argument, and the code it has to give.
type Bad = (&'static str, fn(Cursor) -> i32, i32);

/// Makes the entries of a table of bad calls.
macro_rules! bad {
    ($($what:literal: $name:ident($($argument:expr),* $(,)?) = $code:ident;)*) => {
        &[$((
            concat!(stringify!($name), ": ", $what),
            // SAFETY: what is passed is NULL, NUL-terminated, or has as many bytes as are told; the callee refuses the
            // sizes that lie before it reads.
            |c: Cursor| unsafe { $name(c.session, c.table, $($argument),*) },
            $code,
        )),*]
    };
}

/// Filled in as a structure whose first field says its size.
fn sized<T>(bytes: u32) -> *mut T {
    let place = four().cast::<u32>();
    // SAFETY: the place has 512 bytes of its own.
    unsafe { place.cast::<u8>().write_bytes(0, 512) };
    // SAFETY: as above.
    unsafe { place.write(bytes) };
    place.cast()
}

/// Bad arguments of calls on a cursor that stands on a record, at level 1, with nothing prepared.
const BAD: &[Bad] = bad! {
    "no place": JetDupCursor(null_mut(), 0) = JET_errInvalidParameter;
    "no buffer": JetGetBookmark(null_mut(), 8, null_mut()) = JET_errInvalidParameter;
    "no bookmark": JetGotoBookmark(null_mut(), 8) = JET_errInvalidBookmark;
    "no bytes": JetGotoBookmark(four(), 0) = JET_errInvalidBookmark;
    "longer than any": JetGotoBookmark(four(), u32::MAX) = JET_errRecordDeleted;
    "no structure": JetGotoPosition(null_mut()) = JET_errInvalidParameter;
    "size 0": JetGotoPosition(sized(0)) = JET_errInvalidParameter;
    "size 15": JetGotoPosition(sized(15)) = JET_errInvalidParameter;
    "size 17": JetGotoPosition(sized(17)) = JET_errInvalidParameter;
    "size of everything": JetGotoPosition(sized(u32::MAX)) = JET_errInvalidParameter;
    "no place": JetGetRecordPosition(null_mut(), 16) = JET_errInvalidParameter;
    "size 15": JetGetRecordPosition(four().cast(), 15) = JET_errInvalidParameter;
    "no place": JetIndexRecordCount(null_mut(), 0) = JET_errInvalidParameter;
    "no place": JetIndexRecordCount2(null_mut(), 0) = JET_errInvalidParameter;
    "no bit": JetSeek(0) = JET_errInvalidParameter;
    "unknown bits alone": JetSeek(0x8000_0000) = JET_errInvalidParameter;
    "no bytes, but a length": JetMakeKey(null(), 300, JET_bitNewKey | JET_bitNormalizedKey) = JET_errInvalidParameter;
    "longer than any": JetMakeKey(four(), u32::MAX, JET_bitNewKey | JET_bitNormalizedKey) = JET_errInvalidParameter;
    "longer than the column": JetMakeKey(four(), u32::MAX, JET_bitNewKey) = JET_errInvalidBufferSize;
    "two limits": JetMakeKey(four(), 4, JET_bitNewKey | JET_bitFullColumnStartLimit | JET_bitFullColumnEndLimit) = JET_errInvalidGrbit;
    "no range": JetSetIndexRange(JET_bitRangeRemove) = JET_errInvalidOperation;
    "no key": JetSetIndexRange(0) = JET_errKeyNotMade;
    "unknown bits": JetSetIndexRange(0xFFFF_FFF0) = JET_errKeyNotMade;
    "no such prep": JetPrepareUpdate(1) = JET_errInvalidParameter;
    "no such prep": JetPrepareUpdate(6) = JET_errInvalidParameter;
    "no such prep": JetPrepareUpdate(11) = JET_errInvalidParameter;
    "no such prep": JetPrepareUpdate(u32::MAX) = JET_errInvalidParameter;
    "no lock": JetGetLock(0) = JET_errInvalidGrbit;
    "both locks": JetGetLock(3) = JET_errInvalidGrbit;
    "unknown bits": JetGetLock(0x8000_0000) = JET_errInvalidGrbit;
    "not prepared": JetSetColumn(V, four(), 4, 0, null_mut()) = JET_errUpdateNotPrepared;
    "longer than can be": JetSetColumn(V, four(), 0x8000_0000, 0, null_mut()) = JET_errInvalidParameter;
    "no array": JetSetColumns(null_mut(), 1) = JET_errInvalidParameter;
    "longer than can be": JetSetColumns(null_mut(), u32::MAX) = JET_errInvalidParameter;
    "no array": JetRetrieveColumns(null_mut(), 1) = JET_errInvalidParameter;
    "longer than can be": JetRetrieveColumns(null_mut(), u32::MAX) = JET_errInvalidParameter;
    "size 0": JetRetrieveColumn(V, four(), 4, null_mut(), 0, sized(0)) = JET_errInvalidParameter;
    "size 15": JetRetrieveColumn(V, four(), 4, null_mut(), 0, sized(15)) = JET_errInvalidParameter;
    "column 0x10001": JetRetrieveColumn(0x1_0001, four(), 4, null_mut(), 0, null_mut()) = JET_errBadColumnId;
    "column 500": JetRetrieveColumn(500, four(), 4, null_mut(), 0, null_mut()) = JET_errColumnNotFound;
    "all bits": JetRetrieveColumn(V, four(), 4, null_mut(), 0xFFFF_FFFF, null_mut()) = JET_errInvalidGrbit;
    "no place": JetRetrieveTaggedColumnList(null_mut(), null_mut(), 0, 1, 0) = JET_errInvalidParameter;
    "no places": JetEnumerateColumns(0, null_mut(), null_mut(), null_mut(), None, null_mut(), 0, 0) = JET_errInvalidParameter;
    "no array": JetEnumerateColumns(0, null_mut(), four().cast(), null_mut(), None, null_mut(), 0, 0) = JET_errInvalidParameter;
    "no realloc": JetEnumerateColumns(0, null_mut(), four().cast(), four().cast::<[usize; 4]>().cast(), None, null_mut(), 0, 0) = JET_errInvalidParameter;
    "no delta": JetEscrowUpdate(E, null_mut(), 4, null_mut(), 0, null_mut(), 0) = JET_errInvalidParameter;
    "delta of 2 bytes": JetEscrowUpdate(E, four(), 2, null_mut(), 0, null_mut(), 0) = JET_errInvalidBufferSize;
    "old value of 2 bytes": JetEscrowUpdate(E, four(), 4, four(), 2, null_mut(), 0) = JET_errInvalidBufferSize;
    "not prepared": JetUpdate(four(), 4, null_mut()) = JET_errUpdateNotPrepared;
    "no place": JetGetRecordSize(null_mut(), 0) = JET_errInvalidParameter;
    "unknown bits": JetGetRecordSize(four().cast(), 0x8000_0000) = JET_errInvalidGrbit;
    "no such index": JetSetCurrentIndexA(c"nope".as_ptr()) = JET_errIndexNotFound;
    "unknown bits": JetSetCurrentIndex2A(c"iv".as_ptr(), 4) = JET_errInvalidGrbit;
    "unknown bits": JetSetCurrentIndex2W(WIDE_IV.as_ptr(), u32::MAX) = JET_errInvalidGrbit;
    "size 0": JetSetCurrentIndex4A(c"iv".as_ptr(), sized(0), 0, 1) = JET_errInvalidIndexId;
    "size 19": JetSetCurrentIndex4A(c"iv".as_ptr(), sized(19), 0, 1) = JET_errInvalidIndexId;
    "stale id": JetSetCurrentIndex4A(c"iv".as_ptr(), sized(20), 0, 1) = JET_errInvalidIndexId;
    "stale id": JetSetCurrentIndex4W(WIDE_IV.as_ptr(), sized(20), 0, 1) = JET_errInvalidIndexId;
    "no buffer": JetGetCurrentIndexA(null_mut(), 65) = JET_errInvalidParameter;
    "no buffer": JetGetCurrentIndexW(null_mut(), 130) = JET_errInvalidParameter;
    "no array": JetSetCursorFilter(null_mut(), 1, 0) = JET_errInvalidParameter;
    "longer than can be": JetSetCursorFilter(null_mut(), u32::MAX, 0) = JET_errInvalidParameter;
    "unknown bits": JetSetCursorFilter(null_mut(), 0, 1) = JET_errInvalidGrbit;
    "no arrays": JetPrereadKeys(null_mut(), null(), 1, null_mut(), 1) = JET_errInvalidParameter;
    "no keys": JetPrereadKeys(four().cast(), four().cast(), 0, null_mut(), 1) = JET_errInvalidParameter;
    "fewer than none": JetPrereadKeys(four().cast(), four().cast(), -1, null_mut(), 1) = JET_errInvalidParameter;
    "no place": JetGetLS(null_mut(), 0) = JET_errInvalidParameter;
    "no definition": JetAddColumnA(c"q".as_ptr(), null(), null(), 0, null_mut()) = JET_errInvalidParameter;
    "no definition": JetAddColumnW(WIDE_V.as_ptr(), null(), null(), 0, null_mut()) = JET_errInvalidParameter;
    "size 27": JetAddColumnA(c"q".as_ptr(), sized(27), null(), 0, null_mut()) = JET_errInvalidParameter;
    "no name": JetDeleteColumnA(null()) = JET_errInvalidName;
    "no name": JetDeleteColumnW(null()) = JET_errInvalidName;
    "no name": JetDeleteIndexA(null()) = JET_errInvalidName;
    "no name": JetDeleteIndexW(null()) = JET_errInvalidName;
    "no name": JetCreateIndexA(null(), 0, KEY.as_ptr().cast(), 4, 100) = JET_errInvalidName;
    "no key": JetCreateIndexA(c"ix".as_ptr(), 0, null(), 4, 100) = JET_errInvalidParameter;
    "no key": JetCreateIndexA(c"ix".as_ptr(), 0, KEY.as_ptr().cast(), 0, 100) = JET_errInvalidParameter;
    "no array": JetCreateIndex2A(null_mut(), 1) = JET_errInvalidParameter;
    "size 3": JetCreateIndex2A(sized(3), 1) = JET_errInvalidParameter;
    "no callback": JetRegisterCallback(1, None, null_mut(), four().cast()) = JET_errInvalidParameter;
};

#[test]
fn bad_arguments_are_told_and_the_cursor_stays_usable() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let c = f.cursor();
    begin(f.session);
    let mut wrong: Vec<(&str, i32, i32)> = Vec::new();
    for (what, call, wanted) in BAD {
        is(c.index(c"pk"), 0);
        c.at(2);
        let code = call(c);
        if code != *wanted {
            wrong.push((*what, *wanted, code));
        }
        assert_eq!((level(f.session), c.at(3).long(V)), (1, 20), "after {what}");
    }
    assert!(wrong.is_empty(), "call, wanted, given: {wrong:#?}");
    is(c.at(2).replace(V, 21), 0);
    is(commit(f.session, 0), 0);
    ese_corpus::report!("behaviour: {} bad arguments told as spec 09 says", BAD.len());
}

#[test]
fn bad_arguments_of_sessions_and_databases_are_told() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let (s, d) = (f.session, f.dbid);
    // SAFETY: what is passed is NULL, NUL-terminated, or has as many bytes as are told.
    let given = unsafe {
        [
            ("no place", JetDupSession(s, null_mut()), JET_errInvalidParameter),
            (
                "no place",
                JetBeginSessionA(f.running.instance, null_mut(), null(), null()),
                JET_errInvalidParameter,
            ),
            (
                "no place",
                JetBeginSessionW(f.running.instance, null_mut(), null(), null()),
                JET_errInvalidParameter,
            ),
            ("no buffer", JetSetSessionParameter(s, 4097, null_mut(), 4), JET_errInvalidParameter),
            ("no buffer", JetGetSessionParameter(s, 9999, four(), 4, null_mut()), JET_errInvalidSesparamId),
            ("no name", JetOpenTableA(s, d, null(), null(), 0, 0, four().cast()), JET_errInvalidName),
            ("no name", JetOpenTableW(s, d, null(), null(), 0, 0, four().cast()), JET_errInvalidName),
            (
                "no place",
                JetOpenTableA(s, d, c"t".as_ptr(), null(), 0, 0, null_mut()),
                JET_errInvalidParameter,
            ),
            (
                "no place",
                JetOpenTableW(s, d, WIDE_T.as_ptr(), null(), 0, 0, null_mut()),
                JET_errInvalidParameter,
            ),
            ("no name", JetCreateTableA(s, d, null(), 1, 100, four().cast()), JET_errInvalidName),
            ("no name", JetCreateTableW(s, d, null(), 1, 100, four().cast()), JET_errInvalidName),
            ("no place", JetCreateTableA(s, d, c"x".as_ptr(), 1, 100, null_mut()), JET_errInvalidParameter),
            ("no name", JetDeleteTableA(s, d, null()), JET_errInvalidName),
            ("no name", JetDeleteTableW(s, d, null()), JET_errInvalidName),
            ("no name", JetRenameTableA(s, d, null(), c"u".as_ptr()), JET_errInvalidParameter),
            ("no name", JetRenameTableA(s, d, c"t".as_ptr(), null()), JET_errInvalidParameter),
            (
                "no place",
                JetOpenDatabaseA(s, text(&f.database).as_ptr(), null(), null_mut(), 0),
                JET_errInvalidParameter,
            ),
            ("no bits", JetCommitTransaction(s, 0x8000_0000), JET_errInvalidGrbit),
            ("no bits", JetRollback(s, 0x8000_0000), JET_errInvalidGrbit),
            (
                "no structure",
                JetIntersectIndexes(s, null_mut(), 1, four().cast(), 0),
                JET_errInvalidParameter,
            ),
            ("no list", JetIntersectIndexes(s, four().cast(), 1, null_mut(), 0), JET_errInvalidParameter),
            ("none", JetIntersectIndexes(s, four().cast(), 0, four().cast(), 0), JET_errInvalidParameter),
            (
                "many",
                JetIntersectIndexes(s, four().cast(), u32::MAX, four().cast(), 0),
                JET_errInvalidParameter,
            ),
            (
                "size 0",
                JetIntersectIndexes(s, sized(0), 1, four().cast::<[u8; 64]>().add(4).cast(), 0),
                JET_errInvalidParameter,
            ),
            ("no structure", JetCreateTableColumnIndex2A(s, d, null_mut()), JET_errInvalidParameter),
            ("size 3", JetCreateTableColumnIndex3W(s, d, sized(3)), JET_errInvalidParameter),
            ("no structure", JetOpenTemporaryTable(s, null_mut()), JET_errInvalidParameter),
            ("size 3", JetOpenTemporaryTable(s, sized(3)), JET_errInvalidParameter),
            (
                "no columns",
                JetOpenTempTable(s, null(), 1, 0, four().cast(), four().cast()),
                JET_errInvalidParameter,
            ),
            ("no path", JetAttachDatabaseA(s, null(), 0), JET_errDatabaseInvalidPath),
            ("no path", JetAttachDatabaseW(s, null(), 0), JET_errDatabaseInvalidPath),
            ("no path", JetOpenDatabaseA(s, null(), null(), four().cast(), 0), JET_errDatabaseInvalidPath),
            ("no path", JetCreateDatabaseA(s, null(), null(), four().cast(), 0), JET_errDatabaseInvalidPath),
        ]
    };
    let wrong: Vec<_> = given.iter().filter(|(_, code, wanted)| code != wanted).collect();
    assert!(wrong.is_empty(), "what, given, wanted: {wrong:#?}");
    assert_eq!((level(s), f.cursor().at(2).id()), (0, 2));
}

#[test]
fn bad_arguments_beside_a_secondary_index_are_told() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let c = f.cursor().on(c"iv").at(20);
    let (key, bookmark) = (c.secondary_bookmark().1, c.secondary_bookmark().2);
    let entry = |key: *mut c_void, key_bytes, bookmark: *mut c_void, bookmark_bytes| {
        // SAFETY: what is passed is NULL or has as many bytes as are told, or more are told than any key has.
        unsafe {
            JetGotoSecondaryIndexBookmark(c.session, c.table, key, key_bytes, bookmark, bookmark_bytes, 0)
        }
    };
    let (key_data, data) = (key.as_ptr().cast_mut().cast(), bookmark.as_ptr().cast_mut().cast());
    let (key_bytes, bytes) = (key.len() as u32, bookmark.len() as u32);
    is(entry(null_mut(), key_bytes, data, bytes), JET_errInvalidBookmark);
    is(entry(key_data, 0, data, bytes), JET_errInvalidBookmark);
    is(entry(key_data, key_bytes, null_mut(), bytes), JET_errInvalidBookmark);
    is(entry(four(), u32::MAX, data, bytes), JET_errRecordDeleted);
    is(entry(key_data, key_bytes, four(), u32::MAX), JET_errRecordDeleted);
    is(c.id(), 2);
    is(entry(key_data, key_bytes, data, bytes), 0);
    let told = |key: *mut c_void, bookmark: *mut c_void, bytes| {
        // SAFETY: what is passed is NULL or has 512 bytes.
        unsafe {
            JetGetSecondaryIndexBookmark(
                c.session,
                c.table,
                key,
                bytes,
                null_mut(),
                bookmark,
                bytes,
                null_mut(),
                0,
            )
        }
    };
    is(told(null_mut(), four(), 8), JET_errInvalidParameter);
    is(told(four(), null_mut(), 8), JET_errInvalidParameter);
    is(told(null_mut(), null_mut(), 0), JET_errBufferTooSmall);
    is(told(four(), four(), 2), JET_errBufferTooSmall);
    is(c.make_key(&[0; 4], JET_bitNewKey | JET_bitPartialColumnEndLimit), JET_errInvalidGrbit);
    is(c.seek(JET_bitSeekEQ), JET_errKeyNotMade);
}

#[test]
fn moves_and_buffers_of_any_size_do_no_harm() {
    let _turn = crate::one_at_a_time();
    let f = F::new();
    let c = f.cursor().at(2);
    for (rows, code) in [
        (i32::MAX - 1, JET_errNoCurrentRecord),
        (i32::MIN + 1, JET_errNoCurrentRecord),
        (JET_MoveFirst, 0),
        (JET_MoveLast, 0),
    ] {
        for grbit in [0, JET_bitMoveKeyNE, u32::MAX] {
            is(c.step(rows, grbit), code);
        }
    }
    // More room than there is, behind a buffer that is large enough for the value.
    let mut value = [0_u8; 8];
    let mut actual = 0;
    // SAFETY: the value has four bytes, and no more are written.
    let code = unsafe {
        JetRetrieveColumn(c.session, c.table, V, value.as_mut_ptr().cast(), 8, &raw mut actual, 0, null_mut())
    };
    assert_eq!((code, actual, value[4..] == [0; 4]), (JET_wrnColumnNull, 0, true), "row 5 has no v");
    for room in 0..6 {
        let read = c.at(2).retrieve(V, room, 0, 0, 1);
        let wanted = if room < 4 { JET_wrnBufferTruncated } else { 0 };
        assert_eq!((read.code, read.actual), (wanted, 4), "{room} bytes of room");
    }
    for offset in [4, 5, u32::MAX] {
        let read = c.retrieve(V, 4, 0, offset, 1);
        assert_eq!((read.code, read.actual), (0, 4), "from byte {offset}: only long values have offsets");
    }
    for itag in [2, 7, u32::MAX] {
        assert_eq!(c.retrieve(N, 4, 0, 0, itag).code, JET_wrnColumnNull, "value {itag}");
    }
    assert_eq!(c.bookmark(4096).bytes, [0x7F, 0x80, 0, 0, 2]);
}
