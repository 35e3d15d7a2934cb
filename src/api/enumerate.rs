//! JetEnumerateColumns: all values of a record in memory of the caller's making (spec 09 §9.6).

use std::ffi::c_void;

use ese_engine::table::{ColumnSelection, EnumerateGrbit, EnumeratedColumn, EnumeratedValue};
use ese_engine::temp::TemporaryCall;
use ese_format::error::JetError;

use super::argument::Place;
use super::on_cursor::on_given_cursor;
use crate::abi::guard::Completion;
use crate::abi::structs::*;
use crate::abi::tables::typedefs::*;

/// Most columns and values a list may name: counters beyond it lie.
const ITEMS_MAX: u32 = 1 << 20;

/// The caller's allocator: `realloc(context, old, bytes)` allocates for an `old` of NULL and frees for 0 bytes.
#[derive(Clone, Copy)]
struct Allocator {
    realloc: unsafe extern "system" fn(*mut c_void, *mut c_void, u32) -> *mut c_void,
    context: *mut c_void,
}

impl Allocator {
    /// Memory for `count` items of `T`, NULL for none.
    fn array<T>(self, count: usize) -> Result<*mut T, JetError> {
        let bytes = count.checked_mul(size_of::<T>()).and_then(|bytes| u32::try_from(bytes).ok());
        let bytes = bytes.ok_or(JetError::OUT_OF_MEMORY)?;
        // SAFETY: the caller gave the function for this.
        let memory = unsafe { (self.realloc)(self.context, std::ptr::null_mut(), bytes) };
        if memory.is_null() && bytes > 0 { Err(JetError::OUT_OF_MEMORY) } else { Ok(memory.cast()) }
    }

    /// A copy of some bytes.
    fn copy(self, bytes: &[u8]) -> Result<*mut c_void, JetError> {
        let memory = self.array::<u8>(bytes.len())?;
        if !memory.is_null() && !bytes.is_empty() {
            // SAFETY: the memory is new and that long.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len()) };
        }
        Ok(memory.cast())
    }

    fn free<T>(self, memory: *mut T) {
        if !memory.is_null() {
            // SAFETY: the memory came from the same function.
            unsafe { (self.realloc)(self.context, memory.cast(), 0) };
        }
    }

    /// Frees a column's values as far as they were made.
    fn free_column(self, column: &JET_ENUMCOLUMN) {
        if column.err == JetError::WRN_COLUMN_SINGLE_VALUE.code() {
            // SAFETY: this error says that the union holds one value.
            self.free(unsafe { column.anonymous_8.anonymous_8_2.pvData });
            return;
        }
        // SAFETY: any other error says that the union holds an array of values.
        let values = unsafe { column.anonymous_8.anonymous_8_1 };
        for index in 0..values.cEnumColumnValue as usize {
            // SAFETY: the array has that many values, each written.
            self.free(unsafe { (*values.rgEnumColumnValue.add(index)).pvData });
        }
        self.free(values.rgEnumColumnValue);
    }
}

/// The list of columns as the engine takes it.
///
/// # Errors
/// JET_errInvalidParameter for lists that are not there, or longer than any can be.
///
/// # Safety
/// `list` is NULL or has `count` items, whose lists of values are NULL or as long as they say.
unsafe fn selections(
    list: *const JET_ENUMCOLUMNID,
    count: u32,
) -> Result<Option<Vec<ColumnSelection>>, JetError> {
    if count == 0 {
        return Ok(None);
    }
    let items_in = |count: u32, missing: bool| {
        if missing || count > ITEMS_MAX { Err(JetError::INVALID_PARAMETER) } else { Ok(count as usize) }
    };
    let mut selected = Vec::new();
    for index in 0..items_in(count, list.is_null())? {
        // SAFETY: the list has that many items.
        let item = unsafe { list.add(index).read_unaligned() };
        let mut itags = Vec::new();
        let missing = item.ctagSequence > 0 && item.rgtagSequence.is_null();
        for place in 0..items_in(item.ctagSequence, missing)? {
            // SAFETY: the item's list has that many numbers.
            itags.push(unsafe { item.rgtagSequence.add(place).read_unaligned() });
        }
        selected.push(ColumnSelection { column: item.columnid, itags });
    }
    Ok(Some(selected))
}

