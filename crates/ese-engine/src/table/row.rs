//! A row under a cursor: its columns and their values.
//!
//! Nothing is copied that need not be: a [`Row`] reads the record on the latched page, and a [`ColumnValue`] that is
//! stored as it is gives out a slice of that page. Only compressed and separated values are put together, in a buffer
//! that the caller brings and uses again.

use ese_format::compression;
use ese_format::error::{FormatError, JetError};
use ese_format::node::KeyRef;
use ese_format::record::{ColumnDefinition, ColumnLocation, ColumnValues, RecordView, Value};

use crate::error::{Error, Result};
use crate::table::{LongValueReader, Table};

/// Bytes a value may have at most (spec 04 §2).
const VALUE_BYTES_MAX: usize = 0x7FFF_FFFF;

/// The row a cursor is on.
#[derive(Clone, Copy, Debug)]
pub struct Row<'c> {
    place: RowPlace<'c>,
    bookmark: KeyRef<'c>,
    record: RecordView<'c>,
}

/// What values need of their row: small, since every value carries it.
#[derive(Clone, Copy, Debug)]
struct RowPlace<'c> {
    table: &'c Table,
    page: u32,
}

impl RowPlace<'_> {
    fn failed(self, error: FormatError) -> Error {
        self.table.database.file().format_error(error.on_page(self.page))
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// The record holds it.
    Record,
    /// The record says nothing of the column: it is the column's default.
    Default,
}

impl<'c> Row<'c> {
    pub(super) fn new(table: &'c Table, page: u32, bookmark: KeyRef<'c>, record: RecordView<'c>) -> Self {
        Self { place: RowPlace { table, page }, bookmark, record }
    }

    /// The bookmark: the key of the row's node in the primary tree.
    #[must_use]
    pub fn bookmark(&self) -> KeyRef<'c> {
        self.bookmark
    }

    /// The record as it is stored.
    #[must_use]
    pub fn record(&self) -> &RecordView<'c> {
        &self.record
    }

    /// The page the record is on.
    #[must_use]
    pub fn page_number(&self) -> u32 {
        self.place.page
    }

    /// The values of a column in the order of their itags: none for NULL, the default where the record says nothing.
    ///
    /// # Errors
    /// `JET_errDatabaseCorrupted` for a record that lies about its areas.
    pub fn values(&self, column: &'c ColumnDefinition) -> Result<RowValues<'c>> {
        let stored = self.record.values(column.location).map_err(|error| self.failed(error))?;
        Ok(self.with_default(column, stored))
    }

    /// The first value of a column, its default where the record says nothing, `None` for NULL.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn value(&self, column: &'c ColumnDefinition) -> Result<Option<ColumnValue<'c>>> {
        self.values(column)?.get(1)
    }

    /// Every column of the table that has a value in this row, defaults included, by class and FID, with its values.
    pub fn columns(&self) -> impl Iterator<Item = Result<(&'c ColumnDefinition, RowValues<'c>)>> + use<'c> {
        let row = *self;
        let schema = &row.place.table.schema;
        let untagged = schema.untagged_columns().filter_map(move |column| row.present(column).transpose());
        let mut stored = row.record.tagged_area().iter().peekable();
        let mut with_default = schema.tagged_columns_with_default().peekable();
        let tagged = std::iter::from_fn(move || {
            loop {
                let order = |fid: u16, derived: bool| (!derived, fid);
                let default = with_default.peek().map(|column| match column.location {
                    ColumnLocation::Tagged { fid, derived } => order(fid, derived),
                    other => order(other.fid(), false),
                });
                let in_record = match stored.peek() {
                    Some(Ok(entry)) => Some(order(entry.fid, entry.derived)),
                    Some(Err(_)) => {
                        return stored.next().and_then(|entry| entry.err()).map(|e| Err(row.failed(e)));
                    }
                    None => None,
                };
                if let Some(default) = default
                    && in_record.is_none_or(|in_record| default < in_record)
                {
                    let column = with_default.next()?;
                    return Some(Ok((column, row.with_default(column, ColumnValues::One(Value::Absent)))));
                }
                if default == in_record {
                    with_default.next();
                }
                let entry = stored.next()?.ok()?;
                // Entries of deleted columns stay in records and mean nothing.
                let column = schema.layout().column_at(entry.fid, entry.derived);
                if let Some(column) = column.filter(|column| !column.is_deleted())
                    && entry.count() > 0
                {
                    return Some(Ok((column, row.with_default(column, ColumnValues::Tagged(entry)))));
                }
            }
        });
        untagged.chain(tagged)
    }

    fn present(&self, column: &'c ColumnDefinition) -> Result<Option<(&'c ColumnDefinition, RowValues<'c>)>> {
        let values = self.values(column)?;
        Ok((values.count() > 0).then_some((column, values)))
    }

    fn with_default(&self, column: &'c ColumnDefinition, stored: ColumnValues<'c>) -> RowValues<'c> {
        let absent = matches!(stored, ColumnValues::One(Value::Absent));
        match column.default.as_deref().filter(|_| absent) {
            Some(default) => RowValues {
                place: self.place,
                values: ColumnValues::One(Value::Inline(default)),
                source: ValueSource::Default,
            },
            None => RowValues { place: self.place, values: stored, source: ValueSource::Record },
        }
    }

    pub(super) fn table(&self) -> &'c Table {
        self.place.table
    }

    pub(super) fn failed(&self, error: FormatError) -> Error {
        self.place.failed(error)
    }
}

