//! The reading view of a record.

use super::column::{ColumnDefinition, ColumnLocation};
use super::tagged::{TaggedArea, TaggedColumn};
use super::{RECORD_HEADER_BYTES, RecordFormat, corrupted, truncated};
use crate::column_type::{FID_FIXED_LAST, FID_VARIABLE_FIRST};
use crate::error::{FormatResult, Problem};
use crate::little_endian::u16_at;
use crate::long_value::LongValueId;

const VARIABLE_NULL: u16 = 0x8000;
const VARIABLE_OFFSET_MASK: u16 = 0x7FFF;
/// What byte 1 of a record says when there is no variable column.
const NO_VARIABLE: u8 = 127;

/// One value of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The record says nothing about the column: it has its default value, or is NULL if it has none.
    Absent,
    /// NULL, even if the column has a default.
    Null,
    /// The bytes themselves, perhaps none.
    Inline(&'a [u8]),
    /// Compressed bytes; see [`crate::compression`].
    Compressed(&'a [u8]),
    /// Encrypted bytes; compressed before, if the column is.
    Encrypted(&'a [u8]),
    /// Held in the table's long-value tree.
    Separated(LongValueId),
}

/// The slot of a fixed column as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedSlot<'a> {
    /// The bytes; they mean nothing if the column is NULL.
    pub bytes: &'a [u8],
    /// Whether the null bit is set.
    pub is_null: bool,
}

/// A record whose header was checked: the five areas lie inside the bytes and do not overlap. What the areas contain is
/// checked when it is read, or all of it by [`Self::check`].
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    bytes: &'a [u8],
    fixed_last: u8,
    variable_last: u8,
    null_map_start: usize,
    end_of_fixed: usize,
    variable_start: usize,
    tagged_start: usize,
    tagged: TaggedArea<'a>,
}

impl<'a> RecordView<'a> {
    /// Reads the header of the record that makes up the whole data of a node.
    ///
    /// # Errors
    /// An area that does not lie inside `bytes`, a FID outside its class: `JET_errDatabaseCorrupted`.
    pub fn parse(bytes: &'a [u8], format: RecordFormat) -> FormatResult<Self> {
        let (Some([fixed_last, variable_last, ..]), Some(end_of_fixed)) =
            (bytes.first_chunk::<RECORD_HEADER_BYTES>().copied(), u16_at(bytes, 2).map(usize::from))
        else {
            return Err(truncated(0, "record header", RECORD_HEADER_BYTES, bytes.len()));
        };
        if u16::from(fixed_last) > FID_FIXED_LAST {
            let (found, max) = (u64::from(fixed_last), u64::from(FID_FIXED_LAST));
            return Err(corrupted(0, "last fixed column", Problem::OutOfRange { found, min: 0, max }));
        }
        if variable_last < NO_VARIABLE {
            let (found, min) = (u64::from(variable_last), u64::from(NO_VARIABLE));
            return Err(corrupted(1, "last variable column", Problem::OutOfRange { found, min, max: 255 }));
        }
        let null_map_start = end_of_fixed
            .checked_sub(usize::from(fixed_last).div_ceil(8))
            .filter(|start| *start >= RECORD_HEADER_BYTES + usize::from(fixed_last.min(1)))
            .ok_or_else(|| {
                corrupted(2, "end of fixed columns", Problem::Invalid("leaves no room for them"))
            })?;
        let variable_count = usize::from(variable_last - NO_VARIABLE);
        let variable_start = end_of_fixed + 2 * variable_count;
        if variable_start > bytes.len() {
            return Err(truncated(2, "end of fixed columns", variable_start, bytes.len()));
        }
        let variable_bytes = match variable_count {
            0 => 0,
            _ => u16_at(bytes, variable_start - 2).map_or(0, |word| usize::from(word & VARIABLE_OFFSET_MASK)),
        };
        let tagged_start = variable_start + variable_bytes;
        let tagged_bytes = bytes.get(tagged_start..).ok_or_else(|| {
            truncated(variable_start - 2, "last variable end offset", tagged_start, bytes.len())
        })?;
        let tagged =
            TaggedArea::parse(tagged_bytes, format).map_err(|error| error.offset_by(tagged_start as u64))?;
        Ok(Self {
            bytes,
            fixed_last,
            variable_last,
            null_map_start,
            end_of_fixed,
            variable_start,
            tagged_start,
            tagged,
        })
    }

