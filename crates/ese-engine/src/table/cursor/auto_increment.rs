//! Autoincrement values (spec 04 §2.2, 03 §8.8, 09 §8.10).
//!
//! Invariant: where the root of the table keeps the mark, it lies at or above every value given out before that value
//! can be in a record: the change of the mark is logged first.

use ese_format::error::JetError;
use ese_format::key::{KeyPart, KeySizes, SegmentColumn, invert};
use ese_format::record::{ColumnDefinition, RecordView, Value};
use ese_format::space::RootHeader;

use crate::error::Result;
use crate::table::{Cursor, OpenTable, seen};
use crate::table_state::ReservedNumbers;
use crate::transaction::Session;

use super::{refused, transact};

/// The highest values that are ever given out, in columns of 4 and of 8 bytes.
const LAST_OF_FOUR_BYTES: u64 = 0x7FFF_FEFF;
const LAST_OF_EIGHT_BYTES: u64 = 0x7FFF_FFFF_FFFF_FEFF;
/// Values reserved at first, and at most, at one time.
const BATCH_FIRST: u64 = 2;
const BATCH_MAX: u64 = 1000;

impl Cursor {
    /// Bytes of the table's autoincrement column; `None` without one.
    ///
    /// # Errors
    /// Those of reading the schema.
    pub fn auto_increment_bytes(&mut self, session: &Session) -> Result<Option<usize>> {
        self.refresh_schema(session)?;
        Ok(column(&self.table).map(width))
    }

    /// Draws the table's next autoincrement value without using it (`JET_TblInfoRetrieveAndReserveAutoIncrement`).
    ///
    /// # Errors
    /// `JET_errColumnNotFound` without such a column, `JET_errOutOfAutoincrementValues`, those of the trees.
    pub fn reserve_auto_increment(&mut self, session: &mut Session) -> Result<u64> {
        self.refresh_schema(session)?;
        match column(&self.table.clone()) {
            Some(column) => draw(session, &self.table, column),
            None => refused(JetError::COLUMN_NOT_FOUND, "the table has no autoincrement column"),
        }
    }
}

/// The autoincrement column of a table.
pub(super) fn column(table: &OpenTable) -> Option<&ColumnDefinition> {
    table.special_columns().auto_increment.and_then(|id| table.schema().layout().column(id))
}

/// The next value.
pub(super) fn draw(session: &mut Session, table: &OpenTable, column: &ColumnDefinition) -> Result<u64> {
    let end = if width(column) == 4 { LAST_OF_FOUR_BYTES } else { LAST_OF_EIGHT_BYTES };
    let mut state = table.state().auto_increment.lock();
    let mut numbers = known(&mut state, table, column)?;
    let next = numbers.last.saturating_add(1);
    if next > end {
        return refused(JetError::OUT_OF_AUTOINCREMENT_VALUES, "autoincrement values of the table");
    }
    if numbers.reserved.is_some_and(|reserved| next > reserved) {
        let mark = numbers.last.saturating_add(numbers.batch).min(end);
        store_mark(session, table, mark)?;
        numbers.reserved = Some(mark);
        numbers.batch = (numbers.batch * 2).min(BATCH_MAX);
    }
    numbers.last = next;
    *state = Some(numbers);
    Ok(next)
}

/// The value that would be drawn next.
pub(super) fn peek(table: &OpenTable, column: &ColumnDefinition) -> Result<u64> {
    let mut state = table.state().auto_increment.lock();
    known(&mut state, table, column).map(|numbers| numbers.last.saturating_add(1))
}

/// Bytes of the column that count.
pub(super) fn width(column: &ColumnDefinition) -> usize {
    column.column_type.fixed_size().map_or(4, usize::from)
}

fn known(
    state: &mut Option<ReservedNumbers>,
    table: &OpenTable,
    column: &ColumnDefinition,
) -> Result<ReservedNumbers> {
    if let Some(numbers) = *state {
        return Ok(numbers);
    }
    let mark = root_header(table)?.auto_increment;
    let last = match mark {
        Some(mark) => mark,
        None => highest_stored(table, column)?,
    };
    let numbers = ReservedNumbers { last, reserved: mark, batch: BATCH_FIRST };
    *state = Some(numbers);
    Ok(numbers)
}

fn root_header(table: &OpenTable) -> Result<RootHeader> {
    let tree = table.primary().tree();
    let root = tree.latch_root()?;
    let header = root.view().external_header().and_then(RootHeader::decode);
    header.map_err(|error| tree.file().format_error(error.on_page(tree.root())))
}

fn store_mark(session: &mut Session, table: &OpenTable, mark: u64) -> Result<()> {
    transact(session, |session| {
        table.primary().edit_root_header(session, &|header| header.auto_increment = Some(mark))
    })
}

/// The highest value in the table, whoever wrote it, also one in a record that is being deleted; 0 for none.
fn highest_stored(table: &OpenTable, column: &ColumnDefinition) -> Result<u64> {
    match highest_in_index(table, column)? {
        Some(highest) => Ok(highest),
        None => highest_in_records(table, column),
    }
}

/// The highest value by an index that the column leads, where there is one that tells.
fn highest_in_index(table: &OpenTable, column: &ColumnDefinition) -> Result<Option<u64>> {
    let indexes = table.schema().indexes();
    let leads = |index: &&ese_format::catalog::IndexDefinition| {
        let first = index.row.segments.first();
        first.is_some_and(|segment| segment.fid == column.location.fid())
            && index.row.conditions.is_empty()
            && index.row.tuple_limits.is_none()
    };
    let Some((place, index)) = indexes.iter().enumerate().find(|(_, index)| leads(index)) else {
        return Ok(None);
    };
    let descending = index
        .row
        .segments
        .first()
        .is_some_and(|segment| segment.flags.contains(ese_format::catalog::SegmentFlags::DESCENDING));
    let mut cursor = seen::cursor_over_all(table.index_at(place)?.1.tree());
    let here = if descending { cursor.move_first()? } else { cursor.move_last()? };
    if !here {
        return Ok(Some(0));
    }
    let key = cursor.node()?.map(|node| node.key().to_vec()).unwrap_or_default();
    let order = ese_format::key::SegmentOrder::of(index.row.flags, descending);
    let sizes = KeySizes::of(index.row.key_most, index.row.var_seg_mac);
    let parts = invert(&key, &[(SegmentColumn::of(column), order)], sizes);
    Ok(match parts.first() {
        Some(KeyPart::Value(bytes)) => Some(number(bytes)),
        Some(KeyPart::Null) => Some(0),
        _ => None,
    })
}

fn highest_in_records(table: &OpenTable, column: &ColumnDefinition) -> Result<u64> {
    let file = table.map().file();
    let mut cursor = seen::cursor_over_all(table.primary().tree());
    let mut highest = 0;
    while cursor.move_next()? {
        let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { break };
        let value = RecordView::parse(node.data, page.record_format())
            .and_then(|record| {
                record.values(column.location)?.get(1).map(|value| match value {
                    Value::Inline(bytes) => number(bytes),
                    _ => 0,
                })
            })
            .map_err(|error| file.format_error(error.on_page(page.number())))?;
        highest = highest.max(value);
    }
    Ok(highest)
}

/// A stored value; negative ones count as none.
fn number(bytes: &[u8]) -> u64 {
    let wide = match bytes.len() {
        4 => bytes.first_chunk().map(|bytes| i64::from(i32::from_le_bytes(*bytes))),
        8 => bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)),
        _ => None,
    };
    wide.and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
}