/// The values of one column in one row.
#[derive(Clone, Copy, Debug)]
pub struct RowValues<'c> {
    place: RowPlace<'c>,
    values: ColumnValues<'c>,
    source: ValueSource,
}

impl<'c> RowValues<'c> {
    /// How many there are, 0 for NULL.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.count()
    }

    /// Whether they are stored or the column's default.
    #[must_use]
    pub fn source(&self) -> ValueSource {
        self.source
    }

    /// Value `itag`, 1 being the first; `None` beyond the last.
    ///
    /// # Errors
    /// `JET_errDatabaseCorrupted` for a record that lies about its areas.
    pub fn get(&self, itag: usize) -> Result<Option<ColumnValue<'c>>> {
        let value = self.values.get(itag).map_err(|error| self.place.failed(error))?;
        Ok(match value {
            Value::Absent | Value::Null => None,
            value => Some(ColumnValue { place: self.place, value }),
        })
    }

    /// All of them in the order of their itags.
    pub fn iter(&self) -> impl Iterator<Item = Result<ColumnValue<'c>>> + use<'c> {
        let values = *self;
        (1..=values.count()).filter_map(move |itag| values.get(itag).transpose())
    }
}

/// One value, not NULL.
#[derive(Clone, Copy, Debug)]
pub struct ColumnValue<'c> {
    place: RowPlace<'c>,
    value: Value<'c>,
}

impl<'c> ColumnValue<'c> {
    /// The form it is stored in.
    #[must_use]
    pub fn stored(&self) -> Value<'c> {
        self.value
    }

    /// All bytes of the value: a slice of the page where it is stored as it is, else put together in `buffer`, whose
    /// content is replaced.
    ///
    /// # Errors
    /// `JET_errDecompressionFailed`, `JET_errLVCorrupted`, `JET_errColumnNoEncryptionKey`, and those of reading pages.
    pub fn read<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]>
    where
        'c: 'b,
    {
        self.read_beginning(VALUE_BYTES_MAX, buffer)
    }

    /// As [`Self::read`], but no more than the first `max_bytes` bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_beginning<'b>(&self, max_bytes: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]>
    where
        'c: 'b,
    {
        buffer.clear();
        match self.value {
            Value::Absent | Value::Null => Ok(&[]),
            Value::Inline(bytes) => Ok(bytes.get(..max_bytes).unwrap_or(bytes)),
            Value::Compressed(bytes) => {
                compression::decompress_beginning(bytes, max_bytes, buffer)
                    .map_err(|error| self.place.failed(error))?;
                Ok(buffer)
            }
            Value::Separated(id) => {
                self.place.table.long_values()?.read(id)?.append_rest(max_bytes, buffer)?;
                Ok(buffer)
            }
            Value::Encrypted(_) => Err(no_encryption_key()),
        }
    }

    /// Bytes of the value, without putting it together.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn size(&self) -> Result<usize> {
        match self.value {
            Value::Absent | Value::Null => Ok(0),
            Value::Inline(bytes) => Ok(bytes.len()),
            Value::Compressed(bytes) => {
                compression::decompressed_size(bytes).map_err(|error| self.place.failed(error))
            }
            Value::Separated(id) => Ok(self.place.table.long_values()?.read(id)?.size() as usize),
            Value::Encrypted(_) => Err(no_encryption_key()),
        }
    }

    /// A reader over a separated value, for those too large to hold; `None` for a value that the record holds.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn long_value(&self) -> Result<Option<LongValueReader>> {
        match self.value {
            Value::Separated(id) => self.place.table.long_values()?.read(id).map(Some),
            _ => Ok(None),
        }
    }
}

fn no_encryption_key() -> Error {
    Error::refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the value is encrypted")
}
