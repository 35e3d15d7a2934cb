//! A program's view of the information calls: lists as rows.

use std::ffi::{CStr, c_void};
use std::ptr::null;

use esent::abi::structs::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::cursor::Cursor;
use crate::define::*;

/// A row of a list of indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexRow {
    pub(crate) name: String,
    pub(crate) grbit: i32,
    pub(crate) keys: i32,
    pub(crate) entries: i32,
}

/// JetGetTableColumnInfo: the definition of a column.
pub(crate) fn column_definition(cursor: Cursor, name: &CStr) -> (i32, JET_COLUMNDEF) {
    let mut definition = zeroed::<JET_COLUMNDEF>();
    let place = (&raw mut definition).cast::<c_void>();
    let bytes = size_of::<JET_COLUMNDEF>() as u32;
    // SAFETY: the name ends with a zero, the place has as many bytes as is told.
    let code = unsafe {
        JetGetTableColumnInfo(cursor.session, cursor.table, name.as_ptr(), place, bytes, JET_ColInfo)
    };
    (code, definition)
}

/// JetGetTableIndexInfo: the list of indexes.
pub(crate) fn index_list(cursor: Cursor, name: &CStr) -> (i32, Vec<IndexRow>) {
    let mut list = zeroed::<JET_INDEXLIST>();
    let (place, bytes) = ((&raw mut list).cast::<c_void>(), size_of::<JET_INDEXLIST>() as u32);
    // SAFETY: the name ends with a zero, the place has as many bytes as is told.
    let code = unsafe {
        JetGetTableIndexInfo(cursor.session, cursor.table, name.as_ptr(), place, bytes, JET_IdxInfoList)
    };
    let rows = rows_of(code, cursor.session, list.tableid, list.cRecord, |row| IndexRow {
        name: text_of(row, list.columnidindexname),
        grbit: row.number(list.columnidgrbitIndex).expect("a number"),
        keys: row.number(list.columnidcKey).expect("a number"),
        entries: row.number(list.columnidcEntry).expect("a number"),
    });
    (code, rows)
}

/// JetGetTableColumnInfo: the names in the list of columns.
pub(crate) fn column_list(cursor: Cursor) -> (i32, Vec<String>) {
    let mut list = zeroed::<JET_COLUMNLIST>();
    let (place, bytes) = ((&raw mut list).cast::<c_void>(), size_of::<JET_COLUMNLIST>() as u32);
    // SAFETY: the place has as many bytes as is told.
    let code =
        unsafe { JetGetTableColumnInfo(cursor.session, cursor.table, null(), place, bytes, JET_ColInfoList) };
    let rows = rows_of(code, cursor.session, list.tableid, list.cRecord, |row| {
        text_of(row, list.columnidcolumnname)
    });
    (code, rows)
}

/// JetGetObjectInfo: the names in the list of tables.
pub(crate) fn object_list(session: usize, dbid: u32) -> (i32, Vec<String>) {
    let mut list = zeroed::<JET_OBJECTLIST>();
    let (place, bytes) = ((&raw mut list).cast::<c_void>(), size_of::<JET_OBJECTLIST>() as u32);
    // SAFETY: the place has as many bytes as is told.
    let code = unsafe {
        JetGetObjectInfo(session, dbid, JET_objtypTable, null(), null(), place, bytes, JET_ObjInfoListNoStats)
    };
    let rows =
        rows_of(code, session, list.tableid, list.cRecord, |row| text_of(row, list.columnidobjectname));
    (code, rows)
}

/// The rows of a list, its cursor closed.
fn rows_of<T>(code: i32, session: usize, table: usize, count: u32, read: impl Fn(Cursor) -> T) -> Vec<T> {
    if code != 0 {
        return Vec::new();
    }
    let cursor = Cursor { session, table };
    let mut rows = Vec::new();
    // The cursor is on the first row.
    let mut moved = if count > 0 { 0 } else { cursor.move_first() };
    while moved == 0 {
        rows.push(read(cursor));
        moved = cursor.move_next();
    }
    assert_eq!((rows.len() as u32, cursor.close()), (count, 0));
    rows
}

/// A text of code page 1252 in a row; all of the tests' are ASCII.
fn text_of(row: Cursor, column: u32) -> String {
    String::from_utf8(row.get(column).data).expect("ASCII")
}
