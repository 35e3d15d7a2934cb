//! A table of five rows with an index of every kind that the information calls tell apart.

use std::ffi::c_void;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::calls::Text;
use crate::harness::{Fixture, begin, commit};

/// The table's name.
pub(crate) const TABLE: &str = "people";

/// The database with its table, a cursor over it, and the ids of its columns.
pub(crate) struct People {
    pub(crate) base: Fixture,
    pub(crate) cursor: usize,
    pub(crate) id: u32,
    pub(crate) age: u32,
    pub(crate) name: u32,
    pub(crate) notes: u32,
}

/// An index by its name, key and grbit.
pub(crate) fn create_index(session: usize, cursor: usize, name: &str, key: &[u8], grbit: u32) -> i32 {
    let name = Text::new(name);
    // SAFETY: the name ends with a zero, the key has its length.
    unsafe {
        JetCreateIndex(session, cursor, name.narrow(), grbit, key.as_ptr().cast(), key.len() as u32, 90)
    }
}

fn add_column(session: usize, cursor: usize, name: &str, column: [u32; 4], default: &[u8]) -> u32 {
    let [coltyp, code_page, bytes_max, grbit] = column;
    let definition = JET_COLUMNDEF {
        cbStruct: size_of::<JET_COLUMNDEF>() as u32,
        columnid: 0,
        coltyp,
        wCountry: 0,
        langid: 0,
        cp: code_page as u16,
        wCollate: 0,
        cbMax: bytes_max,
        grbit,
    };
    let (name, mut id) = (Text::new(name), 0);
    let pointer: *const c_void = if default.is_empty() { std::ptr::null() } else { default.as_ptr().cast() };
    // SAFETY: the name ends with a zero, the structures are locals, the default has its length.
    let code = unsafe {
        let length = default.len() as u32;
        JetAddColumn(session, cursor, name.narrow(), &raw const definition, pointer, length, &raw mut id)
    };
    assert_eq!(code, 0, "JetAddColumn");
    id
}

fn set_column(session: usize, cursor: usize, column: u32, value: &[u8]) {
    let (value, length) = (value.as_ptr().cast(), value.len() as u32);
    // SAFETY: the value has its length.
    let code = unsafe { JetSetColumn(session, cursor, column, value, length, 0, std::ptr::null_mut()) };
    assert_eq!(code, 0, "JetSetColumn");
}

/// JetOpenTable.
pub(crate) fn open_table(session: usize, dbid: u32, name: &str) -> usize {
    let (name, mut cursor) = (Text::new(name), 0);
    // SAFETY: the name ends with a zero, the place is a local.
    let code = unsafe { JetOpenTable(session, dbid, name.narrow(), std::ptr::null(), 0, 0, &raw mut cursor) };
    assert_eq!(code, 0, "JetOpenTable");
    cursor
}

/// JetSetCurrentIndex; no name is the primary order.
pub(crate) fn set_index(session: usize, cursor: usize, name: &str) -> i32 {
    let name = Text::new(name);
    // SAFETY: the name ends with a zero.
    unsafe { JetSetCurrentIndex(session, cursor, name.narrow()) }
}

/// JetMakeKey with a new key, and JetSeek.
pub(crate) fn seek(session: usize, cursor: usize, value: &[u8], grbit: u32) -> i32 {
    make_key(session, cursor, value);
    // SAFETY: any numbers may be passed.
    unsafe { JetSeek(session, cursor, grbit) }
}

pub(crate) fn make_key(session: usize, cursor: usize, value: &[u8]) {
    // SAFETY: the value has its length.
    let code =
        unsafe { JetMakeKey(session, cursor, value.as_ptr().cast(), value.len() as u32, JET_bitNewKey) };
    assert_eq!(code, 0, "JetMakeKey");
}

impl People {
    pub(crate) fn new() -> Self {
        let base = Fixture::new();
        let (session, dbid) = (base.session, base.dbid);
        assert_eq!(begin(session), 0);
        let (name, mut cursor) = (Text::new(TABLE), 0);
        // SAFETY: the name ends with a zero, the place is a local.
        let code = unsafe { JetCreateTable(session, dbid, name.narrow(), 4, 85, &raw mut cursor) };
        assert_eq!(code, 0, "JetCreateTable");
        let fixed = JET_bitColumnFixed | JET_bitColumnNotNULL;
        let id = add_column(session, cursor, "Id", [JET_coltypLong, 0, 0, fixed], &[]);
        let age = add_column(session, cursor, "age", [JET_coltypLong, 0, 0, 0], &7_u32.to_le_bytes());
        let name = add_column(session, cursor, "Name", [JET_coltypText, 1252, 60, 0], &[]);
        let notes = add_column(session, cursor, "notes", [JET_coltypLongBinary, 0, 0, 0], b"none");
        add_column(session, cursor, "Wide", [JET_coltypText, 1200, 0, 0], &[]);
        let primary = JET_bitIndexPrimary | JET_bitIndexUnique;
        assert_eq!(create_index(session, cursor, "Primary", b"+Id\0\0", primary), 0);
        assert_eq!(create_index(session, cursor, "ages", b"+age\0\0", 0), 0);
        assert_eq!(create_index(session, cursor, "Names", b"-Name\0+age\0\0", JET_bitIndexUnique), 0);
        let rows: [(u32, &[u8]); 5] = [(20, b"Eve"), (20, b"Bob"), (30, b"Ann"), (30, b"Dan"), (40, b"Cid")];
        for (number, (years, called)) in (1_u32..).zip(rows) {
            // SAFETY: any numbers may be passed.
            assert_eq!(unsafe { JetPrepareUpdate(session, cursor, JET_prepInsert) }, 0);
            set_column(session, cursor, id, &number.to_le_bytes());
            set_column(session, cursor, age, &years.to_le_bytes());
            set_column(session, cursor, name, called);
            // SAFETY: no bookmark is wanted.
            let code = unsafe { JetUpdate(session, cursor, std::ptr::null_mut(), 0, std::ptr::null_mut()) };
            assert_eq!(code, 0, "JetUpdate");
        }
        assert_eq!(commit(session, 0), 0);
        Self { base, cursor, id, age, name, notes }
    }

    /// The session, the database and the cursor.
    pub(crate) fn handles(&self) -> (usize, u32, usize) {
        (self.base.session, self.base.dbid, self.cursor)
    }

    /// Puts a long value of so many bytes into the first row.
    pub(crate) fn write_notes(&self, bytes: usize) {
        let (session, _, cursor) = self.handles();
        assert_eq!(begin(session), 0);
        assert_eq!(seek(session, cursor, &1_u32.to_le_bytes(), JET_bitSeekEQ), 0);
        // SAFETY: any numbers may be passed.
        assert_eq!(unsafe { JetPrepareUpdate(session, cursor, JET_prepReplace) }, 0);
        let value: Vec<u8> = (0..bytes).map(|place| (place * 7 + place / 256) as u8).collect();
        set_column(session, cursor, self.notes, &value);
        // SAFETY: no bookmark is wanted.
        let code = unsafe { JetUpdate(session, cursor, std::ptr::null_mut(), 0, std::ptr::null_mut()) };
        assert_eq!((code, commit(session, 0)), (0, 0));
    }
}
