//! The search key of a cursor: JetMakeKey and JetRetrieveKey (spec 09 §7.1, §7.7).

use std::borrow::Cow;
use std::fmt;

use ese_format::catalog::IndexDefinition;
use ese_format::column_type::{CodePage, ColumnType};
use ese_format::error::JetError;
use ese_format::key::{
    ColumnLimit, ComparedText, KeySizes, PREFIX_VALUE, SearchKey, SearchedText, SegmentColumn, SegmentOrder,
    TextPurpose, VerifiedText,
};
use ese_format::record::{ColumnDefinition, ColumnFlags, ColumnLocation};
use ese_format::sort_key::IndexText;

use crate::error::{Error, Result};
use crate::table::{Cursor, MakeKeyGrbit, RetrieveGrbit};
use crate::transaction::Session;

use super::refused;

const LIMITS: MakeKeyGrbit = MakeKeyGrbit::FULL_COLUMN_START_LIMIT
    .union(MakeKeyGrbit::FULL_COLUMN_END_LIMIT)
    .union(MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT)
    .union(MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT);

/// Who keeps sort keys of UTF-16 text that are searched with.
static SEARCHED_TEXT: SearchedText = SearchedText;

/// Who keeps sort keys that are compared with others, and never stored.
pub(super) static COMPARED_TEXT: ComparedText = ComparedText;

/// A part of a key: its column, how it compares, its value.
type KeyPart<'c, 'd> = (&'c ColumnDefinition, SegmentOrder, Option<Cow<'d, [u8]>>);

/// The key being made, or the last one used.
#[derive(Default)]
pub(super) struct SearchState {
    key: Option<SearchKey<'static>>,
    parts: usize,
    is_complete: bool,
    is_usable: bool,
}

impl fmt::Debug for SearchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchState")
            .field("key", &self.key.as_ref().map(SearchKey::as_bytes))
            .field("parts", &self.parts)
            .field("is_complete", &self.is_complete)
            .field("is_usable", &self.is_usable)
            .finish()
    }
}

impl SearchState {
    /// The key, for a call that uses it up.
    pub(super) fn usable_key(&self) -> Result<&[u8]> {
        match self.key.as_ref().filter(|_| self.is_usable) {
            Some(key) => Ok(key.as_bytes()),
            None => refused(JetError::KEY_NOT_MADE, "there is no search key"),
        }
    }

    /// The key cannot be sought any more; it can still be looked at.
    pub(super) fn use_up(&mut self) {
        self.is_usable = false;
        self.is_complete = false;
        self.parts = 0;
    }

    /// There is no key.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn last_key(&self) -> Result<&[u8]> {
        match &self.key {
            Some(key) => Ok(key.as_bytes()),
            None => refused(JetError::KEY_NOT_MADE, "there was no search key"),
        }
    }
}

impl Cursor {
    /// Adds the value of the next column of the current index to the search key; no data is NULL.
    ///
    /// # Errors
    /// `JET_errNoCurrentIndex`, `JET_errKeyIsMade`, `JET_errKeyNotMade`, `JET_errInvalidBufferSize`,
    /// `JET_errInvalidGrbit`, `JET_errInvalidParameter`, `JET_errIndexTuplesKeyTooSmall`, and
    /// `JET_errUnicodeNormalizationNotSupported` for text that an index of another Windows does not show,
    /// `JET_errSecondaryIndexCorrupted` and `JET_errPrimaryIndexCorrupted` for an index whose keys are not ours.
    pub fn make_key(&mut self, session: &mut Session, data: &[u8], grbit: MakeKeyGrbit) -> Result<()> {
        self.refresh_schema(session)?;
        if grbit.contains(MakeKeyGrbit::NORMALIZED_KEY) {
            return self.take_normalized_key(data);
        }
        let mut search = std::mem::take(&mut self.search);
        let added = self.add_part(session, &mut search, data, grbit);
        self.search = search;
        added
    }

