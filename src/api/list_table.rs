//! Answers that are lists: temporary tables with a cursor on the first row, which the caller closes (spec 09 §11.1).
//!
//! In the A form the text is code page 1252 and the key columns order the rows. In the W form it is UTF-16, of which there
//! are no sort keys yet: rows stay in the order in which they are put in, which whoever makes the list takes care is that
//! of the key.

use ese_engine::table::{ColumnChange, Prepare, SetGrbit, UpdateGrbit};
use ese_engine::temp::{NewTemporaryColumn, NewTemporaryTable, RowOrder, TemporaryGrbit, TemporaryTable};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::error::JetError;

use super::definition::Form;
use super::names::wide_of_1252;
use crate::abi::tables::bits::{
    JET_bitColumnFixed, JET_bitColumnTTKey, JET_bitTTScrollable, JET_bitTTUnique,
};
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::{JET_COLUMNID, JET_TABLEID};
use crate::runtime::call::SessionCall;
use crate::runtime::engine_cursor::EngineCursor;

const CODE_PAGE_1252: u32 = 1252;
const CODE_PAGE_UTF16: u32 = 1200;
/// The database of a temporary table: none of the session's.
const NO_DATABASE: u32 = 0;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListColumn {
    column_type: u32,
    grbit: u32,
}

impl ListColumn {
    pub(super) const LONG: Self = Self { column_type: JET_coltypLong, grbit: JET_bitColumnFixed };
    pub(super) const SHORT: Self = Self { column_type: JET_coltypShort, grbit: JET_bitColumnFixed };
    pub(super) const DATE_TIME: Self = Self { column_type: JET_coltypDateTime, grbit: JET_bitColumnFixed };
    pub(super) const TEXT: Self = Self { column_type: JET_coltypText, grbit: 0 };
    pub(super) const BINARY: Self = Self { column_type: JET_coltypBinary, grbit: 0 };
    pub(super) const LONG_BINARY: Self = Self { column_type: JET_coltypLongBinary, grbit: 0 };

    /// The column as a part of the key.
    pub(super) const fn key(self) -> Self {
        Self { column_type: self.column_type, grbit: self.grbit | JET_bitColumnTTKey }
    }

    const fn is_text(self) -> bool {
        self.column_type == JET_coltypText
    }

    const fn is_key(self) -> bool {
        self.grbit & JET_bitColumnTTKey != 0
    }

    fn of_form(self, form: Form) -> NewTemporaryColumn {
        let code_page = match form {
            _ if !self.is_text() => 0,
            Form::Ansi => CODE_PAGE_1252,
            Form::Wide => CODE_PAGE_UTF16,
        };
        NewTemporaryColumn { column_type: self.column_type, grbit: self.grbit, code_page, bytes_max: 0 }
    }
}

/// A value of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum ListValue<'v> {
    Null,
    Long(u32),
    Short(u16),
    /// A name in bytes of code page 1252.
    Name(&'v [u8]),
    Bytes(&'v [u8]),
}

impl ListValue<'_> {
    fn bytes(self, form: Form) -> Option<Vec<u8>> {
        match (self, form) {
            (Self::Null, _) => None,
            (Self::Long(number), _) => Some(number.to_le_bytes().to_vec()),
            (Self::Short(number), _) => Some(number.to_le_bytes().to_vec()),
            (Self::Name(name), Form::Wide) => {
                Some(wide_of_1252(name).as_slice().iter().flat_map(|unit| unit.to_le_bytes()).collect())
            }
            (Self::Name(bytes), Form::Ansi) | (Self::Bytes(bytes), _) => Some(bytes.to_vec()),
        }
    }
}

/// A list that was made.
#[derive(Clone, Debug)]
pub(super) struct OpenList {
    /// Its cursor.
    pub(super) tableid: JET_TABLEID,
    /// How many rows it has.
    pub(super) rows: u32,
    ids: Vec<JET_COLUMNID>,
}

impl OpenList {
    /// The id of a column, by its place among those asked for.
    pub(super) fn id(&self, place: usize) -> JET_COLUMNID {
        self.ids.get(place).copied().unwrap_or_default()
    }
}

