//! A table of numbers and texts, and the calls on it with plain arguments.

use std::ffi::{CString, c_void};
use std::ptr::{null, null_mut};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::harness::{begin, commit};

/// A cursor over a table with the columns `number` and `text`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Desk {
    pub(crate) session: usize,
    pub(crate) table: usize,
    pub(crate) number: u32,
    pub(crate) text: u32,
}

/// An index as it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'w> {
    pub(crate) name: &'w str,
    /// Without its last zero.
    pub(crate) key: &'w str,
    /// `None`: the instance's.
    pub(crate) locale: Option<&'w str>,
    pub(crate) flags: u32,
    pub(crate) grbit: u32,
    /// 0: 255.
    pub(crate) key_most: u32,
    /// A column that is not NULL in rows that have entries.
    pub(crate) condition: Option<&'w str>,
}

/// A secondary index over the text.
pub(crate) fn over_text<'w>(name: &'w str, locale: &'w str, flags: u32) -> Wanted<'w> {
    Wanted { name, key: "+text\0", locale: Some(locale), flags, grbit: 0, key_most: 0, condition: None }
}

pub(crate) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn units(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

fn narrow(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

/// A column of UTF-16 text, or of numbers.
pub(crate) fn column(coltyp: u32, cp: u16, grbit: u32) -> JET_COLUMNDEF {
    JET_COLUMNDEF {
        cbStruct: size_of::<JET_COLUMNDEF>() as u32,
        columnid: 0,
        coltyp,
        wCountry: 0,
        langid: 0,
        cp,
        wCollate: 0,
        cbMax: 0,
        grbit,
    }
}

impl Desk {
    /// Makes the table; the text has these column bits.
    pub(crate) fn create(session: usize, dbid: u32, name: &str, text_grbit: u32) -> Self {
        let (name, mut table) = (narrow(name), 0);
        // SAFETY: the name is NUL-terminated, the place a local.
        let code = unsafe { JetCreateTable(session, dbid, name.as_ptr(), 8, 80, &raw mut table) };
        assert_eq!(code, 0, "JetCreateTable");
        let mut desk = Self { session, table, number: 0, text: 0 };
        desk.number = desk.add_column("number", column(JET_coltypLong, 0, JET_bitColumnFixed));
        desk.text = desk.add_column("text", column(JET_coltypLongText, 1200, text_grbit));
        desk
    }

    pub(crate) fn open(session: usize, dbid: u32, name: &str) -> Self {
        Self::open_columns(session, dbid, name, Some("number"), "text").expect("JetOpenTable")
    }

    /// A cursor over any table with a text; the code of JetOpenTable where that fails.
    pub(crate) fn open_columns(
        session: usize,
        dbid: u32,
        name: &str,
        number: Option<&str>,
        text: &str,
    ) -> Result<Self, i32> {
        let (name, mut table) = (narrow(name), 0);
        // SAFETY: the name is NUL-terminated, the place a local.
        let code = unsafe { JetOpenTable(session, dbid, name.as_ptr(), null(), 0, 0, &raw mut table) };
        if code < 0 {
            return Err(code);
        }
        let desk = Self { session, table, number: 0, text: 0 };
        let number = number.map_or(0, |number| desk.column_named(number));
        Ok(Self { number, text: desk.column_named(text), ..desk })
    }

    /// What JetOpenTable says; the cursor is closed again.
    pub(crate) fn open_code(session: usize, dbid: u32, name: &str, grbit: u32) -> i32 {
        let (name, mut table) = (narrow(name), 0);
        // SAFETY: the name is NUL-terminated, the place a local.
        let code = unsafe { JetOpenTable(session, dbid, name.as_ptr(), null(), 0, grbit, &raw mut table) };
        if code >= 0 {
            // SAFETY: any number may be passed.
            assert_eq!(unsafe { JetCloseTable(session, table) }, 0, "JetCloseTable");
        }
        code
    }

    /// Whether rows can be added that have nothing but a text.
    pub(crate) fn is_writable(&self) -> bool {
        // SAFETY: any numbers may be passed.
        unsafe {
            let code = JetPrepareUpdate(self.session, self.table, JET_prepInsert);
            code == 0 && JetPrepareUpdate(self.session, self.table, JET_prepCancel) == 0
        }
    }

    /// Gives an update up.
    pub(crate) fn cancel(&self) {
        // SAFETY: any numbers may be passed.
        assert_eq!(unsafe { JetPrepareUpdate(self.session, self.table, JET_prepCancel) }, 0);
        assert_eq!(commit(self.session, 0), 0, "JetCommitTransaction");
    }

    /// A new row of a text alone.
    pub(crate) fn insert_text(&self, text: &[u8]) -> i32 {
        self.prepare(JET_prepInsert);
        assert_eq!(self.set(self.text, text, 1), 0, "JetSetColumn");
        self.update()
    }

    pub(crate) fn close(self) {
        // SAFETY: any number may be passed.
        assert_eq!(unsafe { JetCloseTable(self.session, self.table) }, 0, "JetCloseTable");
    }

    pub(crate) fn add_column(&self, name: &str, definition: JET_COLUMNDEF) -> u32 {
        let (name, mut id) = (narrow(name), 0);
        // SAFETY: the name is NUL-terminated, the rest are locals.
        let code = unsafe {
            let definition = &raw const definition;
            JetAddColumn(self.session, self.table, name.as_ptr(), definition, null(), 0, &raw mut id)
        };
        assert_eq!(code, 0, "JetAddColumn");
        id
    }

    /// JetCreateIndex4W.
    pub(crate) fn create_index(&self, wanted: Wanted<'_>) -> i32 {
        let mut name = wide(wanted.name);
        let mut key = wide(wanted.key);
        let mut locale = wide(wanted.locale.unwrap_or_default());
        let mut unicode = JET_UNICODEINDEX2 { szLocaleName: locale.as_mut_ptr(), dwMapFlags: wanted.flags };
        let mut condition_name = wide(wanted.condition.unwrap_or_default());
        let mut condition = JET_CONDITIONALCOLUMN_W {
            cbStruct: size_of::<JET_CONDITIONALCOLUMN_W>() as u32,
            szColumnName: condition_name.as_mut_ptr(),
            grbit: JET_bitIndexColumnMustBeNonNull,
        };
        let given = wanted.locale.is_some();
        let bits = if given { JET_bitIndexUnicode } else { 0 };
        let most = if wanted.key_most == 0 { 0 } else { JET_bitIndexKeyMost };
        let mut index = JET_INDEXCREATE3_W {
            cbStruct: size_of::<JET_INDEXCREATE3_W>() as u32,
            szIndexName: name.as_mut_ptr(),
            szKey: key.as_mut_ptr(),
            cbKey: 2 * key.len() as u32,
            grbit: wanted.grbit | bits | most,
            ulDensity: 90,
            pidxunicode: if given { &raw mut unicode } else { null_mut() },
            anonymous_48: JET_INDEXCREATE3_W__anonymous_48 { cbVarSegMac: 0 },
            rgconditionalcolumn: &raw mut condition,
            cConditionalColumn: u32::from(wanted.condition.is_some()),
            err: 0,
            cbKeyMost: wanted.key_most,
            pSpacehints: null_mut(),
        };
        // SAFETY: the texts end with zeros, the structures are locals.
        unsafe { JetCreateIndex4W(self.session, self.table, &raw mut index, 1) }
    }

    pub(crate) fn indexed(&self, wanted: Wanted<'_>) {
        assert_eq!(self.create_index(wanted), 0, "JetCreateIndex4 of {}", wanted.name);
    }

    /// Begins an update, in a transaction of its own: long columns want one.
    pub(crate) fn prepare(&self, prep: u32) {
        assert_eq!(begin(self.session), 0, "JetBeginTransaction");
        // SAFETY: any numbers may be passed.
        assert_eq!(unsafe { JetPrepareUpdate(self.session, self.table, prep) }, 0, "JetPrepareUpdate");
    }

    pub(crate) fn set(&self, column: u32, value: &[u8], itag: u32) -> i32 {
        let mut info =
            JET_SETINFO { cbStruct: size_of::<JET_SETINFO>() as u32, ibLongValue: 0, itagSequence: itag };
        let (data, bytes) = (value.as_ptr().cast(), value.len() as u32);
        let grbit = if value.is_empty() { JET_bitSetZeroLength } else { 0 };
        // SAFETY: the value has its length, the structure is a local.
        unsafe { JetSetColumn(self.session, self.table, column, data, bytes, grbit, &raw mut info) }
    }

    /// JetUpdate; an update that is refused is given up.
    pub(crate) fn update(&self) -> i32 {
        // SAFETY: no bookmark is wanted.
        let code = unsafe { JetUpdate(self.session, self.table, null_mut(), 0, null_mut()) };
        if code < 0 {
            // SAFETY: any numbers may be passed.
            assert_eq!(unsafe { JetPrepareUpdate(self.session, self.table, JET_prepCancel) }, 0);
        }
        assert_eq!(commit(self.session, JET_bitCommitLazyFlush), 0, "JetCommitTransaction");
        code
    }

    /// A new row.
    pub(crate) fn insert(&self, number: u32, text: &[u8]) -> i32 {
        self.prepare(JET_prepInsert);
        assert_eq!(self.set(self.number, &number.to_le_bytes(), 1), 0, "JetSetColumn");
        assert_eq!(self.set(self.text, text, 1), 0, "JetSetColumn");
        self.update()
    }

    /// Another text in the row at hand.
    pub(crate) fn replace(&self, text: &[u8]) -> i32 {
        self.prepare(JET_prepReplace);
        assert_eq!(self.set(self.text, text, 1), 0, "JetSetColumn");
        self.update()
    }

    pub(crate) fn delete(&self) -> i32 {
        // SAFETY: any numbers may be passed.
        unsafe { JetDelete(self.session, self.table) }
    }

    /// JetSetCurrentIndex; no name is the primary order.
    pub(crate) fn use_index(&self, name: &str) {
        let name = narrow(name);
        // SAFETY: the name is NUL-terminated.
        let code = unsafe { JetSetCurrentIndex(self.session, self.table, name.as_ptr()) };
        assert_eq!(code, 0, "JetSetCurrentIndex");
    }

    pub(crate) fn make_key(&self, value: &[u8], grbit: u32) -> i32 {
        let empty = if value.is_empty() { JET_bitKeyDataZeroLength } else { 0 };
        let (data, bytes) = (value.as_ptr().cast(), value.len() as u32);
        // SAFETY: the value has its length.
        unsafe { JetMakeKey(self.session, self.table, data, bytes, grbit | empty | JET_bitNewKey) }
    }

    /// JetMakeKey and JetSeek: the first code that is none of success.
    pub(crate) fn seek(&self, value: &[u8], grbit: u32) -> i32 {
        match self.make_key(value, 0) {
            // SAFETY: any numbers may be passed.
            0 => unsafe { JetSeek(self.session, self.table, grbit) },
            code => code,
        }
    }

    pub(crate) fn move_by(&self, rows: u32) -> i32 {
        // SAFETY: any numbers may be passed.
        unsafe { JetMove(self.session, self.table, rows as i32, 0) }
    }

    /// JetRetrieveKey.
    pub(crate) fn key(&self, grbit: u32) -> Vec<u8> {
        let (mut key, mut actual) = (vec![0; 2048], 0);
        // SAFETY: the place has the bytes that are told.
        let code = unsafe {
            JetRetrieveKey(self.session, self.table, key.as_mut_ptr().cast(), 2048, &raw mut actual, grbit)
        };
        assert_eq!(code, 0, "JetRetrieveKey");
        key.truncate(actual as usize);
        key
    }

    /// JetRetrieveColumn of the first value.
    pub(crate) fn value(&self, column: u32) -> Vec<u8> {
        let (mut value, mut actual) = (vec![0; 8192], 0);
        // SAFETY: the place has the bytes that are told.
        let code = unsafe {
            let place = value.as_mut_ptr().cast();
            JetRetrieveColumn(self.session, self.table, column, place, 8192, &raw mut actual, 0, null_mut())
        };
        assert!(code >= 0, "JetRetrieveColumn {code}");
        value.truncate(actual as usize);
        value
    }

    pub(crate) fn number_here(&self) -> u32 {
        u32::from_le_bytes(self.value(self.number).try_into().expect("four bytes"))
    }

    /// All entries of an index in their order: key and number. That takes no sort keys.
    pub(crate) fn walk(&self, index: &str) -> Vec<(Vec<u8>, u32)> {
        self.use_index(index);
        let mut found = Vec::new();
        let mut code = self.move_by(JET_MoveFirst as u32);
        while code == 0 {
            found.push((self.key(0), self.number_here()));
            code = self.move_by(1);
        }
        assert_eq!(code, -1603, "the end of the index");
        found
    }

    /// JetGetTableIndexInfo as the bytes of an answer.
    pub(crate) fn index_info(&self, index: &str, bytes: usize, level: u32) -> (i32, Vec<u8>) {
        let (index, mut answer) = (narrow(index), vec![0x5A; bytes]);
        let place: *mut c_void = answer.as_mut_ptr().cast();
        // SAFETY: the name is NUL-terminated, the place has the bytes.
        let code = unsafe {
            JetGetTableIndexInfo(self.session, self.table, index.as_ptr(), place, bytes as u32, level)
        };
        (code, answer)
    }

    /// An answer of four bytes.
    pub(crate) fn index_number(&self, index: &str, level: u32) -> u32 {
        let (code, answer) = self.index_info(index, 4, level);
        assert_eq!(code, 0, "JetGetTableIndexInfo {level}");
        u32::from_le_bytes(answer.try_into().expect("four bytes"))
    }

    /// Sort version (NLS, defined) and SortID of an index.
    pub(crate) fn stamp(&self, index: &str) -> ((u32, u32), Vec<u8>) {
        let version = |level| self.index_number(index, level);
        let (code, id) = self.index_info(index, 16, JET_IdxInfoSortId);
        assert_eq!(code, 0, "JetGetTableIndexInfo of the SortID");
        ((version(JET_IdxInfoSortVersion), version(JET_IdxInfoDefinedSortVersion)), id)
    }

    pub(crate) fn locale(&self, index: &str) -> String {
        let (code, answer) = self.index_info(index, 170, JET_IdxInfoLocaleName);
        assert_eq!(code, 0, "JetGetTableIndexInfo of the locale");
        let units: Vec<u16> =
            answer.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        let end = units.iter().position(|unit| *unit == 0).expect("a zero at the end");
        String::from_utf16(&units[..end]).expect("text")
    }
}

/// The SortID `{000000NN-57EE-1E5C-00B4-D0000BB1E11E}` in memory order.
pub(crate) fn sort_id(number: u8) -> Vec<u8> {
    let mut id = vec![number, 0, 0, 0];
    id.extend([0xEE, 0x57, 0x5C, 0x1E, 0x00, 0xB4, 0xD0, 0x00, 0x0B, 0xB1, 0xE1, 0x1E]);
    id
}

/// libesent's own SortID `{6C696265-7365-6E74-0000-0000000000NN}` in memory order.
pub(crate) fn private_id(number: u8) -> Vec<u8> {
    let mut id = b"ebilestn\0\0\0\0\0\0\0".to_vec();
    id.push(number);
    id
}

/// Texts of several scripts, the same on every run; none of them is uncertain.
pub(crate) fn texts(count: usize) -> Vec<Vec<u8>> {
    const SCRIPTS: [(u16, u16); 8] = [
        (0x61, 0x7A),
        (0x41, 0x5A),
        (0x20, 0x7E),
        (0xC0, 0x17F),
        (0x391, 0x3A1),
        (0x410, 0x44F),
        (0x3041, 0x3096),
        (0x4E00, 0x9FA5),
    ];
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let text = |_| {
        let mut text = Vec::new();
        for _ in 0..1 + draw(3) {
            let (first, last) = SCRIPTS[draw(SCRIPTS.len())];
            for _ in 0..1 + draw(10) {
                text.push(first + u16::try_from(draw(usize::from(last - first) + 1)).unwrap());
            }
        }
        units(&text)
    };
    (0..count).map(text).collect()
}

impl Desk {
    /// A new row with a text that every index takes, which is replaced then: the code of that.
    pub(crate) fn insert_replaced(&self, number: u32, text: &[u8]) -> i32 {
        self.prepare(JET_prepInsert);
        assert_eq!(self.set(self.number, &number.to_le_bytes(), 1), 0, "JetSetColumn");
        assert_eq!(self.set(self.text, &utf16("plain"), 1), 0, "JetSetColumn");
        let (mut bookmark, mut actual) = ([0_u8; 1024], 0);
        // SAFETY: the place has the bytes that are told.
        unsafe {
            let place = bookmark.as_mut_ptr().cast();
            assert_eq!(JetUpdate(self.session, self.table, place, 1024, &raw mut actual), 0, "JetUpdate");
            assert_eq!(commit(self.session, 0), 0, "JetCommitTransaction");
            assert_eq!(JetGotoBookmark(self.session, self.table, bookmark.as_mut_ptr().cast(), actual), 0);
        }
        self.replace(text)
    }
}

impl Desk {
    pub(crate) fn column_named(&self, name: &str) -> u32 {
        let (name, mut definition) = (narrow(name), column(0, 0, 0));
        let place = (&raw mut definition).cast();
        let bytes = size_of::<JET_COLUMNDEF>() as u32;
        // SAFETY: the name is NUL-terminated, the place has the bytes.
        let code = unsafe {
            JetGetTableColumnInfo(self.session, self.table, name.as_ptr(), place, bytes, JET_ColInfo)
        };
        assert_eq!(code, 0, "JetGetTableColumnInfo");
        definition.columnid
    }

    /// JetMakeKey of a further column.
    pub(crate) fn add_to_key(&self, value: &[u8]) -> i32 {
        let (data, bytes) = (value.as_ptr().cast(), value.len() as u32);
        // SAFETY: the value has its length.
        unsafe { JetMakeKey(self.session, self.table, data, bytes, 0) }
    }

    pub(crate) fn seek_made(&self, grbit: u32) -> i32 {
        // SAFETY: any numbers may be passed.
        unsafe { JetSeek(self.session, self.table, grbit) }
    }
}
