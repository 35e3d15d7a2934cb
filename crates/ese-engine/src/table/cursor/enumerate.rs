//! JetEnumerateColumns (spec 09 §9.6).

use ese_format::error::JetError;
use ese_format::record::{ColumnFlags, Value};

use crate::error::Result;
use crate::table::{Cursor, EnumerateGrbit, RetrieveGrbit};
use crate::transaction::Session;

use super::refused;
use super::retrieve::copy_in_hand;
use super::values::{Found, Presence, RecordInHand};

/// A column that is asked for, and which of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSelection {
    /// The column, as the API numbers it; 0 is skipped.
    pub column: u32,
    /// Numbers of the values wanted; none for all. 0 is skipped.
    pub itags: Vec<u32>,
}

/// A column and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumeratedColumn {
    /// The column, as the API numbers it.
    pub column: u32,
    /// Success, the warning that says why there are no values, `JET_wrnColumnSingleValue` for one value without a list, or
    /// the error of this column.
    pub code: JetError,
    /// The values.
    pub values: Vec<EnumeratedValue>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumeratedValue {
    /// Its number.
    pub itag: u32,
    /// Success, or the warning that says why the bytes are not or not all there.
    pub code: JetError,
    /// The bytes.
    pub data: Vec<u8>,
}

/// What was enumerated, and the error of a column of the list that does not exist.
pub type Enumeration = (Vec<EnumeratedColumn>, Option<JetError>);

/// How values are given.
#[derive(Clone, Copy)]
struct Terms {
    grbit: EnumerateGrbit,
    /// Most bytes of a separated value.
    bytes_max: usize,
}

impl Cursor {
    /// The values of the columns in `list`, or of all columns that have any.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`, `JET_errCallbackFailed` for defaults from callbacks that were not left out,
    /// `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, those of damaged values.
    pub fn enumerate_columns(
        &mut self,
        session: &mut Session,
        list: Option<&[ColumnSelection]>,
        bytes_max: usize,
        grbit: EnumerateGrbit,
    ) -> Result<Enumeration> {
        check_options(grbit, list)?;
        self.refresh_schema(session)?;
        let user_defined = |column: &ese_format::record::ColumnDefinition| {
            column.flags.contains(ColumnFlags::USER_DEFINED_DEFAULT)
        };
        let left_out = EnumerateGrbit::IGNORE_DEFAULT | EnumerateGrbit::IGNORE_USER_DEFINED_DEFAULT;
        if !grbit.intersects(left_out) && self.table.schema().tagged_columns_with_default().any(user_defined)
        {
            return refused(JetError::CALLBACK_FAILED, "a default comes from a callback");
        }
        let terms = Terms { grbit, bytes_max };
        self.in_snapshot(session, true, |cursor, session| {
            if grbit.contains(EnumerateGrbit::COPY) && cursor.reads_copy(RetrieveGrbit::COPY) {
                let Some(update) = &mut cursor.prepared else {
                    return refused(JetError::UPDATE_NOT_PREPARED, "no update is prepared");
                };
                return enumerate(&copy_in_hand(update, Self::sight(session))?, list, terms);
            }
            cursor.with_sight(session, |cursor, session| {
                cursor.on_record(session)?;
                enumerate(&cursor.record_in_hand(Self::sight(session))?, list, terms)
            })
        })
    }
}

fn check_options(grbit: EnumerateGrbit, list: Option<&[ColumnSelection]>) -> Result<()> {
    let known = EnumerateGrbit::COPY
        | EnumerateGrbit::IGNORE_DEFAULT
        | EnumerateGrbit::PRESENCE_ONLY
        | EnumerateGrbit::TAGGED_ONLY
        | EnumerateGrbit::COMPRESS_OUTPUT
        | EnumerateGrbit::IGNORE_USER_DEFINED_DEFAULT
        | EnumerateGrbit::IN_RECORD_ONLY
        | EnumerateGrbit::AS_REF_IF_NOT_IN_RECORD;
    let both = EnumerateGrbit::IN_RECORD_ONLY | EnumerateGrbit::AS_REF_IF_NOT_IN_RECORD;
    let invalid = !known.contains(grbit)
        || grbit.contains(both)
        || (grbit.contains(EnumerateGrbit::TAGGED_ONLY) && list.is_some());
    if invalid {
        return refused(JetError::INVALID_GRBIT, "options that do not go together");
    }
    Ok(())
}

fn enumerate(
    record: &RecordInHand<'_>,
    list: Option<&[ColumnSelection]>,
    terms: Terms,
) -> Result<Enumeration> {
    match list {
        Some(list) => enumerate_list(record, list, terms),
        None => enumerate_all(record, terms).map(|columns| (columns, None)),
    }
}

