//! Temporary tables (spec 09 §12.1).

use ese_engine::catalog::NewLocale;
use ese_engine::temp::{NewTemporaryColumn, NewTemporaryTable, TemporaryTable};
use ese_format::error::JetError;

use super::argument::{Place, Text};
use crate::abi::guard::Completion;
use crate::abi::locale;
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;
use crate::runtime::call::{SessionCall, with_session};
use crate::runtime::engine_cursor::EngineCursor;
use crate::runtime::instance::AfterStop;

/// Columns a temporary table may have: more than any table has.
const TEMPORARY_COLUMNS_MAX: u32 = 1 << 16;
/// Units of the name of a locale that are looked at.
const LOCALE_UNITS_MAX: usize = 255;

/// A temporary table's request, from any of the functions.
struct Temporary {
    columns: *const JET_COLUMNDEF,
    count: u32,
    grbit: JET_GRBIT,
    ids: *mut JET_COLUMNID,
    key_most: u32,
    var_seg_mac: u32,
    locale: Option<NewLocale>,
}

/// The locale of a JET_UNICODEINDEX.
fn locale_of(unicode: &JET_UNICODEINDEX) -> Result<NewLocale, JetError> {
    let name = locale::name_of(unicode.lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
    Ok(NewLocale { name: name.to_owned(), lcmap_flags: unicode.dwMapFlags })
}

impl Temporary {
    /// Opens the table, and writes the ids of its columns.
    ///
    /// # Safety
    /// The lists are NULL or have as many items as there are columns.
    unsafe fn open(&self, call: &mut SessionCall<'_>) -> Result<JET_TABLEID, JetError> {
        let missing = self.count > 0 && (self.columns.is_null() || self.ids.is_null());
        if missing || self.count > TEMPORARY_COLUMNS_MAX {
            return Err(JetError::INVALID_PARAMETER);
        }
        let mut columns = Vec::new();
        for index in 0..self.count as usize {
            // SAFETY: the list has that many items.
            let column = unsafe { self.columns.add(index).read_unaligned() };
            if column.cbStruct as usize != size_of::<JET_COLUMNDEF>() {
                return Err(JetError::INVALID_PARAMETER);
            }
            columns.push(NewTemporaryColumn {
                column_type: column.coltyp,
                code_page: u32::from(column.cp),
                bytes_max: column.cbMax,
                grbit: column.grbit,
            });
        }
        let default = call.instance().engine()?.settings().text.clone();
        let mut locale = self.locale.clone().unwrap_or(NewLocale { name: default.locale, lcmap_flags: 0 });
        if locale.lcmap_flags == 0 {
            locale.lcmap_flags = default.lcmap_flags.bits();
        }
        let new = NewTemporaryTable {
            columns: &columns,
            grbit: self.grbit,
            key_most: self.key_most,
            var_seg_mac: self.var_seg_mac,
            locale: Some(&locale),
            ..NewTemporaryTable::default()
        };
        let keeper = call.instance().engine()?.temporary_tables()?;
        let table = TemporaryTable::open(&keeper, &mut call.body()?.engine, &new)?;
        for (index, id) in table.column_ids().iter().enumerate() {
            // SAFETY: the list has an item for each column.
            unsafe { self.ids.add(index).write_unaligned(id.to_api()) };
        }
        call.add_cursor(0, EngineCursor::over_temporary(table))
    }
}

/// The common part of JetOpenTempTable, 2 and 3.
///
/// # Safety
/// As [`Temporary::open`], and the place is NULL or may be written.
unsafe fn open_temp_table(
    sesid: JET_SESID,
    (columns, count): (*const JET_COLUMNDEF, u32),
    locale: Result<Option<NewLocale>, JetError>,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    ids: *mut JET_COLUMNID,
) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(ptableid) };
    with_session(sesid, AfterStop::Refused, |call| {
        let request = Temporary { columns, count, grbit, ids, key_most: 0, var_seg_mac: 0, locale: locale? };
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: told by the caller.
        place.write(unsafe { request.open(call) }?);
        Ok(Completion::Success)
    })
}

/// The locale of a JET_UNICODEINDEX by its place.
///
/// # Safety
/// The pointer is NULL or points to a structure.
unsafe fn locale_of_first(unicode: *mut JET_UNICODEINDEX) -> Result<Option<NewLocale>, JetError> {
    // SAFETY: told by the caller.
    unsafe { Place::new(unicode).read() }.as_ref().map(locale_of).transpose()
}

