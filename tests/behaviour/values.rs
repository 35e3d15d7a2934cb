//! More calls of a cursor: everything that a retrieval and a setting take, lists of columns, enumerations.

use std::ffi::c_void;
use std::ptr::null_mut;

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::api::*;

use crate::cursor::Cursor;
use crate::fixture::ID;

/// What a retrieval answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    /// The code of the call.
    pub(crate) code: i32,
    /// The bytes that were written.
    pub(crate) data: Vec<u8>,
    /// Bytes of the value from the offset on.
    pub(crate) actual: u32,
    /// The column that was found, for retrievals of column 0.
    pub(crate) next_tagged: u32,
}

/// How a retrieval asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) room: u32,
    pub(crate) grbit: u32,
    pub(crate) offset: u32,
    pub(crate) itag: u32,
}

impl Default for Ask {
    fn default() -> Self {
        Self { room: 65_536, grbit: 0, offset: 0, itag: 1 }
    }
}

impl Cursor {
    /// JetSetColumn with flags.
    pub(crate) fn set_as(self, column: u32, data: &[u8], grbit: u32) -> i32 {
        self.set_raw(column, data.as_ptr(), data.len() as u32, grbit, None)
    }

    /// JetSetColumn as it is; `info` is the offset and the number of the value.
    pub(crate) fn set_raw(
        self,
        column: u32,
        data: *const u8,
        bytes: u32,
        grbit: u32,
        info: Option<(u32, u32)>,
    ) -> i32 {
        let mut structure = JET_SETINFO { cbStruct: 12, ibLongValue: 0, itagSequence: 1 };
        if let Some((offset, itag)) = info {
            (structure.ibLongValue, structure.itagSequence) = (offset, itag);
        }
        let info = if info.is_some() { &raw mut structure } else { null_mut() };
        // SAFETY: the callers pass data of that many bytes, or NULL.
        unsafe { JetSetColumn(self.session, self.table, column, data.cast(), bytes, grbit, info) }
    }

    /// JetRetrieveColumn of the first value.
    pub(crate) fn get(self, column: u32) -> Got {
        self.get_as(column, Ask::default())
    }

    /// JetRetrieveColumn from the copy buffer.
    pub(crate) fn get_copy(self, column: u32) -> Got {
        self.get_as(column, Ask { grbit: JET_bitRetrieveCopy, ..Ask::default() })
    }

    /// JetRetrieveColumn with everything it takes.
    pub(crate) fn get_as(self, column: u32, ask: Ask) -> Got {
        let mut info = JET_RETINFO {
            cbStruct: 16,
            ibLongValue: ask.offset,
            itagSequence: ask.itag,
            columnidNextTagged: 0xCDCD_CDCD,
        };
        let (mut data, mut actual) = (vec![0xCD_u8; ask.room as usize], 0xCDCD_CDCD);
        let place = if ask.room == 0 { null_mut() } else { data.as_mut_ptr().cast::<c_void>() };
        // SAFETY: the buffer has as much room as is told, the rest are locals.
        let code = unsafe {
            JetRetrieveColumn(
                self.session,
                self.table,
                column,
                place,
                ask.room,
                &raw mut actual,
                ask.grbit,
                &raw mut info,
            )
        };
        let written = if code < 0 { 0 } else { (actual as usize).min(data.len()) };
        data.truncate(written);
        Got { code, data, actual, next_tagged: info.columnidNextTagged }
    }

    /// A four-byte number, `None` for NULL. Any other answer is a failed test.
    pub(crate) fn number(self, column: u32) -> Option<i32> {
        number(&self.get(column))
    }

    /// As [`Self::number`], from the copy buffer.
    pub(crate) fn number_of_copy(self, column: u32) -> Option<i32> {
        number(&self.get_copy(column))
    }

    /// All values of a column, each with its number; from the record, or with JET_bitRetrieveCopy from the copy buffer.
    pub(crate) fn values(self, column: u32, grbit: u32) -> Vec<Vec<u8>> {
        let value = |itag| {
            let got = self.get_as(column, Ask { itag, grbit, ..Ask::default() });
            (got.code == 0).then_some(got.data)
        };
        (1..100).map_while(value).collect()
    }

