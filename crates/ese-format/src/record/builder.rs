//! Builds and changes records, byte for byte as Windows does (spec 04 §1.5, §1.6).
//!
//! Invariants: the fixed and variable areas never shrink; a column newly covered when they grow gets its default, or
//! NULL with a slot of `2A`; unused bits of the null bitmap are 1.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::column::{ColumnDefinition, ColumnLocation};
use super::layout::TableLayout;
use super::tagged::{
    DERIVED, ENTRY_BYTES, LARGE_OFFSET_MASK, MULTI_OFFSET_MASK, MULTI_SEPARATED, SMALL_HAS_INFO, SMALL_NULL,
    SMALL_OFFSET_MASK, TaggedColumn, TaggedInfo,
};
use super::view::{RecordView, Value};
use super::{NULL_SLOT_FILL, RECORD_HEADER_BYTES, RecordFormat, VARIABLE_COLUMN_BYTES_MAX, corrupted};
use crate::column_type::{ColumnType, FID_VARIABLE_FIRST};
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::long_value::LongValueId;

/// A value to store. Whether to compress, encrypt or separate was decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewValue<'a> {
    /// NULL.
    Null,
    /// These bytes.
    Inline(&'a [u8]),
    /// These compressed bytes; the first value of a long column only.
    Compressed(&'a [u8]),
    /// These encrypted bytes; the only value of a long column.
    Encrypted(&'a [u8]),
    /// A value in the long-value tree.
    Separated(LongValueId),
}

/// How the values of a tagged column are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaggedShape {
    /// NULL or one value.
    Single,
    /// Two values of a short type on a small page.
    Two,
    /// An offsets array.
    Several,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stored {
    Inline(Vec<u8>),
    Compressed(Vec<u8>),
    Encrypted(Vec<u8>),
    Separated(LongValueId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TaggedContent {
    is_long: bool,
    shape: TaggedShape,
    /// None is NULL.
    values: Vec<Stored>,
}

/// The variable columns: their values one behind the other, and where each ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct VariableArea {
    bytes: Vec<u8>,
    columns: Vec<VariableEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct VariableEnd {
    end: usize,
    is_null: bool,
}

impl VariableArea {
    fn count(&self) -> usize {
        self.columns.len()
    }

    fn start_of(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.columns.get(before)).map_or(0, |column| column.end)
    }

    /// Adds a column behind the last.
    fn push(&mut self, value: Option<&[u8]>) {
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.columns.push(VariableEnd { end: self.bytes.len(), is_null: value.is_none() });
    }

    /// Sets a column that is there.
    fn set(&mut self, index: usize, value: Option<&[u8]>) {
        let start = self.start_of(index);
        let count = self.columns.len();
        let Some(column) = self.columns.get_mut(index) else { return };
        let (old_end, bytes) = (column.end, value.unwrap_or_default());
        column.is_null = value.is_none();
        if index + 1 == count {
            self.bytes.truncate(start);
            self.bytes.extend_from_slice(bytes);
        } else {
            self.bytes.splice(start..old_end, bytes.iter().copied());
        }
        for column in self.columns.iter_mut().skip(index) {
            column.end = column.end - old_end + start + bytes.len();
        }
    }
}

/// A record being built.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordBuilder {
    format: RecordFormat,
    /// The fixed area, without the header in front of it.
    fixed: Vec<u8>,
    /// One flag a fixed column.
    fixed_null: Vec<bool>,
    variable: VariableArea,
    /// By (not derived, FID), the order of the array.
    tagged: BTreeMap<(bool, u16), TaggedContent>,
}

/// A copy into a builder that is there uses the memory that one has.
impl Clone for RecordBuilder {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.format);
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, source: &Self) {
        self.format = source.format;
        self.fixed.clone_from(&source.fixed);
        self.fixed_null.clone_from(&source.fixed_null);
        self.variable.bytes.clone_from(&source.variable.bytes);
        self.variable.columns.clone_from(&source.variable.columns);
        if !(self.tagged.is_empty() && source.tagged.is_empty()) {
            self.tagged.clone_from(&source.tagged);
        }
    }
}