/// Makes a list of rows that come in the order of the key columns, and gives its cursor a handle.
///
/// # Errors
/// `JET_errTooManySorts`, those of the temporary database.
pub(super) fn open_list<'v>(
    call: &mut SessionCall<'_>,
    form: Form,
    columns: &[ListColumn],
    rows: impl Iterator<Item = Vec<ListValue<'v>>>,
) -> Result<OpenList, JetError> {
    let keeper = call.instance().engine()?.temporary_tables()?;
    let has_text_key = columns.iter().any(|column| column.is_key() && column.is_text());
    let columns: Vec<_> = columns.iter().map(|column| column.of_form(form)).collect();
    let new = NewTemporaryTable {
        columns: &columns,
        // A default value is no longer than a record takes.
        grbit: JET_bitTTScrollable | TemporaryGrbit::INTRINSIC_LVS_ONLY.bits(),
        order: if form == Form::Wide && has_text_key { RowOrder::Insertion } else { RowOrder::Key },
        ..NewTemporaryTable::default()
    };
    let session = &mut call.body()?.engine;
    let mut table = TemporaryTable::open(&keeper, session, &new)?;
    let ids: Vec<_> = table.column_ids().iter().map(|id| id.to_api()).collect();
    let count = match fill(&mut table, session, form, &ids, rows) {
        Ok(count) => count,
        Err(error) => {
            // The first error counts; the table is gone whatever its end says.
            let _ = table.close(session);
            return Err(error);
        }
    };
    Ok(OpenList { tableid: give_out(call, table)?, rows: count, ids })
}

/// Gives the cursor of a temporary table a handle.
///
/// # Errors
/// `JET_errOutOfCursors`.
pub(super) fn give_out(call: &mut SessionCall<'_>, table: TemporaryTable) -> Result<JET_TABLEID, JetError> {
    call.add_cursor(NO_DATABASE, EngineCursor::over_temporary(table))
}

fn fill<'v>(
    table: &mut TemporaryTable,
    session: &mut Session,
    form: Form,
    ids: &[JET_COLUMNID],
    mut rows: impl Iterator<Item = Vec<ListValue<'v>>>,
) -> Result<u32, JetError> {
    // A default value goes into a long column, which is set in transactions only.
    session.begin(BeginKind::Internal)?;
    let mut count = 0_u32;
    let filled = rows.try_for_each(|row| {
        let values: Vec<_> = row.into_iter().map(|value| value.bytes(form)).collect();
        count = count.saturating_add(1);
        insert(table, session, ids.iter().copied().zip(values.iter().map(Option::as_deref)))
    });
    match filled {
        Ok(()) => session.commit(CommitOptions::LAZY).map(|_| ())?,
        Err(error) => {
            session.rollback()?;
            return Err(error);
        }
    }
    match table.move_first(session) {
        Err(error) if error.jet() != JetError::NO_CURRENT_RECORD => Err(error.into()),
        _ => Ok(count),
    }
}

/// Puts a row into a temporary table that takes rows; of several with one key the first stays.
///
/// # Errors
/// Those of the temporary database.
pub(super) fn insert<'v>(
    table: &mut TemporaryTable,
    session: &mut Session,
    values: impl Iterator<Item = (JET_COLUMNID, Option<&'v [u8]>)>,
) -> Result<(), JetError> {
    table.cursor().prepare(session, Prepare::Insert)?;
    for (column, value) in values {
        let Some(data) = value else { continue };
        let bytes = u32::try_from(data.len()).map_err(|_| JetError::COLUMN_TOO_BIG)?;
        let grbit = if data.is_empty() { SetGrbit::ZERO_LENGTH } else { SetGrbit::empty() };
        let change = ColumnChange { column, data, bytes, grbit, offset: 0, itag: 1 };
        table.cursor().set_column(session, &change)?;
    }
    table.update(session, None, UpdateGrbit::empty())?;
    Ok(())
}

/// A sorted set of bookmarks in the temporary database, as JetIntersectIndexes gives it out.
///
/// # Errors
/// `JET_errTooManySorts`, those of the temporary database.
pub(super) fn open_bookmark_set(
    call: &mut SessionCall<'_>,
    key_most: u16,
) -> Result<(TemporaryTable, JET_COLUMNID), JetError> {
    let keeper = call.instance().engine()?.temporary_tables()?;
    let columns = [ListColumn::BINARY.key().of_form(Form::Ansi)];
    let new = NewTemporaryTable {
        columns: &columns,
        grbit: JET_bitTTScrollable | JET_bitTTUnique,
        key_most: u32::from(key_most),
        ..NewTemporaryTable::default()
    };
    let table = TemporaryTable::open(&keeper, &mut call.body()?.engine, &new)?;
    let id = table.column_ids().first().map_or(0, |id| id.to_api());
    Ok((table, id))
}