    /// The bytes of a fixed or variable column that has a value in the record that makes up `bytes`, found without a look
    /// at the other columns. `None` where the record does not say so, or is not in order: [`Self::parse`] tells.
    #[inline]
    #[must_use]
    pub fn stored_value(bytes: &'a [u8], location: ColumnLocation) -> Option<&'a [u8]> {
        let [fixed_last, variable_last, low, high] = *bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
        let end_of_fixed = usize::from(u16::from_le_bytes([low, high]));
        match location {
            ColumnLocation::Fixed { fid, offset, size } => {
                let bit = usize::from(fid.checked_sub(1).filter(|_| fid <= fixed_last)?);
                let null_map = end_of_fixed.checked_sub(usize::from(fixed_last).div_ceil(8))?;
                let is_null = bytes.get(null_map + bit / 8)? >> (bit % 8) & 1 == 1;
                let start = usize::from(offset);
                let value = bytes.get(..null_map)?.get(start..start + usize::from(size))?;
                (!is_null).then_some(value)
            }
            ColumnLocation::Variable { fid } => {
                let index = usize::from(u16::from(fid).checked_sub(FID_VARIABLE_FIRST)?);
                let ends = bytes.get(end_of_fixed..)?;
                let count = usize::from(variable_last.checked_sub(NO_VARIABLE)?);
                let (ends, values) = ends.split_at_checked(2 * count)?;
                let end = u16_at(ends, 2 * index)?;
                let start = match index {
                    0 => 0,
                    _ => u16_at(ends, 2 * index - 2)? & VARIABLE_OFFSET_MASK,
                };
                let value = values.get(usize::from(start)..usize::from(end & VARIABLE_OFFSET_MASK))?;
                (end & VARIABLE_NULL == 0).then_some(value)
            }
            ColumnLocation::Tagged { .. } => None,
        }
    }

    /// The record's bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The highest fixed FID the record holds, 0 for none.
    #[must_use]
    pub fn fixed_last(&self) -> u8 {
        self.fixed_last
    }

    /// The highest variable FID the record holds, 127 for none.
    #[must_use]
    pub fn variable_last(&self) -> u8 {
        self.variable_last
    }

    /// Offset of the end of the fixed columns' data, where the null bitmap starts.
    #[must_use]
    pub fn fixed_data_end(&self) -> usize {
        self.null_map_start
    }

    /// The null bitmap.
    #[must_use]
    pub fn null_map(&self) -> &'a [u8] {
        self.bytes.get(self.null_map_start..self.end_of_fixed).unwrap_or_default()
    }