fn refused(field: &'static str, problem: Problem, jet: JetError) -> FormatError {
    FormatError::new(FileKind::Database, 0, field, problem, jet)
}

impl RecordBuilder {
    /// The smallest record: nothing but a header. [`RecordFormat::BeforeXp`] is never written and counts as
    /// [`RecordFormat::SmallPage`].
    #[must_use]
    pub fn new(format: RecordFormat) -> Self {
        let format = if format == RecordFormat::BeforeXp { RecordFormat::SmallPage } else { format };
        Self {
            format,
            fixed: Vec::new(),
            fixed_null: Vec::new(),
            variable: VariableArea::default(),
            tagged: BTreeMap::new(),
        }
    }

    /// The default record of a table, from which an insert starts: fixed and variable columns up to the last one that
    /// has a default. Tagged defaults are not stored.
    ///
    /// # Errors
    /// A default that does not fit its column: `JET_errInvalidBufferSize`.
    pub fn with_defaults(layout: &TableLayout, format: RecordFormat) -> FormatResult<Self> {
        let mut record = Self::new(format);
        for column in
            layout.columns().iter().filter(|column| column.default.is_some() && !column.is_deleted())
        {
            match column.location {
                ColumnLocation::Fixed { .. } => record.cover_fixed(layout, column.location)?,
                ColumnLocation::Variable { fid } => record.cover_variable(layout, fid),
                ColumnLocation::Tagged { .. } => {}
            }
        }
        Ok(record)
    }

    /// The record as it is stored, to be changed. `format` is that of the page it will go to.
    ///
    /// # Errors
    /// Whatever reading the record finds wrong: `JET_errDatabaseCorrupted`.
    pub fn from_view(view: &RecordView<'_>, format: RecordFormat) -> FormatResult<Self> {
        let mut record = Self::new(format);
        record.read(view)?;
        Ok(record)
    }

    /// As [`Self::from_view`], in the memory that this record has. It is not to be used after an error.
    ///
    /// # Errors
    /// As [`Self::from_view`].
    pub fn read_view(&mut self, view: &RecordView<'_>, format: RecordFormat) -> FormatResult<()> {
        self.format = Self::new(format).format;
        self.fixed.clear();
        self.fixed_null.clear();
        self.variable.bytes.clear();
        self.variable.columns.clear();
        self.tagged.clear();
        self.read(view)
    }

    /// Fills an empty record.
    fn read(&mut self, view: &RecordView<'_>) -> FormatResult<()> {
        let record = self;
        let fixed = view.bytes().get(RECORD_HEADER_BYTES..view.fixed_data_end());
        record.fixed.extend_from_slice(fixed.unwrap_or_default());
        let null_map = view.null_map();
        let is_null =
            |bit: u8| null_map.get(usize::from(bit / 8)).is_none_or(|byte| byte >> (bit % 8) & 1 == 1);
        record.fixed_null.extend((0..view.fixed_last()).map(is_null));
        for fid in 128..=view.variable_last() {
            record.variable.push(match view.variable(fid)? {
                Value::Inline(bytes) => Some(bytes),
                _ => None,
            });
        }
        for column in view.tagged_area().iter() {
            let column = column?;
            let content = record.content_of(&column)?;
            if record.tagged.insert((!column.derived, column.fid), content).is_some() {
                return Err(corrupted(0, "tagged entry", Problem::Invalid("is there twice")));
            }
        }
        Ok(())
    }