    fn add_part(
        &self,
        session: &Session,
        search: &mut SearchState,
        data: &[u8],
        grbit: MakeKeyGrbit,
    ) -> Result<()> {
        let Some(index) = self.current_index() else {
            return refused(JetError::NO_CURRENT_INDEX, "the table has no primary index");
        };
        if grbit.contains(MakeKeyGrbit::NEW_KEY) {
            search.is_usable = false;
            search.is_complete = false;
            search.parts = 0;
        } else if search.is_complete && search.is_usable {
            return refused(JetError::KEY_IS_MADE, "the search key has its end");
        } else if !search.is_usable {
            return refused(JetError::KEY_NOT_MADE, "no search key was begun");
        }
        if search.parts >= index.row.segments.len() {
            return refused(JetError::KEY_IS_MADE, "the search key has all its columns");
        }
        let begun = search.is_usable;
        let added = self.push_part(session, search, index, data, grbit);
        if added.is_err() && !begun {
            // A part that was refused takes a key with it that it would have begun.
            search.forget();
        }
        added
    }

    fn push_part(
        &self,
        session: &Session,
        search: &mut SearchState,
        index: &IndexDefinition,
        data: &[u8],
        grbit: MakeKeyGrbit,
    ) -> Result<()> {
        if !search.is_usable {
            let sizes = KeySizes::of(index.row.key_most, index.row.var_seg_mac);
            let key = search.key.get_or_insert_with(|| SearchKey::new(sizes, &SEARCHED_TEXT));
            key.begin(sizes);
            self.add_placeholder(search, index, grbit)?;
        }
        let (column, order, value) = self.key_part(search.parts, index, data, grbit)?;
        let limit = limit_of(grbit, column.column_type)?;
        let witnesses = if column.is_unicode_text() { self.table.witnesses(session, index)? } else { None };
        let Some(key) = &mut search.key else { return Ok(()) };
        if column.is_unicode_text() {
            key.set_text(IndexText::of_row(&index.row));
        }
        let is_substring = search.parts == 0 && index.row.tuple_limits.is_some();
        let column =
            if is_substring { SegmentColumn::of_substrings(column) } else { SegmentColumn::of(column) };
        let pushed = match &witnesses {
            None => key.push(value.as_deref(), column, order, limit),
            Some(witnesses) => {
                let keeper = VerifiedText { witnesses, purpose: TextPurpose::Search };
                key.push_kept(value.as_deref(), column, order, limit, &keeper)
            }
        };
        pushed.map_err(|error| self.table.map().file().format_error(error))?;
        search.parts += 1;
        search.is_usable = true;
        search.is_complete = limit.is_some();
        Ok(())
    }

    fn take_normalized_key(&mut self, data: &[u8]) -> Result<()> {
        let sizes = self.current_index().map_or(KeySizes::of(None, None), |index| {
            KeySizes::of(index.row.key_most, index.row.var_seg_mac)
        });
        if data.len() > usize::from(sizes.key_most) + 1 {
            return refused(JetError::INVALID_PARAMETER, "the key is longer than keys of the index");
        }
        let mut key = SearchKey::new(sizes, &SEARCHED_TEXT);
        key.set_normalized(data);
        self.search = SearchState { key: Some(key), parts: 0, is_complete: true, is_usable: true };
        Ok(())
    }

    /// A primary index that lost its first column has a placeholder in its place (spec 04 §7.6).
    fn add_placeholder(
        &self,
        search: &mut SearchState,
        index: &IndexDefinition,
        grbit: MakeKeyGrbit,
    ) -> Result<()> {
        let overridden = grbit.contains(MakeKeyGrbit::KEY_OVERRIDE_PRIMARY_INDEX_PLACEHOLDER);
        let (column, order) = self.segment(index, 0)?;
        if overridden || !column.flags.contains(ColumnFlags::PRIMARY_INDEX_PLACEHOLDER) {
            return Ok(());
        }
        if let Some(key) = &mut search.key {
            let placed = key.push(Some(&[0]), SegmentColumn::of(column), order, None);
            placed.map_err(|error| self.table.map().file().format_error(error))?;
        }
        search.parts = 1;
        Ok(())
    }

    /// Column and order of a segment of an index.
    pub(super) fn segment(
        &self,
        index: &IndexDefinition,
        place: usize,
    ) -> Result<(&ColumnDefinition, SegmentOrder)> {
        match self.table.segment_of(index, place) {
            Some(segment) => Ok(segment),
            None => refused(JetError::KEY_IS_MADE, "the index has no further column"),
        }
    }

