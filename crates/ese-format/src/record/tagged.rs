//! The tagged area of a record (spec 04 §1.4, §1.5, §1.8).
//!
//! ```text
//! entries       u16 FID, u16 offset and flags; as many as (offset of entry 0) / 4
//! data          of entry i: from its offset to that of entry i + 1, or to the end
//!
//!   word        small page                         large page
//!   0..12       offset                             offset (0..14)
//!   13 (2000)   NULL                               —
//!   14 (4000)   data begins with an info byte      every entry has one
//!   15 (8000)   column of the template table       same
//!
//! info byte     01 long type   02 (first) value compressed   04 separated   08 several values
//!               10 two values, short form   20 NULL (large pages)   40 encrypted
//! one value     the bytes, or the long-value identifier
//! two values    u8 bytes of the first, the first, the second
//! several       u16 × n: bit 15 separated, bits 0..14 offset from this array's start; n = offset 0 / 2
//! ```
//!
//! Before Windows XP the area was a plain sequence of `u16 FID, u16 (bits 0..11 length, 13 derived, 14 NULL, 15 long
//! type)` and data, one entry a value; long types begin with a byte whose bit 0 says *separated*.
//!
//! Invariants: entries with the derived bit come first; FIDs ascend in each group, none twice.

use super::builder::TaggedShape;
use super::view::Value;
use super::{RecordFormat, corrupted, truncated};
use crate::column_type::FID_TAGGED_FIRST;
use crate::error::{FormatResult, Problem};
use crate::little_endian::u16_at;
use crate::long_value::LongValueId;

pub(super) const ENTRY_BYTES: usize = 4;
pub(super) const SMALL_OFFSET_MASK: u16 = 0x1FFF;
pub(super) const SMALL_NULL: u16 = 0x2000;
pub(super) const SMALL_HAS_INFO: u16 = 0x4000;
pub(super) const LARGE_OFFSET_MASK: u16 = 0x7FFF;
pub(super) const DERIVED: u16 = 0x8000;
pub(super) const MULTI_SEPARATED: u16 = 0x8000;
pub(super) const MULTI_OFFSET_MASK: u16 = 0x7FFF;

const OLD_LENGTH_MASK: u16 = 0x0FFF;
const OLD_DERIVED: u16 = 0x2000;
const OLD_NULL: u16 = 0x4000;
const OLD_LONG: u16 = 0x8000;
const OLD_SEPARATED: u8 = 0x01;

bitflags::bitflags! {
    /// The info byte of a tagged column.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct TaggedInfo: u8 {
        /// The column's type is LongBinary or LongText.
        const LONG_VALUE = 0x01;
        /// The value, or the first of several, is compressed.
        const COMPRESSED = 0x02;
        /// The only value lies in the long-value tree.
        const SEPARATED = 0x04;
        /// Several values follow.
        const MULTI_VALUES = 0x08;
        /// Two values in the short form.
        const TWO_VALUES = 0x10;
        /// NULL; on large pages only.
        const NULL = 0x20;
        /// The value is encrypted.
        const ENCRYPTED = 0x40;
        const _ = !0;
    }
}

impl TaggedInfo {
    /// The first rule of spec 04 §1.5 that a combination breaks.
    fn broken_rule(self) -> Option<&'static str> {
        let long_only = Self::COMPRESSED | Self::SEPARATED | Self::ENCRYPTED;
        let rules = [
            (self.bits() & 0x80 != 0, "has bit 80 set"),
            (
                self.intersects(long_only) && !self.contains(Self::LONG_VALUE),
                "treats a short type as a long one",
            ),
            (
                self.contains(Self::SEPARATED)
                    && self.intersects(Self::COMPRESSED | Self::MULTI_VALUES | Self::ENCRYPTED),
                "says separated and something that excludes it",
            ),
            (
                self.contains(Self::TWO_VALUES)
                    && (!self.contains(Self::MULTI_VALUES) || self.contains(Self::LONG_VALUE)),
                "says two values where the short form is not allowed",
            ),
            (self.contains(Self::ENCRYPTED | Self::MULTI_VALUES), "says encrypted and several values"),
        ];
        rules.into_iter().find_map(|(broken, rule)| broken.then_some(rule))
    }
}

/// The tagged area of one record.
#[derive(Clone, Copy, Debug)]
pub struct TaggedArea<'a> {
    bytes: &'a [u8],
    format: RecordFormat,
    /// Entries of the array; 0 for an empty area and for the form before Windows XP.
    count: usize,
}

/// An entry of the array, its word taken apart.
#[derive(Clone, Copy, Debug)]
struct Entry {
    fid: u16,
    derived: bool,
    offset: usize,
    is_null: bool,
    has_info: bool,
}