    fn content_of(&self, column: &TaggedColumn<'_>) -> FormatResult<TaggedContent> {
        let is_long = column.info.contains(TaggedInfo::LONG_VALUE);
        let mut values = Vec::new();
        for value in column.iter() {
            values.push(match value? {
                Value::Inline(bytes) => Stored::Inline(bytes.to_vec()),
                Value::Compressed(bytes) => Stored::Compressed(bytes.to_vec()),
                Value::Encrypted(bytes) => Stored::Encrypted(bytes.to_vec()),
                Value::Separated(id) => Stored::Separated(id),
                Value::Null | Value::Absent => continue,
            });
        }
        let shape = match column.shape().unwrap_or_else(|| self.shape_for(is_long, values.len())) {
            TaggedShape::Several if values.len() < 2 => TaggedShape::Single,
            TaggedShape::Two if self.format == RecordFormat::LargePage => TaggedShape::Several,
            shape => shape,
        };
        Ok(TaggedContent { is_long, shape, values })
    }

    fn shape_for(&self, is_long: bool, count: usize) -> TaggedShape {
        match count {
            0 | 1 => TaggedShape::Single,
            2 if !is_long && self.format == RecordFormat::SmallPage => TaggedShape::Two,
            _ => TaggedShape::Several,
        }
    }

    /// Sets value `itag` (1 is the first) of a column of `layout`. NULL beyond the first value removes it and renumbers
    /// the rest; a value beyond the last one is appended. Fixed and variable columns have one value only.
    ///
    /// # Errors
    /// A length the column cannot hold: `JET_errInvalidBufferSize` or `JET_errColumnTooBig`; a second value of a fixed,
    /// variable or encrypted column: `JET_errBadItagSequence` or `JET_errEncryptionBadItag`; a form that only long types
    /// have: `JET_errInvalidColumnType`; a deleted column: `JET_errColumnNotFound`.
    pub fn set(
        &mut self,
        layout: &TableLayout,
        column: &ColumnDefinition,
        itag: usize,
        value: NewValue<'_>,
    ) -> FormatResult<()> {
        if column.is_deleted() {
            return Err(refused("column", Problem::Invalid("is deleted"), JetError::COLUMN_NOT_FOUND));
        }
        let inline = match value {
            NewValue::Null => None,
            NewValue::Inline(bytes) => Some(bytes),
            _ if column.column_type.is_long() => None,
            _ => {
                let problem = Problem::Invalid("is compressed, encrypted or separated, but of a short type");
                return Err(refused("column value", problem, JetError::INVALID_COLUMN_TYPE));
            }
        };
        match column.location {
            ColumnLocation::Tagged { fid, derived } => self.set_tagged(column, (!derived, fid), itag, value),
            _ if itag != 1 => {
                let problem = Problem::Invalid("goes to a column that has one value only");
                Err(refused("itag sequence", problem, JetError::BAD_ITAG_SEQUENCE))
            }
            ColumnLocation::Fixed { .. } => {
                self.set_fixed(layout, column, inline.filter(|bytes| !bytes.is_empty()))
            }
            ColumnLocation::Variable { fid } => self.set_variable(layout, column, fid, inline),
        }
    }

    /// Takes the entry of a tagged column out of the record, so that it reads as its default. Fixed and variable columns
    /// stay as they are.
    pub fn revert_to_default(&mut self, column: &ColumnDefinition) {
        if let ColumnLocation::Tagged { fid, derived } = column.location {
            self.tagged.remove(&(!derived, fid));
        }
    }

    fn set_fixed(
        &mut self,
        layout: &TableLayout,
        column: &ColumnDefinition,
        value: Option<&[u8]>,
    ) -> FormatResult<()> {
        self.cover_fixed(layout, column.location)?;
        let ColumnLocation::Fixed { fid, .. } = column.location else { return Ok(()) };
        let padded = value.map(|bytes| padded_to_slot(column, bytes)).transpose()?;
        if let Some(is_null) = self.fixed_null.get_mut(usize::from(fid).wrapping_sub(1)) {
            *is_null = padded.is_none();
        }
        self.write_slot(column.location, padded.as_deref())
    }

