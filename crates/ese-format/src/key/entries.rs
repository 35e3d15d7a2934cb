//! Which entries a record has in an index (spec 04 §7.3–§7.5).

use std::borrow::Cow;
use std::fmt;

use super::segment::{SegmentColumn, SegmentOrder, normalize};
use super::text::{self, TextKey, TextKeys};
use super::{KeyEnd, KeySizes, refused};
use crate::catalog::{IndexFlags, IndexRow, IndexSegment, SegmentFlags, TupleLimits};
use crate::column_type::ColumnClass;
use crate::compression;
use crate::error::{FormatResult, JetError, Problem};
use crate::long_value::LongValueId;
use crate::record::{ColumnDefinition, ColumnFlags, RecordView, TableLayout, Value};
use crate::sort_key::IndexText;

/// Whether a column has the value that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// NULL, or no such value.
    Null,
    /// There is one, perhaps of no bytes.
    Value,
}

/// Where the values of key columns come from; defaults are already applied.
pub trait KeySource {
    /// How many values the column has; 0 for NULL.
    ///
    /// # Errors
    /// Whatever reading finds wrong.
    fn count(&self, column: &ColumnDefinition) -> FormatResult<usize>;

    /// Appends the first `bytes_max` bytes of value `itag` (1 is the first), inflated.
    ///
    /// # Errors
    /// Whatever reading finds wrong.
    fn read(
        &self,
        column: &ColumnDefinition,
        itag: usize,
        bytes_max: usize,
        into: &mut Vec<u8>,
    ) -> FormatResult<Presence>;

    /// The bytes of value `itag` where they lie in one piece; `None` for one that has to be read, or is not there.
    ///
    /// # Errors
    /// Whatever reading finds wrong.
    fn in_place<'s>(&'s self, column: &'s ColumnDefinition, itag: usize) -> FormatResult<Option<&'s [u8]>> {
        let _ = (column, itag);
        Ok(None)
    }
}

/// Where separated values are read.
pub trait LongValueSource {
    /// Appends the first `bytes_max` bytes of a long value, inflated.
    ///
    /// # Errors
    /// Whatever reading finds wrong.
    fn read(&self, id: LongValueId, bytes_max: usize, into: &mut Vec<u8>) -> FormatResult<()>;
}

/// A table without separated values: any reference to one is corruption.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLongValues;

impl LongValueSource for NoLongValues {
    fn read(&self, _id: LongValueId, _bytes_max: usize, _into: &mut Vec<u8>) -> FormatResult<()> {
        let problem = Problem::Invalid("is referred to, but the table has no long-value tree");
        Err(refused("long value", problem, JetError::LV_CORRUPTED))
    }
}

/// A record and the long values of its table.
#[derive(Clone, Copy, Debug)]
pub struct RecordSource<'a, L> {
    /// The record.
    pub record: RecordView<'a>,
    /// The long values.
    pub long_values: L,
}

impl<L: LongValueSource> KeySource for RecordSource<'_, L> {
    fn count(&self, column: &ColumnDefinition) -> FormatResult<usize> {
        let values = self.record.values(column.location)?;
        let from_default = matches!(values.get(1)?, Value::Absent) && column.default.is_some();
        Ok(if from_default { 1 } else { values.count() })
    }

    fn read(
        &self,
        column: &ColumnDefinition,
        itag: usize,
        bytes_max: usize,
        into: &mut Vec<u8>,
    ) -> FormatResult<Presence> {
        match self.record.value(column, itag)? {
            Value::Absent | Value::Null => return Ok(Presence::Null),
            Value::Inline(bytes) => into.extend_from_slice(bytes.get(..bytes_max).unwrap_or(bytes)),
            Value::Compressed(stored) => compression::decompress_beginning(stored, bytes_max, into)?,
            Value::Separated(id) => self.long_values.read(id, bytes_max, into)?,
            Value::Encrypted(_) => {
                let problem = Problem::Invalid("is encrypted: it cannot be indexed");
                return Err(refused("key column", problem, JetError::COLUMN_NO_ENCRYPTION_KEY));
            }
        }
        Ok(Presence::Value)
    }

    fn in_place<'s>(&'s self, column: &'s ColumnDefinition, itag: usize) -> FormatResult<Option<&'s [u8]>> {
        if itag == 1
            && let Some(bytes) = RecordView::stored_value(self.record.bytes(), column.location)
        {
            return Ok(Some(bytes));
        }
        Ok(match self.record.value(column, itag)? {
            Value::Inline(bytes) => Some(bytes),
            _ => None,
        })
    }
}

