//! The columns of a table, ready for reading records.

use super::RECORD_HEADER_BYTES;
use super::column::{ColumnDefinition, ColumnLocation};
use crate::column_type::{ColumnClass, ColumnId, class_of};

/// Every column of a table, inherited ones included.
///
/// Invariants: columns are ordered by class and FID, those of a template table first within the tagged class; fixed and
/// variable columns have one numbering, template and own columns together.
#[derive(Clone, Debug, Default)]
pub struct TableLayout {
    columns: Vec<ColumnDefinition>,
    /// Identifier and place in `columns`, in the order of the identifiers.
    by_id: Vec<(ColumnId, usize)>,
    derived: bool,
    fixed_end: u16,
}

impl TableLayout {
    /// Orders the columns of a table. `derived` says that the table has a template, so that a template column in a key
    /// of its indexes is not one of its own.
    #[must_use]
    pub(crate) fn new(mut columns: Vec<ColumnDefinition>, derived: bool) -> Self {
        columns.sort_by_key(|column| {
            (column.location.class(), !is_derived(column.location), column.location.fid())
        });
        columns.dedup_by_key(|column| column.id);
        let mut by_id: Vec<_> =
            columns.iter().enumerate().map(|(index, column)| (column.id, index)).collect();
        by_id.sort_unstable_by_key(|(id, _)| *id);
        let slots = columns.iter().map(|column| match column.location {
            ColumnLocation::Fixed { offset, size, .. } => offset.saturating_add(size),
            _ => 0,
        });
        let fixed_end = slots.max().unwrap_or(0).max(RECORD_HEADER_BYTES as u16);
        Self { columns, by_id, derived, fixed_end }
    }

    /// The same table with these columns, in the place of those that have their identifiers.
    #[must_use]
    pub fn with_columns(&self, columns: Vec<ColumnDefinition>) -> Self {
        let others = self.columns.iter().filter(|known| columns.iter().all(|column| column.id != known.id));
        let others: Vec<_> = others.cloned().collect();
        Self::new(columns.into_iter().chain(others).collect(), self.derived)
    }

    /// Every column by class and FID, deleted fixed ones included.
    #[must_use]
    pub fn columns(&self) -> &[ColumnDefinition] {
        &self.columns
    }

    /// The column with this identifier.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&ColumnDefinition> {
        let found = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.by_id.get(found).and_then(|(_, index)| self.columns.get(*index))
    }

    /// The column at this place of a record: fixed and variable columns by FID alone, tagged ones by FID and derived bit.
    #[must_use]
    pub fn column_at(&self, fid: u16, derived: bool) -> Option<&ColumnDefinition> {
        let key = (class_of(fid)?, !derived, fid);
        let place = |column: &ColumnDefinition| {
            let location = column.location;
            let tagged = location.class() == ColumnClass::Tagged;
            (location.class(), if tagged { !is_derived(location) } else { key.1 }, location.fid())
        };
        let index = self.columns.binary_search_by(|column| place(column).cmp(&key)).ok()?;
        self.columns.get(index)
    }

    /// The live column with this name; letters a–z count as A–Z, no others (spec 03 §12).
    #[must_use]
    pub fn column_named(&self, name: &[u8]) -> Option<&ColumnDefinition> {
        self.columns.iter().find(|column| !column.is_deleted() && column.name.eq_ignore_ascii_case(name))
    }

    /// The column an index segment or condition names. In a table that is not derived, template and own columns are the
    /// same.
    #[must_use]
    pub fn key_column(&self, fid: u16, of_template: bool) -> Option<&ColumnDefinition> {
        let [first, second] = if of_template {
            [ColumnId::template(fid), ColumnId::own(fid)]
        } else {
            [ColumnId::own(fid), ColumnId::template(fid)]
        };
        let found = self.column(first);
        let tagged = class_of(fid) == Some(ColumnClass::Tagged);
        found.or_else(|| self.column(second).filter(|_| !self.derived || !tagged))
    }

    /// Whether the table is derived from a template table.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.derived
    }

    /// Offset of the end of the last fixed column in a record that holds them all.
    #[must_use]
    pub fn fixed_end(&self) -> u16 {
        self.fixed_end
    }
}

fn is_derived(location: ColumnLocation) -> bool {
    matches!(location, ColumnLocation::Tagged { derived: true, .. })
}