    /// The slot's bytes, or the filler for NULL.
    fn write_slot(&mut self, location: ColumnLocation, value: Option<&[u8]>) -> FormatResult<()> {
        let ColumnLocation::Fixed { offset, size, .. } = location else { return Ok(()) };
        let start = usize::from(offset).checked_sub(RECORD_HEADER_BYTES);
        let slot = start.and_then(|start| self.fixed.get_mut(start..start + usize::from(size)));
        let slot = slot.ok_or_else(|| {
            corrupted(offset.into(), "fixed column", Problem::Invalid("lies outside the area"))
        })?;
        match value {
            None => slot.fill(NULL_SLOT_FILL),
            Some(bytes) if bytes.len() == slot.len() => slot.copy_from_slice(bytes),
            Some(bytes) => {
                let problem = Problem::Mismatch { found: bytes.len() as u64, expected: slot.len() as u64 };
                return Err(refused("fixed column", problem, JetError::INVALID_BUFFER_SIZE));
            }
        }
        Ok(())
    }

    /// Grows the fixed area up to the column at `location`, defaults of newly covered columns included.
    fn cover_fixed(&mut self, layout: &TableLayout, location: ColumnLocation) -> FormatResult<()> {
        let ColumnLocation::Fixed { fid, offset, size } = location else { return Ok(()) };
        let covered = self.fixed_null.len();
        if usize::from(fid) <= covered {
            return Ok(());
        }
        let end = usize::from(offset) + usize::from(size);
        let bytes = end.saturating_sub(RECORD_HEADER_BYTES).max(self.fixed.len());
        self.fixed.resize(bytes, NULL_SLOT_FILL);
        self.fixed_null.resize(usize::from(fid), true);
        for column in layout.columns() {
            let ColumnLocation::Fixed { fid: other, .. } = column.location else { break };
            if other > fid {
                break;
            }
            let newly = usize::from(other) > covered && !column.is_deleted();
            if let Some(default) = column.default.as_deref().filter(|_| newly) {
                self.write_slot(column.location, Some(&padded_to_slot(column, default)?))?;
                if let Some(is_null) = self.fixed_null.get_mut(usize::from(other - 1)) {
                    *is_null = false;
                }
            }
        }
        Ok(())
    }

    fn set_variable(
        &mut self,
        layout: &TableLayout,
        column: &ColumnDefinition,
        fid: u8,
        value: Option<&[u8]>,
    ) -> FormatResult<()> {
        let max = match column.bytes_max {
            0 => VARIABLE_COLUMN_BYTES_MAX,
            asked => usize::try_from(asked)
                .map_or(VARIABLE_COLUMN_BYTES_MAX, |asked| asked.min(VARIABLE_COLUMN_BYTES_MAX)),
        };
        if value.is_some_and(|bytes| bytes.len() > max) {
            let found = value.map_or(0, <[u8]>::len) as u64;
            let problem = Problem::OutOfRange { found, min: 0, max: max as u64 };
            return Err(refused("variable column", problem, JetError::COLUMN_TOO_BIG));
        }
        self.cover_variable(layout, fid);
        if let Some(index) = variable_index(fid) {
            self.variable.set(index, value);
        }
        Ok(())
    }

    /// Grows the variable area up to this FID, defaults of newly covered columns included.
    fn cover_variable(&mut self, layout: &TableLayout, fid: u8) {
        let covered = self.variable.count();
        let Some(index) = variable_index(fid).filter(|index| *index >= covered) else { return };
        for _ in covered..=index {
            self.variable.push(None);
        }
        for column in layout.columns() {
            let other = match column.location {
                ColumnLocation::Fixed { .. } => continue,
                ColumnLocation::Variable { fid: other } => other,
                ColumnLocation::Tagged { .. } => break,
            };
            let newly = variable_index(other).filter(|other| *other >= covered && !column.is_deleted());
            if let (Some(other), Some(default)) = (newly, column.default.as_deref()) {
                self.variable.set(other, Some(default));
            }
        }
    }