/// The keys of one index.
pub struct IndexKeys<'a> {
    flags: IndexFlags,
    sizes: KeySizes,
    segments: Vec<(Cow<'a, ColumnDefinition>, SegmentOrder)>,
    conditions: Vec<(Cow<'a, ColumnDefinition>, Presence)>,
    tuple_limits: Option<TupleLimits>,
    text: &'a dyn TextKey,
    index_text: IndexText,
}

/// The entry of one value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKey {
    /// It has this key.
    Key(Vec<u8>),
    /// The index leaves it out.
    NoEntry,
    /// The record has not as many values.
    NoSuchValue,
}

/// What the NULLs of a key mean for its entry.
enum Entry {
    Wanted,
    /// Wanted, and no further combination after it.
    Last,
    Dropped,
}

/// Which segments of a key are NULL.
#[derive(Clone, Copy, Debug, Default)]
struct Nulls {
    some: bool,
    some_values: bool,
    first: bool,
}

impl Nulls {
    fn note(&mut self, index: usize, presence: Presence) {
        let is_null = presence == Presence::Null;
        self.some |= is_null;
        self.some_values |= !is_null;
        self.first |= is_null && index == 0;
    }
}

impl fmt::Debug for IndexKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexKeys")
            .field("flags", &self.flags)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

