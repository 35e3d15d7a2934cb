//! Fixture F of spec 09 §15: table `t` with seven columns, four indexes and five records, committed.

use std::ffi::CStr;
use std::ops::Deref;
use std::ptr::null;

use esent::abi::structs::JET_COLUMNDEF;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::cursor::Cursor;
use crate::harness::{Fixture, begin, commit, open};

/// Column id: Long, fixed, NotNULL; the primary key.
pub(crate) const ID: u32 = 1;
/// Column v: Long, fixed; index iv.
pub(crate) const V: u32 = 2;
/// Column d: Long, fixed, default 7.
pub(crate) const D: u32 = 3;
/// Column e: Long, fixed, escrow, default 0.
pub(crate) const E: u32 = 4;
/// Column s: Text of 50 bytes, code page 1252, variable; unique index us.
pub(crate) const S: u32 = 128;
/// Column n: Long, tagged, several values; index in, which leaves NULL out.
pub(crate) const N: u32 = 256;
/// Column lb: LongBinary.
pub(crate) const LB: u32 = 257;

/// A column to be added: name, type, longest value, grbit, default.
pub(crate) type NewColumn<'c> = (&'c CStr, u32, u32, u32, Option<i32>);

/// JetAddColumn; its id, and the code.
pub(crate) fn add_column(cursor: Cursor, column: NewColumn<'_>) -> (u32, i32) {
    let (name, coltyp, most, grbit, default) = column;
    let definition = JET_COLUMNDEF {
        cbStruct: 32,
        columnid: 0,
        coltyp,
        wCountry: 0,
        langid: 0,
        cp: 1252,
        wCollate: 0,
        cbMax: most,
        grbit,
    };
    let (mut id, default) = (0, default.map(i32::to_le_bytes));
    let (bytes, length) = default.as_ref().map_or((null(), 0), |bytes| (bytes.as_ptr().cast(), 4));
    // SAFETY: the name is NUL-terminated, the default has as many bytes as are told, the rest are locals.
    let code = unsafe {
        JetAddColumn(
            cursor.session,
            cursor.table,
            name.as_ptr(),
            &raw const definition,
            bytes,
            length,
            &raw mut id,
        )
    };
    (id, code)
}

/// JetCreateIndex; `key` ends as key strings do, with two NULs.
pub(crate) fn create_index(cursor: Cursor, name: &CStr, key: &[u8], grbit: u32) -> i32 {
    let (key, length) = (key.as_ptr().cast(), key.len() as u32);
    // SAFETY: the name is NUL-terminated, the key has as many bytes as are told.
    unsafe { JetCreateIndex(cursor.session, cursor.table, name.as_ptr(), grbit, key, length, 100) }
}

/// JetDeleteIndex.
pub(crate) fn delete_index(cursor: Cursor, name: &CStr) -> i32 {
    // SAFETY: the name is NUL-terminated.
    unsafe { JetDeleteIndex(cursor.session, cursor.table, name.as_ptr()) }
}

/// JetDeleteColumn.
pub(crate) fn delete_column(cursor: Cursor, name: &CStr) -> i32 {
    // SAFETY: the name is NUL-terminated.
    unsafe { JetDeleteColumn(cursor.session, cursor.table, name.as_ptr()) }
}

/// JetCreateTable; the cursor, and the code.
pub(crate) fn create_table(session: usize, dbid: u32, name: &CStr) -> (Cursor, i32) {
    let mut table = 0;
    // SAFETY: the name is NUL-terminated, the place a local.
    let code = unsafe { JetCreateTable(session, dbid, name.as_ptr(), 1, 100, &raw mut table) };
    (Cursor { session, table }, code)
}

/// JetDeleteTable.
pub(crate) fn delete_table(session: usize, dbid: u32, name: &CStr) -> i32 {
    // SAFETY: the name is NUL-terminated.
    unsafe { JetDeleteTable(session, dbid, name.as_ptr()) }
}

/// Fixture F.
#[derive(Debug)]
pub(crate) struct F {
    /// Its instance, session and database.
    pub(crate) base: Fixture,
}

impl Deref for F {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.base
    }
}

impl F {
    /// A fresh one.
    pub(crate) fn new() -> Self {
        Self::over(Fixture::new())
    }