fn values_in(
    allocator: Allocator,
    values: &[EnumeratedValue],
) -> Result<JET_ENUMCOLUMN__anonymous_8_1, JetError> {
    let array = allocator.array::<JET_ENUMCOLUMNVALUE>(values.len())?;
    let mut made = JET_ENUMCOLUMN__anonymous_8_1 { cEnumColumnValue: 0, rgEnumColumnValue: array };
    for (index, value) in values.iter().enumerate() {
        let data = match allocator.copy(&value.data) {
            Ok(data) => data,
            Err(error) => {
                let part = JET_ENUMCOLUMN {
                    columnid: 0,
                    err: 0,
                    anonymous_8: JET_ENUMCOLUMN__anonymous_8 { anonymous_8_1: made },
                };
                allocator.free_column(&part);
                return Err(error);
            }
        };
        let value = JET_ENUMCOLUMNVALUE {
            itagSequence: value.itag,
            err: value.code.code(),
            cbData: value.data.len() as u32,
            pvData: data,
        };
        // SAFETY: the array was made for as many values.
        unsafe { array.add(index).write(value) };
        made.cEnumColumnValue += 1;
    }
    Ok(made)
}

fn column_in(allocator: Allocator, column: &EnumeratedColumn) -> Result<JET_ENUMCOLUMN, JetError> {
    let content = match column.values.as_slice() {
        [value] if column.code == JetError::WRN_COLUMN_SINGLE_VALUE => JET_ENUMCOLUMN__anonymous_8 {
            anonymous_8_2: JET_ENUMCOLUMN__anonymous_8_2 {
                cbData: value.data.len() as u32,
                pvData: allocator.copy(&value.data)?,
            },
        },
        [] => JET_ENUMCOLUMN__anonymous_8 {
            anonymous_8_1: JET_ENUMCOLUMN__anonymous_8_1 {
                cEnumColumnValue: 0,
                rgEnumColumnValue: std::ptr::null_mut(),
            },
        },
        values => JET_ENUMCOLUMN__anonymous_8 { anonymous_8_1: values_in(allocator, values)? },
    };
    Ok(JET_ENUMCOLUMN { columnid: column.column, err: column.code.code(), anonymous_8: content })
}

/// The columns in the caller's memory; all of it is given back when some cannot be had.
fn columns_in(allocator: Allocator, columns: &[EnumeratedColumn]) -> Result<*mut JET_ENUMCOLUMN, JetError> {
    let array = allocator.array::<JET_ENUMCOLUMN>(columns.len())?;
    for (index, column) in columns.iter().enumerate() {
        match column_in(allocator, column) {
            // SAFETY: the array was made for as many columns.
            Ok(column) => unsafe { array.add(index).write(column) },
            Err(error) => {
                for made in 0..index {
                    // SAFETY: the columns before were written.
                    allocator.free_column(unsafe { &*array.add(made) });
                }
                allocator.free(array);
                return Err(error);
            }
        }
    }
    Ok(array)
}

/// List all values of chosen or all columns.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetEnumerateColumns(
    sesid: JET_SESID,
    tableid: JET_TABLEID,
    cEnumColumnId: u32,
    rgEnumColumnId: *mut JET_ENUMCOLUMNID,
    pcEnumColumn: *mut u32,
    prgEnumColumn: *mut *mut JET_ENUMCOLUMN,
    pfnRealloc: JET_PFNREALLOC,
    pvReallocContext: *mut c_void,
    cbDataMost: u32,
    grbit: JET_GRBIT,
) -> JET_ERR {
    // SAFETY: the caller's places are NULL or may be written.
    let (count, array) = unsafe { (Place::new(pcEnumColumn), Place::new(prgEnumColumn)) };
    on_given_cursor(sesid, tableid, |call| {
        let (count, array) = (count.required()?, array.required()?);
        let realloc = pfnRealloc.ok_or(JetError::INVALID_PARAMETER)?;
        count.write(0);
        array.write(std::ptr::null_mut());
        // SAFETY: the caller's list is NULL or as long as it says.
        let list = unsafe { selections(rgEnumColumnId, cEnumColumnId) }?;
        let cursor = call.cursor.admit(call.session, TemporaryCall::Retrieve)?;
        let (columns, bad) = cursor.enumerate_columns(
            call.session,
            list.as_deref(),
            cbDataMost as usize,
            EnumerateGrbit::from_bits_retain(grbit),
        )?;
        let allocator = Allocator { realloc, context: pvReallocContext };
        array.write(columns_in(allocator, &columns)?);
        count.write(columns.len() as u32);
        bad.map_or(Ok(Completion::Success), Err)
    })
}