    /// Gives the fixed and variable columns that `all` has and `seen` has not their defaults, where the record reaches
    /// beyond them and did not when it had so many fixed and variable columns. They belong to transactions that the
    /// author of the record does not see, and a record that has a place for a column says what is in it.
    ///
    /// # Errors
    /// A default that does not fit its column: `JET_errInvalidBufferSize`.
    pub fn fill_unseen(
        &mut self,
        seen: &TableLayout,
        all: &TableLayout,
        (fixed, variable): (usize, usize),
    ) -> FormatResult<()> {
        let is_unseen = |column: &&ColumnDefinition| {
            !column.is_deleted() && seen.column(column.id).is_none_or(ColumnDefinition::is_deleted)
        };
        for column in all.columns().iter().filter(is_unseen) {
            let Some(default) = column.default.as_deref() else { continue };
            match column.location {
                ColumnLocation::Fixed { fid, .. } => {
                    let place = usize::from(fid);
                    if place > fixed && place <= self.fixed_null.len() {
                        self.write_slot(column.location, Some(&padded_to_slot(column, default)?))?;
                        if let Some(is_null) = self.fixed_null.get_mut(place - 1) {
                            *is_null = false;
                        }
                    }
                }
                ColumnLocation::Variable { fid } => {
                    let newly = |index: &usize| (variable..self.variable.count()).contains(index);
                    if let Some(index) = variable_index(fid).filter(newly) {
                        self.variable.set(index, Some(default));
                    }
                }
                ColumnLocation::Tagged { .. } => {}
            }
        }
        Ok(())
    }

    fn set_tagged(
        &mut self,
        column: &ColumnDefinition,
        key: (bool, u16),
        itag: usize,
        value: NewValue<'_>,
    ) -> FormatResult<()> {
        let index = itag.checked_sub(1).ok_or_else(|| {
            refused("itag sequence", Problem::Invalid("starts at 1"), JetError::BAD_ITAG_SEQUENCE)
        })?;
        let is_long = column.column_type.is_long();
        check_tagged(column, index, value)?;
        let stored = match value {
            NewValue::Null => return self.set_tagged_null(column, key, index),
            NewValue::Inline(bytes) => Stored::Inline(bytes.to_vec()),
            NewValue::Compressed(bytes) => Stored::Compressed(bytes.to_vec()),
            NewValue::Encrypted(bytes) => Stored::Encrypted(bytes.to_vec()),
            NewValue::Separated(id) => Stored::Separated(id),
        };
        let format = self.format;
        let content = self.tagged.entry(key).or_insert(TaggedContent {
            is_long,
            shape: TaggedShape::Single,
            values: Vec::new(),
        });
        // An explicit NULL does not say of which type it is.
        content.is_long = is_long;
        match content.values.get_mut(index) {
            Some(place) => *place = stored,
            None => content.values.push(stored),
        }
        content.shape = match (content.shape, content.values.len()) {
            (_, 0 | 1) => TaggedShape::Single,
            (TaggedShape::Single, 2) if !is_long && format == RecordFormat::SmallPage => TaggedShape::Two,
            (TaggedShape::Two, 2) => TaggedShape::Two,
            _ => TaggedShape::Several,
        };
        Ok(())
    }

    fn set_tagged_null(
        &mut self,
        column: &ColumnDefinition,
        key: (bool, u16),
        index: usize,
    ) -> FormatResult<()> {
        let others = self.tagged.get(&key).map_or(0, |content| content.values.len());
        if others > 1 || (index > 0 && others > 0) {
            if let Some(content) = self.tagged.get_mut(&key).filter(|content| index < content.values.len()) {
                content.values.remove(index);
                if content.values.len() < 2 {
                    content.shape = TaggedShape::Single;
                }
            }
        } else if column.default.is_some() || column.flags.contains(super::ColumnFlags::USER_DEFINED_DEFAULT)
        {
            let is_long = column.column_type.is_long();
            self.tagged
                .insert(key, TaggedContent { is_long, shape: TaggedShape::Single, values: Vec::new() });
        } else {
            self.tagged.remove(&key);
        }
        Ok(())
    }