    /// The tagged area.
    #[must_use]
    pub fn tagged_area(&self) -> TaggedArea<'a> {
        self.tagged
    }

    /// The slot of a fixed column, `None` if the record does not reach it.
    ///
    /// # Errors
    /// A slot that does not lie in the record's fixed area: `JET_errDatabaseCorrupted`.
    pub fn fixed_slot(&self, fid: u8, offset: u16, size: u16) -> FormatResult<Option<FixedSlot<'a>>> {
        let Some(bit) = fid.checked_sub(1).filter(|_| fid <= self.fixed_last) else { return Ok(None) };
        let start = usize::from(offset);
        let end = start + usize::from(size);
        let slot = self.bytes.get(..self.null_map_start).and_then(|area| area.get(start..end));
        let bytes = slot.ok_or_else(|| truncated(start, "fixed column", end, self.null_map_start))?;
        let is_null = self.null_map().get(usize::from(bit / 8)).is_none_or(|byte| byte >> (bit % 8) & 1 == 1);
        Ok(Some(FixedSlot { bytes, is_null }))
    }

    /// The value of a fixed column.
    ///
    /// # Errors
    /// As [`Self::fixed_slot`].
    pub fn fixed(&self, fid: u8, offset: u16, size: u16) -> FormatResult<Value<'a>> {
        Ok(match self.fixed_slot(fid, offset, size)? {
            None => Value::Absent,
            Some(FixedSlot { is_null: true, .. }) => Value::Null,
            Some(FixedSlot { bytes, .. }) => Value::Inline(bytes),
        })
    }

    /// The value of a variable column.
    ///
    /// # Errors
    /// End offsets that decrease or leave the area: `JET_errDatabaseCorrupted`.
    pub fn variable(&self, fid: u8) -> FormatResult<Value<'a>> {
        let index = u16::from(fid).checked_sub(FID_VARIABLE_FIRST).map(usize::from);
        let Some(index) = index.filter(|_| fid <= self.variable_last) else { return Ok(Value::Absent) };
        let at = self.end_of_fixed + 2 * index;
        let word = u16_at(self.bytes, at).ok_or_else(|| truncated(at, "variable end offset", 2, 0))?;
        let previous = match index {
            0 => 0,
            _ => u16_at(self.bytes, at - 2).unwrap_or(0) & VARIABLE_OFFSET_MASK,
        };
        let area = self.bytes.get(self.variable_start..self.tagged_start).unwrap_or_default();
        let (start, end) = (usize::from(previous), usize::from(word & VARIABLE_OFFSET_MASK));
        let value = area.get(start..end).ok_or_else(|| {
            let (found, min, max) = (end as u64, start as u64, area.len() as u64);
            corrupted(at, "variable end offset", Problem::OutOfRange { found, min, max })
        })?;
        match (word & VARIABLE_NULL != 0, value.is_empty()) {
            (true, true) => Ok(Value::Null),
            (true, false) => {
                Err(corrupted(at, "variable end offset", Problem::Invalid("says NULL and has bytes")))
            }
            (false, _) => Ok(Value::Inline(value)),
        }
    }

    /// The tagged column with this FID, `None` if the record has no entry for it. `derived` asks for the entry of a
    /// template column in a record of a derived table.
    ///
    /// # Errors
    /// An entry that lies about its place or form: `JET_errDatabaseCorrupted`.
    pub fn tagged(&self, fid: u16, derived: bool) -> FormatResult<Option<TaggedColumn<'a>>> {
        self.tagged.find(fid, derived).map_err(|error| error.offset_by(self.tagged_start as u64))
    }

    /// What the record holds of the column at `location`.
    ///
    /// # Errors
    /// As [`Self::fixed`], [`Self::variable`] and [`Self::tagged`].
    pub fn values(&self, location: ColumnLocation) -> FormatResult<ColumnValues<'a>> {
        Ok(match location {
            ColumnLocation::Fixed { fid, offset, size } => ColumnValues::One(self.fixed(fid, offset, size)?),
            ColumnLocation::Variable { fid } => ColumnValues::One(self.variable(fid)?),
            ColumnLocation::Tagged { fid, derived } => match self.tagged(fid, derived)? {
                None => ColumnValues::One(Value::Absent),
                Some(column) => ColumnValues::Tagged(column),
            },
        })
    }

    /// Value `itag` (1 is the first) of a column, its default where the record says nothing.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn value<'v>(&self, column: &'v ColumnDefinition, itag: usize) -> FormatResult<Value<'v>>
    where
        'a: 'v,
    {
        Ok(match self.values(column.location)?.get(itag)? {
            Value::Absent => column.default.as_deref().map_or(Value::Null, Value::Inline),
            stored => stored,
        })
    }

    /// Reads every entry of every area once.
    ///
    /// # Errors
    /// The first rule of spec 04 §1 that the record breaks, apart from those that need the table's layout.
    pub fn check(&self) -> FormatResult<()> {
        for fid in 128..=self.variable_last {
            self.variable(fid)?;
        }
        self.tagged.check().map_err(|error| error.offset_by(self.tagged_start as u64))
    }
}

/// What a record holds of one column.
#[derive(Clone, Copy, Debug)]
pub enum ColumnValues<'a> {
    /// A fixed or variable column, or a tagged column without an entry.
    One(Value<'a>),
    /// The entry of a tagged column.
    Tagged(TaggedColumn<'a>),
}

impl<'a> ColumnValues<'a> {
    /// How many values there are; NULL and absent columns have none.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::One(Value::Absent | Value::Null) => 0,
            Self::One(_) => 1,
            Self::Tagged(column) => column.count(),
        }
    }

    /// Value `itag`, 1 being the first. Beyond the last one: [`Value::Null`], as the API has it.
    ///
    /// # Errors
    /// A value that does not lie in the record: `JET_errDatabaseCorrupted`.
    pub fn get(&self, itag: usize) -> FormatResult<Value<'a>> {
        match self {
            Self::One(value) if itag == 1 => Ok(*value),
            Self::One(_) => Ok(Value::Null),
            Self::Tagged(column) => column.get(itag),
        }
    }

    /// All values in itag order; none for a NULL or absent column.
    pub fn iter(&self) -> impl Iterator<Item = FormatResult<Value<'a>>> + use<'a> {
        let values = *self;
        (1..=values.count()).map(move |itag| values.get(itag))
    }
}
