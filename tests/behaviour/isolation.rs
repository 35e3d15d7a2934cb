//! Two sessions at once: what each sees, who meets a conflict, and definitions made inside transactions.

use std::ffi::CStr;

use esent::abi::structs::JET_COLUMNDEF;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::cursor::{Cursor, NULL, is};
use crate::fixture::*;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (58, || {
        let (_f, c, c2) = two();
        begin(c2.session);
        is(c.insert(6, "f"), 0);
        let before = c2.key(6).seek(JET_bitSeekEQ);
        commit(c2.session, 0);
        vec![before, c2.key(6).seek(JET_bitSeekEQ)]
    }),
    (59, || {
        let (_f, c, c2) = two();
        begin(c2.session);
        is(c.at(1).replace(V, 11), 0);
        vec![each(&[c2.key(1).seek(JET_bitSeekEQ), is(c2.long(V), 10), is(c.long(V), 11)])]
    }),
    (60, || {
        let (_f, c, c2) = two();
        begin(c2.session);
        is(c.at(1).replace(V, 11), 0);
        vec![c2.at(1).prepare(JET_prepReplace)]
    }),
    (61, || {
        let (_f, c, c2) = two();
        begin(c.session);
        is(c.at(1).delete(), 0);
        begin(c2.session);
        let found = c2.key(1).seek(JET_bitSeekEQ);
        let readable = || [c2.id(), c2.long(V), c2.long_with(N, 0, 2)];
        assert_eq!(readable(), [1, 10, 6]);
        commit(c.session, 0);
        assert_eq!(readable(), [1, 10, 6]);
        commit(c2.session, 0);
        let outside = c2.id();
        is(c2.next(), 2);
        vec![found, outside]
    }),
    (62, || {
        let (_f, c, c2) = two();
        begin(c.session);
        is(c.at(1).delete(), 0);
        begin(c2.session);
        vec![c2.at(1).delete()]
    }),
    (63, || {
        let (_f, c, c2) = two();
        begin(c.session);
        is(c.insert(6, "f"), 0);
        begin(c2.session);
        vec![c2.insert(6, "g")]
    }),
    (64, || {
        let (_f, c, c2) = two();
        begin(c.session);
        is(c.insert(6, "f"), 0);
        begin(c2.session);
        is(c2.prepare(JET_prepInsert), 0);
        is(c2.set_long(ID, 6), 0);
        is(c2.set(S, b"g"), 0);
        is(c2.update(), JET_errKeyDuplicate);
        rollback(c.session, 0);
        vec![c2.update()]
    }),
    (65, || {
        let (_f, c, c2) = two();
        begin(c2.session);
        is(c.at(1).delete(), 0);
        vec![c2.insert(1, "x")]
    }),
    (66, || {
        let f = F::new();
        let c = f.cursor();
        begin(f.session);
        is(c.at(1).delete(), 0);
        vec![each(&[c.insert(1, "a"), commit(f.session, 0), is(c.at(1).long(V), NULL)])]
    }),
    (67, || {
        let f = F::new();
        let c = f.cursor();
        begin(f.session);
        is(c.insert(6, "f"), 0);
        rollback(f.session, 0);
        vec![c.key(6).seek(JET_bitSeekEQ)]
    }),
    (70, || {
        let f = F::new();
        let c = f.cursor().at(1);
        begin_reading(f.session);
        let (made, create) = create_table(f.session, f.dbid, c"x");
        assert!(create != 0 || made.close() == 0);
        let column = (c"q", JET_coltypLong, 0, 0, None);
        let refused = [
            c.prepare(JET_prepInsert),
            c.prepare(JET_prepReplace),
            c.delete(),
            c.lock(JET_bitWriteLock),
            c.escrow(E, 1, 0).0,
            create,
            add_column(c, column).1,
            create_index(c, c"ix", b"+v\0\0", 0),
            delete_index(c, c"iv"),
            delete_column(c, c"d"),
            delete_table(f.session, f.dbid, c"t"),
        ];
        vec![each(&refused), each(&[c.lock(JET_bitReadLock), c.prepare(JET_prepReadOnlyCopy)])]
    }),
    (71, || {
        let f = F::new();
        let c = f.cursor();
        begin(f.session);
        is(c.prepare(JET_prepInsert), 0);
        is(c.set_long(ID, 6), 0);
        is(commit(f.session, 0), 0);
        vec![each(&[c.update(), is(c.at(6).id(), 6)])]
    }),
    (72, || {
        let (_f, c, c2) = two();
        begin(c.session);
        is(c.at(1).lock(JET_bitWriteLock), 0);
        begin(c2.session);
        let while_locked = c2.at(1).lock(JET_bitReadLock);
        commit(c.session, 0);
        vec![each(&[while_locked, c2.lock(JET_bitReadLock)])]
    }),
    (73, || {
        let (_f, c, c2) = two();
        begin(c.session);
        begin(c2.session);
        is(c.at(1).lock(JET_bitReadLock), 0);
        is(c2.at(1).lock(JET_bitReadLock), 0);
        let while_locked = c.replace(V, 11);
        commit(c2.session, 0);
        let after = c.replace(V, 11);
        commit(c.session, 0);
        begin(c.session);
        is(c.at(1).replace(V, 11), 0);
        vec![each(&[while_locked, after])]
    }),
    (74, || {
        let mut running = {
            assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
            Running::created("f")
        };
        is(set(Some(running.instance), JET_paramMaxVerPages, 16), 0);
        running.start();
        let session = running.session();
        let database = running.path("f.edb");
        let (dbid, code) = create_database(session, &database, 0);
        is(code, 0);
        let f = F::over(Fixture { running, session, database, dbid });
        let (c, c2) = (f.cursor(), f.second().cursor());
        begin(c2.session);
        is(c2.first(), 1);
        begin(c.session);
        let codes = (6..100_000).map(|id| c.insert(id, &id.to_string()));
        let failed = codes.into_iter().find(|code| *code != 0).unwrap_or(0);
        let undone = rollback(c.session, 0);
        is(c.last(), 5);
        vec![failed, undone]
    }),
    (76, || {
        let f = F::new();
        let second = f.second();
        begin(f.session);
        let (made, _) = create_table(f.session, f.dbid, c"x");
        let open = || Cursor::open(second.session, second.dbid, c"x", 0).1;
        let before = open();
        is(commit(f.session, 0), 0);
        is(made.close(), 0);
        vec![before, open()]
    }),
    (77, || {
        let (_f, c, c2) = two();
        begin(c2.session);
        begin(c.session);
        is(add_column(c, (c"q", JET_coltypLong, 0, 0, None)).1, 0);
        is(commit(c.session, 0), 0);
        let before = column_info(c2, c"q");
        let added = add_column(c2, (c"q", JET_coltypLong, 0, 0, None)).1;
        commit(c2.session, 0);
        begin(c2.session);
        vec![before, added, column_info(c2, c"q")]
    }),
    (78, || {
        let f = F::new();
        let second = f.second();
        let open_by_second = || Cursor::open(second.session, second.dbid, c"t", 0).1;
        begin(f.session);
        is(delete_table(f.session, f.dbid, c"t"), 0);
        let locked = open_by_second();
        let own = Cursor::open(f.session, f.dbid, c"t", 0).1;
        is(commit(f.session, 0), 0);
        let gone = open_by_second();
        drop(f);
        let f = F::new();
        begin(f.session);
        is(delete_table(f.session, f.dbid, c"t"), 0);
        let (again, code) = create_table(f.session, f.dbid, c"t");
        is(code, 0);
        is(commit(f.session, 0), 0);
        is(again.first(), JET_errNoCurrentRecord);
        vec![locked, gone, own]
    }),
    (259, || {
        let f = F::new();
        let c = f.cursor();
        begin_reading(f.session);
        let alone = c.prepare(JET_prepInsert);
        commit(f.session, 0);
        begin(f.session);
        begin_reading(f.session);
        vec![alone, c.prepare(JET_prepInsert)]
    }),
    (268, || {
        let (f, c, c2) = two();
        begin(f.session);
        is(c.at(1).prepare(JET_prepReplace), 0);
        is(c.set_long(V, 11), 0);
        is(commit(f.session, 0), 0);
        is(c2.at(1).replace(V, 67), 0);
        let refused = c.update();
        // The original overwrote what S2 had committed: its code was success. Here S2's value stays.
        vec![refused, is(c.long(V), 67)]
    }),
    (269, || {
        let (f, c, c2) = two();
        is(c.at(1).prepare(JET_prepReplace), 0);
        is(c.set_long(V, 11), 0);
        is(c2.at(1).replace(V, 67), 0);
        begin(f.session);
        vec![c.update()]
    }),
    (270, || {
        let f = F::new();
        let c = f.cursor();
        let prepared_with = |bytes: usize| {
            is(c.prepare(JET_prepInsert), 0);
            is(c.set_long(ID, 6), 0);
            is(c.set_with(LB, &vec![7; bytes], 0, 0, 1), 0);
        };
        begin(f.session);
        prepared_with(20_000);
        let outer = commit(f.session, 0);
        is(c.prepare(JET_prepCancel), 0);
        begin(f.session);
        prepared_with(20_000);
        let inner = commit(f.session, 0);
        is(c.prepare(JET_prepCancel), 0);
        prepared_with(20);
        vec![outer, inner, commit(f.session, 0)]
    }),
    (271, || {
        let (f, c, c2) = two();
        begin(f.session);
        is(c.at(1).delete(), 0);
        begin(c2.session);
        let uncommitted = c2.insert(6, "a");
        commit(f.session, 0);
        let committed = c2.insert(6, "a");
        commit(c2.session, 0);
        begin(c2.session);
        is(c2.insert(6, "a"), 0);
        vec![each(&[uncommitted, committed])]
    }),
    (272, || {
        let (f, c, c2) = two();
        begin(f.session);
        is(c.insert(6, "zz"), 0);
        begin(c2.session);
        is(c2.at(5).prepare(JET_prepReplace), 0);
        is(c2.set(S, b"zz"), 0);
        let taken = c2.update();
        is(c2.set(S, b"yy"), 0);
        is(c2.update(), 0);
        vec![taken]
    }),
    (273, || {
        let (f, c, c2) = two();
        begin(f.session);
        begin(c2.session);
        is(c.at(1).replace(V, 11), 0);
        is(c2.at(2).replace(V, 21), 0);
        let codes = vec![commit(f.session, 0), commit(c2.session, 0)];
        assert_eq!([c.long(V), c.at(2).long(V)], [11, 21]);
        codes
    }),
    (274, || {
        let f = F::new();
        let (c, other) = (f.cursor(), f.cursor());
        is(c.at(1).prepare(JET_prepReplace), 0);
        vec![other.at(1).prepare(JET_prepReplace)]
    }),
];

/// F, C and C2.
fn two() -> (F, Cursor, Cursor) {
    let f = F::new();
    let (c, c2) = (f.cursor(), f.second().cursor());
    (f, c, c2)
}

/// JetBeginTransaction2 for reading.
fn begin_reading(session: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetBeginTransaction2(session, JET_bitTransactionReadOnly) }
}

/// JetGetTableColumnInfo of a name.
fn column_info(cursor: Cursor, name: &CStr) -> i32 {
    // SAFETY: a structure of numbers may be all zero.
    let mut definition: JET_COLUMNDEF = unsafe { std::mem::zeroed() };
    let place = (&raw mut definition).cast();
    // SAFETY: the name is NUL-terminated, the place has as many bytes as are told.
    unsafe { JetGetTableColumnInfo(cursor.session, cursor.table, name.as_ptr(), place, 32, JET_ColInfo) }
}