/// One tagged column of one record.
#[derive(Clone, Copy, Debug)]
pub struct TaggedColumn<'a> {
    /// FID, 256 and up.
    pub fid: u16,
    /// Whether the entry carries the derived bit.
    pub derived: bool,
    /// The info byte; empty where there is none. In the form before Windows XP only [`TaggedInfo::LONG_VALUE`].
    pub info: TaggedInfo,
    body: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Body<'a> {
    Null,
    /// One value; the info byte says what its bytes are.
    Single(&'a [u8]),
    /// Two values in the short form.
    Two(&'a [u8], &'a [u8]),
    /// Offsets array and data.
    Several(&'a [u8], usize),
    /// Entries of the form before Windows XP, and how many.
    Old(&'a [u8], usize),
}

impl<'a> TaggedArea<'a> {
    /// Reads the size of the array.
    ///
    /// # Errors
    /// An array that does not lie in the area: `JET_errDatabaseCorrupted`.
    pub fn parse(bytes: &'a [u8], format: RecordFormat) -> FormatResult<Self> {
        if bytes.is_empty() || format == RecordFormat::BeforeXp {
            return Ok(Self { bytes, format, count: 0 });
        }
        let word = u16_at(bytes, 2).ok_or_else(|| truncated(0, "tagged entry", ENTRY_BYTES, bytes.len()))?;
        let first_offset = usize::from(word & offset_mask(format));
        if first_offset < ENTRY_BYTES
            || !first_offset.is_multiple_of(ENTRY_BYTES)
            || first_offset > bytes.len()
        {
            let (found, max) = (first_offset as u64, bytes.len() as u64);
            return Err(corrupted(2, "first tagged offset", Problem::OutOfRange { found, min: 4, max }));
        }
        Ok(Self { bytes, format, count: first_offset / ENTRY_BYTES })
    }

    /// The bytes of the area.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Every column in the order of the array.
    pub fn iter(&self) -> impl Iterator<Item = FormatResult<TaggedColumn<'a>>> + use<'a> {
        let area = *self;
        let mut index = 0;
        let mut old_position = 0;
        std::iter::from_fn(move || {
            if area.format == RecordFormat::BeforeXp {
                return old_run(area.bytes, &mut old_position).transpose();
            }
            let current = index;
            index += 1;
            (current < area.count).then(|| area.column(current))
        })
    }

    /// The column with this FID and derived bit, if the record has an entry for it.
    ///
    /// # Errors
    /// An entry that lies about its place or form: `JET_errDatabaseCorrupted`.
    pub fn find(&self, fid: u16, derived: bool) -> FormatResult<Option<TaggedColumn<'a>>> {
        if self.format == RecordFormat::BeforeXp {
            let wanted = |column: &TaggedColumn<'_>| column.fid == fid && column.derived == derived;
            return self.iter().find(|column| column.as_ref().map_or(true, wanted)).transpose();
        }
        let key = (!derived, fid);
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            let entry = self.entry(middle)?;
            match (!entry.derived, entry.fid).cmp(&key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.column(middle).map(Some),
            }
        }
        Ok(None)
    }

    /// Reads every entry and every value once, and checks their order.
    ///
    /// # Errors
    /// The first rule that is broken: `JET_errDatabaseCorrupted`.
    pub fn check(&self) -> FormatResult<()> {
        let mut last = None;
        for column in self.iter() {
            let column = column?;
            let key = (!column.derived, column.fid);
            if last.is_some_and(|last| last >= key) || column.fid < FID_TAGGED_FIRST {
                return Err(corrupted(0, "tagged entry", Problem::Invalid("is out of order")));
            }
            last = Some(key);
            column.iter().try_for_each(|value| value.map(drop))?;
        }
        Ok(())
    }

    fn entry(&self, index: usize) -> FormatResult<Entry> {
        let at = index * ENTRY_BYTES;
        let (Some(fid), Some(word)) = (u16_at(self.bytes, at), u16_at(self.bytes, at + 2)) else {
            return Err(truncated(at, "tagged entry", ENTRY_BYTES, 0));
        };
        let small = self.format == RecordFormat::SmallPage;
        Ok(Entry {
            fid,
            derived: word & DERIVED != 0,
            offset: usize::from(word & offset_mask(self.format)),
            is_null: small && word & SMALL_NULL != 0,
            has_info: !small || word & SMALL_HAS_INFO != 0,
        })
    }

    fn column(&self, index: usize) -> FormatResult<TaggedColumn<'a>> {
        let entry = self.entry(index)?;
        let end = if index + 1 < self.count { self.entry(index + 1)?.offset } else { self.bytes.len() };
        let data = self.bytes.get(entry.offset..end).filter(|_| entry.offset >= self.count * ENTRY_BYTES);
        let data = data.ok_or_else(|| {
            let (found, min, max) = (entry.offset as u64, (self.count * ENTRY_BYTES) as u64, end as u64);
            corrupted(index * ENTRY_BYTES + 2, "tagged offset", Problem::OutOfRange { found, min, max })
        })?;
        let (info, body) = self.form(entry, data).map_err(|error| error.offset_by(entry.offset as u64))?;
        Ok(TaggedColumn { fid: entry.fid, derived: entry.derived, info, body })
    }

    fn form(&self, entry: Entry, data: &'a [u8]) -> FormatResult<(TaggedInfo, Body<'a>)> {
        if entry.is_null {
            let form_is_null = data.is_empty() && !entry.has_info;
            let body = form_is_null.then_some((TaggedInfo::empty(), Body::Null));
            return body.ok_or_else(|| corrupted(0, "tagged NULL", Problem::Invalid("has bytes")));
        }
        if !entry.has_info {
            return Ok((TaggedInfo::empty(), Body::Single(data)));
        }
        let (info, rest) = data.split_first().ok_or_else(|| truncated(0, "tagged info byte", 1, 0))?;
        let info = TaggedInfo::from_bits_retain(*info);
        if let Some(rule) = info.broken_rule() {
            return Err(corrupted(0, "tagged info byte", Problem::Invalid(rule)));
        }
        let body = if info.contains(TaggedInfo::NULL) {
            if self.format == RecordFormat::SmallPage || !rest.is_empty() {
                return Err(corrupted(
                    0,
                    "tagged NULL",
                    Problem::Invalid("has bytes, or is on a small page"),
                ));
            }
            Body::Null
        } else if info.contains(TaggedInfo::TWO_VALUES) {
            let two = rest
                .split_first()
                .and_then(|(first_bytes, values)| values.split_at_checked(usize::from(*first_bytes)));
            let (first, second) = two.ok_or_else(|| truncated(1, "first of two values", 1, rest.len()))?;
            Body::Two(first, second)
        } else if info.contains(TaggedInfo::MULTI_VALUES) {
            Body::Several(rest, several_count(rest)?)
        } else {
            Body::Single(rest)
        };
        Ok((info, body))
    }
}