    /// As [`Self::values`], for four-byte numbers.
    pub(crate) fn numbers(self, column: u32, grbit: u32) -> Vec<i32> {
        let long = |value: Vec<u8>| i32::from_le_bytes(value.try_into().expect("four bytes"));
        self.values(column, grbit).into_iter().map(long).collect()
    }

    /// JetRetrieveColumns that asks for the number of values of a column.
    pub(crate) fn count_of(self, column: u32, grbit: u32) -> u32 {
        let mut item = retrieve_item(column, &mut []);
        (item.itagSequence, item.grbit) = (0, grbit);
        assert_eq!((self.retrieve_columns(std::slice::from_mut(&mut item)), item.err), (0, 0));
        item.itagSequence
    }

    /// JetRetrieveColumns.
    pub(crate) fn retrieve_columns(self, items: &mut [JET_RETRIEVECOLUMN]) -> i32 {
        // SAFETY: the items are that many, with buffers as long as they say.
        unsafe { JetRetrieveColumns(self.session, self.table, items.as_mut_ptr(), items.len() as u32) }
    }

    /// JetSetColumns.
    pub(crate) fn set_columns(self, items: &mut [JET_SETCOLUMN]) -> i32 {
        // SAFETY: the items are that many, with data as long as they say.
        unsafe { JetSetColumns(self.session, self.table, items.as_mut_ptr(), items.len() as u32) }
    }

    /// JetMove to the next record; the code.
    pub(crate) fn move_next(self) -> i32 {
        self.step(JET_MoveNext, 0)
    }

    /// JetMove to the first record; the code.
    pub(crate) fn move_first(self) -> i32 {
        self.step(JET_MoveFirst, 0)
    }

    /// JetMove to the last record; the code.
    pub(crate) fn move_last(self) -> i32 {
        self.step(JET_MoveLast, 0)
    }

    /// JetSeek for a record whose key is one four-byte number; the code.
    pub(crate) fn find(self, id: i32) -> i32 {
        self.key(id).seek(JET_bitSeekEQ)
    }

    /// The `id`s of all records from the first one on, in the order of the current index.
    pub(crate) fn ids(self) -> Vec<i32> {
        self.all(ID).into_iter().map(|id| id.expect("an id is never NULL")).collect()
    }

    /// A column of four bytes of all records from the first one on.
    pub(crate) fn all(self, column: u32) -> Vec<Option<i32>> {
        let mut all = Vec::new();
        let mut code = self.move_first();
        while code == 0 {
            all.push(self.number(column));
            code = self.move_next();
        }
        assert_eq!(code, esent::abi::tables::errors::JET_errNoCurrentRecord, "the end of the records");
        all
    }

    /// JetEnumerateColumns, its memory given back.
    pub(crate) fn enumerate(self, list: Option<&[JET_ENUMCOLUMNID]>, most: u32, grbit: u32) -> Enumerated {
        let mut memory = Memory::default();
        let (mut count, mut array) = (0, null_mut::<JET_ENUMCOLUMN>());
        let (items, start) =
            list.map_or((0, null_mut()), |list| (list.len() as u32, list.as_ptr().cast_mut()));
        // SAFETY: the list has that many items, the places are locals, the context is what the function expects.
        let code = unsafe {
            JetEnumerateColumns(
                self.session,
                self.table,
                items,
                start,
                &raw mut count,
                &raw mut array,
                Some(reallocate),
                (&raw mut memory).cast(),
                most,
                grbit,
            )
        };
        let columns = if array.is_null() { Vec::new() } else { take(&mut memory, array, count) };
        assert_eq!(memory.blocks.len(), 0, "all memory is given back");
        Enumerated { code, columns }
    }
}

/// A four-byte number, `None` for NULL.
fn number(got: &Got) -> Option<i32> {
    match (got.code, got.data.as_slice()) {
        (0, data) => Some(i32::from_le_bytes(data.try_into().expect("four bytes"))),
        (code, _) => {
            assert_eq!(code, esent::abi::tables::errors::JET_wrnColumnNull);
            None
        }
    }
}

