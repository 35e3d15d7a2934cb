//! Search keys as an application makes them, column by column (spec 04 §7.7).

use std::sync::LazyLock;

use super::segment::{SegmentColumn, SegmentForm, SegmentOrder, normalize};
use super::text::{TextKey, TextKeys};
use super::{KeyEnd, KeySizes, binary, refused};
use crate::error::{FormatResult, JetError, Problem};
use crate::sort_key::IndexText;

const FILL: u8 = 0xFF;

/// What the last column of a search key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnLimit {
    /// The start of all keys that begin with the columns so far (`JET_bitFullColumnStartLimit`).
    FullStart,
    /// Their end (`JET_bitFullColumnEndLimit`).
    FullEnd,
    /// The start of all keys whose last column begins like this one (`JET_bitPartialColumnStartLimit`).
    PartialStart,
    /// Their end (`JET_bitPartialColumnEndLimit`).
    PartialEnd,
    /// As [`Self::PartialEnd`] for text, without meaning for other types (`JET_bitSubStrLimit`).
    SubString,
    /// The end of all keys that begin with the columns so far, or of a Binary column that begins like this one
    /// (`JET_bitStrLimit`).
    String,
}

/// A search key being made.
pub struct SearchKey<'a> {
    key: Vec<u8>,
    sizes: KeySizes,
    text: &'a dyn TextKey,
    /// The index's way with text, where it is not [`IndexText::default`].
    index: Option<Box<IndexText>>,
    end: KeyEnd,
    is_made: bool,
}

/// The way with text of an index that has none.
static NO_TEXT: LazyLock<IndexText> = LazyLock::new(IndexText::default);

/// The columns so far and the limit, if any, as the last segment leaves them.
struct LastSegment {
    start: usize,
    form: SegmentForm,
    descending: bool,
    /// The bytes of the value where the segment holds all of it: partial limits of others are full ones.
    value_bytes: Option<usize>,
}

impl<'a> SearchKey<'a> {
    /// An empty key for an index with these sizes.
    #[must_use]
    pub fn new(sizes: KeySizes, text: &'a dyn TextKey) -> Self {
        Self { key: Vec::new(), sizes, text, index: None, end: KeyEnd::Whole, is_made: false }
    }

    /// Begins another key, in an index with these sizes.
    pub fn begin(&mut self, sizes: KeySizes) {
        self.key.clear();
        self.index = None;
        self.sizes = sizes;
        self.end = KeyEnd::Whole;
        self.is_made = false;
    }

    /// Says how the index goes about text. Asked for before the first UTF-16 column only: others do without.
    pub fn set_text(&mut self, index: IndexText) {
        self.index = Some(Box::new(index));
    }

    /// Most bytes of a search key.
    fn bytes_max(&self) -> usize {
        usize::from(self.sizes.key_most) + 1
    }

    /// Adds the value of the next column, `None` for NULL; a limit ends the key.
    ///
    /// # Errors
    /// A key that was already ended: `JET_errKeyIsMade`; a partial limit on a type that has none: `JET_errInvalidGrbit`;
    /// what [`normalize`] returns.
    pub fn push(
        &mut self,
        value: Option<&[u8]>,
        column: SegmentColumn,
        order: SegmentOrder,
        limit: Option<ColumnLimit>,
    ) -> FormatResult<()> {
        self.push_kept(value, column, order, limit, self.text)
    }

    /// As [`Self::push`]; `keeper` decides about sort keys.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_kept(
        &mut self,
        value: Option<&[u8]>,
        column: SegmentColumn,
        order: SegmentOrder,
        limit: Option<ColumnLimit>,
        keeper: &dyn TextKey,
    ) -> FormatResult<()> {
        if self.is_made {
            return Err(refused("search key", Problem::Invalid("is already made"), JetError::KEY_IS_MADE));
        }
        let form = column.form();
        let has_parts = matches!(form, SegmentForm::Binary | SegmentForm::Western | SegmentForm::Unicode);
        if !has_parts && matches!(limit, Some(ColumnLimit::PartialStart | ColumnLimit::PartialEnd)) {
            let problem = Problem::Invalid("asks for a part of a column that has none");
            return Err(refused("search key", problem, JetError::INVALID_GRBIT));
        }
        let start = self.key.len();
        if self.end == KeyEnd::Whole {
            let text = TextKeys { index: self.index.as_deref().unwrap_or_else(|| &NO_TEXT), keeper };
            self.end = normalize(&mut self.key, value, column, order, self.sizes, text)?;
        }
        let source_max = self.sizes.source_bytes_max(column.code_page.character_bytes());
        let value_bytes = value.map(|bytes| bytes.len().min(source_max));
        let value_bytes = value_bytes.filter(|bytes| *bytes > 0 && self.end == KeyEnd::Whole);
        if let Some(limit) = limit {
            self.apply(limit, &LastSegment { start, form, descending: order.descending, value_bytes });
            self.is_made = true;
        }
        Ok(())
    }

    /// Takes bytes that are already normalised as the whole key (`JET_bitNormalizedKey`), as far as they fit.
    pub fn set_normalized(&mut self, bytes: &[u8]) {
        self.key.clear();
        let max = self.bytes_max();
        self.key.extend(bytes.iter().take(max));
        self.is_made = true;
    }

    /// The key so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.key
    }

    fn apply(&mut self, limit: ColumnLimit, last: &LastSegment) {
        let is_binary = last.form == SegmentForm::Binary;
        match limit {
            ColumnLimit::FullStart => {}
            ColumnLimit::FullEnd => self.fill(),
            ColumnLimit::PartialStart => {
                if let Some(cut) = self.part_end(last) {
                    self.key.truncate(cut);
                }
            }
            ColumnLimit::String if !is_binary => self.fill(),
            ColumnLimit::PartialEnd | ColumnLimit::String if is_binary => match self.part_end(last) {
                Some(cut) => self.key.iter_mut().skip(cut).for_each(|byte| *byte = FILL),
                None => self.fill(),
            },
            ColumnLimit::SubString if !matches!(last.form, SegmentForm::Western | SegmentForm::Unicode) => {}
            ColumnLimit::PartialEnd | ColumnLimit::SubString | ColumnLimit::String => {
                if let Some(cut) = self.part_end(last) {
                    self.key.truncate(cut);
                }
                self.fill();
            }
        }
    }

    fn fill(&mut self) {
        self.key.resize(self.bytes_max().max(self.key.len()), FILL);
    }

    /// Where in the key the part ends that the beginning of a column has in common with longer values.
    fn part_end(&self, last: &LastSegment) -> Option<usize> {
        let value_bytes = last.value_bytes?;
        let first = last.start + 1;
        let delimiter = |byte: u8| if last.descending { !byte } else { byte };
        let after_prefix = self.key.get(first..)?;
        let length = match last.form {
            SegmentForm::Binary => {
                Some(binary::real_bytes(value_bytes)).filter(|end| *end <= after_prefix.len())
            }
            SegmentForm::Western => after_prefix.iter().rposition(|byte| *byte == delimiter(0x00)),
            SegmentForm::Unicode => after_prefix.iter().position(|byte| *byte == delimiter(0x01)),
            SegmentForm::Number | SegmentForm::FixedBinary => None,
        };
        length.map(|length| first + length)
    }
}
