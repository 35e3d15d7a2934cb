//! Calls with plain arguments, and lists as rows of bytes.

use std::ffi::{CString, c_void};

use esent::abi::structs::*;
use esent::abi::tables::enums::*;
use esent::api::*;

/// Which form of a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Ansi,
    Wide,
}

pub(crate) const FORMS: [Form; 2] = [Form::Ansi, Form::Wide];

/// A text in one of the forms.
pub(crate) struct Text {
    narrow: CString,
    wide: Vec<u16>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let wide = text.encode_utf16().chain([0]).collect();
        Self { narrow: CString::new(text).expect("no NUL"), wide }
    }

    pub(crate) fn narrow(&self) -> *const std::ffi::c_char {
        self.narrow.as_ptr()
    }

    pub(crate) fn wide(&self) -> *const u16 {
        self.wide.as_ptr()
    }
}

/// Who is asked: a table of a database, or that of a cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'t> {
    Named(u32, &'t str),
    Cursor(usize),
}

/// Room for the largest answer; the first bytes are the answer.
pub(crate) type Answer = [u64; 512];

pub(crate) fn nothing() -> Answer {
    [0x5A5A_5A5A_5A5A_5A5A; 512]
}

/// An answer as a structure.
pub(crate) fn value<T: Copy>(answer: &Answer) -> T {
    assert!(size_of::<T>() <= size_of_val(answer));
    // SAFETY: the answer has the bytes, and is aligned for numbers and pointers.
    unsafe { answer.as_ptr().cast::<T>().read() }
}

/// The bytes that a call may write of.
fn place(answer: &mut Answer) -> *mut c_void {
    answer.as_mut_ptr().cast()
}

/// JetGetColumnInfo and JetGetTableColumnInfo, `column` a name.
pub(crate) fn column_info(
    form: Form,
    session: usize,
    asked: Asked<'_>,
    column: &str,
    bytes: u32,
    level: u32,
) -> (i32, Answer) {
    let (mut answer, column) = (nothing(), Text::new(column));
    let at = place(&mut answer);
    // SAFETY: the texts end with a zero, the answer has no fewer bytes than told.
    let code = unsafe {
        match (form, asked) {
            (Form::Ansi, Asked::Named(dbid, table)) => {
                let table = Text::new(table);
                JetGetColumnInfo(session, dbid, table.narrow(), column.narrow(), at, bytes, level)
            }
            (Form::Wide, Asked::Named(dbid, table)) => {
                let table = Text::new(table);
                JetGetColumnInfoW(session, dbid, table.wide(), column.wide(), at, bytes, level)
            }
            (Form::Ansi, Asked::Cursor(cursor)) => {
                JetGetTableColumnInfo(session, cursor, column.narrow(), at, bytes, level)
            }
            (Form::Wide, Asked::Cursor(cursor)) => {
                JetGetTableColumnInfoW(session, cursor, column.wide(), at, bytes, level)
            }
        }
    };
    (code, answer)
}

/// JetGetIndexInfo and JetGetTableIndexInfo.
pub(crate) fn index_info(
    form: Form,
    session: usize,
    asked: Asked<'_>,
    index: &str,
    bytes: u32,
    level: u32,
) -> (i32, Answer) {
    let mut answer = nothing();
    let code = index_info_into(form, session, asked, index, &mut answer, bytes, level);
    (code, answer)
}

/// As [`index_info`], into a place of the caller's: pointers in the answer point into it.
pub(crate) fn index_info_into(
    form: Form,
    session: usize,
    asked: Asked<'_>,
    index: &str,
    answer: &mut Answer,
    bytes: u32,
    level: u32,
) -> i32 {
    let (at, index) = (place(answer), Text::new(index));
    // SAFETY: the texts end with a zero, the answer has no fewer bytes than told.
    unsafe {
        match (form, asked) {
            (Form::Ansi, Asked::Named(dbid, table)) => {
                let table = Text::new(table);
                JetGetIndexInfo(session, dbid, table.narrow(), index.narrow(), at, bytes, level)
            }
            (Form::Wide, Asked::Named(dbid, table)) => {
                let table = Text::new(table);
                JetGetIndexInfoW(session, dbid, table.wide(), index.wide(), at, bytes, level)
            }
            (Form::Ansi, Asked::Cursor(cursor)) => {
                JetGetTableIndexInfo(session, cursor, index.narrow(), at, bytes, level)
            }
            (Form::Wide, Asked::Cursor(cursor)) => {
                JetGetTableIndexInfoW(session, cursor, index.wide(), at, bytes, level)
            }
        }
    }
}

