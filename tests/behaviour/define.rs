//! A program's view of definitions: tables, columns and indexes made with plain arguments; and fixture F with its cursor C.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

use esent::abi::structs::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::cursor::Cursor;
use crate::fixture::{F, Second, create_index};
use crate::harness::*;

/// A column to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewColumn {
    pub(crate) name: &'static CStr,
    pub(crate) column_type: u32,
    pub(crate) grbit: u32,
    pub(crate) most: u32,
    pub(crate) code_page: u32,
    pub(crate) default: &'static [u8],
}

/// A column of some type.
pub(crate) const fn column(name: &'static CStr, column_type: u32, grbit: u32) -> NewColumn {
    NewColumn { name, column_type, grbit, most: 0, code_page: 0, default: &[] }
}

/// A Long column.
pub(crate) const fn long(name: &'static CStr) -> NewColumn {
    column(name, JET_coltypLong, 0)
}

impl NewColumn {
    /// With a default value.
    pub(crate) const fn with_default(self, default: &'static [u8]) -> Self {
        Self { default, ..self }
    }

    /// With a greatest length.
    pub(crate) const fn with_most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    /// For a list of columns.
    fn create(&self) -> JET_COLUMNCREATE_A {
        JET_COLUMNCREATE_A {
            cbStruct: size_of::<JET_COLUMNCREATE_A>() as u32,
            szColumnName: self.name.as_ptr().cast_mut(),
            coltyp: self.column_type,
            cbMax: self.most,
            grbit: self.grbit,
            pvDefault: if self.default.is_empty() {
                null_mut()
            } else {
                self.default.as_ptr().cast_mut().cast()
            },
            cbDefault: self.default.len() as u32,
            cp: self.code_page,
            columnid: 0xCDCD_CDCD,
            err: 0x0CDC_DCDC,
        }
    }

    /// For a call of its own.
    pub(crate) fn definition(&self) -> JET_COLUMNDEF {
        JET_COLUMNDEF {
            cbStruct: size_of::<JET_COLUMNDEF>() as u32,
            columnid: 0,
            coltyp: self.column_type,
            wCountry: 0,
            langid: 0,
            cp: self.code_page as u16,
            wCollate: 0,
            cbMax: self.most,
            grbit: self.grbit,
        }
    }
}

/// An index to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewIndex {
    pub(crate) name: &'static CStr,
    /// With its two zeros.
    pub(crate) key: &'static [u8],
    pub(crate) grbit: u32,
}

/// An index.
pub(crate) const fn index(name: &'static CStr, key: &'static [u8], grbit: u32) -> NewIndex {
    NewIndex { name, key, grbit }
}

impl NewIndex {
    /// For a list of indexes.
    pub(crate) fn create(&self) -> JET_INDEXCREATE_A {
        // SAFETY: all fields are numbers and pointers, of which zero is a value.
        let mut create: JET_INDEXCREATE_A = unsafe { std::mem::zeroed() };
        create.cbStruct = size_of::<JET_INDEXCREATE_A>() as u32;
        create.szIndexName = self.name.as_ptr().cast_mut();
        create.szKey = self.key.as_ptr().cast_mut().cast();
        create.cbKey = self.key.len() as u32;
        create.grbit = self.grbit;
        create.err = UNTOUCHED;
        create
    }
}

/// What stands in an `err` field before a call.
pub(crate) const UNTOUCHED: i32 = 0x0CDC_DCDC;

/// A table to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTable<'a> {
    pub(crate) name: &'a CStr,
    pub(crate) template: Option<&'static CStr>,
    pub(crate) columns: &'a [NewColumn],
    pub(crate) indexes: &'a [NewIndex],
    pub(crate) grbit: u32,
}

/// A table.
pub(crate) const fn table<'a>(
    name: &'a CStr,
    columns: &'a [NewColumn],
    indexes: &'a [NewIndex],
) -> NewTable<'a> {
    NewTable { name, template: None, columns, indexes, grbit: 0 }
}

/// What became of a table's creation.
#[derive(Clone, Debug)]
pub(crate) struct Created {
    pub(crate) code: i32,
    /// The cursor.
    pub(crate) table: usize,
    /// How many things were made.
    pub(crate) count: u32,
    pub(crate) ids: Vec<u32>,
    pub(crate) column_errs: Vec<i32>,
    pub(crate) index_errs: Vec<i32>,
}

