//! Values against their columns: a record that is well formed by itself may still hold what its table's columns cannot
//! (spec 04 §1, spec 03 §5).
//!
//! Values of deleted columns stay in records and are not looked at. What is compressed or separated is measured where it
//! is read whole.

use ese_format::column_type::ColumnType;
use ese_format::error::FormatResult;
use ese_format::record::{ColumnDefinition, ColumnLocation, RecordView, TableLayout, Value};

/// Checks the values of records of one table.
#[derive(Debug)]
pub(super) struct ColumnSizes<'t> {
    layout: &'t TableLayout,
    /// The largest FID of each class that the catalog knows, deleted columns included.
    fixed_last: u8,
    variable_last: u8,
    tagged_last: u16,
}

impl<'t> ColumnSizes<'t> {
    pub(super) fn new(layout: &'t TableLayout) -> Self {
        let mut sizes = Self { layout, fixed_last: 0, variable_last: 127, tagged_last: 255 };
        for column in layout.columns() {
            match column.location {
                ColumnLocation::Fixed { fid, .. } => sizes.fixed_last = sizes.fixed_last.max(fid),
                ColumnLocation::Variable { fid } => sizes.variable_last = sizes.variable_last.max(fid),
                ColumnLocation::Tagged { fid, .. } => sizes.tagged_last = sizes.tagged_last.max(fid),
            }
        }
        sizes
    }

    /// What is wrong with the record, if anything is.
    ///
    /// # Errors
    /// Areas that cannot be read.
    pub(super) fn problem(&self, record: &RecordView<'_>) -> FormatResult<Option<String>> {
        if record.fixed_last() > self.fixed_last || record.variable_last() > self.variable_last {
            let what = format!(
                "the record has fixed columns up to {} and variable ones up to {}, the table up to {} and {}",
                record.fixed_last(),
                record.variable_last(),
                self.fixed_last,
                self.variable_last
            );
            return Ok(Some(what));
        }
        let untagged = self.layout.columns().iter().filter(|column| {
            !column.is_deleted() && !matches!(column.location, ColumnLocation::Tagged { .. })
        });
        for column in untagged {
            for value in record.values(column.location)?.iter() {
                if let Some(what) = misfit(column, &value?) {
                    return Ok(Some(what));
                }
            }
        }
        for tagged in record.tagged_area().iter() {
            let tagged = tagged?;
            if tagged.fid > self.tagged_last {
                let (fid, last) = (tagged.fid, self.tagged_last);
                return Ok(Some(format!(
                    "the record has tagged column {fid}, the table columns up to {last}"
                )));
            }
            let column = self.layout.column_at(tagged.fid, tagged.derived);
            let Some(column) = column.filter(|column| !column.is_deleted()) else { continue };
            for value in tagged.iter() {
                if let Some(what) = misfit(column, &value?) {
                    return Ok(Some(what));
                }
            }
        }
        Ok(None)
    }
}

/// Why a stored value is none of its column.
fn misfit(column: &ColumnDefinition, value: &Value<'_>) -> Option<String> {
    let Value::Inline(bytes) = value else { return None };
    let name = String::from_utf8_lossy(&column.name);
    if let Some(size) = fixed_size(column) {
        let wrong = !bytes.is_empty() && bytes.len() != size;
        return wrong
            .then(|| format!("column {name} has a value of {} bytes instead of {size}", bytes.len()));
    }
    let most = usize::try_from(column.bytes_max).unwrap_or(usize::MAX);
    let too_long = most != 0 && bytes.len() > most;
    too_long.then(|| format!("column {name} has a value of {} bytes, more than its {most}", bytes.len()))
}

/// Bytes of every value of a column whose type says so.
fn fixed_size(column: &ColumnDefinition) -> Option<usize> {
    match (column.column_type, column.location) {
        (ColumnType::Nil, _) => None,
        (_, ColumnLocation::Fixed { size, .. }) => Some(usize::from(size)),
        (column_type, _) => column_type.fixed_size().map(usize::from),
    }
}