/// JetGetObjectInfo.
pub(crate) fn object_info(
    form: Form,
    session: usize,
    dbid: u32,
    names: (&str, &str),
    bytes: u32,
    level: u32,
) -> (i32, Answer) {
    let (mut answer, container, object) = (nothing(), Text::new(names.0), Text::new(names.1));
    let (at, kind) = (place(&mut answer), JET_objtypTable);
    // SAFETY: the texts end with a zero, the answer has no fewer bytes than told.
    let code = unsafe {
        match form {
            Form::Ansi => {
                JetGetObjectInfo(session, dbid, kind, container.narrow(), object.narrow(), at, bytes, level)
            }
            Form::Wide => {
                JetGetObjectInfoW(session, dbid, kind, container.wide(), object.wide(), at, bytes, level)
            }
        }
    };
    (code, answer)
}

/// JetGetTableInfo.
pub(crate) fn table_info(form: Form, session: usize, cursor: usize, bytes: u32, level: u32) -> (i32, Answer) {
    let mut answer = nothing();
    let at = place(&mut answer);
    // SAFETY: the answer has no fewer bytes than told.
    let code = unsafe {
        match form {
            Form::Ansi => JetGetTableInfo(session, cursor, at, bytes, level),
            Form::Wide => JetGetTableInfoW(session, cursor, at, bytes, level),
        }
    };
    (code, answer)
}

/// The value of a column of the current row; `None` for NULL.
pub(crate) fn retrieve(session: usize, cursor: usize, column: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8; 1 << 12];
    let mut actual = 0;
    // SAFETY: the buffer has the bytes it is said to have, the count is a local.
    let code = unsafe {
        JetRetrieveColumn(
            session,
            cursor,
            column,
            bytes.as_mut_ptr().cast(),
            bytes.len() as u32,
            &raw mut actual,
            0,
            std::ptr::null_mut(),
        )
    };
    assert!(code == 0 || code == 1004, "JetRetrieveColumn gives {code}");
    bytes.truncate(actual as usize);
    (code == 0).then_some(bytes)
}

/// JetMove.
pub(crate) fn move_by(session: usize, cursor: usize, rows: i32) -> i32 {
    // SAFETY: any numbers may be passed.
    unsafe { JetMove(session, cursor, rows, 0) }
}

/// JetCloseTable.
pub(crate) fn close_table(session: usize, cursor: usize) -> i32 {
    // SAFETY: any numbers may be passed.
    unsafe { JetCloseTable(session, cursor) }
}

/// The rows of a list from the one it is on, by the given columns; the list is closed.
pub(crate) fn rows(session: usize, cursor: usize, columns: &[u32]) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut rows = Vec::new();
    // The cursor is on the first row already: going there changes nothing, and says whether there is one.
    let mut code = move_by(session, cursor, 0);
    while code == 0 {
        rows.push(columns.iter().map(|column| retrieve(session, cursor, *column)).collect());
        code = move_by(session, cursor, 1);
    }
    assert_eq!(code, -1603, "the rows end");
    assert_eq!(close_table(session, cursor), 0);
    rows
}

pub(crate) fn number(value: Option<&Vec<u8>>) -> u32 {
    let bytes = value.expect("a number is not NULL");
    match bytes.len() {
        2 => u16::from_le_bytes([bytes[0], bytes[1]]).into(),
        _ => u32::from_le_bytes(bytes.as_slice().try_into().expect("four bytes")),
    }
}

pub(crate) fn text(form: Form, value: Option<&Vec<u8>>) -> String {
    let bytes = value.expect("a name is not NULL");
    match form {
        // Only names of ASCII are compared.
        Form::Ansi => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Form::Wide => {
            let units: Vec<u16> =
                bytes.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
            String::from_utf16(&units).expect("names are text")
        }
    }
}

/// A row of a list of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) order: Option<u32>,
    pub(crate) name: String,
    pub(crate) id: u32,
    pub(crate) coltyp: u32,
    pub(crate) code_page: u32,
    pub(crate) bytes_max: u32,
    pub(crate) grbit: u32,
    pub(crate) default: Option<Vec<u8>>,
    pub(crate) base: (String, String),
}