    /// Appends the record's bytes.
    ///
    /// # Errors
    /// An area whose offsets do not fit: `JET_errRecordTooBig`; the caller checks the record maximum
    /// ([`super::RecordLimits`]).
    pub fn encode(&self, into: &mut Vec<u8>) -> FormatResult<()> {
        let too_big =
            |field| refused(field, Problem::Invalid("does not fit the offsets"), JetError::RECORD_TOO_BIG);
        let null_map_bytes = self.fixed_null.len().div_ceil(8);
        let end_of_fixed = u16::try_from(RECORD_HEADER_BYTES + self.fixed.len() + null_map_bytes);
        let (Ok(end_of_fixed), Ok(fixed_last), Ok(variable_last)) =
            (end_of_fixed, u8::try_from(self.fixed_null.len()), u8::try_from(127 + self.variable.count()))
        else {
            return Err(too_big("fixed columns"));
        };
        into.extend_from_slice(&[fixed_last, variable_last]);
        into.extend_from_slice(&end_of_fixed.to_le_bytes());
        into.extend_from_slice(&self.fixed);
        for flags in self.fixed_null.chunks(8) {
            let cleared = flags.iter().enumerate().filter(|(_, is_null)| !**is_null);
            into.push(cleared.fold(0xFF, |byte, (bit, _)| byte & !(1 << bit)));
        }
        for column in &self.variable.columns {
            let end = u16::try_from(column.end).ok().filter(|end| *end <= 0x7FFF);
            let null = if column.is_null { 0x8000 } else { 0 };
            into.extend_from_slice(&(end.ok_or_else(|| too_big("variable columns"))? | null).to_le_bytes());
        }
        into.extend_from_slice(&self.variable.bytes);
        self.encode_tagged(into)
    }

    /// The record's bytes in a vector of their own.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn to_bytes(&self) -> FormatResult<Vec<u8>> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes)?;
        Ok(bytes)
    }

    fn encode_tagged(&self, into: &mut Vec<u8>) -> FormatResult<()> {
        let area = into.len();
        into.resize(area + self.tagged.len() * ENTRY_BYTES, 0);
        for (index, ((own, fid), content)) in self.tagged.iter().enumerate() {
            let large = self.format == RecordFormat::LargePage;
            let mask = if large { LARGE_OFFSET_MASK } else { SMALL_OFFSET_MASK };
            let offset = u16::try_from(into.len() - area).ok().filter(|offset| offset & !mask == 0);
            let mut word = offset.ok_or_else(|| {
                refused(
                    "tagged columns",
                    Problem::Invalid("do not fit the offsets"),
                    JetError::RECORD_TOO_BIG,
                )
            })?;
            let info = content.info(large);
            if large {
                into.push(info.bits());
            } else if content.values.is_empty() {
                word |= SMALL_NULL;
            } else if !info.is_empty() {
                word |= SMALL_HAS_INFO;
                into.push(info.bits());
            }
            content.append_values(into)?;
            if !own {
                word |= DERIVED;
            }
            let entry = area + index * ENTRY_BYTES;
            if let Some(place) = into.get_mut(entry..entry + ENTRY_BYTES) {
                let ([a, b], [c, d]) = (fid.to_le_bytes(), word.to_le_bytes());
                place.copy_from_slice(&[a, b, c, d]);
            }
        }
        Ok(())
    }

    /// How many values the record holds of a tagged column, 0 for an explicit NULL; `None` where it says nothing of the
    /// column, and for fixed and variable ones.
    #[must_use]
    pub fn tagged_count(&self, location: ColumnLocation) -> Option<usize> {
        self.content_at(location).map(|content| content.values.len())
    }

    /// Value `itag` (1 is the first) that the record holds of a tagged column.
    #[must_use]
    pub fn tagged_value(&self, location: ColumnLocation, itag: usize) -> Option<Value<'_>> {
        let value = self.content_at(location)?.values.get(itag.checked_sub(1)?)?;
        Some(match value {
            Stored::Inline(bytes) => Value::Inline(bytes),
            Stored::Compressed(bytes) => Value::Compressed(bytes),
            Stored::Encrypted(bytes) => Value::Encrypted(bytes),
            Stored::Separated(id) => Value::Separated(*id),
        })
    }

    fn content_at(&self, location: ColumnLocation) -> Option<&TaggedContent> {
        let ColumnLocation::Tagged { fid, derived } = location else { return None };
        self.tagged.get(&(!derived, fid))
    }

    /// The identifiers of all separated values, each as often as it is there.
    pub fn separated_values(&self) -> impl Iterator<Item = LongValueId> {
        self.tagged.values().flat_map(|content| &content.values).filter_map(|value| match value {
            Stored::Separated(id) => Some(*id),
            _ => None,
        })
    }

    /// The bytes in the slot of a fixed column that the record reaches and that is not NULL.
    #[must_use]
    pub fn fixed_value(&self, location: ColumnLocation) -> Option<&[u8]> {
        let ColumnLocation::Fixed { fid, offset, size } = location else { return None };
        let is_null = self.fixed_null.get(usize::from(fid).checked_sub(1)?)?;
        let start = usize::from(offset).checked_sub(RECORD_HEADER_BYTES)?;
        self.fixed.get(start..start + usize::from(size)).filter(|_| !is_null)
    }

    /// Whether the record holds a value, not NULL, of this column.
    #[must_use]
    pub fn has_value(&self, location: ColumnLocation) -> bool {
        match location {
            ColumnLocation::Fixed { .. } => self.fixed_value(location).is_some(),
            ColumnLocation::Variable { fid } => {
                let value = variable_index(fid).and_then(|index| self.variable.columns.get(index));
                value.is_some_and(|column| !column.is_null)
            }
            ColumnLocation::Tagged { .. } => self.tagged_count(location).is_some_and(|count| count > 0),
        }
    }

    /// The values of a tagged column that a writer may move to the long-value tree: itag and bytes of every value of
    /// long types that is stored in the record as it is or compressed.
    pub fn intrinsic_long_values(&self) -> impl Iterator<Item = (ColumnLocation, usize, &[u8])> {
        self.tagged.iter().filter(|(_, content)| content.is_long).flat_map(|((own, fid), content)| {
            let location = ColumnLocation::Tagged { fid: *fid, derived: !own };
            content.values.iter().enumerate().filter_map(move |(index, value)| match value {
                Stored::Inline(bytes) | Stored::Compressed(bytes) => {
                    Some((location, index + 1, bytes.as_slice()))
                }
                _ => None,
            })
        })
    }
}