fn offset_mask(format: RecordFormat) -> u16 {
    if format == RecordFormat::LargePage { LARGE_OFFSET_MASK } else { SMALL_OFFSET_MASK }
}

/// Values of an offsets array, checked to lie in the data.
fn several_count(data: &[u8]) -> FormatResult<usize> {
    let first = usize::from(u16_at(data, 0).unwrap_or(0) & MULTI_OFFSET_MASK);
    if first < 4 || !first.is_multiple_of(2) || first > data.len() {
        let (found, max) = (first as u64, data.len() as u64);
        return Err(corrupted(
            1,
            "offset of the first of several values",
            Problem::OutOfRange { found, min: 4, max },
        ));
    }
    Ok(first / 2)
}

/// The run of old entries with one FID that starts at `position`, which is moved past it.
fn old_run<'a>(area: &'a [u8], position: &mut usize) -> FormatResult<Option<TaggedColumn<'a>>> {
    let start = *position;
    let Some(first) = old_entry(area, start)? else { return Ok(None) };
    let (mut end, mut count) = (start, 0);
    while let Some(entry) = old_entry(area, end)? {
        if (entry.fid, entry.word & OLD_DERIVED) != (first.fid, first.word & OLD_DERIVED) {
            break;
        }
        end = entry.end;
        count += 1;
    }
    *position = end;
    let long = if first.word & OLD_LONG != 0 { TaggedInfo::LONG_VALUE } else { TaggedInfo::empty() };
    let body = match area.get(start..end) {
        Some(_) if count == 1 && first.word & OLD_NULL != 0 => Body::Null,
        run => Body::Old(run.unwrap_or_default(), count),
    };
    Ok(Some(TaggedColumn { fid: first.fid, derived: first.word & OLD_DERIVED != 0, info: long, body }))
}

struct OldEntry<'a> {
    fid: u16,
    word: u16,
    data: &'a [u8],
    end: usize,
}

fn old_entry(area: &[u8], position: usize) -> FormatResult<Option<OldEntry<'_>>> {
    if position == area.len() {
        return Ok(None);
    }
    let (Some(fid), Some(word)) = (u16_at(area, position), u16_at(area, position + 2)) else {
        return Err(truncated(position, "tagged entry", ENTRY_BYTES, area.len() - position));
    };
    let start = position + ENTRY_BYTES;
    let end = start + usize::from(word & OLD_LENGTH_MASK);
    let data =
        area.get(start..end).ok_or_else(|| truncated(position + 2, "tagged length", end, area.len()))?;
    Ok(Some(OldEntry { fid, word, data, end }))
}

