//! The record between the preparation of an update and the update (spec 09 §8.1).
//!
//! Invariants: what was set lies here and nowhere else until the update, long values included; every separated value of
//! the record is either stored, or pending here under the identifier it will have; `bound` is never less than the bytes
//! of the encoded record.

use std::collections::BTreeMap;

use ese_format::column_type::ColumnId;
use ese_format::compression;
use ese_format::error::{FormatError, JetError};
use ese_format::long_value::LongValueId;
use ese_format::record::{
    ColumnDefinition, ColumnLocation, NewValue, RecordBuilder, RecordFormat, RecordView,
};

use crate::catalog::TableSchema;
use crate::error::{Error, Result};
use crate::table::pending::PendingLong;
use crate::table::{OpenTable, Prepare};

/// Bytes of a tagged value beside the value itself, at most: entry, info byte, offset in a list.
const TAGGED_OVERHEAD_BYTES: usize = 12;

/// What a record without variable columns says is the last one.
const NO_VARIABLE: u8 = 127;

/// The stored record an update began with.
#[derive(Clone, Debug)]
pub(super) struct Original {
    /// Its bookmark.
    pub(super) bookmark: Vec<u8>,
    /// Its bytes.
    pub(super) image: Vec<u8>,
    /// Their form.
    pub(super) format: RecordFormat,
    /// The page it was on, and its line.
    pub(super) page: u32,
    pub(super) line: u32,
}

/// A prepared update.
#[derive(Clone, Debug)]
pub(super) struct CopyBuffer {
    /// What was prepared.
    pub(super) kind: Prepare,
    /// The session's transaction level then.
    pub(super) level: u8,
    /// Its transaction then.
    pub(super) begin0: Option<u32>,
    /// The table as it was then.
    pub(super) table: OpenTable,
    /// The record it began with, other than for a plain insert.
    pub(super) original: Option<Original>,
    /// Long values that this update counted a reference to when it was prepared.
    pub(super) referenced: Vec<LongValueId>,
    /// Transaction level at which long values were written that are not of the record yet.
    pub(super) spilled_level: u8,
    /// Long values that are new or changed.
    pub(super) pending: BTreeMap<LongValueId, PendingLong>,
    /// Columns that were set.
    pub(super) changed: Vec<ColumnId>,
    record: RecordBuilder,
    /// Bytes by which the fixed and variable areas can grow.
    coverage: usize,
    bound: usize,
    encoded: Vec<u8>,
    encoding: Encoding,
}

/// Whether the encoded record is that of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Stale,
    Current,
}

impl CopyBuffer {
    /// A buffer with an empty record.
    pub(super) fn new(kind: Prepare, (level, begin0): (u8, Option<u32>), table: OpenTable) -> Self {
        let record = RecordBuilder::new(RecordFormat::of(table.page_size()));
        Self {
            kind,
            level,
            begin0,
            table,
            original: None,
            referenced: Vec::new(),
            spilled_level: 0,
            pending: BTreeMap::new(),
            changed: Vec::new(),
            record,
            coverage: 0,
            bound: 0,
            encoded: Vec::new(),
            encoding: Encoding::Stale,
        }
    }

    /// Makes this a buffer as [`Self::new`] does, in the memory that it has.
    pub(super) fn restart(&mut self, kind: Prepare, (level, begin0): (u8, Option<u32>), table: &OpenTable) {
        self.kind = kind;
        self.level = level;
        self.begin0 = begin0;
        if !self.table.is_same(table) {
            self.table = table.clone();
        }
        self.original = None;
        self.referenced.clear();
        self.spilled_level = 0;
        self.pending.clear();
        self.changed.clear();
        self.encoding = Encoding::Stale;
    }

    /// Begins with the record that an insert begins with.
    pub(super) fn begin_with_defaults(&mut self) {
        self.record.clone_from(self.table.defaults());
        self.begin_bound(self.table.default_bytes());
    }

    /// Begins with a stored record.
    pub(super) fn begin_with(&mut self, original: &Original) -> Result<()> {
        let view = RecordView::parse(&original.image, original.format).map_err(|error| self.failed(error))?;
        let format = RecordFormat::of(self.table.page_size());
        let read = self.record.read_view(&view, format);
        read.map_err(|error| self.failed(error))?;
        self.begin_bound(original.image.len());
        Ok(())
    }

    fn begin_bound(&mut self, bytes: usize) {
        self.coverage = self.table.coverage_bytes();
        self.bound = bytes + self.coverage;
        self.encoding = Encoding::Stale;
    }

    /// The record.
    pub(super) fn record(&self) -> &RecordBuilder {
        &self.record
    }

    /// Whether the update will insert a record.
    pub(super) fn is_insert(&self) -> bool {
        !matches!(self.kind, Prepare::Replace | Prepare::ReplaceNoLock | Prepare::ReadOnlyCopy)
    }

