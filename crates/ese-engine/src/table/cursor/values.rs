//! The columns of the record that a call reads: the one on the latched page, or the one in the copy buffer.

use ese_format::column_type::ColumnClass;
use ese_format::compression;
use ese_format::error::{FormatError, JetError};
use ese_format::long_value::LongValueRoot;
use ese_format::record::{ColumnDefinition, ColumnLocation, ColumnValues, RecordView, Value};

use crate::error::Result;
use crate::table::OpenTable;
use crate::table::copy_buffer::CopyBuffer;
use crate::table::seen::Sight;

use super::set_long::append_separated;
use super::{column_of, refused};

/// A record to read from.
#[derive(Clone, Copy)]
pub(super) struct RecordInHand<'r> {
    pub(super) table: &'r OpenTable,
    pub(super) view: RecordView<'r>,
    /// The copy buffer it lies in.
    pub(super) update: Option<&'r CopyBuffer>,
    pub(super) sight: &'r Sight,
    /// The page it lies on, 0 in the copy buffer.
    pub(super) page: u32,
}

/// What a record says of a column.
#[derive(Clone, Copy)]
pub(super) struct Found<'r> {
    pub(super) column: &'r ColumnDefinition,
    pub(super) values: ColumnValues<'r>,
    pub(super) state: Presence,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// The record holds them.
    Stored,
    /// The record says nothing, the column has a default.
    Default,
    /// The record says NULL.
    ExplicitNull,
    /// The record says nothing, and there is no default.
    Absent,
}

impl<'r> Found<'r> {
    pub(super) fn count(&self) -> usize {
        self.values.count()
    }
}

impl<'r> RecordInHand<'r> {
    pub(super) fn failed(&self, error: FormatError) -> crate::error::Error {
        self.table.map().file().format_error(error.on_page(self.page))
    }