/// The locale of a JET_UNICODEINDEX2.
///
/// # Safety
/// The pointer is NULL or points to a structure whose name is NULL or ends with a zero.
unsafe fn locale_of_second(unicode: *mut JET_UNICODEINDEX2) -> Result<Option<NewLocale>, JetError> {
    // SAFETY: told by the caller.
    unsafe {
        let Some(unicode) = Place::new(unicode).read() else { return Ok(None) };
        let name = Text::wide(unicode.szLocaleName).read(LOCALE_UNITS_MAX, JetError::INVALID_LANGUAGE_ID)?;
        let name = name.map(|name| name.to_string().map_err(|_| JetError::INVALID_LANGUAGE_ID));
        Ok(Some(NewLocale { name: name.transpose()?.unwrap_or_default(), lcmap_flags: unicode.dwMapFlags }))
    }
}

/// Create a temporary table (default LCID).
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temp_table(sesid, (prgcolumndef, ccolumn), Ok(None), grbit, ptableid, prgcolumnid) }
}

/// As before with LCID.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable2(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    lcid: u32,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    let locale = match lcid {
        0 => Ok(None),
        lcid => locale_of(&JET_UNICODEINDEX { lcid, dwMapFlags: 0 }).map(Some),
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temp_table(sesid, (prgcolumndef, ccolumn), locale, grbit, ptableid, prgcolumnid) }
}

/// As before with JET\_UNICODEINDEX.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTempTable3(
    sesid: JET_SESID,
    prgcolumndef: *const JET_COLUMNDEF,
    ccolumn: u32,
    pidxunicode: *mut JET_UNICODEINDEX,
    grbit: JET_GRBIT,
    ptableid: *mut JET_TABLEID,
    prgcolumnid: *mut JET_COLUMNID,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or may be read.
    let locale = unsafe { locale_of_first(pidxunicode) };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temp_table(sesid, (prgcolumndef, ccolumn), locale, grbit, ptableid, prgcolumnid) }
}

/// Either structure of JetOpenTemporaryTable.
trait OpenTemporaryTable: Copy {
    /// The size that it gives, in bytes.
    fn bytes(&self) -> u32;
    /// What it asks for.
    ///
    /// # Safety
    /// What it says of a locale is NULL or may be read, its name ends with a zero.
    unsafe fn request(&self) -> Result<Temporary, JetError>;
    /// Writes which cursor it got.
    fn answer(&mut self, tableid: JET_TABLEID);
}

/// Makes a structure an [`OpenTemporaryTable`] whose locale `locale` reads.
macro_rules! open_temporary_table {
    ($structure:ty, $locale:path) => {
        impl OpenTemporaryTable for $structure {
            fn bytes(&self) -> u32 {
                self.cbStruct
            }

            unsafe fn request(&self) -> Result<Temporary, JetError> {
                Ok(Temporary {
                    columns: self.prgcolumndef,
                    count: self.ccolumn,
                    grbit: self.grbit,
                    ids: self.prgcolumnid,
                    key_most: self.cbKeyMost,
                    var_seg_mac: self.cbVarSegMac,
                    // SAFETY: told by the caller.
                    locale: unsafe { $locale(self.pidxunicode) }?,
                })
            }

            fn answer(&mut self, tableid: JET_TABLEID) {
                self.tableid = tableid;
            }
        }
    };
}

open_temporary_table!(JET_OPENTEMPORARYTABLE, locale_of_first);
open_temporary_table!(JET_OPENTEMPORARYTABLE2, locale_of_second);

/// The common part of JetOpenTemporaryTable and JetOpenTemporaryTable2.
///
/// # Safety
/// `place` is NULL or one structure whose pointers are NULL or valid as it says.
unsafe fn open_temporary<T: OpenTemporaryTable>(sesid: JET_SESID, place: *mut T) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(place) };
    with_session(sesid, AfterStop::Refused, |call| {
        let mut open = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if open.bytes() as usize != size_of::<T>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        open.answer(JET_tableidNil);
        place.write(open);
        // SAFETY: told by the caller.
        open.answer(unsafe { open.request()?.open(call) }?);
        place.write(open);
        Ok(Completion::Success)
    })
}

/// By structure.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { open_temporary(sesid, popentemporarytable) }
}

/// By structure with locale name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable2(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE2,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or valid as it says.
    unsafe { open_temporary(sesid, popentemporarytable) }
}
