//! Filters of cursors (JetSetCursorFilter, spec 09 §7.7): moves and seeks pass over records that fail them.

use std::cmp::Ordering;

use ese_format::column_type::{ColumnClass, ColumnType};
use ese_format::error::JetError;
use ese_format::key::{KeySizes, SegmentColumn, SegmentOrder, TextKeys, normalize};
use ese_format::record::ColumnDefinition;
use ese_format::sort_key::IndexText;

use crate::error::Result;
use crate::table::{Cursor, OpenTable};
use crate::transaction::Session;

use super::search_key::COMPARED_TEXT;
use super::{column_of, refused};

/// Tests of one filter at most.
const ITEMS_MAX: usize = 1024;

/// How the value of a column must stand to that of the filter (JET_relop).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says itself what it is")]
pub enum FilterRelation {
    Equals,
    PrefixEquals,
    NotEquals,
    LessThanOrEqual,
    LessThan,
    GreaterThanOrEqual,
    GreaterThan,
    BitmaskEqualsZero,
    BitmaskNotEqualsZero,
}

/// One test of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterItem {
    /// The column, as the API numbers it.
    pub column: u32,
    /// How its value must stand to `value`.
    pub relation: FilterRelation,
    /// The filter's value; `None` for NULL.
    pub value: Option<Vec<u8>>,
}

/// A filter that was checked.
#[derive(Clone, Debug)]
pub(super) struct CursorFilter {
    items: Vec<FilterItem>,
}

impl Cursor {
    /// Sets the filter; no items for none. All of them must hold.
    ///
    /// # Errors
    /// `JET_errFilteredMoveNotSupported` while a secondary index is current and for columns that cannot be tested,
    /// `JET_errInvalidParameter` for values that do not fit their column or relation, `JET_errBadColumnId`,
    /// `JET_errColumnNotFound`.
    pub fn set_filter(&mut self, session: &mut Session, items: Vec<FilterItem>) -> Result<()> {
        self.refresh_schema(session)?;
        if self.secondary.is_some() {
            return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "a filter over a secondary index");
        }
        if items.len() > ITEMS_MAX {
            return refused(JetError::INVALID_PARAMETER, "too many tests");
        }
        items.iter().try_for_each(|item| check_item(column_of(&self.table, item.column)?, item))?;
        self.filter = (!items.is_empty()).then_some(CursorFilter { items });
        Ok(())
    }

    /// Whether there is a filter.
    #[must_use]
    pub fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether the record of the latched entry passes the filter.
    pub(super) fn passes_filter(&self) -> Result<bool> {
        let Some(filter) = &self.filter else { return Ok(true) };
        let sight = None;
        let record = self.record_in_hand(&sight)?;
        for item in &filter.items {
            let column = record.column(item.column)?;
            let found = record.find(column)?;
            let value = if found.count() == 0 {
                None
            } else {
                let value = found.values.get(1).map_err(|error| record.failed(error))?;
                Some(record.read(value, usize::MAX)?)
            };
            if !holds(&self.table, column, item, value.as_deref())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn check_item(column: &ColumnDefinition, item: &FilterItem) -> Result<()> {
    let user_defined = ese_format::record::ColumnFlags::USER_DEFINED_DEFAULT;
    if column.column_type.is_long() || column.column_type.is_text() || column.flags.contains(user_defined) {
        return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "long and text columns cannot be tested");
    }
    let bitmask =
        matches!(item.relation, FilterRelation::BitmaskEqualsZero | FilterRelation::BitmaskNotEqualsZero);
    let integer = matches!(
        column.column_type,
        ColumnType::UnsignedByte
            | ColumnType::Short
            | ColumnType::UnsignedShort
            | ColumnType::Long
            | ColumnType::UnsignedLong
            | ColumnType::Currency
            | ColumnType::LongLong
            | ColumnType::UnsignedLongLong
    );
    let sized = column.column_type.fixed_size().map(usize::from);
    let wrong_size = item.value.as_ref().is_some_and(|value| sized.is_some_and(|size| size != value.len()));
    let binary_only = item.relation == FilterRelation::PrefixEquals;
    let invalid = wrong_size
        || (bitmask && (item.value.is_none() || !integer))
        || (binary_only && !column.column_type.is_binary());
    if invalid {
        return refused(JetError::INVALID_PARAMETER, "the value does not fit the column or the test");
    }
    Ok(())
}

/// The truth table of spec 09 §7.7.
fn holds(
    table: &OpenTable,
    column: &ColumnDefinition,
    item: &FilterItem,
    value: Option<&[u8]>,
) -> Result<bool> {
    use FilterRelation as R;
    let filter = item.value.as_deref();
    let (Some(value), Some(filter)) = (value, filter) else {
        let (column_null, filter_null) = (value.is_none(), filter.is_none());
        return Ok(match item.relation {
            R::Equals => column_null && filter_null,
            R::PrefixEquals | R::BitmaskNotEqualsZero => false,
            R::NotEquals => column_null != filter_null,
            R::LessThanOrEqual | R::BitmaskEqualsZero => column_null,
            R::LessThan => column_null && !filter_null,
            R::GreaterThanOrEqual => filter_null,
            R::GreaterThan => filter_null && !column_null,
        });
    };
    let and = || value.iter().zip(filter).any(|(left, right)| left & right != 0);
    Ok(match item.relation {
        R::PrefixEquals => value.starts_with(filter),
        R::BitmaskEqualsZero => !and(),
        R::BitmaskNotEqualsZero => and(),
        relation => {
            let order = compare(table, column, value, filter)?;
            match relation {
                R::Equals => order.is_eq(),
                R::NotEquals => order.is_ne(),
                R::LessThanOrEqual => order.is_le(),
                R::LessThan => order.is_lt(),
                R::GreaterThanOrEqual => order.is_ge(),
                _ => order.is_gt(),
            }
        }
    })
}

/// Fixed-size types compare as index keys do, Binary as bytes.
fn compare(table: &OpenTable, column: &ColumnDefinition, left: &[u8], right: &[u8]) -> Result<Ordering> {
    if column.column_type.fixed_size().is_none() || column.location.class() == ColumnClass::Variable {
        return Ok(left.cmp(right));
    }
    let key = |value: &[u8]| -> Result<Vec<u8>> {
        let mut key = Vec::new();
        let segment = SegmentColumn::of(column);
        let sizes = KeySizes::of(None, None);
        let text = TextKeys { index: &IndexText::default(), keeper: &COMPARED_TEXT };
        normalize(&mut key, Some(value), segment, SegmentOrder::default(), sizes, text)
            .map_err(|error| table.map().file().format_error(error))?;
        Ok(key)
    };
    Ok(key(left)?.cmp(&key(right)?))
}