fn enumerate_all(record: &RecordInHand<'_>, terms: Terms) -> Result<Vec<EnumeratedColumn>> {
    let mut found =
        if terms.grbit.contains(EnumerateGrbit::TAGGED_ONLY) { Vec::new() } else { record.untagged()? };
    let ignore_default = terms.grbit.contains(EnumerateGrbit::IGNORE_DEFAULT);
    let wanted = |found: &Found<'_>| !(ignore_default && found.state == Presence::Default);
    found.extend(record.tagged()?.into_iter().filter(wanted));
    found.into_iter().map(|found| whole_column(record, found, terms)).collect()
}

fn whole_column(record: &RecordInHand<'_>, found: Found<'_>, terms: Terms) -> Result<EnumeratedColumn> {
    let column = found.column.id.to_api();
    let empty = |code| EnumeratedColumn { column, code, values: Vec::new() };
    if found.count() == 0 {
        return Ok(empty(JetError::WRN_COLUMN_NULL));
    }
    if terms.grbit.contains(EnumerateGrbit::PRESENCE_ONLY) {
        return Ok(empty(JetError::WRN_COLUMN_PRESENT));
    }
    let mut values = Vec::with_capacity(found.count());
    for itag in 1..=found.count() {
        values.push(one_value(record, found, itag as u32, terms)?);
    }
    let single = terms.grbit.contains(EnumerateGrbit::COMPRESS_OUTPUT)
        && values.len() == 1
        && !is_separated(record, found, 1)?;
    let code = if single { JetError::WRN_COLUMN_SINGLE_VALUE } else { JetError::SUCCESS };
    Ok(EnumeratedColumn { column, code, values })
}

fn is_separated(record: &RecordInHand<'_>, found: Found<'_>, itag: usize) -> Result<bool> {
    let value = found.values.get(itag).map_err(|error| record.failed(error))?;
    Ok(matches!(value, Value::Separated(_)))
}

fn one_value(
    record: &RecordInHand<'_>,
    found: Found<'_>,
    itag: u32,
    terms: Terms,
) -> Result<EnumeratedValue> {
    let value = found.values.get(itag as usize).map_err(|error| record.failed(error))?;
    if !matches!(value, Value::Separated(_)) {
        let data = record.read(value, usize::MAX)?;
        return Ok(EnumeratedValue { itag, code: JetError::SUCCESS, data });
    }
    if terms.grbit.intersects(EnumerateGrbit::IN_RECORD_ONLY | EnumerateGrbit::AS_REF_IF_NOT_IN_RECORD) {
        let code = JetError::WRN_COLUMN_NOT_IN_RECORD;
        return Ok(EnumeratedValue { itag, code, data: Vec::new() });
    }
    let truncated = record.size(value)? > terms.bytes_max;
    let code = if truncated { JetError::WRN_COLUMN_TRUNCATED } else { JetError::SUCCESS };
    Ok(EnumeratedValue { itag, code, data: record.read(value, terms.bytes_max)? })
}

fn enumerate_list(record: &RecordInHand<'_>, list: &[ColumnSelection], terms: Terms) -> Result<Enumeration> {
    let mut columns = Vec::with_capacity(list.len());
    let mut failed = None;
    for selection in list {
        let empty = |code| EnumeratedColumn { column: selection.column, code, values: Vec::new() };
        if selection.column == 0 {
            columns.push(empty(JetError::WRN_COLUMN_SKIPPED));
            continue;
        }
        match record.column(selection.column) {
            Ok(column) => columns.push(selected(record, record.find(column)?, selection, terms)?),
            Err(error) => {
                failed = failed.or(Some(error.jet()));
                columns.push(empty(error.jet()));
            }
        }
    }
    Ok((columns, failed))
}

fn selected(
    record: &RecordInHand<'_>,
    found: Found<'_>,
    selection: &ColumnSelection,
    terms: Terms,
) -> Result<EnumeratedColumn> {
    let ignore_default = terms.grbit.contains(EnumerateGrbit::IGNORE_DEFAULT);
    let defaulted = ignore_default && matches!(found.state, Presence::Default | Presence::Absent);
    let missing = if defaulted { JetError::WRN_COLUMN_DEFAULT } else { JetError::WRN_COLUMN_NULL };
    let count = if defaulted { 0 } else { found.count() as u32 };
    let column = selection.column;
    if selection.itags.is_empty() {
        if count == 0 {
            return Ok(EnumeratedColumn { column, code: missing, values: Vec::new() });
        }
        return whole_column(record, found, terms);
    }
    let presence_only = terms.grbit.contains(EnumerateGrbit::PRESENCE_ONLY);
    let mut values = Vec::with_capacity(selection.itags.len());
    for itag in &selection.itags {
        let empty = |code| EnumeratedValue { itag: *itag, code, data: Vec::new() };
        values.push(match *itag {
            0 => empty(JetError::WRN_COLUMN_SKIPPED),
            itag if itag > count => empty(missing),
            _ if presence_only => empty(JetError::WRN_COLUMN_PRESENT),
            itag => one_value(record, found, itag, terms)?,
        });
    }
    Ok(EnumeratedColumn { column, code: JetError::SUCCESS, values })
}