impl<'a> TaggedColumn<'a> {
    /// Whether the column is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    /// How many values there are, 0 for NULL.
    #[must_use]
    pub fn count(&self) -> usize {
        match self.body {
            Body::Null => 0,
            Body::Single(_) => 1,
            Body::Two(..) => 2,
            Body::Several(_, count) | Body::Old(_, count) => count,
        }
    }

    /// How the values are laid out; `None` for the form before Windows XP, which has none of these shapes.
    #[must_use]
    pub fn shape(&self) -> Option<TaggedShape> {
        match self.body {
            Body::Null | Body::Single(_) => Some(TaggedShape::Single),
            Body::Two(..) => Some(TaggedShape::Two),
            Body::Several(..) => Some(TaggedShape::Several),
            Body::Old(..) => None,
        }
    }

    /// Value `itag`, 1 being the first; [`Value::Null`] beyond the last.
    ///
    /// # Errors
    /// A value that does not lie in the column's data: `JET_errDatabaseCorrupted`.
    pub fn get(&self, itag: usize) -> FormatResult<Value<'a>> {
        let Some(index) = itag.checked_sub(1).filter(|index| *index < self.count()) else {
            return Ok(Value::Null);
        };
        match self.body {
            Body::Null => Ok(Value::Null),
            Body::Single(bytes) => single_value(self.info, bytes),
            Body::Two(first, second) => Ok(Value::Inline(if index == 0 { first } else { second })),
            Body::Several(data, count) => several_value(self.info, data, count, index),
            Body::Old(entries, _) => old_value(entries, index),
        }
    }

    /// All values in itag order.
    pub fn iter(&self) -> impl Iterator<Item = FormatResult<Value<'a>>> + use<'a> {
        let column = *self;
        (1..=column.count()).map(move |itag| column.get(itag))
    }
}

fn single_value(info: TaggedInfo, bytes: &[u8]) -> FormatResult<Value<'_>> {
    if info.contains(TaggedInfo::SEPARATED) {
        LongValueId::from_record(bytes).map(Value::Separated)
    } else if info.contains(TaggedInfo::ENCRYPTED) {
        Ok(Value::Encrypted(bytes))
    } else if info.contains(TaggedInfo::COMPRESSED) {
        Ok(Value::Compressed(bytes))
    } else {
        Ok(Value::Inline(bytes))
    }
}

fn several_value(info: TaggedInfo, data: &[u8], count: usize, index: usize) -> FormatResult<Value<'_>> {
    let word = u16_at(data, 2 * index).unwrap_or(0);
    let start = usize::from(word & MULTI_OFFSET_MASK);
    let end = match u16_at(data, 2 * index + 2) {
        Some(next) if index + 1 < count => usize::from(next & MULTI_OFFSET_MASK),
        _ => data.len(),
    };
    let bytes = data.get(start..end).filter(|_| start >= 2 * count).ok_or_else(|| {
        let (found, min, max) = (start as u64, 2 * count as u64, end as u64);
        corrupted(1 + 2 * index, "offset of one of several values", Problem::OutOfRange { found, min, max })
    })?;
    if word & MULTI_SEPARATED != 0 {
        if !info.contains(TaggedInfo::LONG_VALUE) {
            return Err(corrupted(
                0,
                "tagged info byte",
                Problem::Invalid("has a separated value of a short type"),
            ));
        }
        return LongValueId::from_record(bytes).map(Value::Separated);
    }
    let compressed = index == 0 && info.contains(TaggedInfo::COMPRESSED);
    Ok(if compressed { Value::Compressed(bytes) } else { Value::Inline(bytes) })
}

fn old_value(entries: &[u8], index: usize) -> FormatResult<Value<'_>> {
    let mut position = 0;
    for _ in 0..index {
        position = old_entry(entries, position)?.map_or(entries.len(), |entry| entry.end);
    }
    let Some(entry) = old_entry(entries, position)? else { return Ok(Value::Null) };
    if entry.word & OLD_NULL != 0 {
        return Ok(Value::Null);
    }
    if entry.word & OLD_LONG == 0 {
        return Ok(Value::Inline(entry.data));
    }
    match entry.data.split_first() {
        None => Err(truncated(position, "long-value flag byte", 1, 0)),
        Some((flag, bytes)) if flag & OLD_SEPARATED != 0 => {
            LongValueId::from_record(bytes).map(Value::Separated)
        }
        Some((_, bytes)) => Ok(Value::Inline(bytes)),
    }
}