    /// Table t in a database that is there.
    pub(crate) fn over(base: Fixture) -> Self {
        assert_eq!(begin(base.session), 0);
        let (cursor, code) = create_table(base.session, base.dbid, c"t");
        assert_eq!(code, 0, "JetCreateTable");
        define(cursor);
        insert_rows(cursor);
        assert_eq!(commit(base.session, 0), 0, "JetCommitTransaction");
        assert_eq!(cursor.close(), 0, "JetCloseTable");
        Self { base }
    }

    /// Without records: the table as it was, all rows deleted and gone for every later transaction.
    pub(crate) fn emptied() -> Self {
        let fixture = Self::new();
        let cursor = fixture.cursor();
        while cursor.step(JET_MoveFirst, 0) == 0 {
            assert_eq!(cursor.delete(), 0);
        }
        assert_eq!(cursor.close(), 0);
        fixture
    }

    /// C: a fresh cursor of S.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor_with(0)
    }

    /// A fresh cursor of S, opened in a certain way.
    pub(crate) fn cursor_with(&self, grbit: u32) -> Cursor {
        let (cursor, code) = Cursor::open(self.base.session, self.base.dbid, c"t", grbit);
        assert_eq!(code, 0, "JetOpenTable");
        cursor
    }

    /// S2: a second session with the database open.
    pub(crate) fn second(&self) -> Second {
        let session = self.base.running.session();
        let (dbid, code) = open(session, &self.base.database, 0);
        assert_eq!(code, 0, "JetOpenDatabase");
        Second { session, dbid }
    }
}

/// S2 of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Second {
    /// The session.
    pub(crate) session: usize,
    /// The database.
    pub(crate) dbid: u32,
}

impl Second {
    /// C2: a fresh cursor of S2.
    pub(crate) fn cursor(self) -> Cursor {
        let (cursor, code) = Cursor::open(self.session, self.dbid, c"t", 0);
        assert_eq!(code, 0, "JetOpenTable");
        cursor
    }
}

fn define(cursor: Cursor) {
    let columns: [(NewColumn<'_>, u32); 7] = [
        ((c"id", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnNotNULL, None), ID),
        ((c"v", JET_coltypLong, 0, JET_bitColumnFixed, None), V),
        ((c"s", JET_coltypText, 50, 0, None), S),
        ((c"n", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued, None), N),
        ((c"lb", JET_coltypLongBinary, 0, 0, None), LB),
        ((c"d", JET_coltypLong, 0, JET_bitColumnFixed, Some(7)), D),
        ((c"e", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnEscrowUpdate, Some(0)), E),
    ];
    for (column, id) in columns {
        assert_eq!(add_column(cursor, column), (id, 0), "JetAddColumn {:?}", column.0);
    }
    let indexes: [(&CStr, &[u8], u32); 4] = [
        (c"pk", b"+id\0\0", JET_bitIndexPrimary),
        (c"iv", b"+v\0\0", 0),
        (c"us", b"+s\0\0", JET_bitIndexUnique),
        (c"in", b"+n\0\0", JET_bitIndexIgnoreNull),
    ];
    for (name, key, grbit) in indexes {
        assert_eq!(create_index(cursor, name, key, grbit), 0, "JetCreateIndex {name:?}");
    }
}

fn insert_rows(cursor: Cursor) {
    let rows =
        [(1, Some(10), "a"), (2, Some(20), "b"), (3, Some(20), "c"), (4, Some(30), "d"), (5, None, "e")];
    for (id, v, s) in rows {
        assert_eq!(cursor.prepare(JET_prepInsert), 0, "JetPrepareUpdate");
        assert_eq!((cursor.set_long(ID, id), cursor.set(S, s.as_bytes())), (0, 0), "JetSetColumn");
        if let Some(v) = v {
            assert_eq!(cursor.set_long(V, v), 0, "JetSetColumn");
        }
        if id == 1 {
            for value in [5_i32, 6] {
                assert_eq!(cursor.set_with(N, &value.to_le_bytes(), 0, 0, 0), 0, "JetSetColumn");
            }
        }
        assert_eq!(cursor.update(), 0, "JetUpdate");
    }
}