impl NewTable<'_> {
    /// With flags.
    pub(crate) const fn with_grbit(self, grbit: u32) -> Self {
        Self { grbit, ..self }
    }

    /// Of a template.
    pub(crate) const fn derived_from(self, template: &'static CStr) -> Self {
        Self { template: Some(template), ..self }
    }

    /// JetCreateTableColumnIndex.
    pub(crate) fn create(&self, session: usize, dbid: u32) -> Created {
        let mut columns: Vec<_> = self.columns.iter().map(NewColumn::create).collect();
        let mut indexes: Vec<_> = self.indexes.iter().map(NewIndex::create).collect();
        let mut create = JET_TABLECREATE_A {
            cbStruct: size_of::<JET_TABLECREATE_A>() as u32,
            szTableName: self.name.as_ptr().cast_mut(),
            szTemplateTableName: self.template.map_or(null_mut(), |name| name.as_ptr().cast_mut()),
            ulPages: 0,
            ulDensity: 0,
            rgcolumncreate: columns.as_mut_ptr(),
            cColumns: columns.len() as u32,
            rgindexcreate: indexes.as_mut_ptr(),
            cIndexes: indexes.len() as u32,
            grbit: self.grbit,
            tableid: 0xCDCD,
            cCreated: 0xCDCD,
        };
        // SAFETY: the lists have as many items as the structure says, the names end with zeros.
        let code = unsafe { JetCreateTableColumnIndex(session, dbid, &raw mut create) };
        Created {
            code,
            table: create.tableid,
            count: create.cCreated,
            ids: columns.iter().map(|column| column.columnid).collect(),
            column_errs: columns.iter().map(|column| column.err).collect(),
            index_errs: indexes.iter().map(|index| index.err).collect(),
        }
    }

    /// As [`Self::create`], where nothing may fail; the cursor and the columns' ids.
    pub(crate) fn made(&self, session: usize, dbid: u32) -> (Cursor, Vec<u32>) {
        let created = self.create(session, dbid);
        assert!(created.code >= 0, "JetCreateTableColumnIndex({:?}): {}", self.name, created.code);
        (Cursor { session, table: created.table }, created.ids)
    }
}

impl Cursor {
    /// JetAddColumn; the code, and the column.
    pub(crate) fn add_column(self, column: &NewColumn) -> (i32, u32) {
        let (definition, mut id) = (column.definition(), 0);
        let default = column.default.as_ptr().cast::<c_void>();
        // SAFETY: the name ends with a zero, the default has as many bytes as is told.
        let code = unsafe {
            JetAddColumn(
                self.session,
                self.table,
                column.name.as_ptr(),
                &raw const definition,
                if column.default.is_empty() { std::ptr::null() } else { default },
                column.default.len() as u32,
                &raw mut id,
            )
        };
        (code, id)
    }

    /// JetRenameColumn.
    pub(crate) fn rename_column(self, name: &CStr, new_name: &CStr) -> i32 {
        // SAFETY: the names end with a zero.
        unsafe { JetRenameColumn(self.session, self.table, name.as_ptr(), new_name.as_ptr(), 0) }
    }

    /// JetCreateIndex.
    pub(crate) fn create_index(self, new: &NewIndex) -> i32 {
        create_index(self, new.name, new.key, new.grbit)
    }

    /// JetCreateIndex2 of a list.
    pub(crate) fn create_indexes(self, list: &mut [JET_INDEXCREATE_A]) -> i32 {
        // SAFETY: the list has that many structures, each valid.
        unsafe { JetCreateIndex2(self.session, self.table, list.as_mut_ptr(), list.len() as u32) }
    }
}

/// Fixture F with cursor C of session S.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The fixture.
    pub(crate) f: F,
    /// Cursor C.
    pub(crate) c: Cursor,
}

impl Scene {
    /// A fresh one.
    pub(crate) fn new() -> Self {
        let f = F::new();
        let c = f.cursor();
        Self { f, c }
    }

    /// Session S.
    pub(crate) fn s(&self) -> usize {
        self.f.session
    }

    /// The database as session S has it.
    pub(crate) fn dbid(&self) -> u32 {
        self.f.dbid
    }

    /// A cursor of S on a table.
    pub(crate) fn open(&self, name: &CStr, grbit: u32) -> Cursor {
        let (cursor, code) = Cursor::open(self.s(), self.dbid(), name, grbit);
        assert_eq!(code, 0, "JetOpenTable({name:?})");
        cursor
    }

    /// Session S2.
    pub(crate) fn second(&self) -> Second {
        self.f.second()
    }

    /// Cursor C2 of session S2.
    pub(crate) fn c2(&self) -> Cursor {
        self.second().cursor()
    }

    /// C with an insert prepared.
    pub(crate) fn inserting(self) -> Self {
        assert_eq!(self.c.prepare(JET_prepInsert), 0);
        self
    }

    /// In a transaction of S.
    pub(crate) fn in_transaction(self) -> Self {
        assert_eq!(begin(self.s()), 0);
        self
    }

    /// C on a record.
    pub(crate) fn at(self, id: i32) -> Self {
        self.c.at(id);
        self
    }

    /// C on a record, with a replace of it prepared.
    pub(crate) fn replacing(self, id: i32) -> Self {
        self.c.at(id);
        assert_eq!(self.c.prepare(JET_prepReplace), 0);
        self
    }
}

/// A structure of the interface with all its fields zero.
pub(crate) fn zeroed<T: Copy>() -> T {
    // SAFETY: the tests use it for structures of numbers and pointers, of which zero is a value.
    unsafe { std::mem::zeroed() }
}