    /// The column with this number of the API.
    pub(super) fn column(&self, columnid: u32) -> Result<&'r ColumnDefinition> {
        column_of(self.table, columnid)
    }

    /// What the record says of a column.
    pub(super) fn find(&self, column: &'r ColumnDefinition) -> Result<Found<'r>> {
        let stored = self.view.values(column.location).map_err(|error| self.failed(error))?;
        Ok(self.judged(column, stored))
    }

    fn judged(&self, column: &'r ColumnDefinition, stored: ColumnValues<'r>) -> Found<'r> {
        let (values, state) = match stored {
            ColumnValues::One(Value::Absent) => match column.default.as_deref() {
                Some(default) => (ColumnValues::One(Value::Inline(default)), Presence::Default),
                None => (stored, Presence::Absent),
            },
            ColumnValues::One(Value::Null) => (stored, Presence::ExplicitNull),
            ColumnValues::Tagged(entry) if entry.is_null() => (stored, Presence::ExplicitNull),
            stored => (stored, Presence::Stored),
        };
        Found { column, values, state }
    }

    /// Every tagged column that the record has an entry for or that has a default, in their order.
    pub(super) fn tagged(&self) -> Result<Vec<Found<'r>>> {
        let schema = self.table.schema();
        let mut found = Vec::new();
        for entry in self.view.tagged_area().iter() {
            let entry = entry.map_err(|error| self.failed(error))?;
            // Entries of deleted columns stay in records and mean nothing.
            let column = schema.layout().column_at(entry.fid, entry.derived);
            if let Some(column) = column.filter(|column| !column.is_deleted()) {
                found.push(self.judged(column, ColumnValues::Tagged(entry)));
            }
        }
        for column in schema.tagged_columns_with_default() {
            if let ColumnValues::One(Value::Absent) =
                self.view.values(column.location).map_err(|error| self.failed(error))?
            {
                found.push(self.judged(column, ColumnValues::One(Value::Absent)));
            }
        }
        found.sort_by_key(|found| order_of(found.column));
        Ok(found)
    }

    /// Every fixed and variable column that the record has or that has a default, in their order.
    pub(super) fn untagged(&self) -> Result<Vec<Found<'r>>> {
        let mut found = Vec::new();
        for column in self.table.schema().untagged_columns() {
            let here = self.find(column)?;
            if here.state != Presence::Absent {
                found.push(here);
            }
        }
        Ok(found)
    }

    /// Bytes of a value.
    pub(super) fn size(&self, value: Value<'r>) -> Result<usize> {
        Ok(match value {
            Value::Absent | Value::Null => 0,
            Value::Inline(bytes) => bytes.len(),
            Value::Compressed(stored) => {
                compression::decompressed_size(stored).map_err(|error| self.failed(error))?
            }
            Value::Separated(_) => self.long_value_root(value)?.map_or(0, |root| root.size) as usize,
            Value::Encrypted(_) => {
                return refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the value is encrypted");
            }
        })
    }

    /// The root of a separated value; one that is pending has one reference.
    pub(super) fn long_value_root(&self, value: Value<'r>) -> Result<Option<LongValueRoot>> {
        let Value::Separated(id) = value else { return Ok(None) };
        let pending = self.update.and_then(|update| update.pending.get(&id));
        if let Some(pending) = pending {
            let flags = ese_format::long_value::LongValueFlags::empty();
            return Ok(Some(LongValueRoot { reference_count: 1, size: pending.size(), flags }));
        }
        self.table.existing_long_values()?.root(id, self.sight).map(Some)
    }

    /// Copies a value from `offset` on into `buffer` as far as it fits; returns the bytes from `offset` to the end.
    pub(super) fn copy(&self, value: Value<'r>, offset: u32, buffer: &mut [u8]) -> Result<usize> {
        let start = offset as usize;
        match value {
            Value::Absent | Value::Null => Ok(0),
            Value::Inline(bytes) => Ok(copy_from(bytes.get(start..).unwrap_or_default(), buffer)),
            Value::Compressed(stored) => {
                let all = self.size(value)?;
                let mut bytes = Vec::new();
                let wanted = start.saturating_add(buffer.len()).min(all);
                compression::decompress_beginning(stored, wanted, &mut bytes)
                    .map_err(|error| self.failed(error))?;
                copy_from(bytes.get(start..).unwrap_or_default(), buffer);
                Ok(all.saturating_sub(start))
            }
            Value::Separated(id) => {
                let pending = self.update.filter(|update| update.pending.contains_key(&id));
                let left = match pending {
                    Some(update) => {
                        let left = self.size(value)?.saturating_sub(start);
                        let mut bytes = Vec::new();
                        append_separated(self.sight, update, id, offset, left.min(buffer.len()), &mut bytes)?;
                        copy_from(&bytes, buffer);
                        left
                    }
                    None => {
                        let store = self.table.existing_long_values()?;
                        let mut reader = store.reader().read_as(id, self.sight)?;
                        reader.read_at(buffer, offset)?;
                        (reader.size() as usize).saturating_sub(start)
                    }
                };
                Ok(left)
            }
            Value::Encrypted(_) => refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the value is encrypted"),
        }
    }

    /// All bytes of a value, at most `max`.
    pub(super) fn read(&self, value: Value<'r>, max: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.size(value)?.min(max)];
        self.copy(value, 0, &mut bytes)?;
        Ok(bytes)
    }
}

/// Copies as much as fits; returns how much there was.
pub(super) fn copy_from(bytes: &[u8], buffer: &mut [u8]) -> usize {
    let fit = bytes.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..fit), bytes.get(..fit)) {
        to.copy_from_slice(from);
    }
    bytes.len()
}

/// The order in which columns are counted through.
fn order_of(column: &ColumnDefinition) -> (ColumnClass, bool, u16) {
    let own = !matches!(column.location, ColumnLocation::Tagged { derived: true, .. });
    (column.location.class(), own, column.location.fid())
}