    /// Whether a separated long value was written by this update.
    pub(super) fn has_separated_changes(&self) -> bool {
        !self.pending.is_empty() || !self.referenced.is_empty()
    }

    /// The record's bytes as they will be stored.
    pub(super) fn encode(&mut self) -> Result<&[u8]> {
        if self.encoding == Encoding::Stale {
            self.encoded.clear();
            self.encoded.reserve(self.bound.min(self.table.page_size().bytes()));
            let encoded = self.record.encode(&mut self.encoded);
            encoded.map_err(|error| self.failed(error))?;
            self.encoding = Encoding::Current;
        }
        Ok(&self.encoded)
    }

    /// A view of the record as it will be stored.
    pub(super) fn view(&mut self) -> Result<RecordView<'_>> {
        self.encode()?;
        self.encoded_view()
    }

    /// A view of the record, which was encoded before.
    pub(super) fn encoded_view(&self) -> Result<RecordView<'_>> {
        let format = RecordFormat::of(self.table.page_size());
        RecordView::parse(&self.encoded, format).map_err(|error| self.failed(error))
    }

    /// Sets a value and notes the column. `itag` is a place that exists or the one behind the last.
    ///
    /// # Errors
    /// As [`RecordBuilder::set`]; nothing has changed then.
    pub(super) fn set(&mut self, column: &ColumnDefinition, itag: usize, value: NewValue<'_>) -> Result<()> {
        let bytes = match value {
            NewValue::Null => 0,
            NewValue::Inline(bytes) | NewValue::Compressed(bytes) | NewValue::Encrypted(bytes) => bytes.len(),
            NewValue::Separated(_) => 8,
        };
        let layout = self.table.schema().layout();
        let set = self.record.set(layout, column, itag, value);
        set.map_err(|error| self.failed(error))?;
        self.encoding = Encoding::Stale;
        if !matches!(column.location, ColumnLocation::Fixed { .. }) {
            self.bound = self.bound.saturating_add(bytes + TAGGED_OVERHEAD_BYTES);
        }
        self.note_change(column.id);
        Ok(())
    }

    /// Gives columns that the session does not see their defaults, where the record now reaches beyond them: `all` has
    /// them. See [`RecordBuilder::fill_unseen`].
    pub(super) fn fill_unseen(&mut self, all: &TableSchema) -> Result<()> {
        let covered = match &self.original {
            Some(original) => {
                let view = RecordView::parse(&original.image, original.format)
                    .map_err(|error| self.failed(error))?;
                (view.fixed_last().into(), usize::from(view.variable_last().saturating_sub(NO_VARIABLE)))
            }
            None => (0, 0),
        };
        let filled = self.record.fill_unseen(self.table.schema().layout(), all.layout(), covered);
        filled.map_err(|error| self.failed(error))?;
        self.encoding = Encoding::Stale;
        Ok(())
    }

    /// Takes a tagged column out of the record, so that it has its default.
    pub(super) fn revert(&mut self, column: &ColumnDefinition) {
        self.record.revert_to_default(column);
        self.encoding = Encoding::Stale;
        self.note_change(column.id);
    }

    /// Notes that a column was set.
    pub(super) fn note_change(&mut self, column: ColumnId) {
        if !self.changed.contains(&column) {
            self.changed.push(column);
        }
    }

    /// Whether the record is certainly not too big.
    pub(super) fn surely_fits(&self, more: usize) -> bool {
        self.bound.saturating_add(more + TAGGED_OVERHEAD_BYTES) <= self.table.limits().record_bytes_max
    }

    /// Whether the record is not too big; makes `bound` exact.
    pub(super) fn fits(&mut self) -> Result<bool> {
        let max = self.table.limits().record_bytes_max;
        match self.encode() {
            Ok(bytes) => {
                let bytes = bytes.len();
                self.bound = bytes + self.coverage;
                Ok(bytes <= max)
            }
            Err(error) if error.jet() == JetError::RECORD_TOO_BIG => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The bytes of a value that the record holds, put together; `None` for separated ones.
    pub(super) fn intrinsic(&self, location: ColumnLocation, itag: usize) -> Result<Option<Vec<u8>>> {
        use ese_format::record::Value;
        Ok(match self.record.tagged_value(location, itag) {
            Some(Value::Inline(bytes)) => Some(bytes.to_vec()),
            Some(Value::Compressed(stored)) => {
                let mut bytes = Vec::new();
                let all = usize::MAX;
                compression::decompress(stored, all, &mut bytes).map_err(|error| self.failed(error))?;
                Some(bytes)
            }
            Some(Value::Encrypted(_)) => {
                return Err(Error::refused(JetError::COLUMN_NO_ENCRYPTION_KEY, "the value is encrypted"));
            }
            _ => None,
        })
    }

    fn failed(&self, error: FormatError) -> Error {
        self.table.map().file().format_error(error)
    }
}