impl<'a> IndexKeys<'a> {
    /// Prepares to build the keys of an index of the table with this layout. Text in UTF-16 goes to `text`.
    ///
    /// # Errors
    /// A segment or condition over a column that does not exist: `JET_errCatalogCorrupted`.
    pub fn new(index: &IndexRow, layout: &'a TableLayout, text: &'a dyn TextKey) -> FormatResult<Self> {
        let column_of = |segment: &IndexSegment| {
            let column =
                layout.key_column(segment.fid, segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN));
            column.ok_or_else(|| {
                refused(
                    "KeyFldIDs",
                    Problem::Invalid("name a column that does not exist"),
                    JetError::CATALOG_CORRUPTED,
                )
            })
        };
        let segments = index.segments.iter().map(|segment| {
            let descending = segment.flags.contains(SegmentFlags::DESCENDING);
            Ok((Cow::Borrowed(column_of(segment)?), SegmentOrder::of(index.flags, descending)))
        });
        let conditions = index.conditions.iter().map(|segment| {
            let must_be_null = segment.flags.contains(SegmentFlags::MUST_BE_NULL);
            let wanted = if must_be_null { Presence::Null } else { Presence::Value };
            Ok((Cow::Borrowed(column_of(segment)?), wanted))
        });
        Ok(Self {
            flags: index.flags.when_loaded(),
            sizes: KeySizes::of(index.key_most, index.var_seg_mac),
            segments: segments.collect::<FormatResult<_>>()?,
            conditions: conditions.collect::<FormatResult<_>>()?,
            tuple_limits: index.tuple_limits,
            text,
            index_text: IndexText::of_row(index),
        })
    }

    /// The same with columns of its own, so that it can be kept; text in UTF-16 goes to `text`.
    #[must_use]
    pub fn into_owned(self, text: &'static dyn TextKey) -> IndexKeys<'static> {
        let segments = self.segments.into_iter();
        let conditions = self.conditions.into_iter();
        IndexKeys {
            flags: self.flags,
            sizes: self.sizes,
            segments: segments.map(|(column, order)| (Cow::Owned(column.into_owned()), order)).collect(),
            conditions: conditions
                .map(|(column, wanted)| (Cow::Owned(column.into_owned()), wanted))
                .collect(),
            tuple_limits: self.tuple_limits,
            text,
            index_text: self.index_text,
        }
    }

    /// Whether some segment is UTF-16 text, whose key only a [`TextKey`] knows.
    #[must_use]
    pub fn has_unicode_text(&self) -> bool {
        self.segments.iter().any(|(column, _)| column.is_unicode_text())
    }

    /// How its text columns become keys.
    #[must_use]
    pub fn index_text(&self) -> &IndexText {
        &self.index_text
    }

    fn text_keys(&self) -> TextKeys<'_> {
        TextKeys { index: &self.index_text, keeper: self.text }
    }

    /// The sizes that keys of the index keep to.
    #[must_use]
    pub fn sizes(&self) -> KeySizes {
        self.sizes
    }

    /// Appends the key of a record in an index where every record has one entry: a primary index.
    ///
    /// # Errors
    /// A NULL where there must be none: `JET_errNullKeyDisallowed`; a cut where there must be none:
    /// `JET_errKeyTruncated`; whatever reading the columns finds wrong.
    pub fn primary_key(&self, source: &impl KeySource, key: &mut Vec<u8>) -> FormatResult<KeyEnd> {
        let (end, nulls) = self.build(source, &[], None, key)?;
        self.judge(nulls)?;
        Ok(end)
    }

    /// The key of the entry that value `itag` (1 is the first) of the first multi-valued key column gives; of the columns
    /// that vary with it in a nested-table index too. In a tuple index the first tuple counts.
    ///
    /// # Errors
    /// As [`Self::primary_key`].
    pub fn entry_key(&self, source: &impl KeySource, itag: usize) -> FormatResult<EntryKey> {
        let multi_valued = |column: &ColumnDefinition| column.flags.contains(ColumnFlags::MULTI_VALUED);
        let mut itags = vec![1; self.segments.len()];
        if itag > 1 {
            let nested = self.flags.contains(IndexFlags::NESTED_TABLE);
            let mut most = 0;
            for (place, (column, _)) in itags.iter_mut().zip(&self.segments) {
                if multi_valued(column) && (nested || most == 0) {
                    most = most.max(source.count(column)?).max(1);
                    *place = itag;
                }
            }
            if itag > most {
                return Ok(EntryKey::NoSuchValue);
            }
        }
        for (column, wanted) in &self.conditions {
            let present = if source.count(column)? == 0 { Presence::Null } else { Presence::Value };
            if present != *wanted {
                return Ok(EntryKey::NoEntry);
            }
        }
        if let Some(limits) = &self.tuple_limits {
            let mut first = None;
            self.visit_tuples(source, &itags, limits, &mut |key| {
                first.get_or_insert_with(|| key.to_vec());
                Ok(())
            })?;
            return Ok(first.map_or(EntryKey::NoEntry, EntryKey::Key));
        }
        let mut key = Vec::new();
        let (_, nulls) = self.build(source, &itags, None, &mut key)?;
        Ok(match self.judge(nulls)? {
            Entry::Dropped => EntryKey::NoEntry,
            Entry::Wanted | Entry::Last => EntryKey::Key(key),
        })
    }

    /// Calls `visit` with the key of every entry the record has. A record whose values give the same key twice has one
    /// entry, but is visited twice; [`Self::keys`] sorts that out.
    ///
    /// # Errors
    /// As [`Self::primary_key`], and what `visit` returns.
    pub fn visit(
        &self,
        source: &impl KeySource,
        visit: &mut dyn FnMut(&[u8]) -> FormatResult<()>,
    ) -> FormatResult<()> {
        for (column, wanted) in &self.conditions {
            let present = if source.count(column)? == 0 { Presence::Null } else { Presence::Value };
            if present != *wanted {
                return Ok(());
            }
        }
        let counts = self.counts(source)?;
        let mut itags = vec![1; self.segments.len()];
        let mut key = Vec::new();
        loop {
            if let Some(limits) = &self.tuple_limits {
                if !self.visit_tuples(source, &itags, limits, visit)? {
                    return Ok(());
                }
            } else {
                key.clear();
                let (_, nulls) = self.build(source, &itags, None, &mut key)?;
                match self.judge(nulls)? {
                    Entry::Dropped => return Ok(()),
                    Entry::Wanted => visit(&key)?,
                    Entry::Last => return visit(&key),
                }
            }
            if !self.next_combination(&counts, &mut itags) {
                return Ok(());
            }
        }
    }

    /// The keys of all entries of the record, sorted, each once.
    ///
    /// # Errors
    /// As [`Self::visit`]; more than `entries_max` of them: `JET_errTooManyKeys`.
    pub fn keys(&self, source: &impl KeySource, entries_max: usize) -> FormatResult<Vec<Vec<u8>>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        self.visit(source, &mut |key| {
            if keys.len() >= entries_max {
                let max = entries_max as u64;
                let problem = Problem::OutOfRange { found: max.saturating_add(1), min: 0, max };
                return Err(refused("index entries of a record", problem, JetError::TOO_MANY_KEYS));
            }
            keys.push(key.to_vec());
            Ok(())
        })?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// For each segment the number of values that take part, 1 for columns that stay at their first.
    fn counts(&self, source: &impl KeySource) -> FormatResult<Vec<usize>> {
        let together = self.flags.intersects(IndexFlags::CROSS_PRODUCT | IndexFlags::NESTED_TABLE);
        let mut seen = false;
        let count = |(column, _): &(Cow<'a, ColumnDefinition>, SegmentOrder)| {
            let varies = column.flags.contains(ColumnFlags::MULTI_VALUED) && (together || !seen);
            seen |= column.flags.contains(ColumnFlags::MULTI_VALUED);
            if varies { source.count(column).map(|count| count.max(1)) } else { Ok(1) }
        };
        self.segments.iter().map(count).collect()
    }

    /// Moves to the next combination of values, `false` after the last.
    fn next_combination(&self, counts: &[usize], itags: &mut [usize]) -> bool {
        if self.flags.contains(IndexFlags::NESTED_TABLE) {
            let longest = counts.iter().copied().max().unwrap_or(1);
            let multi_valued = |(column, _): &(Cow<'a, ColumnDefinition>, SegmentOrder)| {
                column.flags.contains(ColumnFlags::MULTI_VALUED)
            };
            let varying = itags.iter_mut().zip(&self.segments).filter(|(_, segment)| multi_valued(segment));
            let mut more = false;
            for (itag, _) in varying {
                *itag += 1;
                more = *itag <= longest;
            }
            return more;
        }
        for (itag, count) in itags.iter_mut().zip(counts).rev() {
            if *itag < *count {
                *itag += 1;
                return true;
            }
            *itag = 1;
        }
        false
    }

    /// Appends the key for these values, the first ones where no itag is given, and says whether segments are NULL.
    /// `first` stands in for the value of the first segment.
    fn build(
        &self,
        source: &impl KeySource,
        itags: &[usize],
        first: Option<&[u8]>,
        key: &mut Vec<u8>,
    ) -> FormatResult<(KeyEnd, Nulls)> {
        let mut end = KeyEnd::Whole;
        let mut nulls = Nulls::default();
        let mut value = Vec::new();
        for (index, (column, order)) in self.segments.iter().enumerate() {
            let itag = itags.get(index).unwrap_or(&1);
            let substitute = first.filter(|_| index == 0);
            let in_place = match substitute {
                Some(bytes) => Some(bytes),
                None => source.in_place(column, *itag)?.map(|bytes| {
                    let bytes_max = self.source_bytes_max(column);
                    bytes.get(..bytes_max).unwrap_or(bytes)
                }),
            };
            let value = match in_place {
                Some(bytes) => Some(bytes),
                None => {
                    let present = self.read_enough(source, column, *itag, &mut value)?;
                    (present == Presence::Value).then_some(value.as_slice())
                }
            };
            nulls.note(index, if value.is_some() { Presence::Value } else { Presence::Null });
            if end == KeyEnd::Truncated {
                continue;
            }
            let column = match substitute {
                Some(_) => SegmentColumn::of_substrings(column),
                None => SegmentColumn::of(column),
            };
            end = normalize(key, value, column, *order, self.sizes, self.text_keys())?;
        }
        if end == KeyEnd::Truncated && self.flags.contains(IndexFlags::NO_TRUNCATION) {
            return Err(refused("key", Problem::Invalid("does not fit"), JetError::KEY_TRUNCATED));
        }
        Ok((end, nulls))
    }

    /// Reads as much of a value as its key takes. Text may have any number of characters without weight before those that
    /// count.
    fn read_enough(
        &self,
        source: &impl KeySource,
        column: &ColumnDefinition,
        itag: usize,
        value: &mut Vec<u8>,
    ) -> FormatResult<Presence> {
        const GROWTH: usize = 16;
        let mut bytes_max = self.source_bytes_max(column);
        loop {
            value.clear();
            let present = source.read(column, itag, bytes_max, value)?;
            let is_all = present == Presence::Null || value.len() < bytes_max;
            if is_all || !column.is_unicode_text() || self.sizes.key_most == super::KEY_MOST_DEFAULT {
                return Ok(present);
            }
            let mut whole = Vec::new();
            let room = usize::from(self.sizes.key_most);
            if text::made(&self.index_text, value, room, &mut whole)?.search() == KeyEnd::Truncated {
                return Ok(present);
            }
            bytes_max = bytes_max.saturating_mul(GROWTH);
        }
    }

    /// As many bytes of a column as can matter to a key. Characters without weight take room in the text and none in the
    /// key, so UTF-16 gets a generous bound.
    fn source_bytes_max(&self, column: &ColumnDefinition) -> usize {
        const UNICODE_BYTES_PER_KEY_BYTE: usize = 64;
        let key_most = usize::from(self.sizes.key_most);
        if column.location.class() == ColumnClass::Fixed {
            usize::MAX
        } else if column.is_unicode_text() {
            key_most.saturating_mul(UNICODE_BYTES_PER_KEY_BYTE)
        } else {
            key_most.max(usize::from(super::KEY_MOST_DEFAULT))
        }
    }

    fn judge(&self, nulls: Nulls) -> FormatResult<Entry> {
        if !nulls.some {
            return Ok(Entry::Wanted);
        }
        if self.flags.contains(IndexFlags::NO_NULL_SEGMENT) {
            return Err(refused(
                "key",
                Problem::Invalid("has a NULL segment"),
                JetError::NULL_KEY_DISALLOWED,
            ));
        }
        let all = !nulls.some_values;
        let needed = match (all, nulls.first) {
            (true, _) => IndexFlags::ALLOW_ALL_NULLS,
            (false, true) => IndexFlags::ALLOW_FIRST_NULL,
            (false, _) => IndexFlags::ALLOW_SOME_NULLS,
        };
        Ok(match (self.flags.contains(needed), all) {
            (false, _) => Entry::Dropped,
            (true, true) => Entry::Last,
            (true, false) => Entry::Wanted,
        })
    }

    /// The entries of the substrings of one value of the first column; `false` if the enumeration is to end.
    fn visit_tuples(
        &self,
        source: &impl KeySource,
        itags: &[usize],
        limits: &TupleLimits,
        visit: &mut dyn FnMut(&[u8]) -> FormatResult<()>,
    ) -> FormatResult<bool> {
        let (Some((column, _)), Some(itag)) = (self.segments.first(), itags.first()) else {
            return Ok(false);
        };
        let unit = column.code_page.character_bytes();
        let bytes = |characters: u32| usize::try_from(characters).unwrap_or(usize::MAX).saturating_mul(unit);
        let (start, increment) = (bytes(limits.start()), bytes(limits.increment()));
        let (shortest, longest) = (bytes(limits.length_min), bytes(limits.length_max));
        let tuples = usize::try_from(limits.tuples_max).unwrap_or(usize::MAX);
        let reach = increment.saturating_mul(tuples).saturating_add(start).saturating_add(longest);
        let mut value = Vec::new();
        if source.read(column, *itag, reach, &mut value)? == Presence::Null {
            return Ok(false);
        }
        let mut key = Vec::new();
        for tuple in 0..tuples {
            let from = start.saturating_add(increment.saturating_mul(tuple));
            let Some(rest) = value.get(from..).filter(|rest| rest.len() >= shortest) else { break };
            let substring = rest.get(..longest).unwrap_or(rest);
            key.clear();
            let (_, nulls) = self.build(source, itags, Some(substring), &mut key)?;
            match self.judge(nulls)? {
                Entry::Dropped => return Ok(false),
                Entry::Wanted | Entry::Last => visit(&key)?,
            }
        }
        Ok(true)
    }
}

/// The key size that the engine uses for a primary index: the largest key its columns can give, where that is less than
/// what the catalog row says (spec 04 §2.1, 03 §9.3).
#[must_use]
pub fn primary_key_bytes_max(index: &IndexRow, layout: &TableLayout) -> u16 {
    let sizes = KeySizes::of(index.key_most, index.var_seg_mac);
    let mut sum = 0u32;
    for segment in &index.segments {
        let of_template = segment.flags.contains(SegmentFlags::TEMPLATE_COLUMN);
        let Some(column) = layout.key_column(segment.fid, of_template) else { return sizes.key_most };
        let whole = match (column.column_type.fixed_size(), column.location.class()) {
            (Some(size), _) => Some(1 + u32::from(size)),
            (None, ColumnClass::Fixed) if column.column_type.is_binary() => {
                let whole = column.bytes_max.saturating_add(1);
                Some(sizes.var_seg_mac.map_or(whole, |most| whole.min(u32::from(most))))
            }
            _ => sizes.var_seg_mac.map(u32::from),
        };
        let Some(whole) = whole else { return sizes.key_most };
        sum = sum.saturating_add(whole);
    }
    u16::try_from(sum).map_or(sizes.key_most, |sum| sum.min(sizes.key_most))
}