    /// What the next part of the key is made of.
    fn key_part<'d>(
        &self,
        place: usize,
        index: &IndexDefinition,
        data: &'d [u8],
        grbit: MakeKeyGrbit,
    ) -> Result<KeyPart<'_, 'd>> {
        let (column, order) = self.segment(index, place)?;
        let fixed = column.column_type.fixed_size().or(match column.location {
            ColumnLocation::Fixed { size, .. } => Some(size),
            _ => None,
        });
        let tuple_limits = index.row.tuple_limits.as_ref().filter(|_| place == 0);
        let mut value = Cow::Borrowed(key_data(data, column));
        // A substring has no fixed size.
        if let Some(size) = fixed.filter(|_| tuple_limits.is_none()).map(usize::from) {
            if value.is_empty() && grbit.contains(MakeKeyGrbit::KEY_DATA_ZERO_LENGTH) {
                return refused(JetError::INVALID_BUFFER_SIZE, "a fixed column has no value without bytes");
            }
            if column.column_type == ColumnType::Text && !value.is_empty() && value.len() < size {
                pad_text(value.to_mut(), size, column.code_page);
            }
            if !value.is_empty() && value.len() != size {
                return refused(JetError::INVALID_BUFFER_SIZE, "the value has not the size of the column");
            }
        }
        if let Some(limits) = tuple_limits {
            let unit = column.code_page.character_bytes();
            let bytes = |characters: u32| (characters as usize).saturating_mul(unit);
            if value.len() < bytes(limits.length_min) {
                let about = "the key is shorter than the tuples of the index";
                return refused(JetError::INDEX_TUPLES_KEY_TOO_SMALL, about);
            }
            value = Cow::Borrowed(data.get(..bytes(limits.length_max)).unwrap_or(data));
        }
        let is_null = value.is_empty() && !grbit.contains(MakeKeyGrbit::KEY_DATA_ZERO_LENGTH);
        Ok((column, order, (!is_null).then_some(value)))
    }

    /// The key of the current entry, or with [`RetrieveGrbit::COPY`] the search key, used up or not.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, `JET_errRecordDeleted`, `JET_errKeyNotMade`.
    pub fn retrieve_key(&mut self, session: &mut Session, grbit: RetrieveGrbit) -> Result<Vec<u8>> {
        if grbit.contains(RetrieveGrbit::COPY) {
            return self.search.last_key().map(<[u8]>::to_vec);
        }
        self.with_sight(session, |cursor, session| {
            cursor.on_entry(session)?;
            cursor
                .entry_key()?
                .ok_or_else(|| Error::refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry"))
        })
    }
}

/// As much of a caller's value as a key can show: keys end before, and a length that lies reads little of what is not the
/// caller's. Only UTF-16 text may have any number of units without weight before those that count; its key is made unit by
/// unit, and no further than there is room.
fn key_data<'d>(data: &'d [u8], column: &ColumnDefinition) -> &'d [u8] {
    const KEY_DATA_BYTES_MAX: usize = 8192;
    if column.is_unicode_text() { data } else { data.get(..KEY_DATA_BYTES_MAX).unwrap_or(data) }
}

/// Pads text to the size of a fixed column.
pub(super) fn pad_text(value: &mut Vec<u8>, size: usize, code_page: CodePage) {
    while value.len() < size {
        let odd = value.len() % 2 == 1;
        value.push(if code_page == CodePage::UNICODE && odd { 0 } else { b' ' });
    }
}

/// The limit the options ask for.
fn limit_of(grbit: MakeKeyGrbit, column_type: ColumnType) -> Result<Option<ColumnLimit>> {
    let limits = grbit.intersection(LIMITS);
    if limits.bits().count_ones() > 1 {
        return refused(JetError::INVALID_GRBIT, "a key has one limit");
    }
    let limit = if limits == MakeKeyGrbit::FULL_COLUMN_START_LIMIT {
        Some(ColumnLimit::FullStart)
    } else if limits == MakeKeyGrbit::FULL_COLUMN_END_LIMIT {
        Some(ColumnLimit::FullEnd)
    } else if limits == MakeKeyGrbit::PARTIAL_COLUMN_START_LIMIT {
        Some(ColumnLimit::PartialStart)
    } else if limits == MakeKeyGrbit::PARTIAL_COLUMN_END_LIMIT {
        Some(ColumnLimit::PartialEnd)
    } else if grbit.contains(MakeKeyGrbit::SUB_STR_LIMIT) && column_type.is_text() {
        Some(ColumnLimit::SubString)
    } else if grbit.contains(MakeKeyGrbit::STR_LIMIT) {
        Some(ColumnLimit::String)
    } else {
        None
    };
    Ok(limit)
}

// The placeholder's segment is that of a Bit column with the value 0.
const _: () = assert!(PREFIX_VALUE == 0x7F);