impl TaggedContent {
    fn info(&self, large: bool) -> TaggedInfo {
        let mut info = TaggedInfo::empty();
        info.set(TaggedInfo::LONG_VALUE, self.is_long);
        match self.values.first() {
            None if large => return TaggedInfo::NULL,
            Some(Stored::Compressed(_)) => info |= TaggedInfo::COMPRESSED,
            Some(Stored::Encrypted(_)) => info |= TaggedInfo::ENCRYPTED,
            Some(Stored::Separated(_)) if self.shape == TaggedShape::Single => info |= TaggedInfo::SEPARATED,
            _ => {}
        }
        match self.shape {
            TaggedShape::Single => {}
            TaggedShape::Two => info |= TaggedInfo::MULTI_VALUES | TaggedInfo::TWO_VALUES,
            TaggedShape::Several => info |= TaggedInfo::MULTI_VALUES,
        }
        info
    }

    fn append_values(&self, into: &mut Vec<u8>) -> FormatResult<()> {
        let too_big =
            || refused("tagged values", Problem::Invalid("do not fit the offsets"), JetError::RECORD_TOO_BIG);
        match self.shape {
            TaggedShape::Single => {}
            TaggedShape::Two => {
                let first = self.values.first().map_or(0, Stored::bytes_in_record);
                into.push(u8::try_from(first).map_err(|_| too_big())?);
            }
            TaggedShape::Several => {
                let mut offset = 2 * self.values.len();
                for value in &self.values {
                    let word = u16::try_from(offset).ok().filter(|word| word & !MULTI_OFFSET_MASK == 0);
                    let separated = if matches!(value, Stored::Separated(_)) { MULTI_SEPARATED } else { 0 };
                    into.extend_from_slice(&(word.ok_or_else(too_big)? | separated).to_le_bytes());
                    offset += value.bytes_in_record();
                }
            }
        }
        self.values.iter().for_each(|value| value.append(into));
        Ok(())
    }
}

