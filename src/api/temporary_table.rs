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

/// # Safety
/// As [`Temporary::open`], and the place is NULL or may be written.
unsafe fn open_temporary(sesid: JET_SESID, request: &Temporary, place: *mut JET_TABLEID) -> JET_ERR {
    // SAFETY: told by the caller.
    let place = unsafe { Place::new(place) };
    with_session(sesid, AfterStop::Refused, |call| {
        let place = place.required()?;
        place.write(JET_tableidNil);
        // SAFETY: told by the caller.
        place.write(unsafe { request.open(call) }?);
        Ok(Completion::Success)
    })
}

/// The answer to a request whose locale is none.
fn refused_temporary(sesid: JET_SESID, error: JetError) -> JET_ERR {
    with_session(sesid, AfterStop::Refused, |_| Err(error))
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
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale: None,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
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
        0 => None,
        lcid => match locale_of(&JET_UNICODEINDEX { lcid, dwMapFlags: 0 }) {
            Ok(locale) => Some(locale),
            Err(error) => return refused_temporary(sesid, error),
        },
    };
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
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
    let unicode = unsafe { Place::new(pidxunicode).read() };
    let locale = match unicode.as_ref().map(locale_of).transpose() {
        Ok(locale) => locale,
        Err(error) => return refused_temporary(sesid, error),
    };
    let request = Temporary {
        columns: prgcolumndef,
        count: ccolumn,
        grbit,
        ids: prgcolumnid,
        key_most: 0,
        var_seg_mac: 0,
        locale,
    };
    // SAFETY: the caller's lists have as many items as it says.
    unsafe { open_temporary(sesid, &request, ptableid) }
}

/// By structure.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or may be read and written.
    let place = unsafe { Place::new(popentemporarytable) };
    with_session(sesid, AfterStop::Refused, |call| {
        let mut open = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if open.cbStruct as usize != size_of::<JET_OPENTEMPORARYTABLE>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        open.tableid = JET_tableidNil;
        place.write(open);
        let request = Temporary {
            columns: open.prgcolumndef,
            count: open.ccolumn,
            grbit: open.grbit,
            ids: open.prgcolumnid,
            key_most: open.cbKeyMost,
            var_seg_mac: open.cbVarSegMac,
            // SAFETY: the structure's pointer is NULL or may be read.
            locale: unsafe { Place::new(open.pidxunicode).read() }.as_ref().map(locale_of).transpose()?,
        };
        // SAFETY: the structure's lists have as many items as it says.
        open.tableid = unsafe { request.open(call) }?;
        place.write(open);
        Ok(Completion::Success)
    })
}

/// By structure with locale name.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JetOpenTemporaryTable2(
    sesid: JET_SESID,
    popentemporarytable: *mut JET_OPENTEMPORARYTABLE2,
) -> JET_ERR {
    // SAFETY: the caller's structure is NULL or may be read and written.
    let place = unsafe { Place::new(popentemporarytable) };
    with_session(sesid, AfterStop::Refused, |call| {
        let mut open = place.required()?.read().ok_or(JetError::INVALID_PARAMETER)?;
        if open.cbStruct as usize != size_of::<JET_OPENTEMPORARYTABLE2>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        open.tableid = JET_tableidNil;
        place.write(open);
        let request = Temporary {
            columns: open.prgcolumndef,
            count: open.ccolumn,
            grbit: open.grbit,
            ids: open.prgcolumnid,
            key_most: open.cbKeyMost,
            var_seg_mac: open.cbVarSegMac,
            // SAFETY: the structure's pointers are NULL or may be read, the name ends with a zero.
            locale: unsafe { locale_of_second(open.pidxunicode) }?,
        };
        // SAFETY: the structure's lists have as many items as it says.
        open.tableid = unsafe { request.open(call) }?;
        place.write(open);
        Ok(Completion::Success)
    })
}