/// An item of JetRetrieveColumns for the first value of a column.
pub(crate) fn retrieve_item(columnid: u32, buffer: &mut [u8]) -> JET_RETRIEVECOLUMN {
    JET_RETRIEVECOLUMN {
        columnid,
        pvData: if buffer.is_empty() { null_mut() } else { buffer.as_mut_ptr().cast() },
        cbData: buffer.len() as u32,
        cbActual: 0xCDCD_CDCD,
        grbit: 0,
        ibLongValue: 0,
        itagSequence: 1,
        columnidNextTagged: 0xCDCD_CDCD,
        err: 0x0CDC_DCDC,
    }
}

/// An item of JetSetColumns for the first value of a column.
pub(crate) fn set_item(columnid: u32, data: &[u8]) -> JET_SETCOLUMN {
    JET_SETCOLUMN {
        columnid,
        pvData: data.as_ptr().cast(),
        cbData: data.len() as u32,
        grbit: 0,
        ibLongValue: 0,
        itagSequence: 1,
        err: 0x0CDC_DCDC,
    }
}

/// What JetEnumerateColumns answered.
#[derive(Debug)]
pub(crate) struct Enumerated {
    pub(crate) code: i32,
    pub(crate) columns: Vec<EnumeratedColumn>,
}

/// A column of an answer: a single value is one with number 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnumeratedColumn {
    pub(crate) column: u32,
    pub(crate) err: i32,
    /// Number, code and bytes of each value.
    pub(crate) values: Vec<(u32, i32, Vec<u8>)>,
}

/// The memory that an enumeration took, as the callback keeps it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Blocks in use: their addresses and bytes.
    pub(crate) blocks: std::collections::BTreeMap<usize, Vec<u64>>,
    /// Calls that were made.
    pub(crate) calls: usize,
    /// The number of the call that answers with NULL.
    pub(crate) fails_at: Option<usize>,
}

/// The allocator of the tests: `context` is a [`Memory`].
pub(crate) unsafe extern "system" fn reallocate(
    context: *mut c_void,
    old: *mut c_void,
    bytes: u32,
) -> *mut c_void {
    // SAFETY: every test passes its memory.
    let memory = unsafe { &mut *context.cast::<Memory>() };
    if !old.is_null() {
        assert_eq!(bytes, 0, "blocks are made and given back, never moved");
        assert!(memory.blocks.remove(&(old as usize)).is_some(), "a block is given back once");
        return null_mut();
    }
    memory.calls += 1;
    if memory.fails_at == Some(memory.calls) || bytes == 0 {
        return null_mut();
    }
    let mut block = vec![0x5A5A_5A5A_5A5A_5A5A_u64; (bytes as usize).div_ceil(8)];
    let address = block.as_mut_ptr().cast::<c_void>();
    memory.blocks.insert(address as usize, block);
    address
}

/// Reads the caller's array and gives its memory back.
fn take(memory: &mut Memory, array: *mut JET_ENUMCOLUMN, count: u32) -> Vec<EnumeratedColumn> {
    let bytes = |data: *mut c_void, bytes: u32| {
        if data.is_null() {
            Vec::new()
        } else {
            // SAFETY: the block has that many bytes.
            unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes as usize) }.to_vec()
        }
    };
    let mut columns = Vec::new();
    for index in 0..count as usize {
        // SAFETY: the array has that many columns, and the union what the code says.
        let (column, values) = unsafe {
            let column = array.add(index).read();
            let values = if column.err == esent::abi::tables::errors::JET_wrnColumnSingleValue {
                let single = column.anonymous_8.anonymous_8_2;
                let value = (1, 0, bytes(single.pvData, single.cbData));
                memory.blocks.remove(&(single.pvData as usize));
                vec![value]
            } else {
                let many = column.anonymous_8.anonymous_8_1;
                let read = |place| {
                    let value = many.rgEnumColumnValue.add(place).read();
                    (value.itagSequence, value.err, bytes(value.pvData, value.cbData), value.pvData as usize)
                };
                let read: Vec<_> = (0..many.cEnumColumnValue as usize).map(read).collect();
                memory.blocks.remove(&(many.rgEnumColumnValue as usize));
                let given_back = |(itag, err, data, block): (u32, i32, Vec<u8>, usize)| {
                    memory.blocks.remove(&block);
                    (itag, err, data)
                };
                read.into_iter().map(given_back).collect()
            };
            (column, values)
        };
        columns.push(EnumeratedColumn { column: column.columnid, err: column.err, values });
    }
    memory.blocks.remove(&(array as usize));
    columns
}