impl Stored {
    fn bytes_in_record(&self) -> usize {
        match self {
            Self::Inline(bytes) | Self::Compressed(bytes) | Self::Encrypted(bytes) => bytes.len(),
            Self::Separated(id) => id.width(),
        }
    }

    fn append(&self, into: &mut Vec<u8>) {
        match self {
            Self::Inline(bytes) | Self::Compressed(bytes) | Self::Encrypted(bytes) => {
                into.extend_from_slice(bytes);
            }
            Self::Separated(id) => id.append_to_record(into),
        }
    }
}

fn variable_index(fid: u8) -> Option<usize> {
    u16::from(fid).checked_sub(FID_VARIABLE_FIRST).map(usize::from)
}

/// The bytes of a fixed column's slot: Binary is padded with zeros, text with spaces, a Bit is 00 or FF (spec 04 §2).
fn padded_to_slot<'v>(column: &ColumnDefinition, value: &'v [u8]) -> FormatResult<Cow<'v, [u8]>> {
    let ColumnLocation::Fixed { size, .. } = column.location else { return Ok(value.into()) };
    let size = usize::from(size);
    let padded = |pad: &dyn Fn(usize) -> u8| {
        let mut bytes = value.to_vec();
        bytes.extend((value.len()..size).map(pad));
        Cow::Owned(bytes)
    };
    let bytes = match column.column_type {
        ColumnType::Bit if value.len() == 1 => Cow::Borrowed(if value == [0] { &[0][..] } else { &[0xFF] }),
        ColumnType::Binary if value.len() < size => padded(&|_| 0),
        ColumnType::Text if value.len() < size && column.is_unicode_text() => {
            padded(&|at| if at % 2 == 0 { b' ' } else { 0 })
        }
        ColumnType::Text if value.len() < size => padded(&|_| b' '),
        _ => Cow::Borrowed(value),
    };
    if bytes.len() != size {
        let problem = Problem::Mismatch { found: value.len() as u64, expected: size as u64 };
        return Err(refused("fixed column", problem, JetError::INVALID_BUFFER_SIZE));
    }
    Ok(bytes)
}

fn check_tagged(column: &ColumnDefinition, index: usize, value: NewValue<'_>) -> FormatResult<()> {
    let bytes = match value {
        NewValue::Inline(bytes) => bytes,
        NewValue::Compressed(_) if index > 0 => {
            let problem = Problem::Invalid("is compressed, but not the first");
            return Err(refused("column value", problem, JetError::INVALID_PARAMETER));
        }
        NewValue::Encrypted(_) if index > 0 => {
            let problem = Problem::Invalid("is encrypted, but not the only one");
            return Err(refused("column value", problem, JetError::ENCRYPTION_BAD_ITAG));
        }
        _ => return Ok(()),
    };
    let refuse = |found: usize, max: u64, jet| {
        let problem = Problem::OutOfRange { found: found as u64, min: 0, max };
        Err(refused("tagged column", problem, jet))
    };
    match column.column_type.fixed_size() {
        Some(size) if bytes.len() != usize::from(size) => {
            refuse(bytes.len(), u64::from(size), JetError::INVALID_BUFFER_SIZE)
        }
        None if column.bytes_max != 0 && bytes.len() as u64 > u64::from(column.bytes_max) => {
            refuse(bytes.len(), u64::from(column.bytes_max), JetError::COLUMN_TOO_BIG)
        }
        None if !column.column_type.is_long() && bytes.len() > VARIABLE_COLUMN_BYTES_MAX => {
            refuse(bytes.len(), VARIABLE_COLUMN_BYTES_MAX as u64, JetError::COLUMN_TOO_BIG)
        }
        _ => Ok(()),
    }
}