/// A list of columns, as many as its answer says.
pub(crate) fn columns(form: Form, session: usize, asked: Asked<'_>, level: u32) -> Vec<Column> {
    let bytes = size_of::<JET_COLUMNLIST>() as u32;
    let (code, answer) = column_info(form, session, asked, "", bytes, level);
    assert_eq!(code, 0, "a list of columns of {asked:?}");
    let list: JET_COLUMNLIST = value(&answer);
    assert_eq!((list.cbStruct, list.columnidDefinitionName), (bytes, 0));
    let ids = [
        list.columnidPresentationOrder,
        list.columnidcolumnname,
        list.columnidcolumnid,
        list.columnidcoltyp,
        list.columnidCp,
        list.columnidcbMax,
        list.columnidgrbit,
        list.columnidDefault,
        list.columnidBaseTableName,
        list.columnidBaseColumnName,
        list.columnidCountry,
        list.columnidLangid,
        list.columnidCollate,
    ];
    let rows = rows(session, list.tableid, &ids);
    assert_eq!(rows.len(), list.cRecord as usize);
    let column = |row: Vec<Option<Vec<u8>>>| {
        assert_eq!(row[10..].iter().map(|value| number(value.as_ref())).sum::<u32>(), 0);
        Column {
            order: row[0].as_ref().map(|value| number(Some(value))),
            name: text(form, row[1].as_ref()),
            id: number(row[2].as_ref()),
            coltyp: number(row[3].as_ref()),
            code_page: number(row[4].as_ref()),
            bytes_max: number(row[5].as_ref()),
            grbit: number(row[6].as_ref()),
            default: row[7].clone(),
            base: (text(form, row[8].as_ref()), text(form, row[9].as_ref())),
        }
    };
    rows.into_iter().map(column).collect()
}

/// A row of a list of indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexColumn {
    pub(crate) index: String,
    pub(crate) grbit: u32,
    /// Keys, entries and pages.
    pub(crate) counts: [u32; 3],
    pub(crate) columns: u32,
    pub(crate) place: u32,
    pub(crate) column: String,
    pub(crate) id: u32,
    pub(crate) coltyp: u32,
    pub(crate) langid: u32,
    pub(crate) code_page: u32,
    pub(crate) lcmap_flags: u32,
    pub(crate) descending: u32,
}

/// A list of indexes.
pub(crate) fn indexes(
    form: Form,
    session: usize,
    asked: Asked<'_>,
    index: &str,
    level: u32,
) -> Vec<IndexColumn> {
    let bytes = size_of::<JET_INDEXLIST>() as u32;
    let (code, answer) = index_info(form, session, asked, index, bytes, level);
    assert_eq!(code, 0, "a list of indexes of {asked:?}");
    let list: JET_INDEXLIST = value(&answer);
    assert_eq!(list.cbStruct, bytes);
    let ids = [
        list.columnidindexname,
        list.columnidgrbitIndex,
        list.columnidcKey,
        list.columnidcEntry,
        list.columnidcPage,
        list.columnidcColumn,
        list.columnidiColumn,
        list.columnidcolumnname,
        list.columnidcolumnid,
        list.columnidcoltyp,
        list.columnidLangid,
        list.columnidCp,
        list.columnidLCMapFlags,
        list.columnidgrbitColumn,
        list.columnidCountry,
        list.columnidCollate,
    ];
    let rows = rows(session, list.tableid, &ids);
    assert_eq!(rows.len(), list.cRecord as usize);
    let column = |row: Vec<Option<Vec<u8>>>| {
        let at = |place: usize| number(row[place].as_ref());
        assert_eq!(at(14) + at(15), 0);
        IndexColumn {
            index: text(form, row[0].as_ref()),
            grbit: at(1),
            counts: [at(2), at(3), at(4)],
            columns: at(5),
            place: at(6),
            column: text(form, row[7].as_ref()),
            id: at(8),
            coltyp: at(9),
            langid: at(10),
            code_page: at(11),
            lcmap_flags: at(12),
            descending: at(13),
        }
    };
    rows.into_iter().map(column).collect()
}

/// A row of a list of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) flags: u32,
    pub(crate) records: u32,
    pub(crate) pages: u32,
}

/// A list of objects.
pub(crate) fn objects(form: Form, session: usize, dbid: u32, level: u32) -> Vec<Object> {
    let bytes = size_of::<JET_OBJECTLIST>() as u32;
    let (code, answer) = object_info(form, session, dbid, ("", ""), bytes, level);
    assert_eq!(code, 0, "a list of objects");
    let list: JET_OBJECTLIST = value(&answer);
    assert_eq!(list.cbStruct, bytes);
    let ids = [
        list.columnidcontainername,
        list.columnidobjectname,
        list.columnidobjtyp,
        list.columnidgrbit,
        list.columnidflags,
        list.columnidcRecord,
        list.columnidcPage,
        list.columniddtCreate,
        list.columniddtUpdate,
    ];
    let rows = rows(session, list.tableid, &ids);
    assert_eq!(rows.len(), list.cRecord as usize);
    let object = |row: Vec<Option<Vec<u8>>>| {
        let at = |place: usize| number(row[place].as_ref());
        assert_eq!(text(form, row[0].as_ref()), "Tables");
        assert_eq!((at(2), at(3), &row[7], &row[8]), (JET_objtypTable, 7, &None, &None));
        Object { name: text(form, row[1].as_ref()), flags: at(4), records: at(5), pages: at(6) }
    };
    rows.into_iter().map(object).collect()
}
